//! Inputs with scripts of several keys: each signer adds its part, nothing else, and the parts make
//! a transaction.

use std::str::FromStr;

use bitcoin::bip32::{Xpriv, Xpub};
use miniscript::psbt::PsbtExt;
use miniscript::{DefiniteDescriptorKey, Descriptor, DescriptorPublicKey};

use super::psbt::{combine, finalise, signatures};
use super::*;
use crate::keychain::{AccountKey, SECP};

/// The masters of two people, as an extended key makes them sign.
fn master(person: u8) -> Xpriv {
    Xpriv::new_master(NETWORK, &[person; 32]).expect("a seed")
}

fn signer_of(person: u8) -> SoftwareSigner {
    let text = master(person).to_string();
    let key = ExtendedKey::parse(&text, NETWORK).expect("a tprv");
    SoftwareSigner::with_keys(Keys::Extended(key))
}

/// A person's key, as it is given to the others.
pub(super) fn account_key(person: u8) -> AccountKey {
    let master = master(person);
    let path: DerivationPath = "48'/1'/0'/2'".parse().expect("a path");
    let xpub = Xpub::from_priv(&SECP, &master.derive_priv(&SECP, &path).expect("a path"));
    AccountKey { origin: Some((master.fingerprint(&SECP), path)), xpub }
}

/// The same as a descriptor names it.
fn key(person: u8) -> String {
    format!("{}/0/7", account_key(person))
}

fn described(template: &str) -> Descriptor<DefiniteDescriptorKey> {
    let text = ["@1", "@2", "@3"]
        .into_iter()
        .zip(1..)
        .fold(template.to_owned(), |text, (name, person)| text.replace(name, &key(person)));
    let descriptor = Descriptor::<DescriptorPublicKey>::from_str(&text).expect("a descriptor");
    descriptor.at_derivation_index(0).expect("no wildcard")
}

/// A payment from a coin of the descriptor.
fn payment(descriptor: &Descriptor<DefiniteDescriptorKey>, sequence: Sequence) -> Psbt {
    let mut psbt = payment_of(descriptor.script_pubkey(), sequence);
    psbt.update_input_with_descriptor(0, descriptor).expect("of this descriptor");
    psbt
}

/// A payment from the first coin of an account.
pub(super) fn payment_from(account: &Account, sequence: Sequence) -> Psbt {
    let mut psbt = payment_of(account.script(Branch::Receive, INDEX), sequence);
    account.annotate_input(Branch::Receive, INDEX, &mut psbt.inputs[0]);
    psbt
}

/// A payment from a coin that was paid to a script.
fn payment_of(script_pubkey: ScriptBuf, sequence: Sequence) -> Psbt {
    let funding = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn::default()],
        output: vec![TxOut { value: Amount::ONE_BTC, script_pubkey }],
    };
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::new(funding.compute_txid(), 0),
            sequence,
            ..TxIn::default()
        }],
        output: vec![TxOut { value: Amount::from_sat(9), script_pubkey: ScriptBuf::new() }],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction).expect("unsigned");
    psbt.inputs[0].witness_utxo = Some(funding.output[0].clone());
    psbt.inputs[0].non_witness_utxo = Some(funding);
    psbt
}

pub(super) fn signed_by(person: u8, psbt: &Psbt) -> Psbt {
    let mut signed = psbt.clone();
    signer_of(person).sign(&mut signed).expect("a good PSBT");
    signed
}

const NUMS: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

#[test]
fn two_of_three_sign_and_one_does_not_suffice() {
    let taproot = format!("tr({NUMS},multi_a(2,@1,@2,@3))");
    let templates = [
        "wsh(sortedmulti(2,@1,@2,@3))",
        "sh(wsh(sortedmulti(2,@1,@2,@3)))",
        "sh(multi(2,@1,@2,@3))",
        &taproot,
    ];
    for template in templates {
        let draft = payment(&described(template), Sequence::ENABLE_RBF_NO_LOCKTIME);
        let (first, third) = (signed_by(1, &draft), signed_by(3, &draft));
        assert_eq!(signatures::tally(&first)[0].good, 1, "{template}");
        assert_eq!(finish(&first, &draft), Err(SigningProblem::Incomplete), "{template}");
        assert_eq!(signed_by(4, &draft), draft, "a stranger adds nothing: {template}");
        let both = combine(vec![first, third]).expect("one payment");
        let transaction = finish(&both, &draft).expect("two of three");
        assert_eq!(transaction.compute_ntxid(), draft.unsigned_tx.compute_ntxid());
        let mut finished = both;
        assert_eq!(finalise(&mut finished), Ok(transaction.clone()), "{template}");
        // A co-signer may hand back what is finished already.
        assert_eq!(finish(&finished, &draft), Ok(transaction), "{template}");
    }
}

