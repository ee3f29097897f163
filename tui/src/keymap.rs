//! Owns `Keymap`: which key means which action, by default and as the user's file says.
//!
//! Where a text is written, characters are text and nothing else; what ends the program or locks it
//! has a key with Ctrl too. Refuses a file that leaves a screen without a way out: Enter, Esc, Tab
//! and the arrows are not for it to change.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::action::{Action, Edit, Move, Tab, Toy, Verb};
use crate::key::{Code, Key, Named, ParseKeyError};

/// Which key means what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    verbs: BTreeMap<Key, Verb>,
}

impl Default for Keymap {
    fn default() -> Self {
        let verbs = DEFAULTS.iter().map(|(key, verb)| (*key, *verb)).collect();
        Self { verbs }
    }
}

impl Keymap {
    /// The default keys, changed by lines of a file: verbs by name, each with its keys.
    ///
    /// # Errors
    /// See [`KeymapError`].
    pub fn changed<'a>(
        lines: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>,
    ) -> Result<Self, KeymapError> {
        let mut map = Self::default();
        let mut taken = BTreeMap::new();
        for (name, keys) in lines {
            let verb = Verb::named(name).ok_or_else(|| KeymapError::NoSuchVerb(name.to_owned()))?;
            map.verbs.retain(|_, bound| *bound != verb);
            for text in keys {
                let key: Key = text.parse()?;
                if is_fixed(key) {
                    return Err(KeymapError::Fixed(key));
                }
                if let Some(before) = taken.insert(key, verb) {
                    return Err(KeymapError::Twice { key, verbs: [before.name(), verb.name()] });
                }
            }
        }
        map.verbs.extend(taken);
        Ok(map)
    }

    /// What a key means; `typing`: where a text is written.
    #[must_use]
    pub fn action(&self, key: Key, typing: bool) -> Option<Action> {
        if let Some(action) = fixed(key) {
            return Some(action);
        }
        if typing && let Some(edit) = edit(key) {
            return Some(Action::Edit(edit));
        }
        if let Some(verb) = self.verbs.get(&key) {
            return Some(Action::Verb(*verb));
        }
        vi(key).filter(|_| !typing).map(Action::Move)
    }

    /// The keys of a verb, the shortest first.
    #[must_use]
    pub fn keys(&self, verb: Verb) -> Vec<Key> {
        let bound = self.verbs.iter().filter(|(_, bound)| **bound == verb);
        let mut keys: Vec<Key> = bound.map(|(key, _)| *key).collect();
        keys.sort_by_key(|key| key.to_string().len());
        keys
    }
}

/// What is pasted, as it is put into a field: one line, without spaces around it.
#[must_use]
pub fn pasted(text: &str) -> Action {
    let line: String = text.trim().chars().filter(|character| !character.is_control()).collect();
    Action::Edit(Edit::Paste(Zeroizing::new(line)))
}

fn is_fixed(key: Key) -> bool {
    fixed(key).is_some()
}

const fn fixed(key: Key) -> Option<Action> {
    let Code::Named(named) = key.code else { return None };
    Some(match named {
        Named::Enter => Action::Enter,
        Named::Esc => Action::Back,
        Named::Tab => Action::Move(Move::Next),
        Named::BackTab => Action::Move(Move::Previous),
        Named::Up => Action::Move(Move::Up),
        Named::Down => Action::Move(Move::Down),
        Named::PageUp => Action::Move(Move::PageUp),
        Named::PageDown => Action::Move(Move::PageDown),
        Named::Home => Action::Move(Move::First),
        Named::End => Action::Move(Move::Last),
        Named::Backspace | Named::Delete => Action::Edit(Edit::Erase),
        Named::Left | Named::Right => return None,
    })
}

const fn edit(key: Key) -> Option<Edit> {
    match key {
        Key { code: Code::Char('u'), ctrl: true } => Some(Edit::Clear),
        Key { code: Code::Char(character), ctrl: false } => Some(Edit::Type(character)),
        _ => None,
    }
}

const fn vi(key: Key) -> Option<Move> {
    match key {
        Key { code: Code::Char('k'), ctrl: false } => Some(Move::Up),
        Key { code: Code::Char('j'), ctrl: false } => Some(Move::Down),
        Key { code: Code::Char('G'), ctrl: false } => Some(Move::Last),
        _ => None,
    }
}

