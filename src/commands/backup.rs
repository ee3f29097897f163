//! Owns `backup`: one encrypted file that makes a wallet again, written, checked and restored.
//!
//! Refuses to replace a file, and to put the words into one unless that is asked for.

use std::path::Path;

use billfold_wallet_core::backup::Backup;
use billfold_wallet_core::command::WalletDescription;
use billfold_wallet_core::founding::Founding;
use billfold_wallet_core::service::{self, BackupError};
use billfold_wallet_core::vault::{KdfCost, Password};
use bitcoin::bip32::Fingerprint;
use serde::Serialize;

use super::account_form::BirthdayForm;
use crate::cli::keeping::{BackupCheckArgs, BackupCommand, BackupCreateArgs, BackupRestoreArgs};
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Report, figures};
use crate::password;
use crate::session::attached;
use crate::session::birthplace::Birthplace;
use crate::strongbox;
use crate::words::reading;

/// Carries out one of the three.
///
/// # Errors
/// As [`create`], [`check`] and [`restore`].
pub(super) async fn run(command: &BackupCommand, context: &mut Context) -> Result<(), Failure> {
    match command {
        BackupCommand::Create(options) => create(options, context).await,
        BackupCommand::Check(options) => check(options, context),
        BackupCommand::Restore(options) => restore(options, context).await,
    }
}

/// Writes a backup.
///
/// # Errors
/// `file_exists`, `bad_password`, `no_terminal`, or why the wallet did not open or the file was
/// not written.
async fn create(options: &BackupCreateArgs, context: &mut Context) -> Result<(), Failure> {
    if options.file.symlink_metadata().is_ok() {
        let path = options.file.display().to_string();
        return Err(BackupError::Exists { path }.into());
    }
    let (mut backup, held) = if let Some(backup) = attached::backup(context).await? {
        let held = backup.held.len();
        (backup, held)
    } else {
        let strongbox = if options.with_words {
            strongbox::open_keys(context).await?
        } else {
            strongbox::open(context).await?
        };
        (strongbox.backup(options.with_words)?, strongbox.description()?.held_keys.len())
    };
    if !options.with_words {
        backup.drop_keys();
    }
    if options.with_words && !backup.has_keys() {
        return Err(Failure::new(Kind::WatchOnly, "this wallet only watches: it has no words"));
    }
    let file = options.backup_password_file.as_deref().or(context.run.password_file.as_deref());
    let password = password::chosen(&context.run, file, "Password of the backup: ", ADVICE)?;
    let written = service::write_backup(&options.file, &backup, &password, KdfCost::calibrated())?;
    let left_out = held - backup.held.len();
    context.output.result(&BackupReport::new(&options.file, &backup, Some(written), left_out))
}

/// Opens a backup and tells what is in it.
///
/// # Errors
/// `not_a_backup`, `backup_damaged`, `store_newer`, `wrong_password`, `no_terminal`, `io`.
fn check(options: &BackupCheckArgs, context: &mut Context) -> Result<(), Failure> {
    let (backup, _) = open(&options.file, context)?;
    context.output.result(&BackupReport::new(&options.file, &backup, None, 0))
}

/// Makes a wallet of a backup.
///
/// # Errors
/// As [`check`]; `words_differ`, `wallet_exists`, `network_mismatch` and why else the wallet could
/// not be made.
async fn restore(options: &BackupRestoreArgs, context: &mut Context) -> Result<(), Failure> {
    let place = Birthplace::find(context).await?;
    let words = match &options.words_file {
        Some(path) => Some(reading::words(Some(path), context).await?),
        None => None,
    };
    let passphrase = options.passphrase_file.as_deref().map(reading::passphrase).transpose()?;
    let (mut backup, opened_by) = open(&options.file, context)?;
    if let Some(words) = words {
        let passphrase = passphrase.unwrap_or_default();
        if !backup.add_words(&words, &passphrase) {
            return Err(Failure::new(Kind::WordsDiffer, NOT_ITS_WORDS));
        }
    }
    let password = match &options.new_password_file {
        None => opened_by,
        Some(path) => password::chosen(&context.run, Some(path), "", ADVICE)?,
    };
    let signs = backup.has_keys();
    let wordless = backup.fingerprint.filter(|_| backup.seed.is_none());
    let founding = Founding::Backup { backup: Box::new(backup), password };
    let wallet = place.found(founding, context).await?;
    context.output.result(&RestoredReport::new(&wallet, signs, wordless))
}

