//! Owns making one coin of many: at which fee rate, and what it tells others; it ends in a review.
//!
//! Refuses to be done by a key alone: who sees the payment learns that all the coins are one person's.

use billfold_wallet_core::command::{Coin, Command, PayAmount, PayRequest, Recipient, Reply};
use bitcoin::{Address, Amount, OutPoint};

use crate::action::Action;
use crate::book::{Book, Page};
use crate::canvas::{Canvas, dim, strong};
use crate::effect::{Delivery, Outbox, Question};
use crate::field::Field;
use crate::screen::review::{Drafting, Request};
use crate::screen::send::fee_of;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A consolidation that is being decided.
pub(crate) struct Consolidation {
    /// None: all that can be spent.
    coins: Vec<OutPoint>,
    fee: Field,
    asked: Question,
    /// Where they go. One is issued, however often it is drafted.
    address: Option<Address>,
    drafting: Drafting,
}

impl Consolidation {
    /// Of these coins, or of all if none is named.
    pub(crate) fn of(coins: Vec<OutPoint>) -> Self {
        let (fee, asked, drafting) = (Field::new(), Question::none(), Drafting::default());
        Self { coins, fee, asked, address: None, drafting }
    }

    /// Whether all coins that it spends are known.
    fn is_known(&self, book: &Book) -> bool {
        !self.coins.is_empty() || book.is_whole(Page::Coins)
    }

    fn spent<'a>(&'a self, book: &'a Book) -> impl Iterator<Item = &'a Coin> {
        let coins = book.coins.as_deref().unwrap_or_default().iter();
        coins.filter(|coin| match self.coins.as_slice() {
            [] => !(coin.frozen || coin.reserved || coin.immature),
            marked => marked.contains(&coin.outpoint),
        })
    }

    fn go_on(&mut self, book: &Book, out: &mut Outbox) {
        if !self.is_known(book) {
            return out.problem(READING);
        }
        if self.spent(book).count() < 2 {
            return out.problem(NO_TWO);
        }
        if self.address.is_some() {
            return self.draft(book, out);
        }
        let command = Command::Receive {
            amount: None,
            note: Some("consolidated".to_owned()),
            expires: None,
            fresh: true,
        };
        self.asked.put(out.ask(&book.wallet, command));
    }

    fn draft(&mut self, book: &Book, out: &mut Outbox) {
        let (Some(address), Some(fee)) = (self.address.clone(), fee_of(&self.fee, out)) else {
            return;
        };
        let request = PayRequest {
            recipients: vec![Recipient { address, amount: PayAmount::Max, note: None }],
            fee,
            coins: self.coins.clone(),
            note: Some("consolidation".to_owned()),
            ..PayRequest::default()
        };
        self.drafting.ask(Request::Pay(Box::new(request)), book, out);
    }
}

impl Screen for Consolidation {
    fn title(&self) -> &'static str {
        "Consolidate"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Coins, Page::Status]
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => self.fee.edit(edit),
            Action::Enter if self.asked.is_free() && self.drafting.is_free() => {
                self.go_on(book, out);
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Enter | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        if let Some(Reply::Address(issued)) = self.asked.replied(delivery, out) {
            self.address = Some(issued.address);
            self.draft(book, out);
            return Step::Stay;
        }
        self.drafting.reviewed(delivery, out)
    }

    fn reads_on(&self, book: &Book) -> Option<Page> {
        (!self.is_known(book)).then_some(Page::Coins)
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let (count, sum) = self
            .spent(book)
            .fold((0, Amount::ZERO), |(count, sum), coin| (count + 1, sum + coin.amount));
        let told = match count {
            _ if !self.is_known(book) => READING.to_owned(),
            0 | 1 => NO_TWO.to_owned(),
            count => format!("{count} coins of {} in all become one", book.look.amount(sum)),
        };
        canvas.line(0, &[strong(told)]);
        self.fee.draw(canvas, 2, "Fee rate", true);
        let is_free = self.asked.is_free() && self.drafting.is_free();
        let below = canvas.hint(4, if is_free { ABOUT } else { "Drafting…" }, dim("").1);
        canvas.hint(below + 1, LINKS, Role::Warning);
    }
}

const READING: &str = "the coins are still being read";

const NO_TWO: &str = "there are no two coins to make one of";

const ABOUT: &str = "The fewer coins, the cheaper later payments; it pays while fees are low. Fee rate in sat/vB; empty: an \
                     estimate. Marked coins go alone; frozen ones stay. Enter: review.";

const LINKS: &str = "! Who sees it on the chain learns that all these coins are one person's.";
