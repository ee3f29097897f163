//! Owns what a lying device can't do: have a wallet take keys, addresses or signatures that are not
//! those of its payment.

use billfold_signer_host::device::{About, Networks, State};
use billfold_signer_host::watch::Unwatched;
use bitcoin::absolute::LockTime;
use bitcoin::bip32::Xpub;
use bitcoin::secp256k1::{Message, SecretKey, ecdsa};
use bitcoin::transaction::Version;
use bitcoin::{
    Amount, EcdsaSighashType, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
};

use super::*;
use crate::command::MessageForm;
use crate::keychain::{AccountId, SECP};
use crate::limits::MESSAGE_BYTES;
use crate::message::{Verdict, digest, verify, written_legacy};
use crate::seed::{Seed, Words};
use crate::signers::{Signer, SoftwareSigner};

const NETWORK: Network = Network::Regtest;

/// A device in software, which answers with what a test makes of the truth.
struct Double {
    seed: Seed,
    about: About,
    policies: Vec<Policy>,
    registered: usize,
    lie: fn(&mut Psbt),
    address: Option<String>,
    /// What it signs in place of the message that it is asked for.
    text: Option<&'static str>,
    asked: Vec<Shown>,
}

fn seed(passphrase: &str) -> Seed {
    let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                 abandon about";
    Seed::new(&Words::parse(words).expect("good words"), passphrase)
}

fn device() -> Double {
    Double {
        seed: seed(""),
        about: About {
            place: Place::Usb,
            model: "double".to_owned(),
            version: "1".to_owned(),
            state: State::Ready,
            networks: Networks::All,
        },
        policies: Vec::new(),
        registered: 0,
        lie: |_| {},
        address: None,
        text: None,
        asked: Vec::new(),
    }
}

impl Device for Double {
    fn about(&self) -> &About {
        &self.about
    }

    fn network(&self) -> Network {
        NETWORK
    }

    fn fingerprint(&self) -> Fingerprint {
        self.seed.fingerprint()
    }

    fn xpub(&mut self, path: &DerivationPath) -> Result<Xpub, DeviceError> {
        Ok(self.seed.xpub(path, NETWORK))
    }

    fn is_registered(&mut self, policy: &Policy) -> Result<bool, DeviceError> {
        Ok(self.policies.contains(policy))
    }

    fn register(&mut self, policy: &Policy, _watch: &mut dyn Watch) -> Result<(), DeviceError> {
        self.registered += 1;
        self.policies.push(policy.clone());
        Ok(())
    }

    fn display(
        &mut self,
        what: &Shown,
        _watch: &mut dyn Watch,
    ) -> Result<Option<String>, DeviceError> {
        self.asked.push(what.clone());
        Ok(self.address.clone())
    }

    fn sign(&mut self, psbt: &Psbt, _watch: &mut dyn Watch) -> Result<Psbt, DeviceError> {
        let mut signed = psbt.clone();
        let seed = Seed::from_bytes(&self.seed.to_bytes()).expect("own bytes");
        SoftwareSigner::new(seed, NETWORK).sign(&mut signed).expect("it is fit to be signed");
        (self.lie)(&mut signed);
        Ok(signed)
    }

    fn sign_message(
        &mut self,
        path: &DerivationPath,
        message: &str,
        _watch: &mut dyn Watch,
    ) -> Result<String, DeviceError> {
        let message = digest(self.text.unwrap_or(message));
        let key = *self.seed.private_key(path, NETWORK).secret();
        Ok(written_legacy(&SECP.sign_ecdsa_recoverable(&message, &key), true))
    }
}

fn standard(script_type: ScriptType) -> Account {
    let key = StandardAccount::first(script_type);
    Account::new(AccountId::new(0), key.name(), NETWORK, seed("").descriptor(key, NETWORK), &[])
}

/// Two of the device's key and that of somebody else.
fn joint() -> Account {
    let path = TemplateScript::Segwit.path(NETWORK, 0);
    let key = |seed: &Seed| AccountKey {
        origin: Some((seed.fingerprint(), path.clone())),
        xpub: seed.xpub(&path, NETWORK),
    };
    let (ours, theirs) = (key(&seed("")), key(&seed("other")));
    let text = format!("wsh(sortedmulti(2,{ours}/<0;1>/*,{theirs}/<0;1>/*))");
    let descriptor = AccountDescriptor::parse(&text, NETWORK).expect("a descriptor");
    let name = "family".parse().expect("a name");
    Account::new(AccountId::new(0), name, NETWORK, descriptor, &[])
}

