//! Owns `Entry`: a line that a person types, with keys, or letter by letter with buttons.
//!
//! Refuses letters that can't be meant. What is typed is wiped when dropped and never shown by
//! `Debug`; a PIN is not shown at all.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::limits::{PASSPHRASE, PIN_MOST, TYPED_ENTROPY};
use crate::press::Press;
use crate::screen::ScreenKind;
use crate::view::{COLUMNS, ROWS, View};
use crate::words::completions;

/// A line that is being typed.
pub struct Entry {
    kind: EntryKind,
    title: String,
    text: Zeroizing<String>,
    /// The letter that buttons offer.
    offered: Option<char>,
}

/// What is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// Digits, not shown.
    Pin,
    /// A word of the list.
    Word,
    /// Anything that a keyboard has.
    Passphrase,
    /// Rolls of a die.
    Dice,
    /// Keys pressed at random.
    Keys,
    /// A number.
    Number,
}

/// What the person did.
pub enum Typing {
    /// Still types.
    On,
    /// Finished. A word is whole, and one of the list.
    Typed(Zeroizing<String>),
    /// Left.
    Left,
}

impl Entry {
    /// An empty line.
    pub fn new(kind: EntryKind, title: impl Into<String>) -> Self {
        // As long as it may become: a text that grows leaves copies behind.
        let text = Zeroizing::new(String::with_capacity(kind.longest()));
        Self { kind, title: title.into(), text, offered: None }
    }

    /// Takes a press.
    pub fn press(&mut self, press: Press) -> Typing {
        match press {
            Press::Letter(letter) => self.add(letter),
            Press::Take => {
                if let Some(letter) = self.offered {
                    self.add(letter);
                }
            }
            Press::Up => self.offer(-1),
            Press::Down => self.offer(1),
            Press::Erase if self.text.is_empty() => return Typing::Left,
            Press::Erase => {
                self.text.pop();
                self.offered = None;
            }
            Press::Confirm => return self.finish(),
            Press::Back => return Typing::Left,
        }
        Typing::On
    }

    /// What is shown.
    #[must_use]
    pub fn view(&self) -> View {
        let shown = match self.kind {
            EntryKind::Pin => Zeroizing::new("*".repeat(self.text.len())),
            _ => self.text.clone(),
        };
        let mut line = Zeroizing::new(String::with_capacity(shown.len() + 3));
        line.push_str(&shown);
        match self.offered {
            Some(letter) => line.extend(['[', letter, ']']),
            None => line.push('_'),
        }
        // The end of it, if it is too long.
        let mut rows: Vec<String> = line
            .as_bytes()
            .chunks(COLUMNS)
            .map(|row| String::from_utf8_lossy(row).into_owned())
            .collect();
        let hidden = rows.len().saturating_sub(ROWS - 3);
        rows.drain(..hidden);
        rows.push(String::new());
        match self.kind {
            EntryKind::Word => {
                rows.extend(self.candidates().take(ROWS - rows.len()).map(ToString::to_string));
            }
            EntryKind::Dice | EntryKind::Keys => rows.push(format!("{} typed", self.text.len())),
            EntryKind::Pin | EntryKind::Passphrase | EntryKind::Number => {}
        }
        View::new(ScreenKind::Text, &self.title, rows, "OK when done   back")
    }

    fn add(&mut self, letter: char) {
        let letter =
            if self.kind == EntryKind::Word { letter.to_ascii_lowercase() } else { letter };
        if self.kind == EntryKind::Word && letter == ' ' {
            return;
        }
        if self.text.len() < self.kind.longest() && self.fits(letter) {
            self.text.push(letter);
            self.offered = None;
        }
    }

    fn fits(&self, letter: char) -> bool {
        match self.kind {
            EntryKind::Pin | EntryKind::Number => letter.is_ascii_digit(),
            EntryKind::Dice => matches!(letter, '1'..='6'),
            EntryKind::Passphrase | EntryKind::Keys => matches!(letter, ' '..='~'),
            EntryKind::Word => self.candidates().any(|word| {
                word.as_bytes().get(self.text.len()).is_some_and(|byte| char::from(*byte) == letter)
            }),
        }
    }

