//! Owns `search`: what in the wallet holds a text, or is an amount.

use billfold_wallet_core::command::{Command, Finding, Reply};
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::SignedAmount;
use bitcoin::amount::serde::as_sat;
use serde::Serialize;

use crate::cli::lists::SearchArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table::{Column, Table};
use crate::output::{Canvas, Report, figures};
use crate::session::{Session, unexpected};

/// Searches.
///
/// # Errors
/// Why the wallet did not open or answer.
pub(super) async fn run(options: SearchArgs, context: &mut Context) -> Result<(), Failure> {
    let SearchArgs { text, limit } = options;
    let command = Command::Search { text, limit };
    let reply = Session::with(context, Access::View, Reach::Offline, async |session, context| {
        session.ask(command, context).await
    })
    .await?;
    let Reply::Found(findings) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&SearchReport(findings.iter().map(Row::new).collect()))
}

/// An array of findings.
#[derive(Debug, Serialize)]
struct SearchReport(Vec<Row>);

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

impl Report for SearchReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        if self.0.is_empty() {
            return "Nothing found.".to_owned();
        }
        let mut table =
            Table::new([Column::left("What"), Column::left("Found in"), Column::right("Amount")]);
        for row in &self.0 {
            let amount = row.amount.map_or_else(String::new, figures::net);
            let label = figures::foreign(row.label.as_deref().unwrap_or_default());
            let cells = [row.r#type.to_owned(), row.matched.to_owned(), amount];
            table.row_over(cells, &[row.r#ref.clone(), label]);
        }
        table.text()
    }
}
