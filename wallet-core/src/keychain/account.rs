//! Owns `Account`: scripts, addresses, PSBT fields and ways to spend of one descriptor.
//!
//! Refuses private keys. BIP174 and BIP371 for the PSBT fields.

use std::collections::BTreeSet;

use bitcoin::bip32::Fingerprint;
use bitcoin::{Address, Network, ScriptBuf, WitnessVersion, psbt};

use miniscript::psbt::{PsbtInputExt, PsbtOutputExt};

use super::single_key::SingleKeyBranch;
use super::{
    AccountDescriptor, AccountId, AccountKind, AccountName, Branch, DerivationIndex, KeychainId,
    ScriptType, SpendPath, SpendPlan,
};

/// One account of a wallet: what derives its addresses and tells how they are spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    id: AccountId,
    name: AccountName,
    network: Network,
    descriptor: AccountDescriptor,
    /// The quick way to addresses, by [`Branch::number`], if there is one.
    single_key: Option<[SingleKeyBranch; 2]>,
    kind: AccountKind,
    script_type: ScriptType,
    paths: Vec<SpendPath>,
    /// What is taken of `paths` unless another is asked for.
    plan: SpendPlan,
    signs: bool,
    is_all_own: bool,
    /// Of its chains, by [`Branch::number`].
    active: [bool; 2],
}

impl Account {
    /// An account of a wallet. `own` are the fingerprints of the wallet's master keys; whoever calls
    /// has made sure that the keys that name them are derived from them.
    #[must_use]
    pub fn new(
        id: AccountId,
        name: AccountName,
        network: Network,
        descriptor: AccountDescriptor,
        own: &[Fingerprint],
    ) -> Self {
        let branches = [Branch::Receive, Branch::Change].map(|branch| descriptor.branch(branch));
        let single_key = match branches.map(SingleKeyBranch::new) {
            [Some(receive), Some(change)] => Some([receive, change]),
            _ => None,
        };
        let (kind, script_type) = (descriptor.kind(), descriptor.script_type());
        let paths = descriptor.paths(own);
        let is_own = |signer: &Fingerprint| own.contains(signer);
        let plan = usual(&paths, is_own).plan;
        let signers = descriptor.signers();
        let (signs, is_all_own) = (signers.iter().any(is_own), signers.iter().all(is_own));
        Self {
            id,
            name,
            network,
            descriptor,
            single_key,
            kind,
            script_type,
            paths,
            plan,
            signs,
            is_all_own,
            active: [true; 2],
        }
    }

    /// The same, which gives out no new addresses by itself.
    #[must_use]
    pub fn inactive(self) -> Self {
        Self { active: [false; 2], ..self }
    }

    /// Sets whether new addresses of its type may be of one of its chains.
    pub const fn set_active(&mut self, branch: Branch, active: bool) {
        match branch {
            Branch::Receive => self.active[0] = active,
            Branch::Change => self.active[1] = active,
        }
    }

    /// Sets the same of both, by those chains of all accounts that are active.
    pub fn set_active_of(&mut self, active: &BTreeSet<KeychainId>) {
        for branch in Branch::ALL {
            self.set_active(branch, active.contains(&KeychainId { account: self.id, branch }));
        }
    }

    /// Whether new addresses of its type may be of one of its chains.
    #[must_use]
    pub fn is_active(&self, branch: Branch) -> bool {
        let [receive, change] = self.active;
        let active = if branch == Branch::Receive { receive } else { change };
        active && self.descriptor.places(branch) > 0
    }

    /// The type of its addresses.
    #[must_use]
    pub const fn script_type(&self) -> ScriptType {
        self.script_type
    }

    /// Which account.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.id
    }

    /// What people call it.
    #[must_use]
    pub const fn name(&self) -> &AccountName {
        &self.name
    }

    /// The network of its addresses.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.network
    }

    /// What it is made of.
    #[must_use]
    pub const fn descriptor(&self) -> &AccountDescriptor {
        &self.descriptor
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> AccountKind {
        self.kind
    }

    /// Whether one key signs for it.
    #[must_use]
    pub const fn is_single_key(&self) -> bool {
        matches!(self.kind, AccountKind::SingleKey(_))
    }

    /// Whether one of its keys is the wallet's own.
    #[must_use]
    pub const fn signs(&self) -> bool {
        self.signs
    }

    /// Whether one signer is enough: there is one key, or all keys are the wallet's own.
    #[must_use]
    pub const fn has_one_signer(&self) -> bool {
        self.is_single_key() || self.is_all_own
    }

    /// The version of the witness program in its scripts, also behind P2SH; `None` for P2PKH.
    #[must_use]
    pub fn witness_version(&self) -> Option<WitnessVersion> {
        self.descriptor.branch(Branch::Receive).desc_type().segwit_version()
    }

    /// Every way to spend, those without a wait first.
    #[must_use]
    pub fn paths(&self) -> &[SpendPath] {
        &self.paths
    }

    /// What the way takes that is used unless another is asked for: the first that a key of the wallet's own
    /// takes part in, else the first.
    #[must_use]
    pub const fn spend_plan(&self) -> SpendPlan {
        self.plan
    }

    /// The script at a place of one of its chains.
    #[must_use]
    pub fn script(&self, branch: Branch, index: DerivationIndex) -> ScriptBuf {
        self.address(branch, index).script_pubkey()
    }

    /// The address at a place of one of its chains.
    #[must_use]
    pub fn address(&self, branch: Branch, index: DerivationIndex) -> Address {
        match (&self.single_key, branch) {
            (Some([receive, _]), Branch::Receive) => receive.address(index, self.network),
            (Some([_, change]), Branch::Change) => change.address(index, self.network),
            (None, _) => self.descriptor.address(branch, index, self.network),
        }
    }

    /// Fills what a signer must know of an input that spends a script of this account: key
    /// origins, scripts, internal key, leaves. The spent output is for the caller to add.
    pub fn annotate_input(&self, branch: Branch, index: DerivationIndex, input: &mut psbt::Input) {
        let definite = self.descriptor.definite(branch, index);
        let told = input.update_with_descriptor_unchecked(&definite);
        debug_assert!(told.is_ok(), "every key was derived to its branch, so none is hardened");
    }

    /// Fills what a signer must know to recognise an output of this account as its own.
    pub fn annotate_output(
        &self,
        branch: Branch,
        index: DerivationIndex,
        output: &mut psbt::Output,
    ) {
        let definite = self.descriptor.definite(branch, index);
        let told = output.update_with_descriptor_unchecked(&definite);
        debug_assert!(told.is_ok(), "every key was derived to its branch, so none is hardened");
    }
}

/// The first way that a key of the wallet's own takes part in, else the first.
fn usual(paths: &[SpendPath], is_own: impl Fn(&Fingerprint) -> bool) -> &SpendPath {
    let own = paths.iter().find(|path| path.signers.iter().any(&is_own));
    own.or(paths.first()).expect("what can't be spent is not read")
}

#[cfg(test)]
mod tests;
