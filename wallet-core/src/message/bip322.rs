//! Owns the two transactions of BIP322, which nobody can send, and the signatures made of them.
//!
//! Refuses whatever differs from the form that the message and the address give.

use bitcoin::absolute::LockTime;
use bitcoin::base64::Engine as _;
use bitcoin::base64::engine::general_purpose::STANDARD;
use bitcoin::blockdata::opcodes::OP_0;
use bitcoin::blockdata::opcodes::all::OP_RETURN;
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::psbt::Psbt;
use bitcoin::script::Builder;
use bitcoin::transaction::Version;
use bitcoin::{
    Address, Amount, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
};

use super::{Doubt, Flaw, MessageForm, Signed, Verdict};
use crate::psbt::satisfaction::{self, Unsatisfied};
use crate::psbt::spent_outputs;

/// The PSBT whose signature is the signature of a message.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "an unsigned transaction always makes a PSBT")]
pub fn to_be_signed(script: &Script, message: &str) -> Psbt {
    let to_spend = to_spend(script, message);
    let to_sign = to_sign(&to_spend, Witness::new());
    let mut psbt = Psbt::from_unsigned_tx(to_sign).expect("nothing in it is signed");
    if let Some(input) = psbt.inputs.first_mut() {
        input.witness_utxo = script.is_witness_program().then(|| to_spend.output[0].clone());
        input.non_witness_utxo = Some(to_spend);
    }
    psbt
}

/// A signed transaction as it is handed over, and in which form: the witness alone where that is
/// enough (native segwit), else all of it.
#[must_use]
pub fn written(script: &Script, signed: &Transaction) -> (MessageForm, String) {
    let witness = signed.input.first().map(|input| &input.witness);
    match witness.filter(|_| script.is_witness_program()) {
        Some(witness) => {
            (MessageForm::Simple, format!("{SIMPLE}{}", STANDARD.encode(serialize(witness))))
        }
        None => (MessageForm::Full, format!("{FULL}{}", STANDARD.encode(serialize(signed)))),
    }
}

/// Whether a transaction has the form of those that sign a message: nobody means a payment by it.
#[must_use]
pub fn is_asked_for(transaction: &Transaction) -> bool {
    transaction.output == [nothing()]
}

pub(super) fn verify(address: &Address, message: &str, signature: &str) -> Verdict {
    match judge(address, message, signature) {
        Ok(signed) => Verdict::Valid(signed),
        Err(Judgement::Doubt(doubt)) => Verdict::Inconclusive(doubt),
        Err(Judgement::Flaw(flaw)) => Verdict::Invalid(flaw),
    }
}

enum Judgement {
    Doubt(Doubt),
    Flaw(Flaw),
}

