//! Tests of arguments: where they land, and what Bitcoin Core says of wrong ones.

use bitcoin::hex::DisplayHex as _;

use super::*;
use crate::json::json;
use crate::parameter::Kind;

const PARAMETERS: &[Parameter] = &[
    Parameter::required("address", Kind::Text, ""),
    Parameter::optional("count|n", Kind::Number, ""),
    Parameter::optional("flag", Kind::Bool, ""),
    Parameter::options(&[Parameter::optional("fee_rate", Kind::Amount, "")], ""),
];

fn read(params: &Value) -> Result<Vec<Value>, RpcError> {
    let params = Params::read(&params.to_string()).expect("an array or an object");
    Arguments::read(PARAMETERS, params, || "usage".to_owned()).map(|read| read.values)
}

fn refusal(params: &Value) -> (i32, String) {
    let error = read(params).expect_err("refused");
    (error.code, error.message)
}

#[test]
fn arguments_come_by_place_by_name_or_both() {
    let cases = [
        (json!(["a"]), json!(["a"])),
        (json!({"address": "a"}), json!(["a"])),
        (json!({"flag": true, "address": "a"}), json!(["a", null, true])),
        (json!({"address": "a", "n": 3}), json!(["a", 3])),
        (json!({"args": ["a", 3], "flag": false}), json!(["a", 3, false])),
        (json!({"args": ["a"], "flag": false}), json!(["a", null, false])),
        (json!({"address": "a", "fee_rate": 2}), json!(["a", null, null, {"fee_rate": 2}])),
        (json!({"args": ["a"], "fee_rate": "1"}), json!(["a", null, null, {"fee_rate": "1"}])),
        (json!({"address": "a", "options": {"x": 2}}), json!(["a", null, null, {"x": 2}])),
    ];
    for (params, placed) in cases {
        assert_eq!(json!(read(&params).expect("good")), placed, "{params}");
    }
}

#[test]
fn wrong_names_are_told_in_the_words_of_core() {
    let cases = [
        (json!({"address": "a", "x": 1}), "Unknown named parameter x"),
        (json!({"address": "a", "args": 1}), "Unknown named parameter args"),
        (
            json!({"args": ["a"], "address": "b"}),
            "Parameter address specified twice both as positional and named argument",
        ),
        (
            json!({"args": ["a", 1, true], "n": 2}),
            "Parameter count|n specified twice both as positional and named argument",
        ),
        (
            json!({"address": "a", "options": {}, "fee_rate": 1}),
            "Parameter options conflicts with parameter fee_rate",
        ),
    ];
    for (params, message) in cases {
        assert_eq!(refusal(&params), (-8, message.to_owned()));
    }
    let twice = Params::Named(vec![("n".to_owned(), json!(1)), ("n".to_owned(), json!(2))]);
    let error = Arguments::read(PARAMETERS, twice, String::new).expect_err("refused");
    assert_eq!(error, RpcError::parameter("Parameter n specified multiple times"));
}

/// Compared each with each, as many as fit into a request would take an hour.
#[test]
fn names_without_an_end_are_refused_at_once() {
    let names = (0..500_000).map(|number| format!("n{number}"));
    let mut all: Vec<_> = names.map(|name| (name, json!(1))).collect();
    let refused = |given| Arguments::read(PARAMETERS, Params::Named(given), String::new);
    let told = refused(all.clone()).expect_err("unknown");
    assert_eq!(told, RpcError::parameter("Unknown named parameter n0"));
    all.push(("n499999".to_owned(), json!(1)));
    let told = refused(all).expect_err("twice");
    assert_eq!(told, RpcError::parameter("Parameter n499999 specified multiple times"));
}

#[test]
fn a_wrong_number_of_arguments_shows_the_usage() {
    assert_eq!(refusal(&json!([])), (-1, "usage".to_owned()));
    assert_eq!(refusal(&json!(["a", 1, true, {}, 5])), (-1, "usage".to_owned()));
    assert_eq!(refusal(&json!({"n": 1})).0, -3, "the hole before it is no text");
}

#[test]
fn all_wrong_types_are_told_at_once() {
    let message = "Wrong type passed:\n{\n    \"Position 1 (address)\": \"JSON value of type \
                   number is not of expected type string\",\n    \"Position 3 (flag)\": \"JSON \
                   value of type string is not of expected type bool\"\n}";
    assert_eq!(refusal(&json!([1, null, "yes"])), (-3, message.to_owned()));
}

