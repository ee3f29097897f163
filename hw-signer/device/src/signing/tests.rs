//! Signatures that a node accepts, of what was shown and of nothing else.

use alloc::string::String;

use bitcoin::psbt::Psbt;
use miniscript::psbt::PsbtExt as _;

use super::*;
use crate::network::{Chain, Network};
use crate::path::Variant;
use crate::policy::{Policies, Policy};
use crate::review::Review;
use crate::sample::{Draft, key, keys, others, policy, single};
use crate::settings::Settings;

fn review(draft: &Draft, policies: &Policies) -> Review {
    let settings = Settings::new(Network::Test);
    Review::parse(&draft.bytes(), Chain::Testnet, &keys(), policies, &settings).unwrap()
}

/// Signs to the end.
fn signed(review: Review) -> Psbt {
    let (mut signing, keys) = (review.sign(), keys());
    loop {
        if let Step::Done(bytes) = signing.step(&keys).unwrap() {
            return Psbt::deserialize(&bytes).unwrap();
        }
    }
}

/// Finalises, which runs every script with its signatures.
#[track_caller]
fn assert_valid(psbt: &Psbt) {
    let keys = keys();
    let finalised = psbt.clone().finalize(keys.secp());
    let finalised = finalised.map_err(|(_, errors)| errors).unwrap();
    finalised.extract(keys.secp()).unwrap();
}

fn to(index: u32) -> String {
    single(&others(), Variant::Wpkh, 0, index)
}

#[test]
fn every_kind_of_key_signs() {
    let mut draft = Draft::new().output(&to(0), 1_000);
    for variant in Variant::ALL {
        draft = draft.input(&single(&keys(), variant, 0, 3), 1_000);
    }
    let signed = signed(review(&draft, &Policies::default()));
    assert_valid(&signed);
    assert_eq!(signed.unsigned_tx, draft.0.unsigned_tx);
}

#[test]
fn policies_sign_by_every_way_that_is_ours() {
    let (ours, theirs) = (key(&keys(), "48'/1'/0'/2'"), key(&others(), "48'/1'/0'/2'"));
    let all = [ours, theirs];
    for template in [
        "wsh(multi(1,@0/**,@1/**))",
        "sh(multi(1,@0/**,@1/**))",
        "sh(wsh(sortedmulti(1,@0/**,@1/**)))",
        "wsh(or_d(pk(@0/**),pkh(@1/**)))",
        "tr(@0/**,pk(@1/**))",
        "tr(@0/**,{pk(@1/**),multi_a(1,@0/<2;3>/*,@1/<2;3>/*)})",
    ] {
        let mut policies = Policies::default();
        policies.register(Policy::parse("p", template, &all, &keys()).unwrap()).unwrap();
        let coin = policy(&template.replace("<2;3>/*", "2/5"), &all, 0, 5);
        let draft = Draft::new().input(&coin, 5_000).output(&to(0), 4_000);
        assert_valid(&signed(review(&draft, &policies)));
    }
}

#[test]
fn a_leaf_is_signed_for_where_the_output_key_is_anothers() {
    let all = [key(&others(), "86'/1'/0'"), key(&keys(), "48'/1'/0'/2'")];
    let template = "tr(@0/**,and_v(v:pk(@1/**),older(10)))";
    let mut policies = Policies::default();
    policies.register(Policy::parse("p", template, &all, &keys()).unwrap()).unwrap();
    let coin = policy(template, &all, 0, 5);
    let mut draft = Draft::new().input(&coin, 5_000).output(&to(0), 4_000);
    draft.0.unsigned_tx.input[0].sequence = bitcoin::Sequence::from_height(10);
    assert_valid(&signed(review(&draft, &policies)));
}

#[test]
fn an_unregistered_multisig_is_signed_for() {
    let all = [key(&keys(), "48'/1'/0'/2'"), key(&keys(), "48'/1'/1'/2'")];
    for template in ["wsh(multi(2,@0/**,@1/**))", "sh(multi(2,@0/**,@1/**))"] {
        let coin = policy(template, &all, 0, 5);
        let draft = Draft::new().input(&coin, 5_000).output(&to(0), 4_000);
        assert_valid(&signed(review(&draft, &Policies::default())));
    }
}

#[test]
fn five_hundred_inputs_sign_with_progress() {
    let mut draft = Draft::new().output(&to(0), 490_000);
    for index in 0..500 {
        draft = draft.input(&single(&keys(), Variant::Wpkh, 0, index), 1_000);
    }
    let (mut signing, keys) = (review(&draft, &Policies::default()).sign(), keys());
    for done in 1..500 {
        assert_eq!(signing.step(&keys), Ok(Step::Signed { done, of: 500 }));
    }
    let Ok(Step::Done(bytes)) = signing.step(&keys) else { panic!("all are signed") };
    assert_valid(&Psbt::deserialize(&bytes).unwrap());
}

#[test]
fn other_keys_do_not_sign_what_was_reviewed() {
    let draft = Draft::new().input(&single(&keys(), Variant::Wpkh, 0, 0), 900).output(&to(0), 800);
    let mut signing = review(&draft, &Policies::default()).sign();
    assert_eq!(signing.step(&others()), Err(SigningError::OtherKeys));
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    for variant in Variant::ALL {
        let coin = single(&keys(), variant, 0, 0);
        let draft = Draft::new().input(&coin, 900).output(&to(0), 800);
        let once = signed(review(&draft, &Policies::default()));
        assert_eq!(once, signed(review(&draft, &Policies::default())));
        for signature in once.inputs[0].partial_sigs.values() {
            let bytes = signature.signature.serialize_compact();
            assert!(bytes[0] < 0x80, "a short R");
            assert!(bytes[32] < 0x80, "a low S");
        }
    }
}

#[test]
fn what_was_there_comes_back() {
    let coin = single(&keys(), Variant::Wpkh, 0, 0);
    let mut draft = Draft::new().input(&coin, 900).output(&to(0), 800);
    let unknown = bitcoin::psbt::raw::Key { type_value: 0x77, key: [1, 2].to_vec() };
    draft.0.inputs[0].unknown.insert(unknown.clone(), [3].to_vec());
    draft.0.outputs[0].unknown.insert(unknown.clone(), [4].to_vec());
    draft.0.unknown.insert(unknown, [5].to_vec());
    let mut signed = signed(review(&draft, &Policies::default()));
    // A second time, with our own signature in it.
    let again = Draft(signed.clone());
    assert_eq!(self::signed(review(&again, &Policies::default())), signed);
    signed.inputs[0].partial_sigs.clear();
    assert_eq!(signed, draft.0);
}
