//! Owns the figures for signing: how long a device takes for payments of 1, 100 and 500 coins, in this
//! process and as a host sees it over TCP, with every previous transaction, as billfold sends them.
//!
//! The device agrees at once, so no person is in the figures; nor is a serial line, and no board was
//! measured. Refuses to judge: nothing here fails for being slow.

#![allow(clippy::print_stdout, reason = "a table of figures is what this program is for")]

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use billfold_signer_core::keys::Keys;
use billfold_signer_core::network::{Chain, Network as Keyring};
use billfold_signer_core::policy::Policies;
use billfold_signer_core::review::Review;
use billfold_signer_core::settings::Settings;
use billfold_signer_core::signing::Step;
use billfold_signer_core::words::Words;
use billfold_signer_host::device::Device;
use billfold_signer_host::place::Place;
use billfold_signer_host::search::connect;
use billfold_signer_host::watch::{Progress, Unwatched, Watch};
use bitcoin::bip32::{DerivationPath, Xpub};
use bitcoin::psbt::Psbt;
use bitcoin::secp256k1::Secp256k1;
use bitcoin::{
    Amount, CompressedPublicKey, Network, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    absolute, transaction,
};

/// Words of nobody's money.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

/// Coins of the payments that are measured.
const COINS: [u32; 3] = [1, 100, 500];

/// Payments of each kind, of which the median counts.
const RUNS: usize = 7;

fn main() -> Result<()> {
    let keys = Keys::new(&Words::parse(WORDS)?, "", Keyring::Test);
    let emulator = Emulator::start()?;
    let mut device = connect(&Place::Tcp(emulator.address), Network::Regtest, &mut Unwatched)?;
    let told = ["coins", "PSBT", "read and review", "sign", "a host over TCP", "parts"];
    println!(
        "{:>6} {:>9} {:>16} {:>10} {:>19} {:>6}",
        told[0], told[1], told[2], told[3], told[4], told[5]
    );
    for coins in COINS {
        let psbt = payment(device.as_mut(), coins)?;
        let bytes = psbt.serialize();
        let (mut reviewed, mut signed, mut over_tcp) = (Vec::new(), Vec::new(), Vec::new());
        let mut parts = 0;
        for _ in 0..RUNS {
            let (review, sign) = in_process(&keys, &bytes)?;
            reviewed.push(review);
            signed.push(sign);
            let started = Instant::now();
            let mut watch = Parts(0);
            let back = device.sign(&psbt, &mut watch)?;
            over_tcp.push(started.elapsed());
            ensure!(
                back.inputs.iter().all(|input| input.partial_sigs.len() == 1),
                "not all signed"
            );
            parts = watch.0;
        }
        let [review, sign, tcp] = [reviewed, signed, over_tcp].map(median);
        println!(
            "{coins:>6} {:>6} kB {review:>13.1} ms {sign:>7.1} ms {tcp:>16.1} ms {parts:>6}",
            bytes.len().div_ceil(1_000)
        );
    }
    Ok(())
}

/// How long a device takes to read and review, and how long to sign.
fn in_process(keys: &Keys, bytes: &[u8]) -> Result<(Duration, Duration)> {
    let started = Instant::now();
    let settings = Settings::new(Keyring::Test);
    let review = Review::parse(bytes, Chain::Regtest, keys, &Policies::default(), &settings)?;
    let reviewed = started.elapsed();
    let started = Instant::now();
    let mut signing = review.sign();
    while let Step::Signed { .. } = signing.step(keys)? {}
    Ok((reviewed, started.elapsed()))
}

/// A payment of as many coins of the first account for segwit, each with the transaction that made it.
fn payment(device: &mut dyn Device, coins: u32) -> Result<Psbt> {
    let path: DerivationPath = "m/84'/1'/0'".parse()?;
    let (account, signer) = (device.xpub(&path)?, device.fingerprint());
    let secp = Secp256k1::verification_only();
    let mut made = Vec::new();
    for index in 0..coins {
        let below: DerivationPath = format!("m/0/{index}").parse()?;
        let key: Xpub = account.derive_pub(&secp, &below)?;
        let output = TxOut {
            value: Amount::from_sat(100_000),
            script_pubkey: ScriptBuf::new_p2wpkh(
                &CompressedPublicKey(key.public_key).wpubkey_hash(),
            ),
        };
        // As large as a usual payment with change.
        let outputs =
            vec![output.clone(), TxOut { value: Amount::from_sat(index.into()), ..output }];
        made.push((
            key.public_key,
            path.extend(below),
            transaction(vec![OutPoint::null()], outputs),
        ));
    }
    let spent = made.iter().map(|(_, _, made)| OutPoint::new(made.compute_txid(), 0)).collect();
    let value = Amount::from_sat(u64::from(coins) * 99_500);
    let paid =
        transaction(spent, vec![TxOut { value, script_pubkey: ScriptBuf::new_op_return([0; 4]) }]);
    let mut psbt = Psbt::from_unsigned_tx(paid)?;
    for (input, (key, path, made)) in psbt.inputs.iter_mut().zip(made) {
        input.witness_utxo = made.output.first().cloned();
        input.bip32_derivation.insert(key, (signer, path));
        input.non_witness_utxo = Some(made);
    }
    Ok(psbt)
}

fn transaction(spent: Vec<OutPoint>, output: Vec<TxOut>) -> Transaction {
    let input = |previous_output| TxIn {
        previous_output,
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        ..TxIn::default()
    };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: spent.into_iter().map(input).collect(),
        output,
    }
}

/// The median, in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

/// Counts the parts that a signed payment arrives in.
struct Parts(u32);

impl Watch for Parts {
    fn progress(&mut self, progress: Progress) {
        if let Progress::Received { of, .. } = progress {
            self.0 = of;
        }
    }

    fn is_over(&self) -> bool {
        false
    }
}

/// The device program of a build for tests, as this bench is built.
struct Emulator {
    address: SocketAddr,
    process: Child,
    _home: tempfile::TempDir,
}

impl Emulator {
    fn start() -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let home = tempfile::tempdir()?;
        let words = home.path().join("words");
        fs::write(&words, WORDS)?;
        let process = Command::new(env!("CARGO_BIN_EXE_billfold-signer"))
            .args(["--screen", "none", "--network", "test", "--auto-confirm", "--listen"])
            .arg(address.to_string())
            .arg("--state")
            .arg(home.path().join("state"))
            .arg("--mnemonic-file")
            .arg(words)
            .stdin(Stdio::null())
            .spawn()
            .context("the device program")?;
        let emulator = Self { address, process, _home: home };
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            ensure!(Instant::now() < patience, "the device program does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
