//! Owns what the methods about the daemon answer.

use super::Table;
use crate::shape::{Results, Shape, ShapeKind};

pub(super) const RESULTS: Table = &[
    (
        "getmemoryinfo",
        Results::Several(&[
            ("mode \"stats\"", Shape::object("", &[Shape::object("locked", MEMORY, "")], "")),
            ("mode \"mallocinfo\"", Shape::text("", "XML")),
        ]),
    ),
    (
        "enumeratesigners",
        Results::One(Shape::object(
            "",
            &[Shape::array("signers", &Shape::object("", SIGNER, ""), "")],
            "",
        )),
    ),
    ("getopenrpcinfo", Results::One(Shape::object("", DOCUMENT, ""))),
    ("getrpcinfo", Results::One(Shape::object("", RPC, ""))),
    ("getzmqnotifications", Results::One(Shape::array("", &Shape::object("", ZMQ, ""), ""))),
    ("help", Results::One(Shape::text("", "The methods, or what one of them does"))),
    ("rpc.discover", Results::One(Shape::object("", DOCUMENT, ""))),
    ("stop", Results::One(Shape::text("", "That it stops"))),
    ("uptime", Results::One(Shape::integer("", "Seconds since it started"))),
];

const SIGNER: &[Shape] =
    &[Shape::text("fingerprint", "Master key fingerprint"), Shape::text("name", "Device name")];

const MEMORY: &[Shape] = &[
    Shape::integer("used", "Bytes in use"),
    Shape::integer("free", "Bytes that are free"),
    Shape::integer("total", "Bytes in all"),
    Shape::integer("locked", "Bytes that are kept from the disk"),
    Shape::integer("chunks_used", "Parts in use"),
    Shape::integer("chunks_free", "Parts that are free"),
];

const RPC: &[Shape] = &[
    Shape::array(
        "active_commands",
        &Shape::object(
            "",
            &[
                Shape::text("method", "Its name"),
                Shape::integer("duration", "Microseconds since it began"),
            ],
            "",
        ),
        "Calls that are carried out now",
    ),
    Shape::text("logpath", "Where the log is"),
];

const ZMQ: &[Shape] = &[
    Shape::text("type", "What is published"),
    Shape::text("address", "Where"),
    Shape::integer("hwm", "How many may wait"),
];

const DOCUMENT: &[Shape] = &[
    Shape::text("openrpc", "The version of OpenRPC"),
    Shape::object(
        "info",
        &[
            Shape::text("title", "Of what it tells"),
            Shape::text("version", "Its version"),
            Shape::text("description", "Where it comes from"),
        ],
        "",
    ),
    Shape::array("methods", &Shape::object("", DOCUMENTED, ""), "Every method that is answered"),
];

const DOCUMENTED: &[Shape] = &[
    Shape::text("name", "Its name"),
    Shape::text("description", "What it does"),
    Shape::array("params", &Shape::object("", PARAMETER, ""), "Its arguments, in their order"),
    Shape::text("paramStructure", "either: they may stand in order or be named"),
    Shape::object(
        "result",
        &[Shape::text("name", "result"), Shape::new("schema", ShapeKind::Any, "A JSON Schema")],
        "",
    ),
    Shape::text("x-bitcoin-category", "What it is about"),
];

const PARAMETER: &[Shape] = &[
    Shape::text("name", "Its name"),
    Shape::flag("required", "Whether it must be there"),
    Shape::new("schema", ShapeKind::Any, "A JSON Schema"),
    Shape::text("description", "What it is").optional(),
    Shape::array("x-bitcoin-aliases", &Shape::text("", ""), "Its other names").optional(),
];
