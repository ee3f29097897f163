//! Owns the bytes of a header file, version 1.
//!
//! Refuses bytes that are not a whole header. All integers are little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `billfold` |
//! | 8 | 2 | version, 1 |
//! | 10 | 4 | Argon2id memory in KiB |
//! | 14 | 4 | Argon2id passes |
//! | 18 | 32 | salt |
//! | 50 | 24 + 48 | nonce and file key, sealed |
//! | 122 | 24 + 48 | nonce and seed key, sealed |
//! | 194 | 4 | CRC32C of all bytes before |
//!
//! Argon2id (0x13, one lane) of the NFKD password makes 64 bytes: the first 32 seal the file key,
//! the last 32 the seed key, each by XChaCha20-Poly1305. What is authenticated with a key is
//! every byte of the header before its nonce; opening unseals both, so no byte can be changed.
//! The checksum tells damage from a wrong password, and nothing else: it is no secret. Every
//! version begins with magic and version and ends with this checksum.

use std::fmt;

use crc32c::crc32c;
use zeroize::Zeroizing;

use super::VaultError;
use super::kdf::{KdfCost, OutOfMemory, SALT_BYTES, derive};
use super::password::Password;
use super::sealed::{self, OVERHEAD};
use crate::entropy;

/// A header: two keys under a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    cost: KdfCost,
    salt: [u8; SALT_BYTES],
    file_key: [u8; SEALED_KEY],
    seed_key: [u8; SEALED_KEY],
}

/// The two keys that a header holds: file key, seed key.
pub(super) type RawKeys = (RawKey, RawKey);

/// The bytes of a key, which stay where they are when it is moved.
pub(super) type RawKey = Box<Zeroizing<[u8; KEY_BYTES]>>;

impl Header {
    /// Seals both keys under a password with a new salt.
    pub(super) fn seal(
        (file_key, seed_key): &RawKeys,
        password: &Password,
        cost: KdfCost,
    ) -> Result<Self, VaultError> {
        let mut salt = [0; SALT_BYTES];
        entropy::fill(&mut salt)?;
        let wrapping = derive(password.as_bytes(), &salt, cost)?;
        let (file_wrap, seed_wrap) = halves(&wrapping);
        let mut header = Self { cost, salt, file_key: [0; SEALED_KEY], seed_key: [0; SEALED_KEY] };
        let sealed = sealed::seal(file_wrap, &header.to_bytes()[..FILE_KEY], &***file_key)?;
        header.file_key.copy_from_slice(&sealed);
        let sealed = sealed::seal(seed_wrap, &header.to_bytes()[..SEED_KEY], &***seed_key)?;
        header.seed_key.copy_from_slice(&sealed);
        Ok(header)
    }

    /// The keys, or `None` if the password is another one.
    pub(super) fn unseal(&self, password: &Password) -> Result<Option<RawKeys>, OutOfMemory> {
        let wrapping = derive(password.as_bytes(), &self.salt, self.cost)?;
        let (file_wrap, seed_wrap) = halves(&wrapping);
        let bytes = self.to_bytes();
        let file_key = unseal_key(file_wrap, &bytes[..FILE_KEY], &self.file_key);
        let seed_key = unseal_key(seed_wrap, &bytes[..SEED_KEY], &self.seed_key);
        Ok(file_key.zip(seed_key))
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..VERSION_AT].copy_from_slice(MAGIC);
        bytes[VERSION_AT..MEMORY].copy_from_slice(&VERSION.to_le_bytes());
        bytes[MEMORY..PASSES].copy_from_slice(&self.cost.memory_kib().to_le_bytes());
        bytes[PASSES..SALT].copy_from_slice(&self.cost.passes().to_le_bytes());
        bytes[SALT..FILE_KEY].copy_from_slice(&self.salt);
        bytes[FILE_KEY..SEED_KEY].copy_from_slice(&self.file_key);
        bytes[SEED_KEY..CHECKSUM].copy_from_slice(&self.seed_key);
        let checksum = crc32c(&bytes[..CHECKSUM]);
        bytes[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads the bytes of a file; costs nothing, whatever they say.
    ///
    /// # Errors
    /// See [`ParseHeaderError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseHeaderError> {
        let (body, checksum) = bytes.split_last_chunk::<4>().ok_or(ParseHeaderError::Damaged)?;
        let version = body.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<2>());
        let version = u16::from_le_bytes(*version.ok_or(ParseHeaderError::Damaged)?);
        if crc32c(body) != u32::from_le_bytes(*checksum) {
            return Err(ParseHeaderError::Damaged);
        }
        if version > VERSION {
            return Err(ParseHeaderError::Newer);
        }
        let bytes: &[u8; HEADER_LEN] = bytes.try_into().map_err(|_| ParseHeaderError::Damaged)?;
        if version != VERSION {
            return Err(ParseHeaderError::Damaged);
        }
        let cost = KdfCost::within_bounds(
            u32::from_le_bytes(field(bytes, MEMORY)),
            u32::from_le_bytes(field(bytes, PASSES)),
        );
        Ok(Self {
            cost: cost.ok_or(ParseHeaderError::Damaged)?,
            salt: field(bytes, SALT),
            file_key: field(bytes, FILE_KEY),
            seed_key: field(bytes, SEED_KEY),
        })
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// Why bytes are not a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseHeaderError {
    /// They are not whole, or ask for more than any header may.
    Damaged,
    /// A newer version wrote them.
    Newer,
}

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

const MAGIC: &[u8; 8] = b"billfold";
const VERSION: u16 = 1;
const SEALED_KEY: usize = KEY_BYTES + OVERHEAD;

const VERSION_AT: usize = MAGIC.len();
const MEMORY: usize = VERSION_AT + 2;
const PASSES: usize = MEMORY + 4;
const SALT: usize = PASSES + 4;
const FILE_KEY: usize = SALT + SALT_BYTES;
const SEED_KEY: usize = FILE_KEY + SEALED_KEY;
const CHECKSUM: usize = SEED_KEY + SEALED_KEY;
const HEADER_LEN: usize = CHECKSUM + 4;

fn halves(wrapping: &[u8; 64]) -> (&[u8; 32], &[u8; 32]) {
    let (file, seed) = wrapping.split_at(32);
    (file.try_into().expect("32 bytes"), seed.try_into().expect("32 bytes"))
}

fn unseal_key(wrapping: &[u8; 32], header: &[u8], sealed: &[u8]) -> Option<RawKey> {
    let plain = sealed::unseal(wrapping, header, sealed)?;
    let mut key = RawKey::default();
    key.copy_from_slice(&plain);
    Some(key)
}

fn field<const N: usize>(bytes: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the range has N bytes")
}
