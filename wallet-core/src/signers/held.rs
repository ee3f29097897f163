//! Owns `HeldKey`: a private key with where it stands below a master key, as a descriptor names it
//! (BIP380), and how it is written.
//!
//! Refuses to show it but in a text that wipes itself.

use std::fmt;

use bitcoin::Network;
use bitcoin::bip32::{DerivationPath, Fingerprint, KeySource, Xpub};
use bitcoin::secp256k1::SecretKey;
use zeroize::Zeroizing;

use super::keys::{ExtendedKey, Keys, ParseKeyError, SingleKey};
use crate::keychain::{HeldKeyName, PublicHalf, parse_origin};
use crate::residue::wipe_stack;

/// A private key and its origin.
pub struct HeldKey {
    origin: KeySource,
    keys: Keys,
}

impl HeldKey {
    /// Keys that are their own master.
    #[must_use]
    pub fn master(keys: Keys) -> Self {
        Self { origin: (keys.fingerprint(), DerivationPath::master()), keys }
    }

    /// A key with the origin that a descriptor gives it.
    #[must_use]
    pub const fn new(origin: KeySource, keys: Keys) -> Self {
        Self { origin, keys }
    }

    /// Reads what [`text`](Self::text) wrote.
    ///
    /// # Errors
    /// See [`ParseKeyError`].
    pub fn parse(text: &str, network: Network) -> Result<Self, ParseKeyError> {
        let (origin, key) = origin_of(text).ok_or(ParseKeyError::NotAKey)?;
        let keys = match ExtendedKey::parse(key, network) {
            Err(ParseKeyError::NotAKey) => Keys::Single(SingleKey::parse(key, network)?),
            extended => Keys::Extended(extended?),
        };
        Ok(Self { origin, keys })
    }

    /// The key behind its origin: `[fingerprint/path]key`. Of a seed it is the master key.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST));
        text.push_str(&origin_text(&self.origin));
        self.keys.write(&mut text);
        text
    }

    /// Fingerprint of the master key and the path from it.
    #[must_use]
    pub const fn origin(&self) -> &KeySource {
        &self.origin
    }

    /// The key itself.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its public half.
    #[must_use]
    pub fn name(&self) -> HeldKeyName {
        let master = DerivationPath::master();
        let public = match &self.keys {
            Keys::Seed(seed, network) => PublicHalf::Extended(seed.xpub(&master, *network)),
            Keys::Extended(key) => PublicHalf::Extended(key.public(&master)),
            Keys::Single(key) => PublicHalf::Single(key.public()),
        };
        HeldKeyName { origin: self.origin.clone(), public }
    }

    /// A copy.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { origin: self.origin.clone(), keys: self.keys.copy() }
    }

    /// The path from this key to what has this origin, if it stands below.
    pub(super) fn below(&self, (fingerprint, path): &KeySource) -> Option<DerivationPath> {
        let (own, prefix) = &self.origin;
        let rest = path.as_ref().strip_prefix(prefix.as_ref())?;
        (own == fingerprint).then(|| rest.into())
    }

    /// Whether an extended key of this origin is derived from this one. What it says of its place
    /// changes nothing about its children.
    pub(super) fn makes(&self, origin: &KeySource, xpub: &Xpub) -> bool {
        let found = self.below(origin).and_then(|path| self.keys.public(&path));
        found.is_some_and(|found| {
            (found.public_key, found.chain_code) == (xpub.public_key, xpub.chain_code)
        })
    }

    /// The extended private key that has this origin.
    pub(super) fn half_at(&self, origin: &KeySource) -> Option<Zeroizing<String>> {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST));
        self.keys.write_at(&self.below(origin)?, &mut text)?;
        Some(text)
    }

    /// Lets `sign` use the key that has this origin; `None` if it does not stand below, or is not
    /// the one that `sign` wants.
    pub(super) fn with<T>(
        &self,
        origin: &KeySource,
        sign: impl FnOnce(&SecretKey) -> Option<T>,
    ) -> Option<T> {
        self.keys.with(&self.below(origin)?, sign).flatten()
    }
}

impl fmt::Debug for HeldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldKey").field(&self.origin.0).finish()
    }
}

/// What was computed with it is wiped too.
impl Drop for HeldKey {
    fn drop(&mut self) {
        wipe_stack();
    }
}

/// The origin in front of a key, and the key.
pub(super) fn origin_of(text: &str) -> Option<(KeySource, &str)> {
    let (origin, key) = text.strip_prefix('[')?.split_once(']')?;
    Some((parse_origin(origin).ok()?, key))
}

/// `[fingerprint/path]`, as descriptors have it.
pub(super) fn origin_text((fingerprint, path): &(Fingerprint, DerivationPath)) -> String {
    if path.is_empty() { format!("[{fingerprint}]") } else { format!("[{fingerprint}/{path}]") }
}

/// The longest text of a key, in bytes: an extended key behind a path of 255 steps.
pub(super) const LONGEST: usize = 4_096;
