//! Owns what the methods about balances and coins answer.

use super::{LAST_BLOCK, Table};
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("getbalance", Results::One(Shape::amount("", "In BTC"))),
    ("getbalances", Results::One(Shape::object("", BALANCES, ""))),
    ("getreceivedbyaddress", Results::One(Shape::amount("", "In BTC"))),
    ("getreceivedbylabel", Results::One(Shape::amount("", "In BTC"))),
    (
        "listlockunspent",
        Results::One(Shape::array(
            "",
            &Shape::object(
                "",
                &[Shape::hex("txid", "The transaction"), Shape::integer("vout", "Which output")],
                "",
            ),
            "",
        )),
    ),
    (
        "listreceivedbyaddress",
        Results::One(Shape::array("", &Shape::object("", AT_ADDRESS, ""), "")),
    ),
    ("listreceivedbylabel", Results::One(Shape::array("", &Shape::object("", AT_LABEL, ""), ""))),
    ("listunspent", Results::One(Shape::array("", &Shape::object("", COIN, ""), ""))),
    ("lockunspent", Results::One(Shape::flag("", "Always true"))),
];

const BALANCES: &[Shape] = &[
    Shape::object(
        "mine",
        &[
            Shape::amount("trusted", "In blocks, or the wallet's own"),
            Shape::amount("untrusted_pending", "From others, in no block yet"),
            Shape::amount("immature", "From blocks that are too young"),
            Shape::amount("used", "At addresses that were spent from, if they are avoided")
                .optional(),
        ],
        "",
    ),
    LAST_BLOCK,
];

const AT_ADDRESS: &[Shape] = &[
    Shape::text("address", "The address"),
    Shape::amount("amount", "What came in, in BTC"),
    Shape::integer("confirmations", "Of the latest"),
    Shape::text("label", "Its label, or empty"),
    Shape::array("txids", &Shape::hex("", ""), "The transactions"),
];

const AT_LABEL: &[Shape] = &[
    Shape::amount("amount", "What came in, in BTC"),
    Shape::integer("confirmations", "Of the latest"),
    Shape::text("label", "The label, or empty"),
];

const COIN: &[Shape] = &[
    Shape::hex("txid", "The transaction"),
    Shape::integer("vout", "Which output"),
    Shape::text("address", "Its address, if it has one").optional(),
    Shape::text("label", "The label of the address, if it is in the address book").optional(),
    Shape::hex("scriptPubKey", "Its script"),
    Shape::amount("amount", "Its amount in BTC"),
    Shape::integer("confirmations", "How many blocks stand on it"),
    Shape::integer("ancestorcount", "How many waiting transactions it stands on, its own included")
        .optional(),
    Shape::integer("ancestorsize", "Their virtual size").optional(),
    Shape::integer("ancestorfees", "Their fees in satoshi").optional(),
    Shape::hex("redeemScript", "The script inside of a P2SH").optional(),
    Shape::hex("witnessScript", "The script inside of a P2WSH").optional(),
    Shape::flag("spendable", "Whether the wallet has the keys"),
    Shape::flag("solvable", "Whether the wallet knows how to spend it, keys aside"),
    Shape::flag("reused", "Whether its address was spent from, if that is avoided").optional(),
    Shape::text("desc", "Its descriptor, if it is solvable").optional(),
    Shape::array("parent_descs", &Shape::text("", ""), "The descriptors that it came from")
        .optional(),
    Shape::flag("safe", "Whether nobody else can take it back"),
];
