//! Owns the form of one filter in a segment: a head that says what follows, then the filter.
//!
//! Refuses to return bytes whose checksum does not fit. Head and filter have a checksum each, so a
//! damaged filter does not hide the ones behind it.

use std::io::{self, Read};
use std::sync::Arc;

use bitcoin::hashes::Hash as _;
use bitcoin::{BlockHash, FilterHash};

use crate::light_client::height::{BlockId, Height};
use crate::light_client::kept::{FilterId, KeptFilter};
use crate::limits::KEPT_FILTER_BYTES;

/// What stands before a filter.
///
/// All numbers are little-endian: the filter's length and its checksum (CRC32C), height, block
/// hash, filter hash, and the checksum of what is before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: FilterId,
    /// How long the filter is, in bytes.
    pub(super) length: u32,
    checksum: u32,
}

impl Head {
    /// Bytes that a head takes.
    pub(super) const LENGTH: usize = 80;

    /// The head of a filter; `None` for one that is longer than any that a peer can send.
    pub(super) fn of(filter: &KeptFilter) -> Option<Self> {
        let length = u32::try_from(filter.bytes.len()).ok()?;
        (length <= KEPT_FILTER_BYTES).then(|| Self {
            id: filter.id,
            length,
            checksum: crc32c::crc32c(&filter.bytes),
        })
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..4].copy_from_slice(&self.length.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.id.block.height.to_u32().to_le_bytes());
        bytes[12..44].copy_from_slice(self.id.block.hash.as_byte_array());
        bytes[44..76].copy_from_slice(self.id.hash.as_byte_array());
        let checksum = crc32c::crc32c(&bytes[..76]);
        bytes[76..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// `None` if the bytes are no head.
    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let number = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let length = number(0);
        if crc32c::crc32c(&bytes[..76]) != number(76) || length > KEPT_FILTER_BYTES {
            return None;
        }
        let hash = |at: usize| {
            let mut hash = [0; 32];
            hash.copy_from_slice(&bytes[at..at + 32]);
            hash
        };
        let block = BlockId::new(Height::new(number(8)), BlockHash::from_byte_array(hash(12)));
        let id = FilterId { block, hash: FilterHash::from_byte_array(hash(44)) };
        Some(Self { id, length, checksum: number(4) })
    }

    /// Bytes that head and filter take.
    pub(super) fn record_length(self) -> u32 {
        // At most 80 more than the bound, which is far below the end of the type.
        u32::try_from(Self::LENGTH).unwrap_or(u32::MAX) + self.length
    }

    /// Reads the filter that follows the head; `None` if it is damaged.
    ///
    /// # Errors
    /// What the system said, the end of the file included.
    pub(super) fn read_filter(self, file: &mut impl Read) -> io::Result<Option<KeptFilter>> {
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, self.length as usize).collect();
        if let Some(bytes) = Arc::get_mut(&mut bytes) {
            file.read_exact(bytes)?;
        }
        let whole = crc32c::crc32c(&bytes) == self.checksum;
        Ok(whole.then_some(KeptFilter { id: self.id, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_with_any_bit_flipped_is_no_head() {
        let block = BlockId::new(Height::new(70_000), BlockHash::from_byte_array([3; 32]));
        let id = FilterId { block, hash: FilterHash::from_byte_array([5; 32]) };
        let filter = KeptFilter { id, bytes: b"a filter".as_slice().into() };
        let head = Head::of(&filter).unwrap();
        let bytes = head.to_bytes();
        assert_eq!(Head::from_bytes(&bytes), Some(head));
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes;
            bent[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Head::from_bytes(&bent), None, "bit {bit}");
        }
        assert_eq!(head.read_filter(&mut &b"a filter"[..]).unwrap(), Some(filter));
        assert_eq!(head.read_filter(&mut &b"a filtes"[..]).unwrap(), None);
        head.read_filter(&mut &b"a filt"[..]).unwrap_err();
    }
}
