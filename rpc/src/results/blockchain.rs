//! Owns what the methods of the chain answer.

use super::script::OUTPUT_SCRIPT;
use super::transaction::TRANSACTION;
use super::{NOTHING, Table};
use crate::shape::{Results, Shape, ShapeKind};

pub(super) const RESULTS: Table = &[
    ("getbestblockhash", Results::One(Shape::hex("", "The hash of the last block"))),
    (
        "getblock",
        Results::Several(&[
            ("for verbosity = 0", Shape::hex("", "The block")),
            ("for verbosity = 1", Shape::object("", BLOCK, "")),
            ("for verbosity = 2 and 3", Shape::object("", WHOLE_BLOCK, "")),
        ]),
    ),
    ("getblockchaininfo", Results::One(Shape::object("", CHAIN, ""))),
    ("getblockcount", Results::One(Shape::integer("", "The height of the last block"))),
    (
        "getblockfilter",
        Results::One(Shape::object(
            "",
            &[Shape::hex("filter", "The filter"), Shape::hex("header", "The filter header")],
            "",
        )),
    ),
    ("getblockhash", Results::One(Shape::hex("", "The hash of the block"))),
    (
        "getblockheader",
        Results::Several(&[
            ("for verbose = true", Shape::object("", HEADER, "")),
            ("for verbose = false", Shape::hex("", "The header's 80 bytes")),
        ]),
    ),
    ("getchaintips", Results::One(Shape::array("", &Shape::object("", TIP, ""), ""))),
    ("getmempoolentry", Results::One(Shape::object("", ENTRY, ""))),
    ("getmempoolinfo", Results::One(Shape::object("", MEMPOOL, ""))),
    (
        "getdescriptoractivity",
        Results::One(Shape::object(
            "",
            &[Shape::array(
                "activity",
                &Shape::new("", ShapeKind::Either(EVENT), ""),
                "What is paid and spent",
            )],
            "",
        )),
    ),
    ("getdifficulty", Results::One(Shape::real("", "As a multiple of the lowest there is"))),
    (
        "gettxout",
        Results::Several(&[
            ("if the output is there", Shape::object("", OUTPUT, "")),
            ("if it is spent", Shape::NULL),
        ]),
    ),
    ("gettxoutproof", Results::One(Shape::hex("", "The proof"))),
    ("gettxspendingprevout", Results::One(Shape::array("", &Shape::object("", SPENDING, ""), ""))),
    ("invalidateblock", NOTHING),
    ("reconsiderblock", NOTHING),
    (
        "scanblocks",
        Results::Several(&[
            ("for action = start", Shape::object("", SCANNED, "")),
            ("for action = status, while a scan goes on", Shape::object("", SCANNING, "")),
            ("for action = status, while none does", Shape::NULL),
            ("for action = abort", Shape::flag("", "Whether a scan goes on that will end")),
        ]),
    ),
    ("setmocktime", NOTHING),
    ("syncwithvalidationinterfacequeue", NOTHING),
    (
        "verifytxoutproof",
        Results::One(Shape::array("", &Shape::hex("", "A transaction of the block"), "")),
    ),
    ("waitforblock", Results::One(AT)),
    ("waitforblockheight", Results::One(AT)),
    ("waitfornewblock", Results::One(AT)),
];

const EVENT: &[Shape] = &[Shape::object("", SPEND, ""), Shape::object("", RECEIPT, "")];

const SPEND: &[Shape] = &[
    Shape::text("type", "spend"),
    Shape::amount("amount", "What the output was worth"),
    Shape::hex("blockhash", "The block"),
    Shape::integer("height", "Its height"),
    Shape::hex("spend_txid", "The transaction that spends"),
    Shape::integer("spend_vin", "Its input"),
    Shape::hex("prevout_txid", "The transaction of the output"),
    Shape::integer("prevout_vout", "Its place there"),
    Shape::object("prevout_spk", OUTPUT_SCRIPT, "Its script"),
];

const RECEIPT: &[Shape] = &[
    Shape::text("type", "receive"),
    Shape::amount("amount", "What the output is worth"),
    Shape::hex("blockhash", "The block"),
    Shape::integer("height", "Its height"),
    Shape::hex("txid", "The transaction"),
    Shape::integer("vout", "The output's place there"),
    Shape::object("output_spk", OUTPUT_SCRIPT, "Its script"),
];

