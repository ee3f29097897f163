//! Owns the keys below a seed (BIP32), and what is bound to the seed: the device's MAC.
//!
//! Refuses to give a secret key away: it is lent for one computation and wiped. Nothing here is
//! shown by `Debug`.

use alloc::boxed::Box;
use core::fmt;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpriv, Xpub};
use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{All, PublicKey, Secp256k1, SecretKey};
use zeroize::{Zeroize, Zeroizing};

use crate::network::Network;
use crate::residue::wipe_stack;
use crate::words::{SEED_BYTES, Words};

/// The keys of one seed and passphrase, on one network. Wiped when dropped.
pub struct Keys {
    master: Secret,
    mac_key: Box<Zeroizing<[u8; 32]>>,
    fingerprint: Fingerprint,
    network: Network,
    secp: Secp256k1<All>,
}

impl Keys {
    /// The keys of these words and this passphrase; an empty passphrase is none.
    #[must_use]
    pub fn new(words: &Words, passphrase: &str, network: Network) -> Self {
        let seed = words.seed(passphrase);
        let mac_key = Box::new(Zeroizing::new(hmac(&**seed, &[b"billfold policies"])));
        let mut secp = Secp256k1::new();
        // Blinds the computations with keys; nobody who measures them knows this either.
        secp.seeded_randomize(&Zeroizing::new(hmac(&**seed, &[b"billfold blinding"])));
        let master = Secret::master(&seed, network);
        let fingerprint = master.0.fingerprint(&secp);
        wipe_stack();
        Self { master, mac_key, fingerprint, network, secp }
    }

    /// The fingerprint of the master key.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What the keys are for.
    #[must_use]
    pub const fn network(&self) -> Network {
        self.network
    }

    /// The extended public key at a path; the master key's at the empty one.
    #[must_use]
    pub fn xpub(&self, path: &DerivationPath) -> Xpub {
        let xpub = Xpub::from_priv(&self.secp, &self.secret(path).0);
        wipe_stack();
        xpub
    }

    /// The public key at a path.
    pub(crate) fn public_key(&self, path: &DerivationPath) -> PublicKey {
        self.xpub(path).public_key
    }

    /// Lends the secret key at a path.
    pub(crate) fn with_secret<T>(
        &self,
        path: &DerivationPath,
        use_it: impl FnOnce(&SecretKey, &Secp256k1<All>) -> T,
    ) -> T {
        let result = use_it(&self.secret(path).0.private_key, &self.secp);
        wipe_stack();
        result
    }

    /// The curve, blinded.
    pub(crate) const fn secp(&self) -> &Secp256k1<All> {
        &self.secp
    }

    /// The device's MAC: HMAC-SHA256, under a key that follows from the seed, over the parts, each
    /// after its length in 4 bytes, so that no two lists of parts are the same bytes.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        hmac(&**self.mac_key, parts)
    }

    fn secret(&self, path: &DerivationPath) -> Secret {
        let derived = self.master.0.derive_priv(&self.secp, path);
        Secret::of(derived.expect("paths are short, and no one can find an index without a key"))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.fingerprint)
    }
}

/// An extended private key on the heap, wiped when dropped.
struct Secret(Box<Xpriv>);

impl Secret {
    fn master(seed: &[u8; SEED_BYTES], network: Network) -> Self {
        let master = Xpriv::new_master(network.kind(), seed);
        Self::of(master.expect("no one can find a seed without a key (2^-127)"))
    }

    /// Takes over a key; what is left of it with the caller is wiped.
    fn of(mut key: Xpriv) -> Self {
        let own = Self(Box::new(key));
        wipe(&mut key);
        own
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(key: &mut Xpriv) {
    key.private_key.non_secure_erase();
    let mut chain_code = key.chain_code.to_bytes();
    chain_code.zeroize();
    key.chain_code = chain_code.into();
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    for part in parts {
        let length = u32::try_from(part.len()).expect("requests are far below 4 GiB");
        engine.input(&length.to_le_bytes());
        engine.input(part);
    }
    Hmac::from_engine(engine).to_byte_array()
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                         abandon abandon about";

    fn keys(passphrase: &str, network: Network) -> Keys {
        Keys::new(&Words::parse(WORDS).unwrap(), passphrase, network)
    }

    /// The vector of BIP84.
    #[test]
    fn keys_are_those_of_the_bip() {
        let keys = keys("", Network::Main);
        let xpub = keys.xpub(&"m/84'/0'/0'".parse().unwrap());
        assert_eq!(keys.fingerprint().to_string(), "73c5da0a");
        let first = keys.public_key(&"m/84'/0'/0'/0/0".parse().unwrap());
        assert_eq!(
            first.to_string(),
            "0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c"
        );
        assert!(
            xpub.to_string().starts_with("xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHw")
        );
    }

    #[test]
    fn the_mac_is_bound_to_the_seed_and_to_every_part() {
        let plain = keys("", Network::Test);
        let mac = plain.mac(&[b"ab", b"c"]);
        assert_eq!(mac, plain.mac(&[b"ab", b"c"]));
        assert_ne!(mac, plain.mac(&[b"a", b"bc"]));
        assert_ne!(mac, keys("other", Network::Test).mac(&[b"ab", b"c"]));
    }

    #[test]
    fn debug_shows_the_fingerprint_only() {
        assert_eq!(format!("{:?}", keys("", Network::Main)), "Keys(73c5da0a)");
    }
}
