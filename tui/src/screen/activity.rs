//! Owns the list of all transactions.

use billfold_wallet_core::command::{HistoryRow, PaymentState};

use crate::action::{Action, Move, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, dim};
use crate::effect::Outbox;
use crate::list::List;
use crate::screen::{Screen, Step, row};

/// All transactions, or those of one kind.
#[derive(Default)]
pub(crate) struct Activity {
    list: List,
    only: Only,
}

/// Which are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Only {
    #[default]
    All,
    Waiting,
    Received,
    Sent,
}

impl Only {
    const fn next(self) -> Self {
        match self {
            Self::All => Self::Waiting,
            Self::Waiting => Self::Received,
            Self::Received => Self::Sent,
            Self::Sent => Self::All,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Waiting => "waiting",
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }

    fn takes(self, row: &HistoryRow) -> bool {
        let waits = matches!(
            row.state,
            PaymentState::Signed | PaymentState::Announced | PaymentState::Pending
        );
        match self {
            Self::All => true,
            Self::Waiting => waits,
            Self::Received => !row.net.is_negative(),
            Self::Sent => row.net.is_negative(),
        }
    }
}

impl Activity {
    fn rows<'a>(&self, book: &'a Book) -> Vec<&'a HistoryRow> {
        let all = book.history.as_deref().unwrap_or_default();
        all.iter().filter(|row| self.only.takes(row)).collect()
    }
}

impl Screen for Activity {
    fn title(&self) -> &'static str {
        "Activity"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::History, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Label, Verb::Copy, Verb::Bump, Verb::Cancel, Verb::Find]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let rows = self.rows(book);
        let chosen = self.list.chosen(rows.len()).and_then(|at| rows.get(at).copied());
        match action {
            Action::Move(Move::Next) => {
                self.only = self.only.next();
                self.list = List::default();
            }
            Action::Move(to) => self.list.step(*to, rows.len()),
            _ => return chosen.map_or(Step::Pass, |row| row::act(row, action, out)),
        }
        Step::Stay
    }

    fn reads_on(&self, book: &Book) -> Option<Page> {
        self.list.is_near_end(self.rows(book).len()).then_some(Page::History)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        if book.history.is_none() {
            canvas.line(0, &[dim("Reading the history…")]);
            return;
        }
        let rows = self.rows(book);
        let more = if book.is_whole(Page::History) { "" } else { ", older ones follow" };
        let told = format!("{} {}{more} (Tab: others)", rows.len(), self.only.name());
        canvas.line(0, &[dim(told)]);
        self.list.draw(canvas, 1, rows.len(), |at| row::of(rows[at], book));
    }
}
