//! Owns what may differ between the daemon and the Bitcoin Core that it is compared with, and why.
//! Core's level is 29 where Bitcoin Knots 29 stands for it; the daemon's is 31.0.

use billfold_tests::twins::Known;

const fn known(
    method: &'static str,
    core: &'static str,
    ours: &'static str,
    why: &'static str,
) -> Known {
    Known { method, asked: "", core, ours, why }
}

/// The same, of requests with this text.
const fn asked(asked: &'static str, mut known: Known) -> Known {
    known.asked = asked;
    known
}

/// Of HTTP and the envelope.
pub(super) const WIRE: &[Known] = &[
    asked("[{", known("", r#""jsonrpc":"2.0","error":{"code":-32600"#, r#""id":null}"#, STRAY)),
    asked("HEAD", known("", "POST requests", "405", "Core sends a body here, which HTTP forbids")),
    asked("jsonrpc", known("", r#""result":"#, "JSON-RPC version not supported", OTHER_VERSIONS)),
    asked("jsonrpc", known("", r#""result":"#, "field must be a string", OTHER_VERSIONS)),
    asked("DELETE", known("", "405", "405", "Core has no text for verbs that it does not know")),
];

/// Of methods that need no wallet.
pub(super) const PURE: &[Known] = &[
    known("", r#""code":-1,"message":"{method}"#, r#""code":-1,"message":"{method}"#, OWN_TEXTS),
    known("", "TX decode failed", "TX decode failed", "the reader of PSBTs is a library's"),
    known(
        "joinpsbts",
        r#""result":"cHNid"#,
        r#""result":"cHNid"#,
        "both put inputs and outputs in an order drawn by lot",
    ),
    known(
        "analyzepsbt",
        r#"e":-0.23809523"#,
        r#"e":-0.23809524"#,
        "31.0 rounds fee rates down, and 29 towards zero",
    ),
    known(
        "analyzepsbt",
        r#""next":"finalizer"#,
        r#""next":"updater"#,
        "scripts of taproot are not looked into",
    ),
    known("decodepsbt", r#""unknown":{""#, "musig2_", "29 does not know MuSig2 (BIP373)"),
    asked(
        MUSIG,
        known(
            "finalizepsbt",
            r#""complete":true"#,
            r#""complete":true"#,
            "29 keeps fields of MuSig2, as it does not know them",
        ),
    ),
    asked(TREE, known("decodepsbt", r#""taproot_tree""#, r#""taproot_tree""#, LEAVES)),
    asked(TREE, known("finalizepsbt", r#""complete":false"#, r#""complete":false"#, LEAVES)),
    asked(TREE, known("utxoupdatepsbt", r#"{"result":"#, r#"{"result":"cHNid"#, LEAVES)),
    asked(TREE, known("combinepsbt", r#"{"result":"#, r#"{"result":"cHNid"#, LEAVES)),
    known("createmultisig", "", "Position 3 (address_type)", KNOTS),
    known("descriptorprocesspsbt", "", "Position 3 (sighashtype)", KNOTS),
    known("validateaddress", "error_index", "", KNOTS),
    known(
        "verifymessage",
        r#""result":false"#,
        "does not refer to key",
        "Knots verifies messages of BIP322 too",
    ),
    known(
        "verifymessage",
        "Malformed base64",
        r#""result":false"#,
        "Core takes an empty text for base64, and Knots does not",
    ),
    known(
        "decodescript",
        r#""desc":"wsh("#,
        r#""desc":"addr("#,
        "of miniscripts, only those that a person may want are known again",
    ),
    known("", "is not a valid descriptor function", "while parsing", OWN_TEXTS),
];

/// Of wallets.
pub(super) const WALLET: &[Known] = &[
    known("listdescriptors", ".wallet_name", "", NAMES),
    known(
        "listdescriptors",
        ".descriptors = ",
        "",
        "what was searched for while it was restored is told too, and the range is what is watched",
    ),
    known("getwalletinfo", ".walletname", "", NAMES),
    known("getwalletinfo", "balance = ", "balance = null", GONE),
    known("getwalletinfo", "txfee = ", "txfee = null", GONE),
    known("getwalletinfo", ".flags = null", "", "31.0 tells the flags"),
    known("getwalletinfo", ".keypoolsize", "", "as many as are watched ahead"),
    known(
        "getwalletinfo",
        ".blank",
        "",
        "Core goes on calling a wallet blank into which keys were imported",
    ),
    known(
        "getwalletinfo",
        ".birthtime",
        "",
        "Core's keys were imported with time 0, ours restored from height 0",
    ),
    known("getblockchaininfo", ".size_on_disk", "= 0", "no block is kept"),
    known("getblockheader", ".nTx", "= 0", "no block is kept"),
    known("getchaintips", r#""branchlen":1"#, "", "branches that were left are not told"),
    known("listunspent", ".ancestor", "= null", "the fee of others' payments is not known"),
    known("getmempoolentry", "priority", "", KNOTS),
    known("getmempoolentry", ".hash", "", KNOTS),
    known("getmempoolentry", "chunk", "", "31.0 tells what is taken together"),
    known("walletcreatefundedpsbt", ".fee", "", SIZES),
    known("walletcreatefundedpsbt", ".psbt", "", SIZES),
    known("setwalletflag", ".result.warnings", "", "what was spent from is known without a rescan"),
    known(
        "walletcreatefundedpsbt",
        "Unable to find UTXO for external input",
        "so give the transaction that made it",
        "there is no set of unspent outputs, and the error says what to do instead",
    ),
    known(
        "walletprocesspsbt",
        r#""complete":false"#,
        r#""complete":false"#,
        "31.0 writes down a hash type that is not the usual one of taproot",
    ),
    known("bumpfee", "code = -1", "code = -4", "ours says why"),
    known("bumpfee", "is already spent", "has been mined", "ours says why"),
    known(
        "signmessage",
        r#"200 content-type: application/json {"result""#,
        "does not refer to key",
        "Knots signs messages by BIP322 too",
    ),
];

const STRAY: &str = "what is no object in a batch gets the id and the version of the call before \
    it from Core, and no id from us (JSON-RPC 2.0, section 5)";
const OTHER_VERSIONS: &str = "Bitcoin Knots takes any version, and Core those that there are";
const OWN_TEXTS: &str = "help, and what is wrong with a descriptor, are told in our own words";
const LEAVES: &str =
    "the library writes two leaves of a tree that stand side by side in an order of its own";
const KNOTS: &str = "Bitcoin Knots has a further argument, form or field here";

/// How the PSBT with a tree of taproot begins, among Core's own.
const TREE: &str = "cHNidP8BAF4CAAAAASd0Srq/MCf+DWzyOpbu4u+xiO9SMBlUWFiD5ptmJLJCAAAAAAD/////AUjmBSoBAAAAIlEgCoy9yG3hzhwP";

/// How those with `MuSig2` begin.
const MUSIG: &str = "cHNidP8BAFICAAAAA";

const NAMES: &str = "the two wallets have different names";
const GONE: &str = "31.0 has this no more";
const SIZES: &str =
    "signatures are taken to be a byte longer or shorter than Core takes them to be";
