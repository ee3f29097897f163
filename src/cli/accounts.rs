//! Owns the options of commands about accounts and descriptors, with their examples.

use std::path::PathBuf;

use billfold_wallet_core::keychain::{AccountName, DerivationIndex, ScriptType};
use clap::{Args, Subcommand, ValueEnum};

use billfold_tui::birthday::BirthdayArg;

/// Options of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// What to watch.
    #[command(flatten)]
    pub(crate) source: AccountSource,
    /// What the account is to be called [default: its type, multisig or policy]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<AccountName>,
    /// No payment is older than this block height or month [default: as old as the types can be]
    #[arg(long, value_name = "HEIGHT|YYYY-MM")]
    pub(crate) birthday: Option<BirthdayArg>,
    /// How many unused addresses in a row end the search [default: 200, and 50 of change]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) gap: Option<u32>,
}

/// Where accounts come from: text, a file, or keys and a policy.
#[derive(Debug, Args)]
pub(crate) struct AccountSource {
    /// A descriptor with both branches, the two of one branch each, or an xpub, ypub or zpub
    #[arg(value_name = "DESCRIPTOR|XPUB")]
    pub(crate) text: Vec<String>,
    /// Read them from FILE: descriptors, or an export of Sparrow, Specter, Coldcard, Bitcoin Core
    /// or BSMS; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    pub(crate) file: Option<PathBuf>,
    /// What an xpub is for that does not say it: taproot, segwit, nested or legacy
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) script_type: Option<ScriptType>,
    /// A policy to build.
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

/// A policy to build from keys.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// K of the keys sign
    #[arg(long, value_name = "K", conflicts_with_all = ["heir", "expanding", "text", "file"],
          requires = "key")]
    pub(crate) multisig: Option<usize>,
    /// The first key signs; the second one too, once a coin has lain for --after
    #[arg(long, conflicts_with_all = ["expanding", "text", "file"], requires_all = ["key", "after"])]
    pub(crate) heir: bool,
    /// K of the keys sign; any one of them, once a coin has lain for --after
    #[arg(long, value_name = "K", conflicts_with_all = ["text", "file"],
          requires_all = ["key", "after"])]
    pub(crate) expanding: Option<usize>,
    /// A key, with its origin: [fingerprint/path]xpub…; `mine` is this wallet's. One for each
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<String>,
    /// How long: months as 6m, or blocks as 4380
    #[arg(long, value_name = "MONTHS|BLOCKS")]
    pub(crate) after: Option<WaitArg>,
    /// What holds it
    #[command(flatten)]
    pub(crate) script: ScriptOption,
}

/// Which kind of script holds a policy.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct ScriptOption {
    /// The kind of script
    #[arg(
        long,
        value_name = "segwit|nested|taproot",
        default_value = "segwit",
        hide_possible_values = true
    )]
    pub(crate) script: ScriptArg,
}

/// A kind of script that holds a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScriptArg {
    /// `wsh`.
    Segwit,
    /// `sh(wsh)`.
    Nested,
    /// `tr`.
    Taproot,
}

/// How many blocks to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitArg(pub(crate) u16);

impl std::str::FromStr for WaitArg {
    type Err = ParseWaitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let blocks = match text.strip_suffix('m') {
            Some(months) => {
                let months: u32 = months.parse().map_err(|_| ParseWaitError)?;
                months.saturating_mul(BLOCKS_PER_MONTH)
            }
            None => text.parse().map_err(|_| ParseWaitError)?,
        };
        u16::try_from(blocks).ok().filter(|blocks| *blocks > 0).map(Self).ok_or(ParseWaitError)
    }
}

/// The text is no time to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a wait: write months as 1m to 14m, or blocks, at most 65535 (BIP68)")]
pub(crate) struct ParseWaitError;

/// Blocks in a month: a twelfth of a year of 365.25 days, one every ten minutes.
pub(crate) const BLOCKS_PER_MONTH: u32 = 4_383;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List the accounts, who may spend each, and when; needs no network
    List,
    /// Add an account: of this wallet's words, of a descriptor, or by a policy
    #[command(after_help = ACCOUNT_ADD_EXAMPLES)]
    Add(AccountAddArgs),
    /// Show this wallet's key for a policy, to give to the others who sign
    Key(AccountKeyArgs),
    /// Take new addresses from this account
    Prefer(AccountPreferArgs),
}

