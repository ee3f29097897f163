//! Owns the index of a segment: at which offset a height's filters begin, in memory and, for a
//! segment that is full, in a file beside it.
//!
//! Refuses a file whose checksum or length does not fit: the segment is read instead.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use crate::light_client::height::Height;

/// Where the filters of a segment are, by height.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Index {
    /// In rising order; a height is there once for each of its filters.
    places: Vec<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    height: Height,
    /// Bytes from the start of the segment.
    offset: u32,
}

impl Index {
    pub(super) fn insert(&mut self, height: Height, offset: u32) {
        let place = Place { height, offset };
        let at = self.places.partition_point(|other| *other < place);
        self.places.insert(at, place);
    }

    pub(super) fn remove(&mut self, height: Height, offset: u32) {
        self.places.retain(|place| *place != Place { height, offset });
    }

    /// The offsets of the filters of the block at `height`, of every branch.
    pub(super) fn offsets(&self, height: Height) -> impl Iterator<Item = u32> + '_ {
        let from = self.places.partition_point(|place| place.height < height);
        let there = self.places[from..].iter().take_while(move |place| place.height == height);
        there.map(|place| place.offset)
    }

    /// The ranges of heights of which it has a filter.
    pub(super) fn runs(&self) -> impl Iterator<Item = RangeInclusive<Height>> + '_ {
        let runs = self.places.chunk_by(|a, b| b.height <= a.height.next());
        runs.filter_map(|run| Some(run.first()?.height..=run.last()?.height))
    }

    /// Bytes that its file takes.
    pub(super) fn bytes(&self) -> u64 {
        (MAGIC.len() + 8 + self.places.len() * PLACE_LENGTH) as u64
    }

    /// Whether it has a height in a range.
    pub(super) fn reaches(&self, range: &RangeInclusive<Height>) -> bool {
        let from = self.places.partition_point(|place| place.height < *range.start());
        self.places.get(from).is_some_and(|place| place.height <= *range.end())
    }

    pub(super) fn highest(&self) -> Option<Height> {
        self.places.last().map(|place| place.height)
    }

    /// Writes the index of a segment that is `length` bytes long; the file is there whole or not
    /// at all.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn write(&self, path: &Path, length: u32) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + self.places.len() * PLACE_LENGTH);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&length.to_le_bytes());
        for place in &self.places {
            bytes.extend_from_slice(&place.height.to_u32().to_le_bytes());
            bytes.extend_from_slice(&place.offset.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        let unfinished = path.with_extension("new");
        let mut file = File::create(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    }

    /// Reads the index of a segment that is `length` bytes long; `None` if there is none that fits.
    pub(super) fn read(path: &Path, length: u64) -> Option<Self> {
        let bytes = fs::read(path).ok()?;
        let (bytes, checksum) = bytes.split_last_chunk::<4>()?;
        if crc32c::crc32c(bytes) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let places = bytes.strip_prefix(&MAGIC)?;
        let (of, places) = places.split_first_chunk::<4>()?;
        let (places, []) = places.as_chunks::<PLACE_LENGTH>() else { return None };
        let places = places.iter().map(|place| {
            let (words, _) = place.as_chunks();
            let height = Height::new(u32::from_le_bytes(words[0]));
            Place { height, offset: u32::from_le_bytes(words[1]) }
        });
        let places: Vec<Place> = places.collect();
        (u64::from(u32::from_le_bytes(*of)) == length && places.is_sorted())
            .then_some(Self { places })
    }
}

/// Format 1.
const MAGIC: [u8; 8] = *b"bf-fidx\x01";
const PLACE_LENGTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_with_any_byte_changed_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.index");
        let mut index = Index::default();
        for (height, offset) in [(7, 16), (5, 400), (7, 900), (6, 1200)] {
            index.insert(Height::new(height), offset);
        }
        assert_eq!(index.offsets(Height::new(7)).collect::<Vec<_>>(), [16, 900]);
        assert_eq!(index.highest(), Some(Height::new(7)));
        index.write(&path, 2000).unwrap();
        assert_eq!(Index::read(&path, 2000), Some(index));
        assert_eq!(Index::read(&path, 2001), None);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 0x40;
            fs::write(&path, bent).unwrap();
            assert_eq!(Index::read(&path, 2000), None, "byte {at}");
            fs::write(&path, &bytes[..at]).unwrap();
            assert_eq!(Index::read(&path, 2000), None, "cut at {at}");
        }
    }
}
