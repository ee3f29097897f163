//! Owns version 2 of a PSBT (BIP370): what it may hold, and its conversion to version 0.
//!
//! Refuses a version 2 without the fields that it requires, a version 0 with fields that it
//! forbids, and lock times that no transaction can have at once. Fields that nobody here knows are
//! kept. The flags that say whether inputs or outputs may still be added are not: what is read is
//! looked at and signed as it stands.

use bitcoin::absolute::{Height, LockTime, Time};
use bitcoin::hashes::Hash;
use bitcoin::psbt::Psbt;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness};

use super::key_map::{CutOff, KeyMap, put, whole_size};
use super::malformed::{MAGIC, ParsePsbtError};

/// The bytes as a PSBT of version 0, whichever version they are.
pub(super) fn parse(bytes: &[u8]) -> Result<Psbt, ParsePsbtError> {
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(ParsePsbtError::NotAPsbt)?;
    let global = KeyMap::take(&mut rest)?;
    match version(&global)? {
        0 => parse_v0(bytes, &global, rest),
        2 => parse_v2(&global, rest),
        version => Err(ParsePsbtError::Version(version)),
    }
}

fn parse_v0(bytes: &[u8], global: &KeyMap<'_>, mut rest: &[u8]) -> Result<Psbt, ParsePsbtError> {
    forbid(global, &GLOBAL_V2)?;
    let psbt = Psbt::deserialize(bytes).map_err(|error| malformed(&error))?;
    for _ in &psbt.inputs {
        forbid(&KeyMap::take(&mut rest)?, &INPUT_V2)?;
    }
    for _ in &psbt.outputs {
        forbid(&KeyMap::take(&mut rest)?, &OUTPUT_V2)?;
    }
    if rest.is_empty() { Ok(psbt) } else { Err(ParsePsbtError::Trailing) }
}

fn parse_v2(global: &KeyMap<'_>, mut rest: &[u8]) -> Result<Psbt, ParsePsbtError> {
    forbid(global, &[UNSIGNED_TX])?;
    let transaction_version = i32::from_le_bytes(number(global, TX_VERSION)?);
    let inputs = maps(&mut rest, count(global, INPUT_COUNT)?)?;
    let outputs = maps(&mut rest, count(global, OUTPUT_COUNT)?)?;
    if !rest.is_empty() {
        return Err(ParsePsbtError::Trailing);
    }
    let fallback = optional(global, FALLBACK_LOCK_TIME)?.map(u32::from_le_bytes);
    let transaction = Transaction {
        version: Version(transaction_version),
        lock_time: lock_time(&inputs, fallback.unwrap_or(0))?,
        input: inputs.iter().map(input).collect::<Result<_, _>>()?,
        output: outputs.iter().map(output).collect::<Result<_, _>>()?,
    };
    let psbt = Psbt::from_unsigned_tx(transaction).map_err(|error| malformed(&error))?;
    let mut bytes = MAGIC.to_vec();
    put(&mut bytes, &[UNSIGNED_TX], &unsigned_bytes(&psbt)?);
    put_others(&mut bytes, global, &[&GLOBAL_V2[..], &[VERSION]].concat())?;
    for map in &inputs {
        put_others(&mut bytes, map, &INPUT_V2)?;
    }
    for map in &outputs {
        put_others(&mut bytes, map, &OUTPUT_V2)?;
    }
    Psbt::deserialize(&bytes).map_err(|error| malformed(&error))
}

/// The unsigned transaction as a PSBT writes it: never with a witness, whatever it lacks.
fn unsigned_bytes(psbt: &Psbt) -> Result<Vec<u8>, ParsePsbtError> {
    let bytes = psbt.serialize();
    let mut rest = bytes.strip_prefix(MAGIC).ok_or(ParsePsbtError::NotAPsbt)?;
    let global = KeyMap::take(&mut rest)?;
    global.value(UNSIGNED_TX).map(<[u8]>::to_vec).ok_or(ParsePsbtError::Missing(UNSIGNED_TX))
}

fn version(global: &KeyMap<'_>) -> Result<u32, ParsePsbtError> {
    Ok(optional(global, VERSION)?.map_or(0, u32::from_le_bytes))
}

/// Every map ends with a byte at the least, so a count that lies ends with the bytes.
fn maps<'a>(rest: &mut &'a [u8], count: u64) -> Result<Vec<KeyMap<'a>>, ParsePsbtError> {
    let mut maps = Vec::new();
    for _ in 0..count {
        maps.push(KeyMap::take(rest)?);
    }
    Ok(maps)
}

fn input(map: &KeyMap<'_>) -> Result<TxIn, ParsePsbtError> {
    let txid: [u8; 32] = number(map, PREVIOUS_TXID)?;
    let vout = u32::from_le_bytes(number(map, OUTPUT_INDEX)?);
    let sequence = optional(map, SEQUENCE)?.map_or(Sequence::MAX.0, u32::from_le_bytes);
    Ok(TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array(txid), vout),
        script_sig: ScriptBuf::new(),
        sequence: Sequence(sequence),
        witness: Witness::new(),
    })
}

