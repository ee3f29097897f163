//! Owns the methods about signing devices that Bitcoin Core has not: whose keys they have, a policy kept on one, and
//! signatures, which are operations since a person takes the time that they need.
//!
//! Refuses to believe a device: of what it gives back nothing is taken but signatures that hold.

use std::collections::BTreeSet;
use std::time::Duration;

use billfold_wallet_core::command::{
    AccountDescription, Asker, OperationId, OperationState, Signing,
};
use billfold_wallet_core::psbt;
use bitcoin::bip32::Fingerprint;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::desk::Desk;
use crate::device_signing::{self, meant};
use crate::error::{Code, RpcError};
use crate::external_signer::FoundSigner;
use crate::json::answer;
use crate::limits::EVENTS_WAIT;
use crate::method::billfold::operation::{WAIT, number, patience, state};
use crate::method::signer::{show, signer};
use crate::method::signing::filled;
use crate::method::{Category, Method, Outcome, Run, Standing};
use crate::node::Node;
use crate::operation::ended;
use crate::parameter::{Kind, Parameter};
use crate::{ledger, psbt as written, watch};

pub(in crate::method) const METHODS: &[Method] = &[
    Method {
        name: "billfold.signer.display",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("address", Kind::Text, "An address of the wallet"),
            FINGERPRINT,
        ],
        about: "Has a signer show an address, to be compared; answered when the person has agreed.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, arguments| Box::pin(display(node, desk, arguments))),
    },
    Method {
        name: "billfold.signer.list",
        category: Category::Billfold,
        parameters: &[],
        about: "The signers that the program of --signer knows, and the accounts that each signs for.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, _| Box::pin(list(node, desk))),
    },
    Method {
        name: "billfold.signer.register",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("account", Kind::Text, "An account of several keys"),
            FINGERPRINT,
        ],
        about: "Has a signer keep an account of several keys, so that it knows its addresses and \
                change; answered when the person has agreed.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(register(node, desk, arguments))),
    },
    Method {
        name: "billfold.signer.sign",
        category: Category::Billfold,
        parameters: &[
            Parameter::required("psbt", Kind::Text, "What is to be signed, in base64"),
            FINGERPRINT,
            WAIT,
        ],
        about: "Begins to have a signer sign a PSBT: an operation, of which billfold.signer.signed \
                tells what was signed. Its coins are held from here on, and it counts against the \
                caller's limits even if the person refuses.",
        standing: Standing::Ours,
        run: Run::Change(|node, desk, arguments| Box::pin(sign(node, desk, arguments))),
    },
    Method {
        name: "billfold.signer.signed",
        category: Category::Billfold,
        parameters: &[Parameter::required("op", Kind::Number, "The operation's number"), WAIT],
        about: "What a signer has signed, once it has, or why not. A token is told of what was asked for \
                with it.",
        standing: Standing::Ours,
        run: Run::Wallet(|node, desk, arguments| {
            Box::pin(async {
                let patience = patience(arguments, 1)?.unwrap_or_default();
                told(node, desk, number(arguments)?, patience).await
            })
        }),
    },
];

const FINGERPRINT: Parameter = Parameter::optional(
    "fingerprint",
    Kind::Text,
    "The master key of the signer that is meant; left out: the one that has a key of this",
);

async fn list(node: &Node, desk: &Desk) -> Outcome {
    let found = signer(node)?.enumerate().await?;
    let wallet = ledger::description(desk).await?;
    let signers = found.into_iter().map(|FoundSigner { fingerprint, name }| {
        let is_signed = |one: &&AccountDescription| one.signers.contains(&fingerprint);
        let accounts = wallet.accounts.iter().filter(is_signed).map(|one| one.name.to_string());
        let accounts = accounts.collect();
        SignerForm { fingerprint: fingerprint.to_string(), model: name, accounts }
    });
    answer(&SignersForm { signers: signers.collect() })
}

async fn display(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let address = arguments.required_text(0)?;
    let fingerprint = show(node, desk, address, &named(arguments)?).await?;
    answer(&DisplayedForm { address, fingerprint: fingerprint.to_string() })
}

async fn register(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let name = arguments.required_text(0)?;
    let signer = signer(node)?;
    let wallet = ledger::description(desk).await?;
    let account = wallet.accounts.iter().find(|one| one.name.as_str() == name);
    let account =
        account.ok_or_else(|| RpcError::parameter(format!("The wallet has no account {name}")))?;
    let fingerprint = signer.one_of(&named(arguments)?).await?;
    let device = (fingerprint, node.params.network.to_core_arg());
    let new = signer.register(device, name, &account.descriptor).await?;
    answer(&RegisteredForm { account: name, fingerprint: fingerprint.to_string(), new })
}

async fn sign(node: &Node, desk: &Desk, arguments: &Arguments) -> Outcome {
    let program = signer(node)?;
    let patience = patience(arguments, 2)?.unwrap_or_default();
    let psbt = filled(desk, written::read(arguments.required_text(0)?)?).await?;
    let signer = program.one_of(&meant(&psbt, named(arguments)?)?).await?;
    let id = device_signing::begin(node, desk, program, &psbt, signer).await?;
    told(node, desk, id, patience).await
}

/// How it is, once it has ended or the wait is over.
async fn told(node: &Node, desk: &Desk, id: OperationId, patience: Duration) -> Outcome {
    own(desk, &device_signing::of(desk, id).await?)?;
    let waiting = watch::until(&*node.face, Some(patience.min(EVENTS_WAIT)), || ended(desk, id));
    watch::unless_stopped(&node.stop, waiting).await.transpose()?;
    let Signing { operation, mut psbt, problem, .. } = device_signing::of(desk, id).await?;
    let (state, _) = state(operation.state);
    let is_done = matches!(operation.state, OperationState::Done(_));
    let complete = is_done && psbt::finalise(&mut psbt.clone()).is_ok();
    written::trim(&mut psbt);
    let psbt = is_done.then(|| psbt.to_string());
    answer(&SignedForm { op: id.0, state, psbt, complete: is_done.then_some(complete), problem })
}

/// Refuses to tell a token what others had signed: it could be sent by whoever reads it.
fn own(desk: &Desk, signing: &Signing) -> Result<(), RpcError> {
    match desk.authority().map(|by| &by.asker) {
        Some(asker @ Asker::Token(_)) if !signing.askers.contains(&asker.to_string()) => {
            let told = RpcError::new(Code::PolicyRefused, "others had this signed");
            Err(told.advising("asker", false, "ask for your own with billfold.signer.sign"))
        }
        _ => Ok(()),
    }
}

/// The signer that is named; none: whichever.
fn named(arguments: &Arguments) -> Result<BTreeSet<Fingerprint>, RpcError> {
    let Some(text) = arguments.text(1)? else { return Ok(BTreeSet::new()) };
    let fingerprint = text.parse().map_err(|_| {
        RpcError::parameter("fingerprint is not that of a master key: eight hexadecimal digits")
    })?;
    Ok(BTreeSet::from([fingerprint]))
}

#[derive(Debug, Serialize)]
struct SignersForm {
    signers: Vec<SignerForm>,
}

#[derive(Debug, Serialize)]
struct SignerForm {
    fingerprint: String,
    model: String,
    accounts: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DisplayedForm<'a> {
    address: &'a str,
    fingerprint: String,
}

#[derive(Debug, Serialize)]
struct RegisteredForm<'a> {
    account: &'a str,
    fingerprint: String,
    new: bool,
}

#[derive(Debug, Serialize)]
struct SignedForm {
    op: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    psbt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}
