//! Owns what a scripted device shows of the host side: every way to fail is told apart, and nothing
//! that a hostile device sends is believed or kept.

mod puppet;

use std::sync::{Arc, Mutex};

use bitcoin::bip32::Xpriv;
use bitcoin::secp256k1::Secp256k1;

use super::*;
use crate::sample::payment;
use crate::value::encoded;
use puppet::{Answers, error, greeted, master, place, ready, result, unlocked, version};

fn told(answer: Answers) -> DeviceError {
    unlocked(answer).err().expect("it is refused")
}

fn answering(method: &'static str, answer: fn(&str) -> Vec<u8>) -> Answers {
    ready(move |id, asked, _| (asked == method).then(|| answer(id)))
}

fn psbt() -> Psbt {
    payment(2_000)
}

#[test]
fn a_device_is_greeted_and_unlocked_and_its_keys_are_read() {
    let (device, heard) = greeted(ready(|_, _, _| None));
    let device = device.expect("it answers");
    assert_eq!(device.about().model, "BILLFOLD [2J", "nothing of it moves the cursor");
    assert_eq!(device.about().version, "1.0.40-billfold");
    let mut device = device.unlock(Network::Regtest, &mut Unwatched).expect("it is ready");
    assert_eq!(device.fingerprint(), master().fingerprint(&Secp256k1::new()));
    let path: DerivationPath = "m/84'/1'/0'".parse().expect("a path");
    assert_eq!(device.xpub(&path).expect("a key").depth, 3);
    let asked = ["get_version_info", "add_entropy", "auth_user", "get_xpub", "get_xpub"];
    assert_eq!(*heard.lock().expect("unpoisoned"), asked);
}

#[test]
fn each_reason_not_to_answer_is_told_apart() {
    let silent = |_: &str| Vec::new();
    let (hello, unlock) = ("get_version_info", "auth_user");
    assert_eq!(told(answering(hello, silent)), DeviceError::Silent(place()));
    let wrong = DeviceError::WrongApp(place());
    assert_eq!(told(answering(hello, |_| b"login: ".to_vec())), wrong);
    assert_eq!(told(answering(hello, |id| error(id, -32601, "what?"))), wrong);
    assert_eq!(told(answering(hello, |id| result(id, Value::Uint(1)))), wrong);
    let state = |id: &str| version(id, "UNINIT", "ALL");
    assert_eq!(told(answering(hello, state)), DeviceError::NotSetUp);
    let elsewhere = DeviceError::WrongNetwork { asked: Network::Regtest };
    assert_eq!(told(answering(hello, |id| version(id, "READY", "MAIN"))), elsewhere);
    assert_eq!(told(answering(unlock, |id| error(id, -32003, ""))), elsewhere);
    assert_eq!(told(answering(unlock, |id| error(id, -32002, ""))), DeviceError::Locked);
    // A Jade that wants its PIN server asked, or was given a wrong PIN.
    let server = |id: &str| result(id, Value::Map(vec![("http_request", Value::Uint(1))]));
    assert_eq!(told(answering(unlock, server)), DeviceError::Locked);
    assert_eq!(told(answering(unlock, |id| result(id, Value::Bool(false)))), DeviceError::Locked);
    assert_eq!(told(answering(unlock, |id| error(id, -32000, ""))), DeviceError::Cancelled);
    assert_eq!(told(answering(unlock, silent)), DeviceError::TimedOut);
    let unsupported = DeviceError::Unsupported("auth_user");
    assert_eq!(told(answering(unlock, |id| error(id, -32601, ""))), unsupported);
}

#[test]
fn a_key_of_another_path_or_network_is_not_taken() {
    let other = |id: &str| {
        let key = Xpriv::new_master(Network::Bitcoin, &[7; 32]).expect("a key");
        result(id, Value::Text(&Xpub::from_priv(&Secp256k1::new(), &key).to_string()))
    };
    let asked = Network::Regtest;
    assert_eq!(told(answering("get_xpub", other)), DeviceError::WrongNetwork { asked });
    let mut calls = 0;
    let mut device = unlocked(ready(move |id, method, _| {
        let first = Xpub::from_priv(&Secp256k1::new(), &master()).to_string();
        calls += usize::from(method == "get_xpub");
        (method == "get_xpub" && calls > 1).then(|| result(id, Value::Text(&first)))
    }))
    .expect("it is ready");
    let key = device.xpub(&"m/84'/1'/0'".parse().expect("a path"));
    assert_eq!(key, Err(DeviceError::Protocol("a key is of another path")));
}

