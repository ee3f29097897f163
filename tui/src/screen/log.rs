//! Owns the log of programs: what they asked that changes the wallet, what was refused and why, under
//! which limits they stand, and what happened to the wallet meanwhile.
//!
//! Refuses to keep more than the newest lines; `billfold.audit` tells all of them.

use std::collections::VecDeque;

use billfold_wallet_core::command::{
    AuditEntry, Command, Happened, InvoiceState, JournalEntry, Limit, PaymentState, Reply,
    TellerCommand, TellerReading, TellerReply,
};
use billfold_wallet_core::limits::LISTED_PAYMENTS;

use crate::action::{Action, Move, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text};
use crate::effect::{Delivery, Effect, Outbox, Question};
use crate::format;
use crate::list::List;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// What programs asked, and what happened.
#[derive(Default)]
pub(crate) struct Log {
    side: Side,
    limits: Option<Vec<Limit>>,
    asked_for: VecDeque<AuditEntry>,
    happened: VecDeque<JournalEntry>,
    list: List,
    question: Question,
    /// Whether all was read once.
    is_read: bool,
}

/// Which of the two is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Side {
    #[default]
    Asked,
    Happened,
}

impl Log {
    fn read(&mut self, reading: TellerReading, book: &Book, out: &mut Outbox) {
        let command = TellerCommand::Read(reading);
        self.question.put(out.ask(&book.wallet, Command::Teller(Box::new(command))));
    }

    fn read_asked(&mut self, book: &Book, out: &mut Outbox) {
        let after = self.asked_for.back().map_or(0, |entry| entry.number);
        self.read(TellerReading::Audit { after, limit: LISTED_PAYMENTS }, book, out);
    }

    fn read_happened(&mut self, book: &Book, out: &mut Outbox) {
        let after = self.happened.back().map_or(0, |entry| entry.seq);
        self.read(TellerReading::Journal { after, limit: LISTED_PAYMENTS }, book, out);
    }

    /// Takes a part, and asks for the next one.
    fn take(&mut self, reply: Reply, book: &Book, out: &mut Outbox) {
        let Reply::Teller(reply) = reply else { return };
        match *reply {
            TellerReply::Policy(limits) => {
                self.limits = Some(limits);
                self.read_asked(book, out);
            }
            TellerReply::Audit(entries) => {
                let is_last = entries.len() < LISTED_PAYMENTS as usize;
                keep(&mut self.asked_for, entries);
                if is_last {
                    self.read_happened(book, out);
                } else {
                    self.read_asked(book, out);
                }
            }
            TellerReply::Journal(entries) => {
                self.is_read = entries.len() < LISTED_PAYMENTS as usize;
                keep(&mut self.happened, entries);
                if !self.is_read {
                    self.read_happened(book, out);
                }
            }
            _ => {}
        }
    }

    fn rows(&self) -> usize {
        match self.side {
            Side::Asked => self.asked_for.len(),
            Side::Happened => self.happened.len(),
        }
    }

    /// The entry that programs asked for which is chosen; the newest is the first.
    fn chosen(&self) -> Option<&AuditEntry> {
        let rows = self.asked_for.len();
        let at = self.list.chosen(rows).filter(|_| self.side == Side::Asked)?;
        self.asked_for.get(rows - 1 - at)
    }
}

/// Adds newer lines, and lets the oldest go.
fn keep<T>(lines: &mut VecDeque<T>, newer: Vec<T>) {
    lines.extend(newer);
    let most = LISTED_PAYMENTS as usize;
    lines.drain(..lines.len().saturating_sub(most));
}

impl Screen for Log {
    fn title(&self) -> &'static str {
        "Log"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Copy]
    }

    fn opened(&mut self, book: &Book, out: &mut Outbox) {
        self.read(TellerReading::Policy, book, out);
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Move(Move::Next | Move::Previous) => {
                self.side = match self.side {
                    Side::Asked => Side::Happened,
                    Side::Happened => Side::Asked,
                };
                self.list = List::default();
            }
            Action::Move(to) => self.list.step(*to, self.rows()),
            Action::Enter if self.question.is_free() => self.opened(book, out),
            Action::Verb(Verb::Copy) => match self.chosen().and_then(|entry| entry.txid) {
                Some(txid) => out.put(Effect::Copy(txid.to_string())),
                None => out.problem("no transaction came of it"),
            },
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        if let Some(reply) = self.question.replied(delivery, out) {
            self.take(reply, book, out);
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        canvas.line(0, &head(self.side));
        let row = canvas.wrapped(1, &limits(self.limits.as_deref(), book), Role::Normal) + 1;
        let rows = self.rows();
        if rows == 0 {
            let told = match (self.is_read, self.side) {
                (false, _) if self.question.is_free() => "It was not read. Enter asks again.",
                (false, _) => "Reading the log…",
                (true, Side::Asked) => "No program asked for anything that changes the wallet.",
                (true, Side::Happened) => "Nothing happened yet.",
            };
            canvas.hint(row, told, Role::Dim);
            return;
        }
        let room = canvas.height().saturating_sub(DETAILS);
        let width = canvas.width();
        let mut above = canvas.part(0, 0, width, room);
        // The newest is the first.
        self.list.draw(&mut above, row, rows, |at| match self.side {
            Side::Asked => asked(&self.asked_for[rows - 1 - at], book),
            Side::Happened => happened(&self.happened[rows - 1 - at], book),
        });
        if let Some(entry) = self.chosen() {
            canvas.lines(room, &details(entry));
        }
    }
}

