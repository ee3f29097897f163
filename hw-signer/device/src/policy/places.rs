//! Owns where a policy's own keys stand, and how its coins are spent.
//!
//! Refuses steps and indices beyond their bounds.

use alloc::vec::Vec;

use bitcoin::bip32::{ChildNumber, DerivationPath};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::taproot::LeafVersion;
use bitcoin::{PublicKey, ScriptBuf, TapLeafHash, XOnlyPublicKey};
use miniscript::descriptor::{DefiniteDescriptorKey, Descriptor, DescriptorPublicKey, ShInner, Tr};
use miniscript::{ForEachKey as _, ToPublicKey as _};

use super::key::PolicyKey;
use super::normal_numbers;
use super::template::Template;
use crate::duty::{Duty, Era, Spending, Target};
use crate::keys::Keys;
use crate::limits::ADDRESS_INDEX;

/// Where a key of this device stands in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The path of the extended key.
    origin: Vec<ChildNumber>,
    steps: [u32; 2],
}

impl Place {
    /// The branch, 0 or 1, and the index of a key at this path; `None` if it is of another place.
    pub(super) fn of(&self, path: &DerivationPath) -> Option<(u32, u32)> {
        let path: &[ChildNumber] = path.as_ref();
        let below = path.strip_prefix(self.origin.as_slice())?;
        let [step, index] = normal_numbers(below)?[..] else { return None };
        let branch = self.steps.iter().position(|own| *own == step)?;
        (index <= ADDRESS_INDEX).then_some((u32::from(branch == 1), index))
    }
}

/// The places of the keys that are of this device.
pub(super) fn own(template: &Template, keys: &[PolicyKey]) -> Vec<Place> {
    let place = |placeholder: &super::template::Placeholder| {
        let key = &keys[placeholder.key];
        let (_, path) = key.origin.as_ref().filter(|_| key.own)?;
        Some(Place { origin: path.clone().into(), steps: placeholder.steps })
    };
    template.placeholders().iter().filter_map(place).collect()
}

/// The script at an index within bounds.
pub(super) fn script(descriptor: &Descriptor<DescriptorPublicKey>, index: u32) -> ScriptBuf {
    let derived = descriptor.derived_descriptor(&Secp256k1::verification_only(), index);
    derived.expect("no step of a policy is hardened").script_pubkey()
}

/// How coins at an index within bounds are spent; `None` if they can't be, which sane policies
/// can.
pub(super) fn spending(
    descriptor: &Descriptor<DescriptorPublicKey>,
    index: u32,
    keys: &Keys,
) -> Option<Spending> {
    let definite = descriptor.at_derivation_index(index).ok()?;
    let derived = definite.derived_descriptor(keys.secp()).ok()?;
    let satisfaction = derived.max_weight_to_satisfy().ok()?;
    let era = era(&definite);
    let duties = if let (Descriptor::Tr(definite), Descriptor::Tr(derived)) = (&definite, &derived)
    {
        taproot_duties(definite, derived, keys)
    } else {
        script_duties(&definite, era, &derived.script_code().ok()?, keys)
    };
    Some(Spending { script: derived.script_pubkey(), era, duties, satisfaction })
}

fn era(descriptor: &Descriptor<DefiniteDescriptorKey>) -> Era {
    match descriptor {
        Descriptor::Sh(sh) => match sh.as_inner() {
            ShInner::Wsh(_) | ShInner::Wpkh(_) => Era::Segwit,
            ShInner::SortedMulti(_) | ShInner::Ms(_) => Era::Legacy,
        },
        Descriptor::Wsh(_) | Descriptor::Wpkh(_) => Era::Segwit,
        Descriptor::Tr(_) => Era::Taproot,
        Descriptor::Bare(_) | Descriptor::Pkh(_) => Era::Legacy,
    }
}

fn script_duties(
    definite: &Descriptor<DefiniteDescriptorKey>,
    era: Era,
    code: &ScriptBuf,
    keys: &Keys,
) -> Vec<Duty> {
    let mut duties = Vec::new();
    definite.for_each_key(|key| {
        if let Some((path, key)) = own_key(key, keys) {
            let (key, code) = (key.inner, code.clone());
            let target = match era {
                Era::Legacy => Target::Legacy { key, code },
                Era::Segwit | Era::Taproot => Target::Segwit { key, code },
            };
            duties.push(Duty { path, target });
        }
        true
    });
    duties
}

fn taproot_duties(
    definite: &Tr<DefiniteDescriptorKey>,
    derived: &Tr<PublicKey>,
    keys: &Keys,
) -> Vec<Duty> {
    let mut duties = Vec::new();
    if let Some((path, key)) = own_key(definite.internal_key(), keys) {
        let root = derived.spend_info().merkle_root();
        let target = Target::KeyPath { internal: XOnlyPublicKey::from(key.inner), root };
        duties.push(Duty { path, target });
    }
    for ((_, leaf), (_, script)) in definite.iter_scripts().zip(derived.iter_scripts()) {
        let leaf_hash = TapLeafHash::from_script(&script.encode(), LeafVersion::TapScript);
        for (path, key) in leaf.iter_pk().filter_map(|key| own_key(&key, keys)) {
            let target = Target::Leaf { key: XOnlyPublicKey::from(key.inner), leaf: leaf_hash };
            duties.push(Duty { path, target });
        }
    }
    duties
}

/// The path of a key and the key itself, if it is of this device. What a policy says of origins
/// with its fingerprint was checked when it was read.
fn own_key(key: &DefiniteDescriptorKey, keys: &Keys) -> Option<(DerivationPath, PublicKey)> {
    let origin = match key.as_descriptor_public_key() {
        DescriptorPublicKey::XPub(xkey) => xkey.origin.as_ref(),
        DescriptorPublicKey::Single(_) | DescriptorPublicKey::MultiXPub(_) => None,
    };
    origin.filter(|(fingerprint, _)| *fingerprint == keys.fingerprint())?;
    Some((key.full_derivation_path()?, key.to_public_key()))
}
