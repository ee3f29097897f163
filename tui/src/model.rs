//! Owns `Model`, everything that the screens are at one moment: it takes messages, asks for effects,
//! and is drawn from its values.
//!
//! Refuses I/O, clocks and waiting: the runtime above does those.

use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::Network;

use crate::action::{Action, Tab, Verb};
use crate::book::{self, Book, MONEY, Page};
use crate::desk::Desk;
use crate::effect::{Answer, Delivery, Effect, Notice, Outbox, Ticket};
use crate::keymap::{Keymap, pasted};
pub use crate::message::Message;
pub use crate::model::view::View;
use crate::screen::closed::Closed;
use crate::screen::first::First;
use crate::screen::send::Send;
use crate::screen::{Screen, Step, tabs};
use crate::theme::Theme;
use crate::vigil::Vigil;

mod drawing;
mod opening;
mod view;

/// The screens at one moment.
pub struct Model {
    book: Book,
    keymap: Keymap,
    theme: Theme,
    tab: Tab,
    tabs: Vec<Box<dyn Screen>>,
    /// What is there before a wallet is open.
    outside: Option<Box<dyn Screen>>,
    stack: Vec<Box<dyn Screen>>,
    /// In a demonstration.
    desk: Option<Desk>,
    /// The open wallet that Esc leads back to, while another is made or opened.
    before: Option<WalletName>,
    vigil: Vigil,
    notice: Option<Notice>,
    out: Outbox,
}

impl Model {
    /// The screens of a wallet that is not open yet.
    #[must_use]
    pub fn new(wallet: WalletName, network: Network, keymap: Keymap, theme: Theme) -> Self {
        Self {
            book: Book::new(wallet, network),
            keymap,
            theme,
            tab: Tab::Home,
            tabs: tabs(),
            outside: Some(Box::new(Closed::new())),
            stack: Vec::new(),
            desk: None,
            before: None,
            vigil: Vigil::default(),
            notice: None,
            out: Outbox::default(),
        }
    }

    /// The screens where there is no wallet yet.
    #[must_use]
    pub fn first(wallet: WalletName, network: Network, keymap: Keymap, theme: Theme) -> Self {
        let outside: Option<Box<dyn Screen>> = Some(Box::new(First::new(true)));
        Self { outside, ..Self::new(wallet, network, keymap, theme) }
    }

    /// The screens of a demonstration, with play money and a signer on the desk.
    #[must_use]
    pub fn playing(wallet: WalletName, network: Network, keymap: Keymap, theme: Theme) -> Self {
        let outside: Option<Box<dyn Screen>> = Some(Box::new(First::new(false)));
        let desk = Some(Desk::default());
        Self { outside, desk, ..Self::new(wallet, network, keymap, theme) }
    }

