//! Owns signing: software keys and, later, devices behind one trait.
//!
//! Refuses to sign what it cannot check (amounts, scripts, sighash types), and to pass on a
//! transaction that is not the drafted one or whose inputs do not verify. BIP174, BIP371.

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::{self, Psbt};
use bitcoin::{EcdsaSighashType, TapSighashType, Transaction, TxOut};
use miniscript::psbt::PsbtExt;

pub use software::SoftwareSigner;

use crate::command::SigningProblem;
use crate::keychain::SECP;

mod software;
pub mod key_layer;

/// Someone who can sign for one master key. A device asks its person meanwhile, so a signature
/// may take minutes or be refused.
pub trait Signer {
    /// The fingerprint of the master key (BIP32).
    fn fingerprint(&self) -> Fingerprint;

    /// Adds this signer's signatures to every input that carries its key origins; leaves the
    /// others as they are.
    ///
    /// # Errors
    /// See [`SigningProblem`]; the PSBT may then hold some of the signatures.
    fn sign(&mut self, psbt: &mut Psbt) -> Result<(), SigningProblem>;
}

/// Makes the final transaction from what a signer gave back: only its signatures are taken, all
/// else is as drafted. Every input is verified against the output that it spends.
///
/// # Errors
/// See [`SigningProblem`].
pub fn finish(signed: &Psbt, drafted: &Psbt) -> Result<Transaction, SigningProblem> {
    let same_shape = signed.inputs.len() == drafted.inputs.len();
    if signed.unsigned_tx != drafted.unsigned_tx || !same_shape {
        return Err(SigningProblem::Altered);
    }
    let mut finished = drafted.clone();
    for (index, theirs) in signed.inputs.iter().enumerate() {
        spent_output(drafted, index)?;
        take_signatures(&mut finished.inputs[index], theirs, index)?;
    }
    finished.finalize_mut(&SECP).map_err(|_| SigningProblem::Invalid)?;
    finished.extract(&SECP).map_err(|_| SigningProblem::Invalid)
}

/// Takes signatures and nothing else, and only such as cover the whole transaction.
fn take_signatures(
    ours: &mut psbt::Input,
    theirs: &psbt::Input,
    input: usize,
) -> Result<(), SigningProblem> {
    if theirs.partial_sigs.is_empty() && theirs.tap_key_sig.is_none() {
        return Err(SigningProblem::Incomplete);
    }
    let ecdsa = theirs.partial_sigs.values().all(|s| s.sighash_type == EcdsaSighashType::All);
    let schnorr = theirs.tap_key_sig.iter().all(|s| s.sighash_type == TapSighashType::Default);
    if !ecdsa || !schnorr {
        return Err(SigningProblem::SighashType { input });
    }
    ours.partial_sigs.clone_from(&theirs.partial_sigs);
    ours.tap_key_sig = theirs.tap_key_sig;
    Ok(())
}

/// The output that an input spends, proven as far as its script type needs it.
///
/// A signature of a legacy input covers no amount, and one of a segwit v0 input only its own: a
/// liar who shows each of two inputs truly once gets two signatures that together pay a fee that
/// no one saw. So these inputs must bring the whole transaction, whose id is checked; a lone
/// segwit v0 input needs not. Taproot signatures cover all amounts (BIP341).
fn spent_output(psbt: &Psbt, index: usize) -> Result<&TxOut, SigningProblem> {
    let problem = SigningProblem::SpentOutput { input: index };
    let input = psbt.inputs.get(index).ok_or(problem)?;
    let outpoint = psbt.unsigned_tx.input.get(index).ok_or(problem)?.previous_output;
    if let Some(transaction) = &input.non_witness_utxo {
        let vout = usize::try_from(outpoint.vout).map_err(|_| problem)?;
        let output = transaction.output.get(vout).ok_or(problem)?;
        let shown_alike = input.witness_utxo.as_ref().is_none_or(|shown| shown == output);
        let proven = transaction.compute_txid() == outpoint.txid && shown_alike;
        return if proven { Ok(output) } else { Err(problem) };
    }
    let shown = input.witness_utxo.as_ref().ok_or(problem)?;
    let alone = psbt.inputs.len() == 1;
    let segwit_v0 = shown.script_pubkey.is_p2wpkh() || is_nested(input, shown);
    if shown.script_pubkey.is_p2tr() || alone && segwit_v0 { Ok(shown) } else { Err(problem) }
}

/// Whether a signature for this input is a segwit v0 one behind P2SH (BIP141).
fn is_nested(input: &psbt::Input, spent: &TxOut) -> bool {
    input
        .redeem_script
        .as_ref()
        .is_some_and(|redeem| redeem.is_p2wpkh() && redeem.to_p2sh() == spent.script_pubkey)
}

#[cfg(test)]
mod tests;
