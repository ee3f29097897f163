//! Owns a code over the whole screen, for a camera.

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, columns, dim, text};
use crate::effect::Outbox;
use crate::qr;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A text as a code.
pub(crate) struct Code {
    text: String,
}

impl Code {
    /// The code of a text.
    pub(crate) const fn new(text: String) -> Self {
        Self { text }
    }
}

impl Screen for Code {
    fn title(&self) -> &'static str {
        "Code"
    }

    fn fills(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, _book: &Book, _out: &mut Outbox) -> Step {
        match action {
            Action::Back | Action::Enter | Action::Verb(Verb::Code) => Step::Back,
            _ => Step::Pass,
        }
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        if canvas.in_lines() {
            canvas.line(0, &[text(self.text.as_str())]);
            return;
        }
        let (width, last) = (canvas.width(), canvas.height().saturating_sub(1));
        if !draw(&self.text, &mut canvas.part(0, 0, width, last)) {
            canvas.line(0, &[dim("The screen is too small for this code: make it larger.")]);
        }
        canvas.line(last, &[(" Esc".to_owned(), Role::Key), dim(" goes back.")]);
    }
}

/// Draws the code of a text at the upper left, if it fits.
pub(super) fn draw(text: &str, canvas: &mut Canvas<'_>) -> bool {
    if canvas.in_lines() {
        return false;
    }
    let colour = canvas.theme().colour;
    let Some(lines) = qr::lines(text, colour) else { return false };
    let width = lines.first().map_or(0, |line| columns(line));
    if lines.len() > canvas.height().into() || width > canvas.width().into() {
        return false;
    }
    for (row, line) in (0..).zip(lines) {
        canvas.line(row, &[(line, Role::Code)]);
    }
    true
}
