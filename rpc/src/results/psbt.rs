//! Owns what the methods about PSBTs answer.

use super::Table;
use super::script::{BARE_SCRIPT, INPUT_SCRIPT, OUTPUT_SCRIPT};
use super::transaction::TRANSACTION;
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("analyzepsbt", Results::One(Shape::object("", ANALYSED, ""))),
    ("combinepsbt", Results::One(PSBT)),
    ("converttopsbt", Results::One(PSBT)),
    ("createpsbt", Results::One(PSBT)),
    ("decodepsbt", Results::One(Shape::object("", DECODED, ""))),
    ("descriptorprocesspsbt", Results::One(Shape::object("", PROCESSED, ""))),
    ("finalizepsbt", Results::One(Shape::object("", FINISHED, ""))),
    ("joinpsbts", Results::One(PSBT)),
    ("utxoupdatepsbt", Results::One(PSBT)),
    ("walletcreatefundedpsbt", Results::One(Shape::object("", FUNDED, ""))),
    ("walletprocesspsbt", Results::One(Shape::object("", PROCESSED, ""))),
];

const PSBT: Shape = Shape::text("", "The PSBT in base64");

const FUNDED: &[Shape] = &[
    Shape::text("psbt", "The PSBT in base64"),
    Shape::amount("fee", "Its fee in BTC"),
    Shape::integer("changepos", "Which output is the change; -1 if none"),
];

const PROCESSED: &[Shape] = &[
    Shape::text("psbt", "The PSBT in base64"),
    Shape::flag("complete", "Whether nothing is missing"),
    Shape::hex("hex", "The transaction, if nothing is missing").optional(),
];

const FINISHED: &[Shape] = &[
    Shape::text("psbt", "The PSBT in base64, if no transaction is told").optional(),
    Shape::hex("hex", "The transaction").optional(),
    Shape::flag("complete", "Whether nothing is missing"),
];

const ANALYSED: &[Shape] = &[
    Shape::array(
        "inputs",
        &Shape::object(
            "",
            &[
                Shape::flag("has_utxo", "Whether the coin is told"),
                Shape::flag("is_final", "Whether it is finished"),
                Shape::object("missing", MISSING, "What is missing to finish it").optional(),
                Shape::text("next", "Whose turn it is").optional(),
            ],
            "",
        ),
        "",
    )
    .optional(),
    Shape::integer("estimated_vsize", "The virtual size that it will have").optional(),
    Shape::amount("estimated_feerate", "The fee rate that it will have, in BTC/kvB").optional(),
    Shape::amount("fee", "Its fee in BTC, if all coins are told").optional(),
    Shape::text("next", "Whose turn it is"),
    Shape::text("error", "What is wrong with it").optional(),
];

const MISSING: &[Shape] = &[
    Shape::array("pubkeys", &Shape::hex("", "The hash of a key"), "").optional(),
    Shape::array("signatures", &Shape::hex("", "The hash of a key"), "").optional(),
    Shape::hex("redeemscript", "Its hash").optional(),
    Shape::hex("witnessscript", "Its hash").optional(),
];

const DECODED: &[Shape] = &[
    Shape::object("tx", TRANSACTION, "The transaction without signatures"),
    Shape::array(
        "global_xpubs",
        &Shape::object("", &[Shape::text("xpub", "The key"), Shape::fields(SOURCE)], ""),
        "",
    ),
    Shape::integer("psbt_version", "The version of the format"),
    PROPRIETARY,
    UNKNOWN,
    Shape::array("inputs", &Shape::object("", INPUT, ""), ""),
    Shape::array("outputs", &Shape::object("", OUTPUT, ""), ""),
    Shape::amount("fee", "Its fee in BTC, if all coins are told").optional(),
];

