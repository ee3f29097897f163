//! Owns descriptors as Bitcoin Core writes them: `h` for hardened steps, one branch at a time, with
//! the checksum (BIP380).
//!
//! Refuses private keys.

use bitcoin::bip32::DerivationPath;
use bitcoin::secp256k1::{All, Secp256k1};
use miniscript::descriptor::checksum::desc_checksum;
use miniscript::descriptor::{DefiniteDescriptorKey, DescriptorPublicKey};
use miniscript::{Descriptor, ForEachKey as _};

use std::sync::LazyLock;

use billfold_wallet_core::keychain::{self, Branch, DerivationIndex};

/// The curve's tables, made once.
pub static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// The descriptor of one branch of an account.
#[derive(Debug)]
pub struct BranchDescriptor {
    ranged: Descriptor<DescriptorPublicKey>,
    text: String,
}

impl BranchDescriptor {
    /// Reads it out of the account's.
    #[must_use]
    pub fn read(account: &str, branch: Branch) -> Option<Self> {
        let whole: Descriptor<DescriptorPublicKey> = account.parse().ok()?;
        let mut branches = whole.into_single_descriptors().ok()?;
        let place = usize::try_from(branch.number()).ok()?;
        let ranged = (place < branches.len()).then(|| branches.swap_remove(place))?;
        let text = written(&ranged.to_string());
        Some(Self { ranged, text })
    }

    /// As it is written, ranged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The descriptor of one place.
    #[must_use]
    pub fn at(&self, index: DerivationIndex) -> Option<Descriptor<DefiniteDescriptorKey>> {
        keychain::definite(&self.ranged, index.to_u32())
    }
}

/// The descriptor of one address as it is written, with its keys and where they come from.
#[must_use]
pub fn of_address(descriptor: &Descriptor<DefiniteDescriptorKey>) -> Option<String> {
    let text = descriptor.to_string();
    let mut body = text.split('#').next()?.to_owned();
    let x_only = matches!(descriptor, Descriptor::Tr(_));
    let mut keys = Vec::new();
    descriptor.for_each_key(|key| {
        keys.push(key.clone());
        true
    });
    // Puts `[fingerprint/path]key` in the place of each extended key with its path.
    for key in keys {
        let public = key.derive_public_key(&SECP).ok()?;
        let public = if x_only {
            public.inner.x_only_public_key().0.to_string()
        } else {
            public.to_string()
        };
        let path = key.full_derivation_path()?;
        let origin = match path.len() {
            0 => format!("[{}]", key.master_fingerprint()),
            _ => format!("[{}/{path}]", key.master_fingerprint()),
        };
        body = body.replace(&key.to_string(), &format!("{origin}{public}"));
    }
    Some(written(&body))
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
        let receive = BranchDescriptor::read(ACCOUNT, Branch::Receive).expect("a branch");
        assert!(receive.text().starts_with("wpkh([73c5da0a/84h/0h/0h]xpub6Cat"), "{receive:?}");
        let change = BranchDescriptor::read(ACCOUNT, Branch::Change).expect("a branch");
        assert!(change.text().contains("/1/*)#"), "{change:?}");
        let first = receive.at(DerivationIndex::ZERO).and_then(|first| of_address(&first));
        let first = first.expect("an address");
        let (body, checksum) = first.split_once('#').expect("a checksum");
        assert_eq!(
            body,
            "wpkh([73c5da0a/84h/0h/0h/0/0]\
             0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c)"
        );
        assert_eq!(checksum, desc_checksum(body).expect("letters"));
    }
}
