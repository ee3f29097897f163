//! Owns the one way from a descriptor to that of one of its places, and the short cut for many of
//! them.
//!
//! Refuses hardened steps and ranges below public keys, and steps below the last level of BIP32, at
//! which the library panics.

use bitcoin::bip32::{self, DerivationPath};
use miniscript::descriptor::{
    DefiniteDescriptorKey, Descriptor, DescriptorPublicKey, DescriptorXKey, Wildcard,
};
use miniscript::{ForEachKey, TranslatePk, Translator, translate_hash_clone};

use super::SECP;

/// The descriptor of one place of a branch; `None` where that takes private keys or a level that
/// BIP32 does not have, where the index is 2^31 or above, and of several branches.
#[must_use]
pub fn definite(
    branch: &Descriptor<DescriptorPublicKey>,
    index: u32,
) -> Option<Descriptor<DefiniteDescriptorKey>> {
    if has_no_places(branch) { None } else { branch.at_derivation_index(index).ok() }
}

/// The same descriptor with each extended key derived down to its branch, so that each of its places
/// takes one derivation for each key. Origins grow by what was derived. `None` where a place has
/// none, as above.
#[must_use]
pub fn derived(
    branch: &Descriptor<DescriptorPublicKey>,
) -> Option<Descriptor<DescriptorPublicKey>> {
    if has_no_places(branch) { None } else { branch.translate_pk(&mut Derive).ok() }
}

struct Derive;

impl Translator<DescriptorPublicKey, DescriptorPublicKey, bip32::Error> for Derive {
    fn pk(&mut self, key: &DescriptorPublicKey) -> Result<DescriptorPublicKey, bip32::Error> {
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

    translate_hash_clone!(DescriptorPublicKey, DescriptorPublicKey, bip32::Error);
}

fn has_no_places(branch: &Descriptor<DescriptorPublicKey>) -> bool {
    branch.for_any_key(|key| takes_private_key(key) || is_too_deep(key))
}

/// Whether a key has a hardened step or range below its extended key.
fn takes_private_key(key: &DescriptorPublicKey) -> bool {
    let is_hardened = matches!(
        key,
        DescriptorPublicKey::XPub(DescriptorXKey { wildcard: Wildcard::Hardened, .. })
    );
    key.has_hardened_step() || is_hardened
}

/// Whether what a key is written for stands below the last level that there is (BIP32,
/// "Serialization format": the level is one byte).
pub(super) fn is_too_deep(key: &DescriptorPublicKey) -> bool {
    let (xkey, steps, wildcard) = match key {
        DescriptorPublicKey::XPub(key) => (&key.xkey, key.derivation_path.len(), key.wildcard),
        DescriptorPublicKey::MultiXPub(key) => {
            let steps = key.derivation_paths.paths().iter().map(DerivationPath::len).max();
            (&key.xkey, steps.unwrap_or_default(), key.wildcard)
        }
        DescriptorPublicKey::Single(_) => return false,
    };
    let ranged = usize::from(wildcard != Wildcard::None);
    usize::from(xkey.depth) + steps + ranged > usize::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use bitcoin::bip32::Xpub;

    use super::*;

    const XPUB: &str = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp";

    #[test]
    fn nothing_stands_below_the_last_level() {
        let xpub: Xpub = XPUB.parse().expect("a key");
        for (depth, below, stands) in [
            (254, "/*", true),
            (254, "/0/*", false),
            (255, "", true),
            (255, "/7", false),
            (255, "/*", false),
        ] {
            let xpub = Xpub { depth, ..xpub };
            let read = format!("wpkh({xpub}{below})").parse().expect("a descriptor");
            assert_eq!(definite(&read, 0).is_some(), stands, "{depth} {below}");
        }
        let long = format!("wpkh({xpub}{}/*)", "/0".repeat(255)).parse().expect("a descriptor");
        assert_eq!(definite(&long, 0), None);
    }

    #[test]
    fn what_takes_private_keys_has_no_places() {
        for hardened in ["/1h/0", "/*h", "/0/*h", "/0h", "/<0;1>/*", "/0h/*h"] {
            for outer in ["wpkh(@)", "sh(wpkh(@))", "wsh(multi(1,@))", "tr(@)", "tr(@,pk(@/9))"] {
                let Ok(read) = outer.replace('@', &format!("{XPUB}{hardened}")).parse() else {
                    continue;
                };
                assert_eq!(definite(&read, 0), None, "{outer} {hardened}");
            }
        }
        let ranged = format!("wpkh({XPUB}/0/*)").parse().expect("a descriptor");
        assert!(definite(&ranged, 5).is_some());
        assert_eq!(definite(&ranged, 1 << 31), None);
    }
}
