//! A wallet file that is not what it should be.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bitcoin::hashes::{Hash, sha256};
use bitcoin::{Network, ScriptBuf};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Description, MIGRATIONS, NewWallet, ScriptPlace, WalletFile, key_pragma};
use crate::command::{Birthday, StoreProblem};
use crate::config::LookAhead;
use crate::keychain::{
    AccountId, Branch, DerivationIndex, KeychainId, ScriptType, StandardAccount,
};
use crate::light_client::height::Height;
use crate::seed::{Seed, Words};
use crate::store::schema;
use crate::vault::FileKey;

const TAPROOT: AccountId = AccountId::new(0);
const RECEIVE: KeychainId = KeychainId { account: TAPROOT, branch: Branch::Receive };

fn key() -> FileKey {
    FileKey::for_tests(1)
}

fn new_wallet() -> NewWallet {
    let words = "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong";
    let seed = Seed::new(&Words::parse(words).unwrap(), "");
    let first = [StandardAccount::first(ScriptType::Taproot)];
    NewWallet {
        description: Description {
            network: Network::Regtest,
            name: "main".to_owned(),
            fingerprint: Some(seed.fingerprint()),
            birthday: Birthday::Height(Height::GENESIS),
            takes_keys: true,
            external_signer: false,
            preferred: TAPROOT,
            look_ahead: LookAhead::NEW,
        },
        accounts: seed.accounts(&first, Network::Regtest),
        sealed_seed: Some(b"sealed seed".to_vec()),
        passphrase: None,
        avoids_reuse: false,
    }
}

/// A wallet file with a page full of scripts.
fn made() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("main.db");
    let mut file = WalletFile::create(&path, &key(), &new_wallet()).unwrap();
    for index in 0..100 {
        file.insert_script(&script(index), place(index)).unwrap();
    }
    file.commit().unwrap();
    (dir, path)
}

fn script(index: u32) -> ScriptBuf {
    ScriptBuf::from_bytes([index.to_be_bytes(); 9].concat())
}

fn place(index: u32) -> ScriptPlace {
    ScriptPlace { keychain: RECEIVE, index: DerivationIndex::new(index).unwrap() }
}

#[test]
fn nothing_can_be_read_without_the_key() {
    let (_dir, path) = made();
    let wrong = WalletFile::open(&path, &FileKey::for_tests(2)).unwrap_err();
    assert_eq!(wrong.name(), "store_damaged");
    let bytes = fs::read(&path).unwrap();
    for secret in [b"SQLite format 3".as_slice(), b"sealed seed", b"TABLE", script(7).as_bytes()] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
    assert_eq!(WalletFile::open(&path, &key()).unwrap().scripts().unwrap().len(), 100);
}

#[test]
fn a_bad_page_is_damage() {
    let (_dir, path) = made();
    WalletFile::open(&path, &key()).unwrap().look_through().unwrap();
    let read_all = |path: &Path| {
        let file = WalletFile::open(path, &key())?;
        file.accounts()?;
        file.sealed_keys()?;
        file.scripts().map(|scripts| scripts.len())
    };
    let pages = fs::metadata(&path).unwrap().len() / PAGE;
    let mut found = 0;
    for page in 0..pages {
        let copy = path.with_extension("copy");
        fs::copy(&path, &copy).unwrap();
        let file = OpenOptions::new().read(true).write(true).open(&copy).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, page * PAGE + 2_000).unwrap();
        file.write_all_at(&[byte[0] ^ 1], page * PAGE + 2_000).unwrap();
        // Whoever reads the file through finds what nothing asked for yet.
        let looked = WalletFile::open(&copy, &key()).and_then(|file| file.look_through());
        let Err(StoreProblem::Damaged { what, .. }) = looked else {
            panic!("page {page} is whole: {looked:?}");
        };
        assert!(what.contains("restore a backup or the words"), "{what}");
        match read_all(&copy) {
            Err(StoreProblem::Damaged { .. }) => found += 1,
            Err(other) => panic!("page {page}: {other}"),
            Ok(scripts) => assert_eq!(scripts, 100, "a page that was not read"),
        }
    }
    assert!(found > 3, "of {pages} pages {found} were found to be bad");
}

/// Else a power cut forgets a payment that was said to be sent.
#[test]
fn a_commit_of_a_wallet_is_on_the_disk_before_it_is_told() {
    let (dir, path) = made();
    let fresh = WalletFile::create(&dir.path().join("other.db"), &key(), &new_wallet()).unwrap();
    let opened = WalletFile::open(&path, &key()).unwrap();
    assert_eq!([fresh, opened].map(|file| schema::syncs_commits(&file.connection)), [true; 2]);
    let shared = WalletFile::open_shared(&path, &key()).unwrap();
    assert!(schema::syncs_commits(&shared.connection));
}

#[test]
fn a_newer_schema_is_refused() {
    let (_dir, path) = made();
    let newer = Connection::open(&path).unwrap();
    newer.execute_batch(&key_pragma(&key())).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    assert_eq!(WalletFile::open(&path, &key()).unwrap_err().name(), "store_newer");
}

#[test]
fn a_wallet_is_never_replaced_and_never_half_made() {
    let (_dir, path) = made();
    let again = WalletFile::create(&path, &key(), &new_wallet()).unwrap_err();
    assert!(again.to_string().contains("exists already"), "{again}");
    // What a crash in the middle of making another leaves behind is in nobody's way.
    let other = path.with_file_name("other.db");
    fs::write(other.with_extension("db.new"), "half").unwrap();
    WalletFile::create(&other, &key(), &new_wallet()).unwrap();
    assert!(!fs::exists(other.with_extension("db.new")).unwrap());
    let other = WalletFile::open(&other, &key()).unwrap();
    assert_eq!(other.sealed_keys().unwrap().seed.unwrap(), b"sealed seed");
    assert_eq!(other.description().unwrap(), new_wallet().description);
    assert_eq!(other.accounts().unwrap(), new_wallet().accounts);
}

#[test]
fn a_step_with_a_failed_change_is_kept_not_even_in_part() {
    let (_dir, path) = made();
    let mut file = WalletFile::open(&path, &key()).unwrap();
    file.insert_script(&script(100), place(100)).unwrap();
    file.insert_script(&script(100), place(101)).unwrap_err();
    file.insert_script(&script(102), place(102)).unwrap();
    file.commit().unwrap_err();
    assert!(!file.is_staged());
    assert_eq!(file.scripts().unwrap().len(), 100);
    file.insert_script(&script(100), place(100)).unwrap();
    file.commit().unwrap();
}

/// A released schema never changes: files of it are out there. A new version is a new migration.
#[test]
fn version_1_is_what_it_was() {
    let hash = sha256::Hash::hash(MIGRATIONS[0].as_bytes()).to_string();
    assert_eq!(hash, "9b4ec4f62b906f4b8c70ae0962f7db6457057128d142cea8e61f5866b750a3ea");
}

const PAGE: u64 = 4_096;
