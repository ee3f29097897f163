//! Owns the options of commands that move money or keep it from moving, with their examples.

use std::path::PathBuf;

use billfold_wallet_core::keychain::AccountName;
use bitcoin::{OutPoint, Txid};
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::ids::{parse_coin, parse_txid};
use super::signer::SignerArgs;

/// Options of `receive`.
#[derive(Debug, Args)]
pub(crate) struct ReceiveArgs {
    /// Ask for this much
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) amount: Option<String>,
    /// What it is for; kept as the address's label and written into the URI
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// How many days the request stands; after that it is listed as expired (with --amount)
    #[arg(long, value_name = "DAYS", requires = "amount",
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) expires: Option<u32>,
    /// Give the next address even if the last one is unpaid
    #[arg(long)]
    pub(crate) new: bool,
}

/// Options of `pay`.
#[derive(Debug, Args)]
pub(crate) struct PayCommandArgs {
    /// What to pay.
    #[command(flatten)]
    pub(crate) pay: PayArgs,
    /// Who signs, if not this wallet.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// What to pay, and how.
#[derive(Debug, Args)]
pub(crate) struct PayArgs {
    /// Whom: an address or a `bitcoin:` URI
    #[arg(value_name = "TO", required_unless_present = "file")]
    pub(crate) to: Option<String>,
    /// How much: `25k`, `25000sat`, `0.001btc` or `max`
    #[arg(value_name = "AMOUNT|max")]
    pub(crate) amount: Option<String>,
    /// Pay many: lines of ADDRESS,AMOUNT or ADDRESS,AMOUNT,NOTE
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "amount"])]
    pub(crate) file: Option<PathBuf>,
    /// What it may cost.
    #[command(flatten)]
    pub(crate) fee: FeeArgs,
    /// Spend exactly these coins
    #[arg(long, value_name = "TXID:N,…", value_delimiter = ',', value_parser = parse_coin)]
    pub(crate) coins: Vec<OutPoint>,
    /// Pay from this account; without it, from those that need no other signer
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<AccountName>,
    /// Choose only among coins with this label; may be given again
    #[arg(long, value_name = "TEXT", conflicts_with = "coins")]
    pub(crate) from_label: Vec<String>,
    /// What it is for; kept as the payment's label
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// The same key and payment is paid once, however often it is asked
    #[arg(long, value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) idempotency_key: Option<String>,
    /// Who agrees.
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    /// With --yes: pay even if the address looks like another one that is known here
    #[arg(long, requires = "yes")]
    pub(crate) allow_look_alike: bool,
}

/// Options of every command that costs a fee.
#[derive(Debug, Args)]
pub(crate) struct FeeArgs {
    /// Satoshi per virtual byte, for example 2.5
    #[arg(long, value_name = "RATE", conflicts_with_all = ["fee", "target"])]
    pub(crate) fee_rate: Option<String>,
    /// The whole fee
    #[arg(long, value_name = "AMOUNT", conflicts_with = "target")]
    pub(crate) fee: Option<String>,
    /// Pay what it takes to be in one of the next N blocks, as `fees` shows it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1008))]
    pub(crate) target: Option<u16>,
    /// The most that the fee may be; up to this, more than a quarter of what is paid is allowed too
    /// [default: a quarter of what is paid, and never more than 0.1btc]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_fee: Option<String>,
}

/// Options of every command that asks before it signs.
#[derive(Debug, Args)]
pub(crate) struct ConsentArgs {
    /// Show the review, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agree to the review without being asked
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Options of `bump`.
#[derive(Debug, Args)]
pub(crate) struct BumpArgs {
    /// Which transaction; `history` lists them
    #[arg(value_name = "TXID", value_parser = parse_txid)]
    pub(crate) txid: Txid,
    /// What it may cost.
    #[command(flatten)]
    pub(crate) fee: FeeArgs,
    /// Replace it, even if payments that stand on it fall with it
    #[arg(long, conflicts_with = "child")]
    pub(crate) replace: bool,
    /// Leave it, and pay for it with a payment to ourselves
    #[arg(long)]
    pub(crate) child: bool,
    /// Who agrees.
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    /// Who signs, if not this wallet.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// Options of `cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// Which payment; `history` lists them
    #[arg(value_name = "TXID", value_parser = parse_txid)]
    pub(crate) txid: Txid,
    /// What it may cost.
    #[command(flatten)]
    pub(crate) fee: FeeArgs,
    /// Who agrees.
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
    /// Who signs, if not this wallet.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// Options of `forget`.
#[derive(Debug, Args)]
pub(crate) struct ForgetArgs {
    /// Which payment; `history` lists them
    #[arg(value_name = "TXID", value_parser = parse_txid)]
    pub(crate) txid: Txid,
}

/// Options of `freeze` and `unfreeze`.
#[derive(Debug, Args)]
pub(crate) struct FreezeArgs {
    /// Which; `coins` lists them
    #[arg(value_name = "TXID:N", required = true, value_parser = parse_coin)]
    pub(crate) coins: Vec<OutPoint>,
}

/// Options of `drafts`.
#[derive(Debug, Args)]
pub(crate) struct DraftsArgs {
    /// What to do with them [default: list them].
    #[command(subcommand)]
    pub(crate) action: Option<DraftsAction>,
}

/// What to do with drafts.
#[derive(Debug, Subcommand)]
pub(crate) enum DraftsAction {
    /// Give up a draft, and give its coins free
    Drop {
        /// Which
        #[arg(value_name = "NUMBER", required = true)]
        drafts: Vec<u64>,
    },
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
  billfold pay bc1q… 25k --target 12           in one of the next 12 blocks
  billfold pay 'bitcoin:bc1q…?amount=0.001'
  billfold pay bc1q… 25k --signer usb          sign with the device that is plugged in
  billfold pay --file wages.csv --yes --idempotency-key wages-2026-05";

pub(crate) const BUMP_EXAMPLES: &str = "\
An own payment is replaced by one with a higher fee; an incoming one, or one on which others stand, is
paid for by a child that spends what it pays here.

Examples:
  billfold bump 5f1b… --fee-rate 12
  billfold bump 5f1b… --target 2 --dry-run
  billfold bump 5f1b… --child                  leave it, and pay for it";

pub(crate) const CANCEL_EXAMPLES: &str = "\
The coins of the payment go back to this wallet with a higher fee, unless a block takes in the payment first.

Examples:
  billfold cancel 5f1b…
  billfold cancel 5f1b… --fee-rate 12 --yes";

pub(crate) const FORGET_EXAMPLES: &str = "\
For a payment that waits in vain: nobody took it, or somebody else spent what it spends. What a peer
was given or announced within two weeks can't be given up: nodes may hold it, and pay it. Take that
back with cancel.

Examples:
  billfold forget 5f1b…";

pub(crate) const FREEZE_EXAMPLES: &str = "\
Examples:
  billfold freeze 5f1b…:0
  billfold unfreeze 5f1b…:0 77ac…:1";

pub(crate) const DRAFTS_EXAMPLES: &str = "\
Examples:
  billfold drafts                              what is not signed yet, and holds coins
  billfold drafts drop 3";
