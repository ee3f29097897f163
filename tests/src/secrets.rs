//! Owns what of a wallet nobody may find, in every form in which a program could have left it, and
//! the search for it: in the memory of a running process (Linux), and in files.
//!
//! Derives the keys with `bitcoin` and `bip39` words' own encodings, apart from the program's code.
//! Refuses to say more of what it found than its name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use billfold_wallet_core::seed::{Seed, Words};
use bitcoin::Network;
use bitcoin::bip32::{DerivationPath, Xpriv};
use bitcoin::key::{Keypair, Secp256k1, TapTweak};

/// Secrets with their names.
#[derive(Default)]
pub struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    /// What words without a passphrase make, on regtest.
    ///
    /// # Errors
    /// If they are no words.
    pub fn of(words: &str) -> Result<Self> {
        let list: Vec<&str> = words.split_whitespace().collect();
        let words = Words::parse(&list.join(" "))?;
        let seed = Seed::new(&words, "");
        let mut secrets = Self::default();
        for between in [" ", "\n", "\",\"", "\0"] {
            secrets = secrets.and(&format!("words with {between:?}"), list[..4].join(between));
        }
        let stored = seed.to_bytes();
        secrets = secrets.and("entropy", &stored[1 + SEED_BYTES..]);
        secrets = secrets.and("places of the words", places(&stored[1 + SEED_BYTES..]));
        for (half, bytes) in seed.bip39_seed().chunks(SEED_BYTES / 2).enumerate() {
            secrets = secrets.and(&format!("half {half} of the seed"), bytes);
        }
        let master = Xpriv::new_master(Network::Regtest, seed.bip39_seed())?;
        secrets = secrets.and_key("m", &master);
        for purpose in PURPOSES {
            for below in ["", "/1h", "/1h/0h", "/1h/0h/0", "/1h/0h/0/0", "/1h/0h/1", "/1h/0h/1/0"] {
                let path = format!("m/{purpose}h{below}");
                let derived =
                    master.derive_priv(&Secp256k1::new(), &path.parse::<DerivationPath>()?)?;
                secrets = secrets.and_key(&path, &derived);
            }
        }
        Ok(secrets)
    }

    /// With one more.
    #[must_use]
    pub fn and(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.0.push((name.to_owned(), bytes.as_ref().to_vec()));
        self
    }

    /// A private key in both orders of its bytes, as text, and with the tweak of taproot.
    fn and_key(self, path: &str, key: &Xpriv) -> Self {
        let secp = Secp256k1::new();
        let plain = key.private_key.secret_bytes();
        let pair = Keypair::from_secret_key(&secp, &key.private_key);
        let tweaked = pair.tap_tweak(&secp, None).to_keypair().secret_bytes();
        // Without the checksum, which may be written elsewhere.
        let text = key.to_string();
        let mut secrets = self.and(&format!("extended key of {path}"), &text[..text.len() - 8]);
        for (name, mut bytes) in [("key", plain), ("tweaked key", tweaked)] {
            secrets = secrets.and(&format!("{name} of {path}"), bytes);
            bytes.reverse();
            secrets = secrets.and(&format!("{name} of {path}, from its end"), bytes);
        }
        secrets.and(&format!("key of {path} for import"), key.to_priv().to_wif())
    }

    /// The names of those that stand in bytes.
    #[must_use]
    pub fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        let first = |secret: &[u8]| usize::from(u16::from_le_bytes([secret[0], secret[1]]));
        let mut begun_by = vec![Vec::new(); 1 << 16];
        for (name, secret) in &self.0 {
            begun_by[first(secret)].push((name, secret));
        }
        let mut found = BTreeSet::new();
        for at in 1..bytes.len() {
            for (name, secret) in &begun_by[first(&bytes[at - 1..])] {
                if bytes[at - 1..].starts_with(secret) {
                    found.insert((*name).clone());
                }
            }
        }
        found
    }

    /// The names of those that stand in a process's memory, with where; `None` where the system lets
    /// nobody look, as a program that keeps debuggers out lets only root.
    ///
    /// # Errors
    /// What the system said.
    pub fn found_in_process(&self, process: u32) -> Result<Option<BTreeSet<String>>> {
        let mut memory = match File::open(format!("/proc/{process}/mem")) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(None),
            opened => opened?,
        };
        let mut found = BTreeSet::new();
        for line in fs::read_to_string(format!("/proc/{process}/maps"))?.lines() {
            let Some((start, length)) = readable(line)? else { continue };
            let mut bytes = vec![0; length];
            memory.seek(SeekFrom::Start(start))?;
            // A region may be gone by now, and some of the system's can't be read.
            if memory.read_exact(&mut bytes).is_err() {
                continue;
            }
            let region = line.split_whitespace().nth(5).unwrap_or("no name");
            // Most of it was never written.
            for written in bytes.chunks(PAGE).collect::<Vec<_>>().split(|page| **page == ZEROS) {
                let names = self.found_in(&written.concat());
                found.extend(names.iter().map(|name| format!("{name} ({region})")));
            }
        }
        Ok(Some(found))
    }

    /// The names of those that stand in files of a folder, with the files.
    ///
    /// # Errors
    /// What the system said.
    pub fn found_below(&self, folder: &Path) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                found.append(&mut self.found_below(&path)?);
            } else if entry.file_type()?.is_file() {
                let names = self.found_in(&read(&path)?);
                found.extend(names.iter().map(|name| format!("{name} ({})", path.display())));
            }
        }
        Ok(found)
    }
}

