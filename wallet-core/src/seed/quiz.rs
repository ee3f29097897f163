//! Owns the check that words were written down: which of them are asked for, and whether what is
//! typed is one of them.
//!
//! Refuses to let a wrong word pass.

use std::collections::BTreeSet;

use crate::entropy::{self, EntropyError};

/// Places to ask for, of so many words, in rising order, that nobody knows beforehand.
///
/// # Errors
/// If the system gives no entropy.
pub fn places(count: usize) -> Result<Vec<usize>, EntropyError> {
    let mut places = BTreeSet::new();
    while places.len() < ASKED.min(count) {
        let mut byte = [0];
        entropy::fill(&mut byte)?;
        places.insert(usize::from(byte[0]) % count);
    }
    Ok(places.into_iter().collect())
}

/// Whether this is the word, or at least the four letters by which no other word begins (BIP39).
#[must_use]
pub fn is_word(typed: &str, word: &str) -> bool {
    let short = typed.len() >= LETTERS && typed.is_ascii() && typed.len() <= word.len();
    let end = if short { typed.len() } else { word.len() };
    word.get(..end).is_some_and(|word| word.eq_ignore_ascii_case(typed))
}

/// Words that are asked for: what a person who has none of them guesses once in eight thousand
/// million times.
const ASKED: usize = 3;

/// Letters by which a word is known.
const LETTERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_letters_are_the_word_and_fewer_are_not() {
        for right in ["abandon", "aban", "ABAND", "Abandon"] {
            assert!(is_word(right, "abandon"), "{right}");
        }
        for wrong in ["aba", "", "abandoned", "about", "\u{e4}bandon", "abandom"] {
            assert!(!is_word(wrong, "abandon"), "{wrong}");
        }
        assert!(is_word("act", "act") && !is_word("acto", "act"));
    }

    #[test]
    fn some_places_are_asked_for_and_none_twice() {
        let places = places(12).expect("entropy");
        assert!(places.len() == ASKED && places.iter().all(|place| *place < 12));
        assert!(places.is_sorted_by(|before, after| before < after));
    }
}
