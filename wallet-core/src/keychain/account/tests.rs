//! Accounts against miniscript's own scripts, and the ways to spend them.

use std::str::FromStr;

use bitcoin::bip32::{DerivationPath, Xpriv, Xpub};
use bitcoin::{NetworkKind, Sequence, absolute};
use miniscript::{Descriptor, DescriptorPublicKey};

use super::*;
use crate::keychain::{SECP, ScriptType, StandardAccount};
use crate::light_client::height::Height;

const NETWORK: Network = Network::Regtest;

fn master(number: u8) -> Xpriv {
    Xpriv::new_master(NetworkKind::from(NETWORK), &[number; 32]).unwrap()
}

/// A key as descriptors have it, with its origin.
fn key(number: u8, branches: &str) -> String {
    let path: DerivationPath = "48'/1'/0'/2'".parse().unwrap();
    let private = master(number).derive_priv(&SECP, &path).unwrap();
    let (fingerprint, xpub) = (master(number).fingerprint(&SECP), Xpub::from_priv(&SECP, &private));
    format!("[{fingerprint}/48'/1'/0'/2']{xpub}/{branches}/*")
}

/// An account of a wallet whose seed has the first of these keys.
fn account(text: &str) -> Account {
    let descriptor = AccountDescriptor::parse(text, NETWORK).unwrap();
    let own = master(1).fingerprint(&SECP);
    Account::new(AccountId::new(0), "a".parse().unwrap(), NETWORK, descriptor, &[own])
}

fn single(script_type: ScriptType, network: Network) -> Account {
    let id = StandardAccount { script_type, number: DerivationIndex::new(3).unwrap() };
    let master = Xpriv::new_master(NetworkKind::from(network), &[7; 32]).unwrap();
    let private = master.derive_priv(&SECP, &id.path(network)).unwrap();
    let descriptor =
        id.descriptor(network, master.fingerprint(&SECP), Xpub::from_priv(&SECP, &private));
    Account::new(AccountId::new(0), id.name(), network, descriptor, &[])
}

fn indexes() -> impl Iterator<Item = DerivationIndex> {
    [0, 1, 2, 199, (1 << 31) - 1].into_iter().filter_map(DerivationIndex::new)
}

/// Any wallet that reads the descriptor finds the same scripts.
#[test]
fn scripts_are_those_of_the_descriptor() {
    let keys = [1, 2, 3].map(|number| key(number, "<0;1>")).join(",");
    let mut accounts: Vec<_> =
        ScriptType::ALL.map(|script_type| single(script_type, NETWORK)).into();
    accounts.push(account(&format!("wsh(sortedmulti(2,{keys}))")));
    accounts.push(account(&format!("sh(wsh(multi(2,{keys})))")));
    for account in accounts {
        let text = account.descriptor().to_string();
        let descriptor = Descriptor::<DescriptorPublicKey>::from_str(&text).unwrap();
        let branches = descriptor.into_single_descriptors().unwrap();
        for (branch, descriptor) in [Branch::Receive, Branch::Change].iter().zip(branches) {
            for index in indexes() {
                let expected = descriptor.at_derivation_index(index.to_u32()).unwrap();
                let script = account.script(*branch, index);
                assert_eq!(script, expected.script_pubkey(), "{text} {index}");
                assert_eq!(account.address(*branch, index), expected.address(NETWORK).unwrap());
            }
        }
        assert_eq!(AccountDescriptor::parse(&text, NETWORK), Ok(account.descriptor().clone()));
    }
}

#[test]
fn the_descriptor_names_origin_and_both_branches() {
    let segwit = single(ScriptType::Segwit, Network::Bitcoin);
    let key = segwit.descriptor().keys().remove(0);
    let (fingerprint, xpub) = (key.signer(), key.xpub);
    let text = segwit.descriptor().to_string();
    assert!(text.starts_with(&format!("wpkh([{fingerprint}/84'/0'/3']{xpub}/<0;1>/*)#")), "{text}");
    let nested = single(ScriptType::Nested, Network::Signet).descriptor().to_string();
    assert!(nested.contains("/49'/1'/3']tpub"), "{nested}");
}

#[test]
fn a_signer_is_told_the_path_and_what_hides_behind_the_script() {
    let index = DerivationIndex::new(5).unwrap();
    for script_type in ScriptType::ALL {
        let account = single(script_type, NETWORK);
        let mut input = psbt::Input::default();
        account.annotate_input(Branch::Change, index, &mut input);
        let path = format!("{}'/1'/3'/1/5", script_type.purpose()).parse().unwrap();
        let origins: Vec<_> = if script_type == ScriptType::Taproot {
            assert!(input.tap_internal_key.is_some());
            input.tap_key_origins.into_values().map(|(_, origin)| origin).collect()
        } else {
            input.bip32_derivation.into_values().collect()
        };
        assert_eq!(origins, [(account.descriptor().signers()[0], path)]);
        let nested = script_type == ScriptType::Nested;
        assert_eq!(input.redeem_script.is_some(), nested);
    }
}

