//! Owns Home: what there is, how far the chain was followed, what happened last, and what needs the
//! person.

use billfold_wallet_core::command::{Balance, BalanceParts, PaymentState};
use billfold_wallet_core::light_client::status::Waiting;
use bitcoin::Amount;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text};
use crate::effect::Outbox;
use crate::format;
use crate::list::List;
use crate::progress;
use crate::screen::{Screen, Step, row};
use crate::theme::Role;

/// The first screen of an open wallet.
#[derive(Default)]
pub(crate) struct Home {
    list: List,
}

impl Screen for Home {
    fn title(&self) -> &'static str {
        "Home"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Balance, Page::History, Page::Description, Page::Drafts, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Receive, Verb::Send, Verb::Find, Verb::Palette, Verb::Hide, Verb::Lock, Verb::Quit]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let rows = book.history.as_deref().unwrap_or_default();
        let shown = rows.len().min(LAST_EVENTS);
        if let Action::Move(to) = action {
            self.list.step(*to, shown);
            return Step::Stay;
        }
        let chosen = self.list.chosen(shown).and_then(|at| rows.get(at));
        chosen.map_or(Step::Pass, |row| row::act(row, action, out))
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let mut row = balance(book, canvas);
        row = sync(book, canvas, row);
        for line in needs(book) {
            canvas.line(row, &line);
            row += 1;
        }
        row += 1;
        self.last_events(book, &mut canvas.below(row));
    }
}

impl Home {
    fn last_events(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let Some(history) = &book.history else {
            canvas.line(0, &[dim("Reading the history…")]);
            return;
        };
        if history.is_empty() {
            canvas.line(
                0,
                &[
                    dim("Nothing was received yet. Press "),
                    key(Verb::Receive),
                    dim(" for an address."),
                ],
            );
            return;
        }
        canvas.line(0, &[strong("Last")]);
        let rows = history.len().min(LAST_EVENTS);
        self.list.draw(canvas, 1, rows, |at| row::of(&history[at], book));
    }
}

fn key(verb: Verb) -> Piece {
    (verb.name().chars().next().map_or_else(String::new, |letter| letter.to_string()), Role::Key)
}

/// The parts of the balance; the row after them.
fn balance(book: &Book, canvas: &mut Canvas<'_>) -> u16 {
    let Some(Balance { total, .. }) = &book.balance else {
        canvas.line(0, &[dim("Reading the balance…")]);
        return 1;
    };
    let BalanceParts { confirmed, pending, immature, frozen } = *total;
    let amount = |amount| book.look.amount(amount);
    canvas.line(0, &[dim("Balance   "), strong(format!("{:>22}", amount(confirmed)))]);
    let mut row = 1;
    let parts = [
        ("~ pending ", pending, Role::Pending),
        ("o immature", immature, Role::Dim),
        ("# frozen  ", frozen, Role::Frozen),
    ];
    for (name, part, role) in parts {
        if part > Amount::ZERO {
            canvas.line(row, &[(format!("{name}{:>22}", amount(part)), role)]);
            row += 1;
        }
    }
    row
}

/// How far the chain was followed; the row after it.
fn sync(book: &Book, canvas: &mut Canvas<'_>, row: u16) -> u16 {
    let Some(status) = &book.status else {
        canvas.line(row, &[dim("Chain     starting")]);
        return row + 1;
    };
    let line = match status.waiting {
        Waiting::Nothing if status.synced => {
            let height = format::grouped(status.tip.height.to_u32().into());
            vec![dim("Chain     "), text(format!("synced at {height}"))]
        }
        _ => vec![dim("Chain     "), (progress::line(status), Role::Pending)],
    };
    canvas.line(row, &line);
    row + 1
}

/// What needs the person.
fn needs(book: &Book) -> Vec<Vec<Piece>> {
    let mut lines = Vec::new();
    let mut need = |text: String| lines.push(vec![(format!("! {text}"), Role::Warning)]);
    if book.is_not_backed_up() {
        need("NOT BACKED UP: check your words with billfold words check".to_owned());
    }
    let rows = book.history.as_deref().unwrap_or_default();
    let unsent = rows.iter().filter(|row| row.state == PaymentState::Signed).count();
    if unsent > 0 {
        need(format!(
            "{} not sent yet: waiting for a peer",
            format::count(unsent as u64, "payment")
        ));
    }
    let drafts = book.drafts.as_ref().map_or(0, Vec::len);
    if drafts > 0 {
        need(format!("{} not signed yet", format::count(drafts as u64, "draft")));
    }
    lines
}

/// Transactions on Home.
const LAST_EVENTS: usize = 8;
