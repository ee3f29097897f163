//! Owns what the inputs spend, and how far that is proven.
//!
//! A signature before segwit covers no amount, and one of segwit version 0 only its own: a liar
//! who shows each of two inputs truly once gets two signatures that together pay a fee that no one
//! saw. Signatures of taproot cover all amounts. Refuses a previous transaction that is not the
//! one, and to sign without one where it is needed.

use alloc::vec::Vec;

use bitcoin::TxOut;

use super::Refusal;
use super::owner::Found;
use crate::duty::Era;
use crate::psbt::Psbt;

/// What an input spends.
#[derive(Debug, Clone)]
pub(super) struct Coin {
    pub(super) output: TxOut,
    /// Whether the transaction that made it was there, with the right id.
    pub(super) proven: bool,
}

/// What all inputs spend, in order.
pub(super) fn all(psbt: &Psbt) -> Result<Vec<Coin>, Refusal> {
    (0..psbt.inputs.len()).map(|input| coin(psbt, input)).collect()
}

/// Whether all amounts are proven.
///
/// # Errors
/// Where an amount must be, and is not.
pub(super) fn proven(
    coins: &[Coin],
    inputs: &[Option<Found>],
    accept_unproven: bool,
) -> Result<bool, Refusal> {
    let alone = coins.len() == 1;
    let era = |found: &Found| found.spending.era;
    // Every signature that is made covers all amounts, the others' too.
    let all_covered = inputs.iter().flatten().all(|found| era(found) == Era::Taproot);
    let mut all_proven = true;
    for (input, (coin, found)) in coins.iter().zip(inputs).enumerate() {
        let covered = match found.as_ref().map(era) {
            Some(Era::Legacy) if !coin.proven => return Err(Refusal::NoPrevious { input }),
            Some(Era::Taproot) => true,
            Some(Era::Segwit | Era::Legacy) => alone,
            None => all_covered,
        };
        if !coin.proven && !covered {
            if !accept_unproven {
                return Err(Refusal::NoPrevious { input });
            }
            all_proven = false;
        }
    }
    Ok(all_proven)
}

fn coin(psbt: &Psbt, input: usize) -> Result<Coin, Refusal> {
    let outpoint = psbt.transaction.input[input].previous_output;
    let fields = &psbt.inputs[input];
    let Some(previous) = &fields.previous else {
        let output = fields.claimed.clone().ok_or(Refusal::NoAmount { input })?;
        return Ok(Coin { output, proven: false });
    };
    let output = usize::try_from(outpoint.vout).ok().and_then(|at| previous.output.get(at));
    let alike = fields.claimed.as_ref().is_none_or(|claim| Some(claim) == output);
    match output {
        Some(output) if alike && previous.compute_txid() == outpoint.txid => {
            Ok(Coin { output: output.clone(), proven: true })
        }
        _ => Err(Refusal::WrongPrevious { input }),
    }
}
