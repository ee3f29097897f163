//! Files as other wallets write them, and as somebody with bad intentions does.

use bitcoin::Network;

use super::{Format, LabelFile, ReadLabelsError, RecordProblem, bip329, read};
use crate::command::{ParseReferenceError, Reference};
use crate::limits::{LABEL_BYTES, LABEL_RECORD_BYTES};

/// The fragment in BIP329's section "Test Vectors", and the kind that it got later.
const BIP329: &str = r#"{ "type": "tx", "ref": "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd", "label": "Transaction", "origin": "wpkh([d34db33f/84'/0'/0'])" }
{ "type": "addr", "ref": "bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c", "label": "Address" }
{ "type": "pubkey", "ref": "0283409659355b6d1cc3c32decd5d561abaac86c37a353b52895a5e6c196d6f448", "label": "Public Key" }
{ "type": "input", "ref": "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd:0", "label": "Input" }
{ "type": "output", "ref": "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd:1", "label": "Output", "spendable": false }
{ "type": "xpub", "ref": "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8", "label": "Extended Public Key" }
{ "type": "tx", "ref": "f546156d9044844e02b181026a1a407abfca62e7ea1159f87bbeaa77b4286c74", "label": "Account #1 Transaction", "origin": "wpkh([d34db33f/84'/0'/1'])" }
{ "type": "spscan", "ref": "spscan1q", "label": "Silent Payments" }
"#;

const TXID: &str = "f91d0a8a78462bc59398f2c5d7a84fcff491c26ba54c4833478b202796c8aafd";

fn read_text(text: &str) -> LabelFile {
    read(text.as_bytes(), Network::Bitcoin).unwrap()
}

#[test]
fn the_bip_s_own_records_are_read_and_written_back_whole() {
    let file = read_text(BIP329);
    assert_eq!((file.format, file.labels.len(), file.ignored), (Format::Bip329, 7, 1));
    assert_eq!(file.refused, []);
    let lines: Vec<_> = file.labels.iter().map(bip329::line).collect();
    for (written, given) in lines.iter().zip(BIP329.lines()) {
        let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        assert_eq!(value(written), value(given));
    }
    assert_eq!(read_text(&lines.join("\n")).labels, file.labels);
    assert_eq!(read_text(&format!("[{}]", lines.join(","))).labels, file.labels);
}

#[test]
fn fields_that_are_not_known_are_given_back() {
    let record = format!(
        r#"{{"type":"tx","ref":"{TXID}","label":"x","fee":412,"rate":{{"USD":105620.5}},"new":[1,null]}}"#
    );
    let label = read_text(&record).labels.remove(0);
    let written: serde_json::Value = serde_json::from_str(&bip329::line(&label)).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(&record).unwrap());
    let theirs = r#"{"fee":1,"time":2}"#;
    let joined = |theirs_first| super::joined(label.more.as_deref(), Some(theirs), theirs_first);
    assert!(
        joined(false).unwrap().contains("\"fee\":412") && joined(false).unwrap().contains("time")
    );
    assert!(joined(true).unwrap().contains("\"fee\":1,"));
}

