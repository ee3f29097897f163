//! Owns `View`: one picture of the device's display, as rows of characters, and how a page is cut
//! to fit it.
//!
//! Every display has the same small size, so that what a person must see before agreeing is the
//! same everywhere. Refuses to leave anything out: what does not fit goes to the next picture.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use zeroize::Zeroize;

use crate::screen::{Screen, ScreenKind};

/// Characters of a row.
pub const COLUMNS: usize = 24;

/// Rows between the title and the footer.
pub const ROWS: usize = 9;

/// What the display shows now. Rows are wiped when dropped: some hold words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What it is about.
    pub kind: ScreenKind,
    /// The first row.
    pub title: String,
    /// At most [`ROWS`] rows.
    pub rows: Vec<String>,
    /// Which row is picked out, counted from 0.
    pub selected: Option<usize>,
    /// The last row: what can be done.
    pub footer: String,
}

impl View {
    /// A picture; the title and the footer fit.
    pub(crate) fn new(kind: ScreenKind, title: &str, rows: Vec<String>, footer: &str) -> Self {
        Self { kind, title: title.to_string(), rows, selected: None, footer: footer.to_string() }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.rows.zeroize();
    }
}

/// Cuts a page into pictures without footers.
pub(crate) fn cut(screen: &Screen) -> Vec<View> {
    let mut rows = Vec::new();
    let fits = screen.title.chars().count() <= COLUMNS && is_plain(&screen.title);
    if !fits {
        rows.extend(wrap(&screen.title));
        rows.push(String::new());
    }
    let title = if fits { screen.title.as_str() } else { "" };
    for (place, line) in screen.lines.iter().enumerate() {
        // The address is the first line, and nothing else is.
        if place == 0 && screen.kind == ScreenKind::Address {
            rows.extend(groups(line));
        } else {
            rows.extend(wrap(line));
        }
    }
    if rows.is_empty() {
        rows.push(String::new());
    }
    rows.chunks(ROWS).map(|rows| View::new(screen.kind, title, rows.to_vec(), "")).collect()
}

/// A line in rows, cut at spaces where there are some. What a display can't show is written as its
/// number, so that nothing looks like something else.
fn wrap(line: &str) -> Vec<String> {
    let line = plain(line);
    let mut rows = Vec::new();
    let mut row: Option<String> = None;
    for word in line.split(' ') {
        if let Some(begun) = row.as_mut().filter(|row| row.len() + 1 + word.len() <= COLUMNS) {
            begun.push(' ');
            begun.push_str(word);
            continue;
        }
        rows.extend(row.take());
        let mut rest = word;
        while rest.len() > COLUMNS {
            let (whole, left) = rest.split_at(COLUMNS);
            rows.push(whole.to_string());
            rest = left;
        }
        row = Some(rest.to_string());
    }
    rows.extend(row);
    rows
}

/// An address in groups of four, as people compare it.
fn groups(address: &str) -> Vec<String> {
    let characters: Vec<char> = plain(address).chars().collect();
    let groups: Vec<String> =
        characters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.chunks(COLUMNS / (GROUP + 1)).map(|row| row.join(" ")).collect()
}

fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if is_shown(c) { c.to_string() } else { format!("{{{:x}}}", c as u32) })
        .collect()
}

fn is_plain(text: &str) -> bool {
    text.chars().all(is_shown)
}

/// Whether every display has a picture of it.
fn is_shown(c: char) -> bool {
    matches!(c, ' '..='~')
}

/// Letters of an address that stand together.
const GROUP: usize = 4;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn rows(kind: ScreenKind, lines: &[&str]) -> Vec<Vec<String>> {
        let lines = lines.iter().map(ToString::to_string).collect();
        cut(&Screen::new(kind, "Title", lines)).iter().map(|view| view.rows.clone()).collect()
    }

    #[test]
    fn nothing_of_a_page_is_left_out() {
        let long = "0123456789".repeat(60);
        let pictures = rows(ScreenKind::Text, &["a few words that are longer than a row", &long]);
        assert_eq!(pictures[0][..2], ["a few words that are", "longer than a row"]);
        assert!(pictures.iter().all(|rows| rows.len() <= ROWS));
        assert!(pictures.iter().flatten().all(|row| row.len() <= COLUMNS));
        let shown: String = pictures.into_iter().flatten().skip(2).collect();
        assert_eq!(shown, long);
    }

    #[test]
    fn a_title_that_does_not_fit_is_shown_all_the_same() {
        let title = "A title that is much longer than a row is";
        let pictures = cut(&Screen::new(ScreenKind::Fee, title, vec!["body".to_string()]));
        assert_eq!(pictures[0].title, "");
        assert_eq!(pictures[0].rows, ["A title that is much", "longer than a row is", "", "body"]);
    }

    #[test]
    fn an_address_is_shown_in_groups_and_its_path_is_not() {
        let address = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
        let pictures = rows(ScreenKind::Address, &[address, "m/84'/1'/0'/0/0"]);
        let expected =
            ["tb1q w508 d6qe jxtd", "g4y5 r3za rvar y0c5", "xw7k xpjz sx", "m/84'/1'/0'/0/0"];
        assert_eq!(pictures, [expected]);
    }

    #[test]
    fn what_no_display_can_show_is_a_number() {
        assert_eq!(rows(ScreenKind::Text, &["a\u{430}b\u{202e}"]), [["a{430}b{202e}"]]);
    }

    #[test]
    fn spaces_are_kept() {
        assert_eq!(rows(ScreenKind::Text, &[" a  b", ""]), [[" a  b", ""]]);
    }
}
