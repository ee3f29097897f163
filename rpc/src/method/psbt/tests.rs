//! Tests of PSBTs by Bitcoin Core's own fixture, and of what joining and combining must keep.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::method::tests::pure;

#[derive(Deserialize)]
struct Fixture {
    invalid: Vec<String>,
    invalid_with_msg: Vec<(String, String)>,
    valid: Vec<String>,
    creator: Vec<Value>,
    combiner: Vec<Value>,
    finalizer: Vec<Value>,
    extractor: Vec<Value>,
}

fn fixture() -> Fixture {
    let text = include_str!("../../../fixtures/core/rpc_psbt.json");
    serde_json::from_str(text).expect("JSON")
}

fn asked(name: &str, params: &Value) -> Result<Value, (i32, String)> {
    pure(name, &params.to_string())
}

#[test]
fn what_core_refuses_is_refused() {
    let Fixture { invalid, invalid_with_msg, .. } = fixture();
    assert_eq!((invalid.len(), invalid_with_msg.len()), (41, 12));
    let mut accepted = Vec::new();
    for (place, text) in invalid.iter().enumerate() {
        match asked("decodepsbt", &json!([text])) {
            Err((code, message)) => {
                assert_eq!(code, -22, "{place}");
                assert!(message.starts_with("TX decode failed "), "{place}: {message}");
            }
            Ok(_) => accepted.push(place),
        }
    }
    assert_eq!(accepted, [0; 0]);
    let mut others = Vec::new();
    for (text, expected) in &invalid_with_msg {
        let refused = asked("decodepsbt", &json!([text])).expect_err(expected);
        assert_eq!(refused.0, -22);
        if !refused.1.contains(expected) {
            others.push(expected.as_str());
        }
    }
    // Of these, the library says something else.
    let known = [
        "Input Taproot BIP32 keypath has an invalid length",
        "Output Taproot tree must not be empty",
    ];
    assert_eq!(others, known);
}

#[test]
fn what_core_takes_is_taken_and_given_back_whole() {
    for (place, text) in fixture().valid.iter().enumerate() {
        let told = asked("decodepsbt", &json!([text])).unwrap_or_else(|e| panic!("{place}: {e:?}"));
        assert_eq!(told["psbt_version"], json!(0), "{place}");
        let again = asked("combinepsbt", &json!([[text, text]])).expect("the same transaction");
        let same = asked("decodepsbt", &json!([again])).expect("a PSBT");
        assert_eq!((&same["tx"], &same["fee"]), (&told["tx"], &told["fee"]), "{place}");
        assert_eq!(asked("combinepsbt", &json!([[again, text]])), Ok(again.clone()), "{place}");
    }
}

#[test]
fn each_role_does_what_core_does() {
    let Fixture { creator, combiner, finalizer, extractor, .. } = fixture();
    for case in creator {
        let made = asked("createpsbt", &json!([case["inputs"], case["outputs"], 0, false]));
        assert_eq!(made, Ok(case["result"].clone()));
    }
    for case in combiner {
        let made = asked("combinepsbt", &json!([case["combine"]]));
        assert_eq!(made, Ok(case["result"].clone()));
    }
    for case in finalizer {
        let made = asked("finalizepsbt", &json!([case["finalize"], false])).expect("finished");
        assert_eq!(made["psbt"], case["result"]);
    }
    for case in extractor {
        let made = asked("finalizepsbt", &json!([case["extract"], true])).expect("whole");
        assert_eq!(made["hex"], case["result"]);
    }
}

const ONE: &str = "75ddabb27b8845f5247975c8a5ba7c6f336c4570708ebe230caf6db5217ae858";
const TWO: &str = "1dea7cd05979072a3578cab271c02244ea8a090bbb46aa680a65ecd027048d83";
const ADDRESS: &str = "bcrt1qmpwzkuwsqc9snjvgdt4czhjsnywa5yjdqpxskv";

fn psbt(txid: &str, amount: f64) -> Value {
    let inputs = json!([{"txid": txid, "vout": 1}]);
    asked("createpsbt", &json!([inputs, {ADDRESS: amount}])).expect("made")
}

#[test]
fn joined_psbts_spend_and_pay_all() {
    let joined = asked("joinpsbts", &json!([[psbt(ONE, 0.1), psbt(TWO, 0.2)]])).expect("joined");
    let told = asked("decodepsbt", &json!([joined])).expect("a PSBT");
    let mut spent: Vec<_> = ["vin", "vout"]
        .iter()
        .flat_map(|side| told["tx"][side].as_array().expect("both").clone())
        .filter_map(|entry| entry.get("txid").or(entry.get("value")).map(ToString::to_string))
        .collect();
    spent.sort();
    let mut expected = [format!("\"{ONE}\""), format!("\"{TWO}\""), "0.1".into(), "0.2".into()];
    expected.sort();
    assert_eq!(spent, expected);
    let twice = asked("joinpsbts", &json!([[psbt(ONE, 0.1), psbt(ONE, 0.2)]]));
    let message = format!("Input {ONE}:1 exists in multiple PSBTs");
    assert_eq!(twice, Err((-8, message)));
    let other = asked("combinepsbt", &json!([[psbt(ONE, 0.1), psbt(ONE, 0.2)]]));
    let message = "PSBTs not compatible (different transactions)";
    assert_eq!(other, Err((-8, message.to_owned())));
}

