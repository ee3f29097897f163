//! Owns what each method answers: one shape a method, after the result declarations of Bitcoin
//! Core 31.0.
//!
//! Refuses methods: which there are is in their own table. A build for tests compares every reply
//! with its shape.

mod script;
mod transaction;
mod blockchain;
mod control;
mod network;
mod raw_transaction;
mod psbt;
mod address;
mod description;
mod coin;
mod history;
mod sending;
mod wallet;
mod billfold;

use crate::shape::{Results, Shape};

/// What the method of a name answers.
#[must_use]
pub fn of(method: &str) -> Option<&'static Results> {
    TABLES.iter().copied().flatten().find(|(name, _)| *name == method).map(|(_, results)| results)
}

/// The methods of which it is told what they answer.
pub fn methods() -> impl Iterator<Item = &'static str> {
    TABLES.iter().copied().flatten().map(|(name, _)| *name)
}

/// Methods, each with what it answers.
type Table = &'static [(&'static str, Results)];

const TABLES: &[Table] = &[
    address::RESULTS,
    billfold::RESULTS,
    billfold::insight::RESULTS,
    billfold::invoice::RESULTS,
    billfold::signer::RESULTS,
    blockchain::RESULTS,
    coin::RESULTS,
    control::RESULTS,
    description::RESULTS,
    history::RESULTS,
    network::RESULTS,
    psbt::RESULTS,
    raw_transaction::RESULTS,
    sending::RESULTS,
    wallet::RESULTS,
];

const NOTHING: Results = Results::One(Shape::NULL);

const LAST_BLOCK: Shape = Shape::object(
    "lastprocessedblock",
    &[
        Shape::hex("hash", "The hash of the block up to which the answer holds"),
        Shape::integer("height", "Its height"),
    ],
    "The block up to which the answer holds",
);

const WARNINGS: Shape =
    Shape::array("warnings", &Shape::text("", ""), "What should be known of it").optional();
