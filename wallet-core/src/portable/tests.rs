//! What crosses comes back the same, and nothing else does.

use std::time::Duration;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, BlockHash, FeeRate, OutPoint, Sequence, Transaction, TxIn, TxOut, Txid, Weight,
};
use proptest::prelude::*;

use super::question::Question;
use super::*;
use crate::command::{
    BlockQuery, Command, CommandError, FeeChoice, Hold, InputTerms, PayAmount, PayRequest,
    Recipient, Reply, Spends, StoreProblem,
};
use crate::event::{Event, News, Note};
use crate::face::Access;
use crate::keychain::SpendRule;
use crate::light_client::dial::{DialProblem, ProxyProblem};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::output::PeerEvent;
use crate::light_client::status::Status;
use crate::open_error::OpenError;
use crate::vault::Password;

fn comes_back<T: Portable + PartialEq + std::fmt::Debug>(thing: &T) {
    let bytes = thing.to_bytes();
    assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(thing));
    for length in 0..bytes.len() {
        assert_eq!(T::from_bytes(&bytes[..length]), Err(Unreadable), "cut to {length}");
    }
    let mut longer = bytes.to_vec();
    longer.push(0);
    assert_eq!(T::from_bytes(&longer), Err(Unreadable), "what follows is not read over");
}

fn tip() -> BlockId {
    BlockId::new(Height::new(7), BlockHash::all_zeros())
}

#[test]
fn what_is_asked_and_told_arrives_as_it_was() {
    let address: bitcoin::Address<_> =
        "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".parse().unwrap();
    let address = address.assume_checked();
    comes_back(&Command::Draft(Box::new(PayRequest {
        recipients: vec![Recipient {
            address: address.clone(),
            amount: PayAmount::Exactly(Amount::from_sat(1)),
            note: Some("für Öl".to_owned()),
        }],
        fee: FeeChoice::Rate(FeeRate::from_sat_per_kwu(251)),
        coins: vec![OutPoint::new(Txid::all_zeros(), 3)],
        terms: vec![InputTerms {
            outpoint: OutPoint::new(Txid::all_zeros(), 3),
            sequence: Some(Sequence(7)),
            spends: Spends::Foreign {
                parent: Box::new(Transaction {
                    version: Version::TWO,
                    lock_time: LockTime::ZERO,
                    input: vec![TxIn::default()],
                    output: vec![TxOut::NULL],
                }),
                weight: Weight::from_wu(273),
                has_witness: true,
            },
        }],
        account: Some("segwit/1".parse().unwrap()),
        hold: Hold::UntilDropped,
        ..PayRequest::default()
    })));
    comes_back(&Command::Block(BlockQuery::Height(Height::new(9))));
    comes_back(&Ok::<_, CommandError>(Reply::Status(Box::new(Status::at(tip())))));
    comes_back(&Err::<Reply, _>(CommandError::Store(StoreProblem::Newer { path: "x".into() })));
    comes_back(&OpenError::TooSoon { wait: Duration::new(3, 17) });
    let why = DialProblem::Proxy(ProxyProblem::Refused(4));
    let peer = "[::1]:8333".parse().unwrap();
    comes_back(&News {
        wallet: Some("main".parse().unwrap()),
        event: Event::Peer(PeerEvent::Unreachable { address: peer, why }),
    });
    let note = Note::DustFrozen { coin: OutPoint::null(), amount: Amount::ONE_BTC };
    comes_back(&News { wallet: None, event: Event::Note(note) });
}

#[test]
fn a_password_crosses_and_is_not_shown() {
    let password = Password::new("correct horse").unwrap();
    let question = Question::Load("main".parse().unwrap(), password, Access::Sign);
    let Ok(Question::Load(wallet, password, Access::Sign)) =
        Question::from_bytes(&question.to_bytes())
    else {
        panic!("it is the same question");
    };
    assert_eq!((wallet.as_str(), password.as_bytes()), ("main", &b"correct horse"[..]));
    assert!(!format!("{question:?}").contains("horse"));
}

#[test]
fn rules_within_rules_do_not_exhaust_the_stack() {
    let nested = |depth: usize| {
        (0..depth)
            .fold(SpendRule::Secret, |rule, _| SpendRule::Of { required: 1, rules: vec![rule] })
    };
    comes_back(&nested(20));
    assert_eq!(SpendRule::from_bytes(&nested(5_000).to_bytes()), Err(Unreadable));
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_090_103),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_make_it_fail_but_by_saying_so(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Question::from_bytes(&bytes);
        let _ = Result::<Reply, CommandError>::from_bytes(&bytes);
        let _ = News::from_bytes(&bytes);
    }
}
