//! Owns what the methods answer that pay.

use super::Table;
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("bumpfee", Results::One(Shape::object("", BUMPED, ""))),
    ("psbtbumpfee", Results::One(Shape::object("", BUMPED_PSBT, ""))),
    ("send", Results::One(Shape::object("", SENT, ""))),
    ("sendall", Results::One(Shape::object("", SENT, ""))),
    ("sendmany", PAID),
    ("sendtoaddress", PAID),
];

const PAID: Results = Results::Several(&[
    ("if verbose is not set or set to false", TXID),
    (
        "if verbose is set to true",
        Shape::object(
            "",
            &[
                Shape::hex("txid", "The transaction"),
                Shape::text("fee_reason", "Where its fee rate comes from"),
            ],
            "",
        ),
    ),
]);

const TXID: Shape = Shape::hex("", "The transaction");

const SENT: &[Shape] = &[
    Shape::flag("complete", "Whether nothing is missing"),
    Shape::hex("txid", "The transaction, if it was sent").optional(),
    Shape::hex("hex", "The transaction, if it was not sent").optional(),
    Shape::text("psbt", "The PSBT, if signatures are missing or it was not sent").optional(),
];

const BUMPED: &[Shape] = &[Shape::hex("txid", "The new transaction"), Shape::fields(FEES)];

const BUMPED_PSBT: &[Shape] =
    &[Shape::text("psbt", "The new transaction, to be signed"), Shape::fields(FEES)];

const FEES: &[Shape] = &[
    Shape::amount("origfee", "The fee before, in BTC"),
    Shape::amount("fee", "The fee now, in BTC"),
    Shape::array("errors", &Shape::text("", ""), "Empty"),
];
