//! Owns the options of commands that follow the chain, with their examples.

use bitcoin::Txid;
use clap::Args;

use super::ids::parse_txid;

/// Options of `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Give up after this many seconds [default: after 60 without progress, later by proxy]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

/// Options of `prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// Which transaction; `history` lists them
    #[arg(value_name = "TXID", value_parser = parse_txid)]
    pub(crate) txid: Txid,
}

/// Options of `rescan`.
#[derive(Debug, Args)]
pub(crate) struct RescanArgs {
    /// The first block to scan [default: the wallet's birthday]
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) from: Option<u32>,
}

pub(crate) const SYNC_EXAMPLES: &str = "\
Examples:
  billfold sync --connect 127.0.0.1:8333
  billfold sync --timeout 600 --json";

pub(crate) const PROVE_EXAMPLES: &str = "\
Shows the block's header and those on top of it, the way from the transaction to the header's merkle
root, the filter's hash and header, and the peers that agree on it.

Examples:
  billfold prove 5f1b…
  billfold prove 5f1b… --json > proof.json     for somebody who has the header chain";
