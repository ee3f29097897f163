//! Owns PSBTs as callers send and get them: in base64, version 0, with what Bitcoin Core asks of
//! them beyond BIP174, and without what it leaves out of finished inputs (`src/psbt.h`).
//!
//! Refuses other forms and versions than Core takes.

use billfold_wallet_core::psbt::satisfaction::{self, Unsatisfied};
use billfold_wallet_core::psbt::spent_outputs;
use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::general_purpose::STANDARD;
use bitcoin::consensus::Decodable as _;
use bitcoin::hashes::{Hash as _, hash160};
use bitcoin::psbt::{self, Psbt, raw};
use bitcoin::{Transaction, TxOut, Witness};

use crate::error::{Code, RpcError};
use crate::json::Value;

/// Reads one.
///
/// # Errors
/// -22 if it is none.
pub fn read(text: &str) -> Result<Psbt, RpcError> {
    let refused =
        |why: &str| RpcError::new(Code::Deserialization, format!("TX decode failed {why}"));
    let bytes = STANDARD.decode(text).map_err(|_| refused("invalid base64"))?;
    let mut rest = &bytes[..];
    let psbt = Psbt::deserialize_from_reader(&mut rest).map_err(|error| refused(&told(&error)))?;
    if let Some(why) = problem(&psbt) {
        return Err(refused(&failure(why)));
    }
    if !rest.is_empty() {
        return Err(refused("extra data after PSBT"));
    }
    Ok(psbt)
}

/// Reads an array of them.
///
/// # Errors
/// -22 if one is none, -3 for another type.
pub fn read_all(texts: &[Value]) -> Result<Vec<Psbt>, RpcError> {
    texts.iter().map(|value| read(crate::arguments::text(value)?)).collect()
}

/// Writes one. What a finished input no longer needs is left out.
#[must_use]
pub fn written(psbt: &Psbt) -> String {
    let mut psbt = psbt.clone();
    for input in psbt.inputs.iter_mut().filter(|input| is_finished(input)) {
        let whole = std::mem::take(input);
        let is_kept = |key: &raw::Key| !is_musig(key);
        *input = psbt::Input {
            non_witness_utxo: whole.non_witness_utxo,
            witness_utxo: whole.witness_utxo,
            final_script_sig: whole.final_script_sig,
            final_script_witness: whole.final_script_witness,
            proprietary: whole.proprietary,
            unknown: whole.unknown.into_iter().filter(|(key, _)| is_kept(key)).collect(),
            ..psbt::Input::default()
        };
    }
    for input in &mut psbt.inputs {
        if let Some(transaction) = &mut input.non_witness_utxo {
            for input in &mut transaction.input {
                input.witness = Witness::new();
            }
        }
    }
    let bytes = psbt.serialize();
    STANDARD.encode(in_order_of_core(&bytes, psbt.inputs.len()).unwrap_or(bytes))
}

/// Puts the signatures of each input into the order of the hashes of their keys, which is Core's;
/// the library's is that of the keys.
fn in_order_of_core(bytes: &[u8], inputs: usize) -> Option<Vec<u8>> {
    let (magic, mut rest) = bytes.split_at_checked(MAGIC)?;
    let mut ordered = magic.to_vec();
    // The first map is that of the whole; those of outputs come last.
    for map in 0.. {
        if rest.is_empty() {
            break;
        }
        let mut pairs = Vec::new();
        while *rest.first()? != 0 {
            let start = rest;
            let key = field(&mut rest)?;
            field(&mut rest)?;
            pairs.push((key, start.get(..start.len() - rest.len())?));
        }
        rest = rest.get(1..)?;
        if (1..=inputs).contains(&map) {
            pairs.sort_by_key(|(key, _)| match key {
                [SIGNATURE, key @ ..] => (SIGNATURE, Some(hash160::Hash::hash(key))),
                _ => (*key.first().unwrap_or(&0), None),
            });
        }
        ordered.extend(pairs.iter().flat_map(|(_, pair)| *pair));
        ordered.push(0);
    }
    Some(ordered)
}

