//! Owns `WalletName`: by which a wallet is named in a data directory, in commands and in events.
//!
//! Refuses whatever could be a path.

use std::fmt;
use std::str::FromStr;

/// The name of a wallet: an id of 1 to 64 ASCII letters, digits, `-` and `_`, never a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalletName(String);

impl WalletName {
    /// The longest name, in bytes.
    pub const LONGEST: usize = 64;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for WalletName {
    fn default() -> Self {
        Self("main".to_owned())
    }
}

impl fmt::Display for WalletName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WalletName {
    type Err = ParseWalletNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = !text.is_empty()
            && text.len() <= Self::LONGEST
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(ParseWalletNameError) }
    }
}

/// The text is not a name for a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a wallet name: use 1 to 64 letters, digits, - and _")]
pub struct ParseWalletNameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_name_is_never_a_path() {
        for good in ["main", "A-1_b", &"x".repeat(64)] {
            assert_eq!(good.parse::<WalletName>().expect("a good name").as_str(), good);
        }
        for bad in ["", ".", "..", "a/b", "a\\b", "a.db", "ä", " a", "a\0", &"x".repeat(65)] {
            assert_eq!(bad.parse::<WalletName>(), Err(ParseWalletNameError), "{bad:?}");
        }
    }
}
