//! Owns `Places`, what a drawing has besides its cells: where the terminal's cursor stands, which fields
//! can be written into, and what a click means.
//!
//! Refuses clicks that agree to anything: they choose a row or a numbered screen, nothing else.

use ratatui::layout::{Position, Rect};

use crate::action::{Action, Move, Tab, Verb};

/// What a drawing has besides its cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Where the terminal's cursor stands.
    pub cursor: Option<Position>,
    /// The fields, in their order.
    pub fields: Vec<Entry>,
    /// Whether it is read line by line: rows are numbered then, and nothing is drawn that can't be
    /// read aloud.
    pub in_lines: bool,
    spots: Vec<(Rect, Spot)>,
}

/// A field that can be written into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Whether what is typed goes there.
    pub is_current: bool,
    /// Whether what is typed there is not to be shown.
    pub is_hidden: bool,
}

/// What a click chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// A row of a list, counted from 0.
    Row(usize),
    /// A numbered screen.
    Tab(Tab),
}

impl Places {
    /// Those of a drawing that is read line by line.
    #[must_use]
    pub fn in_lines() -> Self {
        Self { in_lines: true, ..Self::default() }
    }

    /// What a click on a cell means.
    #[must_use]
    pub fn clicked(&self, cell: Position) -> Option<Action> {
        let (_, spot) = self.spots.iter().rev().find(|(area, _)| area.contains(cell))?;
        Some(match spot {
            Spot::Row(row) => Action::Move(Move::To(*row)),
            Spot::Tab(tab) => Verb::Go(*tab).into(),
        })
    }

    /// The rows that can be chosen, counted from 0.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> {
        self.spots.iter().filter_map(|(_, spot)| match spot {
            Spot::Row(row) => Some(*row),
            Spot::Tab(_) => None,
        })
    }

    /// Says what a click into an area chooses.
    pub(crate) fn mark(&mut self, area: Rect, spot: Spot) {
        self.spots.push((area, spot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_chooses_what_it_hits_and_the_last_that_was_drawn_there() {
        let mut places = Places::default();
        places.mark(Rect::new(0, 1, 10, 1), Spot::Tab(Tab::Coins));
        places.mark(Rect::new(0, 2, 10, 1), Spot::Row(4));
        places.mark(Rect::new(0, 2, 5, 1), Spot::Row(7));
        let clicked = |x, y| places.clicked(Position::new(x, y));
        assert_eq!(clicked(3, 1), Some(Verb::Go(Tab::Coins).into()));
        assert_eq!(clicked(3, 2), Some(Action::Move(Move::To(7))));
        assert_eq!(clicked(7, 2), Some(Action::Move(Move::To(4))));
        assert_eq!(clicked(10, 2), None);
        assert_eq!(places.rows().collect::<Vec<_>>(), [4, 7]);
    }
}
