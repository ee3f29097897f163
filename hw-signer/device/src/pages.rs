//! Owns `Pages`: pages that are read one after the other, and agreed to on the last one.
//!
//! Refuses to be agreed to before the last: a key that is held down agrees to nothing.

use alloc::format;
use alloc::vec::Vec;

use crate::press::Press;
use crate::screen::Screen;
use crate::view::{View, cut};

/// Pages and where the person is.
pub struct Pages {
    views: Vec<View>,
    at: usize,
}

/// What the person did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Still reads.
    On,
    /// Agreed to the last page.
    Agreed,
    /// Refused.
    Refused,
}

impl Pages {
    /// Begins at the first page.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn new(screens: &[Screen]) -> Self {
        let views: Vec<View> = screens.iter().flat_map(cut).collect();
        assert!(!views.is_empty(), "there is something to read");
        Self { views, at: 0 }
    }

    /// Takes a press.
    pub fn press(&mut self, press: Press) -> Reading {
        match press {
            Press::Back => return Reading::Refused,
            Press::Confirm if self.is_last() => return Reading::Agreed,
            Press::Down => self.at = (self.at + 1).min(self.views.len() - 1),
            Press::Up => self.at = self.at.saturating_sub(1),
            Press::Confirm | Press::Take | Press::Erase | Press::Letter(_) => {}
        }
        Reading::On
    }

    /// What is shown.
    #[must_use]
    pub fn view(&self) -> View {
        let mut view = self.views[self.at].clone();
        let next = if self.is_last() { "OK" } else { "down" };
        view.footer = format!("back  {}/{}  {next}", self.at + 1, self.views.len());
        view
    }

    fn is_last(&self) -> bool {
        self.at + 1 == self.views.len()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;

    use super::*;
    use crate::screen::ScreenKind;

    fn two() -> Pages {
        let page = |title| Screen::new(ScreenKind::Text, title, vec!["line".to_string()]);
        Pages::new(&[page("One"), page("Two")])
    }

    #[test]
    fn only_the_last_page_is_agreed_to() {
        let mut pages = two();
        for _ in 0..10 {
            assert_eq!(pages.press(Press::Confirm), Reading::On);
        }
        assert_eq!(pages.press(Press::Down), Reading::On);
        assert_eq!(pages.view().title, "Two");
        assert_eq!(pages.press(Press::Down), Reading::On);
        assert_eq!(pages.press(Press::Confirm), Reading::Agreed);
    }

    #[test]
    fn every_page_is_refused_and_gone_back_from() {
        let mut pages = two();
        assert_eq!(pages.press(Press::Back), Reading::Refused);
        pages.press(Press::Down);
        pages.press(Press::Up);
        assert_eq!(pages.view().footer, "back  1/2  down");
        assert_eq!(pages.press(Press::Confirm), Reading::On);
    }
}
