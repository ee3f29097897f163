//! Owns what the methods about wallets as a whole answer.

use super::{LAST_BLOCK, NOTHING, Table, WARNINGS};
use crate::shape::{Results, Shape, ShapeKind};

pub(super) const RESULTS: Table = &[
    ("abortrescan", Results::One(Shape::flag("", "Whether there was one to abort"))),
    ("backupwallet", NOTHING),
    ("createwallet", LOADED),
    (
        "createwalletdescriptor",
        Results::One(Shape::object(
            "",
            &[Shape::array("descs", &Shape::text("", ""), "The descriptors that were made")],
            "",
        )),
    ),
    ("encryptwallet", Results::One(Shape::text("", "What to do next"))),
    ("gethdkeys", Results::One(Shape::array("", &Shape::object("", HD_KEY, ""), ""))),
    ("getwalletinfo", Results::One(Shape::object("", WALLET, ""))),
    ("importdescriptors", Results::One(Shape::array("", &Shape::object("", IMPORTED, ""), ""))),
    ("listdescriptors", Results::One(Shape::object("", DESCRIPTORS, ""))),
    (
        "listwalletdir",
        Results::One(Shape::object(
            "",
            &[Shape::array(
                "wallets",
                &Shape::object("", &[Shape::text("name", "Its name"), WARNINGS], ""),
                "",
            )],
            "",
        )),
    ),
    ("importprunedfunds", NOTHING),
    ("listwallets", Results::One(Shape::array("", &Shape::text("", "The name of a wallet"), ""))),
    ("loadwallet", LOADED),
    (
        "rescanblockchain",
        Results::One(Shape::object(
            "",
            &[
                Shape::integer("start_height", "The height of the first block"),
                Shape::new(
                    "stop_height",
                    ShapeKind::Either(&[Shape::integer("", ""), Shape::NULL]),
                    "The height of the last block, or null",
                ),
            ],
            "",
        )),
    ),
    ("restorewallet", LOADED),
    (
        "setwalletflag",
        Results::One(Shape::object(
            "",
            &[
                Shape::text("flag_name", "The flag"),
                Shape::flag("flag_state", "How it is now"),
                Shape::text("warnings", "What should be known of it").optional(),
            ],
            "",
        )),
    ),
    ("signmessage", Results::One(Shape::text("", "The signature in base64"))),
    ("unloadwallet", Results::One(Shape::object("", &[WARNINGS], ""))),
    ("walletlock", NOTHING),
    ("walletpassphrase", NOTHING),
    ("walletpassphrasechange", NOTHING),
];

const LOADED: Results =
    Results::One(Shape::object("", &[Shape::text("name", "The wallet"), WARNINGS], ""));

const WALLET: &[Shape] = &[
    Shape::text("walletname", "Its name"),
    Shape::integer("walletversion", "The version of its format"),
    Shape::text("format", "The format of its file"),
    Shape::integer("txcount", "How many transactions it has"),
    Shape::integer("keypoolsize", "How many addresses are watched ahead"),
    Shape::integer("keypoolsize_hd_internal", "The same for change").optional(),
    Shape::time("unlocked_until", "0 if it is locked; only with a passphrase").optional(),
    Shape::flag("private_keys_enabled", "Whether it may have private keys"),
    Shape::flag("avoid_reuse", "Whether addresses that were spent from are avoided"),
    Shape::new(
        "scanning",
        ShapeKind::Either(&[Shape::object("", SCANNING, "A scan that runs, or false"), NO_SCAN]),
        "A scan that runs, or false",
    ),
    Shape::flag("descriptors", "Always true"),
    Shape::flag("external_signer", "Whether a device signs"),
    Shape::flag("blank", "Whether it was made without keys"),
    Shape::time("birthtime", "From when blocks are looked at").optional(),
    Shape::array("flags", &Shape::text("", ""), "Its flags"),
    LAST_BLOCK,
];

const SCANNING: &[Shape] =
    &[Shape::integer("duration", "Seconds since it began"), Shape::real("progress", "From 0 to 1")];

const NO_SCAN: Shape = Shape::flag("", "");

const HD_KEY: &[Shape] = &[
    Shape::text("xpub", "The key"),
    Shape::flag("has_private", "Whether the wallet has its private key"),
    Shape::text("xprv", "The private key, if it was asked for").optional(),
    Shape::array(
        "descriptors",
        &Shape::object(
            "",
            &[
                Shape::text("desc", "The descriptor"),
                Shape::flag("active", "Whether new addresses come from it"),
            ],
            "",
        ),
        "Those that use it",
    ),
];

const IMPORTED: &[Shape] = &[
    Shape::flag("success", "Whether it was imported"),
    WARNINGS,
    Shape::object(
        "error",
        &[Shape::integer("code", "Its code"), Shape::text("message", "What is wrong")],
        "",
    )
    .optional(),
];

const DESCRIPTORS: &[Shape] = &[
    Shape::text("wallet_name", "The wallet"),
    Shape::array("descriptors", &Shape::object("", DESCRIPTOR, ""), "In the order of their texts"),
];

const DESCRIPTOR: &[Shape] = &[
    Shape::text("desc", "The descriptor"),
    Shape::time("timestamp", "When it was made"),
    Shape::flag("active", "Whether new addresses come from it"),
    Shape::flag("internal", "Whether change goes to it; only of active ones").optional(),
    Shape::new("range", ShapeKind::Tuple(RANGE), "The numbers that are watched").optional(),
    Shape::integer("next", "The same as next_index").optional(),
    Shape::integer("next_index", "The number of the next address").optional(),
];

const RANGE: &[Shape] = &[Shape::integer("", "The first"), Shape::integer("", "The last")];
