//! Owns what the methods about addresses of a wallet answer.

use super::{NOTHING, Table};
use crate::shape::{Results, Shape, ShapeKind};

pub(super) const RESULTS: Table = &[
    (
        "getaddressesbylabel",
        Results::One(Shape::keyed(
            "",
            &Shape::object("address", &[Shape::text("purpose", "send or receive")], ""),
            "",
        )),
    ),
    ("getaddressinfo", Results::One(Shape::object("", ADDRESS, ""))),
    ("getnewaddress", Results::One(Shape::text("", "The new address"))),
    ("getrawchangeaddress", Results::One(Shape::text("", "The new address"))),
    ("keypoolrefill", NOTHING),
    (
        "listaddressgroupings",
        Results::One(Shape::array(
            "",
            &Shape::array("", &Shape::new("", ShapeKind::Tuple(GROUPED), ""), ""),
            "",
        )),
    ),
    ("listlabels", Results::One(Shape::array("", &Shape::text("", "A label"), ""))),
    ("setlabel", NOTHING),
    (
        "walletdisplayaddress",
        Results::One(Shape::object(
            "",
            &[Shape::text("address", "The address as confirmed by the signer")],
            "",
        )),
    ),
];

/// What the script of a witness address is; also in `validateaddress`.
pub(super) const SCRIPT_OF_ADDRESS: &[Shape] = &[
    Shape::integer("witness_version", "The version of its witness program").optional(),
    Shape::hex("witness_program", "Its witness program").optional(),
];

const ADDRESS: &[Shape] = &[
    Shape::text("address", "The address"),
    Shape::hex("scriptPubKey", "Its script"),
    Shape::flag("ismine", "Whether the wallet has it"),
    Shape::flag("iswatchonly", "(DEPRECATED) Always false"),
    Shape::flag("solvable", "Whether the wallet knows how to spend from it, keys aside"),
    Shape::text("desc", "Its descriptor, if it is solvable").optional(),
    Shape::text("parent_desc", "The descriptor that it was derived from").optional(),
    Shape::flag("isscript", "Whether it is of a script").optional(),
    Shape::flag("ischange", "Whether it took change"),
    Shape::flag("iswitness", "Whether it is of a witness"),
    Shape::fields(SCRIPT_OF_ADDRESS),
    Shape::fields(INNER),
    Shape::object("embedded", EMBEDDED, "The address inside, if it is known").optional(),
    Shape::flag("iscompressed", "Whether the key is compressed").optional(),
    Shape::time("timestamp", "When the key was made").optional(),
    Shape::text("hdkeypath", "The path of the key").optional(),
    Shape::hex("hdseedid", "Always zero").optional(),
    Shape::hex("hdmasterfingerprint", "The fingerprint of the first key above").optional(),
    Shape::array("labels", &Shape::text("", "A label"), "One at most"),
];

/// What is inside of a script that the wallet knows.
const INNER: &[Shape] = &[
    Shape::text("script", "The kind of the script inside").optional(),
    Shape::hex("hex", "The script inside").optional(),
    Shape::array("pubkeys", &Shape::hex("", ""), "The keys of a multisig").optional(),
    Shape::integer("sigsrequired", "How many of them must sign").optional(),
    Shape::hex("pubkey", "The key of an address with one").optional(),
];

const EMBEDDED: &[Shape] = &[
    Shape::text("address", "The address"),
    Shape::hex("scriptPubKey", "Its script"),
    Shape::flag("isscript", "Whether it is of a script").optional(),
    Shape::flag("iswitness", "Whether it is of a witness"),
    Shape::fields(SCRIPT_OF_ADDRESS),
    Shape::fields(INNER),
    Shape::flag("iscompressed", "Whether the key is compressed").optional(),
];

const GROUPED: &[Shape] = &[
    Shape::text("", "An address"),
    Shape::amount("", "What is at it, in BTC"),
    Shape::text("", "Its label").optional(),
];
