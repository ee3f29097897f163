//! What the templates build reads back, and is spent as it was asked for.

use std::str::FromStr;

use bitcoin::bip32::Xpriv;
use bitcoin::{Sequence, psbt};
use miniscript::Descriptor;

use super::*;
use crate::keychain::{
    Account, AccountId, AccountKind, Branch, DerivationIndex, SECP, SpendRule, WalletPolicy,
};

const NETWORK: Network = Network::Signet;

fn key(number: u8, script: TemplateScript) -> AccountKey {
    let master = Xpriv::new_master(NetworkKind::from(NETWORK), &[number; 32]).unwrap();
    let path = script.path(NETWORK, 0);
    let xpub = Xpub::from_priv(&SECP, &master.derive_priv(&SECP, &path).unwrap());
    AccountKey { origin: Some((master.fingerprint(&SECP), path)), xpub }
}

fn template(policy: TemplatePolicy, script: TemplateScript, keys: u8) -> Template {
    Template { policy, script, keys: (1..=keys).map(|number| key(number, script)).collect() }
}

fn all() -> Vec<Template> {
    let scripts = [TemplateScript::Nested, TemplateScript::Segwit, TemplateScript::Taproot];
    let of = |script| {
        [
            template(TemplatePolicy::Multisig { required: 2 }, script, 3),
            template(TemplatePolicy::Heir { after: 4_383 }, script, 2),
            template(TemplatePolicy::Expanding { required: 2, after: 52_596 }, script, 3),
        ]
    };
    scripts.into_iter().flat_map(of).collect()
}

fn account(descriptor: &AccountDescriptor, own: Option<Fingerprint>) -> Account {
    let name = "a".parse().unwrap();
    Account::new(AccountId::new(0), name, NETWORK, descriptor.clone(), own.as_slice())
}

/// What this wallet builds can be read again, by itself and as a signing device registers it.
#[test]
fn every_template_makes_a_descriptor_that_reads_back() {
    for template in all() {
        let descriptor = template.descriptor(NETWORK).unwrap();
        let text = descriptor.to_string();
        assert_eq!(AccountDescriptor::parse(&text, NETWORK), Ok(descriptor.clone()), "{text}");
        let policy = WalletPolicy::new(&descriptor).unwrap();
        assert!(!policy.template.contains("pub"), "{}", policy.template);
        assert_eq!(policy.descriptor(NETWORK), Ok(descriptor.clone()), "{}", policy.template);
        for branch in [Branch::Receive, Branch::Change] {
            let alone = Descriptor::<miniscript::DescriptorPublicKey>::from_str(
                &descriptor.branch_text(branch),
            );
            let expected = alone.unwrap().at_derivation_index(7).unwrap().script_pubkey();
            let index = DerivationIndex::new(7).unwrap();
            assert_eq!(account(&descriptor, None).script(branch, index), expected);
        }
    }
}

#[test]
fn each_has_the_ways_that_were_asked_for() {
    for template in all() {
        let descriptor = template.descriptor(NETWORK).unwrap();
        let own = template.keys.last().unwrap().signer();
        let paths = account(&descriptor, Some(own)).paths().to_vec();
        let signers: Vec<_> = paths.iter().map(|path| path.signers.len()).collect();
        let last = paths.last().unwrap();
        match template.policy {
            TemplatePolicy::Multisig { required } => {
                assert_eq!(signers, [required]);
                assert_eq!(descriptor.kind(), AccountKind::Multisig { required, keys: 3 });
                assert!(last.plan.is_immediate() && last.signers.contains(&own));
            }
            TemplatePolicy::Heir { after } => {
                assert_eq!(signers, [1, 1]);
                assert_eq!(last.signers, [own]);
                assert_eq!(last.plan.sequence, Sequence::from_height(after));
            }
            TemplatePolicy::Expanding { required, after } => {
                assert_eq!(signers, [required, 1]);
                assert_eq!(last.signers, [own]);
                assert_eq!(last.plan.sequence, Sequence::from_height(after));
            }
        }
    }
}

#[test]
fn nobodys_key_is_told_and_never_counted() {
    let taproot = TemplateScript::Taproot;
    let template = template(TemplatePolicy::Multisig { required: 2 }, taproot, 3);
    let descriptor = template.descriptor(NETWORK).unwrap();
    let signers: Vec<_> = template.keys.iter().map(AccountKey::signer).collect();
    let rules = signers.iter().map(|signer| SpendRule::Key(*signer)).collect();
    assert_eq!(descriptor.rule(), SpendRule::Of { required: 2, rules });
    let mut input = psbt::Input::default();
    let index = DerivationIndex::ZERO;
    account(&descriptor, None).annotate_input(Branch::Receive, index, &mut input);
    assert_eq!(input.tap_scripts.len(), 1);
    let told = input.tap_key_origins.values().filter(|(leaves, _)| !leaves.is_empty());
    assert_eq!(told.count(), 3);
}

#[test]
fn what_cannot_be_built_is_named() {
    let segwit = TemplateScript::Segwit;
    let refused = |template: Template| template.descriptor(NETWORK).map(drop).unwrap_err();
    let multisig = |required, keys| template(TemplatePolicy::Multisig { required }, segwit, keys);
    assert_eq!(refused(multisig(1, 1)), TemplateError::Keys { least: 2, most: 20, found: 1 });
    assert_eq!(refused(multisig(1, 21)), TemplateError::Keys { least: 2, most: 20, found: 21 });
    assert_eq!(refused(multisig(0, 2)), TemplateError::Required { keys: 2 });
    assert_eq!(refused(multisig(3, 2)), TemplateError::Required { keys: 2 });
    assert!(multisig(15, 20).descriptor(NETWORK).is_ok());
    let waitless = template(TemplatePolicy::Heir { after: 0 }, segwit, 2);
    assert_eq!(refused(waitless), TemplateError::NoWait);
    let mut twice = multisig(2, 2);
    twice.keys[1] = twice.keys[0].clone();
    assert_eq!(refused(twice), TemplateError::SameKey);
    let other = Network::Bitcoin;
    assert_eq!(
        multisig(2, 2).descriptor(other),
        Err(TemplateError::Descriptor(DescriptorError::WrongNetwork { network: other }))
    );
}
