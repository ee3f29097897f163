//! Owns the review: everything that a careful person compares before a payment is signed, and the
//! proof that they compared the address of somebody new.
//!
//! Refuses to go on by Enter while groups of a new address are not typed back.

use billfold_wallet_core::command::{
    BumpRequest, Change, Coin, Command, Draft, DraftId, FeeBasis, FeeChoice, PayRequest, Purpose,
    Reply,
};
use bitcoin::{Amount, FeeRate};

use crate::action::{Action, Edit, Move, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text, wrap};
use crate::effect::{Answer, Delivery, Outbox, Ticket};
use crate::format;
use crate::screen::by_signer::BySigner;
use crate::screen::group::{self, Group};
use crate::screen::handing::{Handed, Handing};
use crate::screen::sign::Sign;
use crate::screen::{Screen, Step};
use crate::theme::Role;
use crate::warning;

/// A draft that is looked at.
pub(crate) struct Review {
    draft: Box<Draft>,
    request: Request,
    groups: Vec<Group>,
    current: usize,
    first: usize,
    redrafting: Option<(Ticket, Request)>,
    /// Whether the other fee was refused, and the one before is drafted again.
    returning: bool,
    handed: Handed,
}

/// What the draft was made of, so that it can be made again with another fee.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// A payment.
    Pay(Box<PayRequest>),
    /// A replacement, a child or a cancellation.
    Bump(BumpRequest),
}

/// A draft that may be asked for; its review opens when it is there.
#[derive(Default)]
pub(crate) struct Drafting(Option<(Ticket, Request)>);

impl Drafting {
    /// Whether none is asked for.
    pub(crate) const fn is_free(&self) -> bool {
        self.0.is_none()
    }

    /// Asks for one, unless one is asked for already.
    pub(crate) fn ask(&mut self, request: Request, book: &Book, out: &mut Outbox) {
        if self.is_free() {
            let ticket = out.ask(&book.wallet, request.command());
            self.0 = Some((ticket, request));
        }
    }

    /// Opens the review, if this is the answer. Why there is none is told.
    pub(crate) fn reviewed(&mut self, delivery: &mut Delivery, out: &mut Outbox) -> Step {
        let Some((_, request)) = self.0.take_if(|(asked, _)| delivery.is_to(*asked)) else {
            return Step::Stay;
        };
        match delivery.take() {
            Some(Answer::Reply(Ok(Reply::Draft(draft)))) => {
                return Step::Open(Box::new(Review::new(draft, request)));
            }
            Some(Answer::Reply(Err(error))) => out.problem(error),
            _ => {}
        }
        Step::Stay
    }
}

impl Request {
    fn with_rate(mut self, rate: FeeRate) -> Self {
        match &mut self {
            Self::Pay(request) => request.fee = FeeChoice::Rate(rate),
            Self::Bump(request) => request.fee = FeeChoice::Rate(rate),
        }
        self
    }

    fn command(&self) -> Command {
        match self {
            Self::Pay(request) => Command::Draft(request.clone()),
            Self::Bump(request) => Command::Bump(request.clone()),
        }
    }
}

impl Review {
    /// The review of a draft.
    pub(crate) fn new(draft: Box<Draft>, request: Request) -> Self {
        let groups = group::of(&draft);
        Self {
            draft,
            request,
            groups,
            current: 0,
            first: 0,
            redrafting: None,
            returning: false,
            handed: Handed::default(),
        }
    }

    /// Whether every group that must be typed was typed right.
    fn is_compared(&self) -> bool {
        self.groups.iter().all(Group::is_right)
    }

    /// Drafts again with a tenth more or less fee.
    fn change_fee(&mut self, more: bool, book: &Book, out: &mut Outbox) {
        if self.redrafting.is_some() {
            return;
        }
        if self.handed.is_set() {
            return out.problem(HANDED);
        }
        let rate = self.draft.fee_rate.to_sat_per_kwu();
        let step = (rate / 10).max(LEAST_STEP);
        let rate = if more { rate.saturating_add(step) } else { rate.saturating_sub(step) };
        let request = self.request.clone().with_rate(FeeRate::from_sat_per_kwu(rate));
        // The coins of the old draft are free for the new one.
        drop_draft(self.draft.id, book, out);
        let ticket = out.ask(&book.wallet, request.command());
        self.redrafting = Some((ticket, request));
    }