/// Kept as another field, it would stand in the backup where only a coin's switch is read.
#[test]
fn a_switch_on_what_is_no_coin_is_not_kept() {
    for switch in ["true", "false", "\"maybe\"", "null"] {
        let record =
            format!(r#"{{"type":"tx","ref":"{TXID}","label":"x","spendable":{switch},"fee":412}}"#);
        let label = read_text(&record).labels.remove(0);
        assert_eq!((label.spendable, label.more.as_deref()), (None, Some(r#"{"fee":412}"#)));
        assert!(!bip329::line(&label).contains("spendable"));
    }
}

#[test]
fn one_bad_record_is_told_and_the_others_are_read() {
    let long = format!(r#"{{"type":"tx","ref":"{}","label":"x"}}"#, "f".repeat(LABEL_RECORD_BYTES));
    let text = format!(
        "{}\n\nnot json\n{{\"type\":\"tx\"}}\n{{\"type\":\"tx\",\"ref\":\"{TXID}\",\"label\":7}}\n\
         {{\"type\":\"output\",\"ref\":\"{TXID}:0\",\"spendable\":\"maybe\"}}\n\
         {{\"type\":\"addr\",\"ref\":\"bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080\"}}\n{long}\n[]\n\
         {{\"type\":\"output\",\"ref\":\"{TXID}:0\",\"spendable\":\"false\"}}\n",
        format_args!(r#"{{"type":"tx","ref":"{TXID}","label":"{}"}}"#, "y".repeat(2 * LABEL_BYTES)),
    );
    let file = read_text(&text);
    let refused: Vec<_> = file.refused.iter().map(|record| (record.line, record.problem)).collect();
    assert_eq!(
        refused,
        [
            (3, RecordProblem::NotAnObject),
            (4, RecordProblem::Field("ref")),
            (5, RecordProblem::Field("label")),
            (6, RecordProblem::Field("spendable")),
            (7, RecordProblem::Reference(ParseReferenceError::WrongNetwork)),
            (8, RecordProblem::TooLong),
            (9, RecordProblem::NotAnObject),
        ]
    );
    assert_eq!((file.labels.len(), file.cut), (2, 1));
    assert_eq!(file.labels[1].spendable, Some(false), "a quoted false still freezes");
}

#[test]
fn electrum_s_labels_are_read() {
    let json = format!(
        "{{\n    \"{TXID}\": \"rent\",\n    \"bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c\": \"shop\",\n    \
         \"what\": \"x\"\n}}"
    );
    let file = read_text(&json);
    assert_eq!((file.format, file.labels.len(), file.refused.len()), (Format::ElectrumJson, 2, 1));

    let head = "oc_transaction_hash,ln_payment_hash,label,confirmations,amount_chain_bc";
    let csv =
        format!("{head}\n{TXID},,\"rent, \"\"May\"\"\",6,-0.1\n,ab,lightning,,\n{TXID},,,1,1\n");
    let file = read_text(&csv);
    assert_eq!((file.format, file.labels.len(), file.ignored), (Format::ElectrumCsv, 1, 2));
    assert_eq!(file.labels[0].reference, Reference::Transaction(TXID.parse().unwrap()));
    assert_eq!(file.labels[0].label.as_deref(), Some("rent, \"May\""));
}

#[test]
fn what_is_no_file_of_labels_is_refused() {
    let refused = |bytes: &[u8]| read(bytes, Network::Bitcoin);
    assert_eq!(refused(b"\xff\xfe"), Err(ReadLabelsError::NotText));
    assert_eq!(refused(b"hello"), Err(ReadLabelsError::NotLabels));
    assert_eq!(refused(b"[1"), Err(ReadLabelsError::NotLabels));
    assert_eq!(refused(b"txid,amount\n1,2"), Err(ReadLabelsError::NotLabels));
    assert_eq!(refused(b"").map(|file| file.labels.len()), Ok(0));
    // Deeper than any parser follows.
    let deep = "[".repeat(100_000);
    assert_eq!(refused(deep.as_bytes()), Err(ReadLabelsError::NotLabels));
}

#[test]
fn no_line_acts_on_a_terminal() {
    let record =
        format!("{{\"type\":\"tx\",\"ref\":\"{TXID}\",\"label\":\"\\u001b[2J\\u009b\\u202e\"}}");
    let label = read_text(&record).labels.remove(0);
    assert_eq!(label.label.as_deref(), Some("\u{1b}[2J\u{9b}\u{202e}"), "kept as it was");
    let line = bip329::line(&label);
    assert!(!line.chars().any(crate::foreign::is_hidden), "{line:?}");
    assert_eq!(read_text(&line).labels[0], label);
}
