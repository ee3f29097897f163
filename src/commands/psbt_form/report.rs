//! Owns the result of the commands about PSBTs, and where the PSBT itself goes.
//!
//! Refuses to replace a file.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use billfold_tui::warning;
use billfold_wallet_core::command::{Owner, PsbtReview};
use billfold_wallet_core::keychain::Branch;
use billfold_wallet_core::psbt::{PsbtForm, write};
use bitcoin::consensus::encode::serialize_hex;
use bitcoin::{OutPoint, Txid};
use serde::Serialize;

use super::picture;
use crate::cli::handing::{FormName, OutArgs};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report};

/// A PSBT and what is known of it.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct PsbtReport {
    psbt: String,
    file: Option<String>,
    /// Of the transaction as it will be sent; null while signatures could change it.
    txid: Option<Txid>,
    complete: bool,
    hex: Option<String>,
    draft: Option<u64>,
    fee: Option<u64>,
    inputs: Vec<InputForm>,
    outputs: Vec<OutputForm>,
    warnings: Vec<WarningForm>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct InputForm {
    coin: OutPoint,
    amount: Option<u64>,
    proven: bool,
    address: Option<String>,
    #[serde(flatten)]
    owner: OwnerForm,
    signatures: usize,
    finished: bool,
}

#[derive(Debug, Serialize)]
struct OutputForm {
    amount: u64,
    address: Option<String>,
    script: String,
    #[serde(flatten)]
    owner: OwnerForm,
}

/// Where in the wallet something is; all null if it is not the wallet's.
#[derive(Debug, Serialize)]
struct OwnerForm {
    ours: bool,
    account: Option<String>,
    change: Option<bool>,
    index: Option<u32>,
}

#[derive(Debug, Serialize)]
struct WarningForm {
    name: &'static str,
    message: String,
}

impl PsbtReport {
    /// A report whose text for people is given.
    pub(in crate::commands) fn new(review: &PsbtReview, text: String) -> Self {
        let address = |address: &bitcoin::Address| address.to_string();
        let inputs = review.inputs.iter().map(|input| InputForm {
            coin: input.outpoint,
            amount: input.amount.map(bitcoin::Amount::to_sat),
            proven: input.proven,
            address: input.address.as_ref().map(address),
            owner: OwnerForm::new(input.owner.as_ref()),
            signatures: input.signatures,
            finished: input.finished,
        });
        let outputs = review.outputs.iter().map(|output| OutputForm {
            amount: output.amount.to_sat(),
            address: output.address.as_ref().map(address),
            script: output.script.to_hex_string(),
            owner: OwnerForm::new(output.owner.as_ref()),
        });
        let warnings = review.warnings.iter().map(|warning| WarningForm {
            name: picture::name(warning),
            message: warning::of_psbt(warning),
        });
        Self {
            psbt: review.psbt.to_string(),
            file: None,
            txid: review.complete.as_ref().map(bitcoin::Transaction::compute_txid),
            complete: review.complete.is_some(),
            hex: review.complete.as_ref().map(serialize_hex),
            draft: review.draft.map(|draft| draft.0),
            fee: review.fee.map(bitcoin::Amount::to_sat),
            inputs: inputs.collect(),
            outputs: outputs.collect(),
            warnings: warnings.collect(),
            text,
        }
    }
}

impl OwnerForm {
    fn new(owner: Option<&Owner>) -> Self {
        Self {
            ours: owner.is_some(),
            account: owner.map(|owner| owner.account.to_string()),
            change: owner.map(|owner| owner.branch == Branch::Change),
            index: owner.map(|owner| owner.index.to_u32()),
        }
    }
}

impl Report for PsbtReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.text.clone()
    }
}

/// Gives a PSBT out: into a file, or as the result. `told` is what a person hears beside it.
///
/// # Errors
/// `file_exists`, `io`.
pub(in crate::commands) fn give(
    review: &PsbtReview,
    out: &OutArgs,
    told: &str,
    context: &mut Context,
) -> Result<(), Failure> {
    let form = match (out.form, &out.out) {
        (Some(FormName::Base64), _) | (None, None) => PsbtForm::Base64,
        (Some(FormName::Hex), _) => PsbtForm::Hex,
        (Some(FormName::Binary), _) | (None, Some(_)) => PsbtForm::Binary,
    };
    let bytes = write(&review.psbt, form);
    let report = if let Some(path) = &out.out {
        create(path, &bytes, form).map_err(|error| unwritable(path, &error))?;
        let name = path.display().to_string();
        let mut report = PsbtReport::new(review, format!("Written to {name}. {told}"));
        report.file = Some(name);
        report
    } else {
        context.output.say(told);
        // What is printed is text: the arguments were checked for that.
        PsbtReport::new(review, String::from_utf8(bytes).unwrap_or_default())
    };
    context.output.result(&report)
}

impl OutArgs {
    /// Whether the PSBT can be given out so; before anything is done.
    ///
    /// # Errors
    /// `file_exists`, `usage`.
    pub(in crate::commands) fn check(&self) -> Result<(), Failure> {
        match &self.out {
            None if self.form == Some(FormName::Binary) => {
                let message = "bytes are not printed: write them with --out FILE";
                Err(Failure::new(Kind::Usage, message))
            }
            Some(path) if path.symlink_metadata().is_ok() => {
                Err(unwritable(path, &io::ErrorKind::AlreadyExists.into()))
            }
            _ => Ok(()),
        }
    }
}

fn create(path: &Path, bytes: &[u8], form: PsbtForm) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    if form != PsbtForm::Binary {
        file.write_all(b"\n")?;
    }
    file.sync_all()
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display().to_string();
    if error.kind() == io::ErrorKind::AlreadyExists {
        let message = format!("{path} is there already: name a file that is not");
        return Failure::new(Kind::FileExists, message).with("path", path);
    }
    Failure::new(Kind::Io, format!("the PSBT can't be written to {path}: {error}"))
        .with("path", path)
}
