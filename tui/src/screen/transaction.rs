//! Owns one transaction: what it did here, whom it paid, how far it is, and what can be done about
//! it.

use billfold_wallet_core::command::{
    BumpRequest, BumpWay, Command, FeeChoice, HistoryRow, Hold, Mark, Reference, Reply,
    TransactionRecord,
};
use bitcoin::{Address, Txid};

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text};
use crate::effect::{Delivery, Effect, Outbox, Question};
use crate::format;
use crate::screen::label::Label;
use crate::screen::review::{Drafting, Request};
use crate::screen::{Screen, Step, standing};
use crate::theme::Role;

/// A transaction that is looked at.
pub(crate) struct Transaction {
    txid: Txid,
    record: Option<Box<TransactionRecord>>,
    asked: Question,
    drafting: Drafting,
    at_once: Option<BumpWay>,
}

impl Transaction {
    /// The one of this id.
    pub(crate) fn new(txid: Txid) -> Self {
        let (asked, drafting) = (Question::default(), Drafting::default());
        Self { txid, record: None, asked, drafting, at_once: None }
    }

    /// The same, which is bumped or cancelled as soon as it is open.
    pub(crate) fn bumped(self, at_once: Option<BumpWay>) -> Self {
        Self { at_once, ..self }
    }

    fn row<'a>(&self, book: &'a Book) -> Option<&'a HistoryRow> {
        book.history.as_deref()?.iter().find(|row| row.txid == self.txid)
    }

    fn bump(&mut self, way: BumpWay, book: &Book, out: &mut Outbox) {
        self.drafting.ask(Request::Bump(bump_request(self.txid, way)), book, out);
    }

    fn label(&self, book: &Book) -> Step {
        let note = self.row(book).and_then(|row| row.note.as_deref());
        Step::Open(Box::new(Label::new(Reference::Transaction(self.txid), note)))
    }
}

/// A bump with the least fee that does it.
const fn bump_request(txid: Txid, way: BumpWay) -> BumpRequest {
    BumpRequest {
        txid,
        way,
        fee: FeeChoice::Default,
        most_fee: None,
        hold: Hold::Briefly,
        dry_run: false,
    }
}

impl Screen for Transaction {
    fn title(&self) -> &'static str {
        "Transaction"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::History, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Bump, Verb::Cancel, Verb::Label, Verb::Copy]
    }

    fn opened(&mut self, book: &Book, out: &mut Outbox) {
        self.asked.put(out.ask(&book.wallet, Command::Transactions(vec![self.txid])));
        if let Some(way) = self.at_once.take() {
            self.bump(way, book, out);
        }
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Back => return Step::Back,
            Action::Verb(Verb::Bump) => self.bump(BumpWay::Best, book, out),
            Action::Verb(Verb::Cancel) => self.bump(BumpWay::Cancel, book, out),
            Action::Verb(Verb::Label) => return self.label(book),
            Action::Verb(Verb::Copy) => {
                out.put(Effect::Copy(self.txid.to_string()));
            }
            _ => return Step::Pass,
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if let Some(Reply::Transactions(records)) = self.asked.replied(delivery, out) {
            self.record = records.into_iter().next().map(Box::new);
        }
        self.drafting.reviewed(delivery, out)
    }

    fn reads_on(&self, book: &Book) -> Option<Page> {
        self.row(book).is_none().then_some(Page::History)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let mut lines: Vec<Vec<Piece>> = vec![vec![dim("Id        "), text(self.txid.to_string())]];
        if let Some(row) = self.row(book) {
            lines.extend(facts(row, book));
        }
        if let Some(record) = &self.record {
            lines.push(vec![dim("Outputs")]);
            lines.extend(outputs(record, book));
        }
        canvas.lines(0, &lines);
    }
}

fn facts(history: &HistoryRow, book: &Book) -> Vec<Vec<Piece>> {
    let (sign, word, role) = standing::of(history, book);
    let mut lines = vec![
        vec![dim("State     "), (format!("{sign} {word}"), role)],
        vec![dim("Amount    "), text(book.look.net(history.net))],
    ];
    if let Some(fee) = history.fee {
        lines.push(vec![dim("Fee       "), text(book.look.amount(fee))]);
    }
    lines.push(vec![dim("Time      "), text(format::local_time(history.time))]);
    if let Some(note) = &history.note {
        lines.push(vec![dim("Label     "), text(note.clone())]);
    }
    let others = [("Replaces  ", history.replaces), ("Now       ", history.replaced_by)];
    for (name, other) in others {
        lines.extend(other.map(|txid| vec![dim(name), text(txid.to_string())]));
    }
    for mark in &history.marks {
        let told = match mark {
            Mark::LooksLike { known, .. } => {
                format!("! begins and ends like {known}, and is another")
            }
            Mark::Dust => "# dust from a stranger".to_owned(),
            Mark::Reused => "! an address that was used before".to_owned(),
        };
        lines.push(vec![(told, Role::Warning)]);
    }
    lines
}

fn outputs(record: &TransactionRecord, book: &Book) -> Vec<Vec<Piece>> {
    let outputs = record.transaction.output.iter().zip(&record.outputs);
    let line = |(output, known): (&bitcoin::TxOut, &_)| {
        let billfold_wallet_core::command::RecordedOutput { owner, .. } = known;
        let address = Address::from_script(&output.script_pubkey, book.network);
        let address = address.map_or_else(|_| "no address".to_owned(), |a| a.to_string());
        let ours = if owner.is_some() { "+ " } else { "  " };
        let amount = format!("{:>22}  ", book.look.amount(output.value));
        vec![(ours.to_owned(), Role::Received), text(amount), text(address)]
    };
    outputs.map(line).collect()
}
