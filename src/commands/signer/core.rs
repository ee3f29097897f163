//! Owns `signer core`: what Bitcoin Core asks of the program that its `-signer` names
//! (`doc/external-signer.md`, "Signer API").
//!
//! Refuses to fail as a program does: Core reads errors from the answer, `{"error":…}` with exit
//! code 0.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read};

use billfold_wallet_core::keychain::{
    Account, AccountDescriptor, AccountId, AccountName, Branch, DerivationIndex, ScriptType,
};
use billfold_wallet_core::limits::PSBT_BYTES;
use billfold_wallet_core::psbt;
use billfold_wallet_core::signer_host::device::{Device, Networks};
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signer_host::search;
use billfold_wallet_core::signers::device;
use bitcoin::Network;
use bitcoin::bip32::Fingerprint;
use clap::Parser;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::signer::{ChainName, CoreAction, CoreArgs, CoreLine};
use crate::context::Context;
use crate::device::talk;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};

/// Answers Bitcoin Core.
///
/// # Errors
/// `io` if the answer can't be written.
pub(super) async fn run(options: CoreArgs, context: &mut Context) -> Result<(), Failure> {
    let answer = match answer(options, context).await {
        Ok(answer) => answer,
        Err(failure) => {
            let (error, code) = (failure.message(), failure.kind().code());
            json!({"error": error, "code": code, "name": failure.kind().name()})
        }
    };
    context.output.result(&CoreReport(answer))
}

async fn answer(options: CoreArgs, context: &mut Context) -> Result<Value, Failure> {
    let action = match (options.action, options.stdin) {
        (Some(action), false) => action,
        (None, true) => line_of(&mut io::stdin().lock())?,
        _ => return Err(Failure::new(Kind::Usage, "say what to do, here or with --stdin")),
    };
    let network = options.chain.map_or(context.run.settings.network, ChainName::network);
    let asked = Asked {
        place: options.signer.place(),
        network,
        expected: options.fingerprint.into_iter().collect(),
    };
    match action {
        CoreAction::Enumerate => enumerate(asked.place, context).await,
        CoreAction::Getdescriptors { account } => descriptors(asked, account, context).await,
        CoreAction::Displayaddress { desc } => display(asked, desc, context).await,
        CoreAction::Register { name, desc } => register(asked, name, &desc, context).await,
        CoreAction::Signtx { psbt } => sign(asked, &psbt, context).await,
    }
}

/// The device that is meant.
struct Asked {
    place: Place,
    network: Network,
    /// The fingerprint of its master key; empty: whichever.
    expected: BTreeSet<Fingerprint>,
}

/// No device is an empty list; one that can't be asked is told with its reason.
async fn enumerate(place: Place, context: &mut Context) -> Result<Value, Failure> {
    let found = talk(context, move |watch| {
        let greeted = match search::greet(&place) {
            Ok(greeted) => greeted,
            Err(error) => return Ok(Err(Failure::from(error))),
        };
        let about = greeted.about().clone();
        // Core does not say for which network it asks; a fingerprint is the same for all.
        let network = match about.networks {
            Networks::Test => Network::Testnet,
            Networks::Main | Networks::All => Network::Bitcoin,
        };
        let opened = greeted.unlock(network, watch).map(|device| device.fingerprint());
        Ok::<_, Failure>(Ok((about, opened)))
    })
    .await?;
    Ok(match found {
        Err(failure) if failure.kind() == Kind::NoSigner => json!([]),
        Err(failure) => json!([{"error": failure.message()}]),
        Ok((about, Ok(fingerprint))) => json!([{
            "fingerprint": fingerprint.to_string(),
            "type": "billfold",
            "model": about.model,
            "path": about.place.to_string(),
        }]),
        Ok((about, Err(error))) => json!([{
            "model": about.model,
            "path": about.place.to_string(),
            "error": error.to_string(),
        }]),
    })
}

async fn descriptors(
    asked: Asked,
    number: DerivationIndex,
    context: &mut Context,
) -> Result<Value, Failure> {
    let accounts = talk(context, move |watch| {
        let mut device = device::open(&asked.place, asked.network, &asked.expected, watch)?;
        device::accounts(device.as_mut(), ScriptType::Legacy, number)
    })
    .await?;
    let branch = |branch| {
        let texts = accounts.iter().map(|(_, descriptor)| descriptor.branch_text(branch));
        texts.collect::<Vec<_>>()
    };
    Ok(json!({"receive": branch(Branch::Receive), "internal": branch(Branch::Change)}))
}

async fn display(asked: Asked, text: String, context: &mut Context) -> Result<Value, Failure> {
    let displayed = talk(context, move |watch| {
        let mut device = device::open(&asked.place, asked.network, &asked.expected, watch)?;
        device::display_descriptor(device.as_mut(), &text, watch)
    })
    .await?;
    Ok(json!({"address": displayed.address.to_string()}))
}

async fn register(
    asked: Asked,
    name: AccountName,
    text: &str,
    context: &mut Context,
) -> Result<Value, Failure> {
    let descriptor = AccountDescriptor::parse(text, asked.network)?;
    let account = Account::new(AccountId::new(0), name, asked.network, descriptor, &[]);
    let registered = talk(context, move |watch| {
        let mut device = device::open(&asked.place, asked.network, &asked.expected, watch)?;
        device::register(device.as_mut(), &account, watch)
    })
    .await?;
    Ok(json!({"registered": registered.name, "new": registered.new}))
}

async fn sign(asked: Asked, text: &str, context: &mut Context) -> Result<Value, Failure> {
    let psbt = psbt::read(text.as_bytes())?;
    let signed = talk(context, move |watch| {
        let mut device = device::open(&asked.place, asked.network, &asked.expected, watch)?;
        device::sign(device.as_mut(), &psbt, watch)
    })
    .await?;
    Ok(json!({"psbt": signed.to_string(), "signed": true}))
}

/// What the first line says is to be done.
fn line_of(input: &mut dyn BufRead) -> Result<CoreAction, Failure> {
    let mut line = String::new();
    let most = u64::try_from(PSBT_BYTES).unwrap_or(u64::MAX).saturating_mul(2);
    input.take(most).read_line(&mut line).map_err(|error| {
        Failure::new(Kind::Io, format!("standard input can't be read: {error}"))
    })?;
    let words = std::iter::once("core").chain(line.split_whitespace());
    let parsed = CoreLine::try_parse_from(words);
    parsed
        .map(|line| line.action)
        .map_err(|_| Failure::new(Kind::Usage, "standard input says nothing that a signer does"))
}

/// Bitcoin Core reads the same whatever people ask for.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct CoreReport(Value);

impl Report for CoreReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_hands_the_psbt_over_on_standard_input() {
        let action = line_of(&mut b"signtx cHNidP8BAA==\n".as_slice()).expect("a line");
        assert!(matches!(action, CoreAction::Signtx { psbt } if psbt == "cHNidP8BAA=="));
        for line in ["", "\n", "wipe", "signtx", "signtx a b"] {
            let failure = line_of(&mut line.as_bytes()).expect_err("nothing to do");
            assert_eq!(failure.kind(), Kind::Usage, "{line}");
        }
    }
}
