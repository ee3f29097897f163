//! Owns the origins of keys that inputs and outputs name: a hint where to look, and never a proof.
//!
//! Refuses paths that are longer than any wallet's only by leaving them out: they may be of
//! somebody else's key.

use alloc::vec::Vec;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint};

use super::key_map::{KeyMap, MalformedPsbt, take_size};
use crate::limits::PATH_STEPS;

/// Where a key is said to come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The key: 33 bytes, or 32 for taproot.
    pub(crate) key: Vec<u8>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) path: DerivationPath,
}

/// The origins under these two types: before taproot and for taproot.
pub(super) fn all(map: &KeyMap<'_>, fields: [u8; 2]) -> Result<Vec<Origin>, MalformedPsbt> {
    let mut origins = Vec::new();
    for (key, value) in map.pairs() {
        let Some((field, key)) = key.split_first().filter(|(field, _)| fields.contains(field))
        else {
            continue;
        };
        let malformed = MalformedPsbt::Field(*field);
        let written = if *field == fields[1] { skip_leaves(value)? } else { value };
        let (fingerprint, numbers) = written.split_first_chunk::<4>().ok_or(malformed)?;
        if numbers.len() % 4 != 0 {
            return Err(malformed);
        }
        if numbers.len() / 4 > PATH_STEPS {
            continue;
        }
        let number = |bytes: &[u8]| {
            let mut number = [0; 4];
            number.copy_from_slice(bytes);
            ChildNumber::from(u32::from_le_bytes(number))
        };
        let path: Vec<_> = numbers.chunks_exact(4).map(number).collect();
        let fingerprint = Fingerprint::from(*fingerprint);
        origins.push(Origin { key: key.to_vec(), fingerprint, path: path.into() });
    }
    Ok(origins)
}

/// The leaves that a key is in (BIP371) are found anew.
fn skip_leaves(mut value: &[u8]) -> Result<&[u8], MalformedPsbt> {
    let leaves = usize::try_from(take_size(&mut value)?).map_err(|_| MalformedPsbt::CutOff)?;
    let size = leaves.checked_mul(32).ok_or(MalformedPsbt::CutOff)?;
    value.get(size..).ok_or(MalformedPsbt::CutOff)
}
