//! Owns the reading of a PSBT, of version 0 (BIP174) or 2 (BIP370), into what the device looks at,
//! and its writing with signatures.
//!
//! Refuses a field twice, a version 0 with fields of version 2 and the other way round, anything
//! after the last map, and more inputs or outputs than anybody could check. Fields that are not
//! looked at are given back as they came, and nothing that is decided here depends on them.

mod key_map;
mod origin;
mod transaction;

use alloc::vec::Vec;

use bitcoin::consensus::deserialize;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{ScriptBuf, Transaction, TxOut, XOnlyPublicKey};

pub use key_map::MalformedPsbt;
pub(crate) use origin::Origin;

use key_map::{KeyMap, put};

use crate::limits::REQUEST_BYTES;

/// What the device looks at of a PSBT, and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Psbt {
    bytes: Vec<u8>,
    pub(crate) transaction: Transaction,
    pub(crate) inputs: Vec<Input>,
    /// The origins of keys that each output names.
    pub(crate) outputs: Vec<Vec<Origin>>,
}

/// What the device looks at of an input.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// The transaction that made the coin.
    pub(crate) previous: Option<Transaction>,
    /// The coin, as the host says.
    pub(crate) claimed: Option<TxOut>,
    pub(crate) sighash_type: Option<u32>,
    pub(crate) redeem_script: Option<ScriptBuf>,
    pub(crate) witness_script: Option<ScriptBuf>,
    pub(crate) origins: Vec<Origin>,
}

/// A field that signing adds to an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Psbt {
    /// Reads a PSBT.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, MalformedPsbt> {
        if bytes.len() > REQUEST_BYTES {
            return Err(MalformedPsbt::TooLarge);
        }
        let maps = Maps::split(bytes)?;
        let transaction = maps.transaction()?;
        let inputs = maps.inputs.iter().map(input).collect::<Result<_, _>>()?;
        let outputs = maps.outputs.iter().map(|map| origin::all(map, OUTPUT_ORIGINS));
        let outputs = outputs.collect::<Result<_, _>>()?;
        Ok(Self { bytes: bytes.to_vec(), transaction, inputs, outputs })
    }

    /// The bytes that came, for [`with_fields`].
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A PSBT's bytes with fields added to its inputs, in place of those with the same key.
pub(crate) fn with_fields(bytes: &[u8], added: &[Vec<Added>]) -> Result<Vec<u8>, MalformedPsbt> {
    let maps = Maps::split(bytes)?;
    let mut written = Vec::with_capacity(bytes.len() + added.len() * USUAL_ADDITION);
    written.extend_from_slice(MAGIC);
    let none = Vec::new();
    let inputs = maps.inputs.iter().zip(added);
    let all = [(&maps.global, &none)].into_iter().chain(inputs);
    for (map, added) in all.chain(maps.outputs.iter().map(|map| (map, &none))) {
        let stays = |key: &[u8]| added.iter().all(|field| field.key != key);
        for (key, value) in map.pairs().filter(|(key, _)| stays(key)) {
            put(&mut written, key, value);
        }
        for field in added {
            put(&mut written, &field.key, &field.value);
        }
        written.push(0);
    }
    Ok(written)
}

impl Added {
    /// A signature for the key of an input before taproot.
    pub(crate) fn partial(key: &PublicKey, signature: Vec<u8>) -> Self {
        Self { key: [&[PARTIAL_SIGNATURE][..], &key.serialize()].concat(), value: signature }
    }

    /// A signature for a taproot output's own key.
    pub(crate) fn key_path(signature: Vec<u8>) -> Self {
        Self { key: [TAP_KEY_SIGNATURE].to_vec(), value: signature }
    }

    /// A signature for a key of a leaf.
    pub(crate) fn leaf(
        key: &XOnlyPublicKey,
        leaf: &bitcoin::TapLeafHash,
        signature: Vec<u8>,
    ) -> Self {
        let leaf: &[u8] = leaf.as_ref();
        let key = [&[TAP_SCRIPT_SIGNATURE][..], &key.serialize(), leaf].concat();
        Self { key, value: signature }
    }
}

/// The maps of a PSBT, of which there are as many as its transaction has inputs and outputs.
struct Maps<'a> {
    global: KeyMap<'a>,
    inputs: Vec<KeyMap<'a>>,
    outputs: Vec<KeyMap<'a>>,
}

impl<'a> Maps<'a> {
    fn split(bytes: &'a [u8]) -> Result<Self, MalformedPsbt> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(MalformedPsbt::NotAPsbt)?;
        let global = KeyMap::take(&mut rest)?;
        let (inputs, outputs) = transaction::counts(&global)?;
        let inputs = take_all(&mut rest, inputs)?;
        let outputs = take_all(&mut rest, outputs)?;
        if !rest.is_empty() {
            return Err(MalformedPsbt::Trailing);
        }
        Ok(Self { global, inputs, outputs })
    }

    fn transaction(&self) -> Result<Transaction, MalformedPsbt> {
        transaction::of(&self.global, &self.inputs, &self.outputs)
    }
}

fn take_all<'a>(rest: &mut &'a [u8], count: usize) -> Result<Vec<KeyMap<'a>>, MalformedPsbt> {
    (0..count).map(|_| KeyMap::take(rest)).collect()
}

fn input(map: &KeyMap<'_>) -> Result<Input, MalformedPsbt> {
    let script = |field| map.value(field).map(|bytes| ScriptBuf::from_bytes(bytes.to_vec()));
    Ok(Input {
        previous: decoded(map, PREVIOUS)?,
        claimed: decoded(map, CLAIMED)?,
        sighash_type: map.number(SIGHASH_TYPE)?.map(u32::from_le_bytes),
        redeem_script: script(REDEEM_SCRIPT),
        witness_script: script(WITNESS_SCRIPT),
        origins: origin::all(map, INPUT_ORIGINS)?,
    })
}

fn decoded<T: bitcoin::consensus::Decodable>(
    map: &KeyMap<'_>,
    field: u8,
) -> Result<Option<T>, MalformedPsbt> {
    let value = map.value(field).map(deserialize);
    value.transpose().map_err(|_| MalformedPsbt::Field(field))
}

/// What every PSBT begins with.
const MAGIC: &[u8] = b"psbt\xff";

const PREVIOUS: u8 = 0x00;
const CLAIMED: u8 = 0x01;
const PARTIAL_SIGNATURE: u8 = 0x02;
const SIGHASH_TYPE: u8 = 0x03;
const REDEEM_SCRIPT: u8 = 0x04;
const WITNESS_SCRIPT: u8 = 0x05;
const TAP_KEY_SIGNATURE: u8 = 0x13;
const TAP_SCRIPT_SIGNATURE: u8 = 0x14;

/// Where origins of keys stand in inputs: before taproot, and for taproot (BIP371).
const INPUT_ORIGINS: [u8; 2] = [0x06, 0x16];
/// Where they stand in outputs.
const OUTPUT_ORIGINS: [u8; 2] = [0x02, 0x07];

/// Bytes that one signature with its key adds, about.
const USUAL_ADDITION: usize = 110;

#[cfg(test)]
pub(crate) mod tests;
