//! Owns `filters/`: compact filters that were downloaded once, so that a later search needs no
//! network. Segments that only grow, each record with its checksums, under a budget.
//!
//! A cache of what the network has: nothing depends on it, so no commit waits for it and no
//! damage stops anything. A filter is named by its block and its hash, so a record that the chain
//! does not ask for does no harm, of whatever branch it is and whatever the chain file lost.
//! Refuses anything that is derived from a watch list: every filter that was scanned is kept,
//! whether it matched or not.

mod index;
mod record;
mod segment;
mod active;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::light_client::height::Height;
use crate::light_client::height_ranges::HeightRanges;
use crate::light_client::kept::{FilterId, KeptFilter};
use crate::limits::{FILTER_WRITE_BYTES, LEAST_SEGMENT_BYTES, MOST_SEGMENT_BYTES};

use active::Active;
use record::Head;
use segment::{Found, Segment};

/// The kept filters of one network, open for writing.
#[derive(Debug)]
pub struct FilterStore {
    dir: PathBuf,
    /// Bytes that all files together may take.
    budget: u64,
    segments: BTreeMap<u32, Segment>,
    /// The segment that is written on, always the newest.
    active: Option<Active>,
    /// The full one before it, on its way to the disk while the next is written.
    sealing: Option<JoinHandle<io::Result<()>>>,
}

/// A store as it was found.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: FilterStore,
    /// The heights of which it has a filter.
    pub kept: HeightRanges,
    /// Files of which a part was lost.
    pub damaged: Vec<PathBuf>,
}

/// Where a filter may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    id: FilterId,
    path: Arc<Path>,
    segment: u32,
    offset: u32,
}

/// What reading found.
#[derive(Debug, Default)]
pub struct Reading {
    /// The filters, checked.
    pub filters: Vec<KeptFilter>,
    /// What was damaged.
    pub damaged: Vec<Place>,
}

impl FilterStore {
    /// Opens the store in `dir`, or makes an empty one. At most `budget` bytes stay.
    ///
    /// # Errors
    /// What the system said.
    pub fn open(dir: &Path, budget: u64) -> io::Result<Opened> {
        fs::create_dir_all(dir)?;
        let mut store = Self {
            dir: dir.to_owned(),
            budget,
            segments: BTreeMap::new(),
            active: None,
            sealing: None,
        };
        let mut damaged = Vec::new();
        let numbers = segment::numbers(dir)?;
        for number in &numbers {
            let found = Segment::open(dir, *number)?;
            if found.damaged {
                damaged.push(found.segment.path().to_owned());
            }
            store.take_in(*number, found, numbers.last() == Some(number))?;
        }
        while store.bytes() > budget && store.drop_lowest()? {}
        let mut kept = HeightRanges::default();
        for run in store.segments.values().flat_map(|segment| segment.index.runs()) {
            kept.insert(run);
        }
        Ok(Opened { store, kept, damaged })
    }

    /// Deletes every kept filter, if there is any.
    ///
    /// # Errors
    /// What the system said.
    pub fn clear(dir: &Path) -> io::Result<()> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The directory of its files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Adds filters. When the budget is used up, those of the lowest blocks go, and a filter that
    /// is lower than all the others is not taken: later searches need the newest most often, and a
    /// scan from below can't push out what it will come to.
    ///
    /// # Errors
    /// What the system said. What was kept before is still there; keep nothing more.
    pub fn keep(&mut self, filters: &[KeptFilter]) -> io::Result<()> {
        for filter in filters {
            let Some(head) = Head::of(filter) else { continue };
            if !self.make_room(filter.id.block.height, head.record_length())? {
                continue;
            }
            let segment_length = self.segment_length();
            let active = self.active()?;
            active.push(head, filter);
            let full = active.end() >= segment_length;
            if full || active.unwritten() >= FILTER_WRITE_BYTES {
                self.flush()?;
            }
            if full {
                self.seal()?;
            }
        }
        self.flush()
    }

    /// Where the filters with these names may be.
    #[must_use]
    pub fn places(&self, filters: &[FilterId]) -> Vec<Place> {
        let heights = || filters.iter().map(|id| id.block.height);
        let (Some(first), Some(last)) = (heights().min(), heights().max()) else {
            return Vec::new();
        };
        let mut places = Vec::with_capacity(filters.len());
        for (number, segment) in &self.segments {
            if !segment.index.reaches(&(first..=last)) {
                continue;
            }
            let path: Arc<Path> = segment.path().into();
            for id in filters {
                for offset in segment.index.offsets(id.block.height) {
                    let path = Arc::clone(&path);
                    places.push(Place { id: *id, path, segment: *number, offset });
                }
            }
        }
        places
    }

    /// Forgets what turned out to be damaged, so that it is not looked for again. Returns the
    /// files that it was in.
    ///
    /// # Errors
    /// What the system said.
    pub fn forget(&mut self, damaged: &[Place]) -> io::Result<Vec<PathBuf>> {
        self.until_sealed()?;
        let mut files = Vec::new();
        for place in damaged {
            let full = self.active.as_ref().is_none_or(|active| active.number != place.segment);
            let Some(segment) = self.segments.get_mut(&place.segment) else { continue };
            if !files.iter().any(|file| *file == segment.path()) {
                files.push(segment.path().to_owned());
            }
            segment.forget(place.id.block.height, place.offset, full)?;
        }
        Ok(files)
    }