/// A key or a value, after its length.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = bitcoin::VarInt::consensus_decode(rest).ok()?.0;
    let (field, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(field)
}

/// One of a transaction about whose inputs and outputs nothing is known; its signatures are left
/// out.
///
/// # Panics
/// Never: what a PSBT must not have is taken out.
#[must_use]
pub fn blank(mut transaction: Transaction) -> Psbt {
    for input in &mut transaction.input {
        input.script_sig = bitcoin::ScriptBuf::new();
        input.witness = Witness::new();
    }
    Psbt::from_unsigned_tx(transaction).expect("its signatures were taken out")
}

/// Leaves out the transactions before it where no signature needs their proof: if all that is spent
/// is taproot (BIP341).
pub fn trim(psbt: &mut Psbt) {
    let needs_none = |input: &psbt::Input| {
        let output = input.witness_utxo.as_ref();
        let version = output.and_then(|output| output.script_pubkey.witness_version());
        let open = input.sighash_type.is_some_and(|kind| kind.to_u32() & 0x80 != 0);
        version.is_some_and(|version| version != bitcoin::WitnessVersion::V0) && !open
    };
    if psbt.inputs.iter().all(needs_none) {
        for input in &mut psbt.inputs {
            input.non_witness_utxo = None;
        }
    }
}

/// The transaction, if each input is finished and satisfies the script that it spends.
#[must_use]
pub fn whole(psbt: &Psbt) -> Option<Transaction> {
    if !psbt.inputs.iter().all(is_finished) {
        return None;
    }
    let spent: Vec<_> = spent_outputs(psbt).into_iter().collect::<Option<_>>()?;
    let transaction = psbt.clone().extract_tx_unchecked_fee_rate();
    (0..spent.len()).all(|input| holds(&transaction, input, &spent)).then_some(transaction)
}

/// Whether an input satisfies the script that it spends. A signature that does not cover all is one
/// all the same.
#[must_use]
pub fn holds(transaction: &Transaction, input: usize, spent: &[TxOut]) -> bool {
    let checked = satisfaction::check(transaction, input, spent);
    matches!(checked, Ok(()) | Err(Unsatisfied::SighashType))
}

/// The same where not all is known that is spent.
#[must_use]
pub fn holds_as_known(transaction: &Transaction, input: usize, spent: &[Option<TxOut>]) -> bool {
    judged(transaction, input, spent) == Some(true)
}

/// The same; `None` where it can't be known: a signature of taproot is for all that is spent, and
/// not every script is understood here.
#[must_use]
pub fn judged(transaction: &Transaction, input: usize, spent: &[Option<TxOut>]) -> Option<bool> {
    let output = spent.get(input)?.as_ref()?;
    if output.script_pubkey.is_p2tr() && spent.contains(&None) {
        return None;
    }
    let known = spent.iter().map(|output| output.clone().unwrap_or(TxOut::NULL));
    match satisfaction::check(transaction, input, &known.collect::<Vec<_>>()) {
        Ok(()) | Err(Unsatisfied::SighashType) => Some(true),
        Err(Unsatisfied::NotUnderstood) => None,
        Err(Unsatisfied::Invalid) => Some(false),
    }
}

/// Whether an input is finished: nobody need sign it any more.
#[must_use]
pub fn is_finished(input: &psbt::Input) -> bool {
    let script = input.final_script_sig.as_ref().is_some_and(|script| !script.is_empty());
    script || input.final_script_witness.as_ref().is_some_and(|witness| !witness.is_empty())
}

/// Fields of BIP373, which the library keeps without reading them.
#[must_use]
pub const fn is_musig(key: &raw::Key) -> bool {
    matches!(key.type_value, MUSIG_PARTICIPANTS | MUSIG_NONCE | MUSIG_SIGNATURE)
}

/// Of an input: the keys that make up a key.
pub const MUSIG_PARTICIPANTS: u8 = 0x1a;

