//! Owns the check that words were written down: some of them are asked for, without being shown.
//!
//! What is typed goes to the terminal's second screen only.
//!
//! Refuses to let a wrong word pass, and to keep a person who will check later from going on.

use billfold_wallet_core::seed::{Words, quiz};

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
    // What is typed would stay in the scroll-back.
    let _screen = terminal.second_screen()?;
    terminal.show(INTRODUCTION)?;
    let places = quiz::places(words.len())
        .map_err(|error| Failure::new(Kind::NoEntropy, error.to_string()))?;
    for place in places {
        let typed = terminal.ask(&format!("Word {:>2}: ", place + 1), interrupt).await?;
        if typed.is_empty() {
            return Ok(Answer::Later);
        }
        if !quiz::is_word(&typed, words[place]) {
            return Ok(Answer::Wrong);
        }
    }
    Ok(Answer::Right)
}

const INTRODUCTION: &str = "\
To be sure that they are written down, type these words from your paper. Four
letters are enough; an empty line leaves it for later, and until then the
wallet counts as not backed up.
";
