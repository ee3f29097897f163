//! Owns what exactly is wrong where a command fails for one of several reasons: with a bump, with
//! giving up, with recipients, with a signature.
//!
//! Refuses names and codes: the error that holds it has them.

use bitcoin::Txid;

/// Why a transaction can't be sped up or taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BumpProblem {
    /// A block holds it.
    #[error("it is confirmed, and needs no help")]
    Confirmed,
    /// Another transaction has its place.
    #[error("{by} has replaced it: name that one")]
    Replaced {
        /// Which.
        by: Txid,
    },
    /// Nobody speaks of it any more.
    #[error("peers have dropped it: pay again")]
    Evicted,
    /// It spends coins of others, so it can't be replaced from here.
    #[error("it spends coins of others: only a child can speed it up")]
    NotOurs,
    /// Payments stand on it that would fall with it.
    #[error(
        "{} other payments of this wallet stand on it and would fall with it: let a child speed \
         all of them up, or replace it on purpose",
        .0.len()
    )]
    HasDescendants(Vec<Txid>),
    /// It has no output that could pay for a child.
    #[error("none of its outputs can be spent here, so no child can speed it up")]
    NothingToSpend,
    /// The next block can't hold it, or what it stands on, and no child before it.
    #[error(
        "no block may hold it yet, and a child would wait with it: wait, or replace it if it is yours"
    )]
    Early,
    /// More would fall with it than nodes drop at once (BIP125, rule 5).
    #[error("{0} transactions would fall with it, and nodes drop at most 100: wait for a block")]
    TooManyDescendants(usize),
    /// It stands on more than nodes keep in a line.
    #[error("a child would be behind {0} others, and nodes keep 25 in a line: wait for a block")]
    LineTooLong(usize),
    /// It pays as much as was asked for already.
    #[error("it pays as much already: ask for more")]
    FastEnough,
}

/// Why a transaction can't be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AbandonProblem {
    /// A block of the best chain holds it.
    #[error("it is confirmed")]
    Confirmed,
    /// It does not count: something else spent its coins, or it was given up before.
    #[error("it does not count any more")]
    NotWaiting,
    /// Nothing of it was signed for by this wallet.
    #[error("it is a payment of others, and is given up by itself when nobody speaks of it")]
    NotOurs,
    /// A peer was given or announced it, a version of it or what stands on it, not long ago.
    #[error("a peer had {by} within two weeks, so a block may still hold it: use cancel")]
    Relayed {
        /// What the peer had.
        by: Txid,
    },
}

/// What is wrong with a list of recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecipientsProblem {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// An address is there twice.
    #[error("an address is in it twice")]
    Twice,
    /// `max` with more than one recipient, or a share of the rest beside an amount less the fee.
    #[error("max works for a single recipient only")]
    MaxBesideOthers,
    /// The sum is more than there can be.
    #[error("the sum is more than 21 million bitcoin")]
    Overflow,
}

/// Why signing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningProblem {
    /// An input has no signature afterwards.
    #[error("an input was left unsigned")]
    Incomplete,
    /// What came back is not the transaction that was drafted.
    #[error("what came back is not what was drafted")]
    Altered,
    /// The finished inputs do not satisfy their scripts.
    #[error("a signature does not hold")]
    Invalid,
    /// An input does not show the output that it spends, or shows a wrong one: its amount could
    /// be a lie that costs a fee.
    #[error("input {input} does not prove what it spends: add the whole transaction before it")]
    SpentOutput {
        /// Which input, counted from 0.
        input: usize,
    },
    /// It pays more than it spends, or more than there can be.
    #[error("it pays more than it spends: nobody can send it")]
    Amounts,
    /// It spends a coin twice, or pays nothing.
    #[error("it spends a coin twice, or pays nothing: nobody can send it")]
    Impossible,
    /// An input asks for a signature that does not cover the whole transaction.
    #[error("input {input} asks for a sighash type other than all: it is not signed here")]
    SighashType {
        /// Which input, counted from 0.
        input: usize,
    },
    /// An input names a key of this signer that does not make the script it spends.
    #[error("input {input} names a key that does not make its script: it is not signed")]
    ForeignKey {
        /// Which input, counted from 0.
        input: usize,
    },
}
