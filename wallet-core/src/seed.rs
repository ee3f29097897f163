//! Owns BIP39 words, the seed they make, and the BIP32 master key.
//!
//! Refuses to show a word in an error, a log or `Debug`, and wipes what it held.

use bitcoin::Network;
use bitcoin::bip32::Fingerprint;
use zeroize::Zeroizing;

use crate::entropy::EntropyError;
use crate::keychain::{Account, AccountId};

/// How many words to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits of entropy.
    Twelve,
    /// 256 bits of entropy.
    TwentyFour,
}

/// Words of BIP39's English list with a good checksum.
pub struct Words(());

impl Words {
    /// Makes words from the operating system's entropy.
    ///
    /// # Errors
    /// If the system's source fails.
    pub fn generate(_count: WordCount) -> Result<Self, EntropyError> {
        todo!()
    }

    /// Makes words from the operating system's entropy mixed with rolls of a die, digits 1 to 6
    /// with any white space: as strong as the stronger of the two.
    ///
    /// # Errors
    /// If the system's source fails or the rolls hold less entropy than the words.
    pub fn generate_with_dice(_count: WordCount, _rolls: &str) -> Result<Self, DiceError> {
        todo!()
    }

    /// Reads words separated by white space; upper case and compatibility forms are understood.
    ///
    /// # Errors
    /// See [`ParseWordsError`]; no error holds a word.
    pub fn parse(_text: &str) -> Result<Self, ParseWordsError> {
        todo!()
    }

    /// The words in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}

/// The words of BIP39's English list that begin with `prefix`, in order.
#[must_use]
pub fn completions(_prefix: &str) -> &'static [&'static str] {
    todo!()
}

/// The BIP39 seed with the entropy of its words.
pub struct Seed(());

impl Seed {
    /// The seed of these words and this passphrase; an empty passphrase is none.
    #[must_use]
    pub fn new(_words: &Words, _passphrase: &str) -> Self {
        todo!()
    }

    /// The words again.
    #[must_use]
    pub fn words(&self) -> Words {
        todo!()
    }

    /// The fingerprint of the master key (BIP32).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        todo!()
    }

    /// The watch-only half of an account.
    #[must_use]
    pub fn account(&self, _id: AccountId, _network: Network) -> Account {
        todo!()
    }

    /// What the key layer seals.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        todo!()
    }

    /// Reads what [`Seed::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are not of that form.
    pub fn from_bytes(_bytes: &[u8]) -> Result<Self, ParseSeedError> {
        todo!()
    }
}

/// Why a text is not a set of words. Positions count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseWordsError {
    /// Not 12, 15, 18, 21 or 24 words.
    #[error("{found} words: there must be 12, 15, 18, 21 or 24")]
    WordCount {
        /// How many there are.
        found: usize,
    },
    /// A word is not in the list.
    #[error("word {position} is not in the BIP39 list: check its spelling")]
    UnknownWord {
        /// Which word, counted from 1.
        position: usize,
    },
    /// All words are in the list, but together they make no valid set.
    #[error("the checksum is wrong: a word is wrong or out of order")]
    Checksum,
}

/// Why no words were made from dice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiceError {
    /// Too few rolls.
    #[error("{found} rolls are too few: roll {needed} times")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Something that is not a roll.
    #[error("roll {position} is not a digit from 1 to 6")]
    NotARoll {
        /// Which, counted from 1.
        position: usize,
    },
    /// No entropy from the system.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The bytes are not a stored seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored seed is damaged: restore the wallet from its words")]
pub struct ParseSeedError;
