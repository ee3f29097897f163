//! Owns `StandardAccount`: the standard accounts of one key, where a seed has them (BIP43, BIP44, BIP49,
//! BIP84, BIP86), and their scripts, made without an interpreter of descriptors.
//!
//! A restore derives thousands of scripts, so this way is kept beside the general one, which a
//! test holds it against.

use std::fmt;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::key::CompressedPublicKey;
use bitcoin::{Address, Network, Sequence, Weight, absolute};
use miniscript::Descriptor;
use miniscript::descriptor::{
    DerivPaths, DescriptorMultiXKey, DescriptorPublicKey, DescriptorType, ShInner, Wildcard,
};

use super::{AccountDescriptor, AccountName, DerivationIndex, SECP, ScriptType, SpendPlan};

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
        self.to_string().parse().expect("a type and a number are short and of letters and digits")
    }

    /// The descriptor of the account whose xpub this is.
    #[must_use]
    pub fn descriptor(
        self,
        network: Network,
        fingerprint: Fingerprint,
        xpub: Xpub,
    ) -> AccountDescriptor {
        let branches = [0, 1].map(|index| [ChildNumber::Normal { index }].as_slice().into());
        let key = DescriptorPublicKey::MultiXPub(DescriptorMultiXKey {
            origin: Some((fingerprint, self.path(network))),
            xkey: xpub,
            derivation_paths: DerivPaths::new(branches.into()).expect("there are two"),
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
        let script_type = script_type(branch)?;
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

/// The script type of a descriptor of a single key.
pub(super) fn script_type(descriptor: &Descriptor<DescriptorPublicKey>) -> Option<ScriptType> {
    match descriptor.desc_type() {
        DescriptorType::Pkh => Some(ScriptType::Legacy),
        DescriptorType::ShWpkh => Some(ScriptType::Nested),
        DescriptorType::Wpkh => Some(ScriptType::Segwit),
        DescriptorType::Tr => match descriptor {
            Descriptor::Tr(tr) if tr.tap_tree().is_none() => Some(ScriptType::Taproot),
            _ => None,
        },
        _ => None,
    }
}

impl SpendPlan {
    /// What spending a single key of this type takes. An ECDSA signature counts 72 bytes, the
    /// longest that is standard (low S, BIP146); software keys grind for 71.
    #[must_use]
    pub const fn of_single_key(script_type: ScriptType) -> Self {
        let satisfaction = match script_type {
            ScriptType::Legacy => 4 * SIGNATURE_AND_KEY,
            ScriptType::Nested => 4 * (1 + 22) + 1 + SIGNATURE_AND_KEY,
            ScriptType::Segwit => 1 + SIGNATURE_AND_KEY,
            ScriptType::Taproot => 1 + 1 + 64,
        };
        Self {
            satisfaction: Weight::from_wu(satisfaction),
            has_witness: !matches!(script_type, ScriptType::Legacy),
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            lock_time: absolute::LockTime::ZERO,
        }
    }
}

const CHILD: &str = "the index is below 2^31, and no one can find an index without a key (2^-127)";

/// Bytes of an ECDSA signature and a compressed key, each with its length.
const SIGNATURE_AND_KEY: u64 = 1 + 72 + 1 + 33;
