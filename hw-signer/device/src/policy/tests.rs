//! What a person would lose: a wallet that is not what they were told, or change that is not
//! theirs.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::bip32::Xpub;

use super::*;
use crate::sample::{self, key, keys, others};
use crate::words::Words;

const PATH: &str = "48'/1'/0'/2'";

fn two() -> Vec<String> {
    vec![key(&keys(), PATH), key(&others(), PATH)]
}

fn parse(template: &str, key_texts: &[String]) -> Result<Policy, PolicyError> {
    Policy::parse("Savings", template, key_texts, &keys())
}

fn ways(template: &str) -> Vec<String> {
    parse(template, &two()).unwrap().ways
}

#[test]
fn every_way_is_told_in_words() {
    assert_eq!(ways("wsh(sortedmulti(2,@0/**,@1/**))"), ["Your key @0 and key @1."]);
    assert_eq!(
        ways("wsh(or_d(pk(@0/**),and_v(v:pkh(@1/**),older(52560))))"),
        ["Your key @0.", "Key @1 and 52560 blocks (about 365 days) after the deposit."]
    );
    assert_eq!(ways("tr(@0/**,{pk(@1/**),and_v(v:pk(@1/<2;3>/*),after(1800000000))})").len(), 3);
    assert_eq!(
        ways("wsh(and_v(v:pk(@0/**),or_d(pk(@1/**),after(900000))))"),
        ["Your key @0 and (key @1 or from block 900000 on)."]
    );
    assert_eq!(
        ways("wsh(and_v(v:pk(@0/**),and_v(v:pk(@1/**),older(4194376))))"),
        ["Your key @0 and key @1 and about 10 hours after the deposit."]
    );
    assert_eq!(
        ways("tr(@0/**,and_v(v:pk(@1/**),after(1800000000)))")[1],
        "Key @1 and from 2027-01-15 (UTC) on."
    );
}

#[test]
fn every_key_is_shown_before_it_is_registered() {
    let screens = parse("wsh(sortedmulti(2,@0/**,@1/**))", &two()).unwrap().screens();
    let keys: Vec<_> = screens.iter().filter(|screen| screen.kind == ScreenKind::Key).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(
        (keys[0].title.as_str(), keys[1].title.as_str()),
        ("Key @0, yours", "Key @1, not yours")
    );
    for (shown, text) in keys.iter().zip(two()) {
        assert!(text.ends_with(&shown.lines[1]), "{text}");
    }
    assert_eq!(screens.last().unwrap().kind, ScreenKind::Confirm);
}

#[test]
fn nobodys_key_is_told() {
    let mut nobody = keys().xpub(&DerivationPath::default());
    nobody.public_key =
        "0250929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0".parse().unwrap();
    let texts = [nobody.to_string(), key(&keys(), PATH)];
    let policy = parse("tr(@0/**,pk(@1/**))", &texts).unwrap();
    assert_eq!(policy.ways[0], "Nobody (key @0).");
}

#[test]
fn addresses_are_those_of_the_descriptor() {
    for template in ["wsh(sortedmulti(2,@0/**,@1/**))", "tr(@0/**,pk(@1/**))"] {
        let policy = parse(template, &two()).unwrap();
        for branch in [0, 1] {
            let expected = sample::definite(&sample::policy(template, &two(), branch, 9));
            let expected = expected.address(bitcoin::Network::Testnet).unwrap().to_string();
            let shown = policy.address(Chain::Testnet, branch, 9).unwrap();
            assert_eq!(shown.text(), expected);
        }
        assert_eq!(policy.address(Chain::Testnet, 2, 9), Err(AddressError::Branch));
        assert_eq!(policy.address(Chain::Testnet, 0, 1_000_001), Err(AddressError::Index));
        assert_eq!(policy.address(Chain::Mainnet, 0, 9), Err(AddressError::Network));
    }
}