/// A payment of one coin of an account to it.
fn draft(account: &Account) -> Psbt {
    let script_pubkey = account.script(Branch::Receive, DerivationIndex::ZERO);
    let funding = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn::default()],
        output: vec![TxOut { value: Amount::ONE_BTC, script_pubkey: script_pubkey.clone() }],
    };
    let input = TxIn {
        previous_output: OutPoint::new(funding.compute_txid(), 0),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::new(),
    };
    let mut psbt = Psbt::from_unsigned_tx(Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![TxOut { value: Amount::from_sat(99_000_000), script_pubkey }],
    })
    .expect("no signatures yet");
    account.annotate_input(Branch::Receive, DerivationIndex::ZERO, &mut psbt.inputs[0]);
    psbt.inputs[0].witness_utxo = Some(funding.output[0].clone());
    psbt.inputs[0].non_witness_utxo = Some(funding);
    psbt
}

fn signed(account: &Account, lie: fn(&mut Psbt)) -> Result<Psbt, DeviceSigningError> {
    sign(&mut Double { lie, ..device() }, &draft(account), &mut Unwatched)
}

fn refused(lie: fn(&mut Psbt)) -> SigningProblem {
    match signed(&standard(ScriptType::Segwit), lie) {
        Err(DeviceSigningError::Problem(problem)) => problem,
        other => panic!("it was taken: {other:?}"),
    }
}

#[test]
fn signatures_of_the_drafted_payment_are_taken_and_nothing_else() {
    for script_type in ScriptType::ALL {
        let account = standard(script_type);
        let signed = signed(&account, |psbt| {
            psbt.outputs[0].bip32_derivation.clear();
            psbt.outputs[0].unknown.insert(
                psbt::raw::Key { type_value: 0xf0, key: vec![1] },
                b"a secret that leaves the machine".to_vec(),
            );
            psbt.inputs[0].witness_script = Some(ScriptBuf::new());
        })
        .expect("signed");
        let drafted = draft(&account);
        assert_eq!(signed.outputs, drafted.outputs);
        assert_eq!(signed.inputs[0].witness_script, drafted.inputs[0].witness_script);
        crate::signers::finish(&signed, &drafted).expect("it can be sent");
    }
}

#[test]
fn another_transaction_than_the_drafted_one_is_not_taken() {
    let altered = |lie| assert_eq!(refused(lie), SigningProblem::Altered);
    altered(|psbt| psbt.unsigned_tx.output[0].value = Amount::ONE_SAT);
    altered(|psbt| psbt.unsigned_tx.lock_time = LockTime::from_consensus(1));
    altered(|psbt| psbt.unsigned_tx.input[0].sequence = Sequence::MAX);
    altered(|psbt| drop(psbt.inputs.pop()));
    assert_eq!(refused(|psbt| psbt.inputs[0].partial_sigs.clear()), SigningProblem::Incomplete);
}

#[test]
fn signatures_that_do_not_hold_or_cover_less_are_not_taken() {
    assert_eq!(
        refused(|psbt| {
            let other = draft(&standard(ScriptType::Nested)).unsigned_tx.compute_txid();
            let message = Message::from_digest(*other.as_ref());
            let key = SecretKey::from_slice(&[1; 32]).expect("a key");
            let other = SECP.sign_ecdsa(&message, &key);
            psbt.inputs[0].partial_sigs.values_mut().for_each(|s| s.signature = other);
        }),
        SigningProblem::Invalid
    );
    // The same signature with the other S, which nodes don't relay (BIP146).
    let high = refused(|psbt| {
        for signature in psbt.inputs[0].partial_sigs.values_mut() {
            let mut bytes = signature.signature.serialize_compact();
            let s = SecretKey::from_slice(&bytes[32..]).expect("in range");
            bytes[32..].copy_from_slice(&s.negate().secret_bytes());
            signature.signature = ecdsa::Signature::from_compact(&bytes).expect("in range");
        }
    });
    assert_eq!(high, SigningProblem::Invalid);
    let none = refused(|psbt| {
        for signature in psbt.inputs[0].partial_sigs.values_mut() {
            signature.sighash_type = EcdsaSighashType::None;
        }
    });
    assert_eq!(none, SigningProblem::SighashType { input: 0 });
}

