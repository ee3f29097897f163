//! What each request does, and that nothing happens without the person.

use super::*;

#[test]
fn an_xpub_is_given_without_a_question() {
    let mut table = Table::once();
    let reply = table.asks("get_xpub", path_on("testnet", &[84 + H, 1 + H, H]));
    assert!(reply.text("result").starts_with("tpubDC8msFGeGuwnKG9Upg7DM2b4DaRqg3CUZa5g8v2SRQ6K4NSkxUgd7HsL2XVWbVm39yBA4LAxysQAm397zwQSQoQgewGiYZqrA9DsP4zbQ1M"));
    let long = table.asks("get_xpub", path_on("testnet", &[0; 11]));
    assert_eq!(error_of(&long), -32602);
}

#[test]
fn an_address_is_shown_before_it_is_given() {
    let mut table = Table::once();
    let forms = [
        ("wpkh(k)", 84, "tb1q6rz28mcfaxtmd6v789l9rrlrusdprr9pqcpvkl"),
        ("pkh(k)", 44, "mkpZhYtJu2r87Js3pDiWJDmPte2NRZ8bJV"),
        ("sh(wpkh(k))", 49, "2Mww8dCYPUpKHofjgcXcBCEGmniw9CoaiD2"),
        ("tr(k)", 86, "tb1p8wpt9v4frpf3tkn0srd97pksgsxc5hs52lafxwru9kgeephvs7rqlqt9zj"),
    ];
    for (variant, purpose, address) in forms {
        let path = [purpose + H, 1 + H, H, 0, 0];
        table.sends("5", "get_receive_address", address_on("testnet", &path, variant));
        assert_eq!(table.reply(), None);
        let shown = table.agrees();
        let rows: String = shown.iter().flat_map(|view| view.rows.clone()).collect();
        assert!(rows.replace(' ', "").contains(address), "{rows}");
        assert_eq!(table.reply().unwrap().text("result"), address);
    }
}

#[test]
fn a_refused_address_is_not_given() {
    let mut table = Table::once();
    table.sends("5", "get_receive_address", address_on("testnet", &FIRST_ADDRESS, "wpkh(k)"));
    assert!(table.device.is_awaited());
    table.press(Press::Back);
    assert!(!table.device.is_awaited());
    assert_eq!(error_of(&table.reply().unwrap()), -32000);
    assert_eq!(table.title(), "Ready");
}

#[test]
fn a_message_is_shown_and_signed() {
    let mut table = Table::once();
    let params = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(2).unwrap();
        write_path(encoder, &[44 + H, 1 + H, H, 0, 0]);
        encoder.str("message").unwrap().str("pay the piper").unwrap();
    };
    table.sends("5", "sign_message", params);
    let shown = table.agrees();
    assert_eq!(shown[0].rows, ["pay the piper"]);
    assert_eq!(table.reply().unwrap().text("result").len(), 88);
}

#[test]
fn anti_exfil_is_refused_and_not_ignored() {
    let mut table = Table::once();
    let params = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(3).unwrap();
        write_path(encoder, &[44 + H, 1 + H, H, 0, 0]);
        encoder.str("message").unwrap().str("m").unwrap();
        encoder.str("ae_host_commitment").unwrap().bytes(&[0; 32]).unwrap();
    };
    assert_eq!(error_of(&table.asks("sign_message", params)), -32602);
}

/// A key that belongs to nobody here, with its origin's fingerprint.
const OTHER: ([u8; 4], &str) = (
    [0x1a, 0x2b, 0x3c, 0x4d],
    "tpubDCBWBScQPGv4Xk3JSbhw6wYYpayMjb2eAYyArpbSqQTbLDpphHGAetB6VQgVeftLML8vDSUEWcC2xDi3qJJ3YCDChJDvqVzpgoYSuT52MhJ",
);

fn multisig(name: &'static str, threshold: u32, own: String) -> impl FnOnce(&mut Encoder<Vec<u8>>) {
    move |encoder| {
        encoder.map(3).unwrap().str("network").unwrap().str("testnet").unwrap();
        encoder.str("multisig_name").unwrap().str(name).unwrap();
        encoder.str("descriptor").unwrap().map(5).unwrap();
        encoder.str("variant").unwrap().str("wsh(multi(k))").unwrap();
        encoder.str("sorted").unwrap().bool(true).unwrap();
        encoder.str("threshold").unwrap().u32(threshold).unwrap();
        encoder.str("master_blinding_key").unwrap().null().unwrap();
        encoder.str("signers").unwrap().array(2).unwrap();
        let own_fingerprint = [0x73, 0xc5, 0xda, 0x0a];
        for (fingerprint, xpub) in [(own_fingerprint, own.as_str()), OTHER] {
            encoder.map(4).unwrap().str("fingerprint").unwrap().bytes(&fingerprint).unwrap();
            encoder.str("derivation").unwrap().array(4).unwrap();
            for number in [48 + H, 1 + H, H, 2 + H] {
                encoder.u32(number).unwrap();
            }
            encoder.str("xpub").unwrap().str(xpub).unwrap();
            encoder.str("path").unwrap().array(0).unwrap();
        }
    }
}

