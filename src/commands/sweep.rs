//! Owns `sweep`: the money of another key, or of other words, in one payment to this wallet.
//!
//! Refuses keys on the command line. They stay in this program's memory, sign once and are wiped;
//! the wallet never has them.

use billfold_wallet_core::command::{Birthday, Command, Reply, SweepDraft, SweepRequest};
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::seed::Seed;
use billfold_wallet_core::service::{Access, Reach};
use billfold_wallet_core::signers::{
    ExtendedKey, Keys, ParseKeyError, Signer, SingleKey, SoftwareSigner,
};
use bitcoin::{Amount, Network, Psbt};
use zeroize::Zeroizing;

use crate::cli::handing::SweepArgs;
use crate::commands::agreement::Agreement;
use crate::commands::pay;
use crate::commands::psbt_form::picture;
use crate::commands::psbt_form::report::PsbtReport;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::figures;
use crate::password;
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};
use crate::terminal::Terminal;
use crate::words::passphrase::{self, Asked};
use crate::words::reading;

/// Sweeps.
///
/// # Errors
/// `bad_key`, `bad_words`, `nothing_to_sweep`, `refused`, and all that `sync` can fail with.
pub(super) async fn run(options: &SweepArgs, context: &mut Context) -> Result<(), Failure> {
    let network = context.run.settings.network;
    let fee = pay::fee::read(&options.fee)?;
    let most_fee = pay::fee::most(&options.fee)?;
    let consent = (!options.consent.dry_run)
        .then(|| Agreement::choose(options.consent.yes, context.run.style.plain))
        .transpose()?;
    let keys = keys(options, context).await?;
    let request = SweepRequest {
        sources: keys.sources(options.accounts, network),
        from: options.birthday.map_or(Birthday::Height(Height::GENESIS), |birthday| birthday.0),
        gap: options.gap,
    };
    let work = async |session: &mut Session, context: &mut Context| {
        let draft = found(session, context, request, Command::DraftSweep { fee, most_fee }).await?;
        let Some(agreement) = consent else { return Ok(Err(draft)) };
        agreement.reached(&told(&draft), "Bring this here? [y/N] ", context).await?;
        let signed = signed(&draft, keys)?;
        let payment = match session.ask_to_the_end(Command::AnnouncePsbt(Box::new(signed))).await? {
            Reply::Payment(payment) => *payment,
            reply => return Err(unexpected(&reply)),
        };
        Ok(Ok(pay::follow_out(session, context, payment).await?))
    };
    match Session::with(context, Access::View, Reach::Online, work).await? {
        Ok(report) => context.output.result(&report),
        Err(draft) => {
            let text = format!("{}\nNothing was signed or sent.", told(&draft));
            context.output.result(&PsbtReport::new(&draft.review, text))
        }
    }
}

/// Looks for the coins, to the peers' tip, and builds their payment.
async fn found(
    session: &mut Session,
    context: &mut Context,
    request: SweepRequest,
    draft: Command,
) -> Result<SweepDraft, Failure> {
    match session.ask(Command::Sweep(Box::new(request)), context).await? {
        Reply::Done => {}
        reply => return Err(unexpected(&reply)),
    }
    follow(session, context, Patience::WhileItMoves).await?;
    match session.ask(draft, context).await? {
        Reply::Sweep(draft) => Ok(*draft),
        reply => Err(unexpected(&reply)),
    }
}

/// Signs with the keys, which end here.
fn signed(draft: &SweepDraft, keys: Keys) -> Result<Psbt, Failure> {
    let mut psbt = draft.review.psbt.clone();
    let mut signer = SoftwareSigner::with_keys(keys);
    signer.sign(&mut psbt).map_err(|problem| {
        Failure::new(Kind::SigningFailed, format!("signing failed: {problem}"))
    })?;
    Ok(psbt)
}

fn told(draft: &SweepDraft) -> String {
    let mut text = picture::of(&draft.review);
    if draft.left > Amount::ZERO {
        let left = figures::amount(draft.left);
        text.push_str("\n! ");
        text.push_str(&left);
        text.push_str(
            " more were found and stay where they are: too young, not worth their fee, or too \
             much for one transaction",
        );
    }
    text
}

async fn keys(options: &SweepArgs, context: &mut Context) -> Result<Keys, Failure> {
    let network = context.run.settings.network;
    if options.words || options.words_file.is_some() {
        let words = reading::words(options.words_file.as_deref(), context).await?;
        let asked =
            Asked { terminal: options.passphrase, file: options.passphrase_file.as_deref() };
        let passphrase = passphrase::chosen(asked, context)?;
        return Ok(Keys::Seed(Seed::new(&words, &passphrase), network));
    }
    let text = if let Some(path) = &options.key_file {
        let line = password::first_line(path, "the key")?;
        let text = std::str::from_utf8(&line).map_err(|_| ParseKeyError::NotAKey)?;
        Zeroizing::new(text.to_owned())
    } else {
        let advice = "give the key with --key-file FILE, or - for standard input";
        Terminal::open(context.run.style.plain, advice)?.ask_hidden("Private key: ")?
    };
    parsed(&text, network)
}

fn parsed(text: &str, network: Network) -> Result<Keys, Failure> {
    match SingleKey::parse(text, network) {
        Err(ParseKeyError::NotAKey) => Ok(Keys::Extended(ExtendedKey::parse(text, network)?)),
        key => Ok(Keys::Single(key?)),
    }
}