fn output(map: &KeyMap<'_>) -> Result<TxOut, ParsePsbtError> {
    let amount = u64::from_le_bytes(number(map, AMOUNT)?);
    let script = map.value(SCRIPT).ok_or(ParsePsbtError::Missing(SCRIPT))?;
    Ok(TxOut {
        value: Amount::from_sat(amount),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    })
}

/// The lock time that every input can live with (BIP370, "Determining Lock Time"): a height if all
/// that require one take a height, else a time.
fn lock_time(inputs: &[KeyMap<'_>], fallback: u32) -> Result<LockTime, ParsePsbtError> {
    let mut required = Vec::new();
    for map in inputs {
        let height = optional(map, REQUIRED_HEIGHT)?.map(u32::from_le_bytes);
        let time = optional(map, REQUIRED_TIME)?.map(u32::from_le_bytes);
        let bad = ParsePsbtError::LockTime;
        let height = height.map(|height| match height {
            0 => Err(bad.clone()),
            height => Height::from_consensus(height).map_err(|_| bad.clone()),
        });
        let time = time.map(|time| Time::from_consensus(time).map_err(|_| bad.clone()));
        let (height, time) = (height.transpose()?, time.transpose()?);
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
    height.or(time).ok_or(ParsePsbtError::LockTime)
}

/// Writes what is not of these types. They have no key data: with it they are none of version 2, and
/// nothing that version 0 could keep.
fn put_others(
    bytes: &mut Vec<u8>,
    map: &KeyMap<'_>,
    left_out: &[u8],
) -> Result<(), ParsePsbtError> {
    for pair in map.pairs() {
        match pair.key {
            [key_type] if left_out.contains(key_type) => {}
            [key_type, ..] if left_out.contains(key_type) => {
                return Err(ParsePsbtError::Field(*key_type));
            }
            key => put(bytes, key, pair.value),
        }
    }
    bytes.push(0);
    Ok(())
}

fn forbid(map: &KeyMap<'_>, types: &[u8]) -> Result<(), ParsePsbtError> {
    map.first_of(types).map_or(Ok(()), |key_type| Err(ParsePsbtError::Forbidden(key_type)))
}

fn count(global: &KeyMap<'_>, key_type: u8) -> Result<u64, ParsePsbtError> {
    let value = global.value(key_type).ok_or(ParsePsbtError::Missing(key_type))?;
    whole_size(value).ok_or(ParsePsbtError::Field(key_type))
}

fn number<const N: usize>(map: &KeyMap<'_>, key_type: u8) -> Result<[u8; N], ParsePsbtError> {
    optional(map, key_type)?.ok_or(ParsePsbtError::Missing(key_type))
}

fn optional<const N: usize>(
    map: &KeyMap<'_>,
    key_type: u8,
) -> Result<Option<[u8; N]>, ParsePsbtError> {
    let Some(value) = map.value(key_type) else { return Ok(None) };
    value.try_into().map(Some).map_err(|_| ParsePsbtError::Field(key_type))
}

fn malformed(error: &bitcoin::psbt::Error) -> ParsePsbtError {
    ParsePsbtError::Malformed(error.to_string())
}

impl From<CutOff> for ParsePsbtError {
    fn from(_: CutOff) -> Self {
        Self::CutOff
    }
}

/// Global fields, and those of inputs and outputs, that only version 2 has.
const GLOBAL_V2: [u8; 5] =
    [TX_VERSION, FALLBACK_LOCK_TIME, INPUT_COUNT, OUTPUT_COUNT, TX_MODIFIABLE];
const INPUT_V2: [u8; 5] = [PREVIOUS_TXID, OUTPUT_INDEX, SEQUENCE, REQUIRED_TIME, REQUIRED_HEIGHT];
const OUTPUT_V2: [u8; 2] = [AMOUNT, SCRIPT];

const UNSIGNED_TX: u8 = 0x00;
const TX_VERSION: u8 = 0x02;
const FALLBACK_LOCK_TIME: u8 = 0x03;
const INPUT_COUNT: u8 = 0x04;
const OUTPUT_COUNT: u8 = 0x05;
const TX_MODIFIABLE: u8 = 0x06;
const VERSION: u8 = 0xfb;
const PREVIOUS_TXID: u8 = 0x0e;
const OUTPUT_INDEX: u8 = 0x0f;
const SEQUENCE: u8 = 0x10;
const REQUIRED_TIME: u8 = 0x11;
const REQUIRED_HEIGHT: u8 = 0x12;
const AMOUNT: u8 = 0x03;
const SCRIPT: u8 = 0x04;