#[test]
fn an_heir_can_spend_only_after_the_time() {
    for template in
        ["wsh(or_d(pk(@1),and_v(v:pk(@2),older(144))))", "tr(@1,and_v(v:pk(@2),older(144)))"]
    {
        let descriptor = described(template);
        let early = payment(&descriptor, Sequence::ENABLE_RBF_NO_LOCKTIME);
        finish(&signed_by(1, &early), &early).expect("the owner, any time");
        let heir = finish(&signed_by(2, &early), &early);
        assert_eq!(heir, Err(SigningProblem::Incomplete), "{template}");
        let late = payment(&descriptor, Sequence::from_height(144));
        finish(&signed_by(2, &late), &late).expect("the heir, after the time");
    }
}

#[test]
fn a_script_that_the_coin_does_not_commit_to_is_not_signed() {
    let draft = payment(&described("wsh(multi(2,@1,@2))"), Sequence::MAX);
    let other = payment(&described("wsh(multi(1,@1,@2))"), Sequence::MAX);
    let mut lie = draft.clone();
    lie.inputs[0].witness_script.clone_from(&other.inputs[0].witness_script);
    assert_eq!(signer_of(1).sign(&mut lie), Err(SigningProblem::ForeignKey { input: 0 }));

    let taproot = |leaf: &str| payment(&described(&format!("tr({NUMS},{leaf})")), Sequence::MAX);
    let (draft, other) = (taproot("multi_a(2,@1,@2)"), taproot("multi_a(1,@1,@2)"));
    let mut lie = draft;
    lie.inputs[0].tap_scripts.clone_from(&other.inputs[0].tap_scripts);
    lie.inputs[0].tap_key_origins.clone_from(&other.inputs[0].tap_key_origins);
    assert_eq!(signer_of(1).sign(&mut lie), Err(SigningProblem::ForeignKey { input: 0 }));
}

#[test]
fn a_key_that_is_not_in_the_script_does_not_sign_it() {
    let mut draft = payment(&described("wsh(multi(1,@2,@3))"), Sequence::MAX);
    let stolen = payment(&described("wsh(multi(1,@1,@3))"), Sequence::MAX);
    draft.inputs[0].bip32_derivation.extend(stolen.inputs[0].bip32_derivation.clone());
    assert_eq!(signer_of(1).sign(&mut draft), Err(SigningProblem::ForeignKey { input: 0 }));
}

#[test]
fn a_spoiled_signature_of_a_cosigner_is_named_as_wrong() {
    let draft = payment(&described("wsh(multi(2,@1,@2))"), Sequence::MAX);
    let mut both = combine(vec![signed_by(1, &draft), signed_by(2, &draft)]).expect("one payment");
    let some = *both.inputs[0].partial_sigs.values().next().expect("there");
    both.inputs[0].partial_sigs.values_mut().for_each(|signature| *signature = some);
    assert_eq!(finish(&both, &draft), Err(SigningProblem::Invalid));
}

