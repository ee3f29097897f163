//! Owns what can be told of a PSBT, with what a wallet knows of its scripts and coins.
//!
//! Refuses the PSBT's own word for what belongs to whom: an output is ours if its script is.

use std::collections::HashMap;

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;
use bitcoin::{
    Address, Amount, EcdsaSighashType, Network, OutPoint, Script, ScriptBuf, TapSighashType,
};

use crate::command::{DraftId, Owner, PsbtInput, PsbtOutput, PsbtReview, PsbtWarning};
use crate::finality::Lock;

use super::{Shown, finalise, signatures};

/// What a wallet knows that concerns one PSBT; nothing, for somebody without a wallet.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// The fingerprints of its master keys.
    pub own: Vec<Fingerprint>,
    /// Its scripts among those of the PSBT.
    pub owners: HashMap<ScriptBuf, Owner>,
    /// Its unspent coins among those that the PSBT spends.
    pub coins: HashMap<OutPoint, KnownCoin>,
    /// The draft that the PSBT is.
    pub draft: Option<DraftId>,
    /// What keeps it out of the next block.
    pub lock: Option<Lock>,
    /// Whether there is a wallet.
    pub is_of_wallet: bool,
}

/// What is known of a coin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCoin {
    /// Its amount.
    pub amount: Amount,
    /// Its script.
    pub script: ScriptBuf,
    /// Whether it is frozen.
    pub frozen: bool,
    /// Whether a draft holds it.
    pub reserved: bool,
}

/// Whether a PSBT asks for a signature of a message (BIP322): its one output can't be paid.
pub type IsMessage = fn(&bitcoin::Transaction) -> bool;

/// What is to be told.
#[must_use]
pub fn review(
    psbt: &Psbt,
    network: Network,
    known: &Knowledge,
    is_message: IsMessage,
) -> PsbtReview {
    let mut warnings = Vec::new();
    let tallies = signatures::tally(psbt);
    let inputs: Vec<PsbtInput> = tallies
        .iter()
        .zip(0..)
        .map(|(tally, index)| input(psbt, index, tally.good, network, known))
        .collect();
    let outputs: Vec<PsbtOutput> = psbt
        .unsigned_tx
        .output
        .iter()
        .map(|output| PsbtOutput {
            amount: output.value,
            script: output.script_pubkey.clone(),
            address: address(&output.script_pubkey, network),
            owner: known.owners.get(&output.script_pubkey).cloned(),
        })
        .collect();
    if is_message(&psbt.unsigned_tx) {
        warnings.push(PsbtWarning::Message);
    }
    let concerned = inputs.iter().any(|one| one.owner.is_some())
        || outputs.iter().any(|one| one.owner.is_some());
    if known.is_of_wallet && !concerned {
        warnings.push(PsbtWarning::Foreign);
    }
    for (index, one) in inputs.iter().enumerate() {
        warn_of_input(&mut warnings, psbt, index, one, known);
        if tallies[index].wrong > 0 {
            warnings.push(PsbtWarning::WrongSignature(index));
        }
    }
    warnings.extend(false_owners(psbt, &outputs, known).map(PsbtWarning::FalseOwner));
    let fee = fee(&mut warnings, &inputs, &outputs);
    warnings.extend(known.lock.map(|lock| match lock {
        Lock::Time => PsbtWarning::LockTime(psbt.unsigned_tx.lock_time),
        Lock::Age => PsbtWarning::TooYoung,
    }));
    let complete = finalise(&mut psbt.clone()).ok();
    PsbtReview { psbt: psbt.clone(), draft: known.draft, inputs, outputs, fee, complete, warnings }
}

fn input(
    psbt: &Psbt,
    index: usize,
    signatures: usize,
    network: Network,
    known: &Knowledge,
) -> PsbtInput {
    let outpoint = psbt.unsigned_tx.input[index].previous_output;
    let shown = Shown::of(psbt, index);
    let coin = known.coins.get(&outpoint);
    let amount = shown.output().map(|output| output.value);
    let script = shown.output().map(|output| output.script_pubkey.clone());
    let fields = &psbt.inputs[index];
    PsbtInput {
        outpoint,
        amount,
        proven: matches!(shown, Shown::Proven(_)) || coin.is_some_and(|c| Some(c.amount) == amount),
        address: script.as_deref().and_then(|script| address(script, network)),
        owner: script.as_ref().and_then(|script| known.owners.get(script)).cloned(),
        script,
        signatures,
        finished: fields.final_script_sig.is_some() || fields.final_script_witness.is_some(),
    }
}

