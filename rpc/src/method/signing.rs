//! Owns the methods that sign what others made: PSBTs and raw transactions.
//!
//! Refuses signatures that leave part of a transaction open, and to sign for a coin whose amount is
//! not proven.

use std::collections::HashMap;

use billfold_wallet_core::command::{Command, CommandError, Reply};
use billfold_wallet_core::psbt::{Shown, spent_outputs};
use bitcoin::hex::DisplayHex;
use bitcoin::psbt::{Psbt, PsbtSighashType};
use bitcoin::{OutPoint, Transaction, TxIn, TxOut, Txid};
use serde::Serialize;

use crate::arguments::Arguments;
use crate::assembly::fault;
use crate::desk::Desk;
use crate::error::{Code, RpcError};
use crate::json::answer;
use crate::method::psbt::finish;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::parameter::{Kind, Parameter};
use crate::previous::Previous;
use crate::{device_signing, psbt, transaction_hex};

pub(super) const METHODS: &[Method] = &[
    Method {
        name: "signrawtransactionwithwallet",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("hexstring", Kind::Text, "The transaction hex string"),
            Parameter::optional("prevtxs", Kind::Array, "The previous outputs that are spent"),
            Parameter::optional("sighashtype", Kind::Text, "DEFAULT or ALL"),
        ],
        about: "Sign inputs for raw transaction (serialized, hex-encoded).",
        standing: Standing::Differs(
            "-8 for a sighashtype that leaves part of the transaction open; an output of prevtxs \
             that the wallet does not know is only signed for if it is taproot, or the only one; \
             signatures of a part of several keys are lost, so use PSBTs for these; an error says \
             what is most likely wrong with a script, since none is run; coins stay held for what \
             was signed, like by walletprocesspsbt",
        ),
        run: Run::Change(|_, desk, arguments| Box::pin(sign_raw(desk, arguments))),
    },
    Method {
        name: "walletprocesspsbt",
        category: Category::Wallet,
        parameters: &[
            Parameter::required("psbt", Kind::Text, "The transaction base64 string"),
            Parameter::optional("sign", Kind::Bool, "Also sign the transaction when updating"),
            Parameter::optional("sighashtype", Kind::Text, "DEFAULT or ALL"),
            Parameter::optional("bip32derivs", Kind::Bool, "Include the origins of keys"),
            Parameter::optional("finalize", Kind::Bool, "Also finalize inputs if possible"),
        ],
        about: "Update a PSBT with input information from our wallet and then sign inputs that we \
                can sign for.",
        standing: Standing::Differs(
            "-8 for a sighashtype that leaves part of the transaction open; -4 for coins that are \
             locked or that another payment holds; the coins of what was signed are held for it, \
             since whoever has it may send it",
        ),
        run: Run::Change(|node, desk, arguments| Box::pin(process(node, desk, arguments))),
    },
];

async fn process(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let given = psbt::read(arguments.required_text(0)?)?;
    let wanted = Sighash::read(arguments.text(2)?)?;
    let mut psbt = filled(desk, given.clone()).await?;
    wanted.put_into(&mut psbt)?;
    if arguments.flag(1, true)? {
        psbt = match device_signing::signed(node, desk, &psbt).await? {
            Some(by_device) => by_device,
            None => signed(desk, psbt).await?,
        };
    }
    if !arguments.flag(3, true)? {
        leave_origins_out(&given, &mut psbt);
    }
    if arguments.flag(4, true)? {
        finish(&mut psbt);
    }
    psbt::trim(&mut psbt);
    answer(&ProcessedForm::new(&psbt))
}

/// With what the wallet knows of it.
pub(super) async fn filled(desk: &Desk, psbt: Psbt) -> Result<Psbt, RpcError> {
    match desk.ask(Command::FillPsbt(Box::new(psbt))).await? {
        Reply::Psbt(review) => Ok(review.psbt),
        _ => Err(RpcError::bug()),
    }
}

