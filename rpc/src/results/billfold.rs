//! Owns what the methods answer that Bitcoin Core has not: amounts are whole satoshi, in fields that
//! end in `_sat`.

pub(super) mod insight;
pub(super) mod invoice;
pub(super) mod signer;

use super::Table;
use crate::shape::{Results, Shape};

pub(super) const RESULTS: Table = &[
    ("billfold.audit", Results::One(Shape::object("", AUDIT, ""))),
    ("billfold.bump", Results::One(Shape::object("", PAYMENT, ""))),
    ("billfold.events", Results::One(Shape::object("", EVENTS, ""))),
    ("billfold.getpayment", Results::One(Shape::object("", RECORD, ""))),
    ("billfold.listpayments", Results::One(Shape::object("", RECORDS, ""))),
    ("billfold.op.cancel", OPERATION),
    ("billfold.op.get", OPERATION),
    ("billfold.op.wait", OPERATION),
    (
        "billfold.pay",
        Results::Several(&[
            ("if dry_run is not set or set to false", Shape::object("", PAYMENT, "")),
            ("if dry_run is set to true", Shape::object("", DRY, "")),
        ]),
    ),
    ("billfold.policy.get", Results::One(Shape::object("", LIMITS, ""))),
    ("billfold.policy.set", Results::One(Shape::object("", LIMITS, ""))),
    ("billfold.policy.simulate", Results::One(Shape::object("", VERDICT, ""))),
    ("billfold.rescan", OPERATION),
    ("billfold.token.create", Results::One(Shape::object("", TOKEN, ""))),
    ("billfold.token.inspect", Results::One(Shape::object("", INSPECTED, ""))),
    ("billfold.token.list", Results::One(Shape::array("", &Shape::object("", KEPT_TOKEN, ""), ""))),
    ("billfold.token.narrow", Results::One(Shape::object("", TOKEN, ""))),
    ("billfold.token.revoke", Results::One(Shape::object("", REVOKED, ""))),
];

const NEXT: Shape = Shape::integer("next", "What to ask with as `after` the next time");

const AUDIT: &[Shape] =
    &[Shape::array("entries", &Shape::object("", AUDITED, ""), "In their order"), NEXT];

const AUDITED: &[Shape] = &[
    Shape::integer("number", "Its place in the log"),
    Shape::time("time", "When it was"),
    Shape::text("asker", "Who asked"),
    Shape::text("method", "For what"),
    Shape::text("key", "The key of the call").optional(),
    Shape::hex("txid", "The transaction that came of it").optional(),
    Shape::integer("amount_sat", "What left the wallet").optional(),
    Shape::text("outcome", "done, or the reason of the refusal: of a limit, its rule"),
];

const EVENTS: &[Shape] =
    &[Shape::array("events", &Shape::object("", EVENT, ""), "In their order"), NEXT];

const EVENT: &[Shape] = &[
    Shape::integer("seq", "Its number; no number is left out"),
    Shape::text("event", "transaction, unconfirmed, invoice or reorganised"),
    Shape::hex("txid", "The transaction").optional(),
    Shape::integer("net_sat", "What it brings the wallet; below zero if it takes").optional(),
    Shape::integer("invoice_id", "The invoice").optional(),
    Shape::integer("received_sat", "What the invoice was paid").optional(),
    Shape::text("state", "How the transaction or invoice is now").optional(),
    Shape::hex("blockhash", "Its block, or the last block that stayed").optional(),
    Shape::integer("height", "The height of that block").optional(),
    Shape::hex("left_blockhash", "The block that it was in before").optional(),
];

const OPERATION: Results = Results::One(Shape::object(
    "",
    &[
        Shape::integer("op", "Its number in the wallet"),
        Shape::text("kind", "rescan or sign"),
        Shape::text("state", "running, done, cancelled or failed"),
        Shape::time("begun", "When it began"),
        Shape::time("ended", "When it ended").optional(),
        Shape::integer("from_height", "The first block that is looked at").optional(),
        Shape::time("from_time", "Instead: since when").optional(),
        Shape::real("progress", "The part that is done; less again after a find").optional(),
        Shape::integer("blocks_left", "How many blocks are left, at the most").optional(),
    ],
    "",
));

