//! Owns the options of commands about what goes from hand to hand: PSBTs, messages, keys of others.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::paying::{ConsentArgs, FeeArgs, PayArgs};
use super::signer::SignerArgs;
use billfold_tui::birthday::BirthdayArg;

/// What to do with PSBTs.
#[derive(Debug, Subcommand)]
pub(crate) enum PsbtCommand {
    /// Build a payment that others sign, and hold its coins for it
    Create(Box<PsbtCreateArgs>),
    /// Tell what is known of a PSBT; needs no network, and none of its inputs need be ours
    Show(PsbtShowArgs),
    /// Add this wallet's signatures; needs no network
    Sign(PsbtSignArgs),
    /// Put the signatures of several PSBTs into one; needs no wallet
    Combine(PsbtCombineArgs),
    /// Finish what has all its signatures; needs no wallet
    Finalize(PsbtFinalizeArgs),
    /// Compare with what was drafted, store, and send
    Announce(PsbtAnnounceArgs),
}

/// Options of `psbt create`.
#[derive(Debug, Args)]
pub(crate) struct PsbtCreateArgs {
    /// What to pay.
    #[command(flatten)]
    pub(crate) pay: PayArgs,
    /// Where to.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Options of `psbt show`.
#[derive(Debug, Args)]
pub(crate) struct PsbtShowArgs {
    /// A file, `-` for standard input, or the PSBT itself in base64 or hex
    #[arg(value_name = "PSBT")]
    pub(crate) psbt: String,
    /// Ask no wallet which of it is ours, so that no password is needed
    #[arg(long)]
    pub(crate) no_wallet: bool,
}

/// Options of `psbt sign`.
#[derive(Debug, Args)]
pub(crate) struct PsbtSignArgs {
    /// A file, `-` for standard input, or the PSBT itself in base64 or hex
    #[arg(value_name = "PSBT")]
    pub(crate) psbt: String,
    /// Agree to what it pays without being asked
    #[arg(long)]
    pub(crate) yes: bool,
    /// Who signs, if not this wallet.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
    /// Where to.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Options of `psbt combine`.
#[derive(Debug, Args)]
pub(crate) struct PsbtCombineArgs {
    /// Two or more: files, or PSBTs in base64 or hex
    #[arg(value_name = "PSBT", required = true, num_args = 2..)]
    pub(crate) psbts: Vec<String>,
    /// Where to.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Options of `psbt finalize`.
#[derive(Debug, Args)]
pub(crate) struct PsbtFinalizeArgs {
    /// A file, `-` for standard input, or the PSBT itself in base64 or hex
    #[arg(value_name = "PSBT")]
    pub(crate) psbt: String,
    /// Where to.
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

/// Options of `psbt announce`.
#[derive(Debug, Args)]
pub(crate) struct PsbtAnnounceArgs {
    /// A file, `-` for standard input, or the PSBT itself in base64 or hex; or a signed transaction
    /// in hex
    #[arg(value_name = "PSBT|TRANSACTION")]
    pub(crate) psbt: String,
    /// Agree to what it pays without being asked
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Where a PSBT is written to.
#[derive(Debug, Args)]
pub(crate) struct OutArgs {
    /// Write the PSBT to FILE (created) instead of printing it
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How: base64, hex or binary [default: base64; binary for a file]
    #[arg(long, value_name = "FORM", hide_possible_values = true)]
    pub(crate) form: Option<FormName>,
}

/// How a PSBT is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormName {
    /// As text for pasting.
    Base64,
    /// As hexadecimal text.
    Hex,
    /// As bytes: what `.psbt` files hold.
    Binary,
}

/// What to do with messages.
#[derive(Debug, Subcommand)]
pub(crate) enum MessageCommand {
    /// Sign a message with the key of an address of this wallet; needs no network
    Sign(MessageSignArgs),
    /// Check who signed a message; needs no wallet and no network
    Verify(MessageVerifyArgs),
}

/// Options of `message sign`.
#[derive(Debug, Args)]
pub(crate) struct MessageSignArgs {
    /// Whose key: an address of this wallet
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// The message, exactly; `-` reads it from standard input, all of it
    #[arg(value_name = "MESSAGE")]
    pub(crate) message: String,
    /// For a legacy address (1…): use the newer form, which not every program reads
    #[arg(long, conflicts_with = "signer")]
    pub(crate) bip322: bool,
    /// Sign on a device, which shows the message, in the older form.
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

/// Options of `message verify`.
#[derive(Debug, Args)]
pub(crate) struct MessageVerifyArgs {
    /// Whose key it should be
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// The signature
    #[arg(value_name = "SIGNATURE")]
    pub(crate) signature: String,
    /// The message, exactly; `-` reads it from standard input, all of it
    #[arg(value_name = "MESSAGE")]
    pub(crate) message: String,
}

/// Options of `sweep`.
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// Read the private key (WIF or xprv) from the first line of FILE; `-` is standard input.
    /// Without it, and without words, a terminal is asked
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words_file", "words"])]
    pub(crate) key_file: Option<PathBuf>,
    /// Sweep the wallet of other words, read from FILE; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    pub(crate) words_file: Option<PathBuf>,
    /// Sweep the wallet of other words, typed on the terminal
    #[arg(long)]
    pub(crate) words: bool,
    /// Ask for the BIP39 passphrase of the words too
    #[arg(long, conflicts_with_all = ["key_file", "passphrase_file"])]
    pub(crate) passphrase: bool,
    /// Read the BIP39 passphrase of the words from the first line of FILE
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// No payment is older than this block height or month [default: as old as the chain]
    #[arg(long, value_name = "HEIGHT|YYYY-MM")]
    pub(crate) birthday: Option<BirthdayArg>,
    /// How many accounts of each type to search, for words and master keys
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) accounts: u32,
    /// How many unused addresses in a row end the search
    #[arg(long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) gap: u32,
    /// What it may cost.
    #[command(flatten)]
    pub(crate) fee: FeeArgs,
    /// Who agrees.
    #[command(flatten)]
    pub(crate) consent: ConsentArgs,
}

pub(crate) const PSBT_EXAMPLES: &str = "\
Examples:
  billfold psbt create bc1q… 25k --out rent.psbt
  billfold psbt show rent.psbt                 whose it is, what it pays, who has signed
  billfold psbt sign rent.psbt --out signed.psbt
  billfold psbt combine alice.psbt bob.psbt --out both.psbt
  billfold psbt announce both.psbt             compares it with what was drafted";

pub(crate) const MESSAGE_EXAMPLES: &str = "\
Examples:
  billfold message sign bc1q… \"I live here\"
  billfold message verify bc1q… smpAkc… \"I live here\"";

pub(crate) const SWEEP_EXAMPLES: &str = "\
Examples:
  billfold sweep                               asks for the key of a paper wallet
  billfold sweep --key-file paper.txt --birthday 2014-01
  billfold sweep --words --accounts 3          asks for the words of another wallet";
