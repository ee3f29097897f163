//! Owns `Outer`: what stands around the keys of a descriptor, of the forms that miniscript knows and of
//! `combo` (BIP384) and `rawtr`, which it does not.
//!
//! Refuses to derive keys.

use bitcoin::key::{CompressedPublicKey, TweakedPublicKey};
use bitcoin::{Address, Network};
use miniscript::Descriptor;
use miniscript::descriptor::DefiniteDescriptorKey;

use crate::descriptor::SECP;

/// What stands around the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outer {
    /// A script that miniscript knows.
    Usual,
    /// `combo`, read as if it were `pkh`.
    Combo,
    /// `rawtr`, read as if it were `tr`.
    RawTr,
}

impl Outer {
    /// A text with its own name in the place of the one that it was read as.
    pub(super) fn written(self, text: &str) -> String {
        let text = text.split('#').next().unwrap_or(text);
        match self {
            Self::Usual => text.to_owned(),
            Self::Combo => text.replacen("pkh(", "combo(", 1),
            Self::RawTr => text.replacen("tr(", "rawtr(", 1),
        }
    }

    pub(super) fn definite(
        self,
        definite: Descriptor<DefiniteDescriptorKey>,
    ) -> Vec<Descriptor<DefiniteDescriptorKey>> {
        match (self, definite) {
            (Self::Usual, definite) => vec![definite],
            (Self::Combo, Descriptor::Pkh(pkh)) => {
                let key = pkh.into_inner();
                let segwit =
                    [Descriptor::new_wpkh(key.clone()), Descriptor::new_sh_wpkh(key.clone())];
                let legacy = [Descriptor::new_pk(key.clone())].into_iter();
                let legacy = legacy.chain(Descriptor::new_pkh(key).ok());
                // Keys that are not compressed have no segwit form.
                legacy.chain(segwit.into_iter().filter_map(Result::ok)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn addresses(
        self,
        definite: &Descriptor<DefiniteDescriptorKey>,
        network: Network,
    ) -> Option<Vec<Address>> {
        match (self, definite) {
            (Self::Combo, Descriptor::Pkh(pkh)) => {
                let key = pkh.as_inner().derive_public_key(&SECP).ok()?;
                let mut addresses = vec![Address::p2pkh(key, network)];
                if let Ok(key) = CompressedPublicKey::try_from(key) {
                    addresses.push(Address::p2wpkh(&key, network));
                    addresses.push(Address::p2shwpkh(&key, network));
                }
                Some(addresses)
            }
            (Self::RawTr, Descriptor::Tr(tr)) => {
                let key = tr.internal_key().derive_public_key(&SECP).ok()?;
                let key = TweakedPublicKey::dangerous_assume_tweaked(key.inner.into());
                Some(vec![Address::p2tr_tweaked(key, network)])
            }
            _ => Some(vec![definite.address(network).ok()?]),
        }
    }
}
