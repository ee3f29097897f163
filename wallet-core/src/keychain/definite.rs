//! Owns the one way from a descriptor to that of one of its places.
//!
//! Refuses hardened steps and ranges below public keys, at which the library panics.

use miniscript::ForEachKey;
use miniscript::descriptor::{
    DefiniteDescriptorKey, Descriptor, DescriptorPublicKey, DescriptorXKey, Wildcard,
};

/// The descriptor of one place of a branch; `None` where that takes private keys, where the index is
/// 2^31 or above, and of several branches.
#[must_use]
pub fn definite(
    branch: &Descriptor<DescriptorPublicKey>,
    index: u32,
) -> Option<Descriptor<DefiniteDescriptorKey>> {
    if branch.for_any_key(takes_private_key) {
        return None;
    }
    branch.at_derivation_index(index).ok()
}

/// Whether a key has a hardened step or range below its extended key.
fn takes_private_key(key: &DescriptorPublicKey) -> bool {
    let is_hardened = matches!(
        key,
        DescriptorPublicKey::XPub(DescriptorXKey { wildcard: Wildcard::Hardened, .. })
    );
    key.has_hardened_step() || is_hardened
}

#[cfg(test)]
mod tests {
    use super::*;

    const XPUB: &str = "tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp";

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
