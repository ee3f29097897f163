//! Owns what a scripted device of the library shows: each maker is asked only what its device can do,
//! with the policy that it needs, and nothing that it says is believed.
//!
//! None of it has met a real device.

use std::sync::{Arc, Mutex};

use async_hwi::{DeviceKind, Error, Version};
use async_trait::async_trait;
use bitcoin::bip32::{ChildNumber, Xpriv};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::{Amount, ScriptBuf, Transaction, TxIn, TxOut, absolute, transaction};

use super::driver::Showing;
use super::*;
use crate::device::SingleKeyScript;
use crate::watch::Unwatched;

const KEY: &str = "[73c5da0a/48'/1'/0'/2']tpubD";

/// A device that notes down what it is asked.
#[derive(Debug, Clone, Default)]
struct Script {
    asked: Arc<Mutex<Vec<String>>>,
    /// Whether its person refuses.
    refuses: bool,
    /// Whether it gives its master key for every path.
    lies: bool,
}

impl Script {
    fn note(&self, what: impl Into<String>) -> Result<(), Error> {
        self.asked.lock().expect("unpoisoned").push(what.into());
        if self.refuses { Err(Error::UserRefused) } else { Ok(()) }
    }

    fn key(path: &DerivationPath) -> Xpub {
        let secp = Secp256k1::new();
        let master = Xpriv::new_master(Network::Regtest, &[7; 32]).expect("a key");
        Xpub::from_priv(&secp, &master.derive_priv(&secp, path).expect("a key"))
    }
}

#[async_trait]
impl HWI for Script {
    fn device_kind(&self) -> DeviceKind {
        DeviceKind::Ledger
    }

    async fn get_version(&self) -> Result<Version, Error> {
        Ok(Version { major: 2, minor: 3, patch: 0, prerelease: None })
    }

    async fn get_master_fingerprint(&self) -> Result<Fingerprint, Error> {
        Ok(Self::key(&DerivationPath::master()).fingerprint())
    }

    async fn get_extended_pubkey(&self, path: &DerivationPath) -> Result<Xpub, Error> {
        Ok(if self.lies { Self::key(&DerivationPath::master()) } else { Self::key(path) })
    }

    async fn register_wallet(&self, name: &str, policy: &str) -> Result<Option<[u8; 32]>, Error> {
        self.note(format!("register {name} {policy}")).map(|()| None)
    }

    async fn is_wallet_registered(&self, name: &str, policy: &str) -> Result<bool, Error> {
        self.note(format!("registered {name} {policy}")).map(|()| true)
    }

    async fn display_address(&self, script: &AddressScript) -> Result<(), Error> {
        self.note(format!("display {script:?}"))
    }

    async fn sign_tx(&self, _: &mut Psbt) -> Result<(), Error> {
        self.note("sign")
    }
}

impl Driver for Script {
    fn hwi(&self) -> Result<&dyn HWI, Error> {
        Ok(self)
    }

    fn load(&mut self, name: &str, descriptor: &str) -> Result<(), Error> {
        self.note(format!("load {name} {descriptor}"))
    }

    fn show(&self, script: SingleKeyScript, path: &DerivationPath, _: Network) -> Showing<'_> {
        let noted = self.note(format!("show {script:?} {path}"));
        Box::pin(async move { noted.map(|()| "bcrt1q\u{1b}[2J".to_owned()) })
    }
}

fn device(vendor: Vendor, script: &Script) -> VendorDevice {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let driver = Box::new(script.clone());
    VendorDevice::with(driver, vendor, Network::Regtest, runtime).expect("it answers")
}

fn asked(script: &Script) -> Vec<String> {
    std::mem::take(&mut *script.asked.lock().expect("unpoisoned"))
}

fn path(text: &str) -> DerivationPath {
    text.parse().expect("a path")
}

fn account(text: &str) -> String {
    format!("[{}/{text}]{}/**", signer(), Script::key(&path(text)))
}

fn signer() -> Fingerprint {
    Script::key(&DerivationPath::master()).fingerprint()
}

/// A payment from a coin for each set of paths of the device's keys.
fn psbt(coins: &[&[&str]]) -> Psbt {
    let output = TxOut { value: Amount::from_sat(1_000), script_pubkey: ScriptBuf::new() };
    let mut psbt = Psbt::from_unsigned_tx(Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn::default(); coins.len()],
        output: vec![output],
    })
    .expect("unsigned");
    for (input, paths) in psbt.inputs.iter_mut().zip(coins) {
        for text in *paths {
            let path = path(text);
            let key = Script::key(&path).public_key;
            if path[0] == ChildNumber::from_hardened_idx(86).expect("small") {
                input.tap_key_origins.insert(key.into(), (vec![], (signer(), path)));
            } else {
                input.bip32_derivation.insert(key, (signer(), path));
            }
        }
    }
    psbt
}

const SEGWIT: &str = "84'/1'/0'/0/5";
const TAPROOT: &str = "86'/1'/0'/1/0";

