//! Owns `AccountDescriptor`: a descriptor (BIP380) that was checked to be an account's: two branches
//! (BIP389), extended public keys of the network, safe to be paid at.
//!
//! Refuses private keys, hardened steps, scripts that can be spent without a signature or changed
//! on their way. Errors repeat nothing of what was read: it may have been a secret.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use bitcoin::{Network, NetworkKind};
use miniscript::descriptor::checksum::desc_checksum;
use miniscript::descriptor::{
    Descriptor, DescriptorPublicKey, DescriptorType, DescriptorXKey, SinglePub, SinglePubKey,
    Wildcard,
};
use miniscript::{ForEachKey, TranslatePk, Translator, translate_hash_clone};

use super::{Branch, SECP, ScriptType, SpendPath, single_key};
use crate::limits::{DESCRIPTOR_BYTES, DESCRIPTOR_KEYS};

/// The descriptor of an account, both branches in one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDescriptor {
    /// As it is written.
    whole: Descriptor<DescriptorPublicKey>,
    /// By [`Branch::number`], each key derived down to its branch.
    branches: [Descriptor<DescriptorPublicKey>; 2],
}

impl AccountDescriptor {
    /// Reads a descriptor of this network. A checksum is verified if there is one.
    ///
    /// # Errors
    /// See [`DescriptorError`].
    pub fn parse(text: &str, network: Network) -> Result<Self, DescriptorError> {
        let text = text.trim();
        if text.len() > DESCRIPTOR_BYTES {
            return Err(DescriptorError::TooLong { most: DESCRIPTOR_BYTES });
        }
        if text.contains("prv") {
            return Err(DescriptorError::PrivateKey);
        }
        let body = check_checksum(text)?;
        let whole = Descriptor::from_str(body).map_err(|_| DescriptorError::Malformed)?;
        check_script(&whole)?;
        check_keys(&whole, network)?;
        let descriptor = Self::branched(whole)?;
        if descriptor.is_single_key() || !SpendPath::all(&descriptor, None).is_empty() {
            Ok(descriptor)
        } else {
            Err(DescriptorError::Unsupported)
        }
    }

    /// What a single extended key of two branches makes.
    pub(super) fn of_single_key(script_type: ScriptType, key: DescriptorPublicKey) -> Self {
        let whole = match script_type {
            ScriptType::Legacy => Descriptor::new_pkh(key),
            ScriptType::Nested => Descriptor::new_sh_wpkh(key),
            ScriptType::Segwit => Descriptor::new_wpkh(key),
            ScriptType::Taproot => Descriptor::new_tr(key, None),
        };
        let whole = whole.expect("an extended key is compressed");
        Self::branched(whole).expect("the key has two branches without a hardened step")
    }

    /// Whether one signature is all that it takes, and no script.
    pub(super) fn is_single_key(&self) -> bool {
        single_key::script_type(self.branch(Branch::Receive)).is_some()
    }

    /// One branch. Its keys have a wildcard and nothing else below their origin.
    pub(super) const fn branch(&self, branch: Branch) -> &Descriptor<DescriptorPublicKey> {
        match branch {
            Branch::Receive => &self.branches[0],
            Branch::Change => &self.branches[1],
        }
    }

    /// The key of the receiving branch with which nobody can sign (BIP341, "Constructing and
    /// spending Taproot outputs"): the internal key of a script that is spent by its leaves only.
    pub(super) fn nobodys_key(&self) -> Option<&DescriptorPublicKey> {
        let Descriptor::Tr(whole) = &self.whole else { return None };
        let Descriptor::Tr(branch) = self.branch(Branch::Receive) else { return None };
        let key = match whole.internal_key() {
            DescriptorPublicKey::MultiXPub(key) => key.xkey.to_x_only_pub(),
            DescriptorPublicKey::XPub(key) => key.xkey.to_x_only_pub(),
            DescriptorPublicKey::Single(SinglePub { key: SinglePubKey::XOnly(key), .. }) => *key,
            DescriptorPublicKey::Single(SinglePub { key: SinglePubKey::FullKey(key), .. }) => {
                key.inner.into()
            }
        };
        (key.serialize() == NOBODYS_KEY).then_some(branch.internal_key())
    }

