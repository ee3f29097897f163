//! Owns `Canvas`, a part of the screen to draw on: lines of styled texts, cut where it ends.
//!
//! Refuses characters that move a cursor or reorder what stands beside them: every text that is
//! drawn passes through here.

use std::ops::Range;

use billfold_wallet_core::foreign;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthChar;

use crate::action::Action;
use crate::keymap::Keymap;
use crate::places::{Entry, Places, Spot};
use crate::theme::{Role, Theme};

/// A part of the screen.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    theme: Theme,
    places: &'a mut Places,
}

/// A text with its role; a line is some of them.
pub type Piece = (String, Role);

/// A piece of ordinary text.
pub fn text(text: impl Into<String>) -> Piece {
    (text.into(), Role::Normal)
}

/// A piece of text that is less important.
pub fn dim(text: impl Into<String>) -> Piece {
    (text.into(), Role::Dim)
}

/// A piece of text that is more important.
pub fn strong(text: impl Into<String>) -> Piece {
    (text.into(), Role::Strong)
}

impl<'a> Canvas<'a> {
    /// The whole of a buffer; what is there besides its cells is left in `places`.
    pub fn new(buffer: &'a mut Buffer, theme: Theme, places: &'a mut Places) -> Self {
        let area = buffer.area;
        Self { buffer, area, theme, places }
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> u16 {
        self.area.height
    }

    /// The colours there are.
    #[must_use]
    pub const fn theme(&self) -> Theme {
        self.theme
    }

    /// Whether it is read line by line.
    #[must_use]
    pub const fn in_lines(&self) -> bool {
        self.places.in_lines
    }

    /// A part of it, cut to what there is.
    pub fn part(&mut self, column: u16, row: u16, width: u16, height: u16) -> Canvas<'_> {
        let (column, row) = (column.min(self.area.width), row.min(self.area.height));
        let area = Rect {
            x: self.area.x + column,
            y: self.area.y + row,
            width: width.min(self.area.width - column),
            height: height.min(self.area.height - row),
        };
        Canvas { buffer: self.buffer, area, theme: self.theme, places: self.places }
    }

    /// The part from a row on.
    pub fn below(&mut self, row: u16) -> Canvas<'_> {
        let (width, height) = (self.area.width, self.area.height);
        self.part(0, row, width, height)
    }

    /// Writes a line; the columns that it took.
    pub fn line(&mut self, row: u16, pieces: &[Piece]) -> u16 {
        self.at(0, row, pieces)
    }

    /// Writes a line that begins at a column; the column after it.
    pub fn at(&mut self, column: u16, row: u16, pieces: &[Piece]) -> u16 {
        let mut column = column;
        for (text, role) in pieces {
            column = self.piece(column, row, text, *role);
        }
        column
    }

    /// Writes a line that ends at the right edge.
    pub fn right(&mut self, row: u16, pieces: &[Piece]) {
        let width: usize = pieces.iter().map(|(text, _)| columns(text)).sum();
        let width = u16::try_from(width).unwrap_or(u16::MAX);
        self.at(self.area.width.saturating_sub(width), row, pieces);
    }

    /// Writes lines one below the other; the row after them.
    pub fn lines<'l>(&mut self, row: u16, lines: impl IntoIterator<Item = &'l Vec<Piece>>) -> u16 {
        let mut row = row;
        for pieces in lines {
            self.line(row, pieces);
            row = row.saturating_add(1);
        }
        row
    }

    /// Writes a text over as many lines as it takes, broken between words; the row after it.
    pub fn wrapped(&mut self, row: u16, text: &str, role: Role) -> u16 {
        let mut row = row;
        for line in wrap(text, self.area.width.into()) {
            self.piece(0, row, &line, role);
            row = row.saturating_add(1);
        }
        row
    }

    /// The same of a text of the program's own: what it says of keys is said of verbs where there
    /// are no keys; no field whose answer is hidden takes one.
    pub fn hint(&mut self, row: u16, text: &'static str, role: Role) -> u16 {
        let field = self.places.fields.iter().find(|field| field.is_current);
        let mark = match field {
            _ if !self.places.in_lines => return self.wrapped(row, text, role),
            Some(field) if field.is_hidden => return self.wrapped(row, text, role),
            Some(_) => ":",
            None => "",
        };
        self.wrapped(row, &verbs_for_keys(text, mark), role)
    }

    /// Gives a whole row a look.
    pub fn mark(&mut self, row: u16, role: Role) {
        if row < self.area.height {
            let area = Rect { y: self.area.y + row, height: 1, ..self.area };
            self.buffer.set_style(area, self.theme.style(role));
        }
    }

    /// Puts the terminal's cursor here.
    pub fn cursor(&mut self, column: u16, row: u16) {
        if row < self.area.height {
            let column = column.min(self.area.width.saturating_sub(1));
            let position = Position::new(self.area.x + column, self.area.y + row);
            self.places.cursor = Some(position);
        }
    }

    /// Says that there is a field.
    pub fn entry(&mut self, entry: Entry) {
        self.places.fields.push(entry);
    }

    /// Says what a click between two columns of a row chooses.
    pub(crate) fn spot(&mut self, row: u16, columns: Range<u16>, spot: Spot) {
        let end = columns.end.min(self.area.width);
        if row < self.area.height && columns.start < end {
            let (x, y) = (self.area.x + columns.start, self.area.y + row);
            self.places.mark(Rect { x, y, width: end - columns.start, height: 1 }, spot);
        }
    }

    /// Empties it, for something that stands above others.
    pub fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    fn piece(&mut self, column: u16, row: u16, text: &str, role: Role) -> u16 {
        if row >= self.area.height || column >= self.area.width {
            return column;
        }
        let room = usize::from(self.area.width - column);
        let shown = cut(&foreign::shown(text), room);
        let (x, y) = (self.area.x + column, self.area.y + row);
        let (end, _) = self.buffer.set_stringn(x, y, shown, room, self.theme.style(role));
        end - self.area.x
    }
}