fn warn_of_input(
    warnings: &mut Vec<PsbtWarning>,
    psbt: &Psbt,
    index: usize,
    input: &PsbtInput,
    known: &Knowledge,
) {
    let coin = known.coins.get(&input.outpoint);
    let differs = coin.is_some_and(|coin| {
        input.amount != Some(coin.amount) || input.script.as_ref() != Some(&coin.script)
    });
    if input.amount.is_none() || differs {
        warnings.push(PsbtWarning::WrongInput(index));
    } else if !input.proven {
        warnings.push(PsbtWarning::Unproven(index));
    }
    if !covers_all(psbt, index) {
        warnings.push(PsbtWarning::SighashType(index));
    }
    match coin {
        None if input.owner.is_some() => warnings.push(PsbtWarning::NoSuchCoin(input.outpoint)),
        None => {}
        Some(coin) => {
            if coin.frozen {
                warnings.push(PsbtWarning::CoinFrozen(input.outpoint));
            }
            if coin.reserved && known.draft.is_none() {
                warnings.push(PsbtWarning::CoinReserved(input.outpoint));
            }
        }
    }
}

/// Whether signatures of the asked type cover the whole transaction.
fn covers_all(psbt: &Psbt, index: usize) -> bool {
    let Some(asked) = psbt.inputs[index].sighash_type else { return true };
    asked.ecdsa_hash_ty() == Ok(EcdsaSighashType::All)
        || asked.taproot_hash_ty() == Ok(TapSighashType::Default)
}

/// Outputs that name a key of the wallet, as its change would, and pay somebody else.
fn false_owners<'a>(
    psbt: &'a Psbt,
    outputs: &'a [PsbtOutput],
    known: &'a Knowledge,
) -> impl Iterator<Item = usize> + 'a {
    let names_us = |index: usize| {
        let fields = &psbt.outputs[index];
        let ecdsa = fields.bip32_derivation.values().map(|(fingerprint, _)| fingerprint);
        let taproot = fields.tap_key_origins.values().map(|(_, (fingerprint, _))| fingerprint);
        ecdsa.chain(taproot).any(|fingerprint| known.own.contains(fingerprint))
    };
    (0..psbt.outputs.len()).filter(move |index| outputs[*index].owner.is_none() && names_us(*index))
}

fn fee(
    warnings: &mut Vec<PsbtWarning>,
    inputs: &[PsbtInput],
    outputs: &[PsbtOutput],
) -> Option<Amount> {
    let put_in = sum(inputs.iter().map(|input| input.amount));
    let paid_out = sum(outputs.iter().map(|output| Some(output.amount)));
    let Some((put_in, paid_out)) = put_in.zip(paid_out) else {
        warnings.push(PsbtWarning::UnknownFee);
        return None;
    };
    let Some(fee) = put_in.checked_sub(paid_out) else {
        warnings.push(PsbtWarning::Impossible);
        return None;
    };
    let others = outputs.iter().filter(|output| output.owner.is_none());
    let paid = sum(others.map(|output| Some(output.amount))).unwrap_or(Amount::ZERO);
    if fee > paid / HIGH_FEE_PART && fee > Amount::ZERO && paid > Amount::ZERO {
        warnings.push(PsbtWarning::HighFee { fee, paid });
    }
    Some(fee)
}

/// The sum, if every part is known; hostile amounts may be more than there can be.
fn sum(mut amounts: impl Iterator<Item = Option<Amount>>) -> Option<Amount> {
    amounts.try_fold(Amount::ZERO, |sum, amount| sum.checked_add(amount?))
}

fn address(script: &Script, network: Network) -> Option<Address> {
    Address::from_script(script, network).ok()
}

/// A fee above this part of what others get is told: 5 %.
const HIGH_FEE_PART: u64 = 20;