    /// Takes a message; what is to be done about it.
    pub fn handle(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Press(key) => {
                let at_signer = self.desk.as_ref().is_some_and(Desk::is_used);
                let typing = at_signer || self.top().is_typing();
                if let Some(action) = self.keymap.action(key, typing) {
                    self.act(&action);
                }
            }
            Message::Paste(text) => self.act(&pasted(&text)),
            Message::Do(action) => self.act(&action),
            Message::Heard(news) => self.hear(&news),
            Message::Answered(ticket, answer) => self.answered(ticket, answer),
            Message::Copied(told) => self.notice = Some(Notice::Done(told)),
            Message::Shown(display) => {
                if let Some(desk) = &mut self.desk {
                    desk.show(display);
                }
            }
        }
        self.notice = self.out.take_notice().or(self.notice.take());
        if self.outside.is_none() {
            if let Some(page) = self.top().reads_on(&self.book) {
                self.book.read_on(page);
            }
            let pages = self.top().pages();
            self.book.refresh(pages, &mut self.out);
            // What stands around every screen is drawn from these.
            self.book.refresh(&[Page::Description, Page::Status], &mut self.out);
        }
        self.out.take()
    }

    /// Whether the wallet is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.outside.is_none()
    }

    fn top(&self) -> &dyn Screen {
        match (self.stack.last(), &self.outside) {
            (Some(top), _) => top.as_ref(),
            (None, Some(outside)) => outside.as_ref(),
            (None, None) => self.tabs[self.tab as usize].as_ref(),
        }
    }

    fn act(&mut self, action: &Action) {
        let open = self.is_open();
        self.vigil.seen(&self.book, &mut self.out);
        if *action == Action::Verb(Verb::Suspend) {
            if open {
                self.close();
            }
            return self.out.put(Effect::Suspend);
        }
        if let Some(desk) = &mut self.desk
            && desk.act(action, open, &self.book, &mut self.out)
        {
            return;
        }
        self.notice = None;
        self.book.retry();
        let step = self.with_top(|top, book, out| top.act(action, book, out));
        match (step, action) {
            (Step::Pass, Action::Verb(verb)) => self.verb(*verb),
            (Step::Pass, _) => {}
            (step, _) => self.go(step),
        }
    }

    fn with_top<T>(&mut self, work: impl FnOnce(&mut dyn Screen, &Book, &mut Outbox) -> T) -> T {
        let top: &mut dyn Screen = match (self.stack.last_mut(), &mut self.outside) {
            (Some(top), _) => top.as_mut(),
            (None, Some(outside)) => outside.as_mut(),
            (None, None) => self.tabs[self.tab as usize].as_mut(),
        };
        work(top, &self.book, &mut self.out)
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Stay | Step::Pass => {}
            Step::Back => {
                if let Some(mut left) = self.stack.pop() {
                    left.leave(&self.book, &mut self.out);
                } else if let Some(before) = self.before.take() {
                    self.turn_to(before, None);
                }
            }
            Step::Home => self.stack.clear(),
            Step::Open(screen) => self.open(screen),
            Step::Do(verb) => {
                self.stack.pop();
                self.act(&Action::Verb(verb));
            }
            Step::Enter => self.enter(),
            Step::EnterNamed { wallet, is_new } => {
                self.book = Book::new(wallet, self.book.network);
                self.book.is_new = is_new;
                self.enter();
            }
            Step::Switch { wallet, .. } if wallet == self.book.wallet => self.leave_all(),
            Step::Switch { wallet, is_open } => {
                let closed = || Box::new(Closed::new()) as Box<dyn Screen>;
                self.turn_to(wallet, (!is_open).then(closed));
            }
            Step::Another(wallet) => self.turn_to(wallet, Some(Box::new(First::new(false)))),
            Step::Unlocked => {
                self.stack.pop();
                self.book.locked = false;
                self.vigil.seen(&self.book, &mut self.out);
            }
        }
    }

    /// Turns to another wallet, whose screens come after these.
    fn turn_to(&mut self, wallet: WalletName, outside: Option<Box<dyn Screen>>) {
        self.leave_all();
        let (look, network) = (self.book.look, self.book.network);
        let mut book = Book::new(wallet, network);
        book.look = look;
        self.vigil = Vigil::default();
        let left = std::mem::replace(&mut self.book, book);
        (self.tab, self.tabs) = (Tab::Home, tabs());
        self.before = outside.is_some().then_some(left.wallet);
        self.outside = outside;
    }

    fn enter(&mut self) {
        (self.outside, self.before) = (None, None);
        self.stack.clear();
    }

    fn open(&mut self, mut screen: Box<dyn Screen>) {
        if self.stack.len() < DEEPEST {
            screen.opened(&self.book, &mut self.out);
            self.stack.push(screen);
        }
    }

    /// A verb that means the same everywhere.
    fn verb(&mut self, verb: Verb) {
        if self.outside.is_some() && !matches!(verb, Verb::Quit | Verb::Redraw) {
            return;
        }
        if let Some(screen) = self.opened_by(verb) {
            return self.open(screen);
        }
        match verb {
            Verb::Go(tab) => {
                self.leave_all();
                self.tab = tab;
            }
            Verb::Hide => self.book.look.hidden = !self.book.look.hidden,
            Verb::Unit => self.book.look.sats = !self.book.look.sats,
            Verb::Lock => self.vigil.lock(&self.book, &mut self.out),
            Verb::Close => self.close(),
            Verb::Redraw => self.out.put(Effect::Redraw),
            Verb::Quit => {
                self.leave_all();
                self.out.put(Effect::Quit);
            }
            _ => self.out.problem(format!("{} means nothing here", verb.name())),
        }
    }

    /// Nothing of the wallet is in memory here after this.
    fn close(&mut self) {
        self.leave_all();
        let wallet = self.book.wallet.clone();
        self.out.unload(&wallet);
        self.book = Book::new(wallet, self.book.network);
        self.vigil = Vigil::default();
        (self.tab, self.tabs) = (Tab::Home, tabs());
        self.outside = Some(Box::new(Closed::new()));
    }

    fn leave_all(&mut self) {
        while let Some(mut left) = self.stack.pop() {
            left.leave(&self.book, &mut self.out);
        }
    }

    fn hear(&mut self, news: &News) {
        let ours = news.wallet.as_ref().is_none_or(|wallet| *wallet == self.book.wallet);
        if !ours {
            return;
        }
        // Of the first payment there is no row yet.
        let first = self.book.history.as_ref().is_some_and(Vec::is_empty);
        self.book.hear(&news.event);
        match &news.event {
            Event::Transaction(change)
                if first && !change.net.is_negative() && self.book.is_not_backed_up() =>
            {
                self.out.problem(UNCHECKED);
            }
            Event::Synced { searched: true, .. } if self.is_open() && !self.book.is_new => {
                self.out.done(SEARCHED);
            }
            Event::Note(note) => self.out.problem(note),
            Event::Stopped { error } => self.out.problem(error),
            _ => {}
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Answer) {
        let changes = matches!(&answer, Answer::Reply(Ok(reply)) if book::changes(reply));
        let mut delivery = Delivery::new(ticket, answer);
        if self.book.answered(&mut delivery)
            || self.vigil.answered(&mut delivery, &mut self.book, &mut self.out)
        {
            return;
        }
        if let Some(desk) = &mut self.desk
            && let Some(uri) = desk.answered(&mut delivery, &mut self.out)
        {
            self.leave_all();
            return self.open(Box::new(Send::to(&uri, &self.book)));
        }
        if changes {
            self.book.outdate(MONEY);
        }
        // The top is not always who asked: what was opened above it may be there by now.
        for at in (0..self.stack.len()).rev() {
            let step = self.stack[at].answered(&mut delivery, &self.book, &mut self.out);
            if delivery.is_taken() {
                return self.went(at + 1, step);
            }
        }
        if let Some(outside) = &mut self.outside {
            let step = outside.answered(&mut delivery, &self.book, &mut self.out);
            return self.went(0, step);
        }
        for at in 0..self.tabs.len() {
            let tab = self.tabs[at].as_mut();
            let step = tab.answered(&mut delivery, &self.book, &mut self.out);
            if delivery.is_taken() {
                return self.went(0, step);
            }
        }
    }

    /// Goes where a screen wants to, if nothing was opened above it meanwhile.
    fn went(&mut self, depth: usize, step: Step) {
        if depth == self.stack.len() {
            self.go(step);
        }
    }
}

/// Screens above each other at the most.
const DEEPEST: usize = 6;

const UNCHECKED: &str = "You were paid, and nobody checked the words yet: if this machine is lost, so is the money. End billfold and \
                         check them with billfold words check.";

const SEARCHED: &str =
    "The search for old payments has ended; J tells what was looked for, and what was found.";

#[cfg(test)]
mod tests;
