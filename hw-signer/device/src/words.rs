//! Owns `Words`: BIP39 words of the English list, and the seed that they and a passphrase make.
//!
//! Refuses other languages (no other list is certain to be understood by another wallet) and to
//! put a word into an error or `Debug`: errors name positions.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use bip39::{Language, Mnemonic};
use zeroize::{Zeroize, Zeroizing};

use crate::residue::wipe_stack;

/// Words with a good checksum. Never shown by `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Mnemonic);

impl Words {
    /// Reads words separated by white space; upper case is understood.
    ///
    /// # Errors
    /// See [`ParseWordsError`]; no error holds a word.
    pub fn parse(text: &str) -> Result<Self, ParseWordsError> {
        let lower = Zeroizing::new(text.to_lowercase());
        Mnemonic::parse_in(Language::English, lower.as_str()).map(Self).map_err(|error| match error
        {
            bip39::Error::BadWordCount(found) => ParseWordsError::WordCount { found },
            bip39::Error::UnknownWord(index) => {
                ParseWordsError::UnknownWord { position: index + 1 }
            }
            bip39::Error::InvalidChecksum
            | bip39::Error::BadEntropyBitCount(_)
            | bip39::Error::AmbiguousLanguages(_) => ParseWordsError::Checksum,
        })
    }

    /// The words in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// Whether these are the words, as typed back by the person.
    #[must_use]
    pub fn are(&self, typed: &str) -> bool {
        Self::parse(typed).is_ok_and(|typed| typed == *self)
    }

    /// The words of entropy; `None` unless it is 16, 20, 24, 28 or 32 bytes.
    pub(crate) fn from_entropy(entropy: &[u8]) -> Option<Self> {
        Mnemonic::from_entropy_in(Language::English, entropy).ok().map(Self)
    }

    /// The entropy that they stand for.
    pub(crate) fn entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// The seed (BIP39, "From mnemonic to seed"): 2048 rounds of PBKDF2-HMAC-SHA512 over the words
    /// and the normalised (NFKD) passphrase. An empty passphrase is none.
    #[expect(clippy::unnecessary_box_returns, reason = "a moved array leaves its bytes behind")]
    pub(crate) fn seed(&self, passphrase: &str) -> Box<Zeroizing<[u8; SEED_BYTES]>> {
        let mut made = self.0.to_seed(passphrase);
        let mut seed = Box::new(Zeroizing::new([0; SEED_BYTES]));
        seed.copy_from_slice(&made);
        made.zeroize();
        wipe_stack();
        seed
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

/// The words of the list that begin with `prefix`, in order. Four letters fit one word only.
pub fn completions(prefix: &str) -> impl Iterator<Item = &'static str> {
    Language::English.words_by_prefix_iter(prefix)
}

/// How many words to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits of entropy.
    Twelve,
    /// 256 bits of entropy.
    TwentyFour,
}

impl WordCount {
    /// The bytes that they stand for.
    #[must_use]
    pub const fn entropy_bytes(self) -> usize {
        match self {
            Self::Twelve => 16,
            Self::TwentyFour => 32,
        }
    }
}

/// Why a text is not a set of words. Positions count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseWordsError {
    /// Not 12, 15, 18, 21 or 24 words.
    #[error("{found} words: there must be 12, 15, 18, 21 or 24")]
    WordCount {
        /// How many there are.
        found: usize,
    },
    /// A word is not in the list.
    #[error("word {position} is not in the list: check its spelling")]
    UnknownWord {
        /// Which word, counted from 1.
        position: usize,
    },
    /// All words are in the list, but together they make no valid set.
    #[error("the checksum is wrong: a word is wrong or out of order")]
    Checksum,
}

/// Bytes of a BIP39 seed.
pub(crate) const SEED_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    const GOOD: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                        abandon abandon about";

    #[test]
    fn words_are_read_as_people_type_them() {
        let words = Words::parse(GOOD).unwrap();
        assert!(words.are(&format!("  {}\n", GOOD.to_uppercase().replace(' ', " \t"))));
        assert_eq!(words.iter().last(), Some("about"));
        assert!(!words.are(&GOOD.replace("about", "abandon")));
        assert_eq!(format!("{words:?}"), "Words(..)");
    }

    #[test]
    fn errors_name_places_and_no_words() {
        let misspelt = GOOD.replace("about", "abuot");
        assert_eq!(Words::parse(&misspelt), Err(ParseWordsError::UnknownWord { position: 12 }));
        let swapped = GOOD.replace("about", "abandon");
        assert_eq!(Words::parse(&swapped), Err(ParseWordsError::Checksum));
        assert_eq!(Words::parse("abandon"), Err(ParseWordsError::WordCount { found: 1 }));
    }

    /// A vector of BIP39's reference ("TREZOR" is the passphrase of all of them).
    #[test]
    fn the_seed_is_that_of_the_bip() {
        let seed = Words::parse(GOOD).unwrap().seed("TREZOR");
        assert_eq!(seed[..8], [0xc5, 0x52, 0x57, 0xc3, 0x60, 0xc0, 0x7c, 0x72]);
    }

    #[test]
    fn a_passphrase_is_normalised() {
        let words = Words::parse(GOOD).unwrap();
        assert_eq!(*words.seed("caf\u{e9}"), *words.seed("cafe\u{301}"));
    }
}