#[test]
fn a_ledger_signs_for_one_account_after_the_other() {
    let script = Script::default();
    let coins = psbt(&[&[SEGWIT], &[TAPROOT], &["84'/1'/0'/1/7"]]);
    device(Vendor::Ledger, &script).sign(&coins, &mut Unwatched).expect("signed");
    let segwit = format!("load  wpkh({})", account("84'/1'/0'"));
    let taproot = format!("load  tr({})", account("86'/1'/0'"));
    assert_eq!(asked(&script), [segwit.as_str(), "sign", &taproot, "sign"]);
}

#[test]
fn coins_of_several_keys_go_to_devices_that_find_the_policy_themselves() {
    let joint = psbt(&[&[SEGWIT], &["48'/1'/0'/2'/0/0", "48'/1'/1'/2'/0/0"]]);
    for vendor in Vendor::ALL {
        let script = Script::default();
        let signed = device(vendor, &script).sign(&joint, &mut Unwatched);
        if matches!(vendor, Vendor::Coldcard | Vendor::Specter) {
            assert_eq!((signed, asked(&script)), (Ok(joint.clone()), vec!["sign".to_owned()]));
        } else {
            assert!(matches!(signed, Err(DeviceError::Unsupported(_))), "{vendor}: {signed:?}");
            assert_eq!(asked(&script), [""; 0], "{vendor}: nobody is disturbed in vain");
        }
    }
}

#[test]
fn an_address_of_one_key_is_shown_where_the_library_can() {
    let shown = Shown::SingleKey { script: SingleKeyScript::Segwit, path: path(SEGWIT) };
    let ask = |vendor| {
        let script = Script::default();
        let told = device(vendor, &script).display(&shown, &mut Unwatched);
        (told, asked(&script))
    };
    let load = format!("load  wpkh({})", account("84'/1'/0'"));
    let display = "display Miniscript { index: 5, change: false }".to_owned();
    assert_eq!(ask(Vendor::Ledger), (Ok(None), vec![load, display]));
    let told = Ok(Some("bcrt1q [2J".to_owned()));
    assert_eq!(ask(Vendor::BitBox02), (told, vec![format!("show Segwit {SEGWIT}")]));
    for vendor in [Vendor::Coldcard, Vendor::Specter] {
        let (told, asked) = ask(vendor);
        assert!(matches!(told, Err(DeviceError::Unsupported(_))), "{vendor}: {told:?}");
        assert_eq!(asked, [""; 0]);
    }
    // A path that says another script than the wallet means.
    let odd = Shown::SingleKey { script: SingleKeyScript::Taproot, path: path(SEGWIT) };
    let script = Script::default();
    let told = device(Vendor::Ledger, &script).display(&odd, &mut Unwatched);
    assert!(matches!(told, Err(DeviceError::Unsupported(_))), "{told:?}");
}

#[test]
fn a_policy_is_kept_and_shown_by_its_name_and_its_descriptor() {
    let policy = Policy::new("family", "wsh(pk(@0/**))", vec![KEY.to_owned()]);
    let (name, written) = (policy.name().as_str(), "wsh(pk([73c5da0a/48h/1h/0h/2h]tpubD/<0;1>/*))");
    for vendor in Vendor::ALL {
        let script = Script::default();
        let mut device = device(vendor, &script);
        let registered = device.register(&policy, &mut Unwatched);
        if vendor == Vendor::Ledger {
            assert!(matches!(registered, Err(DeviceError::Unsupported(_))), "{registered:?}");
            assert_eq!((device.is_registered(&policy), asked(&script).len()), (Ok(false), 0));
        } else {
            assert_eq!(registered, Ok(()), "{vendor}");
            assert_eq!(asked(&script), [format!("register {name} {written}")]);
        }
        let shown = Shown::Policy { policy: policy.clone(), branch: 1, index: 3 };
        let told = device.display(&shown, &mut Unwatched);
        if matches!(vendor, Vendor::Coldcard | Vendor::BitBox02) {
            let display = "display Miniscript { index: 3, change: true }".to_owned();
            assert_eq!(asked(&script), [format!("load {name} {written}"), display], "{vendor}");
            assert_eq!((told, device.is_registered(&policy)), (Ok(None), Ok(true)));
        } else {
            assert!(matches!(told, Err(DeviceError::Unsupported(_))), "{vendor}: {told:?}");
        }
    }
}

#[test]
fn a_refusal_and_a_key_of_another_path_are_told() {
    let refusing = Script { refuses: true, ..Script::default() };
    let signed = device(Vendor::Coldcard, &refusing).sign(&psbt(&[&[SEGWIT]]), &mut Unwatched);
    assert_eq!(signed, Err(DeviceError::Cancelled));
    let lying = Script { lies: true, ..Script::default() };
    let key = device(Vendor::Ledger, &lying).xpub(&path("84'/1'/0'"));
    assert_eq!(key, Err(DeviceError::Protocol("a key is of another path")));
    assert!(asked(&lying).is_empty());
}
