//! Owns the check that words were written down: some of them are asked for, without being shown.
//!
//! Refuses to let a wrong word pass, and to keep a person who will check later from going on.

use std::collections::BTreeSet;

use billfold_wallet_core::entropy;
use billfold_wallet_core::seed::Words;

use crate::failure::{Failure, Kind};
use crate::interrupt::Interrupt;
use crate::terminal::Terminal;

/// How a person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Every word that was asked for was right.
    Right,
    /// One was not.
    Wrong,
    /// An empty line: later.
    Later,
}

/// Asks for some of the words.
///
/// # Errors
/// `no_entropy`, `interrupted`, or if the terminal is gone.
pub(crate) async fn ask(
    terminal: &mut Terminal,
    words: &Words,
    interrupt: &mut Interrupt,
) -> Result<Answer, Failure> {
    let words: Vec<_> = words.iter().collect();
    terminal.show(INTRODUCTION)?;
    for place in places(words.len())? {
        let typed = terminal.ask(&format!("Word {:>2}: ", place + 1), interrupt).await?;
        if typed.is_empty() {
            return Ok(Answer::Later);
        }
        if !is_word(&typed, words[place]) {
            return Ok(Answer::Wrong);
        }
    }
    Ok(Answer::Right)
}

/// Whether this is the word, or at least the four letters by which no other word begins (BIP39).
fn is_word(typed: &str, word: &str) -> bool {
    let short = typed.len() >= LETTERS && typed.is_ascii() && typed.len() <= word.len();
    let end = if short { typed.len() } else { word.len() };
    word.get(..end).is_some_and(|word| word.eq_ignore_ascii_case(typed))
}

/// Places to ask for, in rising order, that nobody knows beforehand.
fn places(count: usize) -> Result<BTreeSet<usize>, Failure> {
    let mut places = BTreeSet::new();
    while places.len() < ASKED.min(count) {
        let mut byte = [0];
        entropy::fill(&mut byte)
            .map_err(|error| Failure::new(Kind::NoEntropy, error.to_string()))?;
        places.insert(usize::from(byte[0]) % count);
    }
    Ok(places)
}

/// Words that are asked for: what a person who has none of them guesses once in eight thousand
/// million times.
const ASKED: usize = 3;

/// Letters by which a word is known.
const LETTERS: usize = 4;

const INTRODUCTION: &str = "\
To be sure that they are written down, type these words from your paper. Four
letters are enough; an empty line leaves it for later, and until then the
wallet counts as not backed up.
";

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
    }
}