/// Of an input: a signer's nonce.
pub const MUSIG_NONCE: u8 = 0x1b;

/// Of an input: a signer's part of a signature.
pub const MUSIG_SIGNATURE: u8 = 0x1c;

/// Of an output: the keys that make up a key.
pub const MUSIG_OUTPUT_PARTICIPANTS: u8 = 0x08;

/// What Core refuses and the library does not.
fn problem(psbt: &Psbt) -> Option<&'static str> {
    if psbt.version != 0 {
        return Some("Unsupported version number");
    }
    for (input, spends) in psbt.inputs.iter().zip(&psbt.unsigned_tx.input) {
        if let Some(parent) = &input.non_witness_utxo {
            let outpoint = spends.previous_output;
            if parent.compute_txid() != outpoint.txid {
                return Some("Non-witness UTXO does not match outpoint hash");
            }
            if usize::try_from(outpoint.vout).map_or(true, |vout| vout >= parent.output.len()) {
                return Some("Input specifies output index that does not exist");
            }
        }
        let found = input.unknown.iter().find_map(|(key, value)| musig_problem(key, value.len()));
        if found.is_some() {
            return found;
        }
    }
    let outputs = psbt.outputs.iter().flat_map(|output| &output.unknown);
    let mut participants = outputs.filter(|(key, _)| key.type_value == MUSIG_OUTPUT_PARTICIPANTS);
    participants.find_map(|(key, value)| match (key.key.len(), value.len() % PUBLIC_KEY) {
        (PUBLIC_KEY, 0) => None,
        (PUBLIC_KEY, _) => {
            Some("Output musig2 participants pubkeys value size is not a multiple of 33")
        }
        _ => Some("Output musig2 participants pubkeys aggregate key is not 34 bytes"),
    })
}

/// What is wrong with the lengths of a field of BIP373.
fn musig_problem(key: &raw::Key, length: usize) -> Option<&'static str> {
    let of_signer = [2 * PUBLIC_KEY, 2 * PUBLIC_KEY + 32].contains(&key.key.len());
    match key.type_value {
        MUSIG_PARTICIPANTS if key.key.len() != PUBLIC_KEY => {
            Some("Input musig2 participants pubkeys aggregate key is not 34 bytes")
        }
        MUSIG_PARTICIPANTS if !length.is_multiple_of(PUBLIC_KEY) => {
            Some("Input musig2 participants pubkeys value size is not a multiple of 33")
        }
        MUSIG_NONCE if !of_signer => {
            Some("Input musig2 pubnonce key is not expected size of 67 or 99 bytes")
        }
        MUSIG_NONCE if length != 66 => Some("Input musig2 pubnonce value is not 66 bytes"),
        MUSIG_SIGNATURE if !of_signer => {
            Some("Input musig2 partial sig key is not expected size of 67 or 99 bytes")
        }
        MUSIG_SIGNATURE if length != 32 => Some("Size of value was not the stated size"),
        _ => None,
    }
}

/// In Core's words where they are known.
fn told(error: &psbt::Error) -> String {
    match error {
        psbt::Error::InvalidMagic | psbt::Error::InvalidSeparator => {
            failure("Invalid PSBT magic bytes")
        }
        psbt::Error::MustHaveUnsignedTx => failure("No unsigned transaction was provided"),
        psbt::Error::UnsignedTxHasScriptSigs | psbt::Error::UnsignedTxHasScriptWitnesses => {
            failure("Unsigned tx does not have empty scriptSigs and scriptWitnesses.")
        }
        other => failure(&other.to_string()),
    }
}

/// What the standard library of C++ adds.
fn failure(what: &str) -> String {
    format!("{what}: iostream error")
}

/// Bytes of a compressed public key.
const PUBLIC_KEY: usize = 33;

/// Bytes that every PSBT begins with.
const MAGIC: usize = 5;

/// The type of a signature in an input.
const SIGNATURE: u8 = 0x02;
