//! Owns the requests whose HTTP and whose envelope are compared: paths, verbs, ids, versions and
//! batches, well made and not.

/// Verb, path and body of each.
pub(super) const REQUESTS: &[(&str, &str, &str)] = &[
    // Verbs and paths.
    ("GET", "/", ""),
    ("PUT", "/", GOOD),
    ("HEAD", "/", ""),
    ("DELETE", "/", ""),
    ("POST", "/?x=1", GOOD),
    ("POST", "//", GOOD),
    ("POST", "/x", GOOD),
    ("GET", "/x", ""),
    ("POST", "/wallet", GOOD),
    ("POST", "/wallet/nope", r#"{"method":"getbalance","id":1}"#),
    ("POST", "/wallet/main?x=1", r#"{"method":"getbalance","id":1}"#),
    ("POST", "/wallet/nope", GOOD),
    ("POST", "/wallet/a/b", GOOD),
    // Ids come back as they were written.
    ("POST", "/", r#"{"method":"getblockcount","id":1.50}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":-0}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":1.5E+0}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":123456789012345678901234567890.10}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":18446744073709551616}"#),
    (
        "POST",
        "/",
        r#"{"method":"getblockcount","id": {"b" : 1.0, "a":[ 1e5,null ], "b":"\u0041é\n"}}"#,
    ),
    ("POST", "/", r#"{"method":"getblockcount","id":null}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":"1.50"}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":01}"#),
    ("POST", "/", r#"{"method":"getblockcount"}"#),
    ("POST", "/", r#"{"jsonrpc":"2.0","method":"getblockcount","id":1.10}"#),
    ("POST", "/", r#"{"jsonrpc":"2.0","method":"nope","id":1.10}"#),
    ("POST", "/", r#"{"jsonrpc":"2.0","method":"getblockcount"}"#),
    ("POST", "/", r#"{"jsonrpc":"2.0","method":"nope"}"#),
    // Numbers keep all their digits where they are amounts, too.
    ("POST", "/", r#"{"method":"createrawtransaction","params":[[],{"data":1.50}],"id":1}"#),
    (
        "POST",
        "/",
        r#"{"method":"createrawtransaction","params":[[],{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":1.000000000000000000000001}],"id":1}"#,
    ),
    (
        "POST",
        "/",
        r#"{"method":"createrawtransaction","params":[[],{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":1.10e-1}],"id":1}"#,
    ),
    ("POST", "/", r#"{"method":"getblockhash","params":[1.0],"id":1}"#),
    ("POST", "/", r#"{"method":"getblockhash","params":[-0],"id":1}"#),
    ("POST", "/", r#"{"method":"getblockcount","id":1e400}"#),
    (
        "POST",
        "/",
        r#"{"method":"createrawtransaction","params":[[],{"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080":1e999999999}],"id":1}"#,
    ),
    // Of two fields of a name the first counts.
    ("POST", "/", r#"{"method":"getblockcount","method":"uptime","id":1,"id":2}"#),
    ("POST", "/", r#"{"method":"getblockhash","params":[0],"params":["x"],"id":1}"#),
    // What can't be read.
    ("POST", "/", r#"{"method":"getblockcount","id":"\ud800"}"#),
    ("POST", "/", r#"{"method":"getblockhash","params":["\ud800"],"id":1}"#),
    ("POST", "/", r#"[{"method":"getblockcount","id":1},{"method":"uptime","id":"\ud800"}]"#),
    // What is no call.
    ("POST", "/", ""),
    ("POST", "/", "{"),
    ("POST", "/", "7"),
    ("POST", "/", "{}"),
    ("POST", "/", r#"{"id":1.0}"#),
    ("POST", "/", r#"{"id":1.0,"method":5}"#),
    ("POST", "/", r#"{"id":1.0,"method":"uptime","params":5}"#),
    ("POST", "/", r#"{"id":1.0,"jsonrpc":"3.0","method":"uptime"}"#),
    ("POST", "/", r#"{"id":1.0,"jsonrpc":2.0,"method":"uptime"}"#),
    ("POST", "/", r#"{"id":1.0,"jsonrpc":"2.0","method":5}"#),
    // Batches.
    ("POST", "/", "[]"),
    ("POST", "/", "[5]"),
    ("POST", "/", r#"[5,{"method":"getblockcount","id":1.0}]"#),
    ("POST", "/", r#"[{"id":3.0,"method":5},{"method":"getblockcount"},{"method":"nope","id":2}]"#),
    ("POST", "/", r#"[{"jsonrpc":"2.0","method":"getblockcount","id":4.0},5]"#),
    ("POST", "/", r#"[{"jsonrpc":"2.0","method":"getblockcount"}]"#),
    ("POST", "/", r#"[{"jsonrpc":"2.0","method":"nope"},{"method":"getblockcount","id":"x"}]"#),
];

const GOOD: &str = r#"{"method":"getblockcount","id":1}"#;
