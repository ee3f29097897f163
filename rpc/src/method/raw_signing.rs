//! Owns the methods about signatures of raw transactions that need no wallet's keys: put together
//! from several hands, and made with keys that the caller gives.
//!
//! Refuses to keep the keys, and knows no outputs but the wallet's own and those it is told.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use billfold_wallet_core::signers::GivenKeys;
use bitcoin::{Amount, Denomination, Network, OutPoint, Transaction, TxOut};

use crate::apart::{apart_while_awaited, check_awaited};
use crate::arguments::{self, Arguments};
use crate::assembly::{Assembly, Coverage, fault};
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::{Value, answer};
use crate::method::signing::{NOT_FOUND, SignedForm, transaction};
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::previous::{self, Previous};
use crate::transaction_hex;

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "combinerawtransaction",
        category: Category::Rawtransactions,
        parameters: &[Parameter::required(
            "txs",
            Kind::Array,
            "The hex strings of partially signed transactions",
        )],
        about: "Combine multiple partially signed transactions into one transaction.\nThe \
                combined transaction may be another partially signed transaction or a\nfully \
                signed transaction.",
        standing: Standing::Differs(
            "-25 also for an output that is not the wallet's; scripts of inputs that are neither \
             keys, multisig nor miniscript are never whole",
        ),
        run: Run::Wallet(|_, desk, arguments| Box::pin(combine(desk, arguments))),
    },
    Method {
        name: "signrawtransactionwithkey",
        category: Category::Rawtransactions,
        parameters: &[
            Parameter::required("hexstring", Kind::Text, "The transaction hex string"),
            Parameter::required("privkeys", Kind::Array, "The base58-encoded private keys"),
            Parameter::optional("prevtxs", Kind::Array, "The previous outputs that are spent"),
            Parameter::optional("sighashtype", Kind::Text, "What the signatures cover"),
        ],
        about: "Sign inputs for raw transaction (serialized, hex-encoded), with the given keys \
                only.",
        standing: Standing::Differs(
            "an output that is not the wallet's is known only from prevtxs; scripts of inputs \
             that are neither keys, multisig nor miniscript are never whole, and an error says \
             what is most likely wrong with a script, since none is run",
        ),
        run: Run::Wallet(|node, desk, arguments| Box::pin(sign(node, desk, arguments))),
    },
];

async fn combine(desk: &Desk, arguments: &Arguments) -> Outcome {
    let transactions = variants(arguments::array(arguments.required(0))?)?;
    let first = transactions
        .first()
        .ok_or_else(|| RpcError::new(Code::Deserialization, "Missing transactions"))?;
    let spent = owned(desk, first).await?;
    let first = first.clone();
    let work = move |left: &_| combined(first, &transactions, &spent, left);
    answer(&transaction_hex::written(&apart_while_awaited(work).await??))
}

/// What callers signed of one transaction.
fn variants(texts: &[Value]) -> Result<Vec<Transaction>, RpcError> {
    let read = |(place, text): (usize, &Value)| {
        let transaction = transaction_hex::read(arguments::text(text)?, None);
        transaction.filter(|transaction| !transaction.input.is_empty()).ok_or_else(|| {
            let message = format!(
                "TX decode failed for tx {place}. Make sure the tx has at least one input."
            );
            RpcError::new(Code::Deserialization, message)
        })
    };
    texts.iter().enumerate().map(read).collect()
}

fn combined(
    mut merged: Transaction,
    variants: &[Transaction],
    spent: &[Option<TxOut>],
    left: &AtomicBool,
) -> Result<Transaction, RpcError> {
    let first = merged.clone();
    for at in 0..first.input.len() {
        check_awaited(left)?;
        if spent.get(at).is_none_or(Option::is_none) {
            return Err(RpcError::new(Code::Verify, NOT_FOUND));
        }
        let each = variants.iter().filter_map(|variant| Assembly::of(variant, at, spent));
        let whole = each.fold(Assembly::default(), Assembly::with);
        let (script_sig, witness, _) = whole.scripts(&first, at, spent);
        (merged.input[at].script_sig, merged.input[at].witness) = (script_sig, witness);
    }
    Ok(merged)
}

