//! Owns a device that answers by a script, and how it is asked.
//!
//! Refuses to judge what is asked.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bitcoin::Network;
use bitcoin::bip32::{ChildNumber, Xpriv, Xpub};
use bitcoin::secp256k1::Secp256k1;
use minicbor::Decoder;

use super::super::{Greeted, Jade};
use crate::link::Link;
use crate::place::Place;
use crate::problem::DeviceError;
use crate::value::{self, Value, encoded};
use crate::watch::Unwatched;
/// A device that answers by a script, in time that passes only while nothing is said.
struct Peer {
    answer: Answers,
    heard: Arc<Mutex<Vec<String>>>,
    outgoing: VecDeque<u8>,
    age: Duration,
}

/// From method and parameters to what the device sends, all of it at once.
pub(super) type Answers = Box<dyn FnMut(&str, &str, &[u8]) -> Vec<u8> + Send>;

impl Link for Peer {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fields = value::map(bytes, 3).expect("a request");
        let text = |at: usize| value::text(&fields[at].1).expect("a text");
        assert_eq!((fields[0].0.as_str(), fields[1].0.as_str()), ("id", "method"));
        let (id, method) = (text(0), text(1));
        assert!(id.len() < 16 && method.len() < 32, "what devices take: {id} {method}");
        let params = fields.get(2).map_or(&[][..], |(_, params)| params);
        self.heard.lock().expect("unpoisoned").push(method.clone());
        self.outgoing.extend((self.answer)(&id, &method, params));
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        // Little at a time, as a slow port does.
        let taken = self.outgoing.len().min(buffer.len()).min(7);
        if taken == 0 {
            self.age += wait;
        }
        for (to, from) in buffer.iter_mut().zip(self.outgoing.drain(..taken)) {
            *to = from;
        }
        Ok(taken)
    }

    fn age(&self) -> Duration {
        self.age
    }
}

pub(super) fn place() -> Place {
    Place::Serial("/dev/ttyACM0".into())
}

pub(super) fn result(id: &str, result: Value<'_>) -> Vec<u8> {
    encoded(&Value::Map(vec![("id", Value::Text(id)), ("result", result)]))
}

pub(super) fn error(id: &str, code: i64, reason: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut bytes);
    encoder.map(2).and_then(|e| e.str("id")?.str(id)?.str("error")?.map(2)).expect("written");
    let code = encoder.str("code").and_then(|e| e.i64(code)?.str("message")?.str(reason));
    code.expect("written");
    bytes
}

pub(super) fn version(id: &str, state: &str, networks: &str) -> Vec<u8> {
    let fields = [
        ("JADE_VERSION", "1.0.40-billfold"),
        ("JADE_STATE", state),
        ("JADE_NETWORKS", networks),
        ("BOARD_TYPE", "BILLFOLD\u{1b}[2J"),
    ];
    let mut fields: Vec<_> = fields.map(|(name, text)| (name, Value::Text(text))).into();
    fields.push(("BATTERY_STATUS", Value::Uint(0)));
    result(id, Value::Map(fields))
}

pub(super) fn master() -> Xpriv {
    Xpriv::new_master(Network::Regtest, &[7; 32]).expect("a key")
}

/// A device that is ready, where `more` has nothing else to say.
pub(super) fn ready(
    mut more: impl FnMut(&str, &str, &[u8]) -> Option<Vec<u8>> + Send + 'static,
) -> Answers {
    Box::new(move |id, method, params| {
        more(id, method, params).unwrap_or_else(|| match method {
            "get_version_info" => version(id, "READY", "TEST"),
            "add_entropy" | "auth_user" | "cancel" => result(id, Value::Bool(true)),
            "get_xpub" => {
                let (_, path) = &value::map(params, 2).expect("a map")[1];
                let mut steps = Decoder::new(path);
                let steps = steps.array_iter::<u32>().expect("an array");
                let path: Vec<ChildNumber> = steps.map(|s| s.expect("a step").into()).collect();
                let secp = Secp256k1::new();
                let key = master().derive_priv(&secp, &path).expect("a key");
                result(id, Value::Text(&Xpub::from_priv(&secp, &key).to_string()))
            }
            other => panic!("{other} was not expected"),
        })
    })
}

pub(super) fn greeted(answer: Answers) -> (Result<Greeted, DeviceError>, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::default();
    let age = Duration::ZERO;
    let peer = Peer { answer, heard: Arc::clone(&heard), outgoing: VecDeque::new(), age };
    (Greeted::over(Box::new(peer), place(), 0xfeed_beef), heard)
}

pub(super) fn unlocked(answer: Answers) -> Result<Jade, DeviceError> {
    greeted(answer).0?.unlock(Network::Regtest, &mut Unwatched)
}
