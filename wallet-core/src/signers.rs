//! Owns signing: software keys, what is asked of devices, and what is taken from what signers give
//! back.
//!
//! Refuses to sign what it cannot check (amounts, scripts, sighash types), and to pass on a
//! transaction that is not the drafted one or whose inputs do not verify. BIP174, BIP371.

use bitcoin::psbt::{Input, Psbt};
use bitcoin::{EcdsaSighashType, TapSighashType, Transaction, TxOut, taproot};

pub use given::GivenKeys;
pub use held::HeldKey;
pub use keys::{ExtendedKey, Keys, ParseKeyError, SingleKey};
pub use private_descriptor::{
    PrivateDescriptor, private_half, with_private_keys, without_private_keys,
};
pub use software::SoftwareSigner;

use crate::command::SigningProblem;
use crate::psbt::satisfaction::Unsatisfied;
use crate::psbt::{self, FinaliseError, Shown};

mod locks;
mod keys;
mod held;
mod private_descriptor;
mod software;
mod given;
pub mod key_layer;
pub mod device;

/// Software that can sign.
pub trait Signer {
    /// Adds this signer's signatures to every input that carries its key origins; leaves the
    /// others as they are.
    ///
    /// # Errors
    /// See [`SigningProblem`]; the PSBT may then hold some of the signatures.
    fn sign(&mut self, psbt: &mut Psbt) -> Result<(), SigningProblem>;
}

/// Makes the final transaction from what signers gave back: only their signatures are taken, all
/// else is as drafted. Every input is verified against the output that it spends.
///
/// # Errors
/// See [`SigningProblem`].
pub fn finish(signed: &Psbt, drafted: &Psbt) -> Result<Transaction, SigningProblem> {
    let mut finished = taken(signed, drafted)?;
    psbt::finalise(&mut finished).map_err(|error| match error {
        FinaliseError::Open { wrong: 0, .. } => SigningProblem::Incomplete,
        FinaliseError::Unsatisfied { input, why: Unsatisfied::SighashType } => {
            SigningProblem::SighashType { input }
        }
        _ => SigningProblem::Invalid,
    })
}

/// What was drafted, with what satisfies scripts of what came back.
fn taken(signed: &Psbt, drafted: &Psbt) -> Result<Psbt, SigningProblem> {
    let same_shape = signed.inputs.len() == drafted.inputs.len();
    if signed.unsigned_tx != drafted.unsigned_tx || !same_shape {
        return Err(SigningProblem::Altered);
    }
    let mut taken = drafted.clone();
    for (index, theirs) in signed.inputs.iter().enumerate() {
        if Shown::of(drafted, index) == Shown::Wrong {
            return Err(SigningProblem::SpentOutput { input: index });
        }
        take_signatures(&mut taken.inputs[index], theirs, index)?;
    }
    Ok(taken)
}

/// Takes what satisfies scripts and nothing else: signatures that cover the whole transaction,
/// preimages, or where there are none what another program finished, which is verified like the
/// rest.
fn take_signatures(ours: &mut Input, theirs: &Input, input: usize) -> Result<(), SigningProblem> {
    let ecdsa = theirs.partial_sigs.values().all(|s| s.sighash_type == EcdsaSighashType::All);
    let mut schnorr = theirs.tap_key_sig.iter().chain(theirs.tap_script_sigs.values());
    let covers_all = |s: &taproot::Signature| {
        matches!(s.sighash_type, TapSighashType::Default | TapSighashType::All)
    };
    if !ecdsa || !schnorr.all(covers_all) {
        return Err(SigningProblem::SighashType { input });
    }
    ours.partial_sigs.clone_from(&theirs.partial_sigs);
    ours.tap_key_sig = theirs.tap_key_sig;
    ours.tap_script_sigs.clone_from(&theirs.tap_script_sigs);
    ours.sha256_preimages.clone_from(&theirs.sha256_preimages);
    ours.hash256_preimages.clone_from(&theirs.hash256_preimages);
    ours.hash160_preimages.clone_from(&theirs.hash160_preimages);
    ours.ripemd160_preimages.clone_from(&theirs.ripemd160_preimages);
    let unsigned = ours.partial_sigs.is_empty()
        && ours.tap_key_sig.is_none()
        && ours.tap_script_sigs.is_empty();
    if unsigned {
        ours.final_script_sig.clone_from(&theirs.final_script_sig);
        ours.final_script_witness.clone_from(&theirs.final_script_witness);
    }
    Ok(())
}

/// The output that an input spends, proven as far as its script type needs it.
///
/// A signature of a legacy input covers no amount, and one of a segwit v0 input only its own: a
/// liar who shows each of two inputs truly once gets two signatures that together pay a fee that
/// no one saw. So these inputs must bring the whole transaction, whose id is checked; a lone
/// segwit v0 input needs not. Taproot signatures cover all amounts (BIP341).
fn spent_output(psbt: &Psbt, index: usize) -> Result<&TxOut, SigningProblem> {
    match Shown::of(psbt, index) {
        Shown::Proven(output) => Ok(output),
        Shown::Claimed(output) => {
            let alone = psbt.inputs.len() == 1 && locks::is_segwit_v0(&psbt.inputs[index], output);
            let enough = alone || output.script_pubkey.is_p2tr();
            enough.then_some(output).ok_or(SigningProblem::SpentOutput { input: index })
        }
        Shown::Wrong => Err(SigningProblem::SpentOutput { input: index }),
    }
}

#[cfg(test)]
mod tests;