/// A file of a program that runs; empty if the program just removed it, as the log of commits of what it closed.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(gone) if gone.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

/// Where a region of memory begins and how long it is, by its line of `maps`; `None` if it can't be
/// read or is a part of the program as it lies on disk.
fn readable(line: &str) -> Result<Option<(u64, usize)>> {
    let (range, rest) = line.split_once(' ').context("no range")?;
    let is_own = rest.starts_with("rw") || rest.starts_with("r--p 00000000 00:00 0");
    if !is_own || rest.contains("[vvar") {
        return Ok(None);
    }
    let (start, end) = range.split_once('-').context("no end")?;
    let (start, end) = (u64::from_str_radix(start, 16)?, u64::from_str_radix(end, 16)?);
    Ok(Some((start, usize::try_from(end - start)?)))
}

/// The places of twelve words in their list, 16 bits each, as libraries keep them.
fn places(entropy: &[u8]) -> Vec<u8> {
    let bit = |at: usize| u16::from(entropy[at / 8] >> (7 - at % 8) & 1);
    // The last word holds the checksum too.
    let whole = (0..entropy.len() * 8 / 11)
        .map(|word| (0..11).fold(0, |place, b| place << 1 | bit(word * 11 + b)));
    whole.flat_map(u16::to_le_bytes).collect()
}

const PAGE: usize = 4096;
const ZEROS: [u8; PAGE] = [0; PAGE];
const SEED_BYTES: usize = 64;
const PURPOSES: [u32; 4] = [44, 49, 84, 86];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector_wallet::WORDS;

    #[test]
    fn what_this_process_holds_is_found() {
        let secrets = Secrets::of(WORDS).unwrap();
        let found = secrets.found_in_process(std::process::id()).unwrap();
        // The needles themselves are here.
        assert!(found.is_none_or(|found| found.iter().any(|name| name.starts_with("key of m "))));
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secrets = Secrets::of(
            "legal winner thank year wave sausage worth useful legal winner \
                                   thank yellow",
        )
        .unwrap();
        let text = "x legal winner thank year wave";
        assert_eq!(secrets.found_in(text.as_bytes()).len(), 1);
        assert_eq!(secrets.found_in(&[0x7f; 16]), BTreeSet::from(["entropy".to_owned()]));
        // "legal" is word 1019 of the list, from 0, and "winner" 2015.
        let places = [1019_u16, 2015, 1790, 2039, 1983, 1533, 2031, 1919, 1019, 2015, 1790];
        let places: Vec<u8> = places.into_iter().flat_map(u16::to_le_bytes).collect();
        assert_eq!(secrets.found_in(&places), BTreeSet::from(["places of the words".to_owned()]));
    }
}
