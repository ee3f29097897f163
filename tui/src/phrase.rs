//! Owns what a line means where the screens are read and answered line by line: an answer to the
//! field that is asked for, a row by its number, or a verb by the name that it has in the palette.
//!
//! Refuses to guess: a line that means nothing is told as such.

use zeroize::Zeroizing;

use crate::action::{Action, Edit, Move, Verb};
use crate::model::View;

/// What a line means.
#[derive(Clone, PartialEq, Eq)]
pub enum Phrase {
    /// The field holds this now.
    Answer(Zeroizing<String>),
    /// What is done, one after the other.
    Do(Vec<Action>),
    /// Show what is there now.
    Look,
    /// Tell which verbs there are.
    Help,
    /// It means nothing, and why.
    Nothing(String),
}

impl Phrase {
    /// What a line means where this is shown.
    #[must_use]
    pub fn of(line: &Zeroizing<String>, view: &View) -> Self {
        let Some(field) = view.current() else { return Self::spoken(line.trim(), view) };
        if field.is_hidden {
            let leaves = line.is_empty();
            return if leaves { Self::Do(vec![Action::Back]) } else { Self::Answer(line.clone()) };
        }
        if let Some(verb) = line.strip_prefix(':') {
            return Self::spoken(verb.trim(), view);
        }
        match (view.finds_rows, line.is_empty(), row(line, view)) {
            (true, _, Some(row)) => Self::Do(vec![Action::Move(Move::To(row)), Action::Enter]),
            (true, true, None) => Self::Do(vec![Action::Back]),
            _ => Self::Answer(line.clone()),
        }
    }

    /// A line that is no answer to a field.
    fn spoken(line: &str, view: &View) -> Self {
        let mut words = line.split_whitespace();
        let (Some(word), second, None) = (words.next(), words.next(), words.next()) else {
            return match (line.is_empty(), view.rows.is_empty()) {
                (true, true) => Self::Do(vec![Action::Enter]),
                (true, false) => Self::Look,
                (false, _) => Self::nothing(line),
            };
        };
        if let (Some(at), None) = (row(word, view), second) {
            let choose = Action::Move(Move::To(at));
            let is_answer = view.takes_letters;
            return Self::Do(if is_answer { vec![choose, Action::Enter] } else { vec![choose] });
        }
        let mut letters = word.chars();
        if let (true, Some(letter), None) = (view.takes_letters, letters.next(), letters.next()) {
            return Self::Do(vec![Action::Edit(Edit::Type(letter))]);
        }
        let Some(action) = action(word) else { return Self::nothing(line) };
        match second.map(|number| row(number, view)) {
            None if action == Verb::Help.into() || action == Verb::Palette.into() => Self::Help,
            None if action == Verb::Redraw.into() => Self::Look,
            None => Self::Do(vec![action]),
            Some(Some(row)) => Self::Do(vec![Action::Move(Move::To(row)), action]),
            Some(None) => Self::Nothing(format!("there is no row {}", second.unwrap_or_default())),
        }
    }

    fn nothing(line: &str) -> Self {
        Self::Nothing(format!("{line:?} is no verb: help lists them"))
    }
}

/// The row of a number, as it is read.
fn row(number: &str, view: &View) -> Option<usize> {
    let row = number.parse::<usize>().ok()?.checked_sub(1)?;
    view.rows.contains(&row).then_some(row)
}

/// Verbs have the names of the palette; the keys that always mean the same have those of the keyboard.
fn action(word: &str) -> Option<Action> {
    Some(match word {
        "enter" => Action::Enter,
        "back" => Action::Back,
        "tab" => Action::Move(Move::Next),
        "up" => Action::Move(Move::PageUp),
        "down" => Action::Move(Move::PageDown),
        "clear" => Action::Edit(Edit::Clear),
        verb => Action::Verb(Verb::named(verb)?),
    })
}

