//! Owns how far a transaction is: a sign, a word and a role.
//!
//! Refuses to tell it by colour alone.

use billfold_wallet_core::command::{HistoryRow, Payment, PaymentState};

use crate::book::Book;
use crate::theme::Role;

/// The sign, the word and the role of a transaction's state.
pub(super) fn of(row: &HistoryRow, book: &Book) -> (char, String, Role) {
    match row.state {
        PaymentState::Signed => ('!', "unsent".to_owned(), Role::Warning),
        PaymentState::Announced => ('~', "sent out".to_owned(), Role::Pending),
        PaymentState::Pending if row.seen_by > 0 => {
            ('~', format!("seen by {}", row.seen_by), Role::Pending)
        }
        PaymentState::Pending => ('~', "pending".to_owned(), Role::Pending),
        PaymentState::Confirmed(block) => {
            let tip = book.status.as_ref().map_or(block.height, |status| status.tip.height);
            let depth = u64::from(tip.to_u32().saturating_sub(block.height.to_u32())) + 1;
            let sign = if row.net.is_negative() { '-' } else { '+' };
            let word = if depth > DEEP { "confirmed".to_owned() } else { format!("{depth} conf") };
            (sign, word, role(row))
        }
        PaymentState::Replaced => ('x', "replaced".to_owned(), Role::Dim),
        PaymentState::Evicted => ('x', "dropped".to_owned(), Role::Dim),
    }
}

/// What is told of a payment that was just signed, with its id at the end.
pub(super) fn signed(payment: &Payment, book: &Book) -> String {
    let peers = book.status.iter().flat_map(|status| &status.peers);
    let how = match payment.state {
        PaymentState::Signed if peers.filter(|peer| peer.ready).count() == 0 => {
            "Signed and kept; sent as soon as a peer is there"
        }
        PaymentState::Signed => "Signed and kept; it is being sent now",
        _ => "Signed and on its way",
    };
    format!("{how}: {}", payment.transaction.compute_txid())
}

/// The role of a transaction's amount.
pub(super) fn role(row: &HistoryRow) -> Role {
    match row.state {
        PaymentState::Replaced | PaymentState::Evicted => Role::Dim,
        _ if row.net.is_negative() => Role::Sent,
        _ => Role::Received,
    }
}

/// Confirmations after which nobody counts them any more.
const DEEP: u64 = 100;