    fn candidates(&self) -> impl Iterator<Item = &'static str> {
        completions(&self.text)
    }

    /// Offers the next letter that fits, round and round.
    fn offer(&mut self, step: i8) {
        let letters: Vec<char> = (' '..='~').filter(|letter| self.fits(*letter)).collect();
        let at = self.offered.and_then(|offered| letters.iter().position(|l| *l == offered));
        let next = match (at, step < 0) {
            (None, false) => 0,
            (None, true) => letters.len().saturating_sub(1),
            (Some(at), false) => (at + 1) % letters.len(),
            (Some(at), true) => (at + letters.len() - 1) % letters.len(),
        };
        self.offered = letters.get(next).copied();
    }

    fn finish(&mut self) -> Typing {
        if self.kind == EntryKind::Word {
            let mut candidates = self.candidates();
            let (first, second) = (candidates.next(), candidates.next());
            // A word that begins others ("act", "action") is meant if it is whole.
            let whole = first.filter(|word| second.is_none() || *word == self.text.as_str());
            drop(candidates);
            let Some(word) = whole.filter(|_| !self.text.is_empty()) else { return Typing::On };
            return Typing::Typed(Zeroizing::new(word.to_string()));
        }
        Typing::Typed(core::mem::replace(&mut self.text, Zeroizing::new(String::new())))
    }
}

impl EntryKind {
    const fn longest(self) -> usize {
        match self {
            Self::Pin => PIN_MOST,
            // The longest of the list has 8.
            Self::Word => 8,
            Self::Passphrase => PASSPHRASE,
            Self::Dice | Self::Keys => TYPED_ENTROPY,
            // Satoshis of all the money there will be have 16 digits.
            Self::Number => 16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(entry: &mut Entry, text: &str) -> Option<String> {
        for letter in text.chars() {
            entry.press(Press::Letter(letter));
        }
        match entry.press(Press::Confirm) {
            Typing::Typed(text) => Some(text.to_string()),
            Typing::On | Typing::Left => None,
        }
    }

    #[test]
    fn a_pin_is_digits_and_is_not_shown() {
        let mut pin = Entry::new(EntryKind::Pin, "PIN");
        pin.press(Press::Letter('1'));
        pin.press(Press::Letter('x'));
        assert_eq!(pin.view().rows[0], "*_");
        assert_eq!(typed(&mut pin, "23"), Some("123".to_string()));
    }

    #[test]
    fn a_word_is_completed_and_always_of_the_list() {
        let word = |text| typed(&mut Entry::new(EntryKind::Word, "Word"), text);
        assert_eq!(word("ABAN"), Some("abandon".to_string()));
        assert_eq!(word("act"), Some("act".to_string()));
        assert_eq!(word("ac"), None);
        assert_eq!(word("acti"), Some("action".to_string()));
        assert_eq!(word(""), None);
        // A letter that no word goes on with is not taken.
        assert_eq!(word("zoqo"), Some("zoo".to_string()));
    }

    #[test]
    fn buttons_reach_every_letter() {
        let mut entry = Entry::new(EntryKind::Dice, "Dice");
        for _ in 0..3 {
            entry.press(Press::Down);
        }
        entry.press(Press::Take);
        entry.press(Press::Up);
        assert_eq!(entry.view().rows[0], "3[6]");
        entry.press(Press::Take);
        entry.press(Press::Erase);
        assert_eq!(typed(&mut entry, "14"), Some("314".to_string()));
    }

    #[test]
    fn a_word_can_be_typed_with_buttons() {
        let mut entry = Entry::new(EntryKind::Word, "Word");
        entry.press(Press::Up);
        assert_eq!(entry.view().rows[0], "[z]");
        entry.press(Press::Take);
        entry.press(Press::Down);
        assert_eq!(entry.view().rows[0], "z[e]");
    }

    #[test]
    fn a_line_has_an_end() {
        let mut pin = Entry::new(EntryKind::Pin, "PIN");
        assert_eq!(typed(&mut pin, &"9".repeat(100)), Some("9".repeat(PIN_MOST)));
        let mut keys = Entry::new(EntryKind::Keys, "Keys");
        for _ in 0..2_000 {
            keys.press(Press::Letter('k'));
        }
        assert!(keys.view().rows.len() <= ROWS);
    }
}