/// A text with the verbs of the keys that it names.
fn verbs_for_keys(text: &str, mark: &str) -> String {
    let word = |word: &str| {
        let key = word.trim_end_matches([':', '.', ',', ';']);
        let rest = word.get(key.len()..).unwrap_or_default();
        verb_of(key).map_or_else(|| word.to_owned(), |verb| format!("{mark}{verb}{rest}"))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// What a key, as texts write it, does by default.
fn verb_of(key: &str) -> Option<&'static str> {
    match key {
        "Enter" => Some("enter"),
        "Esc" => Some("back"),
        _ if !key.starts_with("Ctrl-") => None,
        _ => match Keymap::default().action(key.to_lowercase().parse().ok()?, true)? {
            Action::Verb(verb) => Some(verb.name()),
            Action::Enter | Action::Back | Action::Edit(_) | Action::Move(_) => None,
        },
    }
}

/// The columns that a text takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// A text that fits into some columns; what is cut is told by `…`.
#[must_use]
pub fn cut(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut taken = 0;
    let mut shown: String = text
        .chars()
        .take_while(|character| {
            taken += character.width().unwrap_or(0);
            taken < room
        })
        .collect();
    if room > 0 {
        shown.push('…');
    }
    shown
}

/// A text in lines of at most so many columns, broken between words where they fit.
#[must_use]
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| columns(line));
        let gap = usize::from(line > 0);
        if line > 0 && line + gap + columns(word) > room {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_with_a_sign_and_never_in_the_middle_of_a_character() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("鈴鈴鈴", 4), "鈴…");
        assert_eq!(cut("ab", 0), "");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("a-very-long-word b", 4), ["a-very-long-word", "b"]);
    }

    #[test]
    fn nothing_is_drawn_outside_and_nothing_foreign_moves_the_cursor() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 2));
        let mut places = Places::default();
        let mut canvas = Canvas::new(&mut buffer, Theme { colour: false }, &mut places);
        canvas.line(0, &[text("a\u{1b}[2Jbcdef")]);
        canvas.line(7, &[text("x")]);
        canvas.part(3, 1, 9, 9).line(0, &[text("xyz")]);
        canvas.part(9, 9, 9, 9).line(0, &[text("xyz")]);
        assert_eq!(buffer, Buffer::with_lines(["a\u{fffd}[…", "   …"]));
    }

    #[test]
    fn only_what_the_program_says_is_said_of_verbs_where_there_are_no_keys() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 24, 2));
        let mut places = Places::in_lines();
        let mut canvas = Canvas::new(&mut buffer, Theme { colour: false }, &mut places);
        canvas.wrapped(0, "rent, Enter by Ctrl-W", Role::Normal);
        canvas.hint(1, "Esc: back. Enter: on.", Role::Normal);
        let lines = ["rent, Enter by Ctrl-W", "back: back. enter: on."];
        assert_eq!(buffer, Buffer::with_lines(lines.map(|line| format!("{line:<24}"))));
    }
}
