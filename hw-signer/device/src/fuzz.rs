//! Owns the fuzz bodies: bytes in, no panic out. The targets in `fuzz/` are one line each, and the
//! crate's tests replay the corpora in `fixtures/corpus` through the same functions.
//!
//! Refuses to be part of a product: compiled for tests and with the feature `fuzz` only.

#[cfg(test)]
#[path = "../../../fuzz/corpora.rs"]
mod corpora;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::keys::Keys;
use crate::network::{Chain, Network};
use crate::policy::{Policies, Policy};
use crate::protocol::framing::Framing;
use crate::randomness::{NoRandomness, Randomness};
use crate::review::Review;
use crate::session::{Options, Session};
use crate::settings::Settings;
use crate::signing::Step;
use crate::storage::{Storage, StorageFault};
use crate::time::Time;
use crate::unlocked::Board;
use crate::vault::{KdfCost, State, Vault};
use crate::words::Words;

/// A target's name, which is the directory of its corpus, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 4] = [
    ("device_policy", policy),
    ("device_review", review),
    ("device_state", state),
    ("device_wire", wire),
];

/// A PSBT, which is reviewed and signed.
///
/// # Panics
/// When what is signed is another transaction than what came, or can't be read again.
pub fn review(bytes: &[u8]) {
    with_keys(|keys| drop(signed(bytes, keys)));
}

/// What is signed, if it is not refused.
fn signed(bytes: &[u8], keys: &Keys) -> Option<Vec<u8>> {
    let settings = Settings { accept_unproven: true, ..Settings::new(Network::Test) };
    let policies = Policies::default();
    let parse = |bytes: &[u8]| Review::parse(bytes, Chain::Testnet, keys, &policies, &settings);
    let reviewed = parse(bytes).ok()?;
    let screens = reviewed.screens().to_vec();
    let mut signing = reviewed.sign();
    let signed = loop {
        match signing.step(keys).expect("the keys of the review") {
            Step::Signed { done, of } => assert!(done < of),
            Step::Done(signed) => break signed,
        }
    };
    // With the signatures in it, it may be too long.
    if let Ok(again) = parse(&signed) {
        assert_eq!(again.screens(), screens);
    }
    Some(signed)
}

/// A policy: lines of which the first is the template, and the others are the keys.
///
/// # Panics
/// When a policy that was taken can't be shown, kept and read again.
pub fn policy(text: &[u8]) {
    if let Ok(text) = str::from_utf8(text) {
        with_keys(|keys| drop(registered(text, keys)));
    }
}

/// What is registered, if it is not refused.
fn registered(text: &str, keys: &Keys) -> Option<Policies> {
    let mut lines = text.lines();
    let template = lines.next().unwrap_or_default();
    let texts: Vec<String> = lines.map(ToString::to_string).collect();
    let policy = Policy::parse("fuzz", template, &texts, keys).ok()?;
    assert!(policy.screens().len() >= 4);
    for branch in [0, 1] {
        assert!(policy.address(Chain::Testnet, branch, 0).is_ok());
    }
    let mut policies = Policies::default();
    assert!(policies.register(policy).is_ok());
    let mut records = Vec::new();
    policies.keep_in(&mut records, keys);
    assert_eq!(Policies::of_records(&records, keys), policies);
    Some(policies)
}

/// A state file, and the same bytes as what is sealed in one.
///
/// # Panics
/// When a state is read otherwise after it is written again.
pub fn state(bytes: &[u8]) {
    let (Ok(_) | Err(_)) = Vault::presence(&mut Card(bytes));
    if let Some(state) = State::from_bytes(bytes) {
        assert_eq!(State::from_bytes(&state.to_bytes()), Some(state));
    }
}

