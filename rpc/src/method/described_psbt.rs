//! Owns the methods that tell a PSBT what is known of it from descriptors that the caller gives,
//! and sign it with the keys in them.
//!
//! Refuses to keep the keys, and knows no outputs but the wallet's own and those it is told.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use billfold_wallet_core::psbt::spent_outputs;
use bitcoin::psbt::{Input, Psbt, PsbtSighashType};
use bitcoin::{OutPoint, Script, ScriptBuf, TxOut};
use miniscript::psbt::{PsbtInputExt as _, PsbtOutputExt as _};

use crate::apart::{apart_while_awaited, check_awaited};
use crate::arguments::{self, Arguments};
use crate::assembly::{Assembly, Coverage};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::description::range;
use crate::method::psbt::finish;
use crate::method::signing::{ProcessedForm, leave_origins_out};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::previous::{self, Known};
use crate::provider::{Described, Provider};
use crate::psbt;
use crate::solution::{Hands, Solution};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "descriptorprocesspsbt",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("psbt", Kind::Text, "The transaction base64 string"),
            Parameter::required("descriptors", Kind::Array, "Descriptors, or objects with them"),
            Parameter::optional("sighashtype", Kind::Text, "What the signatures cover"),
            Parameter::optional("bip32derivs", Kind::Bool, "Include the origins of keys"),
            Parameter::optional("finalize", Kind::Bool, "Also finalize inputs if possible"),
        ],
        about: "Update all segwit inputs in a PSBT with information from output descriptors and \
                the wallet's outputs. Then, sign the inputs we are able to with information from \
                the output descriptors.",
        standing: Standing::Differs(
            "an output that is not the wallet's is known only from the PSBT; taproot is signed by \
             its key alone, and rawtr not; -5 for steps that are hardened last; texts of what is \
             wrong with a descriptor are our own",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(process(node, desk, arguments))),
    },
    Method {
        name: "utxoupdatepsbt",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("psbt", Kind::Text, "A base64 string of a PSBT"),
            Parameter::optional("descriptors", Kind::Array, "Descriptors, or objects with them"),
        ],
        about: "Updates all segwit inputs and outputs in a PSBT with data from output \
                descriptors and the wallet's outputs.",
        standing: Standing::Differs(
            "an output that is not the wallet's is known only from the PSBT, as in Core what is \
             spent; nothing is told of rawtr; -5 for steps that are hardened last; texts of what \
             is wrong with a descriptor are our own",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(update(node, desk, arguments))),
    },
];

async fn update(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let network = node.params.network;
    let values = arguments.value(1).map(arguments::array).transpose()?.unwrap_or_default();
    let provider = Provider::read(values, network, range).await?;
    let psbt = psbt::read(arguments.required_text(0)?)?;
    let known = known(desk, &psbt).await?;
    apart_while_awaited(move |left| {
        let (psbt, _) = told(psbt, &known, &provider, None, left)?;
        answer(&psbt::written(&psbt))
    })
    .await?
}

async fn process(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let values = arguments::array(arguments.required(1))?;
    let provider = Provider::read(values, node.params.network, range).await?;
    let coverage = arguments.text(2)?.map(Coverage::read).transpose()?;
    let (with_origins, finishes) = (arguments.flag(3, true)?, arguments.flag(4, true)?);
    let given = psbt::read(arguments.required_text(0)?)?;
    let known = known(desk, &given).await?;
    apart_while_awaited(move |left| {
        let (mut psbt, described) = told(given.clone(), &known, &provider, coverage, left)?;
        sign(&mut psbt, &described, &provider, coverage, left)?;
        if !with_origins {
            leave_origins_out(&given, &mut psbt);
        }
        if finishes {
            finish(&mut psbt);
        }
        answer(&ProcessedForm::new(&psbt))
    })
    .await?
}

/// What the wallet knows of what a PSBT spends.
async fn known(desk: &Desk, psbt: &Psbt) -> Result<Vec<Option<Known>>, RpcError> {
    let inputs = psbt.unsigned_tx.input.iter();
    let outpoints: Vec<OutPoint> = inputs.map(|input| input.previous_output).collect();
    previous::known(desk, &outpoints).await
}

