//! Owns derivation paths (BIP32) as hosts send them, and which of them are standard (BIP44, 49,
//! 84, 86).
//!
//! Refuses paths that are longer than any wallet's.

use alloc::string::ToString;
use alloc::vec::Vec;

use bitcoin::bip32::{ChildNumber, DerivationPath};

use crate::limits::{ACCOUNT, ADDRESS_INDEX, PATH_STEPS};
use crate::network::Network;

/// The path of these numbers, hardened from 2^31 on.
///
/// # Errors
/// [`PathError`] if there are more than [`PATH_STEPS`].
pub fn path(numbers: &[u32]) -> Result<DerivationPath, PathError> {
    if numbers.len() > PATH_STEPS {
        return Err(PathError);
    }
    Ok(numbers.iter().map(|number| ChildNumber::from(*number)).collect::<Vec<_>>().into())
}

/// A path is longer than any wallet's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key's path has too many steps: {PATH_STEPS} are the most")]
pub struct PathError;

/// The script of an address of one key, and so the purpose of its standard paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// P2PKH, BIP44.
    Pkh,
    /// P2WPKH in P2SH, BIP49.
    ShWpkh,
    /// P2WPKH, BIP84.
    Wpkh,
    /// P2TR without scripts, BIP86.
    Tr,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pkh, Self::ShWpkh, Self::Wpkh, Self::Tr];

    /// By the name that hosts send.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// The name that hosts send.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pkh => "pkh(k)",
            Self::ShWpkh => "sh(wpkh(k))",
            Self::Wpkh => "wpkh(k)",
            Self::Tr => "tr(k)",
        }
    }

    /// The first number of its standard paths.
    #[must_use]
    pub const fn purpose(self) -> u32 {
        match self {
            Self::Pkh => 44,
            Self::ShWpkh => 49,
            Self::Wpkh => 84,
            Self::Tr => 86,
        }
    }
}

/// A standard path of one key: `m / purpose' / coin' / account' / branch / index`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardPath {
    /// Which addresses the account has.
    pub variant: Variant,
    /// The account, from 0.
    pub account: u32,
    /// 0 to receive, 1 for change.
    pub branch: u32,
    /// The address, from 0.
    pub index: u32,
}

impl StandardPath {
    /// The path as a standard one within bounds; `None` if it is none.
    #[must_use]
    pub fn of(path: &DerivationPath, network: Network) -> Option<Self> {
        let numbers: Vec<u32> = path.into_iter().map(|number| u32::from(*number)).collect();
        let [purpose, coin, account, branch, index] = numbers[..] else { return None };
        let [purpose, coin, account] = [purpose, coin, account].map(|n| n.checked_sub(HARDENED));
        let variant =
            Variant::ALL.into_iter().find(|variant| Some(variant.purpose()) == purpose)?;
        let account = account.filter(|account| *account <= ACCOUNT)?;
        let standard = coin == Some(network.coin_type()) && branch <= 1 && index <= ADDRESS_INDEX;
        standard.then_some(Self { variant, account, branch, index })
    }
}

/// Where hardened numbers begin.
const HARDENED: u32 = 1 << 31;

/// The path as people write it, from `m`.
#[must_use]
pub(crate) fn written(path: &DerivationPath) -> alloc::string::String {
    let text = path.to_string();
    if text.is_empty() { "m".to_string() } else { alloc::format!("m/{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(text: &str) -> Option<StandardPath> {
        StandardPath::of(&text.parse().unwrap(), Network::Test)
    }

    #[test]
    fn a_standard_path_is_one_of_the_bips_within_bounds() {
        let found = standard("m/84'/1'/100'/1/1000000").unwrap();
        let (account, branch, index) = (100, 1, 1_000_000);
        assert_eq!(found, StandardPath { variant: Variant::Wpkh, account, branch, index });
        for odd in [
            "m/84'/1'/101'/1/0",
            "m/84'/1'/0'/1/1000001",
            "m/84'/1'/0'/2/0",
            "m/84'/0'/0'/0/0",
            "m/84/1'/0'/0/0",
            "m/84'/1'/0'/0'/0",
            "m/84'/1'/0'/0/0/0",
            "m/48'/1'/0'/0/0",
            "m",
        ] {
            assert_eq!(standard(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_path_has_an_end() {
        assert!(path(&[0; PATH_STEPS]).is_ok());
        assert_eq!(path(&[0; PATH_STEPS + 1]), Err(PathError));
        assert_eq!(written(&path(&[]).unwrap()), "m");
        assert_eq!(written(&path(&[84 + HARDENED, 1]).unwrap()), "m/84'/1");
    }
}