const INPUT: &[Shape] = &[
    Shape::object("non_witness_utxo", TRANSACTION, "The transaction that is spent from").optional(),
    Shape::object(
        "witness_utxo",
        &[
            Shape::amount("amount", "Its amount in BTC"),
            Shape::object("scriptPubKey", OUTPUT_SCRIPT, "Its script"),
        ],
        "The output that is spent",
    )
    .optional(),
    Shape::keyed("partial_signatures", &Shape::hex("pubkey", "Its signature"), "").optional(),
    Shape::text("sighash", "What signatures are to cover").optional(),
    Shape::object("redeem_script", BARE_SCRIPT, "").optional(),
    Shape::object("witness_script", BARE_SCRIPT, "").optional(),
    Shape::array("bip32_derivs", &Shape::object("", KEY, ""), "").optional(),
    Shape::object("final_scriptSig", INPUT_SCRIPT, "").optional(),
    Shape::array("final_scriptwitness", &Shape::hex("", ""), "").optional(),
    Shape::keyed("ripemd160_preimages", &Shape::hex("hash", "Its preimage"), "").optional(),
    Shape::keyed("sha256_preimages", &Shape::hex("hash", "Its preimage"), "").optional(),
    Shape::keyed("hash160_preimages", &Shape::hex("hash", "Its preimage"), "").optional(),
    Shape::keyed("hash256_preimages", &Shape::hex("hash", "Its preimage"), "").optional(),
    Shape::hex("taproot_key_path_sig", "").optional(),
    Shape::array("taproot_script_path_sigs", &Shape::object("", LEAF_SIGNATURE, ""), "").optional(),
    Shape::array("taproot_scripts", &Shape::object("", LEAF_SCRIPT, ""), "").optional(),
    Shape::array("taproot_bip32_derivs", &Shape::object("", LEAF_KEY, ""), "").optional(),
    Shape::hex("taproot_internal_key", "").optional(),
    Shape::hex("taproot_merkle_root", "").optional(),
    Shape::array("musig2_participant_pubkeys", &Shape::object("", PARTICIPANTS, ""), "").optional(),
    Shape::array("musig2_pubnonces", &Shape::object("", NONCE, ""), "").optional(),
    Shape::array("musig2_partial_sigs", &Shape::object("", MUSIG_SIGNATURE, ""), "").optional(),
    UNKNOWN.optional(),
    PROPRIETARY.optional(),
];

const OUTPUT: &[Shape] = &[
    Shape::object("redeem_script", BARE_SCRIPT, "").optional(),
    Shape::object("witness_script", BARE_SCRIPT, "").optional(),
    Shape::array("bip32_derivs", &Shape::object("", KEY, ""), "").optional(),
    Shape::hex("taproot_internal_key", "").optional(),
    Shape::array("taproot_tree", &Shape::object("", TREE_LEAF, ""), "In depth first order")
        .optional(),
    Shape::array("taproot_bip32_derivs", &Shape::object("", LEAF_KEY, ""), "").optional(),
    Shape::array("musig2_participant_pubkeys", &Shape::object("", PARTICIPANTS, ""), "").optional(),
    UNKNOWN.optional(),
    PROPRIETARY.optional(),
];

const SOURCE: &[Shape] = &[
    Shape::hex("master_fingerprint", "The fingerprint of the first key above"),
    Shape::text("path", "The path from there"),
];

const KEY: &[Shape] = &[Shape::hex("pubkey", "The key"), Shape::fields(SOURCE)];

const LEAF_KEY: &[Shape] = &[
    Shape::hex("pubkey", "The key, x only"),
    Shape::fields(SOURCE),
    Shape::array("leaf_hashes", &Shape::hex("", ""), "Scripts in which it is"),
];

const LEAF_SIGNATURE: &[Shape] = &[
    Shape::hex("pubkey", "The key, x only"),
    Shape::hex("leaf_hash", "The script"),
    Shape::hex("sig", "The signature"),
];

const LEAF_SCRIPT: &[Shape] = &[
    Shape::hex("script", "The script"),
    Shape::integer("leaf_ver", "Its version"),
    Shape::array("control_blocks", &Shape::hex("", ""), ""),
];

const TREE_LEAF: &[Shape] = &[
    Shape::integer("depth", "How deep it is"),
    Shape::integer("leaf_ver", "Its version"),
    Shape::hex("script", "The script"),
];

const PARTICIPANTS: &[Shape] = &[
    Shape::hex("aggregate_pubkey", "The key that they make up"),
    Shape::array("participant_pubkeys", &Shape::hex("", ""), "Their keys"),
];

const MUSIG: &[Shape] = &[
    Shape::hex("participant_pubkey", "Whose it is"),
    Shape::hex("aggregate_pubkey", "The key that is signed for"),
    Shape::hex("leaf_hash", "The script that is signed for").optional(),
];

const NONCE: &[Shape] = &[Shape::fields(MUSIG), Shape::hex("pubnonce", "The nonce")];

const MUSIG_SIGNATURE: &[Shape] =
    &[Shape::fields(MUSIG), Shape::hex("partial_sig", "The part of the signature")];

const PROPRIETARY: Shape = Shape::array(
    "proprietary",
    &Shape::object(
        "",
        &[
            Shape::hex("identifier", "Whose it is"),
            Shape::integer("subtype", ""),
            Shape::hex("key", ""),
            Shape::hex("value", ""),
        ],
        "",
    ),
    "",
);

const UNKNOWN: Shape = Shape::keyed("unknown", &Shape::hex("key", ""), "What is not understood");