    fn go_on(&mut self, book: &Book, out: &mut Outbox) -> Step {
        if self.redrafting.is_some() {
            return Step::Stay;
        }
        if let Some(at) = self.groups.iter().position(|group| !group.is_right()) {
            let group = &self.groups[at];
            self.current = at;
            if !group.typed.text().is_empty() {
                out.problem("that is not what the payment has there: compare the whole address");
            }
            return Step::Stay;
        }
        if let Some(by_signer) = BySigner::of(&self.draft, &self.handed, book, out) {
            return Step::Open(Box::new(by_signer));
        }
        let sign = Sign::new(self.draft.clone(), self.handed.clone(), book.locked);
        Step::Open(Box::new(sign))
    }

    fn scroll(&mut self, to: Move) {
        match to {
            Move::Down | Move::PageDown => self.first += 1,
            Move::Up | Move::PageUp => self.first = self.first.saturating_sub(1),
            Move::First => self.first = 0,
            Move::Last | Move::To(_) => {}
            Move::Next => self.current = (self.current + 1) % self.groups.len().max(1),
            Move::Previous => self.current = self.current.saturating_sub(1),
        }
    }
}

impl Screen for Review {
    fn title(&self) -> &'static str {
        "Review"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Balance, Page::Description, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::More, Verb::Less, Verb::Save]
    }

    fn is_typing(&self) -> bool {
        !self.groups.is_empty()
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            // No group of an address has these.
            Action::Edit(Edit::Type('+')) | Action::Verb(Verb::More) => {
                self.change_fee(true, book, out);
            }
            Action::Edit(Edit::Type('-')) | Action::Verb(Verb::Less) => {
                self.change_fee(false, book, out);
            }
            Action::Verb(Verb::Save) if self.redrafting.is_none() => {
                self.handed.set();
                return Step::Open(Box::new(Handing::draft(self.draft.id)));
            }
            Action::Edit(Edit::Paste(_)) => {
                out.problem(
                    "type the groups from where you got the address: a paste compares nothing",
                );
            }
            Action::Edit(edit) => {
                if let Some(group) = self.groups.get_mut(self.current) {
                    group.typed.edit(edit);
                    if group.is_right() && self.current + 1 < self.groups.len() {
                        self.current += 1;
                    }
                }
            }
            Action::Move(to) => self.scroll(*to),
            Action::Enter => return self.go_on(book, out),
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        let Some((_, request)) = self.redrafting.take_if(|(asked, _)| delivery.is_to(*asked))
        else {
            return Step::Stay;
        };
        match delivery.take() {
            Some(Answer::Reply(Ok(Reply::Draft(draft)))) => {
                // What was compared is compared: the recipients are the same.
                (self.draft, self.request, self.returning) = (draft, request, false);
            }
            Some(Answer::Reply(Err(error))) => {
                out.problem(error);
                if std::mem::replace(&mut self.returning, true) {
                    return Step::Back;
                }
                // With the fee that was good a moment ago.
                let request = self.request.clone();
                let ticket = out.ask(&book.wallet, request.command());
                self.redrafting = Some((ticket, request));
                return Step::Stay;
            }
            _ => return Step::Back,
        }
        Step::Stay
    }

    fn leave(&mut self, book: &Book, out: &mut Outbox) {
        if !self.handed.is_set() {
            drop_draft(self.draft.id, book, out);
        }
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let (width, height) = (canvas.width(), canvas.height());
        let below = u16::try_from(self.groups.len()).unwrap_or(u16::MAX).saturating_add(2);
        let room = usize::from(height.saturating_sub(below));
        let lines = lines(&self.draft, book, width.into());
        let first = self.first.min(lines.len().saturating_sub(room));
        let shown: Vec<_> = lines.iter().skip(first).take(room).cloned().collect();
        let mut row = canvas.lines(0, &shown);
        if lines.len() > first + room {
            canvas.right(row.saturating_sub(1), &[strong(" more below: Down ")]);
        }
        row = row.max(height.saturating_sub(below));
        for (at, group) in self.groups.iter().enumerate() {
            let name = format!("{} of {}", group.number, group.of);
            group.typed.draw(canvas, row, &name, at == self.current);
            if group.is_right() {
                canvas.right(row, &[("+ the same".to_owned(), Role::Received)]);
            }
            row += 1;
        }
        let told = match (self.redrafting.is_some(), self.is_compared()) {
            (true, _) => "Drafting again…",
            (_, false) => "Type these groups of the address from where you got it. Ctrl-W: PSBT.",
            (_, true) => "Enter goes on to sign. Ctrl-W: PSBT. Esc takes it back.",
        };
        canvas.hint(row, told, Role::Dim);
    }
}

fn drop_draft(id: DraftId, book: &Book, out: &mut Outbox) {
    out.ask(&book.wallet, Command::Drop(id));
}

