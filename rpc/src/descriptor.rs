//! Owns descriptors as Bitcoin Core writes them: `h` for hardened steps, one branch at a time, with
//! the checksum (BIP380).
//!
//! Refuses private keys.

use bitcoin::bip32::DerivationPath;
use bitcoin::secp256k1::{All, Secp256k1};
use miniscript::descriptor::checksum::desc_checksum;
use miniscript::descriptor::{
    ConversionError, DefiniteDescriptorKey, DescriptorPublicKey, ShInner, SinglePub, SinglePubKey,
};
use miniscript::{Descriptor, ForEachKey as _, TranslatePk as _, Translator, translate_hash_clone};

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use billfold_wallet_core::keychain::{self, DerivationIndex};

use crate::limits::KEPT_PLACES;

/// The curve's tables, made once.
pub static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// The descriptor of one branch of an account.
#[derive(Debug)]
pub struct BranchDescriptor {
    text: String,
    /// With its keys derived down to the branch, which takes long; made when it is asked for.
    ranged: OnceLock<Option<Descriptor<DescriptorPublicKey>>>,
    places: Mutex<HashMap<DerivationIndex, Arc<Place>>>,
}

/// What is told of one place.
#[derive(Debug)]
pub struct Place {
    /// Its descriptor, as [`of_address`] writes it.
    pub desc: String,
    /// What stands behind the hash of P2SH, in hex.
    pub redeem_script: Option<String>,
    /// What stands behind the hash of P2WSH, in hex.
    pub witness_script: Option<String>,
}

impl BranchDescriptor {
    /// Reads one that is told by the wallet.
    #[must_use]
    pub fn new(told: &str) -> Self {
        Self { text: written(told), ranged: OnceLock::new(), places: Mutex::default() }
    }

    /// As it is written, ranged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is told of one place. To derive keys takes long, so what was made is kept: many coins stand
    /// at the same place, and lists are asked for again.
    #[must_use]
    pub fn place(&self, index: DerivationIndex) -> Option<Arc<Place>> {
        // What a panic left is whole: every change is one insertion, or all are gone.
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(&index) {
            return Some(Arc::clone(place));
        }
        let place = Arc::new(Place::new(&self.at(index)?));
        if places.len() >= KEPT_PLACES {
            places.clear();
        }
        places.insert(index, Arc::clone(&place));
        Some(place)
    }

    /// The descriptor of one place, with the very keys of it, each with where it comes from.
    #[must_use]
    pub fn at(&self, index: DerivationIndex) -> Option<Descriptor<DefiniteDescriptorKey>> {
        let read = || keychain::derived(&self.text.parse().ok()?);
        let ranged = self.ranged.get_or_init(read).as_ref()?;
        let definite = keychain::definite(ranged, index.to_u32())?;
        definite.translate_pk(&mut Plain { x_only: matches!(definite, Descriptor::Tr(_)) }).ok()
    }
}

impl Place {
    fn new(descriptor: &Descriptor<DefiniteDescriptorKey>) -> Self {
        let (redeem, witness) = match descriptor {
            Descriptor::Sh(sh) => match sh.as_inner() {
                ShInner::Wsh(wsh) => (Some(wsh.script_pubkey()), Some(wsh.inner_script())),
                _ => (Some(sh.inner_script()), None),
            },
            Descriptor::Wsh(wsh) => (None, Some(wsh.inner_script())),
            _ => (None, None),
        };
        Self {
            desc: of_address(descriptor),
            redeem_script: redeem.map(|script| script.to_hex_string()),
            witness_script: witness.map(|script| script.to_hex_string()),
        }
    }
}

/// The descriptor of one address as it is written, with its keys and where they come from, as
/// [`BranchDescriptor::at`] gives it.
#[must_use]
pub fn of_address(descriptor: &Descriptor<DefiniteDescriptorKey>) -> String {
    written(&format!("{descriptor:#}"))
}

/// Makes of each key the one that it derives.
struct Plain {
    x_only: bool,
}