#[test]
fn the_signatures_of_others_stay_and_each_device_adds_its_own() {
    let account = joint();
    let first = signed(&account, |_| {}).expect("the first signs");
    let mut second = Double {
        seed: seed("other"),
        // As devices do that give back their own part only.
        lie: |psbt| {
            let second = seed("other").fingerprint();
            let origins = psbt.inputs[0].bip32_derivation.clone();
            let own = |key: &bitcoin::PublicKey| origins[&key.inner].0 == second;
            psbt.inputs[0].partial_sigs.retain(|key, _| own(key));
        },
        ..device()
    };
    let both = sign(&mut second, &first, &mut Unwatched).expect("the second signs");
    assert_eq!(both.inputs[0].partial_sigs.len(), 2);
    crate::signers::finish(&both, &draft(&account)).expect("it can be sent");
}

#[test]
fn a_device_with_another_passphrase_is_told_before_it_is_asked() {
    let mut other = Double { seed: seed("other"), ..device() };
    let drafted = draft(&standard(ScriptType::Segwit));
    let wrong = DeviceError::WrongKeys {
        expected: vec![seed("").fingerprint()],
        found: seed("other").fingerprint(),
    };
    let told = sign(&mut other, &drafted, &mut Unwatched);
    assert_eq!(told, Err(DeviceSigningError::Device(wrong.clone())));
    let account = standard(ScriptType::Taproot);
    let told =
        display(&mut other, &account, Branch::Receive, DerivationIndex::ZERO, &mut Unwatched);
    assert_eq!(told, Err(DisplayError::Device(wrong)));
    assert!(other.asked.is_empty());
}

#[test]
fn an_address_counts_only_if_both_have_the_same() {
    let account = standard(ScriptType::Nested);
    let index = DerivationIndex::new(7).expect("in range");
    let ours = account.address(Branch::Receive, index);
    let mut device = Double { address: Some(ours.to_string()), ..device() };
    let show =
        |device: &mut Double| display(device, &account, Branch::Receive, index, &mut Unwatched);
    let compared = Displayed { address: ours.clone(), compared: true };
    assert_eq!(show(&mut device), Ok(compared.clone()));
    let path = "m/49'/1'/0'/0/7".parse().expect("a path");
    let script = SingleKeyScript::Nested;
    assert_eq!(device.asked, [Shown::SingleKey { script, path }]);
    device.address = Some("2N".to_owned());
    let differs = DisplayError::Differs { ours: ours.to_string(), told: "2N".to_owned() };
    assert_eq!(show(&mut device), Err(differs));
    device.address = None;
    let unsaid = Displayed { compared: false, ..compared };
    assert_eq!(show(&mut device), Ok(unsaid), "only the person can have compared");
}

#[test]
fn a_message_counts_as_signed_only_if_the_address_and_the_text_are_meant() {
    let index = DerivationIndex::new(3).expect("in range");
    let sign = |device: &mut Double, account: &Account, text: &str| {
        sign_message(device, account, Branch::Receive, index, text, &mut Unwatched)
    };
    for script_type in [ScriptType::Legacy, ScriptType::Nested, ScriptType::Segwit] {
        let account = standard(script_type);
        let signed = sign(&mut device(), &account, "I live here").expect("signed");
        assert_eq!(signed.form, MessageForm::Legacy);
        let address = account.address(Branch::Receive, index);
        let verdict = verify(&address, "I live here", &signed.signature);
        assert!(matches!(verdict, Verdict::Valid(_)), "{script_type:?}: {verdict:?}");
    }
    let segwit = standard(ScriptType::Segwit);
    let mut other = Double { seed: seed("other"), ..device() };
    let told = sign(&mut other, &segwit, "I live here");
    let wrong = matches!(&told, Err(DeviceMessageError::Device(DeviceError::WrongKeys { .. })));
    assert!(wrong, "{told:?}");
    let mut liar = Double { text: Some("I owe you 1 BTC"), ..device() };
    assert_eq!(sign(&mut liar, &segwit, "I live here"), Err(DeviceMessageError::Invalid));
    for account in [standard(ScriptType::Taproot), joint()] {
        let told = sign(&mut device(), &account, "I live here");
        assert_eq!(told, Err(DeviceMessageError::AddressType));
    }
    let long = "x".repeat(MESSAGE_BYTES + 1);
    let told = sign(&mut device(), &segwit, &long);
    assert_eq!(told, Err(DeviceMessageError::TooLong(long.len())));
}

