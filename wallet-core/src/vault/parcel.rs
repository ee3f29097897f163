//! Owns the bytes of a parcel, version 1: a secret content under a password, to be kept anywhere.
//!
//! Refuses bytes that are not a whole parcel. All integers are little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `bfbackup` |
//! | 8 | 2 | version, 1 |
//! | 10 | 4 | Argon2id memory in KiB |
//! | 14 | 4 | Argon2id passes |
//! | 18 | 32 | salt |
//! | 50 | 24 | nonce |
//! | 74 | n + 16 | the content, sealed |
//! | 90 + n | 4 | CRC32C of all bytes before |
//!
//! Argon2id (0x13, one lane) of the NFKD password makes 32 bytes, the key of XChaCha20-Poly1305.
//! What is authenticated with the content is every byte before the nonce. The checksum tells damage
//! from a wrong password, and nothing else. Every version begins with magic and version and ends
//! with this checksum. `docs/backup-format.md` is this for people.

use crc32c::crc32c;
use zeroize::Zeroizing;

use super::kdf::{KdfCost, OutOfMemory, SALT_BYTES, derive};
use super::password::Password;
use super::sealed::{self, OVERHEAD};
use crate::entropy::{self, EntropyError};
use crate::limits::PARCEL_BYTES;

/// A parcel, still closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
    sealed: Vec<u8>,
}

impl Parcel {
    /// Seals a content under a password, with a new salt.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn seal(content: &[u8], password: &Password, cost: KdfCost) -> Result<Self, SealError> {
        let mut salt = [0; SALT_BYTES];
        entropy::fill(&mut salt)?;
        let key = derive(password.as_bytes(), &salt, cost)?;
        let mut parcel = Self { cost, salt, sealed: Vec::new() };
        parcel.sealed = sealed::seal(&key, &parcel.head(), content)?;
        Ok(parcel)
    }

    /// The content, or `None` if the password is another one.
    ///
    /// # Errors
    /// If the memory for the derivation is not there.
    pub fn open(&self, password: &Password) -> Result<Option<Zeroizing<Vec<u8>>>, OutOfMemory> {
        let key = derive(password.as_bytes(), &self.salt, self.cost)?;
        Ok(sealed::unseal(&key, &self.head(), &self.sealed))
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = [&self.head()[..], &self.sealed].concat();
        bytes.extend(crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the bytes of a file; costs nothing, whatever they say.
    ///
    /// # Errors
    /// See [`ParseParcelError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseParcelError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(ParseParcelError::Foreign)?;
        let damaged = ParseParcelError::Damaged;
        let (body, checksum) = bytes.split_last_chunk::<4>().ok_or(damaged)?;
        let version = rest.first_chunk::<2>().ok_or(damaged)?;
        if crc32c(body) != u32::from_le_bytes(*checksum) {
            return Err(damaged);
        }
        match u16::from_le_bytes(*version) {
            VERSION => {}
            newer if newer > VERSION => return Err(ParseParcelError::Newer),
            _ => return Err(damaged),
        }
        let (head, sealed) = body.split_first_chunk::<HEAD_LEN>().ok_or(damaged)?;
        let number = |at| u32::from_le_bytes(field(head, at));
        let cost = KdfCost::within_bounds(number(MEMORY), number(PASSES)).ok_or(damaged)?;
        if !(OVERHEAD..=PARCEL_BYTES).contains(&sealed.len()) {
            return Err(damaged);
        }
        Ok(Self { cost, salt: field(head, SALT), sealed: sealed.to_vec() })
    }

    /// What opening costs.
    #[must_use]
    pub const fn cost(&self) -> KdfCost {
        self.cost
    }

    /// Everything before the nonce.
    fn head(&self) -> [u8; HEAD_LEN] {
        let mut head = [0; HEAD_LEN];
        head[..VERSION_AT].copy_from_slice(MAGIC);
        head[VERSION_AT..MEMORY].copy_from_slice(&VERSION.to_le_bytes());
        head[MEMORY..PASSES].copy_from_slice(&self.cost.memory_kib().to_le_bytes());
        head[PASSES..SALT].copy_from_slice(&self.cost.passes().to_le_bytes());
        head[SALT..].copy_from_slice(&self.salt);
        head
    }
}