const SCANNED: &[Shape] = &[
    Shape::integer("from_height", "The first block that was looked at"),
    Shape::integer("to_height", "The last one"),
    Shape::array("relevant_blocks", &Shape::hex("", ""), "Those that may have to do with it"),
    Shape::flag("completed", "Whether it was not aborted"),
];

const SCANNING: &[Shape] = &[
    Shape::integer("progress", "How much is done, in percent"),
    Shape::integer("current_height", "Up to where it has looked"),
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

const BLOCK: &[Shape] = &[
    Shape::fields(HEADER),
    Shape::fields(SIZES),
    Shape::array("tx", &Shape::hex("", ""), "The ids of its transactions"),
];

const WHOLE_BLOCK: &[Shape] = &[
    Shape::fields(HEADER),
    Shape::fields(SIZES),
    Shape::array("tx", &Shape::object("", MEMBER, ""), "Its transactions"),
];

const SIZES: &[Shape] = &[
    Shape::integer("strippedsize", "Its bytes without witnesses"),
    Shape::integer("size", "Its bytes"),
    Shape::integer("weight", "Its weight"),
    Shape::object("coinbase_tx", COINBASE, "Its first transaction"),
];

const COINBASE: &[Shape] = &[
    Shape::integer("version", "Its version"),
    Shape::integer("locktime", "Its lock time"),
    Shape::integer("sequence", "The sequence number of its input"),
    Shape::hex("coinbase", "The script of its input"),
    Shape::hex("witness", "The witness of its input").optional(),
];

const MEMBER: &[Shape] =
    &[Shape::fields(TRANSACTION), Shape::hex("hex", "The transaction, with witnesses")];

const ENTRY: &[Shape] = &[
    Shape::integer("vsize", "Its virtual size"),
    Shape::integer("weight", "Its weight"),
    Shape::time("time", "When it was first seen"),
    Shape::integer("height", "The height of the last block"),
    Shape::integer("descendantcount", "How many stand on it, itself included"),
    Shape::integer("descendantsize", "Their virtual size"),
    Shape::integer("ancestorcount", "How many it stands on, itself included"),
    Shape::integer("ancestorsize", "Their virtual size"),
    Shape::hex("wtxid", "Its hash with witnesses"),
    Shape::integer("chunkweight", "The weight of what miners take together with it"),
    Shape::object(
        "fees",
        &[
            Shape::amount("base", "Its own"),
            Shape::amount("modified", "Its own"),
            Shape::amount("ancestor", "Of what it stands on, itself included"),
            Shape::amount("descendant", "Of what stands on it, itself included"),
            Shape::amount("chunk", "Of what miners take together with it"),
        ],
        "What is paid, in BTC",
    ),
    Shape::array("depends", &Shape::hex("", ""), "Those in no block whose outputs it spends"),
    Shape::array("spentby", &Shape::hex("", ""), "Those in no block that spend its outputs"),
    Shape::flag("bip125-replaceable", "Whether it says that it may be replaced"),
    Shape::flag("unbroadcast", "Whether no peer has taken it yet"),
];

const MEMPOOL: &[Shape] = &[
    Shape::flag("loaded", "Whether it was read at the start"),
    Shape::integer("size", "How many transactions are kept"),
    Shape::integer("bytes", "Their virtual size"),
    Shape::integer("usage", "The memory that they take"),
    Shape::amount("total_fee", "Their fees in BTC"),
    Shape::integer("maxmempool", "The most memory that they may take"),
    Shape::amount("mempoolminfee", "The least that peers ask for, in BTC/kvB"),
    Shape::amount("minrelaytxfee", "The least with which nodes relay, in BTC/kvB"),
    Shape::amount("incrementalrelayfee", "By how much more one replaces another, in BTC/kvB"),
    Shape::integer("unbroadcastcount", "How many of ours no peer has taken yet"),
    Shape::flag("fullrbf", "Whether any may be replaced"),
    Shape::flag("permitbaremultisig", "Whether bare multisig is relayed"),
    Shape::integer("maxdatacarriersize", "Bytes of data that are relayed"),
    Shape::integer("limitclustercount", "How many that spend from each other are relayed"),
    Shape::integer("limitclustersize", "Their virtual size"),
    Shape::flag("optimal", "Whether they are in their best order"),
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
