//! Owns wallet policies (BIP388): what a person registers once, so that the device knows the
//! addresses, and the change, of a wallet with several keys or with conditions.
//!
//! Refuses a policy without a key of this device, with a key twice, or that miniscript does not
//! call sane; and scripts other than wsh, sh(wsh), multisig in sh, and tr.

mod key;
mod multisig;
mod template;
mod places;
mod ways;
mod registered;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::bip32::{ChildNumber, DerivationPath};
use miniscript::descriptor::{Descriptor, DescriptorPublicKey};

pub use multisig::{Multisig, MultisigKind, Signer};
pub use registered::{Novelty, Policies, Record, TooManyPolicies};

use key::PolicyKey;
use template::Template;

use crate::address::{AddressError, ShownAddress, within};
use crate::duty::Spending;
use crate::keys::Keys;
use crate::limits::{POLICY_KEY, POLICY_KEYS, POLICY_NAME, POLICY_TEMPLATE};
use crate::network::{Chain, Network};
use crate::screen::{Screen, ScreenKind};

/// A policy that can be registered: checked, and explained in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    name: String,
    template: String,
    key_texts: Vec<String>,
    multisig: Option<Multisig>,
    keys: Vec<PolicyKey>,
    places: Vec<places::Place>,
    /// To receive, and for change.
    branches: [Descriptor<DescriptorPublicKey>; 2],
    /// Who can spend, and when.
    ways: Vec<String>,
    network: Network,
}

impl Policy {
    /// Takes a policy as it came: a name of printable ASCII, a template with `@0`, `@1`, … for its
    /// keys and `/**` for `/<0;1>/*`, and the keys with their origins, by number.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn parse(
        name: &str,
        template: &str,
        key_texts: &[String],
        keys: &Keys,
    ) -> Result<Self, PolicyError> {
        let printable = |c: char| c == ' ' || c.is_ascii_graphic();
        if name.is_empty() || name.len() > POLICY_NAME || !name.chars().all(printable) {
            return Err(PolicyError::Name);
        }
        if key_texts.is_empty() || key_texts.len() > POLICY_KEYS {
            return Err(PolicyError::KeyCount);
        }
        let read = |(number, text): (usize, &String)| PolicyKey::parse(number, text, keys);
        let policy_keys = key_texts.iter().enumerate().map(read).collect::<Result<Vec<_>, _>>()?;
        refuse_repeated(&policy_keys)?;
        if !policy_keys.iter().any(|key| key.own) {
            return Err(PolicyError::NoOwnKey);
        }
        let read = Template::parse(template, key_texts.len())?;
        let branches = read.descriptors(&policy_keys)?;
        let ways = ways::explained(&branches[0], &policy_keys)?;
        Ok(Self {
            name: name.to_string(),
            template: template.to_string(),
            key_texts: key_texts.to_vec(),
            multisig: None,
            places: places::own(&read, &policy_keys),
            keys: policy_keys,
            branches,
            ways,
            network: keys.network(),
        })
    }

    /// The policy of a multisig wallet, in the form that hosts register with a Jade.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn multisig(name: &str, multisig: &Multisig, keys: &Keys) -> Result<Self, PolicyError> {
        let key_texts = multisig.key_texts(keys)?;
        let policy = Self::parse(name, &multisig.template()?, &key_texts, keys)?;
        Ok(Self { multisig: Some(multisig.clone()), ..policy })
    }

    /// The name under which it is registered.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The template, as it came.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The keys, as they came.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.key_texts
    }

    /// The multisig that it came as, if it did.
    #[must_use]
    pub const fn as_multisig(&self) -> Option<&Multisig> {
        self.multisig.as_ref()
    }

    /// The pages to show before it is registered, the last one to agree to: who can spend, after
    /// how long, every key.
    #[must_use]
    pub fn screens(&self) -> Vec<Screen> {
        let count = match self.ways.len() {
            1 => "One way to spend.".to_string(),
            several => format!("{several} ways to spend."),
        };
        let network = match self.network {
            Network::Main => "Bitcoin",
            Network::Test => "Test network",
        };
        let first = vec![self.name.clone(), network.to_string(), count];
        let mut screens = vec![Screen::new(ScreenKind::Text, "Register wallet", first)];
        let of = self.ways.len();
        screens.extend(self.ways.iter().enumerate().map(|(number, way)| {
            Screen::new(ScreenKind::Text, format!("Way {} of {of}", number + 1), vec![way.clone()])
        }));
        screens.extend(self.keys.iter().enumerate().map(|(number, key)| key.screen(number)));
        let rule = vec![self.template.clone()];
        screens.push(Screen::new(ScreenKind::Text, "Template", rule));
        let question = vec![
            self.name.clone(),
            "Are these all the keys and conditions that you agreed on?".to_string(),
        ];
        screens.push(Screen::new(ScreenKind::Confirm, "Register?", question));
        screens
    }

    /// One of its addresses: branch 0 to receive, 1 for change.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn address(
        &self,
        chain: Chain,
        branch: u32,
        index: u32,
    ) -> Result<ShownAddress, AddressError> {
        if chain.network() != self.network {
            return Err(AddressError::Network);
        }
        if branch > 1 {
            return Err(AddressError::Branch);
        }
        within(index)?;
        let script = places::script(&self.branches[usize::from(branch == 1)], index);
        let kind = if branch == 1 { "Change address" } else { "Address" };
        let lines = vec![self.name.clone(), format!("{kind} {index}")];
        Ok(ShownAddress::new(chain, &script, &self.name, lines, true))
    }

    /// How a coin is spent of which a key is said to be at this path; `None` if none of this
    /// policy's keys that are ours is. The branch and the index come with it.
    pub(crate) fn spending(
        &self,
        keys: &Keys,
        path: &DerivationPath,
    ) -> Option<(u32, u32, Spending)> {
        let (branch, index) = self.places.iter().find_map(|place| place.of(path))?;
        let descriptor = &self.branches[usize::from(branch == 1)];
        Some((branch, index, places::spending(descriptor, index, keys)?))
    }
}

