//! Owns `List`, which row of many is chosen, and which are in sight.
//!
//! Refuses the rows themselves: they may change, and the choice stays where it can.

use std::ops::Range;

use crate::action::Move;
use crate::canvas::{Canvas, Piece, text};
use crate::places::Spot;
use crate::theme::Role;

/// A choice among rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct List {
    chosen: usize,
}

impl List {
    /// The choice of one row.
    pub(crate) const fn at(chosen: usize) -> Self {
        Self { chosen }
    }

    /// The row that is chosen of so many; `None` if there is none.
    pub(crate) fn chosen(self, rows: usize) -> Option<usize> {
        (rows > 0).then(|| self.chosen.min(rows - 1))
    }

    /// Moves the choice.
    pub(crate) fn step(&mut self, to: Move, rows: usize) {
        let last = rows.saturating_sub(1);
        let at = self.chosen.min(last);
        self.chosen = match to {
            Move::Up | Move::Previous => at.saturating_sub(1),
            Move::Down | Move::Next => (at + 1).min(last),
            Move::PageUp => at.saturating_sub(PAGE),
            Move::PageDown => (at + PAGE).min(last),
            Move::First => 0,
            // It stays there while more rows come.
            Move::Last => usize::MAX,
            Move::To(row) => row.min(last),
        };
    }

    /// Whether the last rows of so many are in sight or nearly so, so that those behind are wanted.
    pub(crate) const fn is_near_end(self, rows: usize) -> bool {
        self.chosen.saturating_add(AHEAD) >= rows
    }

    /// Draws the rows that are in sight below a line, the chosen one marked. Where they are read, they
    /// have their numbers.
    pub(crate) fn draw(
        self,
        canvas: &mut Canvas<'_>,
        line: u16,
        rows: usize,
        row: impl Fn(usize) -> Vec<Piece>,
    ) {
        let room = canvas.height().saturating_sub(line).into();
        for (line, at) in (line..).zip(self.sight(rows, room)) {
            let is_chosen = self.chosen(rows) == Some(at);
            let mut pieces = row(at);
            if canvas.in_lines() {
                let mark = if is_chosen { '>' } else { ' ' };
                pieces.insert(0, text(format!("{mark} {}. ", at + 1)));
            }
            canvas.line(line, &pieces);
            if is_chosen {
                canvas.mark(line, Role::Selected);
            }
            canvas.spot(line, 0..canvas.width(), Spot::Row(at));
        }
    }

    /// The rows that are in sight where there is room for so many: the chosen one is among them.
    pub(crate) fn sight(self, rows: usize, room: usize) -> Range<usize> {
        let at = self.chosen.min(rows.saturating_sub(1));
        let first = if at < room { 0 } else { at + 1 - room };
        first..rows.min(first + room)
    }
}

/// Rows that are read before they are in sight, more than a terminal shows.
const AHEAD: usize = 100;

/// Rows of a page, at the least that a screen shows.
const PAGE: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_row_is_always_in_sight() {
        let mut list = List::default();
        for (to, rows) in [
            (Move::Last, 100),
            (Move::PageUp, 100),
            (Move::Down, 3),
            (Move::Up, 0),
            (Move::Down, 9),
            (Move::To(70), 9),
            (Move::To(1), 2),
        ] {
            list.step(to, rows);
            for room in [1, 2, 50, 200] {
                let sight = list.sight(rows, room);
                assert!(sight.end <= rows && sight.len() <= room);
                assert!(list.chosen(rows).is_none_or(|chosen| sight.contains(&chosen)));
            }
        }
    }
}
