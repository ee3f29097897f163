//! What an owner would lose: the words to a thief who guesses, or to a counter that miscounts.

use alloc::format;
use alloc::vec;

use bitcoin::Amount;

use super::*;
use crate::network::Network;
use crate::settings::Settings;
use crate::words::Words;

const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";

/// A card in memory, which can be made to fail.
#[derive(Default)]
struct Card {
    bytes: Option<Vec<u8>>,
    read_only: bool,
}

impl Storage for Card {
    fn load(&mut self) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(self.bytes.clone())
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), StorageFault> {
        if self.read_only {
            return Err(StorageFault);
        }
        self.bytes = Some(bytes.to_vec());
        Ok(())
    }

    fn wipe(&mut self) -> Result<(), StorageFault> {
        self.bytes = None;
        Ok(())
    }
}

struct Counting(u8);

impl Randomness for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0 += 1;
        bytes.fill(self.0);
        Ok(())
    }
}

fn state() -> State {
    let fee_limit = Amount::from_sat(1 << 40);
    let settings = Settings { fee_limit, idle_lock: 7, ..Settings::new(Network::Test) };
    let record = crate::policy::Record { body: vec![1, 2, 3], mac: [9; 32] };
    State { words: Words::parse(WORDS).unwrap(), settings, records: vec![record] }
}

fn pin(text: &str) -> Pin {
    Pin::parse(text).unwrap()
}

fn sealed() -> Card {
    let mut card = Card::default();
    let (random, cost) = (&mut Counting(0), KdfCost::for_tests());
    Vault::create(&mut card, random, &pin("123456"), &state(), cost).unwrap();
    card
}

#[test]
fn the_right_pin_gives_back_what_was_sealed() {
    let mut card = sealed();
    let (vault, mut found) = Vault::unlock(&mut card, &pin("123456")).unwrap();
    assert_eq!(found, state());
    found.settings.accept_unproven = true;
    vault.save(&mut card, &mut Counting(9), &found).unwrap();
    assert_eq!(Vault::unlock(&mut card, &pin("123456")).unwrap().1, found);
}

#[test]
fn the_card_shows_nothing_of_the_words() {
    let card = sealed().bytes.unwrap();
    let entropy = Words::parse(WORDS).unwrap().entropy();
    assert!(!card.windows(entropy.len()).any(|part| part == &entropy[..]));
    assert_eq!(format!("{:?}", pin("123456")), "Pin(..)");
}

#[test]
fn ten_wrong_pins_wipe_the_device() {
    let mut card = sealed();
    for attempts_left in (1..PIN_ATTEMPTS).rev() {
        let error = Vault::unlock(&mut card, &pin("654321")).unwrap_err();
        assert_eq!(error, VaultError::WrongPin { attempts_left });
        assert_eq!(Vault::presence(&mut card), Ok(Presence::Locked { attempts_left }));
    }
    assert_eq!(Vault::unlock(&mut card, &pin("654321")).unwrap_err(), VaultError::Wiped);
    assert_eq!(Vault::presence(&mut card), Ok(Presence::Empty));
    assert_eq!(Vault::unlock(&mut card, &pin("123456")).unwrap_err(), VaultError::Empty);
}

#[test]
fn the_right_pin_resets_the_counter() {
    let mut card = sealed();
    for _ in 0..30 {
        Vault::unlock(&mut card, &pin("000000")).unwrap_err();
        Vault::unlock(&mut card, &pin("123456")).unwrap();
    }
}

/// Who makes the card read-only, or cuts the power after a try, must not have tries for nothing.
#[test]
fn a_try_that_cannot_be_counted_is_not_made() {
    let mut card = sealed();
    card.read_only = true;
    for right_or_wrong in ["123456", "654321"] {
        let error = Vault::unlock(&mut card, &pin(right_or_wrong)).unwrap_err();
        assert_eq!(error, VaultError::Storage(StorageFault), "it says nothing of the PIN");
    }
}

#[test]
fn damage_costs_no_try() {
    let whole = sealed().bytes.unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let mut card = Card { bytes: Some(bytes.clone()), read_only: false };
        let error = Vault::unlock(&mut card, &pin("123456")).unwrap_err();
        assert!(matches!(error, VaultError::Damaged | VaultError::Newer), "{at}: {error}");
        assert_eq!(card.bytes, Some(bytes), "nothing was written over it");
    }
    for length in 0..whole.len() {
        let mut card = Card { bytes: Some(whole[..length].to_vec()), read_only: false };
        let error = Vault::unlock(&mut card, &pin("123456")).unwrap_err();
        assert_eq!(error, VaultError::Damaged, "{length}");
    }
}

/// What is authenticated: a cheaper derivation can't be slipped under the same content.
#[test]
fn the_lock_is_part_of_what_is_sealed() {
    let whole = sealed().bytes.unwrap();
    let mut file = File::parse(&whole).unwrap();
    file.lock.cost = KdfCost::within_bounds(9, 1).unwrap();
    let mut card = Card { bytes: Some(file.to_bytes()), read_only: false };
    let error = Vault::unlock(&mut card, &pin("123456")).unwrap_err();
    assert!(matches!(error, VaultError::WrongPin { .. }));
}

#[test]
fn a_newer_state_is_refused_and_left_alone() {
    let mut bytes = sealed().bytes.unwrap();
    bytes[8] = 2;
    let mut card = Card { bytes: Some(bytes.clone()), read_only: false };
    assert_eq!(Vault::presence(&mut card), Err(VaultError::Newer));
    assert_eq!(Vault::unlock(&mut card, &pin("123456")).unwrap_err(), VaultError::Newer);
    assert_eq!(card.bytes, Some(bytes));
}

#[test]
fn a_pin_is_six_to_sixteen_digits() {
    for bad in ["", "12345", "12345a", "12345678901234567", "１２３４５６"] {
        assert_eq!(Pin::parse(bad), None, "{bad}");
    }
    assert!(Pin::parse("000000").is_some());
}

#[test]
fn a_stated_cost_is_bounded() {
    for (memory_kib, passes) in [(u32::MAX, 1), (7, 1), (64, 0), (64, u32::MAX)] {
        assert_eq!(KdfCost::within_bounds(memory_kib, passes), None, "{memory_kib} {passes}");
    }
}
