//! Owns what the methods about peers answer.

use super::{NOTHING, Table};
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("addnode", NOTHING),
    ("clearbanned", NOTHING),
    ("disconnectnode", NOTHING),
    ("getaddednodeinfo", Results::One(Shape::array("", &Shape::object("", ADDED, ""), ""))),
    ("getconnectioncount", Results::One(Shape::integer("", "How many peers there are"))),
    ("getnettotals", Results::One(Shape::object("", TOTALS, ""))),
    ("getnetworkinfo", Results::One(Shape::object("", OVERVIEW, ""))),
    ("getnodeaddresses", Results::One(Shape::array("", &Shape::object("", KNOWN, ""), ""))),
    ("getpeerinfo", Results::One(Shape::array("", &Shape::object("", PEER, ""), ""))),
    ("listbanned", Results::One(Shape::array("", &Shape::object("", BANNED, ""), ""))),
    ("ping", NOTHING),
    ("setban", NOTHING),
    ("setnetworkactive", Results::One(Shape::flag("", "The value that was passed in"))),
];

const ADDED: &[Shape] = &[
    Shape::text("addednode", "As it was added"),
    Shape::flag("connected", "Whether it is connected"),
    Shape::array(
        "addresses",
        &Shape::object(
            "",
            &[
                Shape::text("address", "IP and port"),
                Shape::text("connected", "outbound or inbound"),
            ],
            "",
        ),
        "Where it is connected to",
    ),
];

const TOTALS: &[Shape] = &[
    Shape::integer("totalbytesrecv", "Bytes that came"),
    Shape::integer("totalbytessent", "Bytes that went"),
    Shape::integer("timemillis", "Milliseconds since 1970"),
    Shape::object(
        "uploadtarget",
        &[
            Shape::integer("timeframe", "Seconds that are measured"),
            Shape::integer("target", "Bytes"),
            Shape::flag("target_reached", ""),
            Shape::flag("serve_historical_blocks", ""),
            Shape::integer("bytes_left_in_cycle", ""),
            Shape::integer("time_left_in_cycle", "Seconds"),
        ],
        "",
    ),
];

const OVERVIEW: &[Shape] = &[
    Shape::integer("version", "The level of Bitcoin Core that is followed"),
    Shape::text("subversion", "The same, with this program's own"),
    Shape::integer("protocolversion", "Of the protocol of peers"),
    Shape::hex("localservices", "What is offered to peers"),
    Shape::array("localservicesnames", &Shape::text("", ""), "The same in words"),
    Shape::flag("localrelay", "Whether peers are asked for transactions"),
    Shape::integer("timeoffset", "Seconds"),
    Shape::integer("connections", "How many peers there are"),
    Shape::integer("connections_in", "Of them, those that came by themselves"),
    Shape::integer("connections_out", "Of them, those that were asked"),
    Shape::flag("networkactive", "Whether peers are looked for"),
    Shape::array(
        "networks",
        &Shape::object(
            "",
            &[
                Shape::text("name", "ipv4, ipv6, onion, i2p or cjdns"),
                Shape::flag("limited", "Whether it is left out"),
                Shape::flag("reachable", "Whether peers of it are reached"),
                Shape::text("proxy", "IP and port, or empty"),
                Shape::flag("proxy_randomize_credentials", "Whether each peer has its own circuit"),
            ],
            "",
        ),
        "",
    ),
    Shape::amount("relayfee", "The least fee rate that is relayed, in BTC/kvB"),
    Shape::amount("incrementalfee", "The least step to replace by, in BTC/kvB"),
    Shape::array(
        "localaddresses",
        &Shape::object(
            "",
            &[Shape::text("address", ""), Shape::integer("port", ""), Shape::integer("score", "")],
            "",
        ),
        "",
    ),
    Shape::array("warnings", &Shape::text("", ""), "What should be known"),
];

const KNOWN: &[Shape] = &[
    Shape::time("time", "When it was last seen"),
    Shape::integer("services", "What it offers, as bits"),
    Shape::text("address", ""),
    Shape::integer("port", ""),
    Shape::text("network", "ipv4, ipv6, onion, i2p or cjdns"),
];

const PEER: &[Shape] = &[
    Shape::integer("id", "Its number"),
    Shape::text("addr", "Its address and port"),
    Shape::text("addrbind", "The address and port from which it is reached").optional(),
    Shape::text("addrlocal", "Where it says that we are").optional(),
    Shape::text("network", "ipv4, ipv6, onion, i2p, cjdns or not_publicly_routable"),
    Shape::integer("mapped_as", "Its autonomous system").optional(),
    Shape::hex("services", "What it offers"),
    Shape::array("servicesnames", &Shape::text("", ""), "The same in words"),
    Shape::flag("relaytxes", "Whether it wants transactions"),
    Shape::integer("last_inv_sequence", ""),
    Shape::integer("inv_to_send", "Transactions that wait to be announced to it"),
    Shape::time("lastsend", "When something was last sent"),
    Shape::time("lastrecv", "When something last came"),
    Shape::time("last_transaction", "When a transaction last came"),
    Shape::time("last_block", "When a block last came"),
    Shape::integer("bytessent", ""),
    Shape::integer("bytesrecv", ""),
    Shape::time("conntime", "Since when it is connected"),
    Shape::integer("timeoffset", "Seconds"),
    Shape::real("pingtime", "The last ping, in seconds").optional(),
    Shape::real("minping", "The shortest ping, in seconds").optional(),
    Shape::real("pingwait", "Since when a ping is waited for, in seconds").optional(),
    Shape::integer("version", "Of its protocol"),
    Shape::text("subver", "What it says that it is"),
    Shape::flag("inbound", "Whether it came by itself"),
    Shape::flag("bip152_hb_to", ""),
    Shape::flag("bip152_hb_from", ""),
    Shape::integer("startingheight", "The height that it told first").optional(),
    Shape::integer("presynced_headers", ""),
    Shape::integer("synced_headers", "The last header that both know"),
    Shape::integer("synced_blocks", "The last block that both know"),
    Shape::array("inflight", &Shape::integer("", ""), "Heights of blocks that it was asked for"),
    Shape::flag("addr_relay_enabled", ""),
    Shape::integer("addr_processed", ""),
    Shape::integer("addr_rate_limited", ""),
    Shape::array("permissions", &Shape::text("", ""), ""),
    Shape::amount("minfeefilter", "The least fee rate that it takes, in BTC/kvB"),
    Shape::keyed("bytessent_per_msg", &Shape::integer("msg", ""), ""),
    Shape::keyed("bytesrecv_per_msg", &Shape::integer("msg", ""), ""),
    Shape::text("connection_type", "outbound-full-relay, block-relay-only, manual, feeler …"),
    Shape::text("transport_protocol_type", "v1, v2 or detecting"),
    Shape::text("session_id", "Of v2, or empty"),
];

const BANNED: &[Shape] = &[
    Shape::text("address", "An address or a subnet"),
    Shape::time("ban_created", "Since when"),
    Shape::time("banned_until", "Until when"),
    Shape::integer("ban_duration", "Seconds"),
    Shape::integer("time_remaining", "Seconds"),
];
