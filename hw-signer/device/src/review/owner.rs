//! Owns whose a script is: the device's, by a standard account or a registered policy that derives
//! it anew, or somebody else's.
//!
//! Refuses to believe what a PSBT says of keys: it only tells where to look.

mod loose;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bitcoin::Script;
use bitcoin::bip32::{ChildNumber, DerivationPath, Xpub};
use bitcoin::secp256k1::PublicKey;

use crate::duty::Spending;
use crate::keys::Keys;
use crate::path::{StandardPath, Variant, written};
use crate::policy::Policies;
use crate::psbt::{Input, Origin};

/// Whose a script is, if it is the device's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) wallet: Wallet,
    /// Whether it stands where change goes.
    pub(super) change: bool,
    /// Where it stands, for the person.
    pub(super) place: String,
    pub(super) spending: Spending,
}

/// What holds a key of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wallet {
    /// A standard account (BIP44, 49, 84, 86).
    Account(Variant, u32),
    /// A registered policy, by its name.
    Policy(String),
    /// A key at a path that no wallet looks at by itself.
    OddPath,
    /// A multisig that is not registered.
    Unregistered,
}

impl Wallet {
    /// Whether its change is recognised.
    pub(super) const fn is_known(&self) -> bool {
        matches!(self, Self::Account(..) | Self::Policy(_))
    }
}

/// A script that has a key of the device, and is none that it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownScript;

/// Looks for owners; remembers the extended keys that it has derived.
pub(super) struct Finder<'a> {
    keys: &'a Keys,
    policies: &'a Policies,
    derived: BTreeMap<DerivationPath, Xpub>,
}

impl<'a> Finder<'a> {
    pub(super) const fn new(keys: &'a Keys, policies: &'a Policies) -> Self {
        Self { keys, policies, derived: BTreeMap::new() }
    }

    /// Whose the script of an input is.
    pub(super) fn input(
        &mut self,
        script: &Script,
        fields: &Input,
    ) -> Result<Option<Found>, UnknownScript> {
        let found = self.output(script, &fields.origins);
        if found.is_some() {
            return Ok(found);
        }
        let own = self.own_keys(&fields.origins);
        if own.is_empty() {
            return Ok(None);
        }
        let spending = loose::multisig(script, fields, &own).ok_or(UnknownScript)?;
        let place = format!("key {}", written(&own[0].0));
        Ok(Some(Found { wallet: Wallet::Unregistered, change: false, place, spending }))
    }

    /// Whose the script of an output is.
    pub(super) fn output(&mut self, script: &Script, origins: &[Origin]) -> Option<Found> {
        let own = origins.iter().filter(|origin| origin.fingerprint == self.keys.fingerprint());
        for origin in own {
            let found = self.of_one_key(script, &origin.path);
            let found = found.or_else(|| self.of_policy(script, &origin.path));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn of_one_key(&mut self, script: &Script, path: &DerivationPath) -> Option<Found> {
        let variant = variant(script)?;
        let spending = Spending::of_key(self.keys, path, self.key(path), variant);
        if *spending.script != *script {
            return None;
        }
        let standard = StandardPath::of(path, self.keys.network());
        let Some(StandardPath { account, branch, index, .. }) =
            standard.filter(|standard| standard.variant == variant)
        else {
            let place = format!("your key {}", written(path));
            return Some(Found { wallet: Wallet::OddPath, change: false, place, spending });
        };
        let (wallet, change) = (Wallet::Account(variant, account), branch == 1);
        let place = format!("your account {account}, {} {index}", kind(change));
        Some(Found { wallet, change, place, spending })
    }

    fn of_policy(&self, script: &Script, path: &DerivationPath) -> Option<Found> {
        self.policies.iter().find_map(|policy| {
            let (branch, index, spending) = policy.spending(self.keys, path)?;
            let change = branch == 1;
            let place = format!("{}, {} {index}", policy.name(), kind(change));
            let wallet = Wallet::Policy(policy.name().into());
            (*spending.script == *script).then_some(Found { wallet, change, place, spending })
        })
    }

    /// The keys of the device among these: where they are said to be, they are.
    fn own_keys(&mut self, origins: &[Origin]) -> Vec<(DerivationPath, PublicKey)> {
        let mut own = Vec::new();
        for origin in origins.iter().filter(|o| o.fingerprint == self.keys.fingerprint()) {
            let key = self.key(&origin.path);
            let x_only = key.x_only_public_key().0.serialize();
            if origin.key == key.serialize() || origin.key == x_only {
                own.push((origin.path.clone(), key));
            }
        }
        own
    }

    /// The public key at a path. What is hardened is derived once.
    fn key(&mut self, path: &DerivationPath) -> PublicKey {
        let steps: &[ChildNumber] = path.as_ref();
        let hardened = steps.iter().rposition(ChildNumber::is_hardened).map_or(0, |last| last + 1);
        let (account, rest) = steps.split_at(hardened);
        let keys = self.keys;
        let account = DerivationPath::from(account);
        let xpub = self.derived.entry(account).or_insert_with_key(|account| keys.xpub(account));
        let key = xpub.derive_pub(keys.secp(), &rest);
        key.expect("paths are short and the rest is not hardened").public_key
    }
}

const fn kind(change: bool) -> &'static str {
    if change { "change" } else { "address" }
}

/// The variant whose scripts look like this one.
fn variant(script: &Script) -> Option<Variant> {
    if script.is_p2pkh() {
        Some(Variant::Pkh)
    } else if script.is_p2wpkh() {
        Some(Variant::Wpkh)
    } else if script.is_p2sh() {
        Some(Variant::ShWpkh)
    } else {
        script.is_p2tr().then_some(Variant::Tr)
    }
}
