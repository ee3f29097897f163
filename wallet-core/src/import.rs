//! Owns what other programs say of accounts: descriptors, extended keys, and the export files of
//! Sparrow, Specter, Coldcard and Bitcoin Core, and BSMS (BIP129).
//!
//! Refuses to guess: an origin that is not told stays unknown and is said to be, and a first address
//! that a file tells must be the one that is derived. The text is of strangers: it is bounded, and
//! no error repeats a piece of it.

use bitcoin::Network;

use crate::keychain::{
    AccountDescriptor, AccountKey, AccountKind, AccountName, Branch, DerivationIndex,
    DescriptorError, KeyUse, ScriptType, holds_private_key,
};
use crate::limits::{IMPORT_BYTES, IMPORTED_ACCOUNTS};

mod descriptors;
mod bsms;
mod coldcard;
mod json;

/// What a text says of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The accounts; at least one.
    pub accounts: Vec<ImportedAccount>,
    /// The first block in which they can have been paid, if the text says so.
    pub height: Option<u32>,
}

/// An account of another program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedAccount {
    /// What it was called there, as far as it can be typed here.
    pub name: Option<AccountName>,
    /// Its descriptor.
    pub descriptor: AccountDescriptor,
}

impl Import {
    /// Reads a text, or the content of a file. `script_type` says what an extended key is for that
    /// does not say it itself.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub fn read(
        text: &str,
        script_type: Option<ScriptType>,
        network: Network,
    ) -> Result<Self, ImportError> {
        if text.len() > IMPORT_BYTES {
            return Err(ImportError::TooLong { most: IMPORT_BYTES });
        }
        let text = text.trim_start_matches('\u{feff}').trim();
        let import = if holds_private_key(text) {
            return Err(DescriptorError::PrivateKey.into());
        } else if text.starts_with('{') || text.starts_with('[') && text.contains('{') {
            json::read(text, script_type, network)?
        } else if bsms::is_one(text) {
            bsms::read(text, network)?
        } else if coldcard::is_multisig(text) {
            coldcard::multisig(text, network)?
        } else {
            descriptors::read(text, script_type, network)?
        };
        match import.accounts.len() {
            0 => Err(ImportError::Unknown),
            1..=IMPORTED_ACCOUNTS => Ok(import),
            _ => Err(ImportError::TooMany { most: IMPORTED_ACCOUNTS }),
        }
    }

    /// Each account with a name of its own, `asked` for the first; one that is told twice is one.
    #[must_use]
    pub fn named(
        accounts: Vec<ImportedAccount>,
        asked: Option<&AccountName>,
    ) -> Vec<(AccountName, AccountDescriptor)> {
        let mut named: Vec<(AccountName, AccountDescriptor)> = Vec::new();
        for account in accounts {
            if named.iter().any(|(_, descriptor)| *descriptor == account.descriptor) {
                continue;
            }
            let wanted = asked.cloned().or_else(|| account.name.clone());
            let wanted = wanted.unwrap_or_else(|| account.usual_name());
            let name = wanted.first_free(|name| named.iter().any(|(taken, _)| taken == name));
            named.push((name, account.descriptor));
        }
        named
    }
}

impl ImportedAccount {
    fn new(descriptor: AccountDescriptor, label: Option<&str>) -> Self {
        Self { name: label.and_then(typable), descriptor }
    }

    /// Fails unless the first address is this one.
    fn check_first(&self, address: &str, network: Network) -> Result<(), ImportError> {
        let derived = self.descriptor.address(Branch::Receive, DerivationIndex::ZERO, network);
        if derived.to_string().eq_ignore_ascii_case(address.trim()) {
            Ok(())
        } else {
            Err(ImportError::FirstAddress)
        }
    }

    /// The name that an account gets that has none: its type and number, or its kind.
    #[must_use]
    pub fn usual_name(&self) -> AccountName {
        let name = match self.descriptor.kind() {
            AccountKind::SingleKey(script_type) => match self.number() {
                None | Some(0) => script_type.name().to_owned(),
                Some(number) => format!("{script_type}/{number}"),
            },
            AccountKind::Multisig { .. } => "multisig".to_owned(),
            AccountKind::Policy => "policy".to_owned(),
        };
        parsed(&name)
    }

