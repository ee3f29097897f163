//! Owns `Reference`, what a label can be about, and `Label`, what is said of it (BIP329).
//!
//! Refuses private keys: no reference is one.

use std::fmt;

use bitcoin::base58;
use bitcoin::hex::{DisplayHex, FromHex};
use bitcoin::{Address, Network, OutPoint, PublicKey, Txid, XOnlyPublicKey};

use crate::limits::LABEL_BYTES;

/// What a label is about (BIP329, "type" and "ref").
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reference {
    /// A transaction.
    Transaction(Txid),
    /// An address, ours or somebody's.
    Address(Address),
    /// A public key of 32, 33 or 65 bytes.
    PublicKey(Vec<u8>),
    /// An input: its transaction and its place there.
    Input(OutPoint),
    /// An output.
    Output(OutPoint),
    /// An extended public key (BIP32), in any of its spellings (SLIP132).
    Xpub(String),
}

impl Reference {
    /// Reads BIP329's form: the kind, and the reference as that kind writes it.
    ///
    /// # Errors
    /// See [`ParseReferenceError`].
    pub fn parse(kind: &str, text: &str, network: Network) -> Result<Self, ParseReferenceError> {
        let wrong = |_| ParseReferenceError::Malformed;
        match kind {
            "tx" => text.parse().map(Self::Transaction).map_err(|_| ParseReferenceError::Malformed),
            "addr" => parse_address(text, network).map(Self::Address),
            "pubkey" => parse_key(text).map(Self::PublicKey),
            "input" => text.parse().map(Self::Input).map_err(wrong),
            "output" => text.parse().map(Self::Output).map_err(wrong),
            "xpub" => parse_xpub(text).map(Self::Xpub),
            _ => Err(ParseReferenceError::UnknownKind),
        }
    }

    /// Reads what a person types: `TXID`, `TXID:N` for an output, an address, an extended public
    /// key, a public key of 33 or 65 bytes, or any of them after its kind, as in `input:TXID:N`.
    ///
    /// # Errors
    /// See [`ParseReferenceError`].
    pub fn typed(text: &str, network: Network) -> Result<Self, ParseReferenceError> {
        if let Some((kind, rest)) = text.split_once(':')
            && KINDS.contains(&kind)
        {
            return Self::parse(kind, rest, network);
        }
        let mut refusal = ParseReferenceError::Malformed;
        for kind in ["tx", "output", "addr", "pubkey", "xpub"] {
            match Self::parse(kind, text, network) {
                Ok(reference) => return Ok(reference),
                Err(ParseReferenceError::Malformed) => {}
                Err(telling) => refusal = telling,
            }
        }
        Err(refusal)
    }

    /// BIP329's name of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Transaction(_) => "tx",
            Self::Address(_) => "addr",
            Self::PublicKey(_) => "pubkey",
            Self::Input(_) => "input",
            Self::Output(_) => "output",
            Self::Xpub(_) => "xpub",
        }
    }
}

/// BIP329's form of the reference; [`Reference::parse`] reads it back.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction(txid) => txid.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::PublicKey(key) => key.as_hex().fmt(f),
            Self::Input(place) | Self::Output(place) => place.fmt(f),
            Self::Xpub(text) => f.write_str(text),
        }
    }
}

/// What is said of something. A label without a text says only whether an output may be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What it is about.
    pub reference: Reference,
    /// The text.
    pub label: Option<String>,
    /// Whether an output may be spent; `false` is a frozen one. Only for outputs.
    pub spendable: Option<bool>,
    /// What else the record that it was imported from holds: a JSON object, given back as it is.
    pub more: Option<String>,
}

/// Labels from a file, and what to do with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelImport {
    /// The labels.
    pub labels: Vec<Label>,
    /// Which one stays where the wallet has another.
    pub conflicts: Conflicts,
    /// Say what would happen, and do nothing.
    pub dry_run: bool,
}

/// Of what it is asked what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelQuery {
    /// Of all. Frozen coins are among them, however they were frozen.
    All,
    /// Of one thing.
    Of(Reference),
    /// Of the addresses with this label, which is not empty.
    Addresses(String),
}

/// Which label stays where two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflicts {
    /// The wallet's; what is frozen stays frozen.
    #[default]
    KeepOurs,
    /// The file's.
    TakeTheirs,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportedLabels {
    /// Labels that the wallet did not have.
    pub added: u64,
    /// Labels that it had already.
    pub same: u64,
    /// Labels that differ from the wallet's. Which one stayed is as it was asked.
    pub conflicts: Vec<LabelConflict>,
    /// Of all: about things that the wallet does not know (yet).
    pub unknown: u64,
    /// Coins that were frozen by it.
    pub frozen: u64,
    /// Coins that were given free by it.
    pub unfrozen: u64,
}

/// Two labels for one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelConflict {
    /// What they are about.
    pub reference: Reference,
    /// What the wallet says: a label, or `frozen` or `spendable`.
    pub ours: String,
    /// What the file says.
    pub theirs: String,
}