fn lines(draft: &Draft, book: &Book, width: usize) -> Vec<Vec<Piece>> {
    let look = book.look.bare();
    let mut lines = purpose(draft);
    for (address, amount) in &draft.outputs {
        lines.push(vec![dim("Pay       "), strong(look.amount(*amount))]);
        let groups = (width.saturating_sub(INDENT) / 5).clamp(4, 8);
        for (at, line) in format::address_lines(address, groups).into_iter().enumerate() {
            lines.push(vec![dim(if at == 0 { "to        " } else { "          " }), strong(line)]);
        }
    }
    let outputs: Amount = draft.outputs.iter().map(|(_, amount)| *amount).sum();
    let change: Amount = draft.change.iter().map(|change| change.amount).sum();
    let paid = if draft.outputs.is_empty() { change } else { outputs };
    if draft.outputs.len() > 1 {
        lines.push(vec![dim("Sum       "), text(look.amount(paid))]);
    }
    if let Some(note) = &draft.note {
        lines.push(vec![dim("For       "), text(note.clone())]);
    }
    lines.push(vec![
        dim("Fee       "),
        text(look.amount(draft.fee)),
        text(format!("  {}", format::fee_rate(draft.fee_rate))),
        dim(format!("  {} of what is paid", format::percent(draft.fee, paid))),
    ]);
    lines.extend(basis(draft.fee_basis));
    lines.push(match &draft.change {
        None => vec![dim("Change    "), text("none")],
        Some(Change { amount, account, index, .. }) => vec![
            dim("Change    "),
            text(look.amount(*amount)),
            dim(format!("  back to {}, address {index}", account.as_str())),
        ],
    });
    let coins = format::count(draft.inputs.len() as u64, "coin");
    lines.push(vec![dim("Spends    "), text(coins), dim(left(draft, book))]);
    lines.extend(draft.inputs.iter().take(SHOWN_COINS).map(|coin| spent(coin, book)));
    if draft.inputs.len() > SHOWN_COINS {
        let more = draft.inputs.len() - SHOWN_COINS;
        lines.push(vec![dim(format!("          and {}", format::count(more as u64, "other")))]);
    }
    for told in draft.warnings.iter().map(warning::told) {
        for (at, line) in wrap(&told, width.saturating_sub(2)).into_iter().enumerate() {
            let sign = if at == 0 { "! " } else { "  " };
            lines.push(vec![(format!("{sign}{line}"), Role::Warning)]);
        }
    }
    lines
}

fn purpose(draft: &Draft) -> Vec<Vec<Piece>> {
    match &draft.purpose {
        Purpose::Payment => Vec::new(),
        Purpose::Replacement(of) => vec![vec![dim("Replaces  "), text(of.of.to_string())]],
        Purpose::Cancellation(of) => vec![vec![dim("Cancels   "), text(of.of.to_string())]],
        Purpose::Child(package) => vec![
            vec![dim("Helps     "), text(package.of.to_string())],
            vec![dim("Together  "), text(format::fee_rate(package.fee_rate))],
        ],
    }
}

fn basis(basis: FeeBasis) -> Option<Vec<Piece>> {
    let told = match basis {
        FeeBasis::Asked | FeeBasis::Fallback => return None,
        FeeBasis::Estimate { target, confidence } => format!(
            "          about {} ({} confidence)",
            format::count(target.into(), "block"),
            confidence.name()
        ),
        FeeBasis::LeastToReplace => "          the least that replaces it".to_owned(),
    };
    Some(vec![dim(told)])
}

/// What is there afterwards, confirmed or on its way back.
fn left(draft: &Draft, book: &Book) -> String {
    let Some(balance) = &book.balance else { return String::new() };
    let spent: Amount = draft.inputs.iter().map(|coin| coin.amount).sum();
    let back: Amount = draft.change.iter().map(|change| change.amount).sum();
    let there = balance.total.confirmed + balance.total.pending + back;
    let left = there.checked_sub(spent).unwrap_or(Amount::ZERO);
    format!("  total left {}", book.look.amount(left))
}

fn spent(coin: &Coin, book: &Book) -> Vec<Piece> {
    let amount = format!("          {}  ", book.look.bare().amount(coin.amount));
    let note = match &coin.note {
        Some(note) => text(format!("{note:?}")),
        None => dim(coin.outpoint.to_string()),
    };
    vec![text(amount), note]
}

const HANDED: &str =
    "others have this payment with this fee: drop its draft before you pay another";

/// Columns of the names before the values.
const INDENT: usize = 10;

/// Coins that are shown one by one.
const SHOWN_COINS: usize = 6;

/// The least by which a rate changes, in sat/kwu: 0.1 sat/vB.
const LEAST_STEP: u64 = 25;
