//! Owns what `billfold.invoice.*` answers.

use super::NEXT;
use crate::results::Table;
use crate::shape::{Results, Shape};

pub(in crate::results) const RESULTS: Table = &[
    ("billfold.invoice.cancel", Results::One(Shape::object("", INVOICE, ""))),
    ("billfold.invoice.create", Results::One(Shape::object("", INVOICE, ""))),
    ("billfold.invoice.get", Results::One(Shape::object("", INVOICE, ""))),
    ("billfold.invoice.list", Results::One(Shape::object("", INVOICES, ""))),
];

const INVOICES: &[Shape] =
    &[Shape::array("invoices", &Shape::object("", INVOICE, ""), "In their order"), NEXT];

const INVOICE: &[Shape] = &[
    Shape::integer("invoice_id", "Its number"),
    Shape::text("state", "open, pending, paid, late, expired or cancelled"),
    Shape::text("payment", "none, under, exact or over"),
    Shape::text("address", "Its own address"),
    Shape::text("uri", "All of it in one text (BIP321)"),
    Shape::integer("amount_sat", "How much is asked for"),
    Shape::integer("received_sat", "What its address was paid, in blocks or not"),
    Shape::integer("confirmed_sat", "What its address was paid in blocks"),
    Shape::integer("min_conf", "How many confirmations a payment must have to count"),
    Shape::text("label", "What it is for").optional(),
    Shape::time("created", "Since when"),
    Shape::time("expires", "Until when").optional(),
    Shape::time("cancelled", "When it was taken back").optional(),
    Shape::array(
        "payments",
        &Shape::object(
            "",
            &[
                Shape::hex("txid", "The transaction"),
                Shape::integer("vout", "Which output"),
                Shape::integer("amount_sat", "How much"),
                Shape::integer("height", "Its block").optional(),
            ],
            "",
        ),
        "What pays it",
    ),
];
