//! Owns the two forms in which words are given out: a numbered grid and a file.
//!
//! Refuses to replace a file, and to leave one that others can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use billfold_wallet_core::seed::Words;
use zeroize::Zeroizing;

use crate::failure::{Failure, Kind};

/// The words with their numbers, read downwards.
#[must_use]
pub(crate) fn grid(words: &Words) -> Zeroizing<String> {
    let words: Vec<_> = words.iter().collect();
    let rows = words.len().div_ceil(COLUMNS);
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_BACKUP));
    text.push_str("These words are the wallet. Who has them has the money; without them it is\n");
    text.push_str("gone when this machine is. Write them down on paper, in this order:\n\n");
    for row in 0..rows {
        for column in 0..COLUMNS {
            let place = column * rows + row;
            let Some(word) = words.get(place) else { break };
            text.push_str(&Zeroizing::new(format!("  {:>2}. {word:<10}", place + 1)));
        }
        text.push('\n');
    }
    text
}

/// Writes the words to a new file for the user alone, and returns when its content and its name
/// are on disk.
///
/// # Errors
/// `file_exists`, `io`.
pub(crate) fn write(path: &Path, words: &Words) -> Result<(), Failure> {
    create(path, words).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return exists(path);
        }
        let path = path.display().to_string();
        Failure::new(Kind::Io, format!("the words can't be written to {path}: {error}"))
            .with("path", path)
    })
}

/// The file that words would be written to is there.
#[must_use]
pub(crate) fn exists(path: &Path) -> Failure {
    let path = path.display().to_string();
    Failure::new(Kind::FileExists, format!("{path} is there already: name a file that is not"))
        .with("path", path)
}

fn create(path: &Path, words: &Words) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut line = spaced(words);
    line.push('\n');
    file.write_all(line.as_bytes())?;
    file.sync_all()?;
    #[cfg(unix)]
    {
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

fn spaced(words: &Words) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_BACKUP));
    for (place, word) in words.iter().enumerate() {
        if place > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// Words to a line of the grid: four columns fit 80 characters.
const COLUMNS: usize = 4;

/// More than any backup's text takes, so that no copy is left behind by growing, in bytes.
const LONGEST_BACKUP: usize = 1_024;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn words() -> Words {
        Words::parse(
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
             abandon about",
        )
        .expect("BIP39's first test vector")
    }

    #[test]
    fn a_written_backup_can_be_read_back_by_the_user_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("words.txt");
        write(&path, &words()).expect("written");
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(*spaced(&Words::parse(&text).expect("words")), *spaced(&words()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = path.metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn an_existing_file_is_never_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("words.txt");
        fs::write(&path, "precious").expect("written");
        assert_eq!(write(&path, &words()).expect_err("it is there").kind(), Kind::FileExists);
        assert_eq!(fs::read_to_string(&path).expect("there"), "precious");
    }

    #[test]
    fn the_grid_numbers_every_word() {
        let grid = grid(&words());
        assert!(grid.contains("12. about"), "{}", *grid);
        assert_eq!(grid.matches("abandon").count(), 11);
        assert!(grid.lines().all(|line| line.chars().count() < 80));
    }

    #[test]
    fn no_number_of_words_loses_one() {
        for entropy in [16, 20, 24, 28, 32] {
            let words = bip39_words(entropy);
            let grid = grid(&words);
            let count = words.iter().count();
            for place in 1..=count {
                assert!(grid.contains(&format!("{place:>2}. ")), "{place} of {count}");
            }
        }
    }

    /// Words of this many bytes of entropy, all zero: `abandon` but for the last.
    fn bip39_words(entropy: usize) -> Words {
        let last = match entropy {
            16 => "about",
            20 => "address",
            24 => "agent",
            28 => "admit",
            _ => "art",
        };
        let count = entropy * 3 / 4;
        Words::parse(&format!("{}{last}", "abandon ".repeat(count - 1))).expect("zero entropy")
    }
}
