//! Owns the options of commands that make a wallet, with their examples.

use std::path::PathBuf;

use billfold_wallet_core::keychain::ScriptType;
use bitcoin::bip32::Fingerprint;
use clap::Args;

use billfold_tui::birthday::BirthdayArg;

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
    /// Ask for a BIP39 passphrase too: another one, or none, is another wallet
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) passphrase: bool,
    /// Read the BIP39 passphrase from the first line of FILE [default: no passphrase]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// Read the words from FILE; `-` is standard input. Without it a terminal is asked
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// Ask for the BIP39 passphrase too [default: no passphrase]
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) passphrase: bool,
    /// Read the BIP39 passphrase from the first line of FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Refuse if words and passphrase make a wallet of another fingerprint
    #[arg(long, value_name = "HEX")]
    pub(crate) expect_fingerprint: Option<Fingerprint>,
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
    /// Search at once, and end with what was searched and found
    #[arg(long)]
    pub(crate) search: bool,
}

pub(crate) const NEW_EXAMPLES: &str = "\
Examples:
  billfold new                                 shows twelve words on this terminal
  billfold new --words 24 --type segwit
  billfold new --words-out backup.txt --password-file pw.txt      without a terminal";

pub(crate) const RESTORE_EXAMPLES: &str = "\
Examples:
  billfold restore --birthday 2021-03          asks for the words
  billfold restore --search                    and searches the chain at once
  billfold restore --passphrase --expect-fingerprint 73c5da0a
  billfold restore --words-file words.txt --password-file pw.txt --types taproot,segwit
  billfold restore --accounts 10 --gap 1000    searches wider";
