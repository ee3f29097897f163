//! Tests of shapes: what fits one, how it is shown, and its schema.

use serde_json::value::RawValue;

use super::*;

const COIN: Shape = Shape::object(
    "",
    &[
        Shape::hex("txid", "The transaction"),
        Shape::amount("amount", ""),
        Shape::integer("vout", "").optional(),
        Shape::fields(&[Shape::array("labels", &Shape::text("", "A label"), "All of them")]),
    ],
    "",
);

const BY_ARGUMENT: Results =
    Results::Several(&[("if verbose is false", Shape::hex("", "The id")), ("otherwise", COIN)]);

const KEYED: Results = Results::One(Shape::keyed("", &Shape::flag("name", ""), ""));

fn checked(results: &Results, text: &str) -> Result<(), (String, String)> {
    let told = RawValue::from_string(text.to_owned()).expect("JSON");
    results.check(&told).map_err(|misfit| (misfit.place, misfit.flaw))
}

#[test]
fn what_is_of_the_shape_fits_and_nothing_else_does() {
    let coin = Results::One(COIN);
    let whole = r#"{"txid":"00ff","amount":-0.10000000,"vout":1,"labels":["a"]}"#;
    assert_eq!(checked(&coin, whole), Ok(()));
    assert_eq!(checked(&coin, r#"{"labels":[],"amount":0.00000000,"txid":""}"#), Ok(()));
    let cases = [
        (r#"{"txid":"00","amount":1.00000000}"#, "$.labels", "missing"),
        (r#"{"txid":"00","amount":1.00000000,"labels":[],"more":1}"#, "$.more", "nothing is told"),
        (r#"{"txid":"00","txid":"00","amount":1.00000000,"labels":[]}"#, "$.txid", "twice"),
        (r#"{"txid":"0","amount":1.00000000,"labels":[]}"#, "$.txid", "Hex"),
        (r#"{"txid":"0G","amount":1.00000000,"labels":[]}"#, "$.txid", "Hex"),
        (r#"{"txid":"00","amount":1.0,"labels":[]}"#, "$.amount", "Amount"),
        (r#"{"txid":"00","amount":1e8,"labels":[]}"#, "$.amount", "Amount"),
        (r#"{"txid":"00","amount":1.00000000,"vout":1.5,"labels":[]}"#, "$.vout", "Integer"),
        (r#"{"txid":"00","amount":1.00000000,"labels":["a",1]}"#, "$.labels.1", "Text"),
        (r#"{"txid":"00","amount":1.00000000,"labels":{}}"#, "$.labels", "no array"),
        ("[]", "$", "no object"),
        ("null", "$", "no object"),
    ];
    for (text, place, flaw) in cases {
        let (at, told) = checked(&coin, text).expect_err(text);
        assert!(at == place && told.contains(flaw), "{text}: {at}: {told}");
    }
}

#[test]
fn any_of_several_results_will_do() {
    assert_eq!(checked(&BY_ARGUMENT, "\"00\""), Ok(()));
    let coin = r#"{"txid":"00","amount":1.00000000,"labels":[]}"#;
    assert_eq!(checked(&BY_ARGUMENT, coin), Ok(()));
    assert!(checked(&BY_ARGUMENT, "{}").is_err());
}

#[test]
fn tuples_have_their_length_and_keyed_objects_any_names() {
    let pair = [Shape::text("", ""), Shape::amount("", ""), Shape::text("", "").optional()];
    let tuple = Results::One(Shape::new("", ShapeKind::Tuple(Box::leak(Box::new(pair))), ""));
    assert_eq!(checked(&tuple, r#"["a",1.00000000]"#), Ok(()));
    assert_eq!(checked(&tuple, r#"["a",1.00000000,"l"]"#), Ok(()));
    for wrong in [r#"["a"]"#, r#"["a",1.00000000,"l",1]"#, r#"[1.00000000,"a"]"#] {
        assert!(checked(&tuple, wrong).is_err(), "{wrong}");
    }
    assert_eq!(checked(&KEYED, r#"{"a":true,"b":false}"#), Ok(()));
    assert!(checked(&KEYED, r#"{"a":1}"#).is_err());
}

/// As Bitcoin Core lays it out.
#[test]
fn people_see_the_json_and_what_it_is() {
    let expected = "
Result (if verbose is false):
\"hex\"    (string) The id

Result (otherwise):
{                    (json object)
  \"txid\" : \"hex\",    (string) The transaction
  \"amount\" : n,      (numeric)
  \"vout\" : n,        (numeric, optional)
  \"labels\" : [       (json array) All of them
    \"str\",           (string) A label
    ...
  ]
}
";
    assert_eq!(BY_ARGUMENT.help(), expected);
}

#[test]
fn programs_see_a_schema() {
    let schema = Results::One(COIN).schema().to_string();
    let expected = concat!(
        r#"{"type":"object","properties":{"txid":{"type":"string","pattern":"^([0-9a-f]{2})*$","#,
        r#""description":"The transaction"},"amount":{"type":"number","x-bitcoin-unit":"amount"},"#,
        r#""vout":{"type":"integer"},"labels":{"type":"array","items":{"type":"string","#,
        r#""description":"A label"},"description":"All of them"}},"additionalProperties":false,"#,
        r#""required":["txid","amount","labels"]}"#,
    );
    assert_eq!(schema, expected);
}