#[test]
fn what_could_not_be_checked_is_not_registered() {
    let (ours, theirs) = (key(&keys(), PATH), key(&others(), PATH));
    let good = "wsh(multi(1,@0/**,@1/**))";
    let refused = |template: &str, texts: &[&String]| {
        let texts: Vec<String> = texts.iter().map(|text| (*text).clone()).collect();
        parse(template, &texts).unwrap_err()
    };
    assert_eq!(refused(good, &[&ours, &ours]), PolicyError::RepeatedKey(0, 1));
    let bare = ours.split(']').nth(1).unwrap().to_string();
    assert_eq!(refused(good, &[&ours, &bare]), PolicyError::RepeatedKey(0, 1), "without origin");
    let theirs_too = key(&others(), "48'/1'/1'/2'");
    assert_eq!(refused(good, &[&theirs, &theirs_too]), PolicyError::NoOwnKey);
    let false_origin =
        format!("[{}/{PATH}]{}", keys().fingerprint(), &theirs[theirs.len() - 111..]);
    assert_eq!(refused(good, &[&ours, &false_origin]), PolicyError::FalseOrigin(1));
    let main = Keys::new(&Words::parse(WORDS).unwrap(), "", Network::Main);
    assert_eq!(refused(good, &[&ours, &key(&main, PATH)]), PolicyError::Key(1), "real money");
    assert_eq!(refused(good, &[&ours, &"nonsense".to_string()]), PolicyError::Key(1));
    assert_eq!(refused("wsh(multi(1,@0/**))", &[]), PolicyError::KeyCount);
    for (depth, expected) in [(253, None), (254, Some(PolicyError::Key(1)))] {
        let deep = Xpub { depth, ..bare_key(&theirs) }.to_string();
        let read = parse(good, &[ours.clone(), deep]);
        assert_eq!(read.as_ref().err(), expected.as_ref(), "a key of level {depth}");
        assert!(
            read.is_ok_and(|policy| policy.address(Chain::Testnet, 1, 7).is_ok()) || depth > 253
        );
    }
    let many = vec![&ours; 21];
    assert_eq!(refused(good, &many), PolicyError::KeyCount);
    for name in ["", "caf\u{e9}", "a\nb", &"x".repeat(65)] {
        assert_eq!(Policy::parse(name, good, &two(), &keys()), Err(PolicyError::Name), "{name}");
    }
}

fn bare_key(text: &str) -> Xpub {
    text.split(']').nth(1).unwrap().parse().unwrap()
}

const WORDS: &str = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong";

#[test]
fn templates_are_those_of_the_bip() {
    for bad in [
        "wsh(multi(1,@1/**,@0/**))",
        "wsh(multi(1,@0/**,@0/**))",
        "wsh(multi(1,@0/**,@2/**))",
        "wsh(multi(1,@0/**,@0/<2;3>/*))",
        "wsh(multi(1,@0/<0;1>/*,@1/**,@0/<1;2>/*))",
        "wsh(multi(1,@0/<0;0>/*,@1/**))",
        "wsh(multi(1,@0/0/*,@1/**))",
        "wsh(multi(1,@0/*,@1/**))",
        "wsh(multi(1,@0,@1/**))",
        "wsh(multi(1,@00/**,@1/**))",
        "wsh(multi(1,@0/<0;2147483648>/*,@1/**))",
        "wsh(multi(1,@0/<0';1'>/*,@1/**))",
        "wsh(multi(1,@/**,@1/**))",
        "wsh(multi(1,@0/**',@1/**))",
        "wsh(multi(1,@0/**,@1/<0;1>/*h))",
        "wsh(multi(1,@0/**/5,@1/**))",
    ] {
        assert_eq!(parse(bad, &two()), Err(PolicyError::Placeholders), "{bad}");
    }
    for kind in ["pkh(@0/**)", "wpkh(@0/**)", "sh(wpkh(@0/**))", "sh(pk(@0/**))", "addr(x)", ""] {
        assert_eq!(parse(kind, &two()[..1]), Err(PolicyError::Kind), "{kind}");
    }
    for insane in [
        "wsh(multi(3,@0/**,@1/**))",
        "wsh(or_i(pk(@0/**),1))",
        "wsh(and_v(v:after(100),and_v(v:after(600000000),multi(1,@0/**,@1/**))))",
        "wsh(multi(1,@0/**,@1/**)",
        "wsh(multi(1,@0/**,@1/**)))",
        "wsh(thresh(1,pk(@0/**),pk(@1/**)))",
    ] {
        let refused = parse(insane, &two()[..insane.matches('@').count()]).unwrap_err();
        assert!(matches!(refused, PolicyError::Insane(_)), "{insane}: {refused}");
    }
    let written = format!("wsh(multi(1,@0/**,{}/0/*))", two()[1]);
    assert_eq!(parse(&written, &two()[..1]), Err(PolicyError::Placeholders), "a key in the text");
    let deep = format!("wsh({}", "(".repeat(1_000));
    assert_eq!(parse(&deep, &two()), Err(PolicyError::TooLong));
    assert_eq!(parse(&"wsh(".repeat(1_025), &two()), Err(PolicyError::TooLong));
}