/// Options of `account add`.
#[derive(Debug, Args)]
pub(crate) struct AccountAddArgs {
    /// What to add; nothing but --type: the next account of this wallet's words.
    #[command(flatten)]
    pub(crate) source: AccountSource,
    /// With --type alone: the account of this number
    #[arg(long, value_name = "N", value_parser = parse_number)]
    pub(crate) number: Option<DerivationIndex>,
    /// What the account is to be called [default: its type, multisig or policy]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<AccountName>,
    /// How far to search for payments to it.
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
}

/// How far to search for payments to an account.
#[derive(Debug, Args)]
pub(crate) struct ScopeArgs {
    /// No payment to it is older than this block height or month [default: the file's height, else
    /// the wallet's birthday]
    #[arg(long, value_name = "HEIGHT|YYYY-MM")]
    pub(crate) birthday: Option<BirthdayArg>,
    /// How many unused addresses in a row end the search [default: the wallet's; 200, and 50 of
    /// change, for an account that is not of its words alone]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) gap: Option<u32>,
}

/// Options of `account key`.
#[derive(Debug, Args)]
pub(crate) struct AccountKeyArgs {
    /// What holds it
    #[command(flatten)]
    pub(crate) script: ScriptOption,
    /// The account number in the key's path
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse_number)]
    pub(crate) number: DerivationIndex,
}

/// Options of `account prefer`.
#[derive(Debug, Args)]
pub(crate) struct AccountPreferArgs {
    /// Which account; `account list` lists them
    #[arg(value_name = "NAME")]
    pub(crate) name: AccountName,
}

/// Options of `export descriptors`.
#[derive(Debug, Args)]
pub(crate) struct ExportDescriptorsArgs {
    /// Where to (created, readable by you alone) [default: standard output]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Options of `import descriptors`.
#[derive(Debug, Args)]
pub(crate) struct ImportDescriptorsArgs {
    /// Descriptors, or an export of Sparrow, Specter, Coldcard, Bitcoin Core or BSMS; `-` is
    /// standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What an xpub is for that does not say it: taproot, segwit, nested or legacy
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) script_type: Option<ScriptType>,
    /// How far to search for payments to them.
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
}

/// Reads an account number.
pub(super) fn parse_number(text: &str) -> Result<DerivationIndex, String> {
    let number: u32 = text.parse().map_err(|_| "not a number".to_owned())?;
    DerivationIndex::try_from(number).map_err(str::to_owned)
}

pub(crate) const WATCH_EXAMPLES: &str = "\
A watch-only wallet sees what it receives, and pays by PSBT: its keys are elsewhere.

Examples:
  billfold --wallet cold watch 'wpkh([73c5da0a/84h/0h/0h]xpub…/<0;1>/*)#…'
  billfold --wallet cold watch zpub… --birthday 2021-03
  billfold --wallet cold watch xpub… --type taproot
  billfold --wallet cold watch --file coldcard-export.json
  billfold --wallet joint watch --multisig 2 --key '[…]xpub…' --key '[…]xpub…' --key '[…]xpub…'";

pub(crate) const ACCOUNT_ADD_EXAMPLES: &str = "\
Examples:
  billfold account add --type segwit                     the next account of this wallet's words
  billfold account add --multisig 2 --key mine --key '[…]xpub…' --key '[…]xpub…'
  billfold account add --heir --key mine --key '[…]xpub…' --after 6m
  billfold account add --expanding 2 --key mine --key '[…]xpub…' --key '[…]xpub…' --after 12m \\
      --script taproot
  billfold account add --file multisig.bsms --name family --birthday 2021-03 --gap 500";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_months_or_blocks() {
        assert_eq!("6m".parse(), Ok(WaitArg(26_298)));
        assert_eq!("14m".parse(), Ok(WaitArg(61_362)));
        assert_eq!("144".parse(), Ok(WaitArg(144)));
        for text in ["", "m", "0", "0m", "15m", "65536", "-1", "1y", "6 m", "4294967296m"] {
            assert_eq!(text.parse::<WaitArg>(), Err(ParseWaitError), "{text}");
        }
    }
}
