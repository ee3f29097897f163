//! Owns the desk of a demonstration at the screens: the signer's display over them, whose buttons are
//! the keys while the person is at it, and the verbs of play.
//!
//! Refuses to press a button that the person did not: going to the signer is a key of its own.

use billfold_wallet_core::command::{Command, Reply};

use crate::action::{Action, Edit, Move, Toy, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::{Answer, Delivery, Effect, Outbox, Question};
use crate::play::{Button, COLUMNS, Display, Granted, ROWS, Wish};
use crate::theme::Role;

/// What lies on the desk.
#[derive(Default)]
pub(crate) struct Desk {
    display: Display,
    is_used: bool,
    /// The address at which the neighbour is to pay.
    address: Question,
    wished: Question,
}

impl Desk {
    /// The signer shows something else.
    pub(crate) fn show(&mut self, display: Display) {
        self.display = display;
    }

    /// Whether the keys are the signer's.
    pub(crate) const fn is_used(&self) -> bool {
        self.is_used
    }

    /// Carries out what is meant for the desk; whether it was.
    pub(crate) fn act(
        &mut self,
        action: &Action,
        open: bool,
        book: &Book,
        out: &mut Outbox,
    ) -> bool {
        match action {
            Action::Verb(Verb::Play(toy)) => self.play(*toy, open, book, out),
            Action::Verb(Verb::Quit | Verb::Redraw) => return false,
            _ if !self.is_used => return false,
            action => {
                if let Some(button) = button(action) {
                    out.put(Effect::Press(button));
                }
            }
        }
        true
    }

    fn play(&mut self, toy: Toy, open: bool, book: &Book, out: &mut Outbox) {
        let is_free = self.wished.is_free() && self.address.is_free();
        match toy {
            Toy::Signer => self.is_used = !self.is_used,
            Toy::Mine if is_free => self.wished.put(out.wish(Wish::Mine)),
            Toy::Earn | Toy::Spend if !open => out.problem("make a wallet first, and open it"),
            Toy::Earn if is_free => {
                let next =
                    Command::Receive { amount: None, note: None, expires: None, fresh: false };
                self.address.put(out.ask(&book.wallet, next));
            }
            Toy::Spend if is_free => self.wished.put(out.wish(Wish::Invoice)),
            Toy::Mine | Toy::Earn | Toy::Spend => {}
        }
    }

    /// Takes the answer to what was asked for; what the neighbour wants to be paid at.
    pub(crate) fn answered(&mut self, delivery: &mut Delivery, out: &mut Outbox) -> Option<String> {
        if let Some(Reply::Address(issued)) = self.address.replied(delivery, out) {
            self.wished.put(out.wish(Wish::Earn(issued.address)));
            return None;
        }
        match self.wished.answer(delivery) {
            Some(Answer::Granted(Ok(Granted::Invoice(uri)))) => return Some(uri),
            Some(Answer::Granted(Ok(Granted::Done(told)))) => out.done(told),
            Some(Answer::Granted(Err(told))) => out.problem(told),
            _ => {}
        }
        None
    }

    /// Draws which keys play, in a line.
    pub(crate) fn draw_keys(&self, canvas: &mut Canvas<'_>) {
        let key = |key: &str| (key.to_owned(), Role::Key);
        let asks = self.display.awaited && !self.is_used;
        let signer = if asks { " the signer asks you  " } else { " signer  " };
        let pieces = [
            ("PLAY MONEY  ".to_owned(), Role::Warning),
            key("f2"),
            (signer.to_owned(), if asks { Role::Warning } else { Role::Dim }),
            key("f3"),
            dim(" mine  "),
            key("f4"),
            dim(" Bob pays you  "),
            key("f5"),
            dim(" pay Bob"),
        ];
        canvas.line(0, &pieces);
    }

    /// Draws the signer at the lower right, while its buttons are pressed.
    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>) {
        let (width, height) = (COLUMNS + 4, ROWS + 4);
        let column = canvas.width().saturating_sub(width);
        let row = canvas.height().saturating_sub(height);
        let mut canvas = canvas.part(column, row, width, height);
        canvas.clear();
        let Display { title, rows, selected, footer, .. } = &self.display;
        canvas.line(0, &[strong(edge('┌', title, '┐'))]);
        for place in 0..ROWS {
            let shown = rows.get(usize::from(place)).map_or("", String::as_str);
            let mark = if *selected == Some(place.into()) { '>' } else { ' ' };
            let columns = usize::from(COLUMNS);
            canvas.line(place + 1, &[text(format!("│{mark}{shown:<columns$} │"))]);
        }
        canvas.line(ROWS + 1, &[strong(edge('└', footer, '┘'))]);
        canvas.line(ROWS + 2, &[dim(" up down  enter agrees")]);
        canvas.line(ROWS + 3, &[dim(" esc refuses  f2 leaves it")]);
    }
}

/// What is pressed at the signer by an action.
const fn button(action: &Action) -> Option<Button> {
    Some(match action {
        Action::Enter => Button::Confirm,
        Action::Back => Button::Back,
        Action::Move(Move::Up) => Button::Up,
        Action::Move(Move::Down) => Button::Down,
        Action::Move(Move::Next) => Button::Take,
        Action::Edit(Edit::Erase) => Button::Erase,
        Action::Edit(Edit::Type(letter)) => Button::Letter(*letter),
        _ => return None,
    })
}

/// An edge of the display, with what stands in it.
fn edge(left: char, within: &str, right: char) -> String {
    let columns = usize::from(COLUMNS) + 2;
    let within = if within.is_empty() { String::new() } else { format!(" {within} ") };
    format!("{left}{within:─<columns$}{right}")
}