/// The outputs come in the order of the caller, and no address twice.
#[test]
fn a_transaction_is_made_as_it_was_described() {
    let other = "bcrt1qqzh2ngh97ru8dfvgma25d6r595wcwqy0cee4cc";
    for (first, second) in [(ADDRESS, other), (other, ADDRESS)] {
        for outputs in [
            format!(r#"{{"{first}":1,"{second}":2,"data":"00ff"}}"#),
            format!(r#"[{{"{first}":1}},{{"{second}":2}},{{"data":"00ff"}}]"#),
        ] {
            let inputs = format!(r#"[{{"txid":"{ONE}","vout":0}}]"#);
            let made = pure("createrawtransaction", &format!("[{inputs},{outputs},7]"));
            let told = asked("decoderawtransaction", &json!([made.expect("made")])).expect("told");
            assert_eq!(told["vout"][0]["scriptPubKey"]["address"], json!(first));
            assert_eq!(told["vout"][1]["scriptPubKey"]["address"], json!(second));
            assert_eq!(told["vout"][2]["scriptPubKey"]["hex"], json!("6a0200ff"));
            assert_eq!((&told["locktime"], &told["version"]), (&json!(7), &json!(2)));
            assert_eq!(told["vin"][0]["sequence"], json!(0xffff_fffd_u32));
        }
    }
}

/// From Bitcoin Core's `test/functional/rpc_rawtransaction.py` (MIT).
#[test]
fn what_describes_no_transaction_is_told_in_the_words_of_core() {
    let cases = [
        ("[[],null]".to_owned(), -8, "Invalid parameter, output argument must be non-null"),
        ("[[{}],{}]".to_owned(), -3, "JSON value of type null is not of expected type string"),
        (format!("[[{{\"txid\":\"{ONE}\"}}],{{}}]"), -8, "Invalid parameter, missing vout key"),
        (
            format!("[[{{\"txid\":\"{ONE}\",\"vout\":-1}}],{{}}]"),
            -8,
            "Invalid parameter, vout cannot be negative",
        ),
        (
            format!("[[{{\"txid\":\"{ONE}\",\"vout\":1,\"sequence\":-1}}],{{}}]"),
            -8,
            "Invalid parameter, sequence number is out of range",
        ),
        ("[[],\"x\"]".to_owned(), -3, "JSON value of type string is not of expected type array"),
        ("[[],{\"data\":\"foo\"}]".to_owned(), -8, "Data must be hexadecimal string (not 'foo')"),
        ("[[],{\"foo\":0}]".to_owned(), -5, "Invalid Bitcoin address: foo"),
        (
            "[[],[{\"data\":\"aa\"},{\"data\":\"bb\"}]]".to_owned(),
            -8,
            "Invalid parameter, duplicate key: data",
        ),
        (
            "[[],[{\"a\":1,\"b\":2}]]".to_owned(),
            -8,
            "Invalid parameter, key-value pair must contain exactly one key",
        ),
        ("[[],[[]]]".to_owned(), -8, "Invalid parameter, key-value pair not an object as expected"),
        ("[[],{},-1]".to_owned(), -8, "Invalid parameter, locktime out of range"),
        ("[[],{},4294967296]".to_owned(), -8, "Invalid parameter, locktime out of range"),
        ("[[],{},0,true,4]".to_owned(), -8, "Invalid parameter, version out of range(1~3)"),
        ("[[],{},0,true,-1]".to_owned(), -1, "JSON integer out of range"),
        (
            format!("[[{{\"txid\":\"{ONE}\",\"vout\":0,\"sequence\":4294967295}}],{{}},0,true]"),
            -8,
            "Invalid parameter combination: Sequence number(s) contradict replaceable option",
        ),
        (
            format!("[[],{{\"{ADDRESS}\":1,\"{ADDRESS}\":1}}]"),
            -8,
            "Invalid parameter, duplicated address: bcrt1qmpwzkuwsqc9snjvgdt4czhjsnywa5yjdqpxskv",
        ),
    ];
    for (params, code, message) in cases {
        for method in ["createrawtransaction", "createpsbt"] {
            assert_eq!(pure(method, &params), Err((code, message.to_owned())), "{params}");
        }
    }
    assert_eq!(pure("createrawtransaction", "[[],{}]"), Ok(json!("02000000000000000000")));
}
