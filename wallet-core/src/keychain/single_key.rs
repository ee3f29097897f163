//! Owns `StandardAccount`: the standard accounts of one key, where a seed has them (BIP43, BIP44, BIP49,
//! BIP84, BIP86), and their scripts, made without an interpreter of descriptors.
//!
//! A restore derives thousands of scripts, so this way is kept beside the general one, which a
//! test holds it against.

use std::fmt;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::key::CompressedPublicKey;
use bitcoin::{Address, Network};
use miniscript::Descriptor;
use miniscript::descriptor::{
    DerivPaths, DescriptorMultiXKey, DescriptorPublicKey, ShInner, Wildcard,
};

use super::{AccountDescriptor, AccountName, DerivationIndex, SECP, ScriptType, kind};

/// A standard account of one key: the script type, which fixes the purpose of its path, and the
/// account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StandardAccount {
    /// Its script type.
    pub script_type: ScriptType,
    /// Its number, hardened in the path.
    pub number: DerivationIndex,
}

impl StandardAccount {
    /// The first account of a script type.
    #[must_use]
    pub const fn first(script_type: ScriptType) -> Self {
        Self { script_type, number: DerivationIndex::ZERO }
    }

    /// So many accounts of each of these types, the first of every type before the second of any:
    /// that is where the money is.
    #[must_use]
    pub fn of_each(types: &[ScriptType], accounts: u32) -> Vec<Self> {
        let numbers = (0..accounts).filter_map(DerivationIndex::new);
        let of = |number| types.iter().map(move |kind| Self { script_type: *kind, number });
        numbers.flat_map(of).collect()
    }

    /// The path from the master key to the account (BIP44): purpose, coin type, account number.
    #[must_use]
    pub fn path(self, network: Network) -> DerivationPath {
        let coin_type = u32::from(network != Network::Bitcoin);
        let indexes = [self.script_type.purpose(), coin_type, self.number.to_u32()];
        indexes.map(|index| ChildNumber::Hardened { index }).as_slice().into()
    }

    /// The name that it has in every wallet: `taproot`, `segwit/1`.
    #[must_use]
    pub fn name(self) -> AccountName {
        parsed(&self.to_string())
    }

    /// The descriptor of the account whose xpub this is.
    #[must_use]
    pub fn descriptor(
        self,
        network: Network,
        fingerprint: Fingerprint,
        xpub: Xpub,
    ) -> AccountDescriptor {
        let key = DescriptorPublicKey::MultiXPub(DescriptorMultiXKey {
            origin: Some((fingerprint, self.path(network))),
            xkey: xpub,
            derivation_paths: two_branches(),
            wildcard: Wildcard::Unhardened,
        });
        AccountDescriptor::of_single_key(self.script_type, key)
    }
}

impl fmt::Display for StandardAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number.to_u32() {
            0 => self.script_type.fmt(f),
            number => write!(f, "{}/{number}", self.script_type),
        }
    }
}

/// The scripts of one branch of an account of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SingleKeyBranch {
    script_type: ScriptType,
    /// The xpub of the branch, one level above its addresses.
    xpub: Xpub,
}

impl SingleKeyBranch {
    /// The branch of this descriptor, if it is one of a single extended key.
    pub(super) fn new(branch: &Descriptor<DescriptorPublicKey>) -> Option<Self> {
        let script_type = kind::single_key(branch)?;
        let key = match branch {
            Descriptor::Pkh(pkh) => pkh.as_inner(),
            Descriptor::Wpkh(wpkh) => wpkh.as_inner(),
            Descriptor::Sh(sh) => match sh.as_inner() {
                ShInner::Wpkh(wpkh) => wpkh.as_inner(),
                _ => return None,
            },
            Descriptor::Tr(tr) => tr.internal_key(),
            Descriptor::Wsh(_) | Descriptor::Bare(_) => return None,
        };
        let DescriptorPublicKey::XPub(key) = key else { return None };
        let derived = key.derivation_path.is_empty() && key.wildcard == Wildcard::Unhardened;
        derived.then_some(Self { script_type, xpub: key.xkey })
    }

    /// The address at a place of it.
    pub(super) fn address(&self, index: DerivationIndex, network: Network) -> Address {
        let child = ChildNumber::Normal { index: index.to_u32() };
        let key = self.xpub.ckd_pub(&SECP, child).expect(CHILD).public_key;
        match self.script_type {
            ScriptType::Legacy => Address::p2pkh(CompressedPublicKey(key), network),
            ScriptType::Nested => Address::p2shwpkh(&CompressedPublicKey(key), network),
            ScriptType::Segwit => Address::p2wpkh(&CompressedPublicKey(key), network),
            ScriptType::Taproot => Address::p2tr(&SECP, key.into(), None, network),
        }
    }
}

fn parsed(name: &str) -> AccountName {
    name.parse().expect("a type and a number are short, of letters and digits")
}

fn two_branches() -> DerivPaths {
    let branches = [0, 1].map(|index| [ChildNumber::Normal { index }].as_slice().into());
    DerivPaths::new(branches.into()).expect("there are two")
}

const CHILD: &str = "the index is below 2^31, and no one can find an index without a key (2^-127)";
