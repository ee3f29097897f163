//! A host that changes any field, before the review or after it: whatever of its PSBT is signed
//! such that a node would take the signature was on the pages, to the last satoshi.
//!
//! What a node would take is judged by another program's reader of PSBTs and of scripts, with the
//! coins as they truly are.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use bitcoin::psbt::{self, Psbt as TheirPsbt};
use bitcoin::{Address, OutPoint, ScriptBuf, Transaction, TxOut};
use miniscript::psbt::PsbtExt as _;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::network::Network;
use crate::path::Variant;
use crate::policy::Policy;
use crate::psbt::tests::{AllMaps, Fields, maps_of, version_2, written};
use crate::sample::{self, Draft, key, keys, others, policy, single};
use crate::screen::ScreenKind;
use crate::signing::Step;

/// What is true, whatever a host says.
struct World {
    keys: Keys,
    policies: Policies,
    /// The coins, and how an honest wallet tells of them.
    coins: BTreeMap<OutPoint, (TxOut, psbt::Input)>,
    drafts: Vec<Draft>,
    /// The scripts that are this device's change.
    change: Vec<ScriptBuf>,
}

const SHARED: &str = "wsh(sortedmulti(1,@0/**,@1/**))";
const TREE: &str = "tr(@0/**,pk(@1/**))";

fn shared_keys() -> Vec<String> {
    vec![key(&keys(), "48'/1'/0'/2'"), key(&others(), "48'/1'/0'/2'")]
}

fn own(variant: Variant, branch: u32, index: u32) -> String {
    single(&keys(), variant, branch, index)
}

fn payment(inputs: &[String], change: &str) -> Draft {
    let theirs = |index| single(&others(), Variant::Wpkh, 0, index);
    let mut draft = Draft::new();
    for input in inputs {
        draft = draft.input(input, 100_000);
    }
    draft.output(&theirs(0), 60_000).own_output(change, 38_000)
}

/// Payments of every kind of wallet; the change is at index 7.
fn drafts() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for variant in [Variant::Pkh, Variant::ShWpkh, Variant::Tr] {
        let inputs = [own(variant, 0, 3), own(variant, 0, 4)];
        drafts.push(payment(&inputs, &own(variant, 1, 7)));
    }
    let alone = payment(&[own(Variant::Wpkh, 0, 3)], &own(Variant::Wpkh, 1, 7));
    drafts.push(alone.without_previous());
    for template in [SHARED, TREE] {
        let place = |branch, index| policy(template, &shared_keys(), branch, index);
        drafts.push(payment(&[place(0, 1), place(0, 2)], &place(1, 7)));
    }
    drafts
}

impl World {
    fn new() -> Self {
        let keys = keys();
        let mut policies = Policies::default();
        for (name, template) in [("shared", SHARED), ("tree", TREE)] {
            let policy = Policy::parse(name, template, &shared_keys(), &keys).unwrap();
            policies.register(policy).unwrap();
        }
        let mut coins = BTreeMap::new();
        let drafts = drafts();
        for draft in &drafts {
            let spends = draft.0.unsigned_tx.input.iter().map(|input| input.previous_output);
            for (outpoint, input) in spends.zip(draft.0.inputs.clone()) {
                let previous = input.non_witness_utxo.as_ref().map(|made| made.output[0].clone());
                let coin = previous.or(input.witness_utxo.clone()).unwrap();
                coins.insert(outpoint, (coin, input));
            }
        }
        let mut change: Vec<String> =
            Variant::ALL.map(|variant| own(variant, 1, 7)).into_iter().collect();
        change.extend([SHARED, TREE].map(|t| policy(t, &shared_keys(), 1, 7)));
        let script = |text: &String| sample::definite(text).script_pubkey();
        let change = change.iter().map(script).collect();
        Self { keys, policies, coins, drafts, change }
    }

    fn review(&self, bytes: &[u8]) -> Result<Review, Refusal> {
        let settings = Settings::new(Network::Test);
        Review::parse(bytes, Chain::Testnet, &self.keys, &self.policies, &settings)
    }

    fn signed(&self, review: Review) -> Vec<u8> {
        let mut signing = review.sign();
        loop {
            if let Step::Done(bytes) = signing.step(&self.keys).unwrap() {
                return bytes;
            }
        }
    }

    /// Reviews and signs; whether it was signed at all.
    #[track_caller]
    fn assert_shown(&self, bytes: &[u8]) -> bool {
        let Ok(review) = self.review(bytes) else { return false };
        let screens = review.screens().to_vec();
        let signed = self.signed(review);
        let transaction = Psbt::parse(&signed).unwrap().transaction;
        if let Some(fee) = self.fee_if_valid(&transaction, &maps_of(&signed).1) {
            self.assert_pages(&screens, &transaction, fee);
        }
        true
    }

    /// The true fee, if a node would take one of the signatures.
    fn fee_if_valid(&self, transaction: &Transaction, inputs: &[Fields]) -> Option<u64> {
        let mut psbt = TheirPsbt::from_unsigned_tx(transaction.clone()).unwrap();
        let mut put_in = 0;
        for (index, input) in transaction.input.iter().enumerate() {
            let (coin, honest) = self.coins.get(&input.previous_output)?;
            psbt.inputs[index] = honest.clone();
            psbt.inputs[index].witness_utxo = Some(coin.clone());
            add_signatures(&mut psbt.inputs[index], &inputs[index]);
            put_in += coin.value.to_sat();
        }
        let count = psbt.inputs.len();
        let valid = (0..count).any(|i| psbt.finalize_inp_mut(self.keys.secp(), i).is_ok());
        let paid_out: u64 = transaction.output.iter().map(|output| output.value.to_sat()).sum();
        valid.then(|| put_in - paid_out)
    }

