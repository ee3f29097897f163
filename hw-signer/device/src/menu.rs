//! Owns `Menu`: a few things to choose from.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::press::Press;
use crate::screen::ScreenKind;
use crate::view::{ROWS, View};

/// Choices, each with its row, and the one at hand.
pub struct Menu<T> {
    title: &'static str,
    choices: Vec<(alloc::string::String, T)>,
    at: usize,
}

/// What the person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choosing<T> {
    /// Still looks.
    On,
    /// Chose.
    Chose(T),
    /// Left.
    Left,
}

impl<T: Copy> Menu<T> {
    /// Begins at the first choice.
    ///
    /// # Panics
    /// If there is none.
    pub fn new<R: ToString>(
        title: &'static str,
        choices: impl IntoIterator<Item = (R, T)>,
    ) -> Self {
        let choices: Vec<_> =
            choices.into_iter().map(|(row, choice)| (row.to_string(), choice)).collect();
        assert!(!choices.is_empty(), "there is something to choose");
        Self { title, choices, at: 0 }
    }

    /// Takes a press. Keys of letters choose nothing.
    pub fn press(&mut self, press: Press) -> Choosing<T> {
        match press {
            Press::Up => self.at = self.at.saturating_sub(1),
            Press::Down => self.at = (self.at + 1).min(self.choices.len() - 1),
            Press::Confirm => return Choosing::Chose(self.choices[self.at].1),
            Press::Back => return Choosing::Left,
            Press::Take | Press::Erase | Press::Letter(_) => {}
        }
        Choosing::On
    }

    /// What is shown: the rows around the choice at hand.
    #[must_use]
    pub fn view(&self) -> View {
        let from = self.at.saturating_sub(ROWS - 1);
        let rows = self.choices.iter().skip(from).take(ROWS).map(|(row, _)| row.clone()).collect();
        let mut view = View::new(ScreenKind::Text, self.title, rows, "up/down  OK  back");
        view.selected = Some(self.at - from);
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_at_hand_is_always_shown() {
        let mut menu = Menu::new("Title", (0..20).map(|number| (number, number)));
        for expected in 0..20 {
            let view = menu.view();
            assert_eq!(view.rows[view.selected.unwrap()], expected.to_string());
            assert_eq!(menu.press(Press::Confirm), Choosing::Chose(expected));
            menu.press(Press::Down);
        }
        assert_eq!(menu.press(Press::Back), Choosing::Left);
    }
}
