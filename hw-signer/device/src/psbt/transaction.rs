//! Owns the unsigned transaction of a PSBT of either version.
//!
//! Refuses one that is signed already, has no inputs or outputs, or lacks what it must have.

use alloc::vec::Vec;

use bitcoin::absolute::{Height, LockTime, Time};
use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness};

use super::key_map::{KeyMap, MalformedPsbt, take_size};
use crate::limits::TRANSACTION_PARTS;

/// How many inputs and outputs there are.
pub(super) fn counts(global: &KeyMap<'_>) -> Result<(usize, usize), MalformedPsbt> {
    let (inputs, outputs) = match version(global)? {
        0 => {
            let transaction = unsigned(global)?;
            (transaction.input.len(), transaction.output.len())
        }
        2 => (count(global, INPUT_COUNT)?, count(global, OUTPUT_COUNT)?),
        version => return Err(MalformedPsbt::Version(version)),
    };
    if inputs == 0 || outputs == 0 {
        return Err(MalformedPsbt::Transaction);
    }
    if inputs > TRANSACTION_PARTS || outputs > TRANSACTION_PARTS {
        return Err(MalformedPsbt::TooManyParts);
    }
    Ok((inputs, outputs))
}

/// The transaction, of maps that are as many as [`counts`] says.
pub(super) fn of(
    global: &KeyMap<'_>,
    inputs: &[KeyMap<'_>],
    outputs: &[KeyMap<'_>],
) -> Result<Transaction, MalformedPsbt> {
    if version(global)? == 0 {
        global.forbid(&GLOBAL_V2)?;
        inputs.iter().try_for_each(|map| map.forbid(&INPUT_V2))?;
        outputs.iter().try_for_each(|map| map.forbid(&OUTPUT_V2))?;
        return unsigned(global);
    }
    global.forbid(&[UNSIGNED])?;
    let fallback = global.number(FALLBACK_LOCK_TIME)?.map_or(0, u32::from_le_bytes);
    Ok(Transaction {
        version: Version(i32::from_le_bytes(required(global, TRANSACTION_VERSION)?)),
        lock_time: lock_time(inputs, fallback)?,
        input: inputs.iter().map(input).collect::<Result<_, _>>()?,
        output: outputs.iter().map(output).collect::<Result<_, _>>()?,
    })
}

fn unsigned(global: &KeyMap<'_>) -> Result<Transaction, MalformedPsbt> {
    let bytes = global.value(UNSIGNED).ok_or(MalformedPsbt::Missing(UNSIGNED))?;
    let transaction: Transaction =
        deserialize(bytes).map_err(|_| MalformedPsbt::Field(UNSIGNED))?;
    let signed = |input: &TxIn| !input.script_sig.is_empty() || !input.witness.is_empty();
    if transaction.input.iter().any(signed) {
        return Err(MalformedPsbt::Transaction);
    }
    Ok(transaction)
}

fn version(global: &KeyMap<'_>) -> Result<u32, MalformedPsbt> {
    Ok(global.number(VERSION)?.map_or(0, u32::from_le_bytes))
}

fn count(global: &KeyMap<'_>, field: u8) -> Result<usize, MalformedPsbt> {
    let mut value = global.value(field).ok_or(MalformedPsbt::Missing(field))?;
    let count = take_size(&mut value)?;
    if !value.is_empty() {
        return Err(MalformedPsbt::Field(field));
    }
    usize::try_from(count).map_err(|_| MalformedPsbt::TooManyParts)
}

fn input(map: &KeyMap<'_>) -> Result<TxIn, MalformedPsbt> {
    let txid: [u8; 32] = required(map, PREVIOUS_TXID)?;
    let vout = u32::from_le_bytes(required(map, OUTPUT_INDEX)?);
    let sequence = map.number(SEQUENCE)?.map_or(Sequence::MAX.0, u32::from_le_bytes);
    Ok(TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array(txid), vout),
        script_sig: ScriptBuf::new(),
        sequence: Sequence(sequence),
        witness: Witness::new(),
    })
}

fn output(map: &KeyMap<'_>) -> Result<TxOut, MalformedPsbt> {
    let script = map.value(SCRIPT).ok_or(MalformedPsbt::Missing(SCRIPT))?;
    Ok(TxOut {
        value: Amount::from_sat(u64::from_le_bytes(required(map, AMOUNT)?)),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    })
}

/// The lock time that every input can live with (BIP370, "Determining Lock Time"): a height if all
/// that require one take a height, else a time.
fn lock_time(inputs: &[KeyMap<'_>], fallback: u32) -> Result<LockTime, MalformedPsbt> {
    let mut required = Vec::new();
    for map in inputs {
        let height = map.number(REQUIRED_HEIGHT)?.map(u32::from_le_bytes);
        let time = map.number(REQUIRED_TIME)?.map(u32::from_le_bytes);
        let height = height.map(Height::from_consensus).transpose();
        let time = time.map(Time::from_consensus).transpose();
        let wrong = MalformedPsbt::LockTime;
        let (height, time) = (height.map_err(|_| wrong)?, time.map_err(|_| wrong)?);
        if height == Some(Height::ZERO) {
            return Err(wrong);
        }
        if height.is_some() || time.is_some() {
            required.push((height, time));
        }
    }
    if required.is_empty() {
        return Ok(LockTime::from_consensus(fallback));
    }
    let heights: Option<Vec<Height>> = required.iter().map(|(height, _)| *height).collect();
    let times: Option<Vec<Time>> = required.iter().map(|(_, time)| *time).collect();
    let height = heights.and_then(|all| all.into_iter().max()).map(LockTime::Blocks);
    let time = times.and_then(|all| all.into_iter().max()).map(LockTime::Seconds);
    height.or(time).ok_or(MalformedPsbt::LockTime)
}

fn required<const N: usize>(map: &KeyMap<'_>, field: u8) -> Result<[u8; N], MalformedPsbt> {
    map.number(field)?.ok_or(MalformedPsbt::Missing(field))
}

/// Fields that only version 2 has.
const GLOBAL_V2: [u8; 5] =
    [TRANSACTION_VERSION, FALLBACK_LOCK_TIME, INPUT_COUNT, OUTPUT_COUNT, MODIFIABLE];
const INPUT_V2: [u8; 5] = [PREVIOUS_TXID, OUTPUT_INDEX, SEQUENCE, REQUIRED_TIME, REQUIRED_HEIGHT];
const OUTPUT_V2: [u8; 2] = [AMOUNT, SCRIPT];

const UNSIGNED: u8 = 0x00;
const TRANSACTION_VERSION: u8 = 0x02;
const FALLBACK_LOCK_TIME: u8 = 0x03;
const INPUT_COUNT: u8 = 0x04;
const OUTPUT_COUNT: u8 = 0x05;
const MODIFIABLE: u8 = 0x06;
const VERSION: u8 = 0xfb;
const PREVIOUS_TXID: u8 = 0x0e;
const OUTPUT_INDEX: u8 = 0x0f;
const SEQUENCE: u8 = 0x10;
const REQUIRED_TIME: u8 = 0x11;
const REQUIRED_HEIGHT: u8 = 0x12;
const AMOUNT: u8 = 0x03;
const SCRIPT: u8 = 0x04;