/// Why nothing was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The memory that the password's derivation takes is not there.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Why bytes are not a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseParcelError {
    /// They never were one.
    Foreign,
    /// They are not whole, or ask for more than any parcel may.
    Damaged,
    /// A newer version wrote them.
    Newer,
}

fn field<const N: usize>(head: &[u8; HEAD_LEN], at: usize) -> [u8; N] {
    head[at..at + N].try_into().expect("the range has N bytes")
}

const MAGIC: &[u8; 8] = b"bfbackup";
const VERSION: u16 = 1;

const VERSION_AT: usize = MAGIC.len();
const MEMORY: usize = VERSION_AT + 2;
const PASSES: usize = MEMORY + 4;
const SALT: usize = PASSES + 4;
const HEAD_LEN: usize = SALT + SALT_BYTES;

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).expect("not empty")
    }

    fn parcel() -> Parcel {
        Parcel::seal(b"precious", &password("right"), KdfCost::for_tests()).expect("sealed")
    }

    /// Repairs the checksum, as someone with bad intent would.
    fn forged(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = bytes[..bytes.len() - 4].to_vec();
        change(&mut bytes);
        bytes.extend(crc32c(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn the_password_opens_what_was_sealed_and_no_other_does() {
        let bytes = parcel().to_bytes();
        let read = Parcel::parse(&bytes).expect("a parcel");
        assert_eq!(read, Parcel::parse(&read.to_bytes()).expect("the same"));
        let opened = read.open(&password("right")).expect("memory").expect("right");
        assert_eq!(*opened, b"precious");
        assert_eq!(read.open(&password("wrong")).expect("memory"), None);
        assert!(!bytes.windows(8).any(|window| window == b"precious"));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_damage() {
        let whole = parcel().to_bytes();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            let expected =
                if at < 8 { ParseParcelError::Foreign } else { ParseParcelError::Damaged };
            assert_eq!(Parcel::parse(&bytes), Err(expected), "byte {at}");
        }
        for len in 8..whole.len() {
            assert_eq!(Parcel::parse(&whole[..len]), Err(ParseParcelError::Damaged), "{len}");
        }
        assert_eq!(Parcel::parse(b""), Err(ParseParcelError::Foreign));
    }

    #[test]
    fn every_byte_is_authenticated_even_under_a_good_checksum() {
        let whole = parcel().to_bytes();
        for at in SALT..whole.len() - 4 {
            let bytes = forged(&whole, |bytes| bytes[at] ^= 1);
            let read = Parcel::parse(&bytes).expect("well-formed");
            assert_eq!(read.open(&password("right")).expect("memory"), None, "byte {at}");
        }
        let costlier = forged(&whole, |bytes| bytes[PASSES] += 1);
        let read = Parcel::parse(&costlier).expect("well-formed");
        assert_eq!(read.open(&password("right")).expect("memory"), None);
    }

    #[test]
    fn a_hostile_file_cannot_ask_for_the_machine_and_a_newer_one_is_named() {
        let whole = parcel().to_bytes();
        for (at, value) in [(MEMORY, u32::MAX), (MEMORY, 0), (PASSES, u32::MAX), (PASSES, 0)] {
            let bytes = forged(&whole, |bytes| {
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            });
            assert_eq!(Parcel::parse(&bytes), Err(ParseParcelError::Damaged));
        }
        let newer = forged(&whole, |bytes| {
            bytes[VERSION_AT] = 2;
            bytes.extend([7; 100]);
        });
        assert_eq!(Parcel::parse(&newer), Err(ParseParcelError::Newer));
    }
}
