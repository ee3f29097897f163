//! Owns the list of wallets: which there are, which are open, and the way from one to another.
//!
//! Refuses to show anything of a wallet that is closed but its name.

use billfold_wallet_core::wallet_name::WalletName;

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::list::List;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// The wallets of the directory.
#[derive(Default)]
pub(crate) struct Wallets {
    list: List,
    /// Names, and whether they are open.
    rows: Option<Vec<(WalletName, bool)>>,
    asked: Question,
    /// The list is asked for again when it is closed.
    closing: Question,
}

impl Wallets {
    fn chosen(&self) -> Option<&(WalletName, bool)> {
        let rows = self.rows.as_deref()?;
        rows.get(self.list.chosen(rows.len())?)
    }

    fn ask(&mut self, out: &mut Outbox) {
        self.asked.put(out.wallets());
    }
}

impl Screen for Wallets {
    fn title(&self) -> &'static str {
        "Wallets"
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::New, Verb::Cancel]
    }

    fn opened(&mut self, _book: &Book, out: &mut Outbox) {
        self.ask(out);
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match (action, self.chosen()) {
            (Action::Move(to), _) => {
                self.list.step(*to, self.rows.as_ref().map_or(0, Vec::len));
            }
            (Action::Enter, Some((name, is_open))) => {
                return Step::Switch { wallet: name.clone(), is_open: *is_open };
            }
            (Action::Verb(Verb::New), _) => {
                let rows = self.rows.as_deref().unwrap_or_default();
                return free(rows).map_or(Step::Stay, Step::Another);
            }
            (Action::Verb(Verb::Cancel), Some((name, true))) if *name != book.wallet => {
                self.closing.put(out.unload(name));
            }
            (Action::Verb(Verb::Cancel), Some((name, true))) if *name == book.wallet => {
                return Step::Do(Verb::Close);
            }
            (Action::Verb(Verb::Cancel), Some(_)) => out.problem("it is closed already"),
            (Action::Back, _) => return Step::Back,
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if self.closing.answer(delivery).is_some() {
            self.ask(out);
        }
        match self.asked.answer(delivery) {
            Some(Answer::Wallets(Ok(rows))) => self.rows = Some(rows),
            Some(Answer::Wallets(Err(told))) => out.problem(told),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let Some(rows) = &self.rows else {
            canvas.line(0, &[dim("Looking at the directory…")]);
            return;
        };
        let keys = "Enter goes to a wallet, n makes another, x closes one.";
        canvas.hint(0, keys, Role::Dim);
        self.list.draw(canvas, 2, rows.len(), |at| {
            let (name, is_open) = &rows[at];
            let here = if *name == book.wallet { "* " } else { "  " };
            let state = if *is_open { ("+ open", Role::Received) } else { ("# closed", Role::Dim) };
            vec![text(format!("{here}{:<24}", name.as_str())), (state.0.to_owned(), state.1)]
        });
    }
}

/// A name that no wallet has.
fn free(rows: &[(WalletName, bool)]) -> Option<WalletName> {
    let taken = |name: &WalletName| rows.iter().any(|(other, _)| other == name);
    let names = (2..).map(|number| format!("wallet-{number}").parse::<WalletName>());
    names.take(rows.len() + 1).flatten().find(|name| !taken(name))
}
