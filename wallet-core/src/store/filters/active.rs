//! Owns the writing of the newest segment: the filters that came and are not written yet, and the
//! end of the file when it is full.
//!
//! Refuses to copy a filter: it is written from where it was received.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Write as _};
use std::sync::Arc;

use crate::light_client::height::Height;
use crate::light_client::kept::KeptFilter;

use super::record::Head;
use super::segment::Segment;

/// The segment that is written on.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) number: u32,
    file: File,
    /// The length of what is written.
    start: u32,
    coming: Vec<Coming>,
    /// Bytes that those will take.
    unwritten: usize,
}

/// A record that is not written yet.
#[derive(Debug)]
struct Coming {
    height: Height,
    offset: u32,
    head: [u8; Head::LENGTH],
    filter: Arc<[u8]>,
}

impl Active {
    pub(super) const fn new(number: u32, file: File, start: u32) -> Self {
        Self { number, file, start, coming: Vec::new(), unwritten: 0 }
    }

    /// Where the next record goes.
    pub(super) fn end(&self) -> u32 {
        // A segment is full long before it reaches the end of the type.
        self.start.saturating_add(u32::try_from(self.unwritten).unwrap_or(u32::MAX))
    }

    /// Bytes that are not written yet.
    pub(super) const fn unwritten(&self) -> usize {
        self.unwritten
    }

    pub(super) fn push(&mut self, head: Head, filter: &KeptFilter) {
        self.coming.push(Coming {
            height: filter.id.block.height,
            offset: self.end(),
            head: head.to_bytes(),
            filter: Arc::clone(&filter.bytes),
        });
        self.unwritten += Head::LENGTH + filter.bytes.len();
    }

    /// Writes what came to the end of its segment. What was written in part is cut off.
    ///
    /// # Errors
    /// What the system said; then this is of no more use.
    pub(super) fn write(&mut self, segment: &mut Segment) -> io::Result<()> {
        let records = self.coming.iter();
        let mut slices: Vec<IoSlice<'_>> = records
            .flat_map(|coming| [IoSlice::new(&coming.head), IoSlice::new(&coming.filter)])
            .collect();
        if let Err(error) = write_all(&mut self.file, &mut slices) {
            let _ = self.file.set_len(segment.length.into());
            return Err(error);
        }
        segment.length = self.end();
        for Coming { height, offset, .. } in self.coming.drain(..) {
            segment.index.insert(height, offset);
        }
        self.start = segment.length;
        self.unwritten = 0;
        Ok(())
    }

    /// Brings a full segment of which all is written to the disk, its index last.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn finish(self, segment: &Segment) -> io::Result<()> {
        self.file.sync_data()?;
        forget_cached(&self.file);
        segment.write_index()
    }
}

/// Writes all of the slices, one behind the other.
fn write_all(file: &mut File, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        match file.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => IoSlice::advance_slices(&mut slices, count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Filters are written once and seldom read, and there may be gigabytes of them: the memory that
/// the system would keep them in is of more use to others, and to the next segment.
#[cfg(target_os = "linux")]
fn forget_cached(file: &File) {
    // Where it can't be done, nothing is lost.
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn forget_cached(_: &File) {}
