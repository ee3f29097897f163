//! Owns `search`: what in the wallet holds a text, or is an amount.

use billfold_wallet_core::command::{Command, Finding, Reply};
use bitcoin::SignedAmount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use crate::cli::lists::SearchArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::figures;
use crate::output::list::{List, Listed};
use crate::output::table::Column;
use crate::session::{Session, unexpected};

/// Searches.
///
/// # Errors
/// Why the wallet did not open or answer.
pub(super) async fn run(options: SearchArgs, context: &mut Context) -> Result<(), Failure> {
    let SearchArgs { text, limit } = options;
    let command = Command::Search { text, limit };
    let reply = Session::ask_stored(command, context).await?;
    let Reply::Found(findings) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&findings.iter().map(Row::new).collect::<List<_, 3>>())
}

#[derive(Debug, Serialize)]
struct Row {
    r#type: &'static str,
    r#ref: String,
    matched: &'static str,
    label: Option<String>,
    #[serde(with = "as_sat::opt")]
    amount: Option<SignedAmount>,
}

impl Row {
    fn new(finding: &Finding) -> Self {
        Self {
            r#type: finding.reference.kind(),
            r#ref: finding.reference.to_string(),
            matched: finding.matched.name(),
            label: finding.label.clone(),
            amount: finding.amount,
        }
    }
}

impl Listed<3> for Row {
    const HEAD: [Column; 3] =
        [Column::left("What"), Column::left("Found in"), Column::right("Amount")];
    const NONE: &'static str = "Nothing found.";

    fn cells(&self) -> [String; 3] {
        let amount = self.amount.map_or_else(String::new, figures::net);
        [self.r#type.to_owned(), self.matched.to_owned(), amount]
    }

    fn below(&self) -> Vec<String> {
        let label = figures::foreign(self.label.as_deref().unwrap_or_default());
        vec![self.r#ref.clone(), label]
    }
}
