//! Owns the list of addresses that were given out, and what was asked for and paid at them.

use billfold_wallet_core::command::{AddressRow, AddressStatus, Reference};
use bitcoin::Amount;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text};
use crate::effect::{Effect, Outbox};
use crate::list::List;
use crate::screen::at_signer::AtSigner;
use crate::screen::label::Label;
use crate::screen::message::Message;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// All addresses.
#[derive(Default)]
pub(crate) struct Addresses {
    list: List,
}

impl Screen for Addresses {
    fn title(&self) -> &'static str {
        "Addresses"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Addresses, Page::Description, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Receive, Verb::Label, Verb::Copy, Verb::Verify, Verb::Message]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let rows = book.addresses.as_deref().unwrap_or_default();
        let chosen = self.list.chosen(rows.len()).and_then(|at| rows.get(at));
        match (action, chosen) {
            (Action::Move(to), _) => self.list.step(*to, rows.len()),
            (Action::Verb(Verb::Label) | Action::Enter, Some(row)) => {
                let reference = Reference::Address(row.address.clone());
                return Step::Open(Box::new(Label::new(reference, row.note.as_deref())));
            }
            (Action::Verb(Verb::Verify), Some(row)) => {
                let place = (&row.account, row.keychain.branch, row.index);
                return AtSigner::address(&row.address, place, book, out);
            }
            (Action::Verb(Verb::Message), Some(row)) => {
                return Step::Open(Box::new(Message::new(Some(&row.address.to_string()))));
            }
            (Action::Verb(Verb::Copy), Some(row)) => {
                out.put(Effect::Copy(row.address.to_string()));
            }
            _ => return Step::Pass,
        }
        Step::Stay
    }

    fn reads_on(&self, book: &Book) -> Option<Page> {
        let known = book.addresses.as_ref().map_or(0, Vec::len);
        self.list.is_near_end(known).then_some(Page::Addresses)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let Some(rows) = &book.addresses else {
            canvas.line(0, &[dim("Reading the addresses…")]);
            return;
        };
        if rows.is_empty() {
            canvas.line(0, &[dim("No address was given out yet.")]);
            return;
        }
        self.list.draw(canvas, 0, rows.len(), |at| row(&rows[at], book));
    }
}

fn row(row: &AddressRow, book: &Book) -> Vec<Piece> {
    let (sign, role) = match row.status {
        AddressStatus::Unused => (' ', Role::Dim),
        AddressStatus::Open => ('o', Role::Normal),
        AddressStatus::Pending => ('~', Role::Pending),
        AddressStatus::Used | AddressStatus::Paid => ('+', Role::Received),
        AddressStatus::Late => ('!', Role::Received),
        AddressStatus::Expired | AddressStatus::Cancelled => ('x', Role::Dim),
    };
    let amount = match (row.amount, row.received) {
        (Some(asked), Amount::ZERO) => format!("asks {}", book.look.amount(asked)),
        (_, Amount::ZERO) => String::new(),
        (_, received) => book.look.amount(received),
    };
    let mut pieces =
        vec![(format!("{sign} {:<8}", row.status.name()), role), text(format!("{amount:>27}  "))];
    if row.payments > 1 {
        pieces.push(("! reused  ".to_owned(), Role::Warning));
    }
    if let Some(note) = &row.note {
        pieces.push(text(format!("{note}  ")));
    }
    pieces.push(dim(row.address.to_string()));
    pieces
}
