//! Owns what the methods about transactions of a wallet answer.

use super::transaction::TRANSACTION;
use super::{LAST_BLOCK, NOTHING, Table};
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("abandontransaction", NOTHING),
    ("gettransaction", Results::One(Shape::object("", WHOLE, ""))),
    ("listsinceblock", Results::One(Shape::object("", SINCE, ""))),
    ("listtransactions", Results::One(Shape::array("", &Shape::object("", LISTED, ""), ""))),
    (
        "simulaterawtransaction",
        Results::One(Shape::object(
            "",
            &[Shape::amount("balance_change", "In BTC; below zero if it becomes less")],
            "",
        )),
    ),
];

const WHOLE: &[Shape] = &[
    Shape::amount("amount", "In BTC"),
    Shape::amount("fee", "In BTC, below zero; only of what the wallet sent").optional(),
    Shape::fields(STATE),
    Shape::array("details", &Shape::object("", DETAIL, ""), "The outputs that concern the wallet"),
    Shape::hex("hex", "The transaction"),
    Shape::object("decoded", TRANSACTION, "The same as decoderawtransaction tells it").optional(),
    LAST_BLOCK,
];

const SINCE: &[Shape] = &[
    Shape::array("transactions", &Shape::object("", LISTED, ""), ""),
    Shape::array(
        "removed",
        &Shape::object("", LISTED, ""),
        "What left the chain, if include_removed is true",
    )
    .optional(),
    Shape::hex("lastblock", "What to ask with the next time"),
];

const LISTED: &[Shape] = &[Shape::fields(DETAIL), Shape::fields(STATE)];

/// An output that concerns the wallet.
const DETAIL: &[Shape] = &[
    Shape::text("address", "Its address, if it has one").optional(),
    Shape::text("category", "send, receive, generate, immature or orphan"),
    Shape::amount("amount", "In BTC; below zero for send"),
    Shape::text("label", "Its label, if it is in the address book").optional(),
    Shape::integer("vout", "Which output"),
    Shape::amount("fee", "In BTC, below zero; only for send").optional(),
    Shape::flag("abandoned", "Whether it is given up"),
    Shape::array(
        "parent_descs",
        &Shape::text("", ""),
        "The descriptors that it came from; only for what was received",
    )
    .optional(),
];

/// How a transaction is now.
const STATE: &[Shape] = &[
    Shape::integer(
        "confirmations",
        "How many blocks stand on it; below zero if a block holds what contradicts it",
    ),
    Shape::flag("generated", "Only of what a miner made").optional(),
    Shape::flag("trusted", "Whether nobody else can take it back; only in no block").optional(),
    Shape::hex("blockhash", "Its block").optional(),
    Shape::integer("blockheight", "The height of its block").optional(),
    Shape::integer("blockindex", "Its place in the block").optional(),
    Shape::time("blocktime", "The time of its block").optional(),
    Shape::hex("txid", "Its id"),
    Shape::hex("wtxid", "Its hash with witnesses"),
    Shape::array("walletconflicts", &Shape::hex("", ""), "Transactions that contradict it"),
    Shape::hex("replaced_by_txid", "What replaced it").optional(),
    Shape::hex("replaces_txid", "What it replaced").optional(),
    Shape::array("mempoolconflicts", &Shape::hex("", ""), "Waiting ones that contradict it"),
    Shape::text("to", "What was noted of whom it went to").optional(),
    Shape::time("time", "Its time"),
    Shape::time("timereceived", "When the wallet heard of it"),
    Shape::text("comment", "What was noted of it").optional(),
    Shape::text("bip125-replaceable", "yes, no or unknown"),
];
