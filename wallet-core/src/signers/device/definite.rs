//! Owns one address that another program names by a descriptor without a wildcard (BIP380), as
//! Bitcoin Core does.
//!
//! Refuses descriptors of several keys, and keys that the device does not have at the place that is
//! told.

use std::str::FromStr;

use bitcoin::PublicKey;
use bitcoin::bip32::DerivationPath;
use bitcoin::key::XOnlyPublicKey;
use miniscript::Descriptor;
use miniscript::descriptor::{
    DefiniteDescriptorKey, DescriptorPublicKey, ShInner, SinglePubKey, Wildcard,
};

use billfold_signer_host::device::{Device, Shown, SingleKeyScript};
use billfold_signer_host::problem::DeviceError;
use billfold_signer_host::watch::Watch;

use crate::keychain::{DescriptorError, body_of, definite};

use super::{DisplayError, Displayed};

/// Has the device show the address of a descriptor of one key, and compares what it shows.
///
/// # Errors
/// See [`DisplayError`]; [`DisplayError::Descriptor`] for what is not one key with its origin.
pub fn display_descriptor(
    device: &mut dyn Device,
    text: &str,
    watch: &mut dyn Watch,
) -> Result<Displayed, DisplayError> {
    let body = body_of(text)?;
    if body.contains("prv") {
        return Err(DescriptorError::PrivateKey.into());
    }
    let descriptor = Descriptor::from_str(body).map_err(|_| DescriptorError::Malformed)?;
    let (script, key) = single_key(&descriptor).ok_or(DescriptorError::Unsupported)?;
    let path = path_of(key, device)?;
    let definite = definite(&descriptor, 0).ok_or(DescriptorError::Hardened)?;
    let known = device.xpub(&path)?.public_key;
    let ours = definite.address(device.network()).map_err(|_| DescriptorError::Unsupported)?;
    if !is(key, &definite, known) {
        return Err(DescriptorError::MalformedKey.into());
    }
    let told = device.display(&Shown::SingleKey { script, path }, watch)?;
    super::same(ours, told)
}

fn single_key(
    descriptor: &Descriptor<DescriptorPublicKey>,
) -> Option<(SingleKeyScript, &DescriptorPublicKey)> {
    match descriptor {
        Descriptor::Pkh(pkh) => Some((SingleKeyScript::Legacy, pkh.as_inner())),
        Descriptor::Wpkh(wpkh) => Some((SingleKeyScript::Segwit, wpkh.as_inner())),
        Descriptor::Tr(tr) if tr.tap_tree().is_none() => {
            Some((SingleKeyScript::Taproot, tr.internal_key()))
        }
        Descriptor::Sh(sh) => match sh.as_inner() {
            ShInner::Wpkh(wpkh) => Some((SingleKeyScript::Nested, wpkh.as_inner())),
            _ => None,
        },
        _ => None,
    }
}

/// The path of the key from the master key, which must be the device's.
fn path_of(key: &DescriptorPublicKey, device: &dyn Device) -> Result<DerivationPath, DisplayError> {
    let (origin, below) = match key {
        DescriptorPublicKey::Single(key) => (&key.origin, DerivationPath::master()),
        DescriptorPublicKey::XPub(key) if key.wildcard == Wildcard::None => {
            (&key.origin, key.derivation_path.clone())
        }
        _ => return Err(DescriptorError::Unsupported.into()),
    };
    let (signer, above) = origin.as_ref().ok_or(DescriptorError::Unsupported)?;
    let found = device.fingerprint();
    if *signer != found {
        return Err(DeviceError::WrongKeys { expected: vec![*signer], found }.into());
    }
    Ok(above.extend(below))
}

/// Whether a key of a descriptor is the one that the device has at its path.
fn is(
    key: &DescriptorPublicKey,
    definite: &Descriptor<DefiniteDescriptorKey>,
    known: bitcoin::secp256k1::PublicKey,
) -> bool {
    if let DescriptorPublicKey::Single(single) = key {
        return match single.key {
            SinglePubKey::FullKey(key) => key == PublicKey::new(known),
            SinglePubKey::XOnly(key) => key == XOnlyPublicKey::from(known),
        };
    }
    let mut same = false;
    miniscript::ForEachKey::for_each_key(definite, |key| {
        same = key.derive_public_key(&crate::keychain::SECP).is_ok_and(|key| key.inner == known);
        true
    });
    same
}