fn own_key(table: &mut Table) -> String {
    let reply = table.asks("get_xpub", path_on("testnet", &[48 + H, 1 + H, H, 2 + H]));
    reply.text("result").to_string()
}

#[test]
fn a_multisig_is_registered_once_and_its_addresses_shown() {
    let mut table = Table::kept();
    let own = own_key(&mut table);
    table.sends("5", "register_multisig", multisig("ours", 2, own.clone()));
    assert_eq!(table.reply(), None);
    table.agrees();
    assert_eq!(table.reply().unwrap().find("result"), Some(&Item::Flag(true)));
    // The same again is no question; under the same name, another is.
    let again = table.asks("register_multisig", multisig("ours", 2, own.clone()));
    assert_eq!(again.find("result"), Some(&Item::Flag(true)));
    table.sends("6", "register_multisig", multisig("ours", 1, own));
    assert_eq!(table.title(), "In place of another");
    table.press(Press::Back);
    assert_eq!(error_of(&table.reply().unwrap()), -32000);

    let list = table.asks("get_registered_multisigs", none);
    let brief = list.find("result").unwrap().find("ours").unwrap();
    assert_eq!((brief.number("threshold"), brief.number("num_signers")), (2, 2));
    let named = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(1).unwrap().str("multisig_name").unwrap().str("ours").unwrap();
    };
    let whole = table.asks("get_registered_multisig", named);
    let descriptor = whole.find("result").unwrap().find("descriptor").unwrap();
    assert_eq!(descriptor.text("variant"), "wsh(multi(k))");

    let paths = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(3).unwrap().str("network").unwrap().str("testnet").unwrap();
        encoder.str("multisig_name").unwrap().str("ours").unwrap();
        encoder.str("paths").unwrap().array(2).unwrap();
        for _ in 0..2 {
            encoder.array(2).unwrap().u32(0).unwrap().u32(5).unwrap();
        }
    };
    table.sends("7", "get_receive_address", paths);
    table.agrees();
    assert!(table.reply().unwrap().text("result").starts_with("tb1q"));

    // It is still there after the power was off, and the owner can forget it.
    let mut table = Table::with(table.card.clone());
    table.chooses("Unlock");
    table.types("123456");
    table.works();
    assert!(table.asks("get_registered_multisig", named).find("result").is_some());
    table.chooses("Policies");
    table.chooses("ours");
    table.agrees();
    assert_eq!(error_of(&table.asks("get_registered_multisig", named)), -32602);
}

#[test]
fn a_policy_that_can_not_be_stored_is_not_registered() {
    let mut table = Table::kept();
    let own = own_key(&mut table);
    *table.card.broken.borrow_mut() = true;
    table.sends("5", "register_multisig", multisig("ours", 2, own));
    table.agrees();
    assert_eq!(error_of(&table.reply().unwrap()), -32603);
    *table.card.broken.borrow_mut() = false;
    let list = table.asks("get_registered_multisigs", none);
    assert_eq!(list.find("result"), Some(&Item::Map(vec![])));
}

#[test]
fn a_descriptor_is_registered_and_given_back_as_it_came() {
    let mut table = Table::kept();
    let own = format!("[73c5da0a/48'/1'/0'/2']{}", own_key(&mut table));
    let other = format!("[1a2b3c4d/48'/1'/0'/2']{}", OTHER.1);
    let template = "wsh(or_d(pk(@0/**),and_v(v:pkh(@1/**),older(1000))))";
    let params = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(4).unwrap().str("network").unwrap().str("testnet").unwrap();
        encoder.str("descriptor_name").unwrap().str("heirs").unwrap();
        encoder.str("descriptor").unwrap().str(template).unwrap();
        encoder.str("datavalues").unwrap().map(2).unwrap();
        encoder.str("@0").unwrap().str(&own).unwrap().str("@1").unwrap().str(&other).unwrap();
    };
    table.sends("5", "register_descriptor", params);
    table.agrees();
    assert_eq!(table.reply().unwrap().find("result"), Some(&Item::Flag(true)));
    let list = table.asks("get_registered_descriptors", none);
    assert_eq!(list.find("result").unwrap().find("heirs").unwrap().number("num_datavalues"), 2);
    let named = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(1).unwrap().str("descriptor_name").unwrap().str("heirs").unwrap();
    };
    let whole = table.asks("get_registered_descriptor", named);
    let whole = whole.find("result").unwrap();
    assert_eq!(whole.text("descriptor"), template);
    assert_eq!(whole.find("datavalues").unwrap().text("@1"), other);
    let address = |encoder: &mut Encoder<Vec<u8>>| {
        encoder.map(4).unwrap().str("network").unwrap().str("testnet").unwrap();
        encoder.str("descriptor_name").unwrap().str("heirs").unwrap();
        encoder.str("branch").unwrap().u32(0).unwrap().str("pointer").unwrap().u32(3).unwrap();
    };
    table.sends("6", "get_receive_address", address);
    table.agrees();
    assert!(table.reply().unwrap().text("result").starts_with("tb1q"));
}
