//! Owns the wallet of the test vectors in BIP84, BIP86 and BIP49's successors: eleven times
//! "abandon", then "about". Its addresses are derived here with `bitcoin` alone, apart from the
//! program's own code.

use anyhow::Result;
use bitcoin::bip32::{DerivationPath, Xpriv, Xpub};
use bitcoin::hex::FromHex;
use bitcoin::key::{CompressedPublicKey, Secp256k1};
use bitcoin::{Address, Network};

/// The twelve words.
pub const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                         abandon abandon about";

/// Where an address comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The BIP43 purpose: 44, 49, 84 or 86.
    pub purpose: u32,
    /// The account's number.
    pub account: u32,
    /// 0 for addresses that are given out, 1 for change.
    pub branch: u32,
    /// Which of them.
    pub index: u32,
}

/// An address of account 0.
///
/// # Errors
/// None for hardened and plain numbers below 2³¹.
pub fn address(purpose: u32, branch: u32, index: u32) -> Result<Address> {
    address_at(Place { purpose, account: 0, branch, index })
}

/// The descriptor of account 0, with its private key.
///
/// # Errors
/// As [`address`].
pub fn private_descriptor(purpose: u32) -> Result<String> {
    described(purpose, ToString::to_string)
}

/// The descriptor of account 0, without a private key.
///
/// # Errors
/// As [`address`].
pub fn public_descriptor(purpose: u32) -> Result<String> {
    described(purpose, |key| Xpub::from_priv(&Secp256k1::new(), key).to_string())
}

fn described(purpose: u32, write: impl Fn(&Xpriv) -> String) -> Result<String> {
    let secp = Secp256k1::new();
    let master = Xpriv::new_master(Network::Regtest, &Vec::<u8>::from_hex(SEED)?)?;
    let path: DerivationPath = format!("m/{purpose}h/1h/0h").parse()?;
    let key = write(&master.derive_priv(&secp, &path)?);
    Ok(of_type(purpose, &format!("[{}/{purpose}h/1h/0h]{key}/<0;1>/*", master.fingerprint(&secp))))
}

fn of_type(purpose: u32, key: &str) -> String {
    match purpose {
        86 => format!("tr({key})"),
        84 => format!("wpkh({key})"),
        49 => format!("sh(wpkh({key}))"),
        _ => format!("pkh({key})"),
    }
}

/// An address of any account.
///
/// # Errors
/// None for hardened and plain numbers below 2³¹.
pub fn address_at(place: Place) -> Result<Address> {
    let Place { purpose, account, branch, index } = place;
    let secp = Secp256k1::new();
    let master = Xpriv::new_master(Network::Regtest, &Vec::<u8>::from_hex(SEED)?)?;
    let path: DerivationPath = format!("m/{purpose}h/1h/{account}h/{branch}/{index}").parse()?;
    let key = master.derive_priv(&secp, &path)?.to_keypair(&secp);
    let public = CompressedPublicKey(key.public_key());
    Ok(match purpose {
        86 => Address::p2tr(&secp, key.x_only_public_key().0, None, Network::Regtest),
        84 => Address::p2wpkh(&public, Network::Regtest),
        49 => Address::p2shwpkh(&public, Network::Regtest),
        _ => Address::p2pkh(public, Network::Regtest),
    })
}

/// The descriptor of one branch of account 0 with its private key, without a checksum.
///
/// # Errors
/// None.
pub fn descriptor(purpose: u32, branch: u32) -> Result<String> {
    let master = Xpriv::new_master(Network::Regtest, &Vec::<u8>::from_hex(SEED)?)?;
    Ok(of_type(purpose, &format!("{master}/{purpose}h/1h/0h/{branch}/*")))
}

/// The words' seed without a passphrase.
const SEED: &str = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
                    9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4";

#[cfg(test)]
mod tests {
    use super::*;

    /// The scripts of BIP84's and BIP86's vectors are mainnet's; on regtest coin type 1 is used, so
    /// the purpose is checked by the fingerprint of the master key that wallets show for the words.
    #[test]
    fn the_seed_is_that_of_the_words() {
        let master = Xpriv::new_master(Network::Bitcoin, &Vec::<u8>::from_hex(SEED).unwrap());
        let fingerprint = master.unwrap().fingerprint(&Secp256k1::new());
        assert_eq!(fingerprint.to_string(), "73c5da0a");
    }
}
