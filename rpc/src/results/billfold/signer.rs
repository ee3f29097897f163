//! Owns what `billfold.signer.*` answers.

use crate::results::Table;
use crate::shape::{Results, Shape};

pub(in crate::results) const RESULTS: Table = &[
    ("billfold.signer.display", Results::One(Shape::object("", DISPLAYED, ""))),
    ("billfold.signer.list", Results::One(Shape::object("", SIGNERS, ""))),
    ("billfold.signer.register", Results::One(Shape::object("", REGISTERED, ""))),
    ("billfold.signer.sign", Results::One(Shape::object("", SIGNED, ""))),
    ("billfold.signer.signed", Results::One(Shape::object("", SIGNED, ""))),
];

const DISPLAYED: &[Shape] = &[
    Shape::text("address", "The address that the signer showed"),
    Shape::hex("fingerprint", "The signer"),
];

const SIGNERS: &[Shape] =
    &[Shape::array("signers", &Shape::object("", SIGNER, ""), "Those that are connected")];

const SIGNER: &[Shape] = &[
    Shape::hex("fingerprint", "Its master key"),
    Shape::text("model", "Its model; empty if it is not told"),
    Shape::array("accounts", &Shape::text("", ""), "The accounts of the wallet that it signs for"),
];

const REGISTERED: &[Shape] = &[
    Shape::text("account", "The account"),
    Shape::hex("fingerprint", "The signer"),
    Shape::flag("new", "Whether the signer did not keep it before"),
];

const SIGNED: &[Shape] = &[
    Shape::integer("op", "The operation's number"),
    Shape::text("state", "running, done, cancelled or failed"),
    Shape::text("psbt", "What was signed, in base64, once it is").optional(),
    Shape::flag("complete", "Whether no further signature is missing, once it is signed")
        .optional(),
    Shape::text("problem", "Why nothing was signed").optional(),
];
