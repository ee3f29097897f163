//! Owns what is told of a PSBT, in the shape of Bitcoin Core's `decodepsbt`.
//!
//! Refuses to judge it: a signature is told whether it holds or not.

mod input;
mod output;

use bitcoin::bip32::{KeySource, Xpub};
use bitcoin::consensus::serialize;
use bitcoin::hashes::Hash;
use bitcoin::hex::DisplayHex;
use bitcoin::psbt::{Input, Psbt, raw};
use bitcoin::{Network, OutPoint, Script, TxOut};
use serde::Serialize;

use crate::json::{Btc, Object, Value};
use crate::method::raw_transaction::TransactionForm;
use crate::script::{asm, kind};

use input::InputForm;
use output::OutputForm;

/// What is told of a PSBT.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    tx: TransactionForm,
    global_xpubs: Vec<XpubForm>,
    psbt_version: u32,
    proprietary: Vec<ProprietaryForm>,
    unknown: Object,
    inputs: Vec<InputForm>,
    outputs: Vec<OutputForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<Btc>,
}

impl Told {
    /// What is told of this one.
    pub(super) fn new(psbt: &Psbt, network: Network) -> Self {
        let mut xpubs: Vec<(&Xpub, &KeySource)> = psbt.xpub.iter().collect();
        xpubs.sort_by_key(|(xpub, (fingerprint, path))| {
            (fingerprint.to_bytes(), path.len(), path.to_u32_vec(), xpub.encode())
        });
        let xpubs = xpubs.into_iter().map(|(xpub, source)| XpubForm {
            xpub: xpub.to_string(),
            source: SourceForm::new(source),
        });
        let inputs = psbt.inputs.iter().map(|input| InputForm::new(input, network));
        Self {
            tx: TransactionForm::new(&psbt.unsigned_tx, network),
            global_xpubs: xpubs.collect(),
            psbt_version: psbt.version,
            proprietary: psbt.proprietary.iter().map(ProprietaryForm::new).collect(),
            unknown: unknown(psbt.unknown.iter()),
            inputs: inputs.collect(),
            outputs: psbt.outputs.iter().map(OutputForm::new).collect(),
            fee: fee(psbt),
        }
    }
}

/// The difference, if each input shows what it spends and no amount is more than there can be.
fn fee(psbt: &Psbt) -> Option<Btc> {
    let spends = psbt.unsigned_tx.input.iter();
    let spent = spends
        .zip(&psbt.inputs)
        .map(|(spends, input)| shown(input, spends.previous_output).map(|output| output.value));
    let spent = sum(spent)?;
    let paid = sum(psbt.unsigned_tx.output.iter().map(|output| Some(output.value)))?;
    Some(Btc(i64::try_from(spent).ok()? - i64::try_from(paid).ok()?))
}

fn sum(amounts: impl Iterator<Item = Option<bitcoin::Amount>>) -> Option<u64> {
    let mut sum = bitcoin::Amount::ZERO;
    for amount in amounts {
        sum = sum.checked_add(amount?).filter(|sum| *sum <= bitcoin::Amount::MAX_MONEY)?;
    }
    Some(sum.to_sat())
}

fn shown(input: &Input, outpoint: OutPoint) -> Option<TxOut> {
    let vout = usize::try_from(outpoint.vout).ok()?;
    match &input.non_witness_utxo {
        Some(parent) => parent.output.get(vout).cloned(),
        None => input.witness_utxo.clone(),
    }
}

#[derive(Debug, Serialize)]
struct XpubForm {
    xpub: String,
    #[serde(flatten)]
    source: SourceForm,
}

#[derive(Debug, Serialize)]
struct SourceForm {
    master_fingerprint: String,
    path: String,
}

impl SourceForm {
    fn new((fingerprint, path): &KeySource) -> Self {
        let path = match path.len() {
            0 => "m".to_owned(),
            _ => format!("m/{path}").replace('\'', "h"),
        };
        Self { master_fingerprint: fingerprint.to_string(), path }
    }
}

#[derive(Debug, Serialize)]
struct ProprietaryForm {
    identifier: String,
    subtype: u8,
    key: String,
    value: String,
}

impl ProprietaryForm {
    fn new((key, value): (&raw::ProprietaryKey, &Vec<u8>)) -> Self {
        let whole = key.to_key();
        Self {
            identifier: key.prefix.to_lower_hex_string(),
            subtype: key.subtype,
            key: format!("{:02x}{}", whole.type_value, whole.key.to_lower_hex_string()),
            value: value.to_lower_hex_string(),
        }
    }
}

/// Fields that are not understood, in hex, with their type before the rest of their keys.
fn unknown<'a>(fields: impl Iterator<Item = (&'a raw::Key, &'a Vec<u8>)>) -> Object {
    let mut all = Object::default();
    for (key, value) in fields {
        let whole = serialize(&bitcoin::VarInt::from(u64::from(key.type_value)));
        let name = whole.to_lower_hex_string() + &key.key.to_lower_hex_string();
        all.push(name, Value::String(value.to_lower_hex_string()));
    }
    all
}

#[derive(Debug, Serialize)]
struct BareScriptForm {
    asm: String,
    hex: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl BareScriptForm {
    fn new(script: &Script) -> Option<Self> {
        let form =
            || Self { asm: asm(script, false), hex: script.to_hex_string(), kind: kind(script) };
        (!script.is_empty()).then(form)
    }
}

#[derive(Debug, Serialize)]
struct KeyForm {
    pubkey: String,
    #[serde(flatten)]
    source: SourceForm,
}

impl KeyForm {
    fn new((key, source): (&bitcoin::secp256k1::PublicKey, &KeySource)) -> Self {
        Self { pubkey: key.to_string(), source: SourceForm::new(source) }
    }
}

#[derive(Debug, Serialize)]
struct LeafKeyForm {
    pubkey: String,
    #[serde(flatten)]
    source: SourceForm,
    leaf_hashes: Vec<String>,
}

impl LeafKeyForm {
    fn new(
        (key, (leaves, source)): (
            &bitcoin::XOnlyPublicKey,
            &(Vec<bitcoin::TapLeafHash>, KeySource),
        ),
    ) -> Self {
        let mut leaves: Vec<_> = leaves.iter().map(|leaf| leaf.to_byte_array()).collect();
        leaves.sort_unstable();
        leaves.dedup();
        let leaf_hashes = leaves.iter().map(DisplayHex::to_lower_hex_string).collect();
        Self { pubkey: key.to_string(), source: SourceForm::new(source), leaf_hashes }
    }
}

/// The keys that make up a key (BIP373).
#[derive(Debug, Serialize)]
struct ParticipantsForm {
    aggregate_pubkey: String,
    participant_pubkeys: Vec<String>,
}

impl ParticipantsForm {
    fn new((key, value): (&raw::Key, &Vec<u8>)) -> Self {
        let keys = value.chunks(PUBLIC_KEY).map(DisplayHex::to_lower_hex_string);
        Self {
            aggregate_pubkey: key.key.to_lower_hex_string(),
            participant_pubkeys: keys.collect(),
        }
    }
}

/// Bytes of a compressed public key.
const PUBLIC_KEY: usize = 33;
