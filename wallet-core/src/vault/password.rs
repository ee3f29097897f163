//! Owns `Password`: text that opens a wallet.
//!
//! Refuses the empty one. Unicode is normalised (NFKD, as BIP39 does with passphrases), so that
//! the same characters open the wallet from any keyboard and system.

use std::borrow::Cow;
use std::fmt;

use bip39::Mnemonic;
use zeroize::Zeroizing;

/// A wallet's password. Never shown, wiped when dropped, and so is each copy.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes a password as typed. The text stays the caller's to wipe.
    ///
    /// # Errors
    /// If it is empty.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        if text.is_empty() {
            return Err(PasswordError::Empty);
        }
        let mut normal = Cow::Borrowed(text);
        Mnemonic::normalize_utf8_cow(&mut normal);
        Ok(Self(Zeroizing::new(normal.into_owned())))
    }

    /// Takes a password as read from a file or a pipe, with its end of line already cut off.
    ///
    /// # Errors
    /// If it is empty or not UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PasswordError> {
        Self::new(std::str::from_utf8(bytes).map_err(|_| PasswordError::NotUtf8)?)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why a password can't be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is empty.
    #[error("the password is empty: a wallet with keys needs one")]
    Empty,
    /// It is not text.
    #[error("the password is not UTF-8 text: save it as UTF-8")]
    NotUtf8,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).expect("not empty")
    }

    #[test]
    fn the_same_characters_are_the_same_password_however_they_are_composed() {
        let composed = password("caf\u{e9}");
        let decomposed = password("cafe\u{301}");
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        let other = password("cafe");
        assert_ne!(composed.as_bytes(), other.as_bytes());
    }

    #[test]
    fn spaces_are_part_of_a_password_and_emptiness_is_not_one() {
        assert_eq!(password(" a ").as_bytes(), b" a ");
        assert_eq!(Password::new("").expect_err("empty"), PasswordError::Empty);
        assert_eq!(Password::from_bytes(b"\xff").expect_err("no text"), PasswordError::NotUtf8);
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", password("secret")), "Password(..)");
    }
}