#[test]
fn late_answers_and_noise_before_an_answer_are_passed_over() {
    let answer = answering("auth_user", |id| {
        let log = encoded(&Value::Map(vec![("log", Value::Bytes(b"boot"))]));
        let other = error("feedbee0-1", -32000, "an answer to somebody who is gone");
        [b"AT\r\nrst:0x1\n".to_vec(), log, other, result(id, Value::Bool(true))].concat()
    });
    assert!(unlocked(answer).is_ok());
}

/// A host that died in the middle of an answer leaves the rest of it to the next one.
#[test]
fn the_rest_of_an_answer_to_somebody_who_is_gone_hides_no_device() {
    let rests: [&[u8]; 4] = [
        // It looks as a map that wants more than ever comes.
        &[0xbb, 0, 0, 0, 0, 0, 0, 0, 9],
        // As a text within a map, which swallows the answer.
        &[0xa1, 0x79, 0x10, 0x00, b'x'],
        // As a reply without an id or an answer.
        &[0xa1, 0x61, b'a', 0x01],
        &[0xff; 4_000],
    ];
    for rest in rests {
        let mut left = rest.to_vec();
        let answer = ready(move |id, method, _| {
            let left = std::mem::take(&mut left);
            (method == "get_version_info").then(|| [left, version(id, "READY", "TEST")].concat())
        });
        let device = unlocked(answer);
        assert!(device.is_ok(), "{rest:?}: {:?}", device.err());
    }
}

/// Writes down what is told.
struct Heard(Vec<Progress>);

impl Watch for Heard {
    fn progress(&mut self, progress: Progress) {
        self.0.push(progress);
    }

    fn is_over(&self) -> bool {
        false
    }
}

/// Long answers come in parts; each is asked for with the number that follows.
#[test]
fn a_signed_payment_is_put_together_from_its_parts() {
    let whole = psbt().serialize();
    let parts: Vec<Vec<u8>> = whole.chunks(4096).map(<[u8]>::to_vec).collect();
    assert!(parts.len() > 2);
    let of = u64::try_from(parts.len()).expect("few");
    let part = move |id: &str, number: u64| {
        let number_at = usize::try_from(number - 1).expect("few");
        encoded(&Value::Map(vec![
            ("id", Value::Text(id)),
            ("result", Value::Bytes(&parts[number_at])),
            ("seqnum", Value::Uint(number)),
            ("seqlen", Value::Uint(of)),
        ]))
    };
    let answer = ready(move |id, method, params| match method {
        "sign_psbt" => Some(part(id, 1)),
        "get_extended_data" => {
            let fields = value::map(params, 4).expect("a map");
            assert_eq!(value::text(&fields[0].1).expect("a text"), "feedbeef-5", "the first id");
            Some(part(id, value::number(&fields[2].1).expect("a number")))
        }
        _ => None,
    });
    let mut heard = Heard(Vec::new());
    let signed = unlocked(answer).expect("it is ready").sign(&psbt(), &mut heard);
    assert_eq!(signed, Ok(psbt()));
    let of = u32::try_from(of).expect("few");
    let expected: Vec<_> = (1..of).map(|part| Progress::Received { part, of }).collect();
    assert_eq!(heard.0, expected);
}

/// Answers a question with one part.
type Part = fn(&str) -> Vec<u8>;

#[test]
fn parts_that_are_counted_wrongly_or_never_end_are_refused() {
    fn part(id: &str, number: u64, of: u64, bytes: usize) -> Vec<u8> {
        encoded(&Value::Map(vec![
            ("id", Value::Text(id)),
            ("result", Value::Bytes(&vec![0; bytes])),
            ("seqnum", Value::Uint(number)),
            ("seqlen", Value::Uint(of)),
        ]))
    }
    let counted = DeviceError::Protocol("parts are counted wrongly");
    let endless = DeviceError::Protocol("it sends more than it was asked for");
    let cases: [(Part, Part, DeviceError); 4] = [
        (|id| part(id, 0, 2, 9), |id| part(id, 1, 2, 9), counted.clone()),
        (|id| part(id, 1, 2, 9), |id| part(id, 3, 2, 9), counted.clone()),
        (|id| part(id, 1, 1_000_000, 9), |_| Vec::new(), counted),
        (
            |id| part(id, 1, 1_000, 60_000),
            |id| part(id, 2, 1_000, 60_000),
            DeviceError::Protocol("parts are counted wrongly"),
        ),
    ];
    for (first, next, expected) in cases {
        let answer = ready(move |id, method, _| match method {
            "sign_psbt" => Some(first(id)),
            "get_extended_data" => Some(next(id)),
            _ => None,
        });
        let signed = unlocked(answer).expect("it is ready").sign(&psbt(), &mut Unwatched);
        assert_eq!(signed, Err(expected));
    }
    let answer = ready(move |id, method, params| match method {
        "sign_psbt" => Some(part(id, 1, 1_000, 60_000)),
        "get_extended_data" => {
            let number = value::number(&value::map(params, 4).expect("a map")[2].1);
            Some(part(id, number.expect("a number"), 1_000, 60_000))
        }
        _ => None,
    });
    let signed = unlocked(answer).expect("it is ready").sign(&psbt(), &mut Unwatched);
    assert_eq!(signed, Err(endless));
}

