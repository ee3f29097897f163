//! Owns the making of words: the system's randomness, what the person rolled or typed, and what
//! hosts gave, in a transcript that any other machine can check.
//!
//! The entropy of the words is the beginning of the SHA256 of the transcript's bytes:
//!
//! ```text
//! billfold entropy 1
//! system 5f1e…            32 bytes from the system, in hex
//! dice 3161245…           the faces in order; or `keys` and the typed bytes in hex
//! host 00ab…              one line for each contribution, in hex
//! ```
//!
//! Every line ends with a line feed. It is as strong as the strongest line, whoever knows the
//! others. Refuses to go on with less than it should have: a source that fails or repeats itself,
//! too few rolls, or rolls that no die gives.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use bitcoin::hashes::{Hash, sha256};
use bitcoin::hex::DisplayHex as _;
use zeroize::{Zeroize, Zeroizing};

use crate::limits::{HOST_ENTROPIES, HOST_ENTROPY, TYPED_ENTROPY};
use crate::randomness::{NoRandomness, Randomness};
use crate::words::{WordCount, Words};

/// What hosts gave (`add_entropy`), until words are made.
#[derive(Default)]
pub struct HostEntropy(Vec<Zeroizing<Vec<u8>>>);

impl HostEntropy {
    /// Takes the first [`HOST_ENTROPY`] bytes of a contribution, unless [`HOST_ENTROPIES`] are
    /// there: a host can add, and can never take away.
    pub fn add(&mut self, bytes: &[u8]) {
        let kept = bytes.get(..HOST_ENTROPY).unwrap_or(bytes);
        if self.0.len() < HOST_ENTROPIES && !kept.is_empty() {
            self.0.push(Zeroizing::new(kept.to_vec()));
        }
    }
}

/// What the person did, without which no words are made.
pub enum Typed {
    /// Rolls of a die: the digits 1 to 6, white space between them is of no meaning.
    Dice(Zeroizing<String>),
    /// Keys pressed at random.
    Keys(Zeroizing<String>),
}

/// Words that were made, with what they were made from.
pub struct Drawn {
    /// The words.
    pub words: Words,
    /// The transcript. As secret as the words: shown to whoever wants to check, then wiped.
    pub transcript: Zeroizing<String>,
}

/// Makes words.
///
/// # Errors
/// See [`DrawError`].
pub fn draw(
    randomness: &mut dyn Randomness,
    typed: &Typed,
    host: &HostEntropy,
    count: WordCount,
) -> Result<Drawn, DrawError> {
    let system = system(randomness)?;
    let (name, line) = match typed {
        Typed::Dice(text) => ("dice", rolls(text, least_rolls(count))?),
        Typed::Keys(text) => ("keys", keys(text, least_keys(count))?),
    };
    let transcript = transcript(&system, (name, &line), host);
    let words = words_of(&transcript, count);
    Ok(Drawn { words, transcript })
}

/// How often a die must be rolled to hold as much entropy as the words: bits / log2(6).
#[must_use]
pub const fn least_rolls(count: WordCount) -> usize {
    match count {
        WordCount::Twelve => 50,
        WordCount::TwentyFour => 100,
    }
}

/// How many keys must be pressed: people who try to be random give more than two bits with each.
#[must_use]
pub const fn least_keys(count: WordCount) -> usize {
    match count {
        WordCount::Twelve => 64,
        WordCount::TwentyFour => 128,
    }
}

/// Why no words were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// The system's source failed.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The system's source gave the same twice, or nothing but zeros.
    #[error("the system's randomness repeats itself: do not use this device")]
    Stuck,
    /// Too little was rolled or typed.
    #[error("{found} are too few: {needed} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// More was typed than is kept.
    #[error("that is too much: {TYPED_ENTROPY} are the most")]
    TooMany,
    /// Something that is not a roll.
    #[error("roll {position} is not a digit from 1 to 6")]
    NotARoll {
        /// Which, counted from 1.
        position: usize,
    },
    /// Too few different faces or keys: nothing that is random looks like this.
    #[error("these are not random: there are {different} different ones only")]
    Monotonous {
        /// How many different ones there are.
        different: usize,
    },
}

/// Written into one allocation: what grows leaves its bytes behind.
fn transcript(
    system: &[u8; 32],
    (name, line): (&str, &str),
    host: &HostEntropy,
) -> Zeroizing<String> {
    let size = 256 + 2 * TYPED_ENTROPY + host.0.len() * (2 * HOST_ENTROPY + 8);
    let mut transcript = Zeroizing::new(String::with_capacity(size));
    let written = (|| {
        writeln!(transcript, "billfold entropy 1")?;
        writeln!(transcript, "system {}", system.as_hex())?;
        writeln!(transcript, "{name} {line}")?;
        host.0.iter().try_for_each(|bytes| writeln!(transcript, "host {}", bytes.as_hex()))
    })();
    written.expect("a string takes any text");
    transcript
}

fn words_of(transcript: &str, count: WordCount) -> Words {
    let mut digest = sha256::Hash::hash(transcript.as_bytes()).to_byte_array();
    let words = Words::from_entropy(&digest[..count.entropy_bytes()]);
    digest.zeroize();
    words.expect("16 and 32 bytes make words")
}

fn system(randomness: &mut dyn Randomness) -> Result<Zeroizing<[u8; 32]>, DrawError> {
    let (mut first, mut second) = (Zeroizing::new([0; 32]), Zeroizing::new([0; 32]));
    randomness.fill(&mut *first)?;
    randomness.fill(&mut *second)?;
    let stuck = *first == *second || [&first, &second].iter().any(|drawn| ***drawn == [0; 32]);
    if stuck { Err(DrawError::Stuck) } else { Ok(second) }
}

