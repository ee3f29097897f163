//! Owns `AccountKey`: an account's extended public key as people pass it on, with its origin.
//!
//! Reads the prefixes of SLIP-132 (`ypub`, `zpub`, …), which say what the key is for; writes the
//! ones of BIP32 only. Refuses private keys, and repeats nothing of what it could not read.

use std::fmt;
use std::str::FromStr;

use bitcoin::base58;
use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use bitcoin::{Network, NetworkKind};

use super::{DescriptorError, ScriptType};
use crate::limits::KEY_BYTES;

/// An extended public key, with the master key and the path that it comes from, if known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccountKey {
    /// Fingerprint of the master key and the path from it. Unknown ones are not guessed.
    pub origin: Option<(Fingerprint, DerivationPath)>,
    /// The key.
    pub xpub: Xpub,
}

/// What a key says that it is for (SLIP-132).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Nothing is said: `xpub`, `tpub`.
    Any,
    /// Addresses of one key of this type: `ypub`, `zpub`, `upub`, `vpub`.
    SingleKey(ScriptType),
    /// One of several keys: `Ypub`, `Zpub`, `Upub`, `Vpub`.
    Multisig,
}

impl AccountKey {
    /// Reads `xpub…` or `[fingerprint/path]xpub…`, of this network, with what it says it is for.
    ///
    /// # Errors
    /// [`DescriptorError::PrivateKey`], [`DescriptorError::WrongNetwork`], or
    /// [`DescriptorError::MalformedKey`].
    pub fn parse(text: &str, network: Network) -> Result<(Self, KeyUse), DescriptorError> {
        let text = text.trim();
        if holds_private_key(text) {
            return Err(DescriptorError::PrivateKey);
        }
        if text.len() > KEY_BYTES {
            return Err(DescriptorError::MalformedKey);
        }
        let (origin, key) = match text.strip_prefix('[') {
            None => (None, text),
            Some(rest) => {
                let (origin, key) = rest.split_once(']').ok_or(DescriptorError::MalformedKey)?;
                (Some(parse_origin(origin)?), key)
            }
        };
        let (xpub, key_use) = parse_key(key)?;
        if xpub.network != NetworkKind::from(network) {
            return Err(DescriptorError::WrongNetwork { network });
        }
        Ok((Self { origin, xpub }, key_use))
    }

    /// Whether nobody can sign with it: it is the point H of BIP341.
    #[must_use]
    pub fn is_nobodys(&self) -> bool {
        self.xpub.to_x_only_pub().serialize() == NOBODYS_KEY
    }

    /// The fingerprint of the master key, or of the key itself if its origin is unknown.
    #[must_use]
    pub fn signer(&self) -> Fingerprint {
        self.origin.as_ref().map_or_else(|| self.xpub.fingerprint(), |(signer, _)| *signer)
    }
}

/// As it stands in a descriptor.
impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some((fingerprint, path)) if path.is_empty() => write!(f, "[{fingerprint}]")?,
            Some((fingerprint, path)) => write!(f, "[{fingerprint}/{path}]")?,
            None => {}
        }
        self.xpub.fmt(f)
    }
}

/// What stands between the brackets: `fingerprint/path`.
pub(crate) fn parse_origin(text: &str) -> Result<(Fingerprint, DerivationPath), DescriptorError> {
    let (fingerprint, path) = text.split_once('/').unwrap_or((text, ""));
    let fingerprint =
        Fingerprint::from_str(fingerprint).map_err(|_| DescriptorError::MalformedKey)?;
    Ok((fingerprint, parse_path(path)?))
}

/// A path with or without `m/`, hardened steps marked in any way that is in use.
pub(crate) fn parse_path(text: &str) -> Result<DerivationPath, DescriptorError> {
    let text = text.trim().replace(['h', 'H'], "'");
    let text = text.strip_prefix("m/").unwrap_or(if text == "m" { "" } else { &text });
    DerivationPath::from_str(text).map_err(|_| DescriptorError::MalformedKey)
}

fn parse_key(text: &str) -> Result<(Xpub, KeyUse), DescriptorError> {
    let mut bytes = base58::decode_check(text).map_err(|_| DescriptorError::MalformedKey)?;
    let prefix = bytes.first_chunk().copied().ok_or(DescriptorError::MalformedKey)?;
    let (key_use, standard) = match u32::from_be_bytes(prefix) {
        0x0488_b21e | 0x0435_87cf => (KeyUse::Any, prefix),
        0x049d_7cb2 => (KeyUse::SingleKey(ScriptType::Nested), XPUB),
        0x04b2_4746 => (KeyUse::SingleKey(ScriptType::Segwit), XPUB),
        0x0295_b43f | 0x02aa_7ed3 => (KeyUse::Multisig, XPUB),
        0x044a_5262 => (KeyUse::SingleKey(ScriptType::Nested), TPUB),
        0x045f_1cf6 => (KeyUse::SingleKey(ScriptType::Segwit), TPUB),
        0x0242_89ef | 0x0257_5483 => (KeyUse::Multisig, TPUB),
        // `xprv` and its relatives, whatever their letters are.
        0x0488_ade4 | 0x0435_8394 | 0x049d_7878 | 0x04b2_430c | 0x044a_4e28 | 0x045f_18bc
        | 0x0295_b005 | 0x02aa_7a99 | 0x0242_85b5 | 0x0257_5048 => {
            return Err(DescriptorError::PrivateKey);
        }
        _ => return Err(DescriptorError::MalformedKey),
    };
    bytes.splice(..prefix.len(), standard);
    let xpub = Xpub::decode(&bytes).map_err(|_| DescriptorError::MalformedKey)?;
    Ok((xpub, key_use))
}

