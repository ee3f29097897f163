//! Owns the shape of a transaction.

use super::script::{INPUT_SCRIPT, OUTPUT_SCRIPT};
use crate::shape::Shape;

/// A transaction.
pub(super) const TRANSACTION: &[Shape] = &[
    Shape::hex("txid", "Its id"),
    Shape::hex("hash", "Its hash with witnesses"),
    Shape::integer("size", "Its bytes"),
    Shape::integer("vsize", "Its virtual size"),
    Shape::integer("weight", "Its weight"),
    Shape::integer("version", "Its version"),
    Shape::integer("locktime", "Its lock time, a height or a time"),
    Shape::array("vin", &Shape::object("", INPUT, ""), "Its inputs"),
    Shape::array("vout", &Shape::object("", OUTPUT, ""), "Its outputs"),
];

const INPUT: &[Shape] = &[
    Shape::hex("coinbase", "The bytes of a coinbase, instead of the next three").optional(),
    Shape::hex("txid", "The transaction that is spent from").optional(),
    Shape::integer("vout", "The output that is spent").optional(),
    Shape::object("scriptSig", INPUT_SCRIPT, "The script of the input").optional(),
    Shape::array("txinwitness", &Shape::hex("", ""), "The witness, if there is one").optional(),
    Shape::integer("sequence", "The sequence number"),
];

const OUTPUT: &[Shape] = &[
    Shape::amount("value", "The amount in BTC"),
    Shape::integer("n", "Its number"),
    Shape::object("scriptPubKey", OUTPUT_SCRIPT, "Its script"),
];