impl From<Flaw> for Judgement {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

fn judge(address: &Address, message: &str, signature: &str) -> Result<Signed, Judgement> {
    let to_spend = to_spend(&address.script_pubkey(), message);
    let (form, transaction, more) = read(&to_spend, signature)?;
    let input = transaction.input.first().ok_or(Flaw::Malformed)?;
    if input.previous_output != OutPoint::new(to_spend.compute_txid(), 0) {
        return Err(Flaw::Mismatch.into());
    }
    if transaction.output != [nothing()] || transaction.input.len() != 1 + more.len() {
        return Err(Flaw::Malformed.into());
    }
    let spent: Vec<TxOut> = [to_spend.output[0].clone()].into_iter().chain(more).collect();
    for index in 0..spent.len() {
        satisfaction::check(&transaction, index, &spent).map_err(|why| match why {
            Unsatisfied::Invalid => Judgement::Flaw(Flaw::Mismatch),
            Unsatisfied::SighashType => Judgement::Flaw(Flaw::SighashType),
            Unsatisfied::NotUnderstood => Judgement::Doubt(Doubt::Script),
        })?;
    }
    if !matches!(transaction.version, Version(0) | Version::TWO) {
        return Err(Judgement::Doubt(Doubt::Version));
    }
    Ok(Signed {
        form,
        lock_time: transaction.lock_time,
        sequence: input.sequence,
        funds: transaction.input.iter().skip(1).map(|input| input.previous_output).collect(),
    })
}

/// The transaction that a signature is, with the outputs that its further inputs spend.
fn read(
    to_spend: &Transaction,
    signature: &str,
) -> Result<(MessageForm, Transaction, Vec<TxOut>), Flaw> {
    let decoded = |text: &str| STANDARD.decode(text).map_err(|_| Flaw::Malformed);
    if let Some(text) = signature.strip_prefix(FULL) {
        let transaction = deserialize(&decoded(text)?).map_err(|_| Flaw::Malformed)?;
        return Ok((MessageForm::Full, transaction, Vec::new()));
    }
    if let Some(text) = signature.strip_prefix(PROOF) {
        let mut psbt = Psbt::deserialize(&decoded(text)?).map_err(|_| Flaw::Malformed)?;
        share_transactions(&mut psbt);
        // What the first one spends is not taken from the signer.
        let spent = spent_outputs(&psbt).into_iter().skip(1).collect::<Option<Vec<TxOut>>>();
        let transaction = psbt.extract_tx_unchecked_fee_rate();
        return Ok((MessageForm::ProofOfFunds, transaction, spent.ok_or(Flaw::Malformed)?));
    }
    // What was signed before the prefixes were agreed on has none.
    let text = signature.strip_prefix(SIMPLE).unwrap_or(signature);
    let witness: Witness = deserialize(&decoded(text)?).map_err(|_| Flaw::Malformed)?;
    Ok((MessageForm::Simple, to_sign(to_spend, witness), Vec::new()))
}

/// A transaction that several inputs spend from need be there only once (BIP322, "Proof of
/// Funds").
fn share_transactions(psbt: &mut Psbt) {
    for index in 1..psbt.inputs.len() {
        let input = &psbt.inputs[index];
        if input.non_witness_utxo.is_some() || input.witness_utxo.is_some() {
            continue;
        }
        let txid = psbt.unsigned_tx.input[index].previous_output.txid;
        let earlier = psbt.inputs[..index].iter().filter_map(|one| one.non_witness_utxo.as_ref());
        let found = earlier.into_iter().find(|shown| shown.compute_txid() == txid).cloned();
        psbt.inputs[index].non_witness_utxo = found;
    }
}

fn to_spend(script: &Script, message: &str) -> Transaction {
    Transaction {
        version: Version(0),
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(Txid::all_zeros(), u32::MAX),
            script_sig: Builder::new()
                .push_opcode(OP_0)
                .push_slice(message_hash(message))
                .into_script(),
            sequence: Sequence::ZERO,
            witness: Witness::new(),
        }],
        output: vec![TxOut { value: Amount::ZERO, script_pubkey: script.to_owned() }],
    }
}

fn to_sign(to_spend: &Transaction, witness: Witness) -> Transaction {
    Transaction {
        version: Version(0),
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(to_spend.compute_txid(), 0),
            script_sig: ScriptBuf::new(),
            sequence: Sequence::ZERO,
            witness,
        }],
        output: vec![nothing()],
    }
}

/// The only output of a transaction that signs a message.
fn nothing() -> TxOut {
    let script_pubkey = Builder::new().push_opcode(OP_RETURN).into_script();
    TxOut { value: Amount::ZERO, script_pubkey }
}

/// The hash of a message under the tag of BIP322, as BIP340 makes them.
fn message_hash(message: &str) -> [u8; 32] {
    let tag = sha256::Hash::hash(TAG);
    let mut engine = sha256::Hash::engine();
    engine.input(tag.as_byte_array());
    engine.input(tag.as_byte_array());
    engine.input(message.as_bytes());
    sha256::Hash::from_engine(engine).to_byte_array()
}

const TAG: &[u8] = b"BIP0322-signed-message";

/// What a signature begins with.
const SIMPLE: &str = "smp";
const FULL: &str = "ful";
const PROOF: &str = "pof";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn hashes_are_those_of_the_bip() {
        let page = include_str!("../../fixtures/bip322/basic-test-vectors.json");
        let page: Value = serde_json::from_str(page).expect("JSON");
        let vectors = page["tx_hashes"].as_array().expect("an array");
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().expect("a text");
            let message = text("message");
            let address: Address<bitcoin::address::NetworkUnchecked> =
                text("address").parse().expect("an address");
            let script = address.assume_checked().script_pubkey();
            let hash = sha256::Hash::from_byte_array(message_hash(message));
            // A tagged hash is written in the order of its bytes.
            assert_eq!(hash.to_string(), text("message_hash"));
            let to_spend = to_spend(&script, message);
            assert_eq!(to_spend.compute_txid().to_string(), text("to_spend_tx_hash"));
            let psbt = to_be_signed(&script, message);
            assert_eq!(psbt.unsigned_tx.compute_txid().to_string(), text("to_sign_tx_hash"));
            assert!(is_asked_for(&psbt.unsigned_tx));
        }
        assert_eq!(vectors.len(), 3);
    }
}
