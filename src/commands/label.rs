//! Owns `label`: what is said of a transaction, an output, an address or a key.

use billfold_wallet_core::command::{Command, Label, LabelQuery, Reference, Reply};
use serde::Serialize;

use crate::cli::labelling::LabelArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

/// Says something of a thing, or shows what was said.
///
/// # Errors
/// `bad_reference`, `wrong_network`, or why the wallet did not open or answer.
pub(super) async fn run(options: LabelArgs, context: &mut Context) -> Result<(), Failure> {
    let reference = Reference::typed(&options.reference, context.run.settings.network)?;
    let command = match (options.text, options.remove) {
        (None, false) => Command::Labels(LabelQuery::Of(reference.clone())),
        (label, _) => Command::Label { reference: reference.clone(), label },
    };
    let reply = Session::ask_stored(command, context).await?;
    let Reply::Labels(labels) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&LabelReport::new(&reference, labels.first()))
}

/// What is said of a thing.
#[derive(Debug, Serialize)]
struct LabelReport {
    r#type: &'static str,
    r#ref: String,
    label: Option<String>,
    spendable: Option<bool>,
}

impl LabelReport {
    fn new(reference: &Reference, said: Option<&Label>) -> Self {
        Self {
            r#type: reference.kind(),
            r#ref: reference.to_string(),
            label: said.and_then(|said| said.label.clone()),
            spendable: said.and_then(|said| said.spendable),
        }
    }
}

impl Report for LabelReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        match &self.label {
            Some(label) => figures::foreign(label),
            None => format!("Nothing is said of {}.", self.r#ref),
        }
    }
}
