//! Owns `GivenKeys`: private keys that somebody gives for one piece of work, wiped after it.
//!
//! Refuses to tell them, and to look at what is signed: whoever gives keys answers for that.

use std::fmt;

use bitcoin::key::TapTweak as _;
use bitcoin::secp256k1::{Keypair, Message, SecretKey, ecdsa, schnorr};
use bitcoin::taproot::TapNodeHash;
use bitcoin::{PrivateKey, PublicKey, XOnlyPublicKey};

use crate::keychain::SECP;

/// Private keys of somebody else.
#[derive(Default)]
pub struct GivenKeys(Vec<PrivateKey>);

impl fmt::Debug for GivenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GivenKeys").field(&self.0.len()).finish()
    }
}

impl GivenKeys {
    /// Takes in one more.
    pub fn push(&mut self, key: PrivateKey) {
        self.0.push(key);
    }

    /// Their public keys.
    pub fn public(&self) -> impl Iterator<Item = PublicKey> + '_ {
        self.0.iter().map(|key| key.public_key(&SECP))
    }

    /// Signs by the one of a public key, with a small R as Bitcoin Core does.
    #[must_use]
    pub fn sign(&self, public: PublicKey, message: &Message) -> Option<ecdsa::Signature> {
        let key = self.0.iter().find(|key| key.public_key(&SECP) == public)?;
        Some(SECP.sign_ecdsa_low_r(message, &key.inner))
    }

    /// Signs for a key of a taproot output: by that key itself, or by the internal key that makes
    /// it with the root of its scripts (BIP340, BIP341).
    #[must_use]
    pub fn sign_for_output(
        &self,
        output: XOnlyPublicKey,
        root: Option<TapNodeHash>,
        message: &Message,
    ) -> Option<schnorr::Signature> {
        let both = |pair: Keypair| [pair, pair.tap_tweak(&SECP, root).to_keypair()];
        let mut pairs = self.0.iter().flat_map(|key| both(key.inner.keypair(&SECP)));
        let mut pair = pairs.find(|pair| pair.x_only_public_key().0 == output)?;
        let signature = SECP.sign_schnorr_no_aux_rand(message, &pair);
        pair.non_secure_erase();
        Some(signature)
    }
}

impl Drop for GivenKeys {
    fn drop(&mut self) {
        self.0.iter_mut().map(|key| &mut key.inner).for_each(SecretKey::non_secure_erase);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIP86's first address.
    #[test]
    fn the_internal_key_signs_for_the_output_that_it_makes() {
        let mut keys = GivenKeys::default();
        let secret = "41f41d69260df4cf277826a9b65a3717e4eeddbeedf637f212ca096576479361";
        let secret: SecretKey = secret.parse().expect("a key");
        keys.push(PrivateKey::new(secret, bitcoin::Network::Regtest));
        let output = "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c";
        let output: XOnlyPublicKey = output.parse().expect("a key");
        let message = Message::from_digest([7; 32]);
        let signature = keys.sign_for_output(output, None, &message).expect("it makes it");
        assert_eq!(SECP.verify_schnorr(&signature, &message, &output), Ok(()));
        let (internal, _) = secret.x_only_public_key(&SECP);
        let signature = keys.sign_for_output(internal, None, &message).expect("it is the key");
        assert_eq!(SECP.verify_schnorr(&signature, &message, &internal), Ok(()));
        let public = keys.public().next().expect("one");
        let signature = keys.sign(public, &message).expect("its key");
        assert_eq!(SECP.verify_ecdsa(&message, &signature, &public.inner), Ok(()));
        let other: PublicKey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
            .parse()
            .expect("a key");
        assert_eq!(keys.sign(other, &message), None);
        assert_eq!(keys.sign_for_output(other.inner.into(), None, &message), None);
        assert_eq!(format!("{keys:?}"), "GivenKeys(1)");
    }
}