/// Whoever gives up must not leave a question on the device that signs when somebody presses a
/// button later.
#[test]
fn giving_up_takes_the_question_back() {
    struct Impatient(bool);
    impl Watch for Impatient {
        fn progress(&mut self, progress: Progress) {
            assert_eq!(progress, Progress::Waiting);
            self.0 = true;
        }
        fn is_over(&self) -> bool {
            self.0
        }
    }
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let mut asked = String::new();
    let answer = ready(move |id, method, _| {
        log.lock().expect("unpoisoned").push(method.to_owned());
        match method {
            "sign_psbt" => {
                id.clone_into(&mut asked);
                Some(Vec::new())
            }
            "cancel" => Some(error(&asked, -32000, "cancelled")),
            _ => None,
        }
    });
    let signed = unlocked(answer).expect("it is ready").sign(&psbt(), &mut Impatient(false));
    assert_eq!(signed, Err(DeviceError::Stopped));
    assert!(heard.lock().expect("unpoisoned").ends_with(&["sign_psbt".into(), "cancel".into()]));
}

#[test]
fn a_refusal_says_why_and_a_payment_that_is_too_long_is_not_sent() {
    let answer = answering("sign_psbt", |id| error(id, -32602, "the fee is above your limit"));
    let signed = unlocked(answer).expect("it is ready").sign(&psbt(), &mut Unwatched);
    let refused =
        DeviceError::Refused { code: -32602, reason: "the fee is above your limit".to_owned() };
    assert_eq!(signed, Err(refused));
    let mut long = psbt().unsigned_tx;
    long.output = vec![long.output[0].clone(); 50_000];
    let long = Psbt::from_unsigned_tx(long).expect("unsigned");
    let mut device = unlocked(ready(|_, _, _| None)).expect("it is ready");
    let signed = device.sign(&long, &mut Unwatched);
    assert!(matches!(signed, Err(DeviceError::TooLarge { .. })), "{signed:?}");
}

#[test]
fn a_policy_counts_as_registered_only_if_all_of_it_is_the_same() {
    const KEY: &str = "[73c5da0a/48'/1'/0'/2']tpubD";
    let policy = Policy::new("family", "wsh(pk(@0/**))", vec![KEY.to_owned()]);
    let ask = |template: &'static str, key: &'static str, listed: bool| {
        let name = policy.name().to_string();
        let answer = ready(move |id, method, _| match method {
            "get_registered_descriptors" => {
                let name = if listed { &name } else { "other" };
                Some(result(id, Value::Map(vec![(name, Value::Map(Vec::new()))])))
            }
            "get_registered_descriptor" => Some(result(
                id,
                Value::Map(vec![
                    ("descriptor", Value::Text(template)),
                    ("datavalues", Value::Map(vec![("@0", Value::Text(key))])),
                ]),
            )),
            _ => None,
        });
        unlocked(answer).expect("it is ready").is_registered(&policy).expect("an answer")
    };
    let template = "wsh(pk(@0/<0;1>/*))";
    assert!(ask(template, KEY, true));
    assert!(ask(template, "[73c5da0a/48h/1h/0h/2h]tpubD", true), "the same, marked differently");
    assert!(ask("wsh(pk(@0/**))", KEY, true), "the same, written shorter");
    assert!(!ask(template, KEY, false));
    assert!(!ask("wsh(pk(@0/<2;3>/*))", KEY, true));
    assert!(!ask(template, "[73c5da0a/48'/1'/0'/2']tpubE", true));
}

#[test]
fn what_is_asked_for_an_address_is_what_jade_documents() {
    let answer = ready(|id, method, params| {
        (method == "get_receive_address").then(|| {
            let fields = value::map(params, 4).expect("a map");
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            result(id, Value::Text(&names.join(" ")))
        })
    });
    let mut device = unlocked(answer).expect("it is ready");
    let path = "m/84'/1'/0'/0/5".parse().expect("a path");
    let single = Shown::SingleKey { script: SingleKeyScript::Segwit, path };
    let told = device.display(&single, &mut Unwatched).expect("an answer");
    assert_eq!(told.as_deref(), Some("network variant path"));
    let policy = Policy::new("a", "tr(@0/**)", Vec::new());
    let shown = Shown::Policy { policy, branch: 0, index: 5 };
    let told = device.display(&shown, &mut Unwatched).expect("an answer");
    assert_eq!(told.as_deref(), Some("network descriptor_name branch pointer"));
}
