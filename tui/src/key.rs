//! Owns `Key`, one key press, and how it is written in the key map and in hints.
//!
//! Refuses the terminal library's types beyond this file: what stands above is tested without one.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key, with what was held while it was pressed. Shift is in the character itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which.
    pub code: Code,
    /// Whether Ctrl was held.
    pub ctrl: bool,
}

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A character.
    Char(char),
    /// One that moves, edits or ends something.
    Named(Named),
    /// F1 to F12.
    Function(u8),
}

/// A key that is no character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Named {
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
}

impl Key {
    /// A character.
    #[must_use]
    pub const fn char(character: char) -> Self {
        Self { code: Code::Char(character), ctrl: false }
    }

    /// A character with Ctrl.
    #[must_use]
    pub const fn ctrl(character: char) -> Self {
        Self { code: Code::Char(character), ctrl: true }
    }

    /// A key that is no character.
    #[must_use]
    pub const fn named(named: Named) -> Self {
        Self { code: Code::Named(named), ctrl: false }
    }

    /// What the terminal told of; `None` for releases and keys that mean nothing here.
    #[must_use]
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let named = |named| Some(Self { code: Code::Named(named), ctrl: false });
        match event.code {
            KeyCode::Char(character) => {
                let character = if ctrl { character.to_ascii_lowercase() } else { character };
                Some(Self { code: Code::Char(character), ctrl })
            }
            KeyCode::F(number) => Some(Self { code: Code::Function(number), ctrl: false }),
            KeyCode::Enter => named(Named::Enter),
            KeyCode::Esc => named(Named::Esc),
            KeyCode::Tab => named(Named::Tab),
            KeyCode::BackTab => named(Named::BackTab),
            KeyCode::Up => named(Named::Up),
            KeyCode::Down => named(Named::Down),
            KeyCode::Left => named(Named::Left),
            KeyCode::Right => named(Named::Right),
            KeyCode::Home => named(Named::Home),
            KeyCode::End => named(Named::End),
            KeyCode::PageUp => named(Named::PageUp),
            KeyCode::PageDown => named(Named::PageDown),
            KeyCode::Backspace => named(Named::Backspace),
            KeyCode::Delete => named(Named::Delete),
            _ => None,
        }
    }
}

impl Named {
    const ALL: [(Self, &'static str); 14] = [
        (Self::Enter, "enter"),
        (Self::Esc, "esc"),
        (Self::Tab, "tab"),
        (Self::BackTab, "backtab"),
        (Self::Up, "up"),
        (Self::Down, "down"),
        (Self::Left, "left"),
        (Self::Right, "right"),
        (Self::Home, "home"),
        (Self::End, "end"),
        (Self::PageUp, "pageup"),
        (Self::PageDown, "pagedown"),
        (Self::Backspace, "backspace"),
        (Self::Delete, "delete"),
    ];
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        match self.code {
            Code::Char(' ') => f.write_str("space"),
            Code::Char(character) => write!(f, "{character}"),
            Code::Function(number) => write!(f, "f{number}"),
            Code::Named(named) => {
                let name = Named::ALL.into_iter().find(|(key, _)| *key == named);
                f.write_str(name.map_or("", |(_, name)| name))
            }
        }
    }
}

impl FromStr for Key {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let refused = || ParseKeyError(text.to_owned());
        let (ctrl, name) = match text.strip_prefix("ctrl-") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let mut characters = name.chars();
        if let (Some(character), None) = (characters.next(), characters.next()) {
            return Ok(Self { code: Code::Char(character), ctrl });
        }
        if name == "space" {
            return Ok(Self { code: Code::Char(' '), ctrl });
        }
        let number = name.strip_prefix('f').and_then(|number| number.parse().ok());
        if let Some(number @ 1..=12) = number {
            return Ok(Self { code: Code::Function(number), ctrl });
        }
        let named = Named::ALL.into_iter().find(|(_, known)| *known == name);
        let (named, _) = named.ok_or_else(refused)?;
        Ok(Self { code: Code::Named(named), ctrl })
    }
}

/// A text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a key: a character, ctrl- and a character, f1 to f12, enter, esc and the like are"
)]
pub struct ParseKeyError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        let named = Named::ALL.into_iter().map(|(named, _)| Key::named(named));
        let others = [Key::char('r'), Key::char(' '), Key::char('?'), Key::ctrl('p')];
        let f1 = Key { code: Code::Function(1), ctrl: false };
        for key in named.chain(others).chain([f1]) {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for wrong in ["", "f13", "f0", "entre", "ctrl-", "ab"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_that_is_let_go_is_no_press() {
        let mut event = KeyEvent::new(KeyCode::Char('P'), KeyModifiers::CONTROL);
        assert_eq!(Key::of(event), Some(Key::ctrl('p')));
        event.kind = KeyEventKind::Release;
        assert_eq!(Key::of(event), None);
    }
}
