//! Owns Receive: an address as text and as a code, and whether it was paid.
//!
//! Refuses to show an address before it is stored: it is asked for, never made here.

use billfold_wallet_core::command::{AddressRow, AddressStatus, Command, IssuedAddress, Reply};

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text};
use crate::effect::{Delivery, Effect, Outbox, Question};
use crate::format;
use crate::qr;
use crate::screen::at_signer::AtSigner;
use crate::screen::code::{self, Code};
use crate::screen::request::Request;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// An address to be paid at.
pub(crate) struct Receive {
    issued: Option<IssuedAddress>,
    writing: Option<Request>,
    asked: Question,
}

impl Receive {
    /// The next unused address.
    pub(crate) fn new() -> Self {
        Self { issued: None, writing: None, asked: Question::default() }
    }

    fn ask(&mut self, command: Command, book: &Book, out: &mut Outbox) {
        if self.asked.is_free() {
            self.asked.put(out.ask(&book.wallet, command));
        }
    }

    /// Writes the request; Enter asks for its address.
    fn write(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let Some(request) = &mut self.writing else { return Step::Pass };
        match action {
            Action::Enter => match request.command() {
                Ok(command) => self.ask(command, book, out),
                Err(error) => out.problem(error),
            },
            Action::Back => self.writing = None,
            Action::Verb(_) => return Step::Pass,
            action => request.act(action),
        }
        Step::Stay
    }
}

const fn next(fresh: bool) -> Command {
    Command::Receive { amount: None, note: None, expires: None, fresh }
}

impl Screen for Receive {
    fn title(&self) -> &'static str {
        "Receive"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Addresses, Page::Description, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Copy, Verb::Amount, Verb::Label, Verb::Code, Verb::New, Verb::Verify]
    }

    fn opened(&mut self, book: &Book, out: &mut Outbox) {
        if self.issued.is_none() {
            self.ask(next(false), book, out);
        }
    }

    fn is_typing(&self) -> bool {
        self.writing.is_some()
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        if self.writing.is_some() {
            return self.write(action, book, out);
        }
        match (action, &self.issued) {
            (Action::Back, _) => return Step::Back,
            (Action::Verb(Verb::New), _) => self.ask(next(true), book, out),
            (Action::Verb(Verb::Amount), _) => self.writing = Some(Request::new(false)),
            (Action::Verb(Verb::Label), _) => self.writing = Some(Request::new(true)),
            (Action::Verb(Verb::Copy), Some(issued)) => {
                out.put(Effect::Copy(issued.address.to_string()));
            }
            (Action::Verb(Verb::Verify), Some(issued)) => {
                let place = (&issued.account, issued.keychain.branch, issued.index);
                return AtSigner::address(&issued.address, place, book, out);
            }
            (Action::Verb(Verb::Code), Some(issued)) => {
                return Step::Open(Box::new(Code::new(scanned(issued))));
            }
            _ => return Step::Pass,
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if let Some(Reply::Address(issued)) = self.asked.replied(delivery, out) {
            self.issued = Some(issued);
            self.writing = None;
        }
        Step::Stay
    }

    fn reads_on(&self, book: &Book) -> Option<Page> {
        let issued = self.issued.as_ref()?;
        row(issued, book).is_none().then_some(Page::Addresses)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        if let Some(request) = &self.writing {
            request.draw(canvas);
            return;
        }
        let Some(issued) = &self.issued else {
            canvas.line(0, &[dim("Asking for an address…")]);
            return;
        };
        let text = scanned(issued);
        let width = qr::lines(&text, true)
            .and_then(|lines| lines.first().map(|line| line.chars().count()))
            .and_then(|width| u16::try_from(width).ok())
            .unwrap_or_default();
        let (whole, height) = (canvas.width(), canvas.height());
        let beside = whole.saturating_sub(width + 2) >= TEXT_COLUMNS;
        let drawn = beside && code::draw(&text, &mut canvas.part(0, 0, width, height));
        let left = if drawn { width + 2 } else { 0 };
        let mut part = canvas.part(left, 0, whole, height);
        let is_told = drawn || part.in_lines();
        part.lines(0, &lines(issued, book, is_told));
    }
}

/// What a camera reads: a URI in capitals, which makes a smaller code, where that says the same.
fn scanned(issued: &IssuedAddress) -> String {
    if issued.uri.contains('?') { issued.uri.clone() } else { issued.uri.to_uppercase() }
}

/// What became of the address.
fn row<'a>(issued: &IssuedAddress, book: &'a Book) -> Option<&'a AddressRow> {
    let mut rows = book.addresses.as_deref().unwrap_or_default().iter();
    rows.find(|row| row.address == issued.address)
}

fn lines(issued: &IssuedAddress, book: &Book, drawn: bool) -> Vec<Vec<Piece>> {
    let mut lines: Vec<Vec<Piece>> = vec![vec![dim("Address")]];
    let groups = format::address_lines(&issued.address, GROUPS);
    lines.extend(groups.into_iter().map(|line| vec![strong(line)]));
    lines.push(vec![]);
    lines.push(vec![dim("Account   "), text(issued.account.as_str())]);
    if let Some(row) = row(issued, book) {
        if let Some(amount) = row.amount {
            lines.push(vec![dim("Asks      "), text(book.look.amount(amount))]);
        }
        if let Some(note) = &row.note {
            lines.push(vec![dim("For       "), text(note.clone())]);
        }
        let (word, role) = match row.status {
            AddressStatus::Pending => ("~ seen, not confirmed yet", Role::Pending),
            AddressStatus::Paid => ("+ paid", Role::Received),
            AddressStatus::Used => ("+ it came: see Activity", Role::Received),
            AddressStatus::Late => ("! paid late", Role::Received),
            AddressStatus::Expired => ("x expired", Role::Dim),
            AddressStatus::Cancelled => ("x cancelled", Role::Dim),
            AddressStatus::Open | AddressStatus::Unused => ("o waiting for a payment", Role::Dim),
        };
        lines.push(vec![dim("State     "), (word.to_owned(), role)]);
    }
    if issued.unused_before > 0 {
        let before = format::grouped(issued.unused_before.into());
        lines.push(vec![dim(format!("Given out and unused before it: {before}"))]);
    }
    if !drawn {
        lines.push(vec![dim("Q shows the code over the whole screen.")]);
    }
    lines
}

/// Columns that the text beside the code needs.
const TEXT_COLUMNS: u16 = 30;

/// Groups of an address to a line.
const GROUPS: usize = 4;
