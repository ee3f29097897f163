//! Owns `rpc --getinfo`: what several methods tell of a daemon, on one page.
//!
//! Amounts stay as they were written: they are not read as numbers.

use std::fmt::Write as _;

use billfold_rpc::client::{self, AskError, Question};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Asker;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};

/// Asks for the page and writes it.
///
/// # Errors
/// As any call.
pub(super) async fn run(
    asker: &Asker,
    wallet: Option<String>,
    context: &mut Context,
) -> Result<(), Failure> {
    let chain: State = read(&asked(asker, None, "getblockchaininfo", context).await?)?;
    let network: Network = read(&asked(asker, None, "getnetworkinfo", context).await?)?;
    let names: Vec<String> = match wallet {
        Some(name) => vec![name],
        None => read(&asked(asker, None, "listwallets", context).await?)?,
    };
    let mut wallets = Vec::new();
    for name in names {
        let told = asked(asker, Some(name.clone()), "getbalances", context).await?;
        let Balances { mine } = read(&told)?;
        wallets.push(Purse { name, balance: mine });
    }
    context.output.result(&Overview { chain, network, wallets })
}

async fn asked(
    asker: &Asker,
    wallet: Option<String>,
    method: &str,
    context: &mut Context,
) -> Result<Box<RawValue>, Failure> {
    let params = client::arguments(method, &[], false)?;
    let question = Question { wallet, method: method.to_owned(), params };
    asker.ask(&question, context).await
}

fn read<'a, T: Deserialize<'a>>(told: &'a RawValue) -> Result<T, Failure> {
    serde_json::from_str(told.get()).map_err(|_| AskError::NoReply { status: 200 }.into())
}

/// The page.
#[derive(Debug, Serialize)]
struct Overview {
    #[serde(flatten)]
    chain: State,
    network: Network,
    wallets: Vec<Purse>,
}

#[derive(Debug, Serialize, Deserialize)]
struct State {
    chain: String,
    blocks: u64,
    headers: u64,
    verificationprogress: f64,
    warnings: Value,
}

#[derive(Debug, Serialize, Deserialize)]
struct Network {
    version: u64,
    subversion: String,
    connections: u64,
    connections_in: u64,
    connections_out: u64,
}

#[derive(Debug, Serialize)]
struct Purse {
    name: String,
    balance: Balance,
}

#[derive(Debug, Deserialize)]
struct Balances {
    mine: Balance,
}

#[derive(Debug, Serialize, Deserialize)]
struct Balance {
    trusted: Box<RawValue>,
    untrusted_pending: Box<RawValue>,
    immature: Box<RawValue>,
}

impl Report for Overview {
    fn for_people(&self, _canvas: Canvas) -> String {
        let State { chain, blocks, headers, verificationprogress, warnings } = &self.chain;
        let Network { subversion, connections, connections_in, connections_out, .. } =
            &self.network;
        let mut text = format!(
            "Chain: {}\nBlocks: {blocks}\nHeaders: {headers}\nVerification progress: {:.4}%\n\
             Network: in {connections_in}, out {connections_out}, total {connections}\nVersion: {}",
            figures::foreign(chain),
            verificationprogress * 100.0,
            figures::foreign(subversion),
        );
        for Purse { name, balance } in &self.wallets {
            let Balance { trusted, untrusted_pending, immature } = balance;
            let name = figures::foreign(name);
            let _ = write!(
                text,
                "\nWallet {name}: {trusted}, pending {untrusted_pending}, immature {immature}"
            );
        }
        for warning in warnings.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let _ = write!(text, "\nWarning: {}", figures::foreign(warning));
        }
        text
    }
}