/// With the signatures that the wallet has for it, if there are any.
async fn signed(desk: &Desk, psbt: Psbt) -> Result<Psbt, RpcError> {
    match desk.ask(Command::SignPsbt(Box::new(psbt.clone()))).await {
        Ok(Reply::Psbt(review)) => Ok(review.psbt),
        Ok(_) => Err(RpcError::bug()),
        Err(CommandError::NothingToSign | CommandError::WatchOnly) => Ok(psbt),
        Err(error) => Err(error.into()),
    }
}

/// Takes out what is told of where keys come from, beside what was told before.
pub(super) fn leave_origins_out(given: &Psbt, psbt: &mut Psbt) {
    for (before, input) in given.inputs.iter().zip(&mut psbt.inputs) {
        input.bip32_derivation.clone_from(&before.bip32_derivation);
        input.tap_key_origins.clone_from(&before.tap_key_origins);
    }
    for (before, output) in given.outputs.iter().zip(&mut psbt.outputs) {
        output.bip32_derivation.clone_from(&before.bip32_derivation);
        output.tap_key_origins.clone_from(&before.tap_key_origins);
    }
}

/// What a signature covers, as far as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sighash {
    /// What is usual for the script.
    Usual,
    /// Everything, by taproot's shorter form.
    Default,
    /// Everything.
    All,
}

impl Sighash {
    fn read(name: Option<&str>) -> Result<Self, RpcError> {
        let open =
            ["NONE", "SINGLE", "ALL|ANYONECANPAY", "NONE|ANYONECANPAY", "SINGLE|ANYONECANPAY"];
        match name {
            None => Ok(Self::Usual),
            Some("DEFAULT") => Ok(Self::Default),
            Some("ALL") => Ok(Self::All),
            Some(name) if open.contains(&name) => Err(RpcError::parameter(format!(
                "sighashtype {name} is not served: signatures cover the whole transaction here"
            ))),
            Some(name) => {
                let message = format!("'{name}' is not a valid sighash parameter.");
                Err(RpcError::parameter(message))
            }
        }
    }

    /// Tells the signer, unless the PSBT says something else.
    fn put_into(self, psbt: &mut Psbt) -> Result<(), RpcError> {
        let spent = spent_outputs(psbt);
        for (input, output) in psbt.inputs.iter_mut().zip(&spent) {
            let Some(output) = output.as_ref().filter(|_| !psbt::is_finished(input)) else {
                continue;
            };
            let is_taproot = output.script_pubkey.is_p2tr();
            let number = match self {
                Self::Default => 0,
                Self::Usual if is_taproot => 0,
                Self::Usual | Self::All => 1,
            };
            if input.sighash_type.is_some_and(|asked| asked.to_u32() != number) {
                let message = "Specified sighash value does not match value stored in PSBT";
                return Err(RpcError::new(Code::Deserialization, message));
            }
            if is_taproot && number == 1 {
                input.sighash_type = Some(PsbtSighashType::from_u32(number));
            }
        }
        Ok(())
    }
}

async fn sign_raw(desk: &Desk, arguments: &Arguments) -> Outcome {
    let transaction = transaction(arguments)?;
    let told = arguments.value(1).map(Previous::read_all).transpose()?.unwrap_or_default();
    let wanted = Sighash::read(arguments.text(2)?)?;
    let mut psbt = filled(desk, psbt::blank(transaction.clone())).await?;
    show(&mut psbt, &told)?;
    psbt = filled(desk, psbt).await?;
    wanted.put_into(&mut psbt)?;
    keep_finished(&mut psbt, &transaction);
    psbt = signed(desk, psbt).await?;
    finish(&mut psbt);
    answer(&taken_over(&psbt, transaction))
}

/// The transaction that is to be signed.
pub(super) fn transaction(arguments: &Arguments) -> Result<Transaction, RpcError> {
    let transaction = transaction_hex::read(arguments.required_text(0)?, None);
    transaction.filter(|transaction| !transaction.input.is_empty()).ok_or_else(|| {
        let message = "TX decode failed. Make sure the tx has at least one input.";
        RpcError::new(Code::Deserialization, message)
    })
}