/// From Bitcoin Core's `src/test/rpc_tests.cpp` (MIT), `rpc_parse_monetary_values`.
#[test]
fn amounts_are_read_as_core_reads_them() {
    let good = [
        ("0", 0),
        ("0.00000000", 0),
        ("0.00000001", 1),
        ("0.17622195", 17_622_195),
        ("0.5", 50_000_000),
        ("0.50000000", 50_000_000),
        ("0.89898989", 89_898_989),
        ("1.00000000", 100_000_000),
        ("20999999.9999999", 2_099_999_999_999_990),
        ("20999999.99999999", 2_099_999_999_999_999),
        ("1e-8", 1),
        ("0.1e-7", 1),
        ("0.01e-6", 1),
        ("0.00000000000000000000000000000000000001000000000000000000e+30", 1),
        ("0.00000001000000", 1),
        ("0.19e-6", 19),
        ("0.0000000000000000000000000000000000000000000000000000000000000000000000000001e+68", 1),
        ("10000000000000000000000000000000000000000000000000000000000000000e-64", 100_000_000),
    ];
    for (text, sats) in good {
        assert_eq!(amount(&json!(text)).map(Amount::to_sat), Ok(sats), "{text}");
    }
    let numbers = [
        (json!(0.1), 10_000_000),
        (json!(20_999_999.999_999_99), 2_099_999_999_999_999),
        (json!(1e-8), 1),
        (json!(0.29), 29_000_000),
        (json!(21_000_000), 2_100_000_000_000_000),
    ];
    for (value, sats) in numbers {
        assert_eq!(amount(&value).map(Amount::to_sat), Ok(sats), "{value}");
    }
}

#[test]
fn what_is_no_amount_is_refused_as_core_refuses_it() {
    let invalid = [
        "0.000000001",
        "1e-9",
        "0.000000019",
        "93e+9999999999",
        "1e",
        "",
        " 1",
        "1 ",
        ".5",
        "5.",
        "+1",
        "01",
        "--1",
        "1.2.3",
        "1e1.5",
        "nan",
        "0x1",
        "1e+",
        "1e11111111",
    ];
    for text in invalid {
        let error = amount(&json!(text)).expect_err(text);
        assert_eq!((error.code, error.message.as_str()), (-3, "Invalid amount"), "{text:?}");
    }
    for value in [json!("-0.00000001"), json!(-1), json!("21000000.00000001"), json!(1e10)] {
        let error = amount(&value).expect_err("out of range");
        assert_eq!((error.code, error.message.as_str()), (-3, "Amount out of range"), "{value}");
    }
    let error = amount(&json!(true)).expect_err("no number");
    assert_eq!(error.message, "Amount is not a number or string");
}

#[test]
fn hashes_have_their_length() {
    let error = hash::<bitcoin::Txid>("ab", "txid").expect_err("too short");
    assert_eq!(error, RpcError::parameter("txid must be of length 64 (not 2, for 'ab')"));
    let text = "zz".repeat(32);
    let error = hash::<bitcoin::Txid>(&text, "txid").expect_err("not hexadecimal");
    assert_eq!(error.message, format!("txid must be hexadecimal string (not '{text}')"));
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    chain: String,
    is_privkey: bool,
    is_compressed: Option<bool>,
    #[serde(default)]
    try_case_flip: bool,
}

/// Every entry of Bitcoin Core's `key_io_valid.json`.
#[test]
fn addresses_and_keys_are_those_of_core() {
    let fixture = include_str!("../../fixtures/core/key_io_valid.json");
    let entries: Vec<(String, String, About)> = serde_json::from_str(fixture).expect("JSON");
    assert_eq!(entries.len(), VALID_ENTRIES);
    for (text, payload, about) in entries {
        let network = NETWORKS.iter().find(|(name, _)| *name == about.chain).expect("known").1;
        let spk = |text: &str| {
            address(text, network, "").map(|address| address.script_pubkey().to_hex_string())
        };
        if about.is_privkey {
            let key = private_key(&text, network).expect(&text);
            assert_eq!(key.to_bytes().to_lower_hex_string(), payload);
            assert_eq!(Some(key.compressed), about.is_compressed);
            assert!(spk(&text).is_err());
            continue;
        }
        assert_eq!(spk(&text), Ok(payload));
        let flipped = |letter: char| {
            if letter.is_ascii_lowercase() {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        };
        let flipped: String = text.chars().map(flipped).collect();
        assert_eq!(spk(&flipped).is_ok(), about.try_case_flip, "{flipped}");
    }
}

/// Every entry of Bitcoin Core's `key_io_invalid.json`.
#[test]
fn what_is_no_address_or_key_for_core_is_none() {
    let fixture = include_str!("../../fixtures/core/key_io_invalid.json");
    let entries: Vec<(String,)> = serde_json::from_str(fixture).expect("JSON");
    assert_eq!(entries.len(), INVALID_ENTRIES);
    for (text,) in entries {
        for (_, network) in NETWORKS {
            assert!(address(&text, network, "").is_err(), "{text}");
            assert!(private_key(&text, network).is_err(), "{text}");
        }
    }
}

const NETWORKS: [(&str, Network); 5] = [
    ("main", Network::Bitcoin),
    ("test", Network::Testnet),
    ("testnet4", Network::Testnet4),
    ("signet", Network::Signet),
    ("regtest", Network::Regtest),
];

/// How many entries the fixtures have.
const VALID_ENTRIES: usize = 70;
const INVALID_ENTRIES: usize = 70;
