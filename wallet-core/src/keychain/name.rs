//! Owns `AccountName`: what people type to mean an account of their wallet.
//!
//! Refuses what can't be typed or is mistaken for something else: capitals, spaces, paths.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A name for an account: 1 to 32 of `a` to `z`, `0` to `9`, `-` and `/`, with a letter first, for
/// example `taproot`, `segwit/1` or `multisig`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(Arc<str>);

impl AccountName {
    /// The longest name, in bytes.
    pub const LONGEST: usize = 32;

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This name, or the first of `name-2`, `name-3`, … that is free.
    #[must_use]
    pub fn first_free(&self, is_taken: impl Fn(&Self) -> bool) -> Self {
        let numbered = (2_u32..).map(|number| self.numbered(number));
        let mut names = std::iter::once(self.clone()).chain(numbered);
        // There are more names than accounts.
        names.find(|name| !is_taken(name)).unwrap_or_else(|| self.clone())
    }

    fn numbered(&self, number: u32) -> Self {
        let end = format!("-{number}");
        let room = self.0.len().min(Self::LONGEST - end.len());
        Self([&self.0[..room], &end].concat().into())
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AccountName {
    type Err = ParseAccountNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let typed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'/';
        let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if begins_well && text.len() <= Self::LONGEST && text.bytes().all(typed) {
            Ok(Self(text.into()))
        } else {
            Err(ParseAccountNameError)
        }
    }
}

/// The text is not a name for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an account name: use 1 to 32 small letters, digits, - and /, a letter first")]
pub struct ParseAccountNameError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_can_be_typed() {
        for good in ["taproot", "segwit/1", "a", "multisig-2", &"x".repeat(32)] {
            assert_eq!(good.parse::<AccountName>().expect("a good name").as_str(), good);
        }
        for bad in ["", "1", "-a", "/a", "A", "a b", "a_b", "ä", "a\u{1b}", &"x".repeat(33)] {
            assert_eq!(bad.parse::<AccountName>(), Err(ParseAccountNameError), "{bad:?}");
        }
    }
}
