//! What the memory of a process holds: a child opens a wallet, signs with it, locks it and waits;
//! its parent searches every page of it.
//!
//! Linux only: there, a parent may read its child's memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};

use argon2::{Algorithm, Argon2, Params, Version};
use billfold_devnet::Devnet;
use billfold_wallet_core::command::Command;
use billfold_wallet_core::seed::{Seed, WordCount, Words, completions};
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::bip32::{DerivationPath, Xpriv};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::{Amount, Network};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::desk::{self, Desk, stranger};
use crate::funded_devnet;

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_process_holds_nothing_that_signs() {
    if let Some(dir) = std::env::var_os(DIR) {
        return locked_child(Path::new(&dir)).await;
    }
    let devnet = funded_devnet();
    let desk = Desk::new(&devnet);
    // Words that stand in no program's text.
    let words = Words::generate(WordCount::Twelve).unwrap();
    let words = Zeroizing::new(words.iter().collect::<Vec<_>>().join(" "));
    desk.create(&words).unwrap();
    let header = fs::read(desk.settings().paths().header(&desk.settings().wallet)).unwrap();
    fund(&desk, &devnet).await;

    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["memory::a_locked_process_holds_nothing_that_signs", "--exact"])
        .args(["--nocapture", "--test-threads=1"])
        .env(DIR, desk.settings().data_dir)
        .env(PEER, devnet.address().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line == LOCKED), "{:?}", child.try_wait());
    let memory = Memory::of(&child);
    let found: Vec<&str> = secrets(&words, &header)
        .iter()
        .filter(|(_, secret)| memory.holds(secret))
        .map(|(name, _)| *name)
        .collect();
    assert!(memory.holds(MARK), "the search itself finds what is there");
    assert_eq!(found, [""; 0]);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    said.for_each(drop);
    assert!(child.wait().unwrap().success());
}

async fn fund(desk: &Desk, devnet: &Devnet) {
    let mut wallet = desk.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), Amount::from_sat(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    wallet.close().await;
}

/// The life of the child: it knows the directory and a password, and nothing else of the wallet.
async fn locked_child(dir: &Path) {
    let mut settings = desk::settings_in(dir);
    settings.connect = vec![std::env::var(PEER).unwrap().parse().unwrap()];
    let mark = [MARK, b" is here"].concat();
    let mut wallet = desk::open(&settings, desk::PASSWORD, Access::Sign, Reach::Offline).unwrap();
    wallet.pay(&stranger(), Amount::from_sat(300_000)).await.unwrap();
    wallet.ask(Command::Lock).await.unwrap();
    told_the_parent();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    wallet.close().await;
    assert!(!mark.is_empty());
}

#[expect(clippy::print_stdout, reason = "the parent process reads it there")]
fn told_the_parent() {
    println!("\n{LOCKED}");
}

/// Everything that signs or makes what signs.
fn secrets(words: &str, header: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let seed = Seed::new(&Words::parse(words).unwrap(), "").to_bytes();
    let (whole, entropy) = (&seed[1..65], &seed[65..]);
    let secp = Secp256k1::new();
    let master = Xpriv::new_master(Network::Regtest, whole).unwrap();
    let mut found = vec![
        ("the words", words.as_bytes().to_vec()),
        ("the words' entropy", entropy.to_vec()),
        ("the words' places in the list", places(words)),
        ("the first half of the seed", whole[..32].to_vec()),
        ("the second half of the seed", whole[32..].to_vec()),
        ("the seed key", seed_key(header)),
        ("what wraps the seed key", wrapping_keys(header)[32..].to_vec()),
        ("what wraps the file key", wrapping_keys(header)[..32].to_vec()),
        ("the master key", master.private_key.secret_bytes().to_vec()),
    ];
    for (name, path) in [
        ("the account's key", "m/86'/1'/0'"),
        ("the chain's key", "m/86'/1'/0'/0"),
        ("the key that signed", "m/86'/1'/0'/0/0"),
    ] {
        let key = master.derive_priv(&secp, &path.parse::<DerivationPath>().unwrap()).unwrap();
        found.push((name, key.private_key.secret_bytes().to_vec()));
    }
    found
}

/// Words as their places in BIP39's list, 16 bits each.
fn places(words: &str) -> Vec<u8> {
    let list: Vec<&str> = completions("").collect();
    let place = |word: &str| list.iter().position(|listed| *listed == word).unwrap();
    let place = |word| u16::try_from(place(word)).unwrap().to_ne_bytes();
    words.split(' ').flat_map(place).collect()
}

/// What a header's password is derived to, as its documentation says, with nothing of this crate.
fn wrapping_keys(header: &[u8]) -> [u8; 64] {
    let number = |at: usize| u32::from_le_bytes(header[at..at + 4].try_into().unwrap());
    let params = Params::new(number(10), number(14), 1, Some(64)).unwrap();
    let mut wrapping = [0; 64];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(desk::PASSWORD.as_bytes(), &header[18..50], &mut wrapping)
        .unwrap();
    wrapping
}

/// Opens a header as its documentation says.
fn seed_key(header: &[u8]) -> Vec<u8> {
    let wrapping = wrapping_keys(header);
    let nonce: [u8; 24] = header[122..146].try_into().unwrap();
    XChaCha20Poly1305::new_from_slice(&wrapping[32..])
        .unwrap()
        .decrypt(&XNonce::from(nonce), Payload { msg: &header[146..194], aad: &header[..122] })
        .unwrap()
}

/// What was in the writable pages of a process.
struct Memory(Vec<Vec<u8>>);

impl Memory {
    fn of(child: &Child) -> Self {
        let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
        let mut memory = File::open(format!("/proc/{}/mem", child.id())).unwrap();
        let writable = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(is_writable));
        let pages = writable.filter_map(|line| {
            let (from, to) = line.split(' ').next()?.split_once('-')?;
            let from = u64::from_str_radix(from, 16).ok()?;
            let length = u64::from_str_radix(to, 16).ok()? - from;
            let mut bytes = vec![0; usize::try_from(length).ok()?];
            memory.seek(SeekFrom::Start(from)).ok()?;
            // What was never touched can't be read, and holds nothing.
            memory.read_exact(&mut bytes).ok()?;
            Some(bytes)
        });
        Self(pages.collect())
    }

    fn holds(&self, secret: &[u8]) -> bool {
        self.0.iter().any(|bytes| bytes.windows(secret.len()).any(|window| window == secret))
    }
}

fn is_writable(rights: &str) -> bool {
    rights.starts_with("rw")
}

/// Where the child finds the wallet.
const DIR: &str = "BILLFOLD_TEST_MEMORY_DIR";

/// Whom it may connect to.
const PEER: &str = "BILLFOLD_TEST_MEMORY_PEER";

/// What it says when it has signed and locked.
const LOCKED: &str = "signed and locked";

/// What is in its memory for certain.
const MARK: &[u8] = b"a mark to be found";