/// A signer that is told of a multisig can tell which keys are whose.
#[test]
fn every_key_of_a_multisig_has_its_origin() {
    let keys = [1, 2, 3].map(|number| key(number, "<0;1>")).join(",");
    let account = account(&format!("sh(wsh(sortedmulti(2,{keys})))"));
    let index = DerivationIndex::new(9).unwrap();
    let mut output = psbt::Output::default();
    account.annotate_output(Branch::Change, index, &mut output);
    let paths: Vec<_> =
        output.bip32_derivation.values().map(|(_, path)| path.to_string()).collect();
    assert_eq!(paths, ["48'/1'/0'/2'/1/9"; 3]);
    let witness_script = output.witness_script.unwrap();
    let redeem_script = output.redeem_script.unwrap();
    assert_eq!(witness_script.to_p2wsh(), redeem_script);
    assert_eq!(redeem_script.to_p2sh(), account.script(Branch::Change, index));
}

#[test]
fn kinds_are_known_by_their_policy() {
    let [a, b, c] = [1, 2, 3].map(|number| key(number, "<0;1>"));
    let nobody = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";
    let two_of_three = AccountKind::Multisig { required: 2, keys: 3 };
    for (text, kind) in [
        (format!("wpkh({a})"), AccountKind::SingleKey(ScriptType::Segwit)),
        (format!("tr({a})"), AccountKind::SingleKey(ScriptType::Taproot)),
        (format!("wsh(sortedmulti(2,{a},{b},{c}))"), two_of_three),
        (format!("wsh(multi(2,{a},{b},{c}))"), two_of_three),
        (format!("tr({nobody},multi_a(2,{a},{b},{c}))"), two_of_three),
        (format!("tr({a},multi_a(2,{b},{c}))"), AccountKind::Policy),
        (format!("wsh(or_d(pk({a}),and_v(v:pkh({b}),older(4320))))"), AccountKind::Policy),
    ] {
        assert_eq!(account(&text).kind(), kind, "{text}");
    }
}

/// You now, your heir after 30 days: you don't wait, your heir does.
#[test]
fn each_way_has_its_signers_and_its_wait() {
    let text = |you, heir| format!("wsh(or_d(pk({you}),and_v(v:pkh({heir}),older(4320))))");
    let (you, heir) = (key(1, "<0;1>"), key(2, "<0;1>"));
    let signers = [1, 2].map(|number| master(number).fingerprint(&SECP));
    let yours = account(&text(&you, &heir));
    let ways: Vec<_> = yours.paths().iter().map(|path| path.signers.clone()).collect();
    assert_eq!(ways, [vec![signers[0]], vec![signers[1]]]);
    assert!(yours.paths()[0].plan.is_immediate());
    assert_eq!(yours.spend_plan(), yours.paths()[0].plan);
    assert_eq!(yours.paths()[1].plan.sequence, Sequence::from_height(4320));
    // The wallet that holds the other key takes the other way.
    let as_heir = account(&text(&heir, &you));
    assert_eq!(as_heir.spend_plan().sequence, Sequence::from_height(4320));
}

#[test]
fn an_absolute_wait_is_a_lock_time() {
    let text = format!(
        "wsh(or_d(multi(2,{},{}),and_v(v:pkh({}),after(900000))))",
        key(1, "<0;1>"),
        key(2, "<0;1>"),
        key(3, "<0;1>")
    );
    let paths = account(&text).paths().to_vec();
    assert_eq!(paths.len(), 2);
    assert_eq!(paths[0].signers.len(), 2);
    assert_eq!(paths[1].plan.lock_time, absolute::LockTime::from_consensus(900_000));
    assert!(!paths[1].plan.is_immediate());
}

/// With its own key in, a plan of 2 of 3 is with that key, and no way is counted twice.
#[test]
fn own_keys_come_first() {
    let [a, b, c] = [3, 2, 1].map(|number| key(number, "<0;1>"));
    let account = account(&format!("wsh(sortedmulti(2,{a},{b},{c}))"));
    assert_eq!(account.paths().len(), 1);
    assert!(account.paths()[0].signers.contains(&master(1).fingerprint(&SECP)));
    assert!(account.signs());
}

#[test]
fn a_wait_is_over_for_the_block_in_which_the_coin_has_its_age() {
    let height = Height::new;
    let text =
        format!("wsh(or_d(pk({}),and_v(v:pkh({}),older(10))))", key(2, "<0;1>"), key(1, "<0;1>"));
    let plan = account(&text).spend_plan();
    assert!(!plan.is_open(None, height(500)), "a coin that no block holds has no age");
    assert!(!plan.is_open(Some(height(100)), height(108)));
    assert!(plan.is_open(Some(height(100)), height(109)), "block 110 may spend it");
    let text = format!("wsh(and_v(v:pk({}),after(200)))", key(1, "<0;1>"));
    let plan = account(&text).spend_plan();
    assert!(!plan.is_open(Some(height(1)), height(199)));
    assert!(plan.is_open(None, height(200)), "a lock time is the last block that may not hold it");
}
