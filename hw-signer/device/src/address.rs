//! Owns the addresses that the device shows: of one key, and how an address is put on a screen.
//!
//! Refuses an address of keys for another network, or at an index where nobody would look for it.

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::bip32::{ChildNumber, DerivationPath};
use bitcoin::{Address, CompressedPublicKey, Script, ScriptBuf};

use crate::keys::Keys;
use crate::limits::{ADDRESS_INDEX, PATH_STEPS};
use crate::network::Chain;
use crate::path::{self, StandardPath, Variant};
use crate::screen::{Screen, ScreenKind};

/// An address to compare on both screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAddress {
    text: String,
    screens: Vec<Screen>,
}

impl ShownAddress {
    /// The address of one key of the seed.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn of_key(
        keys: &Keys,
        chain: Chain,
        path: &DerivationPath,
        variant: Variant,
    ) -> Result<Self, AddressError> {
        check(keys, chain)?;
        if path.len() > PATH_STEPS {
            return Err(AddressError::Path);
        }
        if let Some(ChildNumber::Normal { index }) = path.into_iter().last() {
            within(*index)?;
        }
        let standard = StandardPath::of(path, keys.network());
        let usual = standard.is_some_and(|standard| standard.variant == variant);
        let lines = vec![path::written(path)];
        let script = script_of(keys, path, variant);
        Ok(Self::new(chain, &script, "Your address", lines, usual))
    }

    /// The address, as it is answered after the person agreed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pages to show, the last one to agree to.
    #[must_use]
    pub fn screens(&self) -> &[Screen] {
        &self.screens
    }

    /// The address of a script that was derived here; `lines` say from what.
    pub(crate) fn new(
        chain: Chain,
        script: &Script,
        title: &str,
        lines: Vec<String>,
        usual: bool,
    ) -> Self {
        let text = written(script, chain);
        let mut screens = Vec::new();
        if !usual {
            let mut warning = lines.clone();
            warning.push("Wallets do not look for money at this path.".to_string());
            screens.push(Screen::new(ScreenKind::Warning, "Unusual path", warning));
        }
        let mut page = vec![text.clone()];
        page.extend(lines);
        screens.push(Screen::new(ScreenKind::Address, title, page));
        let question = vec!["Does the wallet show the same address?".to_string()];
        screens.push(Screen::new(ScreenKind::Confirm, "Same address?", question));
        Self { text, screens }
    }
}

/// Why no address is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The device's keys are for another network.
    #[error("the device is set to another network")]
    Network,
    /// The path is longer than any wallet's.
    #[error("the key's path has too many steps: {PATH_STEPS} are the most")]
    Path,
    /// The index is higher than anybody would look.
    #[error("the address's index is too high: {ADDRESS_INDEX} is the most")]
    Index,
    /// There are branches 0 and 1 only.
    #[error("a wallet has branch 0, to receive, and branch 1, for change")]
    Branch,
}

/// The script of an address as people write it; in hex if it has no address.
pub(crate) fn written(script: &Script, chain: Chain) -> String {
    Address::from_script(script, chain.bitcoin())
        .map_or_else(|_| script.to_hex_string(), |address| address.to_string())
}

/// The script of one key of the seed.
pub(crate) fn script_of(keys: &Keys, path: &DerivationPath, variant: Variant) -> ScriptBuf {
    script(keys, keys.public_key(path), variant)
}

/// The script of one key.
pub(crate) fn script(
    keys: &Keys,
    key: bitcoin::secp256k1::PublicKey,
    variant: Variant,
) -> ScriptBuf {
    let compressed = CompressedPublicKey(key);
    match variant {
        Variant::Pkh => ScriptBuf::new_p2pkh(&compressed.pubkey_hash()),
        Variant::Wpkh => ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash()),
        Variant::ShWpkh => {
            ScriptBuf::new_p2sh(&ScriptBuf::new_p2wpkh(&compressed.wpubkey_hash()).script_hash())
        }
        Variant::Tr => ScriptBuf::new_p2tr(keys.secp(), key.x_only_public_key().0, None),
    }
}

/// Whether the keys are for the chain.
pub(crate) fn check(keys: &Keys, chain: Chain) -> Result<(), AddressError> {
    if keys.network() == chain.network() { Ok(()) } else { Err(AddressError::Network) }
}

/// Whether somebody would look at this index.
pub(crate) const fn within(index: u32) -> Result<(), AddressError> {
    if index <= ADDRESS_INDEX { Ok(()) } else { Err(AddressError::Index) }
}
