//! The vectors of BIP322, altered signatures, and the old form as other software writes it.

use bitcoin::address::NetworkUnchecked;
use serde_json::Value;

use super::*;

fn pages() -> [Value; 2] {
    [
        include_str!("../../fixtures/bip322/basic-test-vectors.json"),
        include_str!("../../fixtures/bip322/generated-test-vectors.json"),
    ]
    .map(|page| serde_json::from_str(page).expect("JSON"))
}

fn address(text: &str) -> Address {
    text.parse::<Address<NetworkUnchecked>>().expect("an address").assume_checked()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().expect("a text")
}

/// Every good signature of the vectors.
fn good(pages: &[Value]) -> Vec<(Address, &str, &str, &str)> {
    let kinds = ["simple", "full", "proof_of_funds"];
    let vectors = pages.iter().flat_map(|page| {
        kinds.iter().filter_map(|kind| page[kind].as_array()).flatten().collect::<Vec<_>>()
    });
    let mut all = Vec::new();
    for vector in vectors {
        for signature in vector["bip322_signatures"].as_array().expect("an array") {
            let signature = signature.as_str().expect("a text");
            let to = address(text(vector, "address"));
            all.push((to, text(vector, "message"), signature, text(vector, "type")));
        }
    }
    all
}

#[test]
fn signatures_of_the_bip_hold() {
    let pages = pages();
    let (mut valid, mut inconclusive) = (0, Vec::new());
    for (address, message, signature, kind) in good(&pages) {
        match verify(&address, message, signature) {
            Verdict::Valid(_) => valid += 1,
            Verdict::Inconclusive(Doubt::Script) => inconclusive.push(kind),
            other => panic!("{kind}: {other:?}"),
        }
    }
    // Scripts that are not miniscript: a verifier without a whole interpreter says so.
    assert_eq!(inconclusive, ["p2tr-time-lock", "p2wsh-time-lock"]);
    assert_eq!(valid, 21);
}

#[test]
fn wrong_ones_of_the_bip_do_not() {
    let mut seen = 0;
    for page in &pages() {
        for vector in page["error"].as_array().expect("an array") {
            let to = address(text(vector, "address"));
            let verdict = verify(&to, text(vector, "message"), text(vector, "signature"));
            assert!(matches!(verdict, Verdict::Invalid(_)), "{vector}: {verdict:?}");
            seen += 1;
        }
    }
    assert_eq!(seen, 36);
}

/// A verifier that overlooks one bit is one that can be lied to.
#[test]
fn no_bit_of_a_signature_can_be_changed() {
    use bitcoin::base64::Engine as _;
    use bitcoin::base64::engine::general_purpose::STANDARD;

    let pages = pages();
    for (address, message, signature, kind) in good(&pages) {
        let (prefix, body) = signature.split_at_checked(3).expect("longer");
        let Ok(bytes) = STANDARD.decode(body) else { continue };
        if !matches!(verify(&address, message, signature), Verdict::Valid(_)) {
            continue;
        }
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = format!("{prefix}{}", STANDARD.encode(changed));
            let verdict = verify(&address, message, &changed);
            // What is proven of other outputs is read with them, and an unknown field is no lie.
            let of_psbt = prefix == "pof";
            assert!(of_psbt || !matches!(verdict, Verdict::Valid(_)), "{kind}: byte {at}");
        }
    }
}

#[test]
fn time_locks_are_told() {
    let pages = pages();
    let (address, message, signature, _) =
        good(&pages).into_iter().find(|(.., kind)| *kind == "p2sh-multisig-2of2").expect("there");
    let Verdict::Valid(signed) = verify(&address, message, signature) else {
        panic!("it does not hold")
    };
    assert_eq!(signed.form, MessageForm::Full);
    assert_eq!(signed.lock_time, LockTime::from_consensus(2016));
    assert_eq!(signed.sequence, Sequence(2016));
}

/// From the tests of Bitcoin Core (`src/test/util_tests.cpp`, `message_verify`).
#[test]
fn the_old_form_is_read_as_core_reads_it() {
    let good = [
        (
            "15CRxFdyRpGZLW9w8HnHvVduizdL5jKNbs",
            "Trust no one",
            "IPojfrX2dfPnH26UegfbGQQLrdK844DlHq5157/P6h57WyuS/Qsl+h/WSVGDF4MUi4rWSswW38oimDYfNNUBUOk=",
        ),
        (
            "11canuhp9X2NocwCq7xNrQYTmUgZAnLK3",
            "Trust me",
            "IIcaIENoYW5jZWxsb3Igb24gYnJpbmsgb2Ygc2Vjb25kIGJhaWxvdXQgZm9yIGJhbmtzIAaHRtbCeDZINyavx14=",
        ),
    ];
    for (to, message, signature) in good {
        let verdict = verify(&address(to), message, signature);
        assert!(
            matches!(&verdict, Verdict::Valid(signed) if signed.form == MessageForm::Legacy),
            "{to}: {verdict:?}"
        );
        let other = verify(&address(to), "something else", signature);
        assert_eq!(other, Verdict::Invalid(Flaw::Mismatch));
    }
    let wrong = verify(
        &address("15CRxFdyRpGZLW9w8HnHvVduizdL5jKNbs"),
        "I never signed this",
        "IPojfrX2dfPnH26UegfbGQQLrdK844DlHq5157/P6h57WyuS/Qsl+h/WSVGDF4MUi4rWSswW38oimDYfNNUBUOk=",
    );
    assert_eq!(wrong, Verdict::Invalid(Flaw::Mismatch));
    let script = address("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy");
    let of_script = verify(
        &script,
        "signature should be Base64",
        "IPojfrX2dfPnH26UegfbGQQLrdK844DlHq5157/P6h57WyuS/Qsl+h/WSVGDF4MUi4rWSswW38oimDYfNNUBUOk=",
    );
    assert!(matches!(of_script, Verdict::Invalid(_)));
}

#[test]
fn what_is_no_signature_is_none() {
    let to = address("bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l");
    for text in ["", "smp", "ful", "pof", "smpAA==", "fulAA==", "pofcHNidP8=", "no base64", "é"] {
        let verdict = verify(&to, "m", text);
        assert!(matches!(verdict, Verdict::Invalid(_)), "{text:?}: {verdict:?}");
    }
    let long = "A".repeat(MESSAGE_SIGNATURE_BYTES + 1);
    assert_eq!(verify(&to, "m", &long), Verdict::Invalid(Flaw::TooLong));
}
