//! Owns the bodies of this crate's fuzz targets: what must hold for any bytes that are posted.
//!
//! Refuses to be part of the product: it is built for tests, which replay the corpora of
//! `fixtures/corpus`, and for `fuzz/`, which looks for more.

#[cfg(test)]
#[path = "../../fuzz/corpora.rs"]
mod corpora;
mod door;

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use billfold_wallet_core::command::CommandError;
use billfold_wallet_core::config::WalletName;
use billfold_wallet_core::light_client::params::Params as ChainParams;
use bitcoin::Network;
use tokio::runtime::Runtime;

use crate::apart::here;
use crate::caller::Caller;
use crate::dispatch;
use crate::envelope::{Body as RequestBody, Call, Params, Refused, Reply};
use crate::json::Value;
use crate::node::{Endpoint, Node};
use crate::origin::Origin;
use crate::puppet::Puppet;

/// What a target does with any bytes; it panics if something does not hold.
pub type Body = fn(&[u8]);

/// Every target: its name, which is the directory of its corpus, and its body.
pub const TARGETS: [(&str, Body); 4] = [
    ("rpc_request", rpc_request),
    ("rpc_door", door::any_request),
    ("rpc_path", door::any_path),
    ("rpc_token", door::any_token),
];

/// Whatever is posted, each call in it gets one reply, which is JSON with a result or an error, or
/// waits for something.
fn rpc_request(bytes: &[u8]) {
    let Ok(body) = RequestBody::parse(bytes) else { return };
    let calls = match body {
        RequestBody::Single(call) => vec![call],
        RequestBody::Batch(calls) => calls,
    };
    let node = node();
    for call in calls.into_iter().take(CALLS).filter(is_quick) {
        if let Some(reply) = answered(&node, call) {
            hold(&reply);
        }
    }
}

/// A node with a wallet that refuses everything at once.
fn node() -> Node {
    let puppet = Arc::new(Puppet::new(|_| Some(Err(CommandError::Closing))));
    let node = Node::new(ChainParams::new(Network::Regtest), "0.0.0", None, puppet);
    node.add(WalletName::default());
    node
}

/// The reply, unless the call waits for what never comes here.
fn answered(node: &Node, call: Result<Call, Refused>) -> Option<Reply> {
    let _clock = RUNTIME.enter();
    let caller = Caller::owner(Origin::Socket(None));
    let mut reply = pin!(here(dispatch::reply(node, &caller, &Endpoint::Root, call)));
    let mut context = Context::from_waker(Waker::noop());
    (0..STEPS).find_map(|_| match reply.as_mut().poll(&mut context) {
        Poll::Ready(reply) => Some(reply),
        Poll::Pending => None,
    })
}

fn hold(reply: &Reply) {
    let text = serde_json::to_string(reply).expect("a reply is JSON");
    let read = Value::read(&text).expect("what was written is read");
    assert!(read.as_object().is_some(), "{text}");
    if let Err(error) = &reply.outcome {
        assert!(error.code < 0 && !error.message.is_empty(), "{text}");
    }
}

/// To derive a million addresses is honest work, and slow.
fn is_quick(call: &Result<Call, Refused>) -> bool {
    let Ok(Call { method, params, .. }) = call else { return true };
    let range = match params {
        Params::Positional(values) => values.get(1),
        Params::Named(named) => named.iter().map(|(_, value)| value).find(|v| !v.is_string()),
    };
    method != "deriveaddresses" || range.is_none_or(|range| range.to_string().len() < RANGE_DIGITS)
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime without sockets needs nothing of the system")
});

/// Calls of a batch that are carried out: more show nothing new.
const CALLS: usize = 8;

/// Looks after which a call is taken to wait.
const STEPS: usize = 16;

/// Characters of a range of at most some hundred addresses.
const RANGE_DIGITS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{json, type_name};
    use crate::method::Method;
    use crate::parameter::{Kind, Parameter};

    #[test]
    fn the_corpora_hold() {
        corpora::replay(env!("CARGO_MANIFEST_DIR"), &TARGETS);
    }

    #[test]
    fn no_argument_of_any_method_breaks_it() {
        let node = node();
        for method in Method::all() {
            for (place, parameter) in method.parameters.iter().enumerate() {
                for value in hostile(parameter) {
                    let mut values: Vec<_> = method.parameters.iter().map(fitting).collect();
                    let is_wrong = parameter.mismatch(&value).is_some();
                    values[place] = value.clone();
                    let own = method.parameters.iter().map(|p| p.name().to_owned());
                    let named = own.zip(values.iter().cloned()).collect();
                    for params in [Params::Positional(values), Params::Named(named)] {
                        let Some(reply) = answered(&node, Ok(call(method, params))) else {
                            continue;
                        };
                        hold(&reply);
                        let told = reply.outcome.map_err(|error| error.code);
                        let (name, kind) = (method.name, type_name(&value));
                        assert!(!is_wrong || told.is_err_and(|code| code == -3), "{name} {kind}");
                    }
                }
            }
            let many = vec![Value::Null; method.parameters.len() + 1];
            let reply = answered(&node, Ok(call(method, Params::Positional(many))));
            let error = reply.expect("answered").outcome.expect_err("too many");
            assert_eq!(error.code, -1, "{}", method.name);
        }
    }

    fn call(method: &Method, params: Params) -> Call {
        let text = format!(r#"{{"id":1,"method":"{}"}}"#, method.name);
        let Ok(RequestBody::Single(Ok(call))) = RequestBody::parse(text.as_bytes()) else {
            panic!("{text} is a call");
        };
        Call { params, ..call }
    }

    /// A value of the type that is wanted, with little behind it.
    fn fitting(parameter: &Parameter) -> Value {
        match parameter.kind {
            Kind::Text => json!("x"),
            Kind::Number | Kind::Range | Kind::Any => json!(1),
            Kind::Amount => json!("0.1"),
            Kind::Bool => json!(true),
            Kind::Array => json!([]),
            Kind::Object => json!({}),
        }
    }

    /// Values of every type, and the fields of options with each of them.
    fn hostile(parameter: &Parameter) -> Vec<Value> {
        let deep = "[".repeat(100) + &"]".repeat(100);
        let texts = [
            "null",
            "true",
            "0",
            "-1",
            "1.5",
            "-1e-400",
            "9223372036854775808",
            "99999999999999999999",
            "\"\"",
            "\"\\u0000\"",
            "\"../../etc/passwd\"",
            "\"\u{202e}\"",
            "[]",
            "[null]",
            "[[]]",
            "[{}]",
            "[1]",
            "[\"x\"]",
            "[-1,0]",
            "{}",
            "{\"x\":1}",
            "{\"\":{}}",
            "[{\"txid\":\"x\",\"vout\":-1}]",
            "[{\"desc\":1,\"timestamp\":{}}]",
            &deep,
        ];
        let values: Vec<Value> =
            texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
        let inside = parameter.fields.iter().flat_map(|field| {
            values.iter().map(|value| {
                let text = format!("{{{:?}:{value}}}", field.name());
                serde_json::from_str(&text).expect("JSON")
            })
        });
        let inside: Vec<Value> = inside.collect();
        values.into_iter().chain([json!("x".repeat(100_000))]).chain(inside).collect()
    }
}
