//! Owns what can be typed after `billfold`: the clap types, their help and their examples.
//!
//! Refuses meaning: amounts, addresses and rates stay text here and are parsed where the network
//! is known. Secrets have no option that takes them, so they never stand in a list of processes.
//! Names are stable; `tests/tests/cli.rs` pins them.

use std::path::PathBuf;

use billfold_wallet_core::config::{ProxyAddress, SignetChallenge};
use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use bitcoin::{OutPoint, Txid};
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::cli::birthday::BirthdayArg;

pub(crate) mod birthday;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "billfold",
    version,
    about = "A Bitcoin wallet for the terminal that validates its own chain",
    after_help = EXAMPLES,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes. Each is also an environment variable and a key of
/// `config.toml`; the command line wins, then the environment, then the file.
#[derive(Debug, Clone, Default, PartialEq, Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct GlobalOptions {
    /// mainnet, testnet3, testnet4, signet or regtest [default: mainnet]
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_NETWORK",
        hide_env = true,
        value_name = "NETWORK",
        hide_possible_values = true
    )]
    pub(crate) network: Option<NetworkName>,
    /// The challenge of a signet of one's own, its script in hexadecimal (with --network signet)
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_SIGNET_CHALLENGE",
        hide_env = true,
        value_name = "HEX"
    )]
    pub(crate) signet_challenge: Option<SignetChallenge>,
    /// Check every header from the first block on, and trust no later start
    #[arg(long, global = true, env = "BILLFOLD_VALIDATE_FROM_GENESIS", hide_env = true,
          value_parser = switch())]
    pub(crate) validate_from_genesis: bool,
    /// Where wallets and chain live [default: the platform's data directory]
    #[arg(long, global = true, env = "BILLFOLD_DATA_DIR", hide_env = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The wallet's name [default: main]
    #[arg(long, global = true, env = "BILLFOLD_WALLET", hide_env = true, value_name = "NAME")]
    pub(crate) wallet: Option<String>,
    /// Use only this peer; may be given several times
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_CONNECT", hide_env = true,
        value_name = "HOST:PORT",
        value_delimiter = ',',
        action = ArgAction::Append
    )]
    pub(crate) connect: Vec<PeerAddress>,
    /// Make every connection and name look-up through this SOCKS5 proxy, for example Tor's
    #[arg(long, global = true, env = "BILLFOLD_PROXY", hide_env = true, value_name = "IP:PORT")]
    pub(crate) proxy: Option<ProxyAddress>,
    /// Read the password from the first line of FILE; `-` is standard input
    #[arg(
        long,
        global = true,
        env = "BILLFOLD_PASSWORD_FILE",
        hide_env = true,
        value_name = "FILE"
    )]
    pub(crate) password_file: Option<PathBuf>,
    /// One JSON object or array on standard output; all else goes to standard error
    #[arg(long, global = true, env = "BILLFOLD_JSON", hide_env = true, value_parser = switch())]
    pub(crate) json: bool,
    /// No cursor movement and no drawings: one line at a time
    #[arg(long, global = true, env = "BILLFOLD_PLAIN", hide_env = true, value_parser = switch())]
    pub(crate) plain: bool,
    /// Say only results and errors
    #[arg(short, long, global = true, env = "BILLFOLD_QUIET", hide_env = true, value_parser = switch())]
    pub(crate) quiet: bool,
    /// Log what happens to standard error; twice for more
    #[arg(short, long, global = true, env = "BILLFOLD_VERBOSE", hide_env = true,
          action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// A network by the name that people type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NetworkName {
    /// Bitcoin with value.
    Mainnet,
    /// The third test network.
    Testnet3,
    /// The fourth test network (BIP94).
    Testnet4,
    /// The signed test network (BIP325).
    Signet,
    /// A chain of one's own.
    Regtest,
}