fn open(path: &Path, context: &mut Context) -> Result<(Backup, Password), Failure> {
    let password = password::of(&context.run, "Password of the backup: ")?;
    let backup = service::read_backup(path, &password)?;
    Ok((backup, password))
}

/// What is in a backup.
#[derive(Debug, Serialize)]
struct BackupReport {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    created: u64,
    network: String,
    wallet: String,
    fingerprint: Option<String>,
    birthday: BirthdayForm,
    accounts: Vec<String>,
    requests: usize,
    labels: usize,
    words: bool,
    /// Private keys that were imported and are in it.
    imported_keys: usize,
    /// Those that are not.
    #[serde(skip)]
    left_out: usize,
}

impl BackupReport {
    fn new(file: &Path, backup: &Backup, bytes: Option<u64>, left_out: usize) -> Self {
        Self {
            file: file.display().to_string(),
            bytes,
            created: backup.created,
            network: backup.network.to_string(),
            wallet: backup.name.clone(),
            fingerprint: backup.fingerprint.map(|fingerprint| fingerprint.to_string()),
            birthday: BirthdayForm::new(backup.birthday),
            accounts: backup.accounts.iter().map(|account| account.name.to_string()).collect(),
            requests: backup.requests.len(),
            labels: backup.labels.len(),
            words: backup.seed.is_some(),
            imported_keys: backup.held.len(),
            left_out,
        }
    }
}

impl Report for BackupReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let verb = if self.bytes.is_some() { "is written and opens again" } else { "is whole" };
        let imported = match (self.imported_keys, self.left_out) {
            (0, 0) => String::new(),
            (0, left) => format!(
                "\nPrivate keys {left} imported, not in it: no words bring them back, so make a \
                 backup --with-words too"
            ),
            (keys, _) => {
                format!("\nPrivate keys {keys} imported, in it: whoever opens this file has them")
            }
        };
        let words = match (&self.fingerprint, self.words) {
            (None, _) if !imported.is_empty() => "none: its keys were imported",
            (Some(_), true) => "in it: whoever opens this file has the money",
            (Some(_), false) => "not in it: keep them on paper, spending takes both",
            (None, _) => "none: this wallet only watches",
        };
        format!(
            "{} {verb}.\n\
             Wallet       {} on {}, of {}\n\
             Fingerprint  {}\nBirthday     {}\nAccounts     {}\n\
             Labels       {}\nRequests     {}\nWords        {words}{imported}",
            self.file,
            self.wallet,
            self.network,
            figures::local_time(self.created),
            self.fingerprint.as_deref().unwrap_or("none"),
            self.birthday.for_people(),
            self.accounts.join(", "),
            self.labels,
            self.requests,
        )
    }
}

/// What was made of a backup.
#[derive(Debug, Serialize)]
struct RestoredReport {
    wallet: String,
    fingerprint: Option<String>,
    birthday: BirthdayForm,
    accounts: Vec<String>,
    /// Whether it can sign.
    signs: bool,
    /// That of the words, if they were not given.
    #[serde(skip)]
    wordless: Option<Fingerprint>,
}

impl RestoredReport {
    fn new(wallet: &WalletDescription, signs: bool, wordless: Option<Fingerprint>) -> Self {
        Self {
            wallet: wallet.name.clone(),
            fingerprint: wallet.fingerprint.map(|fingerprint| fingerprint.to_string()),
            birthday: BirthdayForm::new(wallet.birthday),
            accounts: wallet.accounts.iter().map(|account| account.name.to_string()).collect(),
            signs,
            wordless,
        }
    }
}

impl Report for RestoredReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let besides = if self.wordless.is_some() {
            "\nThe words are not in the backup: this wallet watches and can't spend. With \
             --words-file, under\nanother name, it can."
        } else {
            ""
        };
        let fingerprint = match (&self.fingerprint, self.wordless) {
            (Some(own), _) => own.clone(),
            (None, Some(words)) => format!("{words}, of words that are not here"),
            (None, None) => "none".to_owned(),
        };
        format!(
            "Wallet {} is restored.\nFingerprint  {fingerprint}\nBirthday     {}\nAccounts     {}{besides}\n\
             Next: billfold sync",
            self.wallet,
            self.birthday.for_people(),
            self.accounts.join(", "),
        )
    }
}

const ADVICE: &str = "give the backup's password with --backup-password-file FILE";

const NOT_ITS_WORDS: &str =
    "these words and this passphrase are not those of the wallet in the backup";
