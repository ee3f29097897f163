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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::keys;

    fn address(path: &str, variant: Variant) -> Result<ShownAddress, AddressError> {
        ShownAddress::of_key(&keys(), Chain::Testnet, &path.parse().unwrap(), variant)
    }

    /// The words of BIP84's vectors on the test network, as many wallets' tests have them.
    #[test]
    fn addresses_are_those_of_other_wallets() {
        for (path, variant, expected) in [
            ("m/44'/1'/0'/0/0", Variant::Pkh, "mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV"),
            ("m/49'/1'/0'/0/0", Variant::ShWpkh, "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2"),
            ("m/84'/1'/0'/0/0", Variant::Wpkh, "tb1q6rz28mcfaxtmd6v789l9rrlrusdprr9pqcpvkl"),
            (
                "m/86'/1'/0'/0/0",
                Variant::Tr,
                "tb1p8wpt9v4frpf3tkn0srd97pksgsxc5hs52lafxwru9kgeephvs7rqlqt9zj",
            ),
        ] {
            let shown = address(path, variant).unwrap();
            assert_eq!(shown.text(), expected);
            assert_eq!(shown.screens()[0].lines, [expected, path], "no warning");
        }
    }

    #[test]
    fn an_address_where_nobody_looks_is_told() {
        for (path, variant) in [
            ("m/84'/1'/0'/0/0", Variant::Tr),
            ("m/84'/0'/0'/0/0", Variant::Wpkh),
            ("m/0", Variant::Wpkh),
            ("m", Variant::Pkh),
        ] {
            let shown = address(path, variant).unwrap();
            assert_eq!(shown.screens()[0].kind, ScreenKind::Warning, "{path}");
        }
    }

    #[test]
    fn an_address_that_nobody_would_find_is_refused() {
        let beyond = address("m/84'/1'/0'/0/1000001", Variant::Wpkh);
        assert_eq!(beyond, Err(AddressError::Index));
        let long = address("m/1/1/1/1/1/1/1/1/1/1/1", Variant::Wpkh);
        assert_eq!(long, Err(AddressError::Path));
        let path = "m/84'/1'/0'/0/0".parse().unwrap();
        let other = ShownAddress::of_key(&keys(), Chain::Mainnet, &path, Variant::Wpkh);
        assert_eq!(other, Err(AddressError::Network));
    }
}
