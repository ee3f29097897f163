//! Owns `Words`: a BIP39 mnemonic of the English list, made, read and completed.
//!
//! Refuses other languages (no other list is certain to be understood by another wallet) and to
//! put a word into an error: errors name positions.

use std::fmt;

use bip39::{Language, Mnemonic};
use bitcoin::hashes::{Hash, HashEngine, hmac, sha256};
use zeroize::{Zeroize, Zeroizing};

use super::SEED_BYTES;
use crate::entropy::{self, EntropyError};
use crate::residue::wipe_stack;

/// Words of BIP39's English list with a good checksum. Never shown by `Debug`, wiped when
/// dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Mnemonic);

impl Words {
    /// Makes words from the operating system's entropy.
    ///
    /// # Errors
    /// If the system's source fails.
    pub fn generate(count: WordCount) -> Result<Self, EntropyError> {
        let mut entropy = Zeroizing::new([0; MOST_ENTROPY]);
        entropy::fill(&mut *entropy)?;
        Ok(Self::of_length(&entropy, count))
    }

    /// Makes words from the operating system's entropy mixed with rolls of a die, the digits 1 to
    /// 6 with any white space between: as strong as the stronger of the two.
    ///
    /// The mix is HMAC-SHA256 with the system's 32 bytes as the key over the digits; its first
    /// bytes are the words' entropy.
    ///
    /// # Errors
    /// If the system's source fails or the rolls hold less entropy than the words.
    pub fn generate_with_dice(count: WordCount, rolls: &str) -> Result<Self, DiceError> {
        let rolls = parse_rolls(rolls)?;
        if rolls.len() < count.rolls() {
            return Err(DiceError::TooFew { found: rolls.len(), needed: count.rolls() });
        }
        let mut system = Zeroizing::new([0; MOST_ENTROPY]);
        entropy::fill(&mut *system)?;
        Ok(Self::of_length(&mix(&system, &rolls), count))
    }

    /// Reads words separated by white space; upper case and compatibility forms are understood.
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

    pub(super) fn from_entropy(entropy: &[u8]) -> Option<Self> {
        Mnemonic::from_entropy_in(Language::English, entropy).ok().map(Self)
    }

    pub(super) fn entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// BIP39's 2048 rounds of PBKDF2-HMAC-SHA512; the passphrase is normalised (NFKD).
    #[expect(clippy::unnecessary_box_returns, reason = "a moved array leaves its bytes behind")]
    pub(super) fn stretch(&self, passphrase: &str) -> Box<Zeroizing<[u8; SEED_BYTES]>> {
        let mut made = self.0.to_seed(passphrase);
        let mut seed = Box::new(Zeroizing::new([0; SEED_BYTES]));
        seed.copy_from_slice(&made);
        made.zeroize();
        wipe_stack();
        seed
    }

