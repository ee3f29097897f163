//! Owns a key of a policy: an extended public key with its origin.
//!
//! Refuses one that says it is of this device and is not, and one too far from its master key to
//! have addresses.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

use bitcoin::bip32::{DerivationPath, Fingerprint, Xpub};
use bitcoin::secp256k1::XOnlyPublicKey;

use super::PolicyError;
use crate::keys::Keys;
use crate::limits::{PATH_STEPS, POLICY_KEY};
use crate::screen::{Screen, ScreenKind};

/// A key of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PolicyKey {
    pub(super) origin: Option<(Fingerprint, DerivationPath)>,
    pub(super) xpub: Xpub,
    /// Whether it is of this device.
    pub(super) own: bool,
}

impl PolicyKey {
    /// Reads `[fingerprint/path]xpub`, or an extended key without origin.
    pub(super) fn parse(number: usize, text: &str, keys: &Keys) -> Result<Self, PolicyError> {
        let malformed = PolicyError::Key(number);
        if text.len() > POLICY_KEY {
            return Err(malformed);
        }
        let (origin, xpub) = split(text).ok_or(malformed.clone())?;
        let below = u8::MAX.saturating_sub(xpub.depth);
        if xpub.network != keys.network().kind() || below < STEPS_BELOW {
            return Err(malformed);
        }
        let own = match &origin {
            Some((fingerprint, path)) if *fingerprint == keys.fingerprint() => {
                let derived = keys.xpub(path);
                let same =
                    derived.public_key == xpub.public_key && derived.chain_code == xpub.chain_code;
                if !same {
                    return Err(PolicyError::FalseOrigin(number));
                }
                true
            }
            _ => false,
        };
        Ok(Self { origin, xpub, own })
    }

    /// As descriptors have it.
    pub(super) fn text(&self) -> String {
        match &self.origin {
            Some((fingerprint, path)) if path.is_empty() => format!("[{fingerprint}]{}", self.xpub),
            Some((fingerprint, path)) => format!("[{fingerprint}/{path}]{}", self.xpub),
            None => self.xpub.to_string(),
        }
    }

    /// Whether nobody can have its secret key: it is the point that BIP341 names for that.
    pub(super) fn is_nobodys(&self) -> bool {
        let nobodys = XOnlyPublicKey::from_slice(&UNSPENDABLE);
        nobodys == Ok(self.xpub.public_key.x_only_public_key().0)
    }

    /// The page that shows it.
    pub(super) fn screen(&self, number: usize) -> Screen {
        let whose = match (self.own, self.is_nobodys()) {
            (true, _) => "yours",
            (false, true) => "nobody's: can't spend",
            (false, false) => "not yours",
        };
        let origin = match &self.origin {
            Some((fingerprint, path)) if path.is_empty() => fingerprint.to_string(),
            Some((fingerprint, path)) => format!("{fingerprint}/{path}"),
            None => "origin unknown".to_string(),
        };
        let lines = vec![origin, self.xpub.to_string()];
        Screen::new(ScreenKind::Key, format!("Key @{number}, {whose}"), lines)
    }
}

fn split(text: &str) -> Option<(Option<(Fingerprint, DerivationPath)>, Xpub)> {
    let Some(rest) = text.strip_prefix('[') else { return Some((None, text.parse().ok()?)) };
    let (origin, xpub) = rest.split_once(']')?;
    let (fingerprint, path) = origin.split_once('/').unwrap_or((origin, ""));
    let path: DerivationPath = path.parse().ok()?;
    (path.len() <= PATH_STEPS)
        .then_some((Some((fingerprint.parse().ok()?, path)), xpub.parse().ok()?))
}

/// Levels below the key: its branch and its addresses. There are 255 below a master key (BIP32,
/// "Serialization format").
const STEPS_BELOW: u8 = 2;

/// The point H of BIP341, whose discrete logarithm nobody knows.
const UNSPENDABLE: [u8; 32] = [
    0x50, 0x92, 0x9b, 0x74, 0xc1, 0xa0, 0x49, 0x54, 0xb7, 0x8b, 0x4b, 0x60, 0x35, 0xe9, 0x7a, 0x5e,
    0x07, 0x8a, 0x5a, 0x0f, 0x28, 0xec, 0x96, 0xd5, 0x47, 0xbf, 0xee, 0x9a, 0xce, 0x80, 0x3a, 0xc0,
];
