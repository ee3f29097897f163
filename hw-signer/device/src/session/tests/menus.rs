//! What the owner does on the device itself.

use super::*;

#[test]
fn keys_are_made_on_the_device_and_found_again() {
    let mut table = Table::empty();
    table.chooses("Create keys");
    table.press(Press::Confirm);
    table.press(Press::Confirm);
    table.types(&"12345".repeat(10));
    let unsaved = table.asks("get_version_info", none);
    assert_eq!(unsaved.find("result").unwrap().text("JADE_STATE"), "UNSAVED");
    table.chooses("Show the words");
    let mut words = Vec::new();
    for view in table.reads() {
        words.extend(view.rows.iter().map(|row| row[4..].to_string()));
    }
    table.press(Press::Confirm);
    table.chooses("Type them back");
    table.types_words(&words.join(" "));
    table.types("123456");
    table.types("123456");
    table.works();
    assert_eq!(table.title(), "Ready");
    let first = table.asks("get_xpub", path_on("testnet", &[H]));

    // Switched off and on again.
    let mut table = Table::with(table.card.clone());
    assert_eq!(table.title(), "Locked");
    table.chooses("Unlock");
    table.types("123456");
    table.works();
    assert_eq!(table.asks("get_xpub", path_on("testnet", &[H])), first);
}

#[test]
fn wrong_pins_are_counted_and_the_last_one_wipes() {
    let mut table = Table::locked();
    for left in (0..10).rev() {
        table.chooses("Unlock");
        table.types("000000");
        table.works();
        let told = table.device.view().rows.join(" ");
        let expected = if left == 0 { "wiped itself".to_string() } else { format!("{left} more") };
        assert!(told.contains(&expected), "{told}");
        table.press(Press::Confirm);
    }
    assert_eq!(table.title(), "No keys");
    assert_eq!(*table.card.bytes.borrow(), None);
}

#[test]
fn an_idle_device_locks_itself() {
    let mut table = Table::kept();
    assert_eq!(table.device.deadline(), Some(Time::from_millis(600_000)));
    table.passes(599_999);
    assert_eq!(table.title(), "Ready");
    // A host that asks all the time does not keep it open.
    table.asks("get_xpub", path_on("testnet", &[H]));
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    table.passes(1);
    assert_eq!(table.title(), "Locked");
    assert_eq!(error_of(&table.reply().unwrap()), -32000);
    assert_eq!(error_of(&table.asks("get_xpub", path_on("testnet", &[H]))), -32002);
}

#[test]
fn words_for_once_are_forgotten() {
    let mut table = Table::once();
    assert_eq!(*table.card.bytes.borrow(), None);
    assert_eq!(table.asks("logout", none).find("result"), Some(&Item::Flag(true)));
    assert_eq!(table.title(), "No keys");
}

#[test]
fn a_passphrase_makes_other_keys_and_shows_which() {
    let mut table = Table::kept();
    table.chooses("Settings");
    table.chooses("Passphrase");
    table.press(Press::Back);
    let plain = table.asks("get_xpub", path_on("testnet", &[]));
    table.chooses("Lock");
    table.chooses("Unlock");
    table.types("123456");
    table.works();
    assert_eq!(table.title(), "Passphrase, or none");
    table.types("hush");
    table.works();
    assert_eq!(table.title(), "Unlocked");
    let other = table.asks("get_xpub", path_on("testnet", &[]));
    assert_ne!(other.text("result"), plain.text("result"));
}

#[test]
fn settings_are_kept() {
    let mut table = Table::kept();
    table.chooses("Settings");
    table.chooses("Fee up to 500000");
    table.types("1234");
    table.chooses("Unproven sums: no");
    table.chooses("Lock after 10 min");
    let mut table = Table::with(table.card.clone());
    table.chooses("Unlock");
    table.types("123456");
    table.works();
    table.chooses("Settings");
    let rows = table.device.view().rows.clone();
    assert_eq!(
        rows[..4],
        ["Fee up to 1234", "Unproven sums: yes", "Passphrase: no", "Lock after 60 min"]
    );
}

#[test]
fn a_setting_that_can_not_be_stored_is_not_changed() {
    let mut table = Table::kept();
    *table.card.broken.borrow_mut() = true;
    table.chooses("Settings");
    table.chooses("Unproven sums: no");
    assert_eq!(table.title(), "Not changed");
    *table.card.broken.borrow_mut() = false;
    table.press(Press::Confirm);
    table.chooses("Settings");
    assert_eq!(table.device.view().rows[1], "Unproven sums: no");
}

#[cfg(not(feature = "test-build"))]
#[test]
fn another_network_has_other_keys() {
    let mut table = Table::kept();
    table.chooses("Settings");
    table.chooses("Network: test");
    assert_eq!(table.title(), "Locked");
    table.chooses("Unlock");
    table.types("123456");
    table.works();
    assert_eq!(error_of(&table.asks("get_xpub", path_on("testnet", &[]))), -32003);
    let xpub = table.asks("get_xpub", path_on("mainnet", &[]));
    assert!(xpub.text("result").starts_with("xpub"));
}

#[cfg(feature = "test-build")]
#[test]
fn a_build_for_tests_holds_no_real_money() {
    let mut table = Table::empty();
    table.chooses("Network: test");
    assert!(table.device.take_words(WORDS, "").is_err());
    table.chooses("Use words once");
    table.press(Press::Confirm);
    table.types_words(WORDS);
    table.press(Press::Confirm);
    table.works();
    assert_eq!(table.title(), "Not unlocked");
}

#[test]
fn wiping_takes_two_pages() {
    let mut table = Table::kept();
    table.chooses("Wipe");
    for _ in 0..5 {
        table.press(Press::Confirm);
    }
    assert!(table.card.bytes.borrow().is_some());
    table.agrees();
    assert_eq!(table.title(), "No keys");
    assert_eq!(*table.card.bytes.borrow(), None);
}

#[test]
fn a_damaged_state_is_told_and_can_be_wiped() {
    let table = Table::kept();
    table.card.bytes.borrow_mut().as_mut().unwrap().truncate(10);
    let mut table = Table::with(table.card.clone());
    assert_eq!(table.title(), "Can't be opened");
    assert_eq!(error_of(&table.asks("auth_user", auth_on("testnet"))), -32002);
    table.chooses("Wipe");
    table.agrees();
    assert_eq!(table.title(), "No keys");
}