/// Puts what the caller says where the wallet knows nothing.
fn show(psbt: &mut Psbt, told: &[Previous]) -> Result<(), RpcError> {
    // What is told last of an output counts.
    let told: HashMap<OutPoint, &Previous> = told.iter().map(|one| (one.outpoint, one)).collect();
    for index in 0..psbt.inputs.len() {
        let Some(previous) = told.get(&psbt.unsigned_tx.input[index].previous_output) else {
            continue;
        };
        match Shown::of(psbt, index).output() {
            Some(known) => previous.require(known)?,
            None => psbt.inputs[index].witness_utxo = Some(previous.output.clone()),
        }
    }
    Ok(())
}

/// Inputs that were signed before, and whose signatures hold, stay as they are.
fn keep_finished(psbt: &mut Psbt, transaction: &Transaction) {
    let spent: Option<Vec<TxOut>> = spent_outputs(psbt).into_iter().collect();
    let Some(spent) = spent else { return };
    for (index, (input, before)) in psbt.inputs.iter_mut().zip(&transaction.input).enumerate() {
        if psbt::holds(transaction, index, &spent) {
            let TxIn { script_sig, witness, .. } = before;
            input.final_script_sig = (!script_sig.is_empty()).then(|| script_sig.clone());
            input.final_script_witness = (!witness.is_empty()).then(|| witness.clone());
        }
    }
}

/// A PSBT as far as it is signed.
#[derive(Debug, Serialize)]
pub(super) struct ProcessedForm {
    psbt: String,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

impl ProcessedForm {
    /// What is told of one, with its transaction if that is whole.
    pub(super) fn new(psbt: &Psbt) -> Self {
        let hex = psbt::whole(psbt).map(|transaction| transaction_hex::written(&transaction));
        Self { psbt: psbt::written(psbt), complete: hex.is_some(), hex }
    }
}

/// A raw transaction as far as it is signed.
#[derive(Debug, Serialize)]
pub(super) struct SignedForm {
    hex: String,
    complete: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorForm>,
}

impl SignedForm {
    /// What is told of one, with what is wrong with which of its inputs.
    pub(super) fn new(transaction: &Transaction, faults: &[(usize, &'static str)]) -> Self {
        let form = |(at, error): &(usize, &'static str)| {
            Some(ErrorForm::new(transaction.input.get(*at)?, error))
        };
        let errors: Vec<_> = faults.iter().filter_map(form).collect();
        Self { hex: transaction_hex::written(transaction), complete: errors.is_empty(), errors }
    }
}

/// The transaction with the scripts of finished inputs, and what is wrong with the others.
fn taken_over(psbt: &Psbt, mut transaction: Transaction) -> SignedForm {
    let mut faults = Vec::new();
    let spent = spent_outputs(psbt);
    let inputs = transaction.input.iter_mut().zip(&psbt.inputs).zip(&spent);
    for (at, ((spends, input), output)) in inputs.enumerate() {
        if psbt::is_finished(input) {
            spends.script_sig = input.final_script_sig.clone().unwrap_or_default();
            spends.witness = input.final_script_witness.clone().unwrap_or_default();
            continue;
        }
        let known = output.as_ref().map(|output| fault(spends, &output.script_pubkey));
        faults.push((at, known.unwrap_or(NOT_FOUND)));
    }
    SignedForm::new(&transaction, &faults)
}

#[derive(Debug, Serialize)]
struct ErrorForm {
    txid: Txid,
    vout: u32,
    witness: Vec<String>,
    #[serde(rename = "scriptSig")]
    script_sig: String,
    sequence: u32,
    error: &'static str,
}

impl ErrorForm {
    fn new(spends: &TxIn, error: &'static str) -> Self {
        let OutPoint { txid, vout } = spends.previous_output;
        let witness = spends.witness.iter().map(DisplayHex::to_lower_hex_string).collect();
        let script_sig = spends.script_sig.to_hex_string();
        Self { txid, vout, witness, script_sig, sequence: spends.sequence.0, error }
    }
}

/// What Core says of an input of which nothing is known.
pub(super) const NOT_FOUND: &str = "Input not found or already spent";