    fn of_length(entropy: &[u8; MOST_ENTROPY], count: WordCount) -> Self {
        Self::from_entropy(&entropy[..count.entropy_bytes()]).expect("16 and 32 bytes make words")
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

/// How much entropy words can hold, in bytes (BIP39, "Generating the mnemonic").
pub(super) const ENTROPY_BYTES: [usize; 5] = [16, 20, 24, 28, 32];

/// The words of BIP39's English list that begin with `prefix`, in order. Four letters fit one
/// word only.
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
    /// How often a die must be rolled to hold as much entropy as the words.
    #[must_use]
    pub const fn rolls(self) -> usize {
        // ceil(bits / log2(6)), log2(6) = 2.585
        match self {
            Self::Twelve => 50,
            Self::TwentyFour => 100,
        }
    }

    const fn entropy_bytes(self) -> usize {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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

/// Bytes of entropy in 24 words.
const MOST_ENTROPY: usize = 32;

fn parse_rolls(text: &str) -> Result<Zeroizing<Vec<u8>>, DiceError> {
    let mut rolls = Zeroizing::new(Vec::with_capacity(text.len()));
    for roll in text.chars().filter(|c| !c.is_whitespace()) {
        match roll {
            '1'..='6' => rolls.extend(u8::try_from(roll)),
            _ => return Err(DiceError::NotARoll { position: rolls.len() + 1 }),
        }
    }
    Ok(rolls)
}

fn mix(system: &[u8; MOST_ENTROPY], rolls: &[u8]) -> Zeroizing<[u8; MOST_ENTROPY]> {
    let mut engine = hmac::HmacEngine::<sha256::Hash>::new(system);
    engine.input(rolls);
    Zeroizing::new(hmac::Hmac::from_engine(engine).to_byte_array())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                        abandon abandon about";

    #[test]
    fn words_are_read_as_people_write_them() {
        let words = Words::parse(GOOD).expect("good words");
        let messy = format!("  {}\n", GOOD.to_uppercase().replace(' ', " \t\n"));
        assert!(Words::parse(&messy).expect("the same words") == words);
        assert_eq!(words.iter().last(), Some("about"));
    }

    #[test]
    fn errors_say_where_and_never_what() {
        let unknown = GOOD.replacen("abandon about", "aboot about", 1);
        let error = Words::parse(&unknown).expect_err("no such word");
        assert_eq!(error, ParseWordsError::UnknownWord { position: 11 });
        assert!(!format!("{error} {error:?}").contains("aboot"));
        let error = Words::parse("abandon about").expect_err("too few");
        assert_eq!(error, ParseWordsError::WordCount { found: 2 });
        let error = Words::parse(&GOOD.replace("about", "abandon")).expect_err("no checksum");
        assert_eq!(error, ParseWordsError::Checksum);
        assert_eq!(Words::parse(""), Err(ParseWordsError::WordCount { found: 0 }));
        assert_eq!(
            Words::parse(&"x ".repeat(10_000)),
            Err(ParseWordsError::WordCount { found: 10_000 })
        );
    }

    #[test]
    fn new_words_are_new_and_can_be_read_back() {
        for (count, expected) in [(WordCount::Twelve, 12), (WordCount::TwentyFour, 24)] {
            let words = Words::generate(count).expect("entropy");
            assert_eq!(words.iter().count(), expected);
            let text = words.iter().collect::<Vec<_>>().join(" ");
            assert!(Words::parse(&text).expect("own words") == words);
            assert!(Words::generate(count).expect("entropy") != words);
        }
    }

    #[test]
    fn dice_must_hold_as_much_entropy_as_the_words() {
        for count in [WordCount::Twelve, WordCount::TwentyFour] {
            let bits = f64::from(u32::try_from(count.rolls()).expect("few")) * 6f64.log2();
            assert!(bits >= f64::from(u32::try_from(count.entropy_bytes() * 8).expect("few")));
        }
        let rolls = "16 32 54 25 16\n".repeat(5);
        assert_eq!(
            Words::generate_with_dice(WordCount::Twelve, &rolls[..72]),
            Err(DiceError::TooFew { found: 48, needed: 50 })
        );
        assert!(Words::generate_with_dice(WordCount::Twelve, &rolls).is_ok());
        assert_eq!(
            Words::generate_with_dice(WordCount::Twelve, "1 2 7"),
            Err(DiceError::NotARoll { position: 3 })
        );
    }

    /// Neither source alone decides: changing either changes the result.
    #[test]
    fn both_sources_count() {
        let mixed = mix(&[1; 32], b"123456");
        assert_ne!(*mixed, *mix(&[2; 32], b"123456"));
        assert_ne!(*mixed, *mix(&[1; 32], b"123455"));
        let rolls = "1".repeat(50);
        let words = || Words::generate_with_dice(WordCount::Twelve, &rolls).expect("entropy");
        assert!(words() != words(), "the same rolls twice are not the same words");
    }

    #[test]
    fn four_letters_complete_a_word() {
        assert!(completions("zo").eq(["zone", "zoo"]));
        assert!(completions("abs").eq(["absent", "absorb", "abstract", "absurd"]));
        assert_eq!(completions("xyz").count(), 0);
        for word in completions("") {
            let prefix = &word[..word.len().min(4)];
            let fits = completions(prefix).filter(|w| prefix.len() == 4 || *w == prefix);
            assert_eq!(fits.count(), 1, "{prefix}");
        }
    }
}
