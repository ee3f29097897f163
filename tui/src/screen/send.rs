//! Owns Send: whom, how much, what for, and at which fee; it ends in a review.
//!
//! Refuses to take an amount without its unit where that could be misread, and to go on by a paste.

use billfold_wallet_core::amount::{parse_fee_rate, parse_pay_amount};
use billfold_wallet_core::command::{FeeChoice, PayRequest, Recipient};
use billfold_wallet_core::recipient::Payee;
use bitcoin::OutPoint;
use zeroize::Zeroizing;

use crate::action::{Action, Edit, Move, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Delivery, Outbox};
use crate::field::Field;
use crate::format;
use crate::list::List;
use crate::screen::review::{Drafting, Request};
use crate::screen::{Screen, Step};

/// A payment that is being written.
pub(crate) struct Send {
    recipients: Vec<Row>,
    note: Field,
    fee: Field,
    coins: Vec<OutPoint>,
    current: usize,
    drafting: Drafting,
}

/// One recipient.
struct Row {
    to: Field,
    amount: Field,
}

impl Row {
    fn new() -> Self {
        Self { to: Field::new(), amount: Field::new() }
    }

    fn is_empty(&self) -> bool {
        self.to.text().trim().is_empty() && self.amount.text().trim().is_empty()
    }
}

impl Send {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::of(Vec::new())
    }

    /// One that spends these coins, or any if none is named.
    pub(crate) fn of(coins: Vec<OutPoint>) -> Self {
        let (note, fee) = (Field::new(), Field::new());
        Self {
            recipients: vec![Row::new()],
            note,
            fee,
            coins,
            current: 0,
            drafting: Drafting::default(),
        }
    }

    /// One to whom a URI names.
    pub(crate) fn to(uri: &str, book: &Book) -> Self {
        let mut send = Self::new();
        send.field().edit(&Edit::Paste(Zeroizing::new(uri.to_owned())));
        send.split_uri(book);
        send
    }

    fn fields(&self) -> usize {
        self.recipients.len() * 2 + 2
    }

    fn field(&mut self) -> &mut Field {
        let (row, place) = (self.current / 2, self.current % 2);
        let fee = self.current + 1 == self.recipients.len() * 2 + 2;
        match self.recipients.get_mut(row) {
            Some(row) if place == 0 => &mut row.to,
            Some(row) => &mut row.amount,
            None if fee => &mut self.fee,
            None => &mut self.note,
        }
    }

    /// A URI that is pasted or typed fills the fields that it speaks of.
    fn split_uri(&mut self, book: &Book) {
        let Some(row) = self.recipients.get_mut(self.current / 2) else { return };
        if !self.current.is_multiple_of(2) || !row.to.text().contains(':') {
            return;
        }
        let Ok(payee) = Payee::parse(row.to.text(), book.network) else { return };
        row.to = Field::with(&payee.address.to_string());
        if let Some(amount) = payee.amount {
            row.amount = Field::with(&format!("{}sat", amount.to_sat()));
        }
        if self.note.text().is_empty()
            && let Some(note) = payee.label.or(payee.message)
        {
            self.note = Field::with(&note);
        }
    }

    /// Drafts what is written, or puts the cursor where something is wrong.
    fn draft(&mut self, book: &Book, out: &mut Outbox) {
        let mut recipients = Vec::new();
        for (at, row) in self.recipients.iter().enumerate() {
            if row.is_empty() && at > 0 {
                continue;
            }
            let payee = match Payee::parse(row.to.text(), book.network) {
                Ok(payee) => payee,
                Err(error) => {
                    self.current = at * 2;
                    return out.problem(error);
                }
            };
            let amount = match parse_pay_amount(row.amount.text()) {
                Ok(amount) => amount,
                Err(error) => {
                    let is_empty = row.amount.text().trim().is_empty();
                    self.current = at * 2 + 1;
                    return if is_empty { out.problem(HOW_MUCH) } else { out.problem(error) };
                }
            };
            recipients.push(Recipient { address: payee.address, amount, note: None });
        }
        let Some(fee) = fee_of(&self.fee, out) else {
            return self.current = self.fields() - 1;
        };
        let note = Some(self.note.text().trim().to_owned()).filter(|note| !note.is_empty());
        let coins = self.coins.clone();
        let request = PayRequest { recipients, fee, coins, note, ..PayRequest::default() };
        self.drafting.ask(Request::Pay(Box::new(request)), book, out);
    }
}

impl Screen for Send {
    fn title(&self) -> &'static str {
        "Send"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Balance, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::New]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => {
                self.field().edit(edit);
                if matches!(edit, Edit::Paste(_)) {
                    self.split_uri(book);
                }
            }
            Action::Move(Move::Next | Move::Down) => {
                self.split_uri(book);
                self.current = (self.current + 1) % self.fields();
            }
            Action::Move(Move::Previous | Move::Up) => {
                self.current = (self.current + self.fields() - 1) % self.fields();
            }
            Action::Enter if self.drafting.is_free() => {
                self.split_uri(book);
                self.draft(book, out);
            }
            Action::Verb(Verb::New) if self.recipients.len() < MOST_ROWS => {
                self.recipients.push(Row::new());
                self.current = (self.recipients.len() - 1) * 2;
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        self.drafting.reviewed(delivery, out)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        if let Some(balance) = &book.balance {
            let spendable = book.look.amount(balance.spendable);
            canvas.line(0, &[dim("There is  "), text(spendable)]);
        }
        let mut row = 2;
        let room = usize::from(canvas.height().saturating_sub(8)) / 2;
        for at in List::at(self.current / 2).sight(self.recipients.len(), room.max(1)) {
            let recipient = &self.recipients[at];
            recipient.to.draw(canvas, row, "To", self.current == at * 2);
            recipient.amount.draw(canvas, row + 1, "Amount", self.current == at * 2 + 1);
            row += 2;
        }
        self.note.draw(canvas, row, "For", self.current + 2 == self.fields());
        self.fee.draw(canvas, row + 1, "Fee rate", self.current + 1 == self.fields());
        if !self.coins.is_empty() {
            let coins = format::count(self.coins.len() as u64, "marked coin");
            canvas.line(row + 2, &[dim("Spends    "), text(coins)]);
        }
        let told = if self.drafting.is_free() { ABOUT } else { "Drafting…" };
        canvas.below(row + 4).hint(0, told, dim("").1);
    }
}

/// The fee rate that is written; why it is none is told.
pub(super) fn fee_of(field: &Field, out: &mut Outbox) -> Option<FeeChoice> {
    match field.text().trim() {
        "" => Some(FeeChoice::Default),
        written => match parse_fee_rate(written) {
            Ok(rate) => Some(FeeChoice::Rate(rate)),
            Err(error) => {
                out.problem(error);
                None
            }
        },
    }
}

const ABOUT: &str = "An address or a bitcoin: URI. Amounts: 25k, 25000sat, 0.001btc, max. Fee rate in \
                     sat/vB; empty: an estimate. Ctrl-N: one more recipient. Enter: review.";

const HOW_MUCH: &str = "how much? Write 25k, 25000sat, 0.001btc or max";

/// Recipients that are typed; more come from a file.
const MOST_ROWS: usize = 50;
