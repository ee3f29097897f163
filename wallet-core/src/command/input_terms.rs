//! Owns `InputTerms`: what a request says of one of the coins that it names, and coins of others
//! that are to be spent beside them.
//!
//! Refuses a coin of others whose amount is only said: the transaction that made it comes along, and
//! its id commits to the amount.

use bitcoin::{OutPoint, Sequence, Transaction, Weight};

/// What is said of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputTerms {
    /// Which coin it spends; one that the request names.
    pub outpoint: OutPoint,
    /// Its sequence number; `None`: what its script and the layout ask for.
    pub sequence: Option<Sequence>,
    /// Whose coin it spends.
    pub spends: Spends,
}

/// Whose coin an input spends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spends {
    /// The wallet's.
    Own {
        /// What the whole input weighs once it is signed; `None`: what its account says.
        weight: Option<Weight>,
    },
    /// Somebody else's, who signs for it. Whether it is still there, nobody knows here.
    Foreign {
        /// The transaction that made it.
        parent: Box<Transaction>,
        /// What the whole input weighs once it is signed.
        weight: Weight,
        /// Whether it will have a witness (BIP141).
        has_witness: bool,
    },
}
