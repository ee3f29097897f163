//! Owns what the methods answer that tell of the daemon, of coins and of the chain: `billfold.info`,
//! `history`, `utxos`, `proof`, `broadcast`, `backup`.

use crate::results::Table;
use crate::shape::{Results, Shape};

pub(in crate::results) const RESULTS: Table = &[
    ("billfold.backup", Results::One(Shape::object("", BACKUP, ""))),
    ("billfold.broadcast", Results::One(Shape::object("", BROADCAST, ""))),
    ("billfold.freeze", Results::One(Shape::object("", FROZEN, ""))),
    ("billfold.history", Results::One(Shape::object("", HISTORY, ""))),
    ("billfold.info", Results::One(Shape::object("", INFO, ""))),
    ("billfold.proof", Results::One(Shape::object("", PROOF, ""))),
    ("billfold.unfreeze", Results::One(Shape::object("", FROZEN, ""))),
    ("billfold.utxos", Results::One(Shape::object("", COINS, ""))),
];

const BACKUP: &[Shape] =
    &[Shape::integer("bytes", "How long it is"), Shape::text("backup", "Its bytes in base64")];

const BROADCAST: &[Shape] = &[
    Shape::hex("txid", "The transaction"),
    Shape::text("state", "How it is now"),
    Shape::array(
        "peers",
        &Shape::object(
            "",
            &[
                Shape::text("address", "The peer").optional(),
                Shape::text("outcome", "fetched or echoed"),
            ],
            "",
        ),
        "Whoever said something",
    ),
    Shape::integer("below_floor_sat_per_vb", "What peers ask for, if it pays less").optional(),
];

const FROZEN: &[Shape] = &[
    Shape::flag("frozen", "Whether they are frozen now"),
    Shape::integer("count", "How many coins it were"),
];

const HISTORY: &[Shape] = &[
    Shape::array("transactions", &Shape::object("", TRANSACTION, ""), "In the order asked for"),
    Shape::text("next", "The cursor of the next page, if there may be more").optional(),
];

const TRANSACTION: &[Shape] = &[
    Shape::hex("txid", "The transaction"),
    Shape::integer("net_sat", "What it brings the wallet; below zero if it takes"),
    Shape::integer("fee_sat", "Its fee, where the wallet paid all of it").optional(),
    Shape::text("state", "signed, announced, pending, confirmed, replaced or evicted"),
    Shape::integer("height", "The height of its block").optional(),
    Shape::hex("blockhash", "Its block").optional(),
    Shape::time("time", "The time of its block, or when it was first seen"),
    Shape::text("label", "Its label, or that of what it pays in the wallet").optional(),
    Shape::hex("replaces", "The payment that it was made to replace").optional(),
    Shape::hex("replaced_by", "The payment that was made to replace it").optional(),
    Shape::array("marks", &Shape::text("", ""), "What should be known before it is trusted"),
];

const INFO: &[Shape] = &[
    Shape::text("version", "The daemon's version"),
    Shape::text("api", "The version of billfold.*"),
    Shape::text("compat", "The level of Bitcoin Core that is followed"),
    Shape::text("network", "main, test, testnet4, signet or regtest"),
    Shape::array("wallets", &Shape::text("", ""), "Those that are open"),
    Shape::object("sync", SYNC, ""),
    Shape::integer("peers", "With how many the chain is followed"),
    Shape::object("fee", FEE, ""),
    Shape::array("warnings", &Shape::text("", ""), "What should be known"),
];

const SYNC: &[Shape] = &[
    Shape::integer("headers", "The height of the best header"),
    Shape::integer("filter_headers", "Up to which filter headers are known").optional(),
    Shape::integer("scanned", "Up to which every open wallet has seen the chain"),
    Shape::integer("announced", "The highest block that a peer told of").optional(),
    Shape::flag("synced", "Whether all of it was seen"),
    Shape::text("not_synced", "Why not").optional(),
];

const FEE: &[Shape] = &[
    Shape::text("source", "blocks, fallback or none"),
    Shape::integer("blocks_seen", "How many of the last blocks were seen whole"),
    Shape::real("floor_sat_per_vb", "Below this peers relay nothing").optional(),
    Shape::real("fallback_sat_per_vb", "What --fallback-fee says").optional(),
    Shape::array(
        "estimates",
        &Shape::object(
            "",
            &[
                Shape::integer("target_blocks", "To be in a block within so many"),
                Shape::real("sat_per_vb", "this is to be paid"),
            ],
            "",
        ),
        "",
    ),
];

const PROOF: &[Shape] = &[
    Shape::hex("txid", "The transaction"),
    Shape::hex("hex", "Its bytes"),
    Shape::hex("blockhash", "The block"),
    Shape::integer("height", "Its height"),
    Shape::integer("confirmations", "How many headers there are"),
    Shape::hex("merkle_root", "As the block's header has it"),
    Shape::integer("position", "The transaction's place in the block"),
    Shape::array(
        "branch",
        &Shape::object(
            "",
            &[Shape::hex("hash", "A hash beside the way"), Shape::text("side", "left or right")],
            "",
        ),
        "From the transaction to the root",
    ),
    Shape::array("headers", &Shape::hex("", ""), "The block's, and those on top of it"),
    Shape::object(
        "filter",
        &[
            Shape::hex("hash", "The filter's, as most peers have it"),
            Shape::hex("header", "Its header").optional(),
            Shape::hex("previous_header", "That of the block before").optional(),
            Shape::array("agreeing", &Shape::text("", ""), "The peers that commit to it"),
            Shape::integer("peers", "How many there are"),
        ],
        "What peers say of the block's filter",
    )
    .optional(),
];

const COINS: &[Shape] = &[
    Shape::array(
        "utxos",
        &Shape::object(
            "",
            &[
                Shape::hex("txid", "The transaction"),
                Shape::integer("vout", "Which output"),
                Shape::integer("amount_sat", "How much"),
                Shape::text("address", "Who holds it"),
                Shape::text("account", "Its account"),
                Shape::integer("height", "Its block").optional(),
                Shape::flag("immature", "Whether it was mined too short ago"),
                Shape::flag("frozen", "Whether nothing spends it"),
                Shape::flag("reserved", "Whether a payment holds it"),
                Shape::text("label", "What is said of it").optional(),
                Shape::array("marks", &Shape::text("", ""), "What should be known of it"),
            ],
            "",
        ),
        "In their order",
    ),
    Shape::text("next", "The cursor of the next page, if there is one").optional(),
];