fn head(side: Side) -> Vec<Piece> {
    let name = |name: &str, its: Side| {
        if its == side { strong(format!("[{name}]  ")) } else { dim(format!(" {name}   ")) }
    };
    vec![
        name("What programs asked", Side::Asked),
        name("What happened", Side::Happened),
        dim("Tab turns, Enter reads on"),
    ]
}

fn limits(limits: Option<&[Limit]>, book: &Book) -> String {
    let Some(limits) = limits else { return String::new() };
    let told: Vec<String> = limits
        .iter()
        .map(|limit| match limit {
            Limit::PerPayment(most) => format!("{} a payment", book.look.amount(*most)),
            Limit::Budget { amount, seconds } => {
                let time = format::duration(std::time::Duration::from_secs((*seconds).into()));
                format!("{} in {time}", book.look.amount(*amount))
            }
            Limit::Destinations(scripts) => {
                format!("only to {}", format::count(scripts.len() as u64, "destination"))
            }
        })
        .collect();
    if told.is_empty() {
        return "No limits for all programs; a token may have its own.".to_owned();
    }
    format!("Limits for all programs: {}.", told.join(", "))
}

fn asked(entry: &AuditEntry, book: &Book) -> Vec<Piece> {
    let (sign, role) = match entry.outcome.as_str() {
        DONE => ('+', Role::Received),
        _ => ('!', Role::Warning),
    };
    let amount = entry.amount.map_or_else(String::new, |amount| book.look.amount(amount));
    vec![
        (format!("{sign} {:<20} ", entry.outcome), role),
        text(format!("{:<18} ", entry.method)),
        text(format!("{amount:>22}  ")),
        dim(format::local_day(entry.at)),
    ]
}

fn details(entry: &AuditEntry) -> Vec<Vec<Piece>> {
    let key = entry.key.as_deref().unwrap_or("none");
    let txid = entry.txid.map_or_else(|| "none".to_owned(), |txid| txid.to_string());
    vec![
        vec![],
        vec![dim("By        "), text(&entry.asker), dim("  key "), text(key)],
        vec![dim("At        "), text(format::local_time(entry.at))],
        vec![dim("Payment   "), text(txid)],
    ]
}

fn happened(entry: &JournalEntry, book: &Book) -> Vec<Piece> {
    let number = dim(format!("{:>6}  ", format::grouped(entry.seq)));
    match &entry.happened {
        Happened::Transaction { txid, net, state, left } => {
            let left = if left.is_some() { "left its block, " } else { "" };
            let role = if matches!(state, PaymentState::Confirmed(_)) {
                Role::Normal
            } else {
                Role::Pending
            };
            vec![
                number,
                (format!("{left}{:<11}", state.name()), role),
                text(format!("{:>22}  ", book.look.net(*net))),
                dim(txid.to_string()),
            ]
        }
        Happened::Reorganised { fork } => {
            let fork = format::grouped(fork.height.to_u32().into());
            vec![number, (format!("! blocks above {fork} left the chain"), Role::Warning)]
        }
        Happened::Invoice { id, state, received } => {
            let word = match state {
                InvoiceState::Open => "open",
                InvoiceState::Pending => "pending",
                InvoiceState::Paid => "paid",
                InvoiceState::Late => "late",
                InvoiceState::Expired => "expired",
                InvoiceState::Cancelled => "cancelled",
            };
            let received = format!("{:>22}  ", book.look.amount(*received));
            vec![number, text(format!("{word:<11}")), text(received), dim(format!("invoice {id}"))]
        }
    }
}

/// What the log says of what was carried out.
const DONE: &str = "done";

/// Rows below the list.
const DETAILS: u16 = 4;