#[test]
fn single_keys_sign_for_each_of_their_addresses() {
    // Bitcoin's wiki, "Wallet import format", and its compressed form.
    let texts = [
        ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", false),
        ("KwdMAjGmerYanjeui5SHS7JkmpZvVipYvB2LJGU1ZxJwYvP98617", true),
    ];
    for (text, compressed) in texts {
        let key = SingleKey::parse(text, Network::Bitcoin).expect("a key");
        assert_eq!(key.public().compressed, compressed);
        assert!(matches!(
            SingleKey::parse(text, Network::Regtest),
            Err(ParseKeyError::WrongNetwork)
        ));
        let script = ScriptBuf::new_p2pkh(&key.public().pubkey_hash());
        let public = key.public().inner;
        let mut signer = SoftwareSigner::with_keys(Keys::Single(key));
        let funding = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn::default()],
            output: vec![TxOut { value: Amount::ONE_BTC, script_pubkey: script }],
        };
        let transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::new(funding.compute_txid(), 0),
                ..TxIn::default()
            }],
            output: vec![TxOut { value: Amount::from_sat(9), script_pubkey: ScriptBuf::new() }],
        };
        let mut draft = Psbt::from_unsigned_tx(transaction).expect("unsigned");
        draft.inputs[0].non_witness_utxo = Some(funding);
        let origin = (signer.masters()[0], DerivationPath::master());
        draft.inputs[0].bip32_derivation.insert(public, origin);
        let mut both = draft.clone();
        signer.sign(&mut both).expect("a good PSBT");
        finish(&both, &draft).expect("a good signature");
    }
    let mistyped = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTK";
    assert!(matches!(SingleKey::parse(mistyped, Network::Bitcoin), Err(ParseKeyError::NotAKey)));
}

/// BIP174, "Test Vectors": "Fails Signer checks". Each input names a key that the signer has.
#[test]
fn what_the_bip_says_a_signer_must_refuse_is_refused() {
    let text = "tprv8ZgxMBicQKsPd9TeAdPADNnSyH9SSUUbTVeFszDE23Ki6TBB5nCefAdHkK8Fm3qMQR6sHwA56zqRmKmxn\
                Hk37JkiFzvncDqoKmPWubu7hDF";
    let lines = include_str!("../../../fixtures/psbt/bip174.txt").lines();
    let vectors: Vec<_> = lines.filter_map(|line| line.strip_prefix("refuse ")).collect();
    for vector in &vectors {
        let (base64, case) = vector.split_once(' ').expect("two columns");
        let key = ExtendedKey::parse(text, NETWORK).expect("a tprv");
        let mut signer = SoftwareSigner::with_keys(Keys::Extended(key));
        let mut psbt = psbt::read(base64.as_bytes()).expect("a good form");
        for input in &mut psbt.inputs {
            let own = signer.masters()[0];
            input.bip32_derivation.values_mut().for_each(|origin| origin.0 = own);
            if input.bip32_derivation.is_empty() {
                let key = master(1).private_key.public_key(&SECP);
                input.bip32_derivation.insert(key, (own, DerivationPath::master()));
            }
        }
        assert!(signer.sign(&mut psbt).is_err(), "{case}");
    }
    assert_eq!(vectors.len(), 4);
}

#[test]
fn the_signer_of_the_bip_signs_as_it_says() {
    let text = "tprv8ZgxMBicQKsPd9TeAdPADNnSyH9SSUUbTVeFszDE23Ki6TBB5nCefAdHkK8Fm3qMQR6sHwA56zqRmKmxn\
                Hk37JkiFzvncDqoKmPWubu7hDF";
    let step = |name: &str| {
        let mut lines = include_str!("../../../fixtures/psbt/bip174.txt").lines();
        let line = lines.find(|line| line.starts_with("flow ") && line.ends_with(name));
        let base64 = line.expect("the step").split(' ').nth(1).expect("three columns");
        psbt::read(base64.as_bytes()).expect("a good one")
    };
    let key = ExtendedKey::parse(text, NETWORK).expect("a tprv");
    let mut signer = SoftwareSigner::with_keys(Keys::Extended(key));
    let (mut psbt, expected) = (step("with-sighash"), step("combined"));
    let refused = signer.sign(&mut psbt);
    // Stricter than the BIP: two segwit inputs that only claim their amounts could hide a fee.
    assert_eq!(refused, Err(SigningProblem::SpentOutput { input: 1 }));
    let (ours, theirs) = (&psbt.inputs[0].partial_sigs, &expected.inputs[0].partial_sigs);
    assert!(ours.keys().eq(theirs.keys()), "both keys are below this one");
    // Ours have a low R, so those of the BIP that have one by chance are the same (RFC 6979).
    let short = theirs.iter().filter(|(_, signature)| signature.to_vec().len() <= 71);
    let same: Vec<_> = short.map(|(key, signature)| ours[key] == *signature).collect();
    assert_eq!(same, [true]);
}
