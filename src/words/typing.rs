//! Owns how words are typed on a terminal: one by one or several at once, completed from their
//! first letters, a wrong one said at once.
//!
//! What is typed goes to the terminal's second screen only.

use billfold_wallet_core::seed::{Words, completions};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::terminal::Terminal;

/// Asks until a whole set of words is there, whose checksum holds.
///
/// # Errors
/// `interrupted`, or if the terminal is gone.
pub(super) async fn ask_words(
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Words, Failure> {
    let _screen = terminal.second_screen()?;
    loop {
        match Words::parse(&ask_list(terminal, interrupt).await?) {
            Ok(words) => return Ok(words),
            Err(error) => terminal.show(&format!("{error}. Start again."))?,
        }
    }
}

/// Asks for as many words as a set has, whatever their checksum is.
///
/// # Errors
/// `interrupted`, or if the terminal is gone.
pub(super) async fn ask_text(
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Zeroizing<String>, Failure> {
    let _screen = terminal.second_screen()?;
    ask_list(terminal, interrupt).await
}

async fn ask_list(
    terminal: &mut Terminal,
    interrupt: &mut Interrupt,
) -> Result<Zeroizing<String>, Failure> {
    terminal.show(INTRODUCTION)?;
    let mut typed = Typed::default();
    loop {
        let question = format!("{:>2}. ", typed.words.len() + 1);
        let line = terminal.ask(&question, interrupt).await?;
        match typed.take(&line) {
            Next::More(None) => {}
            Next::More(Some(advice)) => terminal.show(&advice)?,
            Next::Whole => return Ok(typed.text()),
        }
    }
}

/// What has been typed so far. The words stand in the program's own list, so that nothing of
/// them is copied.
#[derive(Default)]
struct Typed {
    words: Vec<&'static str>,
}

/// What comes next.
enum Next {
    /// Another line, perhaps after some advice.
    More(Option<String>),
    /// All words are there.
    Whole,
}

impl Typed {
    fn take(&mut self, line: &str) -> Next {
        if line.trim().is_empty() {
            return self.end();
        }
        for text in line.split_whitespace() {
            if self.words.len() == LONGEST {
                return Next::More(Some(format!("There are never more than {LONGEST} words.")));
            }
            match complete(text) {
                Ok(word) => self.words.push(word),
                Err(advice) => return Next::More(Some(advice)),
            }
        }
        if self.words.len() == LONGEST { Next::Whole } else { Next::More(None) }
    }

    fn end(&self) -> Next {
        if COUNTS.contains(&self.words.len()) {
            return Next::Whole;
        }
        Next::More(Some(format!("There must be 12, 15, 18, 21 or 24, not {}.", self.words.len())))
    }

    fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.words.join(" "))
    }
}

/// The word that this is, or that it can only become.
fn complete(text: &str) -> Result<&'static str, String> {
    let text = Zeroizing::new(text.to_lowercase());
    let candidates: Vec<_> = completions(&text).collect();
    match candidates.as_slice() {
        [only] => Ok(only),
        [first, ..] if **first == **text => Ok(first),
        [] => Err(format!("Not in the list. {}", near(&text))),
        several => Err(format!("More letters, please: {}", shown(several))),
    }
}

/// Words that begin alike.
fn near(text: &str) -> String {
    let prefixes = text.char_indices().rev().map(|(end, _)| &text[..end]);
    let candidates = prefixes
        .filter(|prefix| !prefix.is_empty())
        .map(|prefix| completions(prefix).collect::<Vec<_>>())
        .find(|candidates| !candidates.is_empty());
    candidates.map_or_else(
        || "Every word is of letters from a to z.".to_owned(),
        |candidates| format!("Near it: {}", shown(&candidates)),
    )
}

fn shown(candidates: &[&str]) -> String {
    let more = if candidates.len() > SUGGESTIONS { " …" } else { "" };
    let first: Vec<_> = candidates.iter().take(SUGGESTIONS).copied().collect();
    format!("{}{more}", first.join(" "))
}

/// The numbers of words that BIP39 knows.
const COUNTS: [usize; 5] = [12, 15, 18, 21, 24];
const LONGEST: usize = 24;

/// How many words are suggested at most.
const SUGGESTIONS: usize = 8;

const INTRODUCTION: &str = "\
Type the words, one to a line or several at once. The first four letters of
each are enough. An empty line ends.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_letters_are_enough() {
        assert_eq!(complete("aban"), Ok("abandon"));
        assert_eq!(complete("ABOUT"), Ok("about"));
    }

    #[test]
    fn a_word_that_begins_another_is_itself() {
        // "add" is a word, and so are "addict" and "address".
        assert_eq!(complete("add"), Ok("add"));
    }

    #[test]
    fn a_wrong_word_is_answered_with_words_of_the_list_only() {
        let advice = complete("abandoned").expect_err("not in the list");
        assert!(advice.contains("abandon") && !advice.contains("abandoned"), "{advice}");
        let advice = complete("1234").expect_err("not in the list");
        assert!(!advice.contains("1234"), "{advice}");
    }

    #[test]
    fn an_empty_line_ends_only_a_whole_set() {
        let mut typed = Typed::default();
        assert!(matches!(typed.take("abandon abandon"), Next::More(None)));
        assert!(matches!(typed.take(""), Next::More(Some(_))));
        assert!(matches!(typed.take(&"abandon ".repeat(10)), Next::More(None)));
        assert!(matches!(typed.take(""), Next::Whole));
        assert_eq!(typed.text().split(' ').count(), 12);
    }
}