/// Why a key map is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeymapError {
    /// There is no such verb.
    #[error("there is no verb {0:?}: the palette lists them")]
    NoSuchVerb(String),
    /// A key that can't be changed.
    #[error("{0} always means the same: take another key")]
    Fixed(Key),
    /// One key for two verbs.
    #[error("{key} is given to {} and to {}: choose one", verbs[0], verbs[1])]
    Twice {
        /// Which.
        key: Key,
        /// The verbs.
        verbs: [&'static str; 2],
    },
    /// No key at all.
    #[error(transparent)]
    Key(#[from] ParseKeyError),
}

const fn function(number: u8) -> Key {
    Key { code: Code::Function(number), ctrl: false }
}

const DEFAULTS: &[(Key, Verb)] = &[
    (Key::char('r'), Verb::Receive),
    (Key::char('s'), Verb::Send),
    (Key::char('b'), Verb::Bump),
    (Key::char('x'), Verb::Cancel),
    (Key::char('e'), Verb::Label),
    (Key::char('f'), Verb::Freeze),
    (Key::char(' '), Verb::Mark),
    (Key::char('y'), Verb::Copy),
    (Key::ctrl('y'), Verb::Copy),
    (Key::char('n'), Verb::New),
    (Key::ctrl('n'), Verb::New),
    (Key::char('a'), Verb::Amount),
    (Key::char('Q'), Verb::Code),
    (Key::char('+'), Verb::More),
    (Key::char('-'), Verb::Less),
    (Key::ctrl('s'), Verb::Skip),
    (Key::char('v'), Verb::Verify),
    (Key::char('R'), Verb::Register),
    (Key::char('w'), Verb::Wallets),
    (Key::char('p'), Verb::Save),
    (Key::ctrl('w'), Verb::Save),
    (Key::char('d'), Verb::Drafts),
    (Key::char('J'), Verb::Jobs),
    (Key::char('A'), Verb::Log),
    (Key::char('/'), Verb::Find),
    (Key::char(':'), Verb::Palette),
    (Key::ctrl('p'), Verb::Palette),
    (Key::char('?'), Verb::Help),
    (function(1), Verb::Help),
    (Key::char('z'), Verb::Hide),
    (Key::char('u'), Verb::Unit),
    (Key::char('L'), Verb::Lock),
    (Key::ctrl('l'), Verb::Redraw),
    (Key::ctrl('z'), Verb::Suspend),
    (Key::char('q'), Verb::Quit),
    (Key::ctrl('c'), Verb::Quit),
    (Key::char('1'), Verb::Go(Tab::Home)),
    (Key::char('2'), Verb::Go(Tab::Activity)),
    (Key::char('3'), Verb::Go(Tab::Coins)),
    (Key::char('4'), Verb::Go(Tab::Addresses)),
    (Key::char('5'), Verb::Go(Tab::Keys)),
    (Key::char('6'), Verb::Go(Tab::Network)),
    (function(2), Verb::Play(Toy::Signer)),
    (function(3), Verb::Play(Toy::Mine)),
    (function(4), Verb::Play(Toy::Earn)),
    (function(5), Verb::Play(Toy::Spend)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_text_where_a_text_is_written() {
        let map = Keymap::default();
        let letter = Key::char('s');
        assert_eq!(map.action(letter, false), Some(Verb::Send.into()));
        assert_eq!(map.action(letter, true), Some(Action::Edit(Edit::Type('s'))));
        assert_eq!(map.action(Key::ctrl('c'), true), Some(Verb::Quit.into()));
        assert_eq!(map.action(Key::char('j'), false), Some(Action::Move(Move::Down)));
        assert_eq!(map.action(Key::char('j'), true), Some(Action::Edit(Edit::Type('j'))));
    }

    #[test]
    fn a_paste_is_one_line_that_presses_nothing() {
        let Action::Edit(Edit::Paste(text)) = pasted(" bitcoin:bc1q\r\nx\u{1b}[A ") else {
            panic!("a paste is an edit");
        };
        assert_eq!(*text, "bitcoin:bc1qx[A");
    }

    #[test]
    fn a_file_changes_keys_and_can_not_take_the_way_out() {
        let map = Keymap::changed([("send", vec!["p", "ctrl-x"])]).expect("good");
        assert_eq!(map.action(Key::char('p'), false), Some(Verb::Send.into()));
        assert_eq!(map.action(Key::char('s'), false), None);
        assert_eq!(map.keys(Verb::Send), [Key::char('p'), Key::ctrl('x')]);
        let esc = Keymap::changed([("send", vec!["esc"])]);
        assert_eq!(esc, Err(KeymapError::Fixed(Key::named(Named::Esc))));
        let twice = Keymap::changed([("send", vec!["p"]), ("receive", vec!["p"])]);
        assert!(matches!(twice, Err(KeymapError::Twice { .. })));
        assert!(Keymap::changed([("sned", vec!["p"])]).is_err());
        assert!(Keymap::changed([("send", vec!["pp"])]).is_err());
    }

    #[test]
    fn no_default_key_is_given_twice() {
        assert_eq!(Keymap::default().verbs.len(), DEFAULTS.len());
    }
}
