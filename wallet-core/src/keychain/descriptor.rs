//! Owns `AccountDescriptor`: a descriptor (BIP380) that was checked to be an account's: two branches
//! (BIP389), extended public keys of the network, safe to be paid at; or one that was imported,
//! which may make a single chain of addresses, or a single address.
//!
//! Refuses private keys, hardened steps, scripts that can be spent without a signature or changed
//! on their way. Errors repeat nothing of what was read: it may have been a secret.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use bitcoin::bip32::Fingerprint;
use bitcoin::{Address, Network, NetworkKind};
use miniscript::ForEachKey;
use miniscript::descriptor::{
    DefiniteDescriptorKey, Descriptor, DescriptorPublicKey, DescriptorType, ShInner, SinglePub,
    SinglePubKey, Wildcard,
};
use miniscript::miniscript::decode::Terminal;
use miniscript::policy::{Liftable, Semantic};

use super::body::body_of;
use super::definite::{definite, derived, is_too_deep};
use super::key::{NOBODYS_KEY, holds_private_key};
use super::kind::script_type;
use super::{
    AccountKey, AccountKind, Branch, DerivationIndex, DescriptorError, ScriptType, SpendPath,
    SpendPlan, SpendRule,
};
use crate::limits::DESCRIPTOR_KEYS;

/// Which chains of addresses a descriptor makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chains {
    /// Both.
    Both,
    /// This one.
    One(Branch),
    /// This one, of a single address.
    Fixed(Branch),
}

/// The descriptor of an account, both branches in one if it has two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDescriptor {
    /// As it is written.
    whole: Descriptor<DescriptorPublicKey>,
    /// By [`Branch::number`], each key derived down to its branch.
    branches: [Descriptor<DescriptorPublicKey>; 2],
    chains: Chains,
}

impl AccountDescriptor {
    /// Reads a descriptor of this network. A checksum is verified if there is one.
    ///
    /// # Errors
    /// See [`DescriptorError`].
    pub fn parse(text: &str, network: Network) -> Result<Self, DescriptorError> {
        let descriptor = Self::import(text, network, Branch::Receive)?;
        match descriptor.chains {
            Chains::Both => Ok(descriptor),
            Chains::One(_) => Err(DescriptorError::OneBranch),
            Chains::Fixed(_) => Err(DescriptorError::NotRanged),
        }
    }