const COIN: &[Shape] =
    &[Shape::hex("txid", "The transaction"), Shape::integer("vout", "Which output")];

const PAYMENT: &[Shape] = &[
    Shape::integer("payment_id", "Its number, which stays over replacements"),
    Shape::fields(NOW),
    Shape::array("inputs", &Shape::object("", COIN, ""), "The coins that it spends"),
];

const NOW: &[Shape] = &[
    Shape::hex("txid", "The transaction that counts now"),
    Shape::text("state", "How that is now"),
    Shape::integer("fee_sat", "Its fee"),
];

const DRY: &[Shape] = &[
    Shape::flag("dry_run", "Always true"),
    Shape::integer("fee_sat", "The fee that it would have"),
    Shape::array("inputs", &Shape::object("", COIN, ""), "The coins that it would spend"),
    Shape::integer("change_sat", "What would come back"),
    Shape::array("warnings", &Shape::text("", ""), "What should be known before"),
];

const RECORDS: &[Shape] =
    &[Shape::array("payments", &Shape::object("", RECORD, ""), "In their order"), NEXT];

const RECORD: &[Shape] = &[
    Shape::integer("payment_id", "Its number"),
    Shape::text("key", "The key of the call that made it").optional(),
    Shape::hex("txid", "The transaction that counts now").optional(),
    Shape::text("state", "How that is now").optional(),
    Shape::integer("fee_sat", "Its fee").optional(),
    Shape::array(
        "outputs",
        &Shape::object(
            "",
            &[Shape::text("address", "Who is paid"), Shape::integer("amount_sat", "How much")],
            "",
        ),
        "",
    ),
    Shape::array(
        "history",
        &Shape::object(
            "",
            &[
                Shape::text("purpose", "Why it was signed"),
                Shape::fields(NOW),
                Shape::real("sat_per_vb", "Its fee rate"),
            ],
            "",
        ),
        "All that was signed for it",
    ),
];

const LIMITS: &[Shape] = &[
    Shape::integer("per_payment_sat", "The most that a payment takes, with its fee").optional(),
    Shape::array(
        "budgets",
        &Shape::object(
            "",
            &[
                Shape::integer("amount_sat", "The most, with fees"),
                Shape::integer("seconds", "Within so many"),
            ],
            "",
        ),
        "",
    )
    .optional(),
    Shape::array("destinations", &Shape::text("", "An address"), "Who may be paid").optional(),
];

const VERDICT: &[Shape] = &[
    Shape::flag("allowed", "Whether it would be let through"),
    Shape::text("rule", "The rule that refuses it").optional(),
    Shape::text("reason", "The same in words").optional(),
];

const TOKEN: &[Shape] =
    &[Shape::text("id", "By which it is listed and revoked"), Shape::text("token", "The token")];

const INSPECTED: &[Shape] = &[
    Shape::text("id", "By which it is listed and revoked"),
    Shape::array("caveats", &Shape::text("", ""), "What it is bound by"),
    Shape::flag("works", "Whether it is good for this wallet, and not revoked"),
    Shape::array("wallets", &Shape::text("", ""), "Those that it is good for"),
];

const KEPT_TOKEN: &[Shape] = &[
    Shape::text("id", "By which it is revoked"),
    Shape::text("label", "What it is for"),
    Shape::array("caveats", &Shape::text("", ""), "What it is bound by"),
    Shape::text("kept_by", "The wallet at which it was made: it works while that is open"),
    Shape::array("wallets", &Shape::text("", ""), "Those that it is for"),
    Shape::time("created", "When it was made"),
    Shape::time("revoked", "When it was taken back").optional(),
];

const REVOKED: &[Shape] = &[Shape::text("id", "The token"), Shape::flag("revoked", "Always true")];
