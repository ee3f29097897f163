//! Owns `wallets`: which wallets are in the data directory, on which networks.
//!
//! Refuses to open them: what a wallet is, is behind its password (`describe` tells).

use billfold_wallet_core::service;
use serde::Serialize;

use crate::cli::NetworkName;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table::{Column, Table};
use crate::output::{Canvas, Report};

/// Lists the wallets of every network.
///
/// # Errors
/// Why a directory can't be read.
pub(super) fn run(context: &mut Context) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for network in NetworkName::ALL {
        let mut settings = context.run.settings.clone();
        settings.network = network.network();
        for wallet in service::wallets(&settings)? {
            let chosen = settings.network == context.run.settings.network
                && wallet == context.run.settings.wallet;
            rows.push(Row { wallet: wallet.to_string(), network: network.name(), chosen });
        }
    }
    context.output.result(&WalletsReport(rows))
}

/// An array of wallets.
#[derive(Debug, Serialize)]
struct WalletsReport(Vec<Row>);

/// A wallet; `chosen` is the one that commands with these options use.
#[derive(Debug, Serialize)]
struct Row {
    wallet: String,
    network: &'static str,
    chosen: bool,
}

impl Report for WalletsReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        if self.0.is_empty() {
            return "No wallets. Next: billfold new, restore or watch".to_owned();
        }
        let mut table =
            Table::new([Column::left("Wallet"), Column::left("Network"), Column::left("")]);
        for Row { wallet, network, chosen } in &self.0 {
            let mark = if *chosen { "(used now)" } else { "" };
            table.row([wallet.clone(), (*network).to_owned(), mark.to_owned()]);
        }
        table.text()
    }
}
