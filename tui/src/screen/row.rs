//! Owns a transaction as a row of a list: a sign, a word and a colour, and what can be done to it.
//!
//! Refuses to tell anything by colour alone.

use billfold_wallet_core::command::{BumpWay, HistoryRow, Mark, Reference};

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::Piece;
use crate::effect::{Effect, Outbox};
use crate::format;
use crate::screen::Step;
use crate::screen::label::Label;
use crate::screen::standing;
use crate::screen::transaction::Transaction;
use crate::theme::Role;

/// What an action does to the transaction that is chosen in a list.
pub(super) fn act(row: &HistoryRow, action: &Action, out: &mut Outbox) -> Step {
    // A bump is drafted on the transaction's own screen, where the person sees what it is about.
    let bump = match action {
        Action::Verb(Verb::Bump) => Some(BumpWay::Best),
        Action::Verb(Verb::Cancel) => Some(BumpWay::Cancel),
        Action::Enter => None,
        Action::Verb(Verb::Label) => {
            let label = Label::new(Reference::Transaction(row.txid), row.note.as_deref());
            return Step::Open(Box::new(label));
        }
        Action::Verb(Verb::Copy) => {
            out.put(Effect::Copy(row.txid.to_string()));
            return Step::Stay;
        }
        _ => return Step::Pass,
    };
    Step::Open(Box::new(Transaction::new(row.txid).bumped(bump)))
}

/// The pieces of a transaction's row.
pub(super) fn of(row: &HistoryRow, book: &Book) -> Vec<Piece> {
    let (sign, word, role) = standing::of(row, book);
    let note = row.note.as_deref().map_or_else(|| row.txid.to_string(), str::to_owned);
    let alike = row.marks.iter().any(|mark| matches!(mark, Mark::LooksLike { .. }));
    let note_role = if row.note.is_some() { Role::Normal } else { Role::Dim };
    let mut pieces = vec![
        (format!("{sign} {word:<10}"), role),
        (format!("{:>22}  ", book.look.net(row.net)), standing::role(row)),
        (format!("{}  ", format::local_day(row.time)), Role::Dim),
    ];
    if alike {
        pieces.push(("! looks like another  ".to_owned(), Role::Warning));
    }
    pieces.push((note, note_role));
    pieces
}