fn rolls(text: &str, needed: usize) -> Result<Zeroizing<String>, DrawError> {
    let mut rolls = Zeroizing::new(String::with_capacity(TYPED_ENTROPY));
    for roll in text.chars().filter(|c| !c.is_whitespace()) {
        match roll {
            '1'..='6' if rolls.len() == TYPED_ENTROPY => return Err(DrawError::TooMany),
            '1'..='6' => rolls.push(roll),
            _ => return Err(DrawError::NotARoll { position: rolls.len() + 1 }),
        }
    }
    judge(rolls.as_bytes(), needed, LEAST_FACES)?;
    Ok(rolls)
}

fn keys(text: &str, needed: usize) -> Result<Zeroizing<String>, DrawError> {
    if text.len() > TYPED_ENTROPY {
        return Err(DrawError::TooMany);
    }
    judge(text.as_bytes(), needed, LEAST_KEYS)?;
    Ok(Zeroizing::new(text.as_bytes().as_hex().to_string()))
}

fn judge(typed: &[u8], needed: usize, least_different: usize) -> Result<(), DrawError> {
    if typed.len() < needed {
        return Err(DrawError::TooFew { found: typed.len(), needed });
    }
    let different = (0..=u8::MAX).filter(|byte| typed.contains(byte)).count();
    if different < least_different { Err(DrawError::Monotonous { different }) } else { Ok(()) }
}

/// Fifty rolls of a true die show fewer faces once in 10^10 times.
const LEAST_FACES: usize = 4;

/// Fewer different keys than on half a row of a keyboard.
const LEAST_KEYS: usize = 6;

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// Counts up, or repeats itself.
    struct Counting(u8, u8);

    impl Randomness for Counting {
        fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            self.0 = self.0.wrapping_add(self.1);
            bytes.fill(self.0);
            Ok(())
        }
    }

    struct Broken;

    impl Randomness for Broken {
        fn fill(&mut self, _: &mut [u8]) -> Result<(), NoRandomness> {
            Err(NoRandomness)
        }
    }

    fn dice(text: &str) -> Typed {
        Typed::Dice(Zeroizing::new(text.to_string()))
    }

    fn drawn(typed: &Typed, host: &HostEntropy) -> Result<Drawn, DrawError> {
        draw(&mut Counting(0, 1), typed, host, WordCount::Twelve)
    }

    #[test]
    fn another_machine_can_recompute_the_words() {
        let mut host = HostEntropy::default();
        host.add(&[0xab; 4]);
        let faces = "12345".repeat(10);
        let drawn = drawn(&dice(&faces.replace("45", "4 5\n")), &host).unwrap();
        let expected = format!(
            "billfold entropy 1\nsystem {}\ndice {faces}\nhost abababab\n",
            "02".repeat(32)
        );
        assert_eq!(*drawn.transcript, expected);
        let digest = sha256::Hash::hash(expected.as_bytes()).to_byte_array();
        assert!(drawn.words == Words::from_entropy(&digest[..16]).unwrap());
        // What `sha256sum` says, as docs/signer-words.md shows it.
        assert_eq!(digest[..4], [0x6b, 0x48, 0x23, 0xc0]);
    }

    #[test]
    fn every_source_counts() {
        let (nothing, mut host) = (HostEntropy::default(), HostEntropy::default());
        host.add(b"x");
        let typed = dice(&"123456".repeat(20));
        let base = drawn(&typed, &nothing).unwrap().words;
        assert!(drawn(&dice(&"123465".repeat(20)), &nothing).unwrap().words != base);
        assert!(drawn(&typed, &host).unwrap().words != base);
        let other = draw(&mut Counting(9, 1), &typed, &nothing, WordCount::Twelve).unwrap();
        assert!(other.words != base);
        let longer = draw(&mut Counting(0, 1), &typed, &nothing, WordCount::TwentyFour).unwrap();
        assert_eq!(longer.words.iter().count(), 24);
    }

    #[test]
    fn nothing_is_made_without_the_system_or_the_person() {
        let none = HostEntropy::default();
        let typed = dice(&"123456".repeat(20));
        let refusal = |randomness: &mut dyn Randomness, typed: &Typed| {
            draw(randomness, typed, &none, WordCount::Twelve).err()
        };
        assert_eq!(refusal(&mut Broken, &typed), Some(NoRandomness.into()));
        for step in [0, 0x80] {
            assert_eq!(refusal(&mut Counting(0, step), &typed), Some(DrawError::Stuck));
        }
        let good = &mut Counting(0, 1);
        let few = refusal(good, &dice("123456"));
        assert_eq!(few, Some(DrawError::TooFew { found: 6, needed: 50 }));
        let same = refusal(good, &dice(&"1".repeat(50)));
        assert_eq!(same, Some(DrawError::Monotonous { different: 1 }));
        assert_eq!(refusal(good, &dice("12x")), Some(DrawError::NotARoll { position: 3 }));
        let endless = "123456".repeat(200);
        assert_eq!(refusal(good, &dice(&endless)), Some(DrawError::TooMany));
        let keys = |text: &str| Typed::Keys(Zeroizing::new(text.to_string()));
        let few = refusal(good, &keys("asdfjkl"));
        assert_eq!(few, Some(DrawError::TooFew { found: 7, needed: 64 }));
        assert_eq!(refusal(good, &keys(&"asdfghjk".repeat(9))), None);
    }

    #[test]
    fn a_host_can_add_but_never_push_out() {
        let mut host = HostEntropy::default();
        for _ in 0..100 {
            host.add(&[7; 10_000]);
        }
        host.add(&[]);
        assert_eq!(host.0.len(), HOST_ENTROPIES);
        assert!(host.0.iter().all(|bytes| bytes.len() == HOST_ENTROPY));
    }
}