/// What is told besides the verbs.
pub const FIXED: &[(&str, &str)] = &[
    ("enter", "agree, go on, or open the row"),
    ("back", "leave this"),
    ("tab", "the next field, or the next kind of rows"),
    ("up, down", "earlier and later rows"),
    ("clear", "empty the field"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Tab;
    use crate::places::Entry;

    fn view(fields: Vec<Entry>, rows: Vec<usize>, takes_letters: bool) -> View {
        let (title, lines) = (String::new(), Vec::new());
        let finds_rows = !fields.is_empty() && !rows.is_empty();
        View { title, lines, notice: None, fields, rows, finds_rows, takes_letters, verbs: &[] }
    }

    fn field(is_hidden: bool) -> Vec<Entry> {
        vec![Entry { name: "Amount".to_owned(), is_current: true, is_hidden }]
    }

    fn meant(line: &str, view: &View) -> Phrase {
        Phrase::of(&Zeroizing::new(line.to_owned()), view)
    }

    fn done(actions: impl IntoIterator<Item = Action>) -> Phrase {
        Phrase::Do(actions.into_iter().collect())
    }

    impl std::fmt::Debug for Phrase {
        /// What is answered may be a password.
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match self {
                Self::Answer(_) => f.write_str("Answer(…)"),
                Self::Do(actions) => f.debug_tuple("Do").field(actions).finish(),
                Self::Look => f.write_str("Look"),
                Self::Help => f.write_str("Help"),
                Self::Nothing(told) => f.debug_tuple("Nothing").field(told).finish(),
            }
        }
    }

    /// A password may be a verb, a number or begin with a colon.
    #[test]
    fn a_hidden_field_takes_every_line_as_it_is() {
        let asked = view(field(true), Vec::new(), false);
        for password in ["quit", "1", ":quit", " two words "] {
            let answer = Phrase::Answer(Zeroizing::new(password.to_owned()));
            assert_eq!(meant(password, &asked), answer);
        }
        assert_eq!(meant("", &asked), done([Action::Back]));
    }

    #[test]
    fn a_field_takes_an_answer_or_a_verb_after_a_colon() {
        let asked = view(field(false), Vec::new(), false);
        assert_eq!(meant("send", &asked), Phrase::Answer(Zeroizing::new("send".to_owned())));
        assert_eq!(meant(":back", &asked), done([Action::Back]));
        assert_eq!(meant(":quit", &asked), done([Verb::Quit.into()]));
        assert_eq!(meant("", &asked), Phrase::Answer(Zeroizing::default()), "as it is");
    }

    #[test]
    fn a_verb_may_name_its_row() {
        let list = view(Vec::new(), vec![0, 1, 2], false);
        let third = Action::Move(Move::To(2));
        assert_eq!(meant("freeze 3", &list), done([third.clone(), Verb::Freeze.into()]));
        assert_eq!(meant("3", &list), done([third]));
        assert_eq!(meant("coins", &list), done([Verb::Go(Tab::Coins).into()]));
        assert_eq!(meant("", &list), Phrase::Look, "a line without anything opens no row");
        assert!(matches!(meant("freeze 4", &list), Phrase::Nothing(_)));
        assert!(matches!(meant("freeze all", &list), Phrase::Nothing(_)));
        assert!(matches!(meant("frezze", &list), Phrase::Nothing(_)));
        assert!(matches!(meant("freeze 1 2", &list), Phrase::Nothing(_)));
    }

    #[test]
    fn a_choice_is_made_by_its_number_or_its_letter() {
        let choice = view(Vec::new(), vec![0, 1], true);
        let second = [Action::Move(Move::To(1)), Action::Enter];
        assert_eq!(meant("2", &choice), done(second.clone()));
        assert_eq!(meant("n", &choice), done([Action::Edit(Edit::Type('n'))]));
        let found = view(field(false), vec![0, 1], false);
        assert_eq!(meant("2", &found), done(second));
        assert_eq!(meant("rent", &found), Phrase::Answer(Zeroizing::new("rent".to_owned())));
        assert_eq!(meant("", &found), done([Action::Back]));
    }
}