fn multisig() -> Multisig {
    let signer = |keys: &Keys| Signer {
        fingerprint: keys.fingerprint().to_bytes(),
        derivation: vec![0x8000_0030, 0x8000_0001, 0x8000_0000, 0x8000_0002],
        xpub: keys.xpub(&PATH.parse().unwrap()).to_string(),
        path: Vec::new(),
    };
    let signers = vec![signer(&keys()), signer(&others())];
    Multisig { kind: MultisigKind::Wsh, sorted: true, threshold: 2, signers }
}

#[test]
fn a_jades_multisig_is_the_same_wallet() {
    let registered = Policy::multisig("Savings", &multisig(), &keys()).unwrap();
    let policy = parse("wsh(sortedmulti(2,@0/**,@1/**))", &two()).unwrap();
    assert_eq!(registered.template(), policy.template());
    assert_eq!(registered.branches, policy.branches);
    assert_eq!(registered.as_multisig(), Some(&multisig()));
    // What follows the key before the branch is part of the way to it.
    let mut longer = multisig();
    longer.signers[0].path = vec![7];
    let longer = Policy::multisig("Savings", &longer, &keys()).unwrap();
    assert_eq!(longer.keys()[0], key(&keys(), "48'/1'/0'/2'/7"));
    let mut hardened = multisig();
    hardened.signers[1].path = vec![0x8000_0000];
    assert_eq!(Policy::multisig("Savings", &hardened, &keys()), Err(PolicyError::Key(1)));
    for threshold in [0, 3, u32::MAX] {
        let wrong = Multisig { threshold, ..multisig() };
        assert_eq!(Policy::multisig("Savings", &wrong, &keys()), Err(PolicyError::Threshold));
    }
}

fn registered() -> Policies {
    let mut policies = Policies::default();
    policies.register(parse("tr(@0/**,pk(@1/**))", &two()).unwrap()).unwrap();
    policies.register(Policy::multisig("Shared", &multisig(), &keys()).unwrap()).unwrap();
    policies
}

#[test]
fn registering_asks_only_for_what_is_new() {
    let mut policies = registered();
    let known = Policy::multisig("Shared", &multisig(), &keys()).unwrap();
    assert_eq!(policies.novelty(&known), Novelty::Known);
    let other = Multisig { threshold: 1, ..multisig() };
    let other = Policy::multisig("Shared", &other, &keys()).unwrap();
    assert_eq!(policies.novelty(&other), Novelty::Overwrites);
    let renamed = Policy::multisig("Other", &multisig(), &keys()).unwrap();
    assert_eq!(policies.novelty(&renamed), Novelty::New);
    policies.register(other.clone()).unwrap();
    assert_eq!(policies.iter().count(), 2);
    assert_eq!(policies.find("Shared"), Some(&other));
    for number in policies.iter().count()..crate::limits::POLICIES {
        let name = format!("wallet {number}");
        policies.register(Policy::multisig(&name, &multisig(), &keys()).unwrap()).unwrap();
    }
    let one_more = Policy::multisig("one more", &multisig(), &keys()).unwrap();
    assert_eq!(policies.register(one_more), Err(TooManyPolicies));
    assert!(policies.remove("Shared"));
    assert!(!policies.remove("Shared"));
}

#[test]
fn records_hold_for_one_seed_passphrase_and_network() {
    let mut records = Vec::new();
    registered().keep_in(&mut records, &keys());
    assert_eq!(Policies::of_records(&records, &keys()), registered());
    assert_eq!(Policies::of_records(&records, &others()), Policies::default());
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    let words = Words::parse(words).unwrap();
    for (passphrase, network) in [("hidden", Network::Test), ("", Network::Main)] {
        let other = Keys::new(&words, passphrase, network);
        assert_eq!(Policies::of_records(&records, &other), Policies::default());
        // They stay where they are kept.
        let mut kept = records.clone();
        Policies::default().keep_in(&mut kept, &other);
        assert_eq!(kept, records);
    }
    let mut fewer = records.clone();
    Policies::default().keep_in(&mut fewer, &keys());
    assert_eq!(fewer, []);
}

/// Whoever has the card and not the seed can't change a wallet's keys.
#[test]
fn a_changed_record_is_none() {
    let mut records = Vec::new();
    registered().keep_in(&mut records, &keys());
    for at in 0..records[0].body.len() {
        let mut changed = records.clone();
        changed[0].body[at] ^= 1;
        assert_eq!(Policies::of_records(&changed, &keys()).iter().count(), 1, "{at}");
    }
    for at in 0..32 {
        let mut changed = records.clone();
        changed[1].mac[at] ^= 1;
        assert_eq!(Policies::of_records(&changed, &keys()).iter().count(), 1, "{at}");
    }
}
