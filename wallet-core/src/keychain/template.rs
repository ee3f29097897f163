//! Owns `Template`: the policies that this wallet builds itself, from keys to a descriptor.
//!
//! Each is checked as any descriptor is, so what is built here can be read everywhere. Refuses waits
//! that a sequence can't say (BIP68): 65,535 blocks are the most.

use bitcoin::Network;
use bitcoin::NetworkKind;
use bitcoin::bip32::{ChainCode, ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::secp256k1::{Parity, PublicKey, XOnlyPublicKey};

use super::key::NOBODYS_KEY;
use super::{AccountDescriptor, AccountKey, DescriptorError};
use crate::limits::DESCRIPTOR_KEYS;

/// A policy to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Who may spend, and when.
    pub policy: TemplatePolicy,
    /// The kind of script.
    pub script: TemplateScript,
    /// The keys, in the order that the policy gives them a meaning in.
    pub keys: Vec<AccountKey>,
}

/// Who may spend, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplatePolicy {
    /// So many of the keys.
    Multisig {
        /// How many.
        required: usize,
    },
    /// The first key now; the second one when a coin has lain for so many blocks.
    Heir {
        /// How many blocks.
        after: u16,
    },
    /// So many of the keys now, any one of them when a coin has lain for so many blocks.
    Expanding {
        /// How many.
        required: usize,
        /// How many blocks.
        after: u16,
    },
}

/// The kind of script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateScript {
    /// `sh(wsh())`, for payers who know P2SH only.
    Nested,
    /// `wsh()`.
    Segwit,
    /// `tr()`: what was not used of the policy stays unseen.
    Taproot,
}

impl Template {
    /// The descriptor.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn descriptor(&self, network: Network) -> Result<AccountDescriptor, TemplateError> {
        self.check()?;
        let text = match self.script {
            TemplateScript::Nested => format!("sh(wsh({}))", self.script_v0()),
            TemplateScript::Segwit => format!("wsh({})", self.script_v0()),
            TemplateScript::Taproot => format!("tr({})", self.tree(network)),
        };
        Ok(AccountDescriptor::parse(&text, network)?)
    }

    fn check(&self) -> Result<(), TemplateError> {
        let (least, most, required, after) = match self.policy {
            TemplatePolicy::Multisig { required } => (2, DESCRIPTOR_KEYS, required, 1),
            TemplatePolicy::Heir { after } => (2, 2, 1, after),
            TemplatePolicy::Expanding { required, after } => {
                (2, DESCRIPTOR_KEYS / 2, required, after)
            }
        };
        let found = self.keys.len();
        if !(least..=most).contains(&found) {
            return Err(TemplateError::Keys { least, most, found });
        }
        if !(1..=found).contains(&required) {
            return Err(TemplateError::Required { keys: found });
        }
        if after == 0 {
            return Err(TemplateError::NoWait);
        }
        let again = |(at, key): (usize, &AccountKey)| {
            self.keys[..at].iter().any(|other| other.xpub == key.xpub)
        };
        if self.keys.iter().enumerate().any(again) { Err(TemplateError::SameKey) } else { Ok(()) }
    }

    fn script_v0(&self) -> String {
        match self.policy {
            TemplatePolicy::Multisig { required } => {
                format!("sortedmulti({required},{})", self.list("<0;1>"))
            }
            TemplatePolicy::Heir { after } => {
                let [you, heir] = self.two("<0;1>");
                format!("or_d(pk({you}),and_v(v:pkh({heir}),older({after})))")
            }
            // The same key twice in one script would be refused, so the later way has branches of
            // its own (BIP388 asks for that too).
            TemplatePolicy::Expanding { required, after } => format!(
                "or_d(multi({required},{}),and_v(v:multi(1,{}),older({after})))",
                self.list("<0;1>"),
                self.list("<2;3>"),
            ),
        }
    }

    fn tree(&self, network: Network) -> String {
        match self.policy {
            TemplatePolicy::Multisig { required } => {
                let nobody = self.nobodys_key(network);
                format!("{nobody},multi_a({required},{})", self.list("<0;1>"))
            }
            TemplatePolicy::Heir { after } => {
                let [you, heir] = self.two("<0;1>");
                format!("{you},and_v(v:pk({heir}),older({after}))")
            }
            TemplatePolicy::Expanding { required, after } => format!(
                "{},{{multi_a({required},{}),and_v(v:multi_a(1,{}),older({after}))}}",
                self.nobodys_key(network),
                self.list("<0;1>"),
                self.list("<2;3>"),
            ),
        }
    }

    fn list(&self, branches: &str) -> String {
        let keys: Vec<String> = self.keys.iter().map(|key| format!("{key}/{branches}/*")).collect();
        keys.join(",")
    }

    fn two(&self, branches: &str) -> [String; 2] {
        [0, 1].map(|at| format!("{}/{branches}/*", self.keys[at]))
    }

    /// An extended key below the point of which nobody knows the secret (BIP341). Its chain code is
    /// the hash of all keys, so that every holder of the descriptor can check it, and nobody who
    /// sees the chain can tell that it is one.
    fn nobodys_key(&self, network: Network) -> String {
        let mut engine = sha256::Hash::engine();
        for key in &self.keys {
            engine.input(&key.xpub.public_key.serialize());
        }
        let point = XOnlyPublicKey::from_slice(&NOBODYS_KEY).expect("a point, by BIP341");
        let xpub = Xpub {
            network: NetworkKind::from(network),
            depth: 0,
            parent_fingerprint: Fingerprint::default(),
            child_number: ChildNumber::Normal { index: 0 },
            public_key: PublicKey::from_x_only_public_key(point, Parity::Even),
            chain_code: ChainCode::from(sha256::Hash::from_engine(engine).to_byte_array()),
        };
        format!("{xpub}/<0;1>/*")
    }
}

impl TemplateScript {
    /// Where a seed has its key for such a script: BIP48, or BIP87 for taproot.
    #[must_use]
    pub fn path(self, network: Network, account: u32) -> DerivationPath {
        let coin_type = u32::from(network != Network::Bitcoin);
        let indexes = match self {
            Self::Nested => vec![48, coin_type, account, 1],
            Self::Segwit => vec![48, coin_type, account, 2],
            Self::Taproot => vec![87, coin_type, account],
        };
        let steps = indexes.into_iter().map(|index| ChildNumber::Hardened { index });
        steps.collect::<Vec<_>>().into()
    }
}

/// Why a policy can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Too few or too many keys.
    #[error("this policy takes {least} to {most} keys, and {found} were given: use --key for each")]
    Keys {
        /// The fewest.
        least: usize,
        /// The most.
        most: usize,
        /// How many were given.
        found: usize,
    },
    /// More or fewer must sign than there are keys.
    #[error("the number that must sign is from 1 to the number of keys, {keys}")]
    Required {
        /// How many keys there are.
        keys: usize,
    },
    /// No time to wait for.
    #[error("the wait is at least one block")]
    NoWait,
    /// One key twice.
    #[error("a key was given twice: each signer has one of its own")]
    SameKey,
    /// The descriptor that it makes is not good.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
}

#[cfg(test)]
mod tests;