    /// The BIP44 account number, if the origin of the only key is such a path.
    fn number(&self) -> Option<u32> {
        let keys = self.descriptor.keys();
        let [AccountKey { origin: Some((_, path)), .. }] = &keys[..] else { return None };
        match path.as_ref() {
            [_, _, bitcoin::bip32::ChildNumber::Hardened { index }] => Some(*index),
            _ => None,
        }
    }
}

/// Why a text tells of no accounts that a wallet could have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Too long.
    #[error("the text is longer than {most} bytes: it is not an export of accounts")]
    TooLong {
        /// The most bytes.
        most: usize,
    },
    /// None of the known forms.
    #[error(
        "nothing known was found: give a descriptor, an xpub, or an export of Sparrow, Specter, \
         Coldcard, Bitcoin Core or BSMS"
    )]
    Unknown,
    /// More accounts than a wallet takes.
    #[error("there are more than {most} accounts in it: give the ones that you use")]
    TooMany {
        /// The most accounts.
        most: usize,
    },
    /// An extended key could be for several types of addresses.
    #[error("an xpub does not say what it is for: add --type taproot, segwit, nested or legacy")]
    NeedsType,
    /// An extended key is one of several.
    #[error("this key is one of several: give the descriptor or the export of the whole multisig")]
    NeedsOthers,
    /// A key says that it is for another type.
    #[error("the key says that it is for {found}, not for the type that was given")]
    OtherType {
        /// What it says.
        found: ScriptType,
    },
    /// The file tells a first address that its own keys don't make.
    #[error("the first address in the file is not the one of its keys: the file is not right")]
    FirstAddress,
    /// A field is missing or not of its form.
    #[error("the export is damaged or of an unknown version: its {field} is not right")]
    Field {
        /// Which.
        field: &'static str,
    },
    /// A descriptor in it is not an account's.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
}

impl ImportError {
    /// The stable name, as in `docs/errors.md`, JSON and JSON-RPC.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Descriptor(error) => error.name(),
            Self::NeedsType | Self::NeedsOthers | Self::OtherType { .. } => "bad_xpub",
            Self::TooLong { .. }
            | Self::Unknown
            | Self::TooMany { .. }
            | Self::FirstAddress
            | Self::Field { .. } => "bad_import",
        }
    }
}

/// The descriptor of a single key that was given alone.
fn of_key(
    key: &AccountKey,
    key_use: KeyUse,
    script_type: Option<ScriptType>,
    network: Network,
) -> Result<AccountDescriptor, ImportError> {
    let script_type = match (key_use, script_type) {
        (KeyUse::Multisig, _) => return Err(ImportError::NeedsOthers),
        (KeyUse::SingleKey(found), Some(asked)) if found != asked => {
            return Err(ImportError::OtherType { found });
        }
        (KeyUse::SingleKey(found), _) => found,
        (KeyUse::Any, asked) => {
            asked.or_else(|| type_of_path(key)).ok_or(ImportError::NeedsType)?
        }
    };
    let key = format!("{key}/<0;1>/*");
    let text = match script_type {
        ScriptType::Legacy => format!("pkh({key})"),
        ScriptType::Nested => format!("sh(wpkh({key}))"),
        ScriptType::Segwit => format!("wpkh({key})"),
        ScriptType::Taproot => format!("tr({key})"),
    };
    Ok(AccountDescriptor::parse(&text, network)?)
}

/// The type that the purpose of a key's origin stands for (BIP43).
fn type_of_path(key: &AccountKey) -> Option<ScriptType> {
    let (_, path) = key.origin.as_ref()?;
    let purpose = match path.as_ref() {
        [bitcoin::bip32::ChildNumber::Hardened { index }, _, _] => *index,
        _ => return None,
    };
    ScriptType::ALL.into_iter().find(|script_type| script_type.purpose() == purpose)
}

fn parsed(name: &str) -> AccountName {
    name.parse().expect("a type and a number are short, of letters and digits")
}

/// A label as far as it can be typed: small letters, digits, and `-` for all else.
fn typable(label: &str) -> Option<AccountName> {
    let mut name = String::new();
    for letter in label.chars().take(AccountName::LONGEST) {
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_matches('-').parse().ok()
}

#[cfg(test)]
mod tests;
