//! Owns the review of a PSBT: parsed once into one immutable value, which is shown and signed.
//!
//! Refuses, with the reason, whatever could make the pages tell something else than the signatures
//! say: amounts that nothing proves, signatures that would not cover everything, scripts that are
//! not known, sums that are none.

mod owner;
mod coin;
mod sums;
mod pages;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use bitcoin::{Amount, EcdsaSighashType, TapSighashType};

use crate::duty::Era;
use crate::keys::Keys;
use crate::network::Chain;
use crate::policy::Policies;
use crate::psbt::{Input, Psbt};
use crate::screen::Screen;
use crate::settings::Settings;
use crate::signing::{Signing, Task, Work};

pub use crate::psbt::MalformedPsbt;

use coin::Coin;
use owner::{Finder, Found};
use sums::Sums;

/// A transaction that can be shown and signed.
#[derive(Debug, Clone)]
pub struct Review {
    work: Work,
    screens: Vec<Screen>,
}

impl Review {
    /// Reads a PSBT of version 0 (BIP174) or 2 (BIP370) for these keys.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn parse(
        bytes: &[u8],
        chain: Chain,
        keys: &Keys,
        policies: &Policies,
        settings: &Settings,
    ) -> Result<Self, Refusal> {
        if chain.network() != keys.network() {
            return Err(Refusal::Network);
        }
        let psbt = Psbt::parse(bytes)?;
        refuse_repeated(&psbt)?;
        let coins = coin::all(&psbt)?;
        let mut finder = Finder::new(keys, policies);
        let inputs = own_inputs(&psbt, &coins, &mut finder)?;
        let fee_proven = coin::proven(&coins, &inputs, settings.accept_unproven)?;
        let tasks = tasks(&psbt, &inputs)?;
        let outputs = psbt.transaction.output.iter().zip(&psbt.outputs);
        let outputs: Vec<Option<Found>> = outputs
            .map(|(output, origins)| finder.output(&output.script_pubkey, origins))
            .collect();
        let sums = Sums::of(&psbt.transaction, &coins, &inputs, &outputs)?;
        if sums.fee > settings.fee_limit {
            return Err(Refusal::FeeLimit { fee: sums.fee, limit: settings.fee_limit });
        }
        let shown = pages::Shown { chain, psbt: &psbt, inputs: &inputs, outputs: &outputs };
        let screens = shown.screens(&sums, fee_proven)?;
        let transaction = psbt.transaction.clone();
        let spent = coins.into_iter().map(|coin| coin.output).collect();
        let fingerprint = keys.fingerprint();
        let work = Work { fingerprint, bytes: psbt.into_bytes(), transaction, spent, tasks };
        Ok(Self { work, screens })
    }

    /// The pages to show, the last one to agree to.
    #[must_use]
    pub fn screens(&self) -> &[Screen] {
        &self.screens
    }

    /// Begins to sign what was shown. Only after the person agreed to the last page.
    #[must_use]
    pub fn sign(self) -> Signing {
        Signing::new(self.work)
    }
}

/// Why a PSBT is not signed. Inputs and outputs count from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It can't be read.
    #[error(transparent)]
    Malformed(#[from] MalformedPsbt),
    /// The keys are for another network.
    #[error("the device is set to another network")]
    Network,
    /// No input is of this device.
    #[error(
        "nothing in the transaction is for this device to sign: check fingerprint and passphrase"
    )]
    NothingToSign,
    /// A coin is spent twice.
    #[error("input {input} spends the same coin as another")]
    RepeatedInput {
        /// The second.
        input: usize,
    },
    /// The previous transaction has another id, or not that output, or says another amount.
    #[error("input {input} comes with a previous transaction that is another one")]
    WrongPrevious {
        /// Which.
        input: usize,
    },
    /// The previous transaction must be there, and is not.
    #[error("input {input} needs its whole previous transaction, to prove its amount")]
    NoPrevious {
        /// Which.
        input: usize,
    },
    /// Nothing says what an input spends.
    #[error("input {input} says nothing of the coin that it spends")]
    NoAmount {
        /// Which.
        input: usize,
    },
    /// A signature of the asked type would leave something open.
    #[error("input {input} asks for a signature that does not cover the whole transaction")]
    SighashType {
        /// Which.
        input: usize,
    },
    /// A key of this device is in a script that is not known.
    #[error("input {input} has a script that is not known: register its wallet first")]
    UnknownInput {
        /// Which.
        input: usize,
    },
    /// An output's script has no address.
    #[error("output {output} has a script that nobody could check")]
    UnknownOutput {
        /// Which.
        output: usize,
    },
    /// More money than there is.
    #[error("the amounts are more than there is in the world")]
    Overflow,
    /// The outputs are more than the inputs.
    #[error("the transaction pays out more than it takes in")]
    Impossible,
    /// The fee is above the owner's limit.
    #[error("the fee of {fee} is above the limit of {limit} that is set on the device")]
    FeeLimit {
        /// What it pays.
        fee: Amount,
        /// What it may pay.
        limit: Amount,
    },
}

fn refuse_repeated(psbt: &Psbt) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let mut inputs = psbt.transaction.input.iter().enumerate();
    match inputs.find(|(_, input)| !seen.insert(input.previous_output)) {
        Some((input, _)) => Err(Refusal::RepeatedInput { input }),
        None => Ok(()),
    }
}

/// What each input is to this device; `None` if it is somebody else's.
fn own_inputs(
    psbt: &Psbt,
    coins: &[Coin],
    finder: &mut Finder<'_>,
) -> Result<Vec<Option<Found>>, Refusal> {
    let mut inputs = Vec::new();
    for (input, (fields, coin)) in psbt.inputs.iter().zip(coins).enumerate() {
        let found = finder.input(&coin.output.script_pubkey, fields);
        inputs.push(found.map_err(|_| Refusal::UnknownInput { input })?);
    }
    if inputs.iter().all(Option::is_none) { Err(Refusal::NothingToSign) } else { Ok(inputs) }
}

fn tasks(psbt: &Psbt, inputs: &[Option<Found>]) -> Result<Vec<Task>, Refusal> {
    let mut tasks = Vec::new();
    for (input, (found, fields)) in inputs.iter().zip(&psbt.inputs).enumerate() {
        let Some(found) = found else { continue };
        let taproot_type =
            sighash_type(fields, found.spending.era).ok_or(Refusal::SighashType { input })?;
        let duties = found.spending.duties.clone();
        tasks.push(Task { input, duties, taproot_type });
    }
    Ok(tasks)
}

/// The type that is asked for, if it covers everything; it counts for taproot only, elsewhere
/// there is one such type.
fn sighash_type(fields: &Input, era: Era) -> Option<TapSighashType> {
    match (fields.sighash_type, era) {
        (None, _) => Some(TapSighashType::Default),
        (Some(asked), Era::Taproot) if asked == TapSighashType::Default as u32 => {
            Some(TapSighashType::Default)
        }
        (Some(asked), _) if asked == EcdsaSighashType::All.to_u32() => Some(TapSighashType::All),
        (Some(_), _) => None,
    }
}

#[cfg(test)]
mod tests;