    /// Reads a descriptor that may also make a single chain of addresses, or a single address:
    /// then they are of `branch`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), but for what is more.
    pub fn import(text: &str, network: Network, branch: Branch) -> Result<Self, DescriptorError> {
        let body = body_of(text)?;
        if holds_private_key(body) {
            return Err(DescriptorError::PrivateKey);
        }
        let whole = Descriptor::from_str(body).map_err(|_| DescriptorError::Malformed)?;
        check_script(&whole)?;
        check_keys(&whole, network)?;
        let descriptor = Self::branched(whole, branch)?;
        check_origins(&descriptor.keys())?;
        check_branches(&descriptor)?;
        if descriptor.paths(&[]).is_empty() {
            Err(DescriptorError::Unsupported)
        } else {
            Ok(descriptor)
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
        Self::branched(whole, Branch::Receive)
            .expect("the key has two branches without a hardened step")
    }

    /// Which chains of addresses it makes.
    #[must_use]
    pub const fn chains(&self) -> Chains {
        self.chains
    }

    /// How many addresses a chain has.
    #[must_use]
    pub fn places(&self, branch: Branch) -> u32 {
        match self.chains {
            Chains::Both => PLACES,
            Chains::One(own) if own == branch => PLACES,
            Chains::Fixed(own) if own == branch => 1,
            Chains::One(_) | Chains::Fixed(_) => 0,
        }
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> AccountKind {
        AccountKind::of(self.branch(Branch::Receive), self.nobodys_key())
    }

    /// The type of its addresses, whoever signs for it.
    #[must_use]
    pub fn script_type(&self) -> ScriptType {
        script_type(&self.whole)
    }

    /// Who may spend, and when. A script that nobody can spend is not read, so there is one.
    #[must_use]
    pub fn rule(&self) -> SpendRule {
        rule(self)
    }

    /// Whether a key of it is not an extended one.
    #[must_use]
    pub fn has_plain_key(&self) -> bool {
        self.whole.for_any_key(|key| matches!(key, DescriptorPublicKey::Single(_)))
    }

    /// One branch as Bitcoin Core writes it, with its checksum.
    #[must_use]
    pub fn branch_text(&self, branch: Branch) -> String {
        self.single(branch).map(|single| single.to_string()).unwrap_or_default()
    }

    /// The descriptor of one of its chains alone.
    #[must_use]
    pub fn of_branch(&self, branch: Branch) -> Self {
        let single = self.single(branch).and_then(|single| Self::branched(single, branch).ok());
        single.unwrap_or_else(|| self.clone())
    }

    fn single(&self, branch: Branch) -> Option<Descriptor<DescriptorPublicKey>> {
        let single = self.whole.clone().into_single_descriptors().ok()?;
        let second = self.chains == Chains::Both && branch == Branch::Change;
        single.into_iter().nth(usize::from(second))
    }

    /// The address at a place of one of its chains.
    #[must_use]
    pub fn address(&self, branch: Branch, index: DerivationIndex, network: Network) -> Address {
        address(&self.definite(branch, index), network)
    }

    /// The descriptor of one place.
    pub(super) fn definite(
        &self,
        branch: Branch,
        index: DerivationIndex,
    ) -> Descriptor<DefiniteDescriptorKey> {
        definite(self.branch(branch), index.to_u32()).expect(DERIVED)
    }

    /// Every way to spend, those without a wait first. Of keys that would do, those of `own` are
    /// planned with.
    #[must_use]
    pub fn paths(&self, own: &[Fingerprint]) -> Vec<SpendPath> {
        match self.kind() {
            AccountKind::SingleKey(script_type) => vec![SpendPath {
                signers: self.signers(),
                plan: SpendPlan::of_single_key(script_type),
            }],
            AccountKind::Multisig { .. } | AccountKind::Policy => {
                SpendPath::all(self.branch(Branch::Receive), self.nobodys_key(), own)
            }
        }
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
        is_nobodys(whole.internal_key()).then_some(branch.internal_key())
    }

    /// Every extended key, with its origin if it is known, each once, in the order of the text.
    #[must_use]
    pub fn keys(&self) -> Vec<AccountKey> {
        let mut keys = Vec::new();
        self.whole.for_each_key(|key| {
            let found = match key {
                DescriptorPublicKey::MultiXPub(key) => Some((&key.origin, key.xkey)),
                DescriptorPublicKey::XPub(key) => Some((&key.origin, key.xkey)),
                DescriptorPublicKey::Single(_) => None,
            };
            let found = found.map(|(origin, xpub)| AccountKey { origin: origin.clone(), xpub });
            keys.extend(found.filter(|key| !keys.contains(key)));
            true
        });
        keys
    }

    /// The fingerprints of the master keys, each once. A key without an origin is its own master.
    #[must_use]
    pub fn signers(&self) -> Vec<Fingerprint> {
        let mut signers = Vec::new();
        self.whole.for_each_key(|key| {
            let signer = key.master_fingerprint();
            let is_nobodys = matches!(key, DescriptorPublicKey::Single(_)) && is_nobodys(key);
            if !is_nobodys && !signers.contains(&signer) {
                signers.push(signer);
            }
            true
        });
        signers
    }

    fn branched(
        whole: Descriptor<DescriptorPublicKey>,
        branch: Branch,
    ) -> Result<Self, DescriptorError> {
        let single = whole.clone().into_single_descriptors();
        let branches = single.map_err(|_| DescriptorError::NotTwoBranches)?;
        let mut branches =
            branches.into_iter().map(|branch| derived(&branch).ok_or(DescriptorError::Hardened));
        match (branches.next(), branches.next(), branches.next()) {
            (Some(receive), Some(change), None) => {
                Ok(Self { whole, branches: [receive?, change?], chains: Chains::Both })
            }
            (Some(only), None, None) => {
                let ranged = whole.has_wildcard();
                let chains = if ranged { Chains::One(branch) } else { Chains::Fixed(branch) };
                let only = only?;
                Ok(Self { whole, branches: [only.clone(), only], chains })
            }
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

/// Whether a key is the point H of BIP341.
fn is_nobodys(key: &DescriptorPublicKey) -> bool {
    let key = match key {
        DescriptorPublicKey::MultiXPub(key) => key.xkey.to_x_only_pub(),
        DescriptorPublicKey::XPub(key) => key.xkey.to_x_only_pub(),
        DescriptorPublicKey::Single(SinglePub { key: SinglePubKey::XOnly(key), .. }) => *key,
        DescriptorPublicKey::Single(SinglePub { key: SinglePubKey::FullKey(key), .. }) => {
            key.inner.into()
        }
    };
    key.serialize() == NOBODYS_KEY
}

fn check_script(whole: &Descriptor<DescriptorPublicKey>) -> Result<(), DescriptorError> {
    let spendable = match whole.desc_type() {
        DescriptorType::Bare => false,
        DescriptorType::Sh => is_multisig(whole),
        DescriptorType::Pkh
        | DescriptorType::Wpkh
        | DescriptorType::Wsh
        | DescriptorType::ShWsh
        | DescriptorType::ShWpkh
        | DescriptorType::ShSortedMulti
        | DescriptorType::WshSortedMulti
        | DescriptorType::ShWshSortedMulti
        | DescriptorType::Tr => true,
    };
    if !spendable {
        return Err(DescriptorError::Unsupported);
    }
    whole.sanity_check().map_err(|_| DescriptorError::Unsafe)
}

/// Whether it is `sh(multi())`: behind P2SH alone, anything else could be changed on its way.
fn is_multisig(whole: &Descriptor<DescriptorPublicKey>) -> bool {
    let Descriptor::Sh(sh) = whole else { return false };
    matches!(sh.as_inner(), ShInner::Ms(script) if matches!(script.node, Terminal::Multi(_)))
}

fn check_keys(
    whole: &Descriptor<DescriptorPublicKey>,
    network: Network,
) -> Result<(), DescriptorError> {
    let kind = NetworkKind::from(network);
    let (mut count, mut problem) = (0, None);
    whole.for_each_key(|key| {
        count += 1;
        let (xpub, wildcard) = match key {
            DescriptorPublicKey::MultiXPub(key) => (&key.xkey, key.wildcard),
            DescriptorPublicKey::XPub(key) => (&key.xkey, key.wildcard),
            // Without a path, as the key of which nobody knows the secret (BIP341).
            DescriptorPublicKey::Single(_) => return true,
        };
        let found = match wildcard {
            _ if xpub.network != kind => Some(DescriptorError::WrongNetwork { network }),
            _ if key.has_hardened_step() => Some(DescriptorError::Hardened),
            _ if is_too_deep(key) => Some(DescriptorError::TooDeep),
            _ if has_repeated_step(key) => Some(DescriptorError::NotTwoBranches),
            Wildcard::Hardened => Some(DescriptorError::Hardened),
            // With two branches, each must go on.
            Wildcard::None if matches!(key, DescriptorPublicKey::MultiXPub(_)) => {
                Some(DescriptorError::NotRanged)
            }
            Wildcard::None | Wildcard::Unhardened => None,
        };
        problem = problem.take().or(found);
        true
    });
    match problem {
        Some(problem) => Err(problem),
        None if count > DESCRIPTOR_KEYS => {
            Err(DescriptorError::TooManyKeys { most: DESCRIPTOR_KEYS })
        }
        None => Ok(()),
    }
}

/// One key has one origin: with two it would be told as two signers, and one of them could be a
/// name that is not its own. What an xpub says of its place changes nothing about its children.
fn check_origins(keys: &[AccountKey]) -> Result<(), DescriptorError> {
    let parents: BTreeSet<_> =
        keys.iter().map(|key| (key.xpub.public_key, key.xpub.chain_code)).collect();
    if parents.len() == keys.len() { Ok(()) } else { Err(DescriptorError::TwoOrigins) }
}

/// Whether a key has the same step for both branches, as `<0;0>`, which BIP389 does not allow.
#[must_use]
pub fn has_repeated_step(key: &DescriptorPublicKey) -> bool {
    let DescriptorPublicKey::MultiXPub(key) = key else { return false };
    let paths = key.derivation_paths.paths();
    paths.iter().collect::<BTreeSet<_>>().len() < paths.len()
}

/// Change must not go to addresses that are given away, as it would where sorted keys only change
/// places between the branches.
fn check_branches(descriptor: &AccountDescriptor) -> Result<(), DescriptorError> {
    if descriptor.chains != Chains::Both {
        return Ok(());
    }
    let [receive, change] = [Branch::Receive, Branch::Change]
        .map(|branch| descriptor.definite(branch, DerivationIndex::ZERO).script_pubkey());
    if receive == change { Err(DescriptorError::NotTwoBranches) } else { Ok(()) }
}

/// Addresses of a chain without an end: every number that is not hardened.
const PLACES: u32 = 1 << 31;

const DERIVED: &str = "there is no hardened step and none below the last level, an index is below \
                       2^31, and no one can find an index without a key (2^-127)";

fn address(definite: &Descriptor<DefiniteDescriptorKey>, network: Network) -> Address {
    definite.address(network).expect("there are no bare scripts here")
}

fn rule(descriptor: &AccountDescriptor) -> SpendRule {
    let policy = descriptor.branch(Branch::Receive).lift().map(Semantic::normalized).ok();
    policy
        .and_then(|policy| SpendRule::new(&policy, descriptor.nobodys_key()))
        .expect("what has no rule has no way to be spent, and is not read")
}
