//! Owns one segment: a file of filters that only grows, the index of what is in it, its two paths.
//!
//! Refuses to change a byte that was written. What is damaged is taken out of the index, and what
//! a crash left at the end is cut off when the file is opened to be written on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::light_client::height::Height;

use super::index::Index;
use super::record::Head;

/// A segment on disk.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    path: PathBuf,
    /// Bytes that hold whole records.
    pub(super) length: u32,
    pub(super) index: Index,
}

/// What reading a segment found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) segment: Segment,
    /// Whether its index is there, so that it is full.
    pub(super) has_index: bool,
    /// Whether something in it was lost to more than a crash.
    pub(super) damaged: bool,
}

impl Segment {
    /// A new, empty segment.
    ///
    /// # Errors
    /// What the system said; no file is left then.
    pub(super) fn create(dir: &Path, number: u32) -> io::Result<Self> {
        let path = path(dir, number);
        let begun = File::create(&path).and_then(|mut file| file.write_all(&MAGIC));
        if let Err(error) = begun {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self { path, length: FIRST_OFFSET, index: Index::default() })
    }

    /// A segment that is there: by its index if it is full, else by reading it.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn open(dir: &Path, number: u32) -> io::Result<Found> {
        let path = path(dir, number);
        let on_disk = fs::metadata(&path)?.len();
        if let Some(index) = Index::read(&index_path(&path), on_disk)
            && let Ok(length) = u32::try_from(on_disk)
        {
            let segment = Self { path, length, index };
            return Ok(Found { segment, has_index: true, damaged: false });
        }
        // One that does not fit is of no more use, and must not look like damage again.
        let misfit = index_path(&path).exists();
        remove(&index_path(&path))?;
        let mut found = Self::read(path, on_disk)?;
        found.damaged |= misfit;
        Ok(found)
    }

    /// Reads every record of a segment.
    fn read(path: PathBuf, on_disk: u64) -> io::Result<Found> {
        let mut file = BufReader::with_capacity(READ_BYTES, File::open(&path)?);
        let mut segment = Self { path, length: FIRST_OFFSET, index: Index::default() };
        let mut magic = [0; MAGIC.len()];
        if read_whole(&mut file, &mut magic)?.is_none() || magic != MAGIC {
            segment.length = 0;
            return Ok(Found {
                segment,
                has_index: false,
                damaged: on_disk >= u64::from(FIRST_OFFSET),
            });
        }
        let mut damaged = false;
        loop {
            let mut head = [0; Head::LENGTH];
            if read_whole(&mut file, &mut head)?.is_none() {
                return Ok(Found { segment, has_index: false, damaged });
            }
            let Some(head) = Head::from_bytes(&head) else {
                return Ok(Found { segment, has_index: false, damaged: true });
            };
            let end = u64::from(segment.length) + u64::from(head.record_length());
            let Some(end) = u32::try_from(end).ok().filter(|end| u64::from(*end) <= on_disk) else {
                return Ok(Found { segment, has_index: false, damaged });
            };
            if head.read_filter(&mut file)?.is_some() {
                segment.index.insert(head.id.block.height, segment.length);
            } else {
                damaged = true;
            }
            segment.length = end;
        }
    }

    /// Opens the file to write behind its last whole record; what is there is cut off.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn writer(&self) -> io::Result<File> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        file.set_len(self.length.into())?;
        file.seek(SeekFrom::Start(self.length.into()))?;
        Ok(file)
    }

    /// The segment is full: its index goes beside it.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn write_index(&self) -> io::Result<()> {
        self.index.write(&index_path(&self.path), self.length)
    }

    /// Whether the file holds nothing of use, so that it can go.
    pub(super) const fn is_void(&self) -> bool {
        self.length < FIRST_OFFSET
    }

    /// Takes a damaged record out of the index, on disk too if the segment is full.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn forget(&mut self, height: Height, offset: u32, full: bool) -> io::Result<()> {
        self.index.remove(height, offset);
        if full { self.write_index() } else { Ok(()) }
    }

    /// Deletes the segment; the index first, since one without its segment means nothing.
    ///
    /// # Errors
    /// What the system said.
    pub(super) fn delete(&self) -> io::Result<()> {
        remove(&index_path(&self.path))?;
        remove(&self.path)
    }

    /// Bytes that its files take.
    pub(super) fn bytes(&self) -> u64 {
        u64::from(self.length) + self.index.bytes()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The numbers of the segments in a directory, the oldest first.
///
/// # Errors
/// What the system said.
pub(super) fn numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = PathBuf::from(entry?.file_name());
        if name.extension().is_some_and(|extension| extension == SEGMENT) {
            numbers.extend(name.file_stem().and_then(|stem| stem.to_str()?.parse::<u32>().ok()));
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Fills the buffer; `None` if the file ends first.
fn read_whole(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<Option<()>> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn path(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("{number:08}")).with_extension(SEGMENT)
}

fn index_path(segment: &Path) -> PathBuf {
    segment.with_extension("index")
}

const SEGMENT: &str = "segment";
/// Format 1.
const MAGIC: [u8; 8] = *b"bf-fseg\x01";
/// Where the first record begins.
const FIRST_OFFSET: u32 = 8;
const READ_BYTES: usize = 256 * 1024;
