//! Owns the body of this crate's fuzz target: what must hold whatever a device sends.
//!
//! Refuses to be part of the product: it is built for tests, which replay the corpus of
//! `fixtures/corpus`, and for `fuzz/`, which looks for more.

#[cfg(test)]
#[path = "../../../fuzz/corpora.rs"]
mod corpora;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use bitcoin::Network;
use bitcoin::bip32::DerivationPath;

use crate::device::{Device, Shown, SingleKeyScript, xpub_at};
use crate::jade::{Greeted, Jade};
use crate::limits::{SIGNED_BYTES, TOLD_CHARS};
use crate::link::Link;
use crate::place::Place;
use crate::policy::Policy;
use crate::problem::DeviceError;
use crate::sample::payment;
use crate::value::{self, Value, encoded};
use crate::watch::Unwatched;

/// What a target does with any bytes; it panics if something does not hold.
pub type Body = fn(&[u8]);

/// Every target: its name, which is the directory of its corpus, and its body.
pub const TARGETS: [(&str, Body); 1] = [("signer_replies", signer_replies)];

/// Whatever a device answers, it is read or refused in bounded time and memory, and what is shown of
/// it moves no cursor. The bytes are replies, one for each question: how (even: as it is, odd: as the
/// result of this question), the length in two bytes, the reply.
fn signer_replies(bytes: &[u8]) {
    let place = Place::Serial("/dev/ttyACM0".into());
    let link = Peer { replies: replies(bytes), outgoing: VecDeque::new(), age: Duration::ZERO };
    match Greeted::over(Box::new(link), place, 0) {
        Ok(greeted) => {
            is_clean(&greeted.about().model);
            is_clean(&greeted.about().version);
            if let Some(mut jade) = read(greeted.unlock(Network::Regtest, &mut Unwatched)) {
                ask_all(&mut jade);
            }
        }
        Err(error) => is_clean(&error.to_string()),
    }
}

fn ask_all(jade: &mut Jade) {
    let path: DerivationPath = "m/84'/1'/0'/0/7".parse().expect("a path");
    if let Some(xpub) = read(jade.xpub(&path)) {
        assert!(xpub_at(xpub, &path, Network::Regtest).is_ok());
    }
    let policy = Policy::new("joint", "wsh(pk(@0/**))", vec!["[00000000/48h]tpub".to_owned()]);
    read(jade.is_registered(&policy));
    read(jade.register(&policy, &mut Unwatched));
    for shown in [
        Shown::SingleKey { script: SingleKeyScript::Segwit, path: path.clone() },
        Shown::Policy { policy, branch: 1, index: 7 },
    ] {
        if let Some(Some(address)) = read(jade.display(&shown, &mut Unwatched)) {
            is_clean(&address);
        }
    }
    if let Some(signed) = read(jade.sign(&payment(1), &mut Unwatched)) {
        assert!(signed.serialize().len() <= 2 * SIGNED_BYTES);
    }
    read(jade.sign_message(&path, "I live here", &mut Unwatched));
}

/// What was read; what is told of the device otherwise is clean.
fn read<T>(outcome: Result<T, DeviceError>) -> Option<T> {
    outcome.inspect_err(|error| is_clean(&error.to_string())).ok()
}

fn is_clean(told: &str) {
    assert!(!told.chars().any(char::is_control), "{told:?}");
    assert!(told.chars().count() < 3 * TOLD_CHARS, "{told:?}");
}

/// A device that gives its replies in their order, and is gone then. Time passes only while nothing
/// is said.
struct Peer {
    replies: VecDeque<(bool, Vec<u8>)>,
    outgoing: VecDeque<u8>,
    age: Duration,
}

impl Link for Peer {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (is_result, reply) = self.replies.pop_front().ok_or(io::ErrorKind::UnexpectedEof)?;
        if is_result {
            let fields = value::map(bytes, 3).expect("a request");
            let id = value::text(&fields[0].1).expect("its id");
            // A map of two: the id, and a result that is the reply.
            let head = encoded(&Value::Map(vec![("id", Value::Text(&id))]));
            self.outgoing.push_back(head[0] + 1);
            self.outgoing.extend(&head[1..]);
            self.outgoing.extend(encoded(&Value::Text("result")));
        }
        self.outgoing.extend(reply);
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _wait: Duration) -> io::Result<usize> {
        let taken = self.outgoing.len().min(buffer.len());
        if taken == 0 {
            self.age += Duration::from_secs(60);
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

fn replies(mut bytes: &[u8]) -> VecDeque<(bool, Vec<u8>)> {
    let mut replies = VecDeque::new();
    while let [how, low, high, rest @ ..] = bytes {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (reply, after) = rest.split_at(length);
        replies.push_back((how % 2 == 1, reply.to_vec()));
        bytes = after;
    }
    replies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpora_hold() {
        corpora::replay(env!("CARGO_MANIFEST_DIR"), &TARGETS);
    }
}
