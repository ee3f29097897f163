//! What spending is planned to weigh, compared with what was signed: every template, each kind of
//! script, each way to spend, seen by each of the signers and by somebody who only watches.

use bitcoin::bip32::Fingerprint;

use super::psbt::combine;
use super::scripts::{account_key, payment_from, signed_by};
use super::*;
use crate::keychain::{AccountDescriptor, SpendPath, Template, TemplatePolicy, TemplateScript};

/// More keys than fit into a script whose length is one byte.
const MOST_KEYS: u8 = 8;

/// The most keys of a script behind P2SH alone (BIP16).
const MOST_LEGACY_KEYS: u8 = 15;

/// An ECDSA signature is planned with 73 bytes and its length, and is rarely shorter than 69.
const SAVED: u64 = 4;

fn account_of(template: &Template, own: Option<Fingerprint>) -> Account {
    let descriptor = template.descriptor(NETWORK).expect("a good template");
    let name = "joint".parse().expect("a name");
    Account::new(AccountId::new(0), name, NETWORK, descriptor, own.as_slice())
}

fn person(fingerprint: Fingerprint) -> u8 {
    let mut people = 1..=MOST_LEGACY_KEYS;
    let is = |person: &u8| account_key(*person).origin.is_some_and(|(own, _)| own == fingerprint);
    people.find(is).expect("one of the signers")
}

/// Signs by a way, and compares.
fn assert_weighed(template: &Template, account: &Account, path: &SpendPath) {
    let draft = payment_from(account, path.plan.sequence);
    let parts = path.signers.iter().map(|signer| signed_by(person(*signer), &draft));
    let signed = combine(parts.collect()).expect("one payment");
    let transaction = finish(&signed, &draft).unwrap_or_else(|error| {
        panic!("{template:?} by {:?}: {error}", path.signers);
    });
    // The marker and the flag of a transaction with witnesses (BIP144).
    let base = draft.unsigned_tx.weight().to_wu() + 2;
    let planned = base + path.plan.satisfaction.to_wu();
    let actual = transaction.weight().to_wu();
    let signatures = u64::try_from(path.signers.len()).expect("few");
    let most_saved = match template.script {
        TemplateScript::Taproot => 0,
        TemplateScript::Nested | TemplateScript::Segwit => SAVED * signatures,
    };
    assert!(actual <= planned, "{template:?}: {actual} > {planned} by {:?}", path.signers);
    assert!(planned - actual <= most_saved, "{template:?}: {actual} << {planned}");
}

#[test]
fn every_way_of_every_template_weighs_what_was_planned() {
    let after = 144;
    let policies = [
        (TemplatePolicy::Multisig { required: 1 }, 2),
        (TemplatePolicy::Multisig { required: 2 }, 3),
        (TemplatePolicy::Multisig { required: 5 }, MOST_KEYS),
        (TemplatePolicy::Heir { after }, 2),
        (TemplatePolicy::Expanding { required: 2, after }, 2),
        (TemplatePolicy::Expanding { required: 2, after }, 3),
        (TemplatePolicy::Expanding { required: 3, after }, 5),
    ];
    let mut ways = 0;
    for (policy, keys) in policies {
        for script in [TemplateScript::Nested, TemplateScript::Segwit, TemplateScript::Taproot] {
            let keys: Vec<_> = (1..=keys).map(account_key).collect();
            let origins = keys.iter().filter_map(|key| key.origin.as_ref());
            let owners: Vec<_> = origins.map(|(own, _)| Some(*own)).chain([None]).collect();
            let template = Template { policy, script, keys };
            for own in owners {
                let account = account_of(&template, own);
                for path in account.paths() {
                    assert_weighed(&template, &account, path);
                    ways += 1;
                }
            }
        }
    }
    // Multisigs have one way and the others two, for each signer and for the one who watches.
    assert_eq!(ways, 3 * (3 + 4 + 9 + 2 * (3 + 3 + 4 + 6)));
}

/// What is behind P2SH alone has no witness, so all of it weighs four times.
#[test]
fn a_multisig_behind_p2sh_weighs_what_was_planned() {
    for (required, keys) in [(1, 1), (1, 2), (2, 3), (3, 7), (8, MOST_LEGACY_KEYS)] {
        for sorted in ["", "sorted"] {
            let keys: Vec<_> =
                (1..=keys).map(|key| format!("{}/<0;1>/*", account_key(key))).collect();
            let text = format!("sh({sorted}multi({required},{}))", keys.join(","));
            let descriptor = AccountDescriptor::parse(&text, NETWORK).expect("a good descriptor");
            let name = "joint".parse().expect("a name");
            let account = Account::new(AccountId::new(0), name, NETWORK, descriptor, &[]);
            let [path] = account.paths() else { panic!("one way: {text}") };
            assert!(!path.plan.has_witness);
            let draft = payment_from(&account, path.plan.sequence);
            let parts = path.signers.iter().map(|signer| signed_by(person(*signer), &draft));
            let signed = combine(parts.collect()).expect("one payment");
            let transaction = finish(&signed, &draft).expect("all have signed");
            let planned = draft.unsigned_tx.weight() + path.plan.satisfaction;
            let saved = planned.to_wu() - transaction.weight().to_wu();
            assert!(saved <= 4 * SAVED * required, "{text}: {saved} of {planned}");
        }
    }
}
