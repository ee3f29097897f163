//! Owns the options of commands that move money, with their examples.

use std::path::PathBuf;

use bitcoin::OutPoint;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Options of `receive`.
#[derive(Debug, Args)]
pub(crate) struct ReceiveArgs {
    /// Ask for this much
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) amount: Option<String>,
    /// What it is for; kept as the address's label and written into the URI
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Give the next address even if the last one is unpaid
    #[arg(long)]
    pub(crate) new: bool,
}

/// Options of `pay`.
#[derive(Debug, Args)]
pub(crate) struct PayArgs {
    /// Whom: an address or a `bitcoin:` URI
    #[arg(value_name = "TO", required_unless_present = "file")]
    pub(crate) to: Option<String>,
    /// How much: `25k`, `25000sat`, `0.001btc` or `max`
    #[arg(value_name = "AMOUNT|max")]
    pub(crate) amount: Option<String>,
    /// Pay many: lines of ADDRESS,AMOUNT
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "amount"])]
    pub(crate) file: Option<PathBuf>,
    /// Satoshi per virtual byte, for example 2.5
    #[arg(long, value_name = "RATE")]
    pub(crate) fee_rate: Option<String>,
    /// Spend exactly these coins
    #[arg(long, value_name = "TXID:N,…", value_delimiter = ',')]
    pub(crate) coins: Vec<OutPoint>,
    /// Show the review, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What it is for; kept as the payment's label
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// The same key and payment is paid once, however often it is asked
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) idempotency_key: Option<String>,
    /// Agree to the review without being asked
    #[arg(long)]
    pub(crate) yes: bool,
}

pub(crate) const RECEIVE_EXAMPLES: &str = "\
Examples:
  billfold receive
  billfold receive --amount 25k --note \"rent in May\"
  billfold receive --new --json";

pub(crate) const PAY_EXAMPLES: &str = "\
Amounts: 25k, 25000sat, 0.001btc, max. A bare number is satoshi.

Examples:
  billfold pay bc1q… 25k --dry-run
  billfold pay bc1q… max --fee-rate 1.5
  billfold pay 'bitcoin:bc1q…?amount=0.001'
  billfold pay --file wages.csv --yes --idempotency-key wages-2026-05";
