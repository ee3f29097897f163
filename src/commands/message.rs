//! Owns `message`: signed with the key of an address, and checked.
//!
//! Refuses to call a signature good or bad that it can't judge.

use std::io::{self, Read};

use billfold_wallet_core::command::{Command, MessageForm, Reply, SignedMessage};
use billfold_wallet_core::limits::MESSAGE_BYTES;
use billfold_wallet_core::message::{Signed, Verdict, verify};
use billfold_wallet_core::recipient::Payee;
use billfold_wallet_core::service::{Access, Reach};
use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signers::device;
use bitcoin::{Address, OutPoint};
use serde::Serialize;

use crate::cli::handing::{MessageCommand, MessageSignArgs, MessageVerifyArgs};
use crate::commands::owned::{account, place_of};
use crate::context::Context;
use crate::device::talk;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};
use crate::session::{Session, unexpected};

/// Carries out one of the two.
///
/// # Errors
/// As [`sign`] and [`check`].
pub(super) async fn run(command: MessageCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        MessageCommand::Sign(options) => sign(&options, context).await,
        MessageCommand::Verify(options) => check(&options, context),
    }
}

/// Signs a message.
///
/// # Errors
/// `not_our_address`, `invalid_address`, `message_too_long`, or why nothing is signed.
async fn sign(options: &MessageSignArgs, context: &mut Context) -> Result<(), Failure> {
    let address = address(&options.address, context)?;
    let message = message(&options.message)?;
    if let Some(place) = options.signer.signer.clone() {
        return sign_by_device(address, message, place, context).await;
    }
    let command = Command::SignMessage { address: address.clone(), message, newer: options.bip322 };
    let reply = Session::with(context, Access::Sign, Reach::Offline, async |session, context| {
        session.ask(command, context).await
    })
    .await?;
    let Reply::Message(signed) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&SignReport::new(&address, signed))
}

/// Has a device sign a message, which shows it; what comes back is verified.
///
/// # Errors
/// `not_our_address`, `message_too_long`, or why the device did not sign.
async fn sign_by_device(
    address: Address,
    message: String,
    place: Place,
    context: &mut Context,
) -> Result<(), Failure> {
    let wanted = address.clone();
    let work = async |session: &mut Session, context: &mut Context| {
        let at = place_of(session, context, Some(wanted)).await?;
        let account = account(session, context, &at.account).await?;
        Ok((at, account))
    };
    let (at, account) = Session::with(context, Access::View, Reach::Offline, work).await?;
    let network = context.run.settings.network;
    let (branch, index) = (at.keychain.branch, at.index);
    let signed = talk(context, move |watch| {
        let expected = account.descriptor().signers().into_iter().collect();
        let mut device = device::open(&place, network, &expected, watch)?;
        Ok::<_, Failure>(device::sign_message(
            device.as_mut(),
            &account,
            branch,
            index,
            &message,
            watch,
        )?)
    })
    .await?;
    context.output.result(&SignReport::new(&address, signed))
}

/// Checks a signature.
///
/// # Errors
/// `bad_signature`, `inconclusive`, `invalid_address`.
fn check(options: &MessageVerifyArgs, context: &mut Context) -> Result<(), Failure> {
    let address = address(&options.address, context)?;
    let message = message(&options.message)?;
    match verify(&address, &message, &options.signature) {
        Verdict::Valid(signed) => context.output.result(&VerifyReport::new(&address, &signed)),
        Verdict::Inconclusive(doubt) => {
            Err(Failure::new(Kind::Inconclusive, format!("nothing can be said: {doubt}")))
        }
        Verdict::Invalid(flaw) => Err(Failure::new(Kind::BadSignature, flaw.to_string())),
    }
}

fn address(text: &str, context: &Context) -> Result<Address, Failure> {
    Ok(Payee::parse(text, context.run.settings.network)?.address)
}

fn message(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    let most = MESSAGE_BYTES as u64 + 1;
    io::stdin().lock().take(most).read_to_string(&mut text).map_err(|error| {
        Failure::new(Kind::Io, format!("the message can't be read from standard input: {error}"))
    })?;
    Ok(text)
}

/// A message that was signed.
#[derive(Debug, Serialize)]
struct SignReport {
    address: String,
    form: &'static str,
    signature: String,
}

impl SignReport {
    fn new(address: &Address, signed: SignedMessage) -> Self {
        Self { address: address.to_string(), form: signed.form.name(), signature: signed.signature }
    }
}

impl Report for SignReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.signature.clone()
    }
}

/// A signature that holds.
#[derive(Debug, Serialize)]
struct VerifyReport {
    valid: bool,
    address: String,
    form: &'static str,
    /// Raw, as in a transaction; 0: at any time.
    lock_time: u32,
    /// Raw, as in a transaction; 0: at once.
    sequence: u32,
    /// Outputs that the signer says they could spend too; nobody looked whether they exist.
    funds: Vec<OutPoint>,
}

impl VerifyReport {
    fn new(address: &Address, signed: &Signed) -> Self {
        Self {
            valid: true,
            address: address.to_string(),
            form: signed.form.name(),
            lock_time: signed.lock_time.to_consensus_u32(),
            sequence: signed.sequence.to_consensus_u32(),
            funds: signed.funds.clone(),
        }
    }
}

impl Report for VerifyReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let mut text =
            format!("Valid: whoever can sign for {} signed exactly this message.", self.address);
        if self.form == MessageForm::Legacy.name() {
            text.push_str(" The signature is of the older form.");
        }
        if self.lock_time != 0 || self.sequence != 0 {
            text.push_str("\nThe address has a time lock: the signer could not spend at once.");
        }
        if !self.funds.is_empty() {
            text.push_str("\nIt names further outputs; whether they exist was not looked up.");
        }
        text
    }
}