const XPUB: [u8; 4] = 0x0488_b21e_u32.to_be_bytes();
const TPUB: [u8; 4] = 0x0435_87cf_u32.to_be_bytes();

/// The point H of BIP341, of which nobody knows the discrete logarithm.
pub(super) const NOBODYS_KEY: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e,
    0x07, 0x8a, 0x5a, 0x0f, 0x28, 0xec, 0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];

/// Whether one of the words of a text is an extended private key, or the beginning of one: `xprv…`
/// and its relatives. A public key may have these letters further on, and a checksum, which is
/// eight letters, anywhere.
pub(crate) fn holds_private_key(text: &str) -> bool {
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.any(|word| word.len() > 8 && word.get(1..4) == Some("prv"))
}

#[cfg(test)]
mod tests {
    use bitcoin::bip32::{ChildNumber, Xpriv};

    use super::*;
    use crate::keychain::SECP;

    /// BIP84's test vector, and the same key as BIP32 writes it.
    const ZPUB: &str = "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZYs";
    const SAME: &str = "xpub6CatWdiZiodmUeTDp8LT5or8nmbKNcuyvz7WyksVFkKB4RHwCD3XyuvPEbvqAQY3rAPshWcMLoP2fMFMKHPJ4ZeZXYVUhLv1VMrjPC7PW6V";

    #[test]
    fn a_prefix_says_what_a_key_is_for() {
        let (key, key_use) = AccountKey::parse(ZPUB, Network::Bitcoin).expect("a key");
        assert_eq!(key_use, KeyUse::SingleKey(ScriptType::Segwit));
        assert_eq!(key.to_string(), SAME);
        assert_eq!(AccountKey::parse(SAME, Network::Bitcoin), Ok((key, KeyUse::Any)));
    }

    #[test]
    fn an_origin_is_kept_and_a_missing_one_stays_missing() {
        for (text, path) in [
            (format!("[73C5DA0A/84h/0h/0h]{SAME}"), "84'/0'/0'"),
            (format!("[73c5da0a]{SAME}"), ""),
        ] {
            let (key, _) = AccountKey::parse(&text, Network::Bitcoin).expect("a key");
            let (fingerprint, found) = key.origin.clone().expect("an origin");
            assert_eq!(
                (fingerprint.to_string(), found.to_string()),
                ("73c5da0a".into(), path.into())
            );
            assert_eq!(AccountKey::parse(&key.to_string(), Network::Bitcoin).expect("same").0, key);
        }
        assert_eq!(AccountKey::parse(SAME, Network::Bitcoin).expect("a key").0.origin, None);
    }

    #[test]
    fn what_is_no_public_key_of_the_network_is_named() {
        let parse = |text: &str, network| AccountKey::parse(text, network).map(drop);
        let network = Network::Signet;
        assert_eq!(parse(SAME, network), Err(DescriptorError::WrongNetwork { network }));
        let private = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
        assert_eq!(parse(private, Network::Bitcoin), Err(DescriptorError::PrivateKey));
        for text in ["", "[", "[]", "[73c5da0a/84'/0'", "xpub", &SAME[..50], "[x]xpub", "\u{1b}[2J"]
        {
            assert_eq!(
                parse(text, Network::Bitcoin),
                Err(DescriptorError::MalformedKey),
                "{text:?}"
            );
        }
        let mistyped = SAME.replace("CatW", "CatX");
        assert_eq!(parse(&mistyped, Network::Bitcoin), Err(DescriptorError::MalformedKey));
    }

    /// One in two thousand public keys is such.
    #[test]
    fn letters_by_chance_make_no_key_private() {
        let master = Xpriv::new_master(Network::Bitcoin, &[7; 64]).expect("a key");
        let unlucky = ChildNumber::from_hardened_idx(UNLUCKY).expect("a number");
        let child = master.derive_priv(&SECP, &[unlucky]).expect("a key");
        let public = Xpub::from_priv(&SECP, &child).to_string();
        assert!(public.contains("prv"), "{public}");
        assert!(AccountKey::parse(&public, Network::Bitcoin).is_ok(), "{public}");
        assert!(!holds_private_key("wpkh(x)#aprvqqqq"));
        assert!(holds_private_key(
            "wpkh([00000000/84h]tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8G/0/*)"
        ));
    }

    const UNLUCKY: u32 = 1_694;
}
