//! Owns the options of commands that keep a wallet safe: its password, its words, its backup, its
//! health.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Options of `password`.
#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// Read the new password from the first line of FILE; `-` is standard input, after the old one
    #[arg(long, value_name = "FILE")]
    pub(crate) new_password_file: Option<PathBuf>,
}

/// What to do with the words.
#[derive(Debug, Subcommand)]
pub(crate) enum WordsCommand {
    /// Show the words, on a terminal only, or write them to a file
    Show(WordsShowArgs),
    /// Type the words back, to know that they are written down right
    Check(WordsCheckArgs),
}

/// Options of `words show`.
#[derive(Debug, Args)]
pub(crate) struct WordsShowArgs {
    /// Write the words to FILE (created, readable by you alone) instead of showing them
    #[arg(long, value_name = "FILE")]
    pub(crate) words_out: Option<PathBuf>,
}

/// Options of `words check`.
#[derive(Debug, Args)]
pub(crate) struct WordsCheckArgs {
    /// Read the words from FILE; `-` is standard input. Without it a terminal is asked
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// Read the BIP39 passphrase from the first line of FILE; asked for if the wallet has one
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub(crate) shell: clap_complete::Shell,
}

pub(crate) const PASSWORD_EXAMPLES: &str = "\
Examples:
  billfold password                            asks for the old one, then for the new one twice
  billfold password --password-file old.txt --new-password-file new.txt";

pub(crate) const WORDS_EXAMPLES: &str = "\
Examples:
  billfold words show                          shows them on this terminal
  billfold words check                         asks for them, and says where they differ
  billfold words check --words-file words.txt  without a terminal";

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  billfold completions bash > ~/.local/share/bash-completion/completions/billfold
  billfold completions zsh > ~/.zfunc/_billfold
  billfold completions fish > ~/.config/fish/completions/billfold.fish";
