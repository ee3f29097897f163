//! Owns the text of a backup, version 1: JSON objects, one a line, as `docs/backup-format.md` shows.
//!
//! The first line describes the wallet; then come accounts, requests, labels as BIP329 has them,
//! imported private keys and the seed. Refuses a line that it does not understand: half a wallet is not one.

use bitcoin::bip32::Fingerprint;
use bitcoin::{Amount, Network};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::secret_lines::{key, key_line, seed, seed_line};
use super::span::{BirthdayForm, LookAheadForm};
use super::{Backup, BackupAccount, BackupRequest, ParseBackupError};
use crate::command::{Label, Reference};
use crate::keychain::{AccountName, Branch, DerivationIndex};
use crate::limits::{ACCOUNTS, BACKUP_INDEX};
use crate::seed::Seed;

/// Writes a backup as text. It is filled up with empty lines to a multiple of 4 KiB, so that its
/// size tells little.
#[must_use]
pub fn write(backup: &Backup) -> Zeroizing<Vec<u8>> {
    let mut text = String::new();
    line(&mut text, &HeadLine::new(backup));
    for account in &backup.accounts {
        line(&mut text, &AccountLine::new(account));
    }
    for request in &backup.requests {
        line(&mut text, &RequestLine::new(request));
    }
    for label in &backup.labels {
        line(&mut text, &LabelLine::new(label));
    }
    let mut secrets: Vec<_> = backup.held.iter().map(key_line).collect();
    secrets.extend(backup.seed.as_ref().map(seed_line));
    let secret_bytes: usize = secrets.iter().map(|line| line.len()).sum();
    let length = (text.len() + secret_bytes).next_multiple_of(GRAIN);
    // Its capacity is exact: bytes that grow leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    bytes.extend_from_slice(text.as_bytes());
    for line in &secrets {
        bytes.extend_from_slice(line.as_bytes());
    }
    bytes.resize(length, b'\n');
    bytes
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// See [`ParseBackupError`].
pub fn read(bytes: &[u8]) -> Result<Backup, ParseBackupError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ParseBackupError::Line { number: 1 })?;
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
    let (number, first) = lines.next().ok_or(ParseBackupError::Line { number: 1 })?;
    let mut backup = head(first, number)?;
    for (number, line) in lines {
        let bad = ParseBackupError::Line { number };
        match kind(line).ok_or(bad)? {
            Kind::Account => {
                let account = account(line, number)?;
                check_account(&backup, &account, number)?;
                backup.accounts.push(account);
            }
            Kind::Request => backup.requests.push(request(line).ok_or(bad)?),
            Kind::Label => backup.labels.push(label(line, backup.network).ok_or(bad)?),
            Kind::Key => backup.held.push(key(line, backup.network).ok_or(bad)?),
            Kind::Seed => backup.seed = Some(seed(line).ok_or(bad)?),
        }
    }
    let named = |name: &AccountName| backup.accounts.iter().find(|account| account.name == *name);
    named(&backup.preferred).ok_or(ParseBackupError::NoSuchAccount)?;
    for request in &backup.requests {
        let account = named(&request.account).ok_or(ParseBackupError::NoSuchAccount)?;
        if request.index.to_u32() >= account.receive {
            return Err(ParseBackupError::NotGivenOut);
        }
    }
    let seed = backup.seed.as_ref().map(Seed::fingerprint);
    if seed.is_some() && seed != backup.fingerprint {
        return Err(ParseBackupError::ForeignSeed);
    }
    Ok(backup)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadLine {
    billfold: String,
    version: u32,
    created: u64,
    network: Network,
    name: String,
    fingerprint: Option<Fingerprint>,
    birthday: BirthdayForm,
    look_ahead: LookAheadForm,
    words_checked: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    avoids_reuse: bool,
    preferred: String,
}

impl HeadLine {
    fn new(backup: &Backup) -> Self {
        Self {
            billfold: BACKUP.to_owned(),
            version: VERSION,
            created: backup.created,
            network: backup.network,
            name: backup.name.clone(),
            fingerprint: backup.fingerprint,
            birthday: backup.birthday.into(),
            look_ahead: backup.look_ahead.into(),
            words_checked: backup.words_checked,
            avoids_reuse: backup.avoids_reuse,
            preferred: backup.preferred.to_string(),
        }
    }
}