impl NetworkName {
    /// The network itself.
    #[must_use]
    pub(crate) const fn network(self) -> bitcoin::Network {
        match self {
            Self::Mainnet => bitcoin::Network::Bitcoin,
            Self::Testnet3 => bitcoin::Network::Testnet,
            Self::Testnet4 => bitcoin::Network::Testnet4,
            Self::Signet => bitcoin::Network::Signet,
            Self::Regtest => bitcoin::Network::Regtest,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play-money network in this program: two wallets in a directory that is removed at the end
    Demo(DemoArgs),
    /// Create a wallet
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArgs),
    /// Restore a wallet from its words
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Follow the chain to the peers' tip, then exit
    #[command(after_help = SYNC_EXAMPLES)]
    Sync(SyncArgs),
    /// Show what there is to spend; needs no network
    Balance,
    /// Show an address to be paid at; needs no network
    #[command(after_help = RECEIVE_EXAMPLES)]
    Receive(ReceiveArgs),
    /// Pay: build, review, sign, announce
    #[command(after_help = PAY_EXAMPLES)]
    Pay(PayArgs),
    /// List all transactions, newest first; needs no network
    History,
    /// List all unspent coins; needs no network
    Coins,
    /// Connect, and show what can be said about fees without asking anybody else
    Fees,
    /// Connect, and show what each peer is
    Peers,
    /// Show that a transaction is in a block, so that others can check it
    #[command(after_help = PROVE_EXAMPLES)]
    Prove(ProveArgs),
    /// Scan the chain again, and follow it to the peers' tip
    Rescan(RescanArgs),
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Run the whole story without a person, and exit 0 when it went well
    #[arg(long)]
    pub(crate) headless: bool,
}

/// Options of `new`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// How many words the backup has
    #[arg(long, value_name = "12|24", default_value = "12", value_parser = ["12", "24"],
          hide_possible_values = true)]
    pub(crate) words: String,
    /// The kind of addresses that the wallet gives out
    #[arg(long = "type", value_name = "taproot|segwit", default_value = "taproot",
          value_parser = ["taproot", "segwit"], hide_possible_values = true)]
    pub(crate) script_type: String,
    /// Write the words to FILE (created, readable by you alone) instead of showing them
    #[arg(long, value_name = "FILE")]
    pub(crate) words_out: Option<PathBuf>,
    /// Ask for dice rolls, and mix them with the system's randomness
    #[arg(long)]
    pub(crate) dice: bool,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Read the words from FILE; `-` is standard input. Without it a terminal is asked
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// Read the BIP39 passphrase from the first line of FILE [default: no passphrase]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// No payment is older than this block height or month [default: as old as the types can be]
    #[arg(long, value_name = "HEIGHT|YYYY-MM")]
    pub(crate) birthday: Option<BirthdayArg>,
    /// Script types to search, the preferred one first [default: all four]
    #[arg(long, value_name = "TYPE,…", value_delimiter = ',')]
    pub(crate) types: Vec<ScriptType>,
    /// How many accounts of each type to search
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) accounts: u32,
    /// How many unused addresses in a row end the search [default: 200, and 50 of change]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) gap: Option<u32>,
}

/// Options of `sync`.
#[derive(Debug, Args)]
pub(crate) struct SyncArgs {
    /// Give up after this many seconds [default: after 60 without progress, later by proxy]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

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

/// Options of `prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// Which transaction; `history` lists them
    #[arg(value_name = "TXID")]
    pub(crate) txid: Txid,
}

/// Options of `rescan`.
#[derive(Debug, Args)]
pub(crate) struct RescanArgs {
    /// The first block to scan [default: the wallet's birthday]
    #[arg(long, value_name = "HEIGHT")]
    pub(crate) from: Option<u32>,
}

/// Reads the environment's form of a switch: `0`, `false`, `no`, `off` and nothing are off.
fn switch() -> clap::builder::FalseyValueParser {
    clap::builder::FalseyValueParser::new()
}

const EXAMPLES: &str = "\
Examples:
  billfold demo --headless                     see a whole story with play money
  billfold new                                 create a wallet
  billfold --connect 127.0.0.1:8333 sync       follow the chain through your own node
  billfold receive                             an address to be paid at
  billfold pay bc1q… 25k                       pay 25,000 sat after a review
  billfold balance --json                      for a script

Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not enough money, 5 wrong password,
6 no peer or not synced in time, 7 signer, 8 the store is damaged.
Every global option is also an environment variable (BILLFOLD_DATA_DIR for --data-dir) and a key of
config.toml (data-dir); the command line wins, then the environment.";

const NEW_EXAMPLES: &str = "\
Examples:
  billfold new                                 shows twelve words on this terminal
  billfold new --words 24 --type segwit
  billfold new --words-out backup.txt --password-file pw.txt      without a terminal";

const RESTORE_EXAMPLES: &str = "\
Examples:
  billfold restore --birthday 2021-03          asks for the words
  billfold restore --words-file words.txt --password-file pw.txt --types taproot,segwit
  billfold restore --accounts 10 --gap 1000    searches wider";

const SYNC_EXAMPLES: &str = "\
Examples:
  billfold sync --connect 127.0.0.1:8333
  billfold sync --timeout 600 --json";

const RECEIVE_EXAMPLES: &str = "\
Examples:
  billfold receive
  billfold receive --amount 25k --note \"rent in May\"
  billfold receive --new --json";

const PROVE_EXAMPLES: &str = "\
Shows the block's header and those on top of it, the way from the transaction to the header's merkle
root, the filter's hash and header, and the peers that agree on it.

Examples:
  billfold prove 5f1b…
  billfold prove 5f1b… --json > proof.json     for somebody who has the header chain";

const PAY_EXAMPLES: &str = "\
Amounts: 25k, 25000sat, 0.001btc, max. A bare number is satoshi.

Examples:
  billfold pay bc1q… 25k --dry-run
  billfold pay bc1q… max --fee-rate 1.5
  billfold pay 'bitcoin:bc1q…?amount=0.001'
  billfold pay --file wages.csv --yes --idempotency-key wages-2026-05";