/// What a host sends, in pieces whose lengths the first bytes say.
///
/// # Panics
/// When it is read otherwise than in one piece, or a reply can't be read.
pub fn wire(bytes: &[u8]) {
    let (lengths, stream) = bytes.split_at(bytes.len().min(8));
    let (mut framing, mut device) = (Framing::default(), device());
    let (mut frames, mut rest) = (Vec::new(), stream);
    for length in lengths.iter().chain(core::iter::repeat(&u8::MAX)) {
        let (piece, after) = rest.split_at(rest.len().min(usize::from(*length).max(1)));
        frames.extend(framing.push(piece, Time::default()));
        device.receive(piece, Time::default());
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(frames, Framing::default().push(stream, Time::default()));
    while let Some(reply) = device.take_reply() {
        let mut decoder = minicbor::Decoder::new(&reply);
        assert!(decoder.skip().is_ok() && decoder.position() == reply.len());
    }
}

/// A device without keys: what it would do with some has targets of its own.
fn device() -> Session {
    let board = Board { storage: Box::new(Card(&[])), randomness: Box::new(Silent) };
    let (version, network) = ("1.0.40-fuzz".to_string(), Network::Test);
    let options = Options { version, network, cost: KdfCost::for_tests() };
    Session::new(board, options, Time::default())
}

/// A source of randomness that has none.
struct Silent;

impl Randomness for Silent {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoRandomness> {
        Err(NoRandomness)
    }
}

/// A card that holds these bytes.
struct Card<'a>(&'a [u8]);

impl Storage for Card<'_> {
    fn load(&mut self) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(Some(self.0.to_vec()))
    }

    fn store(&mut self, _: &[u8]) -> Result<(), StorageFault> {
        Err(StorageFault)
    }

    fn wipe(&mut self) -> Result<(), StorageFault> {
        Err(StorageFault)
    }
}

/// The same keys for every run: stretching words takes longer than all else.
fn with_keys(body: impl FnOnce(&Keys)) {
    std::thread_local! {
        static KEYS: Keys = keys();
    }
    KEYS.with(body);
}

fn keys() -> Keys {
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    Keys::new(&Words::parse(words).expect("good words"), "", Network::Test)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::{Framing, TARGETS, Time, corpora, keys, registered, signed};
    use crate::vault::State;

    /// What reaches far, in the order of the targets.
    const CORPORA: [&[&[u8]]; TARGETS.len()] = [
        &[
            include_bytes!("../fixtures/corpus/device_policy/multisig"),
            include_bytes!("../fixtures/corpus/device_policy/tree"),
            include_bytes!("../fixtures/corpus/device_policy/hardened_range"),
        ],
        &[
            include_bytes!("../fixtures/corpus/device_review/legacy"),
            include_bytes!("../fixtures/corpus/device_review/segwit"),
            include_bytes!("../fixtures/corpus/device_review/taproot"),
            include_bytes!("../fixtures/corpus/device_review/version_2"),
        ],
        &[
            include_bytes!("../fixtures/corpus/device_state/file"),
            include_bytes!("../fixtures/corpus/device_state/sealed"),
        ],
        &[
            include_bytes!("../fixtures/corpus/device_wire/hwi"),
            include_bytes!("../fixtures/corpus/device_wire/multisig"),
            include_bytes!("../fixtures/corpus/device_wire/noise"),
            include_bytes!("../fixtures/corpus/device_wire/psbt"),
        ],
    ];

    #[test]
    fn the_corpora_hold() {
        corpora::replay(env!("CARGO_MANIFEST_DIR"), &TARGETS);
    }

    #[test]
    fn the_corpora_reach_far() {
        let [policies, reviews, states, streams] = CORPORA;
        for text in &policies[..2] {
            assert!(registered(str::from_utf8(text).unwrap(), &keys()).is_some());
        }
        assert!(reviews.iter().all(|bytes| signed(bytes, &keys()).is_some()));
        assert!(State::from_bytes(states[1]).is_some());
        let requests = |stream: &[u8]| Framing::default().push(&stream[8..], Time::default()).len();
        let found: Vec<usize> = streams.iter().map(|stream| requests(stream)).collect();
        assert_eq!(found, [4, 2, 1, 5]);
    }

    proptest! {
        #[test]
        fn no_bytes_end_in_a_panic(bytes in any::<Vec<u8>>()) {
            for (_, body) in TARGETS {
                body(&bytes);
            }
        }
    }
}
