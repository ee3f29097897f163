//! Owns `WalletPolicy`: a descriptor as signing devices register it (BIP388), a template and the
//! keys that it names by number.
//!
//! Refuses keys without an extended one behind them, which the BIP has no form for.

use bitcoin::Network;

use super::{AccountDescriptor, AccountKey, Chains, DescriptorError};
use crate::limits::{DESCRIPTOR_BYTES, DESCRIPTOR_KEYS};

/// A wallet policy (BIP388).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletPolicy {
    /// The descriptor with `@0`, `@1`, … for its keys, and `/**` for `/<0;1>/*`.
    pub template: String,
    /// The keys, by number.
    pub keys: Vec<AccountKey>,
}

impl WalletPolicy {
    /// The policy of a descriptor; `None` if it has a key that is not an extended one, or no two
    /// branches.
    #[must_use]
    pub fn new(descriptor: &AccountDescriptor) -> Option<Self> {
        if descriptor.has_plain_key() || descriptor.chains() != Chains::Both {
            return None;
        }
        let keys = descriptor.keys();
        let text = descriptor.to_string();
        let mut template = text.split('#').next().unwrap_or_default().to_owned();
        for (number, key) in keys.iter().enumerate() {
            template = template.replace(&key.to_string(), &format!("@{number}"));
        }
        Some(Self { template: template.replace("/<0;1>/*", "/**"), keys })
    }

    /// The descriptor of a policy.
    ///
    /// # Errors
    /// See [`DescriptorError`]; [`DescriptorError::Malformed`] also for a number without a key.
    pub fn descriptor(&self, network: Network) -> Result<AccountDescriptor, DescriptorError> {
        if self.keys.len() > DESCRIPTOR_KEYS {
            return Err(DescriptorError::TooManyKeys { most: DESCRIPTOR_KEYS });
        }
        let mut text = String::new();
        let mut rest = self.template.as_str();
        while let Some((before, behind)) = rest.split_once('@') {
            let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
            let number: Option<usize> = behind[..digits].parse().ok();
            let key = number.and_then(|number| self.keys.get(number));
            text.push_str(before);
            text.push_str(&key.ok_or(DescriptorError::Malformed)?.to_string());
            if text.len() > DESCRIPTOR_BYTES {
                return Err(DescriptorError::TooLong { most: DESCRIPTOR_BYTES });
            }
            rest = &behind[digits..];
        }
        text.push_str(rest);
        AccountDescriptor::parse(&text.replace("/**", "/<0;1>/*"), network)
    }
}
