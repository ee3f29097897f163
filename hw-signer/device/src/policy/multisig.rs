//! Owns multisig wallets in the form that hosts register with a Jade, as policies.
//!
//! Refuses hardened steps below an extended key, which nobody can derive without its secret.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};

use super::PolicyError;
use super::normal_numbers;
use crate::keys::Keys;
use crate::limits::POLICY_KEYS;
use crate::path::path;

/// A multisig wallet as hosts register it with a Jade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Multisig {
    /// Which script.
    pub kind: MultisigKind,
    /// Whether the keys are sorted in the script (BIP67).
    pub sorted: bool,
    /// How many signatures it takes.
    pub threshold: u32,
    /// The keys, in their order.
    pub signers: Vec<Signer>,
}

impl Multisig {
    /// The template of its policy.
    pub(super) fn template(&self) -> Result<String, PolicyError> {
        let keys = self.signers.len();
        let fits = usize::try_from(self.threshold).is_ok_and(|k| (1..=keys).contains(&k));
        if !fits {
            return Err(PolicyError::Threshold);
        }
        let name = if self.sorted { "sortedmulti" } else { "multi" };
        let places: Vec<_> = (0..keys).map(|number| format!("@{number}/**")).collect();
        let script = format!("{name}({},{})", self.threshold, places.join(","));
        Ok(match self.kind {
            MultisigKind::Sh => format!("sh({script})"),
            MultisigKind::Wsh => format!("wsh({script})"),
            MultisigKind::ShWsh => format!("sh(wsh({script}))"),
        })
    }

    /// The keys of its policy. What follows a key before the branch becomes part of its origin.
    pub(super) fn key_texts(&self, keys: &Keys) -> Result<Vec<String>, PolicyError> {
        if self.signers.len() > POLICY_KEYS {
            return Err(PolicyError::KeyCount);
        }
        let text = |(number, signer): (usize, &Signer)| {
            signer.key_text(keys).ok_or(PolicyError::Key(number))
        };
        self.signers.iter().enumerate().map(text).collect()
    }
}

/// The script of a multisig wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultisigKind {
    /// `sh(multi(k))`
    Sh,
    /// `wsh(multi(k))`
    Wsh,
    /// `sh(wsh(multi(k)))`
    ShWsh,
}

impl MultisigKind {
    /// By the name that hosts send.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sh, Self::Wsh, Self::ShWsh].into_iter().find(|kind| kind.name() == name)
    }

    /// The name that hosts send.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sh => "sh(multi(k))",
            Self::Wsh => "wsh(multi(k))",
            Self::ShWsh => "sh(wsh(multi(k)))",
        }
    }
}

/// A key of a multisig wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// The fingerprint of its master key.
    pub fingerprint: [u8; 4],
    /// The path from there to the extended key.
    pub derivation: Vec<u32>,
    /// The extended key.
    pub xpub: String,
    /// The path from there to what the branch and the index follow; nearly always empty.
    pub path: Vec<u32>,
}

impl Signer {
    fn key_text(&self, keys: &Keys) -> Option<String> {
        let below = path(&self.path).ok()?;
        normal_numbers(below.as_ref())?;
        let xpub: Xpub = self.xpub.parse().ok()?;
        let xpub = xpub.derive_pub(keys.secp(), &below).ok()?;
        let origin: DerivationPath = path(&self.derivation).ok()?.extend(&below);
        let fingerprint = Fingerprint::from(self.fingerprint);
        let origin = origin.to_string();
        let slash = if origin.is_empty() { "" } else { "/" };
        Some(format!("[{fingerprint}{slash}{origin}]{xpub}"))
    }
}