/// Why a policy can't be registered. Keys go by their number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The name is none.
    #[error("the wallet's name must have 1 to {POLICY_NAME} letters, digits or signs")]
    Name,
    /// No key, or more than anybody could check.
    #[error("a wallet has 1 to {POLICY_KEYS} keys")]
    KeyCount,
    /// A key is none, for another network, too long, or too far from its master key.
    #[error(
        "key {0} is not an extended public key of this network in {POLICY_KEY} bytes with its origin"
    )]
    Key(usize),
    /// A key says that it is of this device, and is not.
    #[error("key {0} has this device's fingerprint, and is not derived from its words")]
    FalseOrigin(usize),
    /// Two keys are the same.
    #[error("keys {0} and {1} are the same")]
    RepeatedKey(usize, usize),
    /// No key is of this device.
    #[error("no key of the wallet is of this device")]
    NoOwnKey,
    /// The template is too long or too deep.
    #[error("the wallet's template is too long or too deep: {POLICY_TEMPLATE} bytes are the most")]
    TooLong,
    /// The script is of a kind that is not registered.
    #[error("only wsh, sh(wsh), sh of a multisig, and tr can be registered")]
    Kind,
    /// The places of the keys are not as the BIP wants them.
    #[error("the wallet's template must name its keys @0, @1, … in order, each as /** or /<m;n>/*")]
    Placeholders,
    /// Miniscript does not call it sane.
    #[error("the wallet's conditions are not safe: {0}")]
    Insane(String),
    /// The number of signatures of a multisig is not one of its keys.
    #[error("the wallet's number of signatures does not fit its keys")]
    Threshold,
}

fn refuse_repeated(keys: &[PolicyKey]) -> Result<(), PolicyError> {
    for (second, key) in keys.iter().enumerate() {
        let same = |other: &PolicyKey| other.xpub.public_key == key.xpub.public_key;
        if let Some(first) = keys[..second].iter().position(same) {
            return Err(PolicyError::RepeatedKey(first, second));
        }
    }
    Ok(())
}

/// The numbers of a path that are not hardened; `None` if one is.
fn normal_numbers(path: &[ChildNumber]) -> Option<Vec<u32>> {
    let number = |child: &ChildNumber| match child {
        ChildNumber::Normal { index } => Some(*index),
        ChildNumber::Hardened { .. } => None,
    };
    path.iter().map(number).collect()
}

#[cfg(test)]
mod tests;
