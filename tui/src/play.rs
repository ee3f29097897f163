//! Owns what a demonstration lends to the screens beside wallets: a signer that lies on the desk, a
//! miner, and a neighbour who pays and is paid.
//!
//! Refuses to be there in earnest: without a demonstration none of its verbs is offered.

use billfold_wallet_core::face::BoxFuture;
use bitcoin::Address;

/// What lies on the desk.
pub trait Playground: Send + Sync {
    /// What the signer's display shows, once that is another than was told before; never, when it is
    /// gone. Dropping the future loses nothing.
    fn display(&self) -> BoxFuture<'_, Display>;

    /// Presses a button of the signer, after those that were pressed before.
    fn press(&self, button: Button);

    /// Has something done.
    ///
    /// # Errors
    /// Why it was not done, in words.
    fn wish(&self, wish: Wish) -> BoxFuture<'_, Result<Granted, String>>;
}

/// What the signer's display shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Display {
    /// The first row.
    pub title: String,
    /// The rows below it.
    pub rows: Vec<String>,
    /// Which of them is picked out, counted from 0.
    pub selected: Option<usize>,
    /// The last row: what can be done.
    pub footer: String,
    /// Whether a program waits for the person at the signer.
    pub awaited: bool,
}

/// A button of the signer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The row or page before.
    Up,
    /// The row or page after.
    Down,
    /// Takes the word that is offered.
    Take,
    /// Takes the last letter back.
    Erase,
    /// Agrees.
    Confirm,
    /// Refuses, or goes back.
    Back,
    /// A letter. It may be one of a PIN.
    Letter(char),
}

/// What may be wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A block, now.
    Mine,
    /// A payment of the neighbour to this address.
    Earn(Address),
    /// A request of the neighbour for a payment.
    Invoice,
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// It was done, in words.
    Done(String),
    /// A URI to pay at.
    Invoice(String),
}

/// Columns of the signer's rows.
pub const COLUMNS: u16 = 24;

/// Rows between its title and its footer.
pub const ROWS: u16 = 9;
