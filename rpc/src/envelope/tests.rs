//! Tests of the envelope: what Bitcoin Core answers to each shape of a request.

use super::*;
use crate::json::answer;
use crate::json::json;

fn single(text: &str) -> Result<Call, Refused> {
    match Body::parse(text.as_bytes()).expect("JSON") {
        Body::Single(call) => call,
        Body::Batch(_) => panic!("{text} is one call"),
    }
}

fn reply(to: &ReplyTo, outcome: Result<u8, RpcError>) -> (u16, String) {
    let outcome = outcome.and_then(|result| answer(&result));
    let reply = Reply { to: to.clone(), outcome };
    (reply.status(), serde_json::to_string(&reply).expect("it has a form"))
}

#[test]
fn old_callers_get_both_fields_and_a_status() {
    for text in [
        r#"{"id":"a","method":"m"}"#,
        r#"{"jsonrpc":"1.0","id":"a","method":"m","params":[]}"#,
        r#"{"jsonrpc":null,"id":"a","method":"m","params":null}"#,
        r#"{"version":"1.1","id":"a","method":"m","params":[]}"#,
    ] {
        let call = single(text).expect("a call");
        assert_eq!((call.method.as_str(), call.params), ("m", Params::Positional(vec![])));
        let good = (200, r#"{"result":7,"error":null,"id":"a"}"#.to_owned());
        assert_eq!(reply(&call.to, Ok(7)), good);
        for (error, status) in [
            (RpcError::no_method("x"), 404),
            (RpcError::new(Code::InvalidRequest, "x"), 400),
            (RpcError::parameter("x"), 500),
            (RpcError::new(Code::Parse, "x"), 500),
        ] {
            let text = format!(
                r#"{{"result":null,"error":{{"code":{},"message":"x"}},"id":"a"}}"#,
                error.code
            );
            assert_eq!(reply(&call.to, Err(error)), (status, text));
        }
    }
}

#[test]
fn new_callers_get_one_field_and_no_status() {
    let call = single(r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#).expect("a call");
    assert!(!call.to.is_notification(), "null is an id");
    let good = (200, r#"{"jsonrpc":"2.0","result":7,"id":null}"#.to_owned());
    assert_eq!(reply(&call.to, Ok(7)), good);
    let bad = r#"{"jsonrpc":"2.0","error":{"code":-32601,"message":"x"},"id":null}"#.to_owned();
    assert_eq!(reply(&call.to, Err(RpcError::no_method("x"))), (200, bad));
}

#[test]
fn only_a_new_caller_without_an_id_wants_no_reply() {
    let notification = single(r#"{"jsonrpc":"2.0","method":"m"}"#).expect("a call");
    assert!(notification.to.is_notification());
    let old = single(r#"{"method":"m"}"#).expect("a call");
    assert!(!old.to.is_notification());
    assert_eq!(reply(&old.to, Ok(1)).1, r#"{"result":1,"error":null}"#);
}

#[test]
fn what_is_no_call_is_told_to_whom_it_can_be() {
    let cases = [
        (r#"{"id":1}"#, "Missing method"),
        (r#"{"id":1,"method":2}"#, "Method must be a string"),
        (r#"{"id":1,"method":"m","params":"x"}"#, "Params must be an array or object"),
        (r#"{"id":1,"method":"m","params":3}"#, "Params must be an array or object"),
        (r#"{"id":1,"jsonrpc":2.0,"method":"m"}"#, "jsonrpc field must be a string"),
        (r#"{"id":1,"jsonrpc":"2.1","method":"m"}"#, "JSON-RPC version not supported"),
    ];
    for (text, message) in cases {
        let refused = single(text).expect_err(message);
        assert_eq!(refused.error, RpcError::new(Code::InvalidRequest, message));
        assert_eq!(refused.to.id, Some(json!(1)));
    }
}

#[test]
fn a_batch_keeps_its_order_and_its_strangers() {
    let text = r#"[{"id":1,"method":"a"}, 5, {"jsonrpc":"2.0","id":2,"method":"b"}]"#;
    let Ok(Body::Batch(calls)) = Body::parse(text.as_bytes()) else { panic!("a batch") };
    assert_eq!(calls[0].as_ref().map(|call| call.method.as_str()), Ok("a"));
    let refused = calls[1].as_ref().expect_err("no call");
    assert_eq!(refused.error.message, "Invalid Request object");
    assert_eq!(refused.to, ReplyTo::UNKNOWN);
    assert_eq!(calls[2].as_ref().map(|call| call.to.version), Ok(Version::Two));
    assert!(matches!(Body::parse(b"[]"), Ok(Body::Batch(calls)) if calls.is_empty()));
}

#[test]
fn what_is_not_json_is_refused_whole() {
    for text in ["", "{", "{\"id\":1", "nonsense", "[1,", "\u{0}"] {
        assert_eq!(Body::parse(text.as_bytes()).expect_err(text).code, -32700, "{text:?}");
    }
    for text in ["7", "\"x\"", "null", "true"] {
        let error = Body::parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.message, "Top-level object parse error");
    }
}

#[test]
fn deep_nesting_ends_in_a_refusal() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let params = format!(r#"{{"id":1,"method":"m","params":{deep}}}"#);
    let id = format!(r#"{{"id":{deep},"method":"m"}}"#);
    for text in [params, id, deep] {
        let error = Body::parse(text.as_bytes()).expect_err("it is too deep");
        assert_eq!(error, RpcError::new(Code::Parse, "Parse error"));
    }
}

#[test]
fn nothing_is_read_as_something_else_in_silence() {
    for text in [
        r#"{"method":"m","id":"\ud800"}"#,
        r#"{"method":"m","params":["\ud800"],"id":1}"#,
        r#"[{"method":"m","id":1},{"method":"m","id":"\ud800"}]"#,
        r#"{"method":"m","id":1,"other":"\ud800"}"#,
    ] {
        assert_eq!(Body::parse(text.as_bytes()).expect_err(text).code, -32700, "{text}");
    }
    assert_eq!(Body::parse(b"{\"method\":\"\xff\"}").expect_err("no text").code, -32700);
    let call = single(r#"{"method":"m","id":1e400,"params":[1e999999999]}"#).expect("a call");
    assert_eq!(reply(&call.to, Ok(7)).1, r#"{"result":7,"error":null,"id":1e400}"#);
    let Params::Positional(values) = &call.params else { panic!("they have places") };
    assert_eq!(values[0].to_string(), "1e999999999");
}

#[test]
fn the_first_of_two_fields_counts_as_in_core() {
    let text = r#"{"method":"a","method":"b","id":1,"id":2,"params":[1],"params":[2]}"#;
    let call = single(text).expect("a call");
    assert_eq!((call.method.as_str(), call.to.id), ("a", Some(json!(1))));
    assert_eq!(call.params, Params::Positional(vec![json!(1)]));
}

#[test]
fn names_that_come_twice_are_kept_twice() {
    let call = single(r#"{"method":"m","params":{"a":1,"a":2}}"#).expect("a call");
    let twice = vec![("a".to_owned(), json!(1)), ("a".to_owned(), json!(2))];
    assert_eq!(call.params, Params::Named(twice));
}
