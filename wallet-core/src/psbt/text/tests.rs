//! The vectors of BIP174, BIP370 and BIP371, and the forms in which people hand PSBTs around.

use bitcoin::absolute::LockTime;

use super::*;

/// What a vector is to do, its base64, what it is about.
fn vectors() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let pages = [
        include_str!("../../../fixtures/psbt/bip174.txt"),
        include_str!("../../../fixtures/psbt/bip370.txt"),
        include_str!("../../../fixtures/psbt/bip371.txt"),
    ];
    let lines = pages
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.starts_with('#') && !line.starts_with("extracted"));
    lines.map(|line| {
        let (word, rest) = line.split_once(' ').expect("three columns");
        let (psbt, case) = rest.split_once(' ').expect("three columns");
        (word, psbt, case)
    })
}

#[test]
fn the_vectors_of_the_bips_are_read_or_refused() {
    let (mut good, mut bad) = (0, 0);
    for (word, text, case) in vectors() {
        let read = read(text.as_bytes());
        if word == "invalid" {
            assert!(read.is_err(), "{case}: {text}");
            bad += 1;
        } else {
            let psbt = read.unwrap_or_else(|error| panic!("{case}: {error}: {text}"));
            if let Some(lock_time) = word.strip_prefix("lock=") {
                let expected: u32 = lock_time.parse().expect("a number");
                assert_eq!(
                    psbt.unsigned_tx.lock_time,
                    LockTime::from_consensus(expected),
                    "{case}"
                );
            }
            good += 1;
        }
    }
    assert_eq!((good, bad), (53, 56));
}

#[test]
fn every_form_is_read_back() {
    for (_, text, case) in vectors().filter(|(word, ..)| *word == "valid") {
        let psbt = read(text.as_bytes()).expect("a good one");
        for form in [PsbtForm::Binary, PsbtForm::Base64, PsbtForm::Hex] {
            assert_eq!(read(&write(&psbt, form)), Ok(psbt.clone()), "{case}");
        }
        let broken: String = text.chars().flat_map(|c| [c, '\n']).collect();
        assert_eq!(read(broken.as_bytes()), Ok(psbt.clone()), "lines are of no meaning: {case}");
        let upper = psbt.serialize_hex().to_uppercase();
        assert_eq!(read(upper.as_bytes()), Ok(psbt), "{case}");
    }
}

#[test]
fn what_nobody_knows_is_kept_from_version_2() {
    let (_, text, _) = vectors()
        .find(|(_, _, case)| case.contains("updated PSBTv2.") || case.ends_with("updated PSBTv2."))
        .expect("the vector");
    let mut bytes = STANDARD.decode(text).expect("base64");
    // After the magic: one more pair of the global map, of a type that is not in use.
    bytes.splice(5..5, [3, 0x77, 1, 2, 2, 8, 9]);
    let psbt = read(&bytes).expect("a good one");
    let kept = psbt.unknown.iter().find(|(key, _)| key.type_value == 0x77).expect("kept");
    assert_eq!((kept.0.key.as_slice(), kept.1.as_slice()), (&[1, 2][..], &[8, 9][..]));
    assert!(psbt.unknown.keys().all(|key| key.type_value == 0x77), "nothing of version 2 is left");
}

#[test]
fn what_is_not_whole_or_not_alone_is_refused() {
    let (_, text, _) = vectors().find(|(word, ..)| *word == "valid").expect("the first");
    let bytes = STANDARD.decode(text).expect("base64");
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(read(&longer), Err(ParsePsbtError::Trailing));
    assert_eq!(read(b"bc1qexample"), Err(ParsePsbtError::NotAPsbt));
    assert_eq!(read(b""), Err(ParsePsbtError::NotAPsbt));
    assert_eq!(read(&vec![b'c'; 2 * PSBT_BYTES + 1]), Err(ParsePsbtError::TooLong));
}