/// Why a text is no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseReferenceError {
    /// It is not what its kind says.
    #[error("not a transaction id, TXID:N, address, public key or xpub: check that it is whole")]
    Malformed,
    /// BIP329 knows no such kind, or did not when this was written.
    #[error("not a kind of label: tx, addr, pubkey, input, output and xpub are")]
    UnknownKind,
    /// An address of another network.
    #[error("this address is of another network than the wallet")]
    WrongNetwork,
    /// A private key.
    #[error("this is a private key: labels are about public ones, and it is not kept")]
    PrivateKey,
}

/// A label's text as it is kept: without spaces around it, `None` if nothing is left, and not
/// longer than [`LABEL_BYTES`]. The flag tells whether it was cut.
#[must_use]
pub fn kept_text(text: &str) -> (Option<String>, bool) {
    let text = text.trim();
    let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
    let end = starts.take_while(|start| *start <= LABEL_BYTES).last().unwrap_or_default();
    let kept = text[..end].trim_end();
    ((!kept.is_empty()).then(|| kept.to_owned()), end < text.len())
}

fn parse_address(text: &str, network: Network) -> Result<Address, ParseReferenceError> {
    let address: Address<_> = text.parse().map_err(|_| ParseReferenceError::Malformed)?;
    address.require_network(network).map_err(|_| ParseReferenceError::WrongNetwork)
}

fn parse_key(text: &str) -> Result<Vec<u8>, ParseReferenceError> {
    let bytes = Vec::<u8>::from_hex(text).map_err(|_| ParseReferenceError::Malformed)?;
    let good = match bytes.len() {
        32 => XOnlyPublicKey::from_slice(&bytes).is_ok(),
        _ => PublicKey::from_slice(&bytes).is_ok(),
    };
    if good { Ok(bytes) } else { Err(ParseReferenceError::Malformed) }
}

fn parse_xpub(text: &str) -> Result<String, ParseReferenceError> {
    if text.len() > LONGEST_XPUB {
        return Err(ParseReferenceError::Malformed);
    }
    let bytes = base58::decode_check(text).map_err(|_| ParseReferenceError::Malformed)?;
    match (bytes.len(), bytes.get(XPUB_KEY_AT)) {
        (XPUB_BYTES, Some(2 | 3)) => Ok(text.to_owned()),
        (XPUB_BYTES, Some(0)) => Err(ParseReferenceError::PrivateKey),
        _ => Err(ParseReferenceError::Malformed),
    }
}

const KINDS: [&str; 6] = ["tx", "addr", "pubkey", "input", "output", "xpub"];

/// BIP32's serialisation: version, depth, fingerprint, number, chain code, then the key, whose
/// first byte is 0 for a private one.
const XPUB_BYTES: usize = 78;
const XPUB_KEY_AT: usize = 45;
const LONGEST_XPUB: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    const TXID: &str = "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd";
    const XPUB: &str = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu\
                        1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";
    const XPRV: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJx\
                        WUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";

    #[test]
    fn what_bip329_names_is_read_and_written_back() {
        let key = "0283409659355b6d1cc3c32decd5d561abaac86c37a353b52895a5e6c196d6f448";
        let place = format!("{TXID}:1");
        for (kind, text) in [
            ("tx", TXID),
            ("addr", "bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c"),
            ("pubkey", key),
            ("pubkey", &key[2..]),
            ("input", &place),
            ("output", &place),
            ("xpub", XPUB),
        ] {
            let reference = Reference::parse(kind, text, Network::Bitcoin).unwrap();
            assert_eq!((reference.kind(), reference.to_string().as_str()), (kind, text));
            let typed = Reference::typed(&format!("{kind}:{text}"), Network::Bitcoin);
            assert_eq!(typed, Ok(reference));
        }
        assert!(matches!(
            Reference::typed(&place, Network::Bitcoin),
            Ok(Reference::Output(output)) if output.vout == 1
        ));
    }

    #[test]
    fn what_can_t_be_labelled_is_refused_by_its_reason() {
        use ParseReferenceError::{Malformed, PrivateKey, UnknownKind, WrongNetwork};
        let address = "bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c";
        for (text, reason) in [
            (XPRV, PrivateKey),
            (address, WrongNetwork),
            (&address[..40], Malformed),
            ("", Malformed),
            ("tx:tx", Malformed),
            ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", Malformed),
        ] {
            assert_eq!(Reference::typed(text, Network::Signet), Err(reason), "{text}");
        }
        assert_eq!(Reference::parse("spscan", "x", Network::Bitcoin), Err(UnknownKind));
    }

    #[test]
    fn a_label_is_cut_between_characters() {
        assert_eq!(kept_text("  rent \n"), (Some("rent".to_owned()), false));
        assert_eq!(kept_text(" \t "), (None, false));
        let (kept, cut) = kept_text(&"ü".repeat(LABEL_BYTES));
        assert!(cut && kept.is_some_and(|text| text.len() == LABEL_BYTES));
    }
}