#[test]
fn a_policy_is_registered_once_and_shown_only_then() {
    let account = joint();
    let ours = account.address(Branch::Change, DerivationIndex::ZERO);
    let mut device = Double { address: Some(ours.to_string()), ..device() };
    let show = |device: &mut Double| {
        display(device, &account, Branch::Change, DerivationIndex::ZERO, &mut Unwatched)
    };
    let missing = DisplayError::NotRegistered(account.name().clone());
    assert_eq!(show(&mut device), Err(missing));
    let first = register(&mut device, &account, &mut Unwatched).expect("registered");
    let again = register(&mut device, &account, &mut Unwatched).expect("registered");
    assert_eq!((first.new, again.new, device.registered), (true, false, 1));
    assert_eq!(show(&mut device), Ok(Displayed { address: ours, compared: true }));
    let single = standard(ScriptType::Segwit);
    let told = register(&mut device, &single, &mut Unwatched);
    assert!(matches!(told, Err(RegisterError::NoPolicy(NoPolicy { single_key: true, .. }))));
}

#[test]
fn the_accounts_of_a_device_are_those_of_its_words() {
    let read = accounts(&mut device(), ScriptType::Segwit, DerivationIndex::ZERO).expect("read");
    let names: Vec<_> = read.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["segwit", "taproot", "nested", "legacy"]);
    for (name, descriptor) in read {
        let script_type = name.as_str().parse().expect("a type");
        assert_eq!(&descriptor, standard(script_type).descriptor());
    }
}

/// What Bitcoin Core writes for an address, and the same below an extended key.
#[test]
fn an_address_that_another_program_names_is_shown_if_it_is_the_devices() {
    let account = standard(ScriptType::Segwit);
    let ours = account.address(Branch::Receive, DerivationIndex::ZERO);
    let mut device = Double { address: Some(ours.to_string()), ..device() };
    let shown = Displayed { address: ours, compared: true };
    let path: DerivationPath = "m/84'/1'/0'".parse().expect("a path");
    let child: DerivationPath = "m/84'/1'/0'/0/0".parse().expect("a path");
    let (xpub, signer) = (seed("").xpub(&path, NETWORK), seed("").fingerprint());
    let key = seed("").xpub(&child, NETWORK).public_key;
    let mut show = |text: &str| display_descriptor(&mut device, text, &mut Unwatched);
    let named = format!("wpkh([{signer}/84h/1h/0h/0/0]{key})");
    assert_eq!(show(&named), Ok(shown.clone()));
    assert_eq!(show(&format!("wpkh([{signer}/84'/1'/0']{xpub}/0/0)")), Ok(shown));
    let other = named.replace("/0/0]", "/0/1]");
    assert_eq!(show(&other), Err(DescriptorError::MalformedKey.into()), "another key's place");
    let told = show(&named.replace(&signer.to_string(), "00000000"));
    assert!(matches!(told, Err(DisplayError::Device(DeviceError::WrongKeys { .. }))), "{told:?}");
    for (text, error) in [
        (format!("wpkh({key})"), DescriptorError::Unsupported),
        (format!("wpkh([{signer}/84'/1'/0']{xpub}/0/*)"), DescriptorError::Unsupported),
        (format!("wpkh([{signer}/84'/1'/0']{xpub}/0h/0)"), DescriptorError::Hardened),
        (format!("wsh(multi(1,[{signer}/84h/1h/0h/0/0]{key}))"), DescriptorError::Unsupported),
        ("wpkh(".to_owned(), DescriptorError::Malformed),
    ] {
        assert_eq!(show(&text), Err(error.into()), "{text}");
    }
}
