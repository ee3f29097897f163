//! Owns multisig scripts that are not registered: a co-signer may be asked to sign before the
//! wallet was ever shown to the device.
//!
//! Refuses every other script: only of multisig does it follow from the script alone what a
//! signature is for. Nothing comes back to such a wallet as change.

use alloc::vec::Vec;

use bitcoin::bip32::DerivationPath;
use bitcoin::blockdata::script::Instruction;
use bitcoin::secp256k1::PublicKey;
use bitcoin::{Script, ScriptBuf, Weight};

use crate::duty::{Duty, Era, Spending, Target};
use crate::psbt::Input;

/// How a coin of an unregistered multisig is spent; `None` if it is none, or has none of the keys.
pub(super) fn multisig(
    script: &Script,
    fields: &Input,
    own: &[(DerivationPath, PublicKey)],
) -> Option<Spending> {
    let (era, code) = behind_hash(script, fields)?;
    if !code.is_multisig() {
        return None;
    }
    let pushed = pushes(code);
    let mut duties = Vec::new();
    for (path, key) in own.iter().filter(|(_, key)| pushed.contains(&&key.serialize()[..])) {
        let (key, code) = (*key, ScriptBuf::from(code));
        let target = match era {
            Era::Legacy => Target::Legacy { key, code },
            Era::Segwit | Era::Taproot => Target::Segwit { key, code },
        };
        duties.push(Duty { path: path.clone(), target });
    }
    let weight = u64::try_from(code.len() + pushed.len() * SIGNATURE).ok()?;
    let scale = if era == Era::Legacy { 4 } else { 1 };
    let satisfaction = Weight::from_wu(weight * scale);
    (!duties.is_empty()).then_some(Spending { script: script.into(), era, duties, satisfaction })
}

/// The script behind the hash of a coin, whole.
fn behind_hash<'a>(script: &Script, fields: &'a Input) -> Option<(Era, &'a Script)> {
    let redeem = fields.redeem_script.as_deref();
    let program = if script.is_p2sh() {
        let redeem = redeem.filter(|redeem| redeem.to_p2sh() == *script)?;
        if !redeem.is_p2wsh() {
            return Some((Era::Legacy, redeem));
        }
        redeem
    } else {
        script
    };
    let witness_script = fields.witness_script.as_deref()?;
    let shown = program.is_p2wsh() && witness_script.to_p2wsh() == *program;
    shown.then_some((Era::Segwit, witness_script))
}

fn pushes(script: &Script) -> Vec<&[u8]> {
    let mut pushes = Vec::new();
    for instruction in script.instructions().flatten() {
        if let Instruction::PushBytes(push) = instruction {
            pushes.push(push.as_bytes());
        }
    }
    pushes
}

/// Bytes that one signature takes, at most.
const SIGNATURE: usize = 74;
