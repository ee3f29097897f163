//! Owns what the methods about raw transactions answer.

use super::Table;
use super::script::OUTPUT_SCRIPT;
use super::transaction::TRANSACTION;
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    (
        "combinerawtransaction",
        Results::One(Shape::hex("", "The transaction, as far as it is signed")),
    ),
    ("createrawtransaction", Results::One(Shape::hex("", "The transaction"))),
    ("decoderawtransaction", Results::One(Shape::object("", TRANSACTION, ""))),
    ("decodescript", Results::One(Shape::object("", SCRIPT, ""))),
    ("fundrawtransaction", Results::One(Shape::object("", FUNDED, ""))),
    (
        "getrawtransaction",
        Results::Several(&[
            ("if verbosity is not set or set to 0", Shape::hex("", "The transaction")),
            ("if verbosity is set to 1", Shape::object("", WHOLE, "")),
        ]),
    ),
    ("sendrawtransaction", Results::One(Shape::hex("", "The transaction's id"))),
    ("signrawtransactionwithkey", Results::One(Shape::object("", SIGNED, ""))),
    ("signrawtransactionwithwallet", Results::One(Shape::object("", SIGNED, ""))),
];

const SCRIPT: &[Shape] = &[
    Shape::text("asm", "The script in words"),
    Shape::text("desc", "A descriptor of it"),
    Shape::text("type", "Its kind"),
    Shape::text("address", "Its address, if it has one").optional(),
    Shape::text("p2sh", "The address of a P2SH around it, if that can be").optional(),
    Shape::object("segwit", SEGWIT, "A witness output around it, if that can be").optional(),
];

const SEGWIT: &[Shape] = &[
    Shape::fields(OUTPUT_SCRIPT),
    Shape::text("p2sh-segwit", "The address of a P2SH around the witness output"),
];

const FUNDED: &[Shape] = &[
    Shape::hex("hex", "The transaction with coins"),
    Shape::amount("fee", "Its fee in BTC"),
    Shape::integer("changepos", "Which output is the change; -1 if none"),
];

const WHOLE: &[Shape] = &[
    Shape::flag("in_active_chain", "Whether the block that was named is in the chain").optional(),
    Shape::fields(TRANSACTION),
    Shape::hex("hex", "The transaction"),
    Shape::hex("blockhash", "Its block").optional(),
    Shape::integer("confirmations", "How many blocks stand on it").optional(),
    Shape::time("time", "Its block's time").optional(),
    Shape::time("blocktime", "Its block's time").optional(),
];

const SIGNED: &[Shape] = &[
    Shape::hex("hex", "The transaction, as far as it is signed"),
    Shape::flag("complete", "Whether nothing is missing"),
    Shape::array("errors", &Shape::object("", ERROR, ""), "What can't be signed").optional(),
];

const ERROR: &[Shape] = &[
    Shape::hex("txid", "The transaction that is spent from"),
    Shape::integer("vout", "The output that is spent"),
    Shape::array("witness", &Shape::hex("", ""), ""),
    Shape::hex("scriptSig", "The script of the input"),
    Shape::integer("sequence", "The sequence number"),
    Shape::text("error", "What is wrong with it"),
];