async fn sign(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let transaction = transaction(arguments)?;
    let keys = keys(arguments::array(arguments.required(1))?, node.params.network)?;
    let mut spent = owned(desk, &transaction).await?;
    let told = arguments.value(2).map(Previous::read_all_with_scripts).transpose()?;
    let told = told.unwrap_or_default();
    put(&told, &transaction, &mut spent)?;
    let coverage = arguments.text(3)?.map_or(Ok(Coverage::USUAL), Coverage::read)?;
    // What an old input's signature covers is hashed anew for each of them.
    let work = move |left: &_| signed(&transaction, &keys, &told, &spent, coverage, left);
    answer(&apart_while_awaited(work).await??)
}

/// Puts what a caller says in the place of what is known, which it must not contradict.
fn put(
    told: &[Previous],
    transaction: &Transaction,
    spent: &mut [Option<TxOut>],
) -> Result<(), RpcError> {
    let mut inputs: HashMap<OutPoint, Vec<usize>> = HashMap::new();
    for (at, input) in transaction.input.iter().enumerate() {
        inputs.entry(input.previous_output).or_default().push(at);
    }
    for previous in told {
        for at in inputs.get(&previous.outpoint).into_iter().flatten() {
            let Some(output) = spent.get_mut(*at) else { continue };
            output.as_ref().map_or(Ok(()), |known| previous.require(known))?;
            *output = Some(previous.output.clone());
        }
    }
    Ok(())
}

fn signed(
    transaction: &Transaction,
    keys: &GivenKeys,
    told: &[Previous],
    spent: &[Option<TxOut>],
    coverage: Coverage,
    left: &AtomicBool,
) -> Result<SignedForm, RpcError> {
    let scripts: Vec<_> = told.iter().flat_map(|told| told.scripts.iter().cloned()).collect();
    let mut whole = transaction.clone();
    let mut faults = Vec::new();
    for at in 0..transaction.input.len() {
        check_awaited(left)?;
        let known =
            Assembly::of(transaction, at, spent).zip(spent.get(at).and_then(Option::as_ref));
        let Some((mut assembly, output)) = known else {
            faults.push((at, NOT_FOUND));
            continue;
        };
        assembly.tell(&scripts, &output.script_pubkey);
        assembly.sign(keys, coverage, transaction, at, spent);
        let (script_sig, witness, is_whole) = assembly.scripts(transaction, at, spent);
        let spends = &mut whole.input[at];
        (spends.script_sig, spends.witness) = (script_sig, witness);
        if output.value == Amount::MAX_MONEY && !spends.witness.is_empty() {
            return Err(RpcError::wrong_type(format!("Missing amount for {}", described(output))));
        }
        if !is_whole {
            faults.push((at, fault(spends, &output.script_pubkey)));
        }
    }
    Ok(SignedForm::new(&whole, &faults))
}

/// An output as Core writes it into messages.
fn described(output: &TxOut) -> String {
    let value = output.value.display_in(Denomination::Bitcoin);
    let script: String = output.script_pubkey.to_hex_string().chars().take(30).collect();
    format!("CTxOut(nValue={value:.8}, scriptPubKey={script})")
}

/// What the wallet knows of the outputs that a transaction spends.
async fn owned(desk: &Desk, transaction: &Transaction) -> Result<Vec<Option<TxOut>>, RpcError> {
    let outpoints: Vec<OutPoint> = transaction.input.iter().map(|i| i.previous_output).collect();
    let known = previous::known(desk, &outpoints).await?;
    Ok(known.into_iter().map(|known| known.map(|known| known.output)).collect())
}

fn keys(texts: &[Value], network: Network) -> Result<GivenKeys, RpcError> {
    let mut keys = GivenKeys::default();
    for text in texts {
        keys.push(arguments::private_key(arguments::text(text)?, network)?);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests;