    /// Every extended key, with its origin if it is known, each once, in the order of the text.
    #[must_use]
    pub fn keys(&self) -> Vec<(Option<(Fingerprint, DerivationPath)>, Xpub)> {
        let (mut keys, mut seen) = (Vec::new(), BTreeSet::new());
        self.whole.for_each_key(|key| {
            let found = match key {
                DescriptorPublicKey::MultiXPub(key) => Some((&key.origin, key.xkey)),
                DescriptorPublicKey::XPub(key) => Some((&key.origin, key.xkey)),
                DescriptorPublicKey::Single(_) => None,
            };
            let new = found.filter(|(_, xpub)| seen.insert(*xpub));
            keys.extend(new.map(|(origin, xpub)| (origin.clone(), xpub)));
            true
        });
        keys
    }

    /// The fingerprints of the master keys, each once. A key without an origin is its own master.
    #[must_use]
    pub fn signers(&self) -> Vec<Fingerprint> {
        let mut signers = Vec::new();
        for (origin, xpub) in self.keys() {
            let signer = origin.map_or_else(|| xpub.fingerprint(), |(fingerprint, _)| fingerprint);
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        signers
    }

    fn branched(whole: Descriptor<DescriptorPublicKey>) -> Result<Self, DescriptorError> {
        let single = whole.clone().into_single_descriptors();
        let branches = single.map_err(|_| DescriptorError::NotTwoBranches)?;
        let mut branches = branches
            .into_iter()
            .map(|branch| branch.translate_pk(&mut Derive).map_err(|_| DescriptorError::Hardened));
        match (branches.next(), branches.next(), branches.next()) {
            (Some(receive), Some(change), None) => {
                Ok(Self { whole, branches: [receive?, change?] })
            }
            (Some(_), None, None) => Err(DescriptorError::OneBranch),
            _ => Err(DescriptorError::NotTwoBranches),
        }
    }
}

/// The descriptor with its checksum.
impl fmt::Display for AccountDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole.fmt(f)
    }
}

/// Why a text is not the descriptor of an account. None repeats the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// Too long.
    #[error("the descriptor is longer than {most} bytes")]
    TooLong {
        /// The most bytes.
        most: usize,
    },
    /// There is a private key in it.
    #[error(
        "the descriptor holds a private key: give the one with public keys, and treat this one as \
         money"
    )]
    PrivateKey,
    /// The checksum is another.
    #[error("the descriptor's checksum is wrong: copy it again, whole")]
    Checksum,
    /// No descriptor.
    #[error("this is not a descriptor (BIP380): copy it again, whole")]
    Malformed,
    /// A script that this wallet does not spend.
    #[error(
        "scripts of this kind are not supported: use pkh, wpkh, sh(wpkh), wsh, sh(wsh) or tr, \
         without hash locks"
    )]
    Unsupported,
    /// Somebody could spend without a signature, or change a payment on its way.
    #[error(
        "the script is not safe: it can be spent without a signature, repeats a key or breaks a \
         limit of the network"
    )]
    Unsafe,
    /// Too many keys.
    #[error("the descriptor has more than {most} keys")]
    TooManyKeys {
        /// The most keys.
        most: usize,
    },
    /// A key is of another network.
    #[error("a key of the descriptor is not of {network}: check --network")]
    WrongNetwork {
        /// The network of the wallet.
        network: Network,
    },
    /// Addresses can't be derived from it.
    #[error("the descriptor stands for one address only: give the one whose keys end in /<0;1>/*")]
    NotRanged,
    /// A step can't be derived from a public key.
    #[error("the descriptor has a hardened step below an xpub, which nobody can derive")]
    Hardened,
    /// There is no branch for change.
    #[error(
        "the descriptor has one branch: write <0;1>/* for /0/*, or give the one for change with it"
    )]
    OneBranch,
    /// Not two branches.
    #[error("the descriptor must have two branches, as <0;1>/*: for addresses and for change")]
    NotTwoBranches,
}

