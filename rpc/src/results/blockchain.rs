//! Owns what the methods of the chain answer.

use super::script::OUTPUT_SCRIPT;
use super::{NOTHING, Table};
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("getbestblockhash", Results::One(Shape::hex("", "The hash of the last block"))),
    ("getblockchaininfo", Results::One(Shape::object("", CHAIN, ""))),
    ("getblockcount", Results::One(Shape::integer("", "The height of the last block"))),
    ("getblockhash", Results::One(Shape::hex("", "The hash of the block"))),
    (
        "getblockheader",
        Results::Several(&[
            ("for verbose = true", Shape::object("", HEADER, "")),
            ("for verbose = false", Shape::hex("", "The header's 80 bytes")),
        ]),
    ),
    ("getchaintips", Results::One(Shape::array("", &Shape::object("", TIP, ""), ""))),
    ("getdifficulty", Results::One(Shape::real("", "As a multiple of the lowest there is"))),
    (
        "gettxout",
        Results::Several(&[
            ("if the output is there", Shape::object("", OUTPUT, "")),
            ("if it is spent", Shape::NULL),
        ]),
    ),
    ("gettxspendingprevout", Results::One(Shape::array("", &Shape::object("", SPENDING, ""), ""))),
    ("syncwithvalidationinterfacequeue", NOTHING),
    ("waitforblock", Results::One(AT)),
    ("waitforblockheight", Results::One(AT)),
    ("waitfornewblock", Results::One(AT)),
];

const AT: Shape = Shape::object(
    "",
    &[Shape::hex("hash", "The last block"), Shape::integer("height", "Its height")],
    "",
);

const CHAIN: &[Shape] = &[
    Shape::text("chain", "main, test, testnet4, signet or regtest"),
    Shape::integer("blocks", "The height of the last block that every wallet has seen"),
    Shape::integer("headers", "The height of the last header"),
    Shape::hex("bestblockhash", "The last block that every wallet has seen"),
    Shape::hex("bits", "Its target, compact"),
    Shape::hex("target", "Its target"),
    Shape::real("difficulty", "As a multiple of the lowest there is"),
    Shape::time("time", "What the block says of its time"),
    Shape::time("mediantime", "The median of the last eleven"),
    Shape::real("verificationprogress", "From 0 to 1"),
    Shape::flag("initialblockdownload", "Whether it still catches up"),
    Shape::hex("chainwork", "The work of the chain"),
    Shape::integer("size_on_disk", "Bytes of blocks that are kept"),
    Shape::flag("pruned", "Whether blocks are left out"),
    Shape::hex("signet_challenge", "The script that blocks of a signet satisfy").optional(),
    Shape::array("warnings", &Shape::text("", ""), "What should be known"),
];

const HEADER: &[Shape] = &[
    Shape::hex("hash", "The block's hash"),
    Shape::integer(
        "confirmations",
        "How many blocks stand on it, itself included; -1 beside the chain",
    ),
    Shape::integer("height", "Its height"),
    Shape::integer("version", "Its version"),
    Shape::hex("versionHex", "Its version in hex"),
    Shape::hex("merkleroot", "The root of its transactions"),
    Shape::time("time", "What the block says of its time"),
    Shape::time("mediantime", "The median of the last eleven"),
    Shape::integer("nonce", "Its nonce"),
    Shape::hex("bits", "Its target, compact"),
    Shape::hex("target", "Its target"),
    Shape::real("difficulty", "As a multiple of the lowest there is"),
    Shape::hex("chainwork", "The work of the chain up to it"),
    Shape::integer("nTx", "How many transactions it has"),
    Shape::hex("previousblockhash", "The block before, if there is one").optional(),
    Shape::hex("nextblockhash", "The block after, if there is one").optional(),
];

const TIP: &[Shape] = &[
    Shape::integer("height", "Its height"),
    Shape::hex("hash", "Its hash"),
    Shape::integer(
        "branchlen",
        "How many blocks lie between it and the chain; 0 for the chain's own",
    ),
    Shape::text("status", "active, valid-fork, valid-headers, headers-only or invalid"),
];

const OUTPUT: &[Shape] = &[
    Shape::hex("bestblock", "The block up to which it is known to be unspent"),
    Shape::integer("confirmations", "How many blocks stand on it"),
    Shape::amount("value", "The amount in BTC"),
    Shape::object("scriptPubKey", OUTPUT_SCRIPT, "Its script"),
    Shape::flag("coinbase", "Whether a miner made it"),
];

const SPENDING: &[Shape] = &[
    Shape::hex("txid", "As it was asked"),
    Shape::integer("vout", "As it was asked"),
    Shape::hex("spendingtxid", "The waiting transaction that spends it").optional(),
    Shape::hex("spendingtx", "That transaction, if it was asked for").optional(),
    Shape::hex("blockhash", "Its block, if it is in one").optional(),
];
