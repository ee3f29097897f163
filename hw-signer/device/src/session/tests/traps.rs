//! What hosts do that a device must live with.

use super::*;

#[test]
fn auth_user_is_never_answered_with_false() {
    let mut empty = Table::empty();
    assert_eq!(error_of(&empty.asks("auth_user", auth_on("testnet"))), -32002);
    let mut ready = Table::once();
    let yes = ready.asks("auth_user", auth_on("testnet"));
    assert_eq!(yes.find("result"), Some(&Item::Flag(true)));
    assert_eq!(error_of(&ready.asks("auth_user", auth_on("mainnet"))), -32003);
    let mut locked = Table::locked();
    locked.sends("5", "auth_user", auth_on("testnet"));
    assert_eq!(locked.reply(), None);
    locked.press(Press::Back);
    assert_eq!(error_of(&locked.reply().unwrap()), -32000);
}

#[test]
fn a_host_waits_while_the_person_unlocks() {
    let mut table = Table::locked();
    table.sends("5", "auth_user", auth_on("testnet"));
    table.types("654321");
    table.works();
    // A wrong PIN is the person's matter: the host goes on waiting.
    assert_eq!(table.title(), "Not unlocked");
    assert_eq!(table.reply(), None);
    table.press(Press::Confirm);
    table.chooses("Unlock");
    table.types("123456");
    table.works();
    let reply = table.reply().unwrap();
    assert_eq!((reply.text("id"), reply.find("result")), ("5", Some(&Item::Flag(true))));
}

#[test]
fn unlocked_for_another_network_is_told() {
    let mut table = Table::locked();
    table.sends("5", "auth_user", auth_on("mainnet"));
    table.types("123456");
    table.works();
    assert_eq!(error_of(&table.reply().unwrap()), -32003);
}

#[test]
fn ping_and_version_are_answered_while_a_question_is_up() {
    let mut table = Table::once();
    let zero = table.asks("ping", none);
    assert_eq!(zero.number("result"), 0);
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    assert_eq!(table.title(), "Your address");
    assert_eq!(table.asks("ping", none).number("result"), 1);
    let nonblocking = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(1).unwrap().str("nonblocking").unwrap().bool(true).unwrap();
    };
    let version = table.asks("get_version_info", nonblocking);
    assert_eq!(version.find("result").unwrap().text("JADE_STATE"), "READY");
    table.agrees();
    assert_eq!(table.reply().unwrap().text("id"), "5");
}