/// The PSBT with what is known of it, and how its scripts are spent.
fn told(
    mut psbt: Psbt,
    known: &[Option<Known>],
    provider: &Provider,
    coverage: Option<Coverage>,
    left: &AtomicBool,
) -> Result<(Psbt, Described), RpcError> {
    let shown = spent_outputs(&psbt).into_iter().flatten();
    let owned = known.iter().flatten().map(|known| known.output.clone());
    let outputs = psbt.unsigned_tx.output.iter().cloned().chain(shown).chain(owned);
    let wanted: BTreeSet<ScriptBuf> = outputs.map(|output| output.script_pubkey).collect();
    let described = provider.described(&wanted, left)?;
    for (input, known) in psbt.inputs.iter_mut().zip(known) {
        let Some(known) = known.as_ref().filter(|_| input.non_witness_utxo.is_none()) else {
            continue;
        };
        if !known.is_placed {
            input.non_witness_utxo = Some(known.transaction.clone());
        } else if is_segwit(&known.output, &described) {
            input.witness_utxo = Some(known.output.clone());
        }
    }
    let spent = spent_outputs(&psbt);
    for (input, output) in psbt.inputs.iter_mut().zip(&spent) {
        let Some(output) = output.as_ref().filter(|_| !psbt::is_finished(input)) else { continue };
        let spk = &output.script_pubkey;
        cover(input, coverage, spk)?;
        let mut updated = input.clone();
        if let Some(descriptor) = described.get(spk) {
            updated.update_with_descriptor_unchecked(descriptor).map_err(|_| RpcError::bug())?;
        }
        let is_witness = Solution::of(&updated, spk, Hands::Empty).is_witness;
        if is_witness {
            updated.witness_utxo = Some(output.clone());
        }
        // What is spent must be proven, unless a witness's signature makes up for it.
        if is_witness || input.non_witness_utxo.is_some() {
            *input = updated;
        }
    }
    for (output, pays) in psbt.outputs.iter_mut().zip(&psbt.unsigned_tx.output) {
        if let Some(descriptor) = described.get(&pays.script_pubkey) {
            output.update_with_descriptor_unchecked(descriptor).map_err(|_| RpcError::bug())?;
        }
    }
    psbt::trim(&mut psbt);
    Ok((psbt, described))
}

/// Tells in an input what its signatures cover, unless it is what is usual.
fn cover(input: &mut Input, coverage: Option<Coverage>, spk: &Script) -> Result<(), RpcError> {
    let usual = u32::from(!spk.is_p2tr());
    let wanted = coverage.map_or(usual, Coverage::to_u32);
    if input.sighash_type.is_some_and(|told| told.to_u32() != wanted) {
        let message = "Specified sighash value does not match value stored in PSBT";
        return Err(RpcError::new(Code::Deserialization, message));
    }
    if wanted != 0 && wanted != usual {
        input.sighash_type = Some(PsbtSighashType::from_u32(wanted));
    }
    Ok(())
}

/// Signs the inputs whose scripts are described.
fn sign(
    psbt: &mut Psbt,
    described: &Described,
    provider: &Provider,
    coverage: Option<Coverage>,
    left: &AtomicBool,
) -> Result<(), RpcError> {
    let spent = spent_outputs(psbt);
    for (at, (input, output)) in psbt.inputs.iter_mut().zip(&spent).enumerate() {
        check_awaited(left)?;
        let Some(spk) = output.as_ref().map(|output| &output.script_pubkey) else { continue };
        let Some(descriptor) = described.get(spk) else { continue };
        let is_proven = input.non_witness_utxo.is_some();
        if psbt::is_finished(input)
            || !(is_proven || Solution::of(input, spk, Hands::Empty).is_witness)
        {
            continue;
        }
        let mut assembly = Assembly::known(std::mem::take(input));
        let coverage = coverage.unwrap_or(Coverage::USUAL);
        assembly.sign(&provider.keys(descriptor), coverage, &psbt.unsigned_tx, at, &spent);
        *input = assembly.into_input();
    }
    Ok(())
}

/// Whether an output is spent by a witness, as far as it or its descriptor tells.
fn is_segwit(output: &TxOut, described: &Described) -> bool {
    let spk = &output.script_pubkey;
    let told = described.get(spk).map(|descriptor| descriptor.desc_type().segwit_version());
    spk.is_witness_program() || told.flatten().is_some()
}

#[cfg(test)]
mod tests;
