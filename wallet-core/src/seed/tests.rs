//! The vectors of BIP32, BIP39, BIP44, BIP49, BIP84 and BIP86, and what a stored seed survives.

use bitcoin::hex::FromHex;

use super::*;
use crate::keychain::{Account, AccountId, Branch, DerivationIndex, ScriptType, StandardAccount};

const ABOUT: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

fn seed(passphrase: &str) -> Seed {
    Seed::new(&Words::parse(ABOUT).expect("good words"), passphrase)
}

fn account(script_type: ScriptType, network: Network) -> Account {
    let key = StandardAccount::first(script_type);
    let descriptor = seed("").descriptor(key, network);
    Account::new(AccountId::new(0), key.name(), network, descriptor, &[])
}

fn address(account: &Account, branch: Branch, index: u32) -> String {
    account.address(branch, DerivationIndex::new(index).expect("small")).to_string()
}

#[test]
fn bip39_vectors() {
    let vectors = include_str!("../../fixtures/bip39/vectors.txt");
    let lines: Vec<_> = vectors.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 3 * 24);
    for vector in lines.chunks_exact(3) {
        let words = Words::parse(vector[1]).expect("good words");
        assert_eq!(*words.entropy(), Vec::<u8>::from_hex(vector[0]).expect("hex"));
        let seed = Seed::new(&words, "TREZOR");
        assert_eq!(**seed.seed, <[u8; 64]>::from_hex(vector[2]).expect("hex"));
        assert!(seed.words() == words);
    }
}

#[test]
fn bip32_vector_2() {
    let bytes = "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2\
                 9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542";
    let seed = Seed {
        entropy: Words::parse(ABOUT).expect("good words").entropy(),
        seed: Box::new(Zeroizing::new(<[u8; 64]>::from_hex(bytes).expect("hex"))),
    };
    for (path, expected) in [
        (
            "m",
            "xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHN\
             qPqm55Qn3LqFtT2emdEXVYsCzC2U",
        ),
        (
            "m/0/2147483647'",
            "xprv9wSp6B7kry3Vj9m1zSnLvN3xH8RdsPP1Mh7fAaR7aRLcQMKTR2vidYEeEg2mUCTAwCd6vnxVrcjfy2k\
             RgVsFawNzmjuHc2YmYRmagcEPdU9",
        ),
        (
            "m/0/2147483647'/1/2147483646'/2",
            "xprvA2nrNbFZABcdryreWet9Ea4LvTJcGsqrMzxHx98MMrotbir7yrKCEXw7nadnHM8Dq38EGfSh6dqA9QW\
             TyefMLEcBYJUuekgW4BYPJcr9E7j",
        ),
    ] {
        let key = seed.private_key(&path.parse().expect("a path"), Network::Bitcoin);
        assert_eq!(key.0.to_string(), expected, "{path}");
    }
}

/// BIP44 has no vectors of its own; these addresses are what every wallet shows for these words.
#[test]
fn bip44_addresses() {
    let account = account(ScriptType::Legacy, Network::Bitcoin);
    assert_eq!(address(&account, Branch::Receive, 0), "1LqBGSKuX5yYUonjxT5qGfpUsXKYYWeabA");
    assert_eq!(address(&account, Branch::Receive, 1), "1Ak8PffB2meyfYnbXZR9EGfLfFZVpzJvQP");
    assert_eq!(address(&account, Branch::Change, 0), "1J3J6EvPrv8q6AC3VCjWV45Uf3nssNMRtH");
}

#[test]
fn bip49_vector() {
    let account = account(ScriptType::Nested, Network::Testnet);
    assert_eq!(address(&account, Branch::Receive, 0), "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2");
}

#[test]
fn bip84_vectors() {
    let account = account(ScriptType::Segwit, Network::Bitcoin);
    assert_eq!(address(&account, Branch::Receive, 0), "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu");
    assert_eq!(address(&account, Branch::Receive, 1), "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g");
    assert_eq!(address(&account, Branch::Change, 0), "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el");
}

#[test]
fn bip86_vectors() {
    let account = account(ScriptType::Taproot, Network::Bitcoin);
    assert_eq!(
        account.descriptor().keys()[0].xpub.to_string(),
        "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCEC\
         oY49yfdDEHGCtMMj92pReUsQ"
    );
    assert_eq!(
        address(&account, Branch::Receive, 0),
        "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
    );
    assert_eq!(
        address(&account, Branch::Receive, 1),
        "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh"
    );
    assert_eq!(
        address(&account, Branch::Change, 0),
        "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"
    );
}

#[test]
fn a_passphrase_makes_another_wallet_however_it_is_composed() {
    assert_eq!(seed("").fingerprint().to_string(), "73c5da0a");
    assert_ne!(seed("caf\u{e9}").fingerprint(), seed("").fingerprint());
    assert_eq!(seed("caf\u{e9}").fingerprint(), seed("cafe\u{301}").fingerprint());
}

#[test]
fn a_stored_seed_keeps_words_and_passphrase() {
    let seed = seed("secret");
    let read = Seed::from_bytes(&seed.to_bytes()).expect("own bytes");
    assert_eq!(read.fingerprint(), seed.fingerprint());
    assert!(read.words() == seed.words());
}

#[test]
fn damaged_bytes_are_no_seed() {
    let bytes = seed("").to_bytes();
    for len in 0..bytes.len() {
        assert_eq!(Seed::from_bytes(&bytes[..len]).expect_err("cut"), ParseSeedError);
    }
    let mut newer = bytes.clone();
    newer[0] = 2;
    assert_eq!(Seed::from_bytes(&newer).expect_err("another version"), ParseSeedError);
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(Seed::from_bytes(&longer).expect_err("too long"), ParseSeedError);
}

#[test]
fn debug_shows_nothing() {
    assert_eq!(format!("{:?} {:?}", seed(""), seed("").words()), "Seed(..) Words(..)");
}
