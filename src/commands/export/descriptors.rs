//! Owns `export descriptors`: every account so that another program can take it.
//!
//! The text reads back with `watch --file` and `import descriptors`, and in Sparrow.

use std::fmt::Write as _;

use billfold_wallet_core::command::{AccountDescription, WalletDescription};
use billfold_wallet_core::keychain::{AccountDescriptor, Branch};
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::Network;
use serde::Serialize;

use super::destination;
use crate::cli::accounts::ExportDescriptorsArgs;
use crate::commands::account::form::PolicyForm;
use crate::commands::describe;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report};
use crate::session::Session;

/// Writes the descriptors of all accounts.
///
/// # Errors
/// `file_exists`, `io`, or why the wallet did not open or answer.
pub(super) async fn run(
    options: &ExportDescriptorsArgs,
    context: &mut Context,
) -> Result<(), Failure> {
    let wallet = Session::with(context, Access::View, Reach::Offline, describe::of).await?;
    let network = context.run.settings.network;
    let report = DescriptorsReport::new(&wallet, network)?;
    match &options.file {
        Some(path) => destination::write(path, &report.text(), report.0.len(), context),
        None => context.output.result(&report),
    }
}

/// An array of accounts.
#[derive(Debug, Serialize)]
struct DescriptorsReport(Vec<Row>);

/// An account; `receive` and `change` are for programs that know one branch to a descriptor.
#[derive(Debug, Serialize)]
struct Row {
    account: String,
    descriptor: String,
    receive: String,
    change: String,
    policy: Option<PolicyForm>,
}

impl DescriptorsReport {
    fn new(wallet: &WalletDescription, network: Network) -> Result<Self, Failure> {
        let rows = wallet.accounts.iter().map(|account| Row::new(account, network));
        Ok(Self(rows.collect::<Result<_, _>>()?))
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Row { account, descriptor, .. } in &self.0 {
            // Writing to a string can't fail.
            let _ = write!(text, "# {account}\n{descriptor}\n");
        }
        text
    }
}

impl Row {
    fn new(account: &AccountDescription, network: Network) -> Result<Self, Failure> {
        let descriptor = AccountDescriptor::parse(&account.descriptor, network)?;
        Ok(Self {
            account: account.name.to_string(),
            receive: descriptor.branch_text(Branch::Receive),
            change: descriptor.branch_text(Branch::Change),
            policy: account.policy.as_ref().map(PolicyForm::new),
            descriptor: account.descriptor.clone(),
        })
    }
}

impl Report for DescriptorsReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        self.text().trim_end().to_owned()
    }
}