#[test]
fn ping_tells_that_a_person_is_in_the_menus() {
    let mut table = Table::once();
    table.chooses("Settings");
    assert_eq!(table.asks("ping", none).number("result"), 2);
    let busy = table.asks("get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    assert_eq!(error_of(&busy), -32000);
    assert_eq!(table.title(), "Settings");
}

#[test]
fn null_params_and_a_constant_id_are_fine() {
    let mut table = Table::once();
    for _ in 0..3 {
        assert_eq!(table.asks("ping", none).number("result"), 0);
        let master = table.asks("get_xpub", path_on("testnet", &[]));
        assert!(master.text("result").starts_with("tpub"));
    }
}

#[test]
fn a_host_that_is_gone_leaves_no_question() {
    let mut table = Table::once();
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    table.device.disconnect();
    assert_eq!(table.title(), "Ready");
    let mut locked = Table::locked();
    locked.sends("5", "auth_user", auth_on("testnet"));
    locked.device.disconnect();
    assert_eq!(locked.title(), "Locked");
}

#[test]
fn an_opened_port_is_a_new_start_and_gets_no_old_answers() {
    let mut table = Table::once();
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    // No disconnection is seen on a serial port: the next request is all there is.
    let reply = table.asks("get_xpub", path_on("testnet", &[H]));
    assert!(reply.text("result").starts_with("tpub"));
    assert_eq!(table.title(), "Ready");
    table.press(Press::Confirm);
    assert_eq!(table.reply(), None);
}

#[test]
fn a_question_that_nobody_answers_ends() {
    let mut table = Table::once();
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    assert_eq!(table.device.deadline(), Some(Time::from_millis(120_000)));
    table.passes(119_999);
    assert_eq!(table.reply(), None);
    table.passes(1);
    assert_eq!(error_of(&table.reply().unwrap()), -32000);
    assert_eq!(table.title(), "Ready");
}

#[test]
fn a_host_does_not_wait_for_ever_for_the_pin() {
    let mut table = Table::locked();
    table.sends("5", "auth_user", auth_on("testnet"));
    table.types("654321");
    table.works();
    assert_eq!(table.title(), "Not unlocked");
    table.passes(120_000);
    assert_eq!(error_of(&table.reply().unwrap()), -32000);
    assert_eq!(table.title(), "Locked");
}

#[test]
fn cancel_ends_the_question() {
    let mut table = Table::once();
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    table.sends("6", "cancel", none);
    let (first, second) = (table.reply().unwrap(), table.reply().unwrap());
    assert_eq!((first.text("id"), error_of(&first)), ("5", -32000));
    assert_eq!((second.text("id"), second.find("result")), ("6", Some(&Item::Flag(true))));
    assert_eq!(table.title(), "Ready");
}

#[test]
fn noise_before_a_request_is_dropped() {
    let mut table = Table::once();
    table.device.receive(b"AT\rAT\r", Time::default());
    assert_eq!(table.reply(), None);
    assert_eq!(table.asks("ping", none).number("result"), 0);
}

#[test]
fn half_a_request_is_forgotten_after_two_seconds() {
    let mut table = Table::once();
    let half = request("5", "ping", none);
    table.device.receive(&half[..10], table.time());
    table.passes(2_000);
    assert_eq!(table.asks("ping", none).number("result"), 0);
}

#[test]
fn what_is_no_request_is_told_so() {
    let mut table = Table::once();
    table.device.receive(b"\xa1\x62id\x615", Time::default());
    let reply = table.reply().unwrap();
    assert_eq!((reply.text("id"), error_of(&reply)), ("00", -32600));
    for method in ["pin", "update_pinserver", "ota", "ota_data", "sign_liquid_tx", "debug_nothing"]
    {
        assert_eq!(error_of(&table.asks(method, none)), -32601, "{method}");
    }
    assert_eq!(error_of(&table.asks("get_xpub", none)), -32602);
    assert_eq!(error_of(&table.asks("get_xpub", path_on("liquid", &[]))), -32602);
}

#[cfg(not(feature = "test-build"))]
#[test]
fn no_host_can_set_the_words() {
    let mut table = Table::empty();
    assert_eq!(error_of(&table.asks("debug_set_mnemonic", none)), -32601);
}

#[test]
fn locked_devices_say_so() {
    for mut table in [Table::empty(), Table::locked()] {
        assert_eq!(error_of(&table.asks("get_xpub", path_on("testnet", &[]))), -32002);
        assert_eq!(error_of(&table.asks("get_registered_multisigs", none)), -32002);
    }
}

#[test]
fn the_version_has_what_hosts_read() {
    let mut table = Table::empty();
    let reply = table.asks("get_version_info", none);
    let version = reply.find("result").unwrap();
    assert_eq!(version.text("JADE_VERSION"), "1.0.40-test");
    assert_eq!(version.text("JADE_STATE"), "UNINIT");
    assert_eq!(version.text("JADE_NETWORKS"), "ALL");
    assert_eq!(version.find("JADE_HAS_PIN"), Some(&Item::Flag(false)));
    assert_eq!(version.number("JADE_OTA_MAX_CHUNK"), 4_096);
    assert_eq!(version.number("BATTERY_STATUS"), 0);
    for text in
        ["EFUSEMAC", "BOARD_TYPE", "JADE_FEATURES", "JADE_CONFIG", "IDF_VERSION", "CHIP_FEATURES"]
    {
        assert!(!version.text(text).is_empty(), "{text}");
    }
    let mut locked = Table::locked();
    let reply = locked.asks("get_version_info", none);
    assert_eq!(reply.find("result").unwrap().text("JADE_STATE"), "LOCKED");
}
