//! Owns the calls that need no wallet: Core's own fixtures through every method that takes them, and
//! each argument of each method replaced by what it should not be.

use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};

type Call = (String, Value);

/// All of them.
pub(super) fn calls() -> Result<Vec<Call>> {
    let mut calls = psbts()?;
    calls.extend(scripts_and_keys()?);
    calls.extend(made());
    calls.extend(descriptors());
    calls.extend(wrong_arguments(&one_psbt()?));
    Ok(calls)
}

fn fixture(name: &str) -> Result<Value> {
    let path = format!("{}/rpc/fixtures/core/{name}.json", env!("CARGO_MANIFEST_DIR"));
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

fn rows(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn call(method: &str, params: Value) -> Call {
    (method.to_owned(), params)
}

fn one_psbt() -> Result<Value> {
    Ok(fixture("rpc_psbt")?["valid"].get(0).context("a PSBT")?.clone())
}

fn psbts() -> Result<Vec<Call>> {
    let all = fixture("rpc_psbt")?;
    let mut calls = Vec::new();
    for psbt in rows(&all["invalid"]).iter().chain(rows(&all["valid"])) {
        for method in ["decodepsbt", "analyzepsbt", "finalizepsbt", "utxoupdatepsbt"] {
            calls.push(call(method, json!([psbt])));
        }
        calls.push(call("finalizepsbt", json!([psbt, false])));
        calls.push(call("combinepsbt", json!([[psbt]])));
    }
    let valid = rows(&all["valid"]);
    for (first, second) in valid.iter().flat_map(|a| valid.iter().map(move |b| (a, b))) {
        calls.push(call("combinepsbt", json!([[first, second]])));
        calls.push(call("joinpsbts", json!([[first, second]])));
    }
    calls.extend(rows(&all["combiner"]).iter().map(|c| call("combinepsbt", json!([c["combine"]]))));
    for (list, field) in [("finalizer", "finalize"), ("extractor", "extract")] {
        calls.extend(rows(&all[list]).iter().map(|c| call("finalizepsbt", json!([c[field]]))));
    }
    for made in rows(&all["creator"]) {
        for method in ["createpsbt", "createrawtransaction"] {
            calls.push(call(method, json!([made["inputs"], made["outputs"]])));
        }
    }
    Ok(calls)
}

fn scripts_and_keys() -> Result<Vec<Call>> {
    let mut calls = Vec::new();
    for row in rows(&fixture("rpc_decodescript")?) {
        calls.push(call("decodescript", json!([row[0]])));
    }
    for row in rows(&fixture("rpc_validateaddress")?) {
        calls.push(call("validateaddress", json!([row[0]])));
    }
    for list in ["key_io_valid", "key_io_invalid"] {
        for row in rows(&fixture(list)?) {
            calls.push(call("validateaddress", json!([row[0]])));
            calls.push(call("signmessagewithprivkey", json!([row[0], "x"])));
            calls.push(call("verifymessage", json!([row[0], "AAAA", "x"])));
            if let Some(script) = row.get(1) {
                calls.push(call("decodescript", json!([script])));
            }
        }
    }
    // Every opcode, alone and behind a push that is cut short.
    for opcode in 0..=255_u8 {
        calls.push(call("decodescript", json!([format!("{opcode:02x}")])));
        calls.push(call("decodescript", json!([format!("{opcode:02x}51ac4c05")])));
    }
    Ok(calls)
}

/// Transactions and what is made of them.
fn made() -> Vec<Call> {
    let coin = json!({"txid": "11".repeat(32), "vout": 1});
    let final_coin = json!({"txid": "22".repeat(32), "vout": 0, "sequence": 4_294_967_295_u32});
    let pays = json!([{ADDRESS: 0.1}, {"data": "00ff"}]);
    let mut calls = Vec::new();
    for method in ["createpsbt", "createrawtransaction"] {
        for inputs in [json!([]), json!([coin]), json!([coin, final_coin]), json!([final_coin])] {
            for more in [json!([]), json!([0]), json!([500]), json!([500, false]), json!([0, true])]
            {
                let params = [&[inputs.clone(), pays.clone()], rows(&more)].concat();
                calls.push(call(method, Value::Array(params)));
            }
        }
        let amounts =
            [json!("1e-4"), json!("0.1"), json!(21_000_001), json!(-1), json!("x"), json!(1e-9)];
        for amount in amounts {
            calls.push(call(method, json!([[coin], [{ADDRESS: amount}]])));
        }
        calls.push(call(method, json!([[coin], [{ADDRESS: 1}, {ADDRESS: 1}]])));
        calls.push(call(method, json!([[coin], {"data": "zz"}])));
    }
    for hex in [UNSIGNED, NO_INPUT, "", "00", "zz"] {
        for method in ["decoderawtransaction", "converttopsbt"] {
            calls.push(call(method, json!([hex])));
        }
        calls.push(call("decoderawtransaction", json!([hex, true])));
        calls.push(call("decoderawtransaction", json!([hex, false])));
        calls.push(call("signrawtransactionwithkey", json!([hex, [KEY]])));
        calls.push(call("combinerawtransaction", json!([[hex]])));
    }
    let script = "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac";
    let before = json!([{"txid": "11".repeat(32), "vout": 0, "scriptPubKey": script, "amount": 1}]);
    for kind in ["ALL", "NONE", "SINGLE", "ALL|ANYONECANPAY", "DEFAULT", "x"] {
        let params = json!([UNSIGNED, [KEY_ONE], before, kind]);
        calls.push(call("signrawtransactionwithkey", params));
    }
    calls
}

fn descriptors() -> Vec<Call> {
    let bodies = [
        format!("pkh({PUBLIC})"),
        format!("wpkh({PUBLIC})"),
        format!("sh(wpkh({PUBLIC}))"),
        format!("tr({})", &PUBLIC[2..]),
        format!("rawtr({})", &PUBLIC[2..]),
        format!("combo({PUBLIC})"),
        format!("pk({PUBLIC})"),
        format!("multi(1,{PUBLIC})"),
        format!("wsh(sortedmulti(1,{PUBLIC}))"),
        format!("wpkh({TPUB}/0/*)"),
        format!("wpkh([d34db33f/84h/1h/0h]{TPUB}/<0;1>/*)"),
        format!("wpkh([d34db33f/84'/1'/0']{TPUB}/0/*)"),
        format!("wpkh({XPUB}/0/*)"),
        format!("wpkh({KEY_ONE})"),
        format!("addr({ADDRESS})"),
        "raw(51)".to_owned(),
    ];
    let mut calls = Vec::new();
    for body in bodies {
        calls.push(call("getdescriptorinfo", json!([body])));
        calls.push(call("deriveaddresses", json!([body])));
        calls.push(call("getdescriptorinfo", json!([format!("{body}#qqqqqqqq")])));
        calls.push(call("getdescriptorinfo", json!([format!("{body}#qq")])));
    }
    for range in [json!(2), json!([1, 3]), json!([3, 1]), json!([-1, 1]), json!(-1), json!([1])] {
        calls.push(call("deriveaddresses", json!([RANGED, range])));
    }
    for (count, kind) in [(0, "legacy"), (1, "legacy"), (1, "bech32"), (1, "p2sh-segwit"), (2, "x")]
    {
        calls.push(call("createmultisig", json!([count, [PUBLIC], kind])));
        calls.push(call("createmultisig", json!([count, [PUBLIC, PUBLIC, PUBLIC], kind])));
    }
    calls
}

/// Each argument replaced by what it should not be, and left out.
fn wrong_arguments(psbt: &Value) -> Vec<Call> {
    let coin = json!({"txid": "11".repeat(32), "vout": 0});
    let good: &[(&str, Value)] = &[
        ("decodepsbt", json!([psbt])),
        ("analyzepsbt", json!([psbt])),
        ("combinepsbt", json!([[psbt, psbt]])),
        ("finalizepsbt", json!([psbt, true])),
        ("converttopsbt", json!([UNSIGNED, true, false])),
        ("createpsbt", json!([[coin], [{"data": "00"}], 0, true])),
        ("createrawtransaction", json!([[coin], [{"data": "00"}], 0, true])),
        ("decoderawtransaction", json!([UNSIGNED, true])),
        ("decodescript", json!(["51"])),
        ("deriveaddresses", json!([RANGED, [0, 2]])),
        ("getdescriptorinfo", json!([format!("wpkh({PUBLIC})")])),
        ("validateaddress", json!([ADDRESS])),
        ("createmultisig", json!([1, [PUBLIC], "legacy"])),
        ("verifymessage", json!(["mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "AAAA", "x"])),
        ("signmessagewithprivkey", json!([KEY, "x"])),
        ("signrawtransactionwithkey", json!([UNSIGNED, [KEY], [], "ALL"])),
        ("combinerawtransaction", json!([[UNSIGNED]])),
        ("utxoupdatepsbt", json!([psbt, []])),
        ("descriptorprocesspsbt", json!([psbt, [format!("wpkh({KEY})")], "ALL", true, true])),
        ("getblockhash", json!([0])),
    ];
    let wrong = json!([
        null, true, 1, -1, 1.5, 1e30, "", "x", "zz", "00", [], {}, [[]], [1], ["x"], [{}], [null], {"x": 1},
        99_999_999_999_u64
    ]);
    let mut calls = Vec::new();
    for (method, params) in good {
        for whole in
            [params.clone(), json!([]), json!({}), json!({"nope": 1}), json!(5), json!("x")]
        {
            calls.push(call(method, whole));
        }
        let params = rows(params);
        let more = [json!(1), json!(2), json!(3), json!(4)];
        calls.push(call(method, Value::Array([params, &more].concat())));
        for at in 0..params.len() {
            calls.push(call(method, json!(params[..at])));
            for value in rows(&wrong) {
                let mut params = params.to_vec();
                params[at] = value.clone();
                calls.push(call(method, Value::Array(params)));
            }
        }
    }
    calls
}

const ADDRESS: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
const PUBLIC: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const KEY: &str = "cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW";
/// Of the number one.
const KEY_ONE: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";
const TPUB: &str = "tpubDDMeSB8GZarvXKuJ4QmoNH9MvMuMUfzRSSR2knhLowdwD3f4B8yKUbVUCb7P1kwWZoskJRy7jKWzBcBvKQtAwkqKJGbmt7xgiVcqSGsh5yR";
const XPUB: &str = "xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY";
const RANGED: &str = "pkh([a9c89da4/44h/1h/0h]tpubDDMeSB8GZarvXKuJ4QmoNH9MvMuMUfzRSSR2knhLowdwD3f4B8yKUbVUCb7P1kwWZoskJRy7jKWzBcBvKQtAwkqKJGbmt7xgiVcqSGsh5yR/0/*)#mmmk087j";
const UNSIGNED: &str = "020000000111111111111111111111111111111111111111111111111111111111111111110000000000ffffffff0140420f00000000001600147b2f0e5f2f0e5f2f0e5f2f0e5f2f0e5f2f0e5f2f00000000";
const NO_INPUT: &str =
    "02000000000140420f00000000001600147b2f0e5f2f0e5f2f0e5f2f0e5f2f0e5f2f0e5f2f00000000";