fn head(line: &str, number: usize) -> Result<Backup, ParseBackupError> {
    let bad = ParseBackupError::Line { number };
    let value: Value = serde_json::from_str(line).map_err(|_| bad)?;
    if value["billfold"] != BACKUP {
        return Err(bad);
    }
    if value["version"].as_u64().is_some_and(|version| version > u64::from(VERSION)) {
        return Err(ParseBackupError::Newer);
    }
    let head: HeadLine = serde_json::from_value(value).map_err(|_| bad)?;
    let look_ahead = head.look_ahead.checked().ok_or(ParseBackupError::TooLarge { number })?;
    Ok(Backup {
        created: head.created,
        network: head.network,
        name: head.name,
        fingerprint: head.fingerprint,
        birthday: head.birthday.into(),
        look_ahead,
        words_checked: head.words_checked,
        avoids_reuse: head.avoids_reuse,
        preferred: head.preferred.parse().map_err(|_| bad)?,
        accounts: Vec::new(),
        requests: Vec::new(),
        labels: Vec::new(),
        seed: None,
        held: Vec::new(),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountLine {
    account: String,
    descriptor: String,
    #[serde(default, skip_serializing_if = "is_false")]
    internal: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inactive: Vec<Branch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    birthday: Option<BirthdayForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    look_ahead: Option<LookAheadForm>,
    receive: u32,
    change: u32,
}

impl AccountLine {
    fn new(account: &BackupAccount) -> Self {
        Self {
            account: account.name.to_string(),
            descriptor: account.descriptor.clone(),
            internal: account.internal,
            inactive: account.inactive.clone(),
            birthday: account.birthday.map(Into::into),
            look_ahead: account.look_ahead.map(Into::into),
            receive: account.receive,
            change: account.change,
        }
    }
}

fn account(line: &str, number: usize) -> Result<BackupAccount, ParseBackupError> {
    let bad = ParseBackupError::Line { number };
    let AccountLine {
        account,
        descriptor,
        internal,
        inactive,
        birthday,
        look_ahead,
        receive,
        change,
    } = serde_json::from_str(line).map_err(|_| bad)?;
    let far = |form: LookAheadForm| form.checked().ok_or(ParseBackupError::TooLarge { number });
    Ok(BackupAccount {
        name: account.parse().map_err(|_| bad)?,
        descriptor,
        internal,
        inactive,
        birthday: birthday.map(Into::into),
        look_ahead: look_ahead.map(far).transpose()?,
        receive,
        change,
    })
}

/// What is left out of a line.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Whether the wallet can take another account: a restore derives every address that was given out.
fn check_account(
    backup: &Backup,
    account: &BackupAccount,
    number: usize,
) -> Result<(), ParseBackupError> {
    if account.receive.max(account.change) > BACKUP_INDEX {
        Err(ParseBackupError::TooLarge { number })
    } else if backup.accounts.len() >= ACCOUNTS {
        Err(ParseBackupError::TooManyAccounts { most: ACCOUNTS })
    } else if backup.accounts.iter().any(|other| other.name == account.name) {
        Err(ParseBackupError::SameName)
    } else {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestLine {
    request: String,
    index: DerivationIndex,
    amount: Option<u64>,
    issued: u64,
    expires: Option<u64>,
    #[serde(default)]
    id: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    least_depth: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancelled: Option<u64>,
}

impl RequestLine {
    fn new(request: &BackupRequest) -> Self {
        Self {
            request: request.account.to_string(),
            index: request.index,
            amount: request.amount.map(Amount::to_sat),
            issued: request.issued,
            expires: request.expires,
            id: request.id,
            least_depth: request.least_depth,
            cancelled: request.cancelled,
        }
    }
}

fn request(line: &str) -> Option<BackupRequest> {
    let RequestLine { request, index, amount, issued, expires, id, least_depth, cancelled } =
        serde_json::from_str(line).ok()?;
    let amount = amount.map(Amount::from_sat);
    let account = request.parse().ok()?;
    Some(BackupRequest { account, index, id, amount, issued, expires, least_depth, cancelled })
}

/// A label with all fields of its record (BIP329).
#[derive(Serialize, Deserialize)]
struct LabelLine {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// An output's switch; what other records have there means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    spendable: Option<Value>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl LabelLine {
    fn new(label: &Label) -> Self {
        let more = label.more.as_deref().and_then(|more| serde_json::from_str(more).ok());
        let mut more: Map<String, Value> = more.unwrap_or_default();
        // Two fields of one name can't be read.
        more.remove("spendable");
        Self {
            kind: label.reference.kind().to_owned(),
            reference: label.reference.to_string(),
            label: label.label.clone(),
            spendable: label.spendable.map(Value::Bool),
            more,
        }
    }
}

fn label(line: &str, network: Network) -> Option<Label> {
    let LabelLine { kind, reference, label, spendable, more } = serde_json::from_str(line).ok()?;
    let reference = Reference::parse(&kind, &reference, network).ok()?;
    let spendable = match (&reference, spendable) {
        (Reference::Output(_), Some(spendable)) => Some(spendable.as_bool()?),
        _ => None,
    };
    let more = (!more.is_empty()).then(|| Value::Object(more).to_string());
    Some(Label { reference, label, spendable, more })
}

/// What a line is about.
enum Kind {
    Account,
    Request,
    Label,
    Key,
    Seed,
}

/// Tells the lines apart by the field that each begins with.
fn kind(line: &str) -> Option<Kind> {
    let begins = |field: &str| line.strip_prefix("{\"").is_some_and(|rest| rest.starts_with(field));
    [
        ("account\":", Kind::Account),
        ("request\":", Kind::Request),
        ("type\":", Kind::Label),
        ("key\":", Kind::Key),
        ("words\":", Kind::Seed),
    ]
    .into_iter()
    .find_map(|(field, kind)| begins(field).then_some(kind))
}

fn line(text: &mut String, form: &impl Serialize) {
    let json = serde_json::to_string(form).expect("text, numbers and nothing else");
    text.push_str(&json);
    text.push('\n');
}

/// What the first line says that this is.
const BACKUP: &str = "backup";

/// The version of the text.
const VERSION: u32 = 1;

/// Texts are multiples of this, in bytes.
const GRAIN: usize = 4_096;

#[cfg(test)]
mod tests;
