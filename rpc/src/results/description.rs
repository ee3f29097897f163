//! Owns what the methods answer that need no wallet.

use super::Table;
use super::address::SCRIPT_OF_ADDRESS;
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("createmultisig", Results::One(Shape::object("", MULTISIG, ""))),
    (
        "deriveaddresses",
        Results::Several(&[
            ("for single derivation descriptors", ADDRESSES),
            ("for multipath descriptors", Shape::array("", &ADDRESSES, "One for each path")),
        ]),
    ),
    ("estimatesmartfee", Results::One(Shape::object("", ESTIMATE, ""))),
    ("getdescriptorinfo", Results::One(Shape::object("", DESCRIPTOR, ""))),
    (
        "getindexinfo",
        Results::One(Shape::keyed(
            "",
            &Shape::object(
                "name",
                &[
                    Shape::flag("synced", "Whether it is at the tip"),
                    Shape::integer("best_block_height", "The height up to which it is"),
                ],
                "",
            ),
            "",
        )),
    ),
    ("signmessagewithprivkey", Results::One(Shape::text("", "The signature in base64"))),
    ("validateaddress", Results::One(Shape::object("", ADDRESS, ""))),
    ("verifymessage", Results::One(Shape::flag("", "Whether the signature holds"))),
];

const ADDRESSES: Shape = Shape::array("", &Shape::text("", "An address"), "");

const MULTISIG: &[Shape] = &[
    Shape::text("address", "Its address"),
    Shape::hex("redeemScript", "Its script"),
    Shape::text("descriptor", "Its descriptor"),
    super::WARNINGS,
];

const ESTIMATE: &[Shape] = &[
    Shape::amount("feerate", "In BTC/kvB, if there is no error").optional(),
    Shape::array("errors", &Shape::text("", ""), "Why there is no estimate").optional(),
    Shape::integer("blocks", "The target for which it holds"),
];

const DESCRIPTOR: &[Shape] = &[
    Shape::text("descriptor", "Without private keys; the first, if there are several paths"),
    Shape::array("multipath_expansion", &Shape::text("", ""), "One for each path").optional(),
    Shape::text("checksum", "Of the descriptor as it was given"),
    Shape::flag("isrange", "Whether it has many addresses"),
    Shape::flag("issolvable", "Whether it tells how to spend"),
    Shape::flag("hasprivatekeys", "Whether a private key was in it"),
];

const ADDRESS: &[Shape] = &[
    Shape::flag("isvalid", "Whether it is an address; if not, only errors follow"),
    Shape::text("address", "The address").optional(),
    Shape::hex("scriptPubKey", "Its script").optional(),
    Shape::flag("isscript", "Whether it is of a script").optional(),
    Shape::flag("iswitness", "Whether it is of a witness").optional(),
    Shape::fields(SCRIPT_OF_ADDRESS),
    Shape::array("error_locations", &Shape::integer("", ""), "Where it may be wrong").optional(),
    Shape::text("error", "What is wrong").optional(),
];