/// What stands before a checksum that is right, or everything.
fn check_checksum(text: &str) -> Result<&str, DescriptorError> {
    let Some((body, checksum)) = text.split_once('#') else { return Ok(text) };
    let right = desc_checksum(body).map_err(|_| DescriptorError::Malformed)?;
    if right == checksum { Ok(body) } else { Err(DescriptorError::Checksum) }
}

fn check_script(whole: &Descriptor<DescriptorPublicKey>) -> Result<(), DescriptorError> {
    let spendable = match whole.desc_type() {
        DescriptorType::Bare | DescriptorType::Sh | DescriptorType::ShSortedMulti => false,
        DescriptorType::Pkh
        | DescriptorType::Wpkh
        | DescriptorType::Wsh
        | DescriptorType::ShWsh
        | DescriptorType::ShWpkh
        | DescriptorType::WshSortedMulti
        | DescriptorType::ShWshSortedMulti
        | DescriptorType::Tr => true,
    };
    if !spendable {
        return Err(DescriptorError::Unsupported);
    }
    whole.sanity_check().map_err(|_| DescriptorError::Unsafe)
}

fn check_keys(
    whole: &Descriptor<DescriptorPublicKey>,
    network: Network,
) -> Result<(), DescriptorError> {
    let kind = NetworkKind::from(network);
    let (mut count, mut ranged, mut problem) = (0, false, None);
    whole.for_each_key(|key| {
        count += 1;
        let (xpub, wildcard) = match key {
            DescriptorPublicKey::MultiXPub(key) => (&key.xkey, key.wildcard),
            DescriptorPublicKey::XPub(key) => (&key.xkey, key.wildcard),
            // Without a path, as the key of which nobody knows the secret (BIP341).
            DescriptorPublicKey::Single(_) => return true,
        };
        ranged = true;
        let found = match wildcard {
            _ if xpub.network != kind => Some(DescriptorError::WrongNetwork { network }),
            _ if key.has_hardened_step() => Some(DescriptorError::Hardened),
            Wildcard::Hardened => Some(DescriptorError::Hardened),
            Wildcard::None => Some(DescriptorError::NotRanged),
            Wildcard::Unhardened => None,
        };
        problem = problem.take().or(found);
        true
    });
    match problem {
        Some(problem) => Err(problem),
        None if !ranged => Err(DescriptorError::NotRanged),
        None if count > DESCRIPTOR_KEYS => {
            Err(DescriptorError::TooManyKeys { most: DESCRIPTOR_KEYS })
        }
        None => Ok(()),
    }
}

/// Derives each extended key of a branch down to the branch, so that each of its scripts takes one
/// derivation for each key. Origins grow by what was derived.
struct Derive;

impl Translator<DescriptorPublicKey, DescriptorPublicKey, bitcoin::bip32::Error> for Derive {
    fn pk(
        &mut self,
        key: &DescriptorPublicKey,
    ) -> Result<DescriptorPublicKey, bitcoin::bip32::Error> {
        let DescriptorPublicKey::XPub(key) = key else { return Ok(key.clone()) };
        let xkey = key.xkey.derive_pub(&SECP, &key.derivation_path)?;
        let (fingerprint, path) = match &key.origin {
            Some((fingerprint, path)) => (*fingerprint, path.extend(&key.derivation_path)),
            None => (key.xkey.fingerprint(), key.derivation_path.clone()),
        };
        Ok(DescriptorPublicKey::XPub(DescriptorXKey {
            origin: Some((fingerprint, path)),
            xkey,
            derivation_path: DerivationPath::master(),
            wildcard: key.wildcard,
        }))
    }

    translate_hash_clone!(DescriptorPublicKey, DescriptorPublicKey, bitcoin::bip32::Error);
}

/// The point H of BIP341, of which nobody knows the discrete logarithm.
pub(super) const NOBODYS_KEY: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e,
    0x07, 0x8a, 0x5a, 0x0f, 0x28, 0xec, 0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];
