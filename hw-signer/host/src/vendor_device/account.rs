//! Owns `OneKey`: an account of one key, as devices that sign by account are told of it.
//!
//! Refuses coins of several keys, and paths that are none of BIP44, 49, 84 and 86.

use std::collections::BTreeSet;

use bitcoin::bip32::{ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::psbt::{Input, Psbt};

use crate::device::SingleKeyScript;

/// An account of one key: its script follows from its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OneKey {
    purpose: u32,
    path: DerivationPath,
}

impl OneKey {
    /// The account of an address, whether it is change, and its index.
    pub(super) fn of_address(
        script: SingleKeyScript,
        path: &DerivationPath,
    ) -> Option<(Self, bool, u32)> {
        let (account, change, index) = Self::of_path(path)?;
        (account.purpose == purpose(script)).then_some((account, change, index))
    }

    /// The accounts of the coins that a device's keys spend; `None` if there is one that is not of
    /// one key.
    pub(super) fn of_coins(psbt: &Psbt, signer: Fingerprint) -> Option<BTreeSet<Self>> {
        let mut accounts = BTreeSet::new();
        for input in &psbt.inputs {
            let paths = paths(input);
            if !paths.iter().any(|(fingerprint, _)| *fingerprint == signer) {
                continue;
            }
            let [(_, path)] = paths.as_slice() else { return None };
            accounts.insert(Self::of_path(path)?.0);
        }
        Some(accounts)
    }

    /// Where its key is.
    pub(super) const fn path(&self) -> &DerivationPath {
        &self.path
    }

    /// Its descriptor, with the key that the device has at its path.
    pub(super) fn descriptor(&self, signer: Fingerprint, xpub: &Xpub) -> String {
        let key = format!("[{signer}/{}]{xpub}/**", self.path);
        match self.purpose {
            44 => format!("pkh({key})"),
            49 => format!("sh(wpkh({key}))"),
            84 => format!("wpkh({key})"),
            _ => format!("tr({key})"),
        }
    }

    fn of_path(path: &DerivationPath) -> Option<(Self, bool, u32)> {
        let [
            ChildNumber::Hardened { index: purpose @ (44 | 49 | 84 | 86) },
            ChildNumber::Hardened { .. },
            ChildNumber::Hardened { .. },
            ChildNumber::Normal { index: branch @ (0 | 1) },
            ChildNumber::Normal { index },
        ] = path.as_ref()
        else {
            return None;
        };
        let account = Self { purpose: *purpose, path: path.as_ref()[..3].into() };
        Some((account, *branch == 1, *index))
    }
}

/// The keys that spend an input, each once.
fn paths(input: &Input) -> Vec<(Fingerprint, DerivationPath)> {
    let ecdsa = input.bip32_derivation.values().cloned();
    let schnorr = input.tap_key_origins.values().map(|(_, origin)| origin.clone());
    ecdsa.chain(schnorr).collect::<BTreeSet<_>>().into_iter().collect()
}

const fn purpose(script: SingleKeyScript) -> u32 {
    match script {
        SingleKeyScript::Legacy => 44,
        SingleKeyScript::Nested => 49,
        SingleKeyScript::Segwit => 84,
        SingleKeyScript::Taproot => 86,
    }
}
