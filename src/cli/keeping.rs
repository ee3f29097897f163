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

/// What to do with a backup.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Write one encrypted file with everything that the chain can't give back
    Create(BackupCreateArgs),
    /// Open a backup and tell what is in it; needs no wallet
    Check(BackupCheckArgs),
    /// Make a wallet of a backup, also on another machine
    Restore(BackupRestoreArgs),
}

/// Options of `backup create`.
#[derive(Debug, Args)]
pub(crate) struct BackupCreateArgs {
    /// The file to write; it must not be there
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Put the words and the seed in: whoever opens the file has the money
    #[arg(long)]
    pub(crate) with_words: bool,
    /// Read the backup's password from the first line of FILE [default: the file of --password-file]
    #[arg(long, value_name = "FILE")]
    pub(crate) backup_password_file: Option<PathBuf>,
}

/// Options of `backup check`.
#[derive(Debug, Args)]
pub(crate) struct BackupCheckArgs {
    /// The backup; its password is asked for, or read from --password-file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Options of `backup restore`.
#[derive(Debug, Args)]
pub(crate) struct BackupRestoreArgs {
    /// The backup; its password is asked for, or read from --password-file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read the words from FILE, if the backup holds none; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) words_file: Option<PathBuf>,
    /// Read the BIP39 passphrase from the first line of FILE [default: no passphrase]
    #[arg(long, value_name = "FILE", requires = "words_file")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the new wallet's password from the first line of FILE [default: the backup's]
    #[arg(long, value_name = "FILE")]
    pub(crate) new_password_file: Option<PathBuf>,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Also open the wallet and connect: peers, and this machine's clock against theirs
    #[arg(long)]
    pub(crate) online: bool,
}

/// Options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub(crate) shell: clap_complete::Shell,
}

/// Options of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The directory, which must be there
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
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

pub(crate) const BACKUP_EXAMPLES: &str = "\
Examples:
  billfold backup create main.backup           descriptors, labels, requests; no words
  billfold backup create all.backup --with-words
  billfold backup check main.backup            opens it again and tells what is in it
  billfold backup restore main.backup --words-file words.txt
  billfold --wallet second backup restore main.backup";

pub(crate) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  billfold completions bash > ~/.local/share/bash-completion/completions/billfold
  billfold completions zsh > ~/.zfunc/_billfold
  billfold completions fish > ~/.config/fish/completions/billfold.fish";
