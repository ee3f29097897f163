//! Owns `Field`, one line that a person writes into.
//!
//! Refuses to grow without bound, and to keep what it held: it is wiped when it goes.

use unicode_width::UnicodeWidthChar as _;
use zeroize::Zeroizing;

use crate::action::Edit;
use crate::canvas::{Canvas, columns};
use crate::places::Entry;
use crate::theme::Role;

/// A line to write into.
#[derive(Clone)]
pub(crate) struct Field {
    text: Zeroizing<String>,
    hidden: bool,
    most: usize,
}

impl Field {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::of_at_most(LONGEST)
    }

    /// An empty one that takes so many bytes.
    pub(crate) fn of_at_most(most: usize) -> Self {
        // Of its final size: growing would leave parts behind that are not wiped.
        Self { text: Zeroizing::new(String::with_capacity(most)), hidden: false, most }
    }

    /// One that does not show what it holds.
    pub(crate) fn hidden() -> Self {
        Self { hidden: true, ..Self::new() }
    }

    /// One that holds a text already.
    pub(crate) fn with(text: &str) -> Self {
        let mut field = Self::new();
        field.push(text);
        field
    }

    /// What it holds.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Changes it.
    pub(crate) fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::Type(character) => self.push(character.encode_utf8(&mut [0; 4])),
            Edit::Paste(text) => self.push(text),
            Edit::Erase => drop(self.text.pop()),
            Edit::Clear => self.clear(),
        }
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        *self = Self { hidden: self.hidden, ..Self::of_at_most(self.most) };
    }

    /// Draws it at a place with its name before it; the cursor stands in it if it is `current`.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, row: u16, name: &str, current: bool) {
        let (is_current, is_hidden) = (current, self.hidden);
        canvas.entry(Entry { name: name.to_owned(), is_current, is_hidden });
        if canvas.in_lines() && (self.hidden || self.text.is_empty()) {
            // It is asked for by its name.
            return;
        }
        let role = if current { Role::Strong } else { Role::Dim };
        let column = canvas.line(row, &[(format!("{name:<NAME_COLUMNS$}"), role)]);
        let room = usize::from(canvas.width().saturating_sub(column + 1));
        let shown = self.shown(room);
        let width = u16::try_from(columns(&shown)).unwrap_or(u16::MAX);
        canvas.at(column, row, &[(shown, Role::Normal)]);
        if current {
            canvas.cursor(column.saturating_add(width), row);
        }
    }

    /// The end of it, which is where a person writes.
    fn shown(&self, room: usize) -> String {
        if self.hidden {
            return "*".repeat(self.text.chars().count().min(room));
        }
        let mut shown: Vec<char> = Vec::new();
        let mut width = 0;
        for character in self.text.chars().rev() {
            width += character.width().unwrap_or(0);
            if width > room {
                break;
            }
            shown.push(character);
        }
        shown.into_iter().rev().collect()
    }

    fn push(&mut self, text: &str) {
        if self.text.len() + text.len() <= self.most {
            self.text.push_str(text);
        }
    }
}

/// Bytes that a field takes: a URI with its texts, or a list of words.
const LONGEST: usize = 2_048;

/// Columns of a field's name.
pub(crate) const NAME_COLUMNS: usize = 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_bounded_and_erased_by_characters() {
        let mut field = Field::with("é");
        field.edit(&Edit::Type('x'));
        field.edit(&Edit::Erase);
        field.edit(&Edit::Erase);
        assert_eq!(field.text(), "");
        field.edit(&Edit::Paste(Zeroizing::new("a".repeat(LONGEST))));
        field.edit(&Edit::Type('b'));
        assert_eq!(field.text().len(), LONGEST);
        assert_eq!(field.shown(3), "aaa");
    }

    #[test]
    fn a_hidden_field_shows_stars() {
        let mut field = Field::hidden();
        field.edit(&Edit::Paste(Zeroizing::new("pässword".to_owned())));
        assert_eq!(field.shown(80), "********");
    }
}
