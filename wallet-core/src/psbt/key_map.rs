//! Owns the bytes of a PSBT as maps of keys and values (BIP174, "Specification"), whatever they
//! mean.
//!
//! Refuses what is cut off. Copies nothing, so that a hostile length costs no memory.

use bitcoin::consensus::Encodable;
use bitcoin::consensus::encode::VarInt;

/// One map: the pairs up to its separator, in the order in which they stand.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyMap<'a> {
    pairs: Vec<Pair<'a>>,
}

/// One pair of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    /// The type and what follows it.
    pub(super) key: &'a [u8],
    /// The value.
    pub(super) value: &'a [u8],
}

/// The bytes end too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CutOff;

impl<'a> KeyMap<'a> {
    /// Takes one map from the front of `bytes`.
    pub(super) fn take(bytes: &mut &'a [u8]) -> Result<Self, CutOff> {
        let mut pairs = Vec::new();
        loop {
            let key = take_sized(bytes)?;
            if key.is_empty() {
                return Ok(Self { pairs });
            }
            pairs.push(Pair { key, value: take_sized(bytes)? });
        }
    }

    /// The value under a type of one byte that has no key data.
    pub(super) fn value(&self, key_type: u8) -> Option<&'a [u8]> {
        self.pairs.iter().find(|pair| pair.key == [key_type]).map(|pair| pair.value)
    }

    /// The pairs.
    pub(super) fn pairs(&self) -> impl Iterator<Item = &Pair<'a>> {
        self.pairs.iter()
    }

    /// The first type that one of `types` forbids and that is there, with key data or without.
    pub(super) fn first_of(&self, types: &[u8]) -> Option<u8> {
        self.pairs.iter().map(|pair| pair.key[0]).find(|key_type| types.contains(key_type))
    }
}

/// Writes one pair.
pub(super) fn put(bytes: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    for part in [key, value] {
        put_size(bytes, part.len());
        bytes.extend_from_slice(part);
    }
}

/// Writes a length.
pub(super) fn put_size(bytes: &mut Vec<u8>, size: usize) {
    VarInt::from(size).consensus_encode(bytes).expect("a vector takes any bytes");
}

/// The number that `bytes` are, in the form of a length, whole.
pub(super) fn whole_size(mut bytes: &[u8]) -> Option<u64> {
    let size = take_size(&mut bytes).ok()?;
    bytes.is_empty().then_some(size)
}

fn take_sized<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], CutOff> {
    let size = take_size(bytes)?;
    let size = usize::try_from(size).map_err(|_| CutOff)?;
    let (taken, rest) = bytes.split_at_checked(size).ok_or(CutOff)?;
    *bytes = rest;
    Ok(taken)
}

fn take_size(bytes: &mut &[u8]) -> Result<u64, CutOff> {
    let (&first, rest) = bytes.split_first().ok_or(CutOff)?;
    let width = match first {
        0xfd => 2,
        0xfe => 4,
        0xff => 8,
        small => {
            *bytes = rest;
            return Ok(u64::from(small));
        }
    };
    let (number, rest) = rest.split_at_checked(width).ok_or(CutOff)?;
    *bytes = rest;
    let mut wide = [0; 8];
    wide[..width].copy_from_slice(number);
    Ok(u64::from_le_bytes(wide))
}