    /// Takes in a segment that was found. The newest is written on, unless it is full.
    fn take_in(&mut self, number: u32, found: Found, newest: bool) -> io::Result<()> {
        let Found { segment, has_index, .. } = found;
        if segment.is_void() {
            return segment.delete();
        }
        if newest && !has_index {
            let file = segment.writer()?;
            self.active = Some(Active::new(number, file, segment.length));
        } else if !has_index {
            // Cut to whole records, which is the length that the index stands for.
            segment.writer()?;
            segment.write_index()?;
        }
        self.segments.insert(number, segment);
        Ok(())
    }

    /// The segment to write on.
    fn active(&mut self) -> io::Result<&mut Active> {
        let active = if let Some(active) = self.active.take() {
            active
        } else {
            let number = self.segments.last_key_value().map_or(1, |(last, _)| last + 1);
            let segment = Segment::create(&self.dir, number)?;
            let active = Active::new(number, segment.writer()?, segment.length);
            self.segments.insert(number, segment);
            active
        };
        Ok(self.active.insert(active))
    }

    /// Writes what came. What was written in part is cut off.
    fn flush(&mut self) -> io::Result<()> {
        let Some(active) = &mut self.active else { return Ok(()) };
        let Some(segment) = self.segments.get_mut(&active.number) else { return Ok(()) };
        let written = active.write(segment);
        if written.is_err() {
            self.active = None;
        }
        written
    }

    /// The active segment is full. It is brought to the disk aside; nobody waits for that but the
    /// next one that is full.
    fn seal(&mut self) -> io::Result<()> {
        self.until_sealed()?;
        let Some(active) = self.active.take() else { return Ok(()) };
        let Some(segment) = self.segments.get(&active.number).cloned() else { return Ok(()) };
        let sealing = thread::Builder::new()
            .name("billfold-seal".to_owned())
            .spawn(move || active.finish(&segment))?;
        self.sealing = Some(sealing);
        Ok(())
    }

    /// Waits until no segment is on its way to the disk.
    fn until_sealed(&mut self) -> io::Result<()> {
        let Some(sealing) = self.sealing.take() else { return Ok(()) };
        // What a panic there left undone is done when the store is opened again.
        sealing.join().unwrap_or(Ok(()))
    }

    /// Makes room for a record of a block; whether there is some.
    fn make_room(&mut self, height: Height, length: u32) -> io::Result<bool> {
        let needed = u64::from(length) + INDEX_BYTES;
        if self.bytes() + needed > self.budget {
            self.flush()?;
        }
        while self.bytes() + needed > self.budget {
            let lowest = self.lowest().and_then(|number| self.segments.get(&number));
            let above = lowest.and_then(|segment| segment.index.highest());
            if above.is_some_and(|above| height <= above) || !self.drop_lowest()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Deletes the segment whose blocks are the lowest; whether there was one.
    fn drop_lowest(&mut self) -> io::Result<bool> {
        self.flush()?;
        let Some(number) = self.lowest() else { return Ok(false) };
        self.until_sealed()?;
        self.active.take_if(|active| active.number == number);
        let Some(segment) = self.segments.remove(&number) else { return Ok(false) };
        segment.delete().map(|()| true)
    }

    /// The segment whose highest block is the lowest.
    fn lowest(&self) -> Option<u32> {
        let by_height = |(_, segment): &(&u32, &Segment)| segment.index.highest();
        self.segments.iter().min_by_key(by_height).map(|(number, _)| *number)
    }

    /// Bytes that the files take, with what is not written yet.
    fn bytes(&self) -> u64 {
        let written: u64 = self.segments.values().map(Segment::bytes).sum();
        let coming = self.active.as_ref().map_or(0, Active::unwritten);
        written + coming as u64
    }

    /// The length at which a segment is full: small enough that dropping one gives up a small part.
    fn segment_length(&self) -> u32 {
        let part = u32::try_from(self.budget / 8).unwrap_or(u32::MAX);
        part.clamp(LEAST_SEGMENT_BYTES, MOST_SEGMENT_BYTES)
    }
}

impl Drop for FilterStore {
    fn drop(&mut self) {
        if let Err(error) = self.until_sealed() {
            tracing::warn!(%error, "the last filters may have to be fetched again");
        }
    }
}

/// Reads filters; on any thread. What is not there any more, or is of another branch or version, is
/// left out.
#[must_use]
pub fn read(places: &[Place]) -> Reading {
    let mut reading = Reading::default();
    let mut open: Option<(u32, File)> = None;
    for place in places {
        if open.as_ref().is_none_or(|(segment, _)| *segment != place.segment) {
            open = File::open(&place.path).ok().map(|file| (place.segment, file));
        }
        let Some((_, file)) = &mut open else { continue };
        match read_one(file, place) {
            Ok(Record::Whole(filter)) => reading.filters.push(filter),
            Ok(Record::Another) => {}
            Ok(Record::Damaged) | Err(_) => reading.damaged.push(place.clone()),
        }
    }
    reading
}

/// Bytes that the index takes for a record.
const INDEX_BYTES: u64 = 8;

enum Record {
    Whole(KeptFilter),
    Another,
    Damaged,
}

fn read_one(file: &mut File, place: &Place) -> io::Result<Record> {
    file.seek(SeekFrom::Start(place.offset.into()))?;
    let mut head = [0; Head::LENGTH];
    file.read_exact(&mut head)?;
    let Some(head) = Head::from_bytes(&head) else { return Ok(Record::Damaged) };
    if head.id != place.id {
        return Ok(Record::Another);
    }
    Ok(head.read_filter(file)?.map_or(Record::Damaged, Record::Whole))
}

#[cfg(test)]
mod tests;