    #[track_caller]
    fn assert_pages(&self, screens: &[Screen], transaction: &Transaction, fee: u64) {
        let mut shown = screens.iter().filter(|screen| screen.kind == ScreenKind::Output);
        let mut change = 0;
        let outputs = &transaction.output;
        let pages = screens.iter().filter(|screen| screen.kind == ScreenKind::Output).count();
        assert!(pages + 1 >= outputs.len(), "at most one output has no page");
        let left_out = outputs.len() > pages;
        for output in outputs {
            let ours = self.change.contains(&output.script_pubkey);
            if left_out && change == 0 && ours {
                // The one that may have no page.
                change = output.value.to_sat();
                continue;
            }
            let page = shown.next().expect("an output without a page");
            assert_eq!(page.lines[0], coins(output.value.to_sat()));
            if let Ok(address) =
                Address::from_script(&output.script_pubkey, bitcoin::Network::Testnet)
            {
                assert_eq!(page.lines[1], format!("{address}"));
            }
        }
        let fee_page = screens.iter().find(|screen| screen.kind == ScreenKind::Fee).unwrap();
        assert_eq!(fee_page.lines[0], coins(fee), "the true fee");
        let confirm = screens.last().unwrap();
        if left_out {
            assert!(confirm.lines.contains(&format!("Change: {}", coins(change))));
        }
    }
}

fn coins(sat: u64) -> String {
    format!("{}.{:08} tBTC", sat / 100_000_000, sat % 100_000_000)
}

/// The signatures of an input, by their types in BIP174 and BIP371.
fn add_signatures(input: &mut psbt::Input, fields: &Fields) {
    for (key, value) in fields {
        let Some((kind, key)) = key.split_first() else { continue };
        match kind {
            0x02 => {
                let public = bitcoin::PublicKey::from_slice(key);
                if let (Ok(key), Ok(sig)) = (public, bitcoin::ecdsa::Signature::from_slice(value)) {
                    input.partial_sigs.insert(key, sig);
                }
            }
            0x13 => input.tap_key_sig = bitcoin::taproot::Signature::from_slice(value).ok(),
            _ => {}
        }
    }
}

/// The map at a place, counted through all of them.
fn map_at(maps: &mut AllMaps, at: usize) -> &mut Fields {
    let (inputs, outputs) = (maps.1.len(), maps.2.len());
    match at % (1 + inputs + outputs) {
        0 => &mut maps.0,
        at if at <= inputs => &mut maps.1[at - 1],
        at => &mut maps.2[at - 1 - inputs],
    }
}

/// Every change of one field that is tried.
const CHANGES: usize = 9;

fn change(map: &mut Fields, field: usize, kind: usize, elsewhere: &(Vec<u8>, Vec<u8>)) {
    let middle = map[field].1.len() / 2;
    match kind {
        0 => drop(map.remove(field)),
        1 => map[field].1.iter_mut().take(1).for_each(|byte| *byte ^= 1),
        2 => map[field].1.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 0x10),
        3 => map[field].1.iter_mut().rev().take(1).for_each(|byte| *byte ^= 0x80),
        4 => map[field].1.push(0),
        5 => drop(map[field].1.pop()),
        6 => map[field].1.clone_from(&elsewhere.1),
        7 => map.push(elsewhere.clone()),
        _ => map[field].0.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1),
    }
}

#[test]
fn what_is_signed_was_shown_whatever_field_is_changed() {
    let world = World::new();
    let (mut signed, mut refused) = (0, 0);
    for draft in &world.drafts {
        let bytes = draft.bytes();
        assert!(world.assert_shown(&bytes), "the honest one is signed");
        // A legacy coin in version 2: the same fields are read from there.
        let new = draft.0.inputs[0].witness_utxo.is_none().then(|| version_2(&bytes));
        for maps in [Some(maps_of(&bytes)), new].into_iter().flatten() {
            let count = 1 + maps.1.len() + maps.2.len();
            for at in 0..count {
                for field in 0..map_at(&mut maps.clone(), at).len() {
                    let next = map_at(&mut maps.clone(), at + 1).clone();
                    let elsewhere = next.get(field % next.len().max(1)).cloned();
                    let elsewhere = elsewhere.unwrap_or((vec![0x77], vec![1]));
                    for kind in 0..CHANGES {
                        let mut changed = maps.clone();
                        change(map_at(&mut changed, at), field, kind, &elsewhere);
                        let done = world.assert_shown(&written(&changed));
                        *(if done { &mut signed } else { &mut refused }) += 1;
                    }
                }
            }
        }
    }
    assert!(signed > 100 && refused > 300, "{signed} signed, {refused} refused");
}

#[test]
fn a_change_after_the_review_changes_nothing() {
    let world = World::new();
    for draft in &world.drafts {
        let mut bytes = draft.bytes();
        let expected = world.signed(world.review(&bytes).unwrap());
        let review = world.review(&bytes).unwrap();
        let screens = review.screens().to_vec();
        for byte in &mut bytes {
            *byte = !*byte;
        }
        drop(world.review(&bytes));
        assert_eq!(review.screens(), screens);
        assert_eq!(world.signed(review), expected);
    }
}

#[test]
fn what_is_signed_was_shown_whatever_bytes_are_changed() {
    let world = World::new();
    let place = (any::<prop::sample::Index>(), any::<u8>());
    let changes = prop::collection::vec(place, 1..4);
    let drafts = 0..world.drafts.len();
    // One world for all runs: its keys are stretched from words.
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    let run = runner.run(&(drafts, changes), |(draft, changes)| {
        let mut bytes = world.drafts[draft].bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        world.assert_shown(&bytes);
        Ok(())
    });
    run.unwrap();
}