impl Translator<DefiniteDescriptorKey, DefiniteDescriptorKey, ConversionError> for Plain {
    fn pk(
        &mut self,
        key: &DefiniteDescriptorKey,
    ) -> Result<DefiniteDescriptorKey, ConversionError> {
        let public = key.derive_public_key(&SECP)?;
        let path = key.full_derivation_path().ok_or(ConversionError::MultiKey)?;
        let key = SinglePub {
            origin: Some((key.master_fingerprint(), path)),
            key: if self.x_only {
                SinglePubKey::XOnly(public.inner.into())
            } else {
                SinglePubKey::FullKey(public)
            },
        };
        DefiniteDescriptorKey::new(DescriptorPublicKey::Single(key))
            .ok_or(ConversionError::MultiKey)
    }

    translate_hash_clone!(DefiniteDescriptorKey, DefiniteDescriptorKey, ConversionError);
}

/// A key of a definite descriptor, and its path from the master key.
#[must_use]
pub fn only_key(
    descriptor: &Descriptor<DefiniteDescriptorKey>,
) -> Option<(DefiniteDescriptorKey, DerivationPath)> {
    let mut keys = Vec::new();
    descriptor.for_each_key(|key| {
        keys.push(key.clone());
        true
    });
    let [key] = &keys[..] else { return None };
    Some((key.clone(), key.full_derivation_path()?))
}

/// A descriptor with `h` for hardened steps, and its checksum.
#[must_use]
pub fn written(descriptor: &str) -> String {
    checked(&descriptor.split('#').next().unwrap_or(descriptor).replace('\'', "h"))
}

/// The same with its checksum.
#[must_use]
pub fn checked(body: &str) -> String {
    match desc_checksum(body) {
        Ok(checksum) => format!("{body}#{checksum}"),
        // Only letters that no descriptor has could be the reason.
        Err(_) => body.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The account of BIP84's test vector, and its first address's key.
    const ACCOUNT: &str = "wpkh([73c5da0a/84'/0'/0']xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFk\
                           KB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V/<0;1>\
                           /*)";

    #[test]
    fn branches_and_addresses_are_written_as_core_does() {
        let receive = BranchDescriptor::new(&ACCOUNT.replace("<0;1>", "0"));
        assert!(receive.text().starts_with("wpkh([73c5da0a/84h/0h/0h]xpub6Cat"), "{receive:?}");
        let change = BranchDescriptor::new(&ACCOUNT.replace("<0;1>", "1"));
        assert!(change.text().contains("/1/*)#"), "{change:?}");
        let first = receive.place(DerivationIndex::ZERO).expect("an address");
        let (body, checksum) = first.desc.split_once('#').expect("a checksum");
        assert_eq!(
            body,
            "wpkh([73c5da0a/84h/0h/0h/0/0]\
             0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c)"
        );
        assert_eq!(checksum, desc_checksum(body).expect("letters"));
    }

    /// What is told of an address is read back as that address, whatever its form.
    #[test]
    fn what_is_told_of_a_place_makes_the_same_script() {
        let key =
            ACCOUNT.strip_prefix("wpkh(").and_then(|rest| rest.split_once("/<")).expect("a key").0;
        for form in
            ["pkh(@)", "sh(wpkh(@))", "tr(@)", "sh(wsh(sortedmulti(1,@,@2)))", "tr(@,pk(@2))"]
        {
            let text =
                form.replace("@2", &format!("{key}/1/*")).replace('@', &format!("{key}/0/*"));
            let branch: Descriptor<DescriptorPublicKey> = text.parse().expect("a descriptor");
            let expected = keychain::definite(&branch, 7).expect("a place").script_pubkey();
            let place =
                BranchDescriptor::new(&text).place(DerivationIndex::new(7).expect("an index"));
            let told = place.expect("a place").desc.clone();
            let read: Descriptor<DefiniteDescriptorKey> = told.parse().expect("a descriptor");
            assert_eq!(read.script_pubkey(), expected, "{told}");
            assert!(!told.contains("xpub") && told.contains("[73c5da0a/84h/0h/0h/0/7]"), "{told}");
        }
    }
}
