//! Owns the bytes of a state file, version 1. All integers are little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | `bfsigner` |
//! | 8 | 2 | version, 1 |
//! | 10 | 4 | Argon2id memory in KiB |
//! | 14 | 4 | Argon2id passes |
//! | 18 | 32 | salt |
//! | 50 | 1 | tries of a PIN since the last right one |
//! | 51 | 24 + n + 16 | the state, sealed: nonce, ciphertext, authenticator |
//! | 91 + n | 4 | the first bytes of the SHA256 of all before |
//!
//! What is authenticated with the state is every byte before the tries. The checksum tells damage
//! from a wrong PIN, so that damage costs no try; it protects from nobody. Refuses a newer version:
//! an older program must not read half of what it finds, nor write over it.

use alloc::vec::Vec;

use bitcoin::hashes::{Hash as _, sha256};

use super::VaultError;
use super::kdf::{KdfCost, SALT_BYTES};
use crate::limits::STATE_BYTES;

/// A state file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Tries of a PIN since the last right one.
    pub(super) tries: u8,
    pub(super) lock: Lock,
    pub(super) sealed: Vec<u8>,
}

/// How the state is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) cost: KdfCost,
    pub(super) salt: [u8; SALT_BYTES],
}

impl Lock {
    /// Everything before the tries.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (memory_kib, passes) = self.cost.numbers();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&memory_kib.to_le_bytes());
        bytes.extend_from_slice(&passes.to_le_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes
    }
}

impl File {
    /// The bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.lock.to_bytes();
        bytes.push(self.tries);
        bytes.extend_from_slice(&self.sealed);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Reads the bytes; costs nothing, whatever they say.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, VaultError> {
        let damaged = VaultError::Damaged;
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(damaged)?;
        match u16::from_le_bytes(take(&mut rest).ok_or(damaged)?) {
            VERSION => {}
            newer if newer > VERSION => return Err(VaultError::Newer),
            _ => return Err(damaged),
        }
        let (body, found) = bytes.split_last_chunk().ok_or(damaged)?;
        if bytes.len() > STATE_BYTES || checksum(body) != *found {
            return Err(damaged);
        }
        rest = rest.get(..rest.len().saturating_sub(CHECKSUM_BYTES)).ok_or(damaged)?;
        let file = (|| {
            let memory_kib = u32::from_le_bytes(take(&mut rest)?);
            let passes = u32::from_le_bytes(take(&mut rest)?);
            let cost = KdfCost::within_bounds(memory_kib, passes)?;
            let salt = take(&mut rest)?;
            let [tries] = take(&mut rest)?;
            Some(Self { tries, lock: Lock { cost, salt }, sealed: rest.to_vec() })
        })();
        file.ok_or(damaged)
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = sha256::Hash::hash(bytes).to_byte_array();
    let mut checksum = [0; CHECKSUM_BYTES];
    checksum.copy_from_slice(&digest[..CHECKSUM_BYTES]);
    checksum
}

const MAGIC: &[u8] = b"bfsigner";
const VERSION: u16 = 1;
const CHECKSUM_BYTES: usize = 4;
