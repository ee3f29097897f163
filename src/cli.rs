//! Owns what can be typed after `billfold`: the clap types, their help and their examples.
//!
//! Refuses meaning: amounts, addresses and rates stay text here and are parsed where the network
//! is known. Secrets have no option that takes them, so they never stand in a list of processes.
//! Names are stable; `tests/tests/cli.rs` pins them.

use clap::{Args, Parser, Subcommand};

mod ids;
pub(crate) mod accounts;
pub(crate) mod chain;
pub(crate) mod daemon;
pub(crate) mod global;
pub(crate) mod keeping;
pub(crate) mod lists;
pub(crate) mod labelling;
pub(crate) mod signer;
pub(crate) mod paying;
pub(crate) mod handing;
pub(crate) mod setup;

use accounts::{AccountCommand, WATCH_EXAMPLES, WatchArgs};
use chain::{PROVE_EXAMPLES, ProveArgs, RescanArgs, SYNC_EXAMPLES, SyncArgs};
use daemon::{DAEMON_EXAMPLES, DaemonArgs, RPC_EXAMPLES, RpcArgs};
use handing::{
    MESSAGE_EXAMPLES, MessageCommand, PSBT_EXAMPLES, PsbtCommand, SWEEP_EXAMPLES, SweepArgs,
};
use keeping::{
    BACKUP_EXAMPLES, BackupCommand, COMPLETIONS_EXAMPLES, CompletionsArgs, DoctorArgs, ManArgs,
    PASSWORD_EXAMPLES, PasswordArgs, WORDS_EXAMPLES, WordsCommand,
};
use labelling::{ExportCommand, ImportCommand, LABEL_EXAMPLES, LabelArgs};
use lists::{
    ADDRESSES_EXAMPLES, AddressesArgs, HISTORY_EXAMPLES, HistoryArgs, SEARCH_EXAMPLES, SearchArgs,
};
use paying::{
    BUMP_EXAMPLES, BumpArgs, CANCEL_EXAMPLES, CancelArgs, DRAFTS_EXAMPLES, DraftsArgs,
    FORGET_EXAMPLES, FREEZE_EXAMPLES, ForgetArgs, FreezeArgs, PAY_EXAMPLES, PayCommandArgs,
    RECEIVE_EXAMPLES, ReceiveArgs,
};
use setup::{NEW_EXAMPLES, NewArgs, RESTORE_EXAMPLES, RestoreArgs};
use signer::{SIGNER_EXAMPLES, SignerCommand};

pub(crate) use global::{GlobalOptions, NetworkName};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "billfold",
    version,
    about = "A Bitcoin wallet for the terminal that validates its own chain",
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    /// What to do; without one the screens open.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play-money network and a signer in this program, to try everything; removed at the end
    Demo(DemoArgs),
    /// Create a wallet
    #[command(after_help = NEW_EXAMPLES)]
    New(NewArgs),
    /// Restore a wallet from its words
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Show what the wallet is made of, and what was searched for old payments; needs no network
    Describe,
    /// Watch accounts whose keys are elsewhere
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(WatchArgs),
    /// List or add accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// List the wallets of the data directory; needs no password
    Wallets,
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
    Pay(PayCommandArgs),
    /// Speed up a payment that waits
    #[command(after_help = BUMP_EXAMPLES)]
    Bump(BumpArgs),
    /// Take back a payment that waits
    #[command(after_help = CANCEL_EXAMPLES)]
    Cancel(CancelArgs),
    /// Give up a payment that waits in vain; needs no network
    #[command(after_help = FORGET_EXAMPLES)]
    Forget(ForgetArgs),
    /// Hand a payment to other signers and back: create, show, sign, combine, finalize, announce
    #[command(subcommand, after_help = PSBT_EXAMPLES)]
    Psbt(PsbtCommand),
    /// Use a signing device: find it, pair it, compare addresses
    #[command(subcommand, after_help = SIGNER_EXAMPLES)]
    Signer(Box<SignerCommand>),
    /// Sign a message with the key of an address, or check who signed one
    #[command(subcommand, after_help = MESSAGE_EXAMPLES)]
    Message(MessageCommand),
    /// Bring the money of another key, or of other words, into this wallet
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(Box<SweepArgs>),
    /// List payments that are not signed yet, or drop them; needs no network
    #[command(after_help = DRAFTS_EXAMPLES)]
    Drafts(DraftsArgs),
    /// Keep coins from being spent; needs no network
    #[command(after_help = FREEZE_EXAMPLES)]
    Freeze(FreezeArgs),
    /// Let frozen coins be spent again; needs no network
    #[command(after_help = FREEZE_EXAMPLES)]
    Unfreeze(FreezeArgs),
    /// List transactions, newest first; needs no network
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// List the wallet's addresses, and what was asked for and paid at them; needs no network
    #[command(after_help = ADDRESSES_EXAMPLES)]
    Addresses(AddressesArgs),
    /// Look for a text or an amount in labels, ids and addresses; needs no network
    #[command(after_help = SEARCH_EXAMPLES)]
    Search(SearchArgs),
    /// Say something of a transaction, an output, an address or a key; needs no network
    #[command(after_help = LABEL_EXAMPLES)]
    Label(LabelArgs),
    /// Write labels or the history into a file for other programs; needs no network
    #[command(subcommand)]
    Export(ExportCommand),
    /// Take in what another program wrote; needs no network
    #[command(subcommand)]
    Import(ImportCommand),
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
    /// Change the wallet's password
    #[command(after_help = PASSWORD_EXAMPLES)]
    Password(PasswordArgs),
    /// Show the wallet's words, or check that they are written down right
    #[command(subcommand, after_help = WORDS_EXAMPLES)]
    Words(WordsCommand),
    /// Write, check or restore one encrypted file that makes the wallet again
    #[command(subcommand, after_help = BACKUP_EXAMPLES)]
    Backup(BackupCommand),
    /// Serve the wallet to scripts by JSON-RPC, as Bitcoin Core does
    #[command(after_help = DAEMON_EXAMPLES)]
    Daemon(DaemonArgs),
    /// Ask a running daemon
    #[command(after_help = RPC_EXAMPLES)]
    Rpc(RpcArgs),
    /// Look for what may be wrong with this machine, its files and its connections
    Doctor(DoctorArgs),
    /// Print what makes a shell complete commands and options
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Write this program's manual pages into a directory
    Man(ManArgs),
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Run the whole story without a person, and exit 0 when it went well
    #[arg(long)]
    pub(crate) headless: bool,
}

const EXAMPLES: &str = "\
Without a command, the screens open: all of the wallet in this terminal.

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
