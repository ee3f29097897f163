//! Owns what a terminal makes of a program's bytes: rows of cells with their looks, and the modes
//! that the program has switched.
//!
//! As terminals that know synchronized updates do, it shows a drawing that is marked as one only when
//! it is whole, so that nobody reads half of it.

use std::num::NonZeroU16;

use anyhow::{Context, Result};
use vt100::{Color, MouseProtocolMode, Parser, Screen};

/// What is shown.
pub struct Display {
    parser: Parser,
    /// What may be a part of a drawing, or of its mark.
    held: Vec<u8>,
}

impl Display {
    /// An empty one.
    ///
    /// # Errors
    /// If it has no cell.
    pub fn new(rows: u16, columns: u16) -> Result<Self> {
        let (rows, columns) = size(rows, columns)?;
        Ok(Self { parser: Parser::new(rows, columns, 0), held: Vec::new() })
    }

    /// Gives it another size.
    ///
    /// # Errors
    /// If it has no cell.
    pub fn resize(&mut self, rows: u16, columns: u16) -> Result<()> {
        let (rows, columns) = size(rows, columns)?;
        self.parser.screen_mut().set_size(rows, columns);
        Ok(())
    }

    /// Takes what the program wrote.
    pub fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        while let Some(whole) = whole(&self.held) {
            self.parser.process(&self.held[..whole]);
            self.held.drain(..whole);
        }
    }

    /// The rows, without spaces at their ends.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.screen().contents();
        text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// The cells that are coloured: rows and columns, from 0.
    #[must_use]
    pub fn coloured(&self) -> Vec<(u16, u16)> {
        self.cells(|cell| [cell.fgcolor(), cell.bgcolor()] != [Color::Default; 2])
    }

    /// The cells that stand out by more than a colour.
    #[must_use]
    pub fn marked(&self) -> Vec<(u16, u16)> {
        self.cells(|cell| cell.bold() || cell.inverse())
    }

    /// Whether the terminal is as a shell needs it: its first screen, a cursor, and keys, pastes and
    /// clicks that are told as they are without anybody's wish.
    #[must_use]
    pub fn is_as_found(&self) -> bool {
        let screen = self.screen();
        let clicks = screen.mouse_protocol_mode() != MouseProtocolMode::None;
        !(screen.alternate_screen() || screen.hide_cursor() || screen.bracketed_paste() || clicks)
    }

    fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    fn cells(&self, wanted: impl Fn(&vt100::Cell) -> bool) -> Vec<(u16, u16)> {
        let (rows, columns) = self.screen().size();
        let places = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |at| (row, at)));
        let is_wanted = |(row, at): &(u16, u16)| self.screen().cell(*row, *at).is_some_and(&wanted);
        places.filter(is_wanted).collect()
    }
}

fn size(rows: u16, columns: u16) -> Result<(NonZeroU16, NonZeroU16)> {
    let some = |number| NonZeroU16::new(number).context("a display has cells");
    Ok((some(rows)?, some(columns)?))
}

/// How many bytes can be shown: up to the drawing that has begun, or to its end.
fn whole(bytes: &[u8]) -> Option<usize> {
    let find = |mark: &[u8]| bytes.windows(mark.len()).position(|part| part == mark);
    let end = match (find(BEGIN), find(END)) {
        (Some(0), end) => end? + END.len(),
        (Some(begin), _) => begin,
        // The mark itself may come in two parts.
        (None, _) => {
            let is_part = |length: &usize| bytes.ends_with(&BEGIN[..*length]);
            bytes.len() - (1..BEGIN.len()).rev().find(is_part).unwrap_or(0)
        }
    };
    (end > 0).then_some(end)
}

/// The marks of a synchronized update.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_shown_when_it_is_whole_wherever_its_bytes_are_cut() {
        let bytes = b"before\x1b[?2026h\x1b[H\x1b[31mafter!\x1b[0m\x1b[?2026l";
        for cut in 0..bytes.len() {
            let mut display = Display::new(2, 10).unwrap();
            display.take(&bytes[..cut]);
            let shown = display.text();
            assert!("before".starts_with(shown.trim()), "{cut}: {shown:?}");
            display.take(&bytes[cut..]);
            assert_eq!(display.text().trim(), "after!", "{cut}");
            assert_eq!(display.coloured().len(), 6);
        }
    }

    #[test]
    fn a_terminal_that_is_left_on_its_second_screen_is_noticed() {
        let mut display = Display::new(2, 10).unwrap();
        for (on, off) in [
            ("\x1b[?1049h", "\x1b[?1049l"),
            ("\x1b[?25l", "\x1b[?25h"),
            ("\x1b[?1000h", "\x1b[?1000l"),
        ] {
            display.take(on.as_bytes());
            assert!(!display.is_as_found());
            display.take(off.as_bytes());
            assert!(display.is_as_found());
        }
    }
}
