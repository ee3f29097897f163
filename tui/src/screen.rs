//! Owns `Screen`, what one place of the program is to the others: it takes actions and answers, says
//! where to go, and is drawn from the book.
//!
//! Refuses to know the screens beside it, but for those that it opens.

use billfold_wallet_core::wallet_name::WalletName;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::Canvas;
use crate::effect::{Delivery, Outbox};
use crate::screen::activity::Activity;
use crate::screen::addresses::Addresses;
use crate::screen::coins::Coins;
use crate::screen::home::Home;
use crate::screen::keys::Keys;
use crate::screen::network::Network;

mod standing;
pub(crate) mod closed;
mod secret;
pub(crate) mod creation;
pub(crate) mod restore;
pub(crate) mod watching;
pub(crate) mod at_signer;
pub(crate) mod connect;
pub(crate) mod watch;
pub(crate) mod trial;
pub(crate) mod first;
pub(crate) mod unlock;
pub(crate) mod code;
pub(crate) mod handing;
pub(crate) mod returned;
pub(crate) mod drafts;
pub(crate) mod sign;
pub(crate) mod by_signer;
mod group;
pub(crate) mod review;
pub(crate) mod label;
mod request;
pub(crate) mod receive;
pub(crate) mod send;
pub(crate) mod batch;
pub(crate) mod consolidation;
pub(crate) mod message;
pub(crate) mod export;
pub(crate) mod transaction;
mod row;
pub(crate) mod jobs;
pub(crate) mod log;
pub(crate) mod doctor;
pub(crate) mod settings;
pub(crate) mod home;
pub(crate) mod activity;
pub(crate) mod coins;
pub(crate) mod addresses;
pub(crate) mod keys;
pub(crate) mod network;
pub(crate) mod wallets;
pub(crate) mod find;
pub(crate) mod palette;

/// One place of the program.
pub(crate) trait Screen: Send {
    /// What it is called, as the title over it.
    fn title(&self) -> &str;

    /// The pages of the book that it shows.
    fn pages(&self) -> &'static [Page] {
        &[]
    }

    /// The verbs that mean something here, the most useful first.
    fn verbs(&self) -> &'static [Verb] {
        &[]
    }

    /// Whether letters are text here.
    fn is_typing(&self) -> bool {
        false
    }

    /// What the wallet is called that it makes, if not as the book's.
    fn makes(&self) -> Option<&str> {
        None
    }

    /// Whether it takes the whole terminal, for a code that a camera reads.
    fn fills(&self) -> bool {
        false
    }

    /// Whether what is written finds rows, of which one is chosen.
    fn finds_rows(&self) -> bool {
        false
    }

    /// Asks for what it needs, once it is there.
    fn opened(&mut self, _book: &Book, _out: &mut Outbox) {}

    /// Carries out an action, or says that it means nothing here.
    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step;

    /// Takes an answer to what it asked.
    fn answered(&mut self, _delivery: &mut Delivery, _book: &Book, _out: &mut Outbox) -> Step {
        Step::Stay
    }

    /// The page of which rows are wanted beyond those that are known.
    fn reads_on(&self, _book: &Book) -> Option<Page> {
        None
    }

    /// What is to be given back when it is left.
    fn leave(&mut self, _book: &Book, _out: &mut Outbox) {}

    /// The path of its type, so that tests can tell which screens have pictures.
    #[cfg(test)]
    fn kind(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Draws it.
    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>);
}

/// Where to go after an action.
pub(crate) enum Step {
    /// Nowhere.
    Stay,
    /// The action means nothing here.
    Pass,
    /// Back to what was before.
    Back,
    /// Back to the numbered screen, whatever was opened above it.
    Home,
    /// To a screen above this one.
    Open(Box<dyn Screen>),
    /// As if the person had done this where they came from.
    Do(Verb),
    /// The wallet is open: to its screens.
    Enter,
    /// The same, for another than the one that was named.
    EnterNamed {
        /// Which.
        wallet: WalletName,
        /// Whether its keys were made just now.
        is_new: bool,
    },
    /// To another wallet, which may be open already.
    Switch {
        /// Which.
        wallet: WalletName,
        /// Whether it is open.
        is_open: bool,
    },
    /// To the first question, for another wallet of this name.
    Another(WalletName),
    /// The key layer is open.
    Unlocked,
}

/// The numbered screens, as they are at first.
pub(crate) fn tabs() -> Vec<Box<dyn Screen>> {
    vec![
        Box::new(Home::default()),
        Box::new(Activity::default()),
        Box::new(Coins::default()),
        Box::new(Addresses::default()),
        Box::new(Keys::default()),
        Box::new(Network::default()),
    ]
}
