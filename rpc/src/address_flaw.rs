//! Owns what is wrong with a text that is no address, in Bitcoin Core's words and places
//! (`src/key_io.cpp`, `src/bech32.cpp`, BIP173, BIP350).
//!
//! Refuses to say what the right letters would be: who mistyped an address asks again.

use std::collections::BTreeMap;

use bitcoin::{Network, base58};

/// What is wrong with a text that is no address of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressFlaw {
    /// In words.
    pub error: String,
    /// The letters that are probably wrong, counted from 0.
    pub locations: Vec<usize>,
}

impl AddressFlaw {
    /// What is wrong with this one.
    #[must_use]
    pub fn of(text: &str, network: Network) -> Self {
        let hrp = match network {
            Network::Bitcoin => "bc",
            Network::Regtest => "bcrt",
            _ => "tb",
        };
        let start = text.as_bytes().get(..hrp.len());
        if !start.is_some_and(|start| start.eq_ignore_ascii_case(hrp.as_bytes())) {
            return Self::plain(in_base58(text, network));
        }
        match Read::of(text) {
            Some(read) => Self::plain(&in_bech32(&read, hrp)),
            None => located(text),
        }
    }

    fn plain(error: &str) -> Self {
        Self { error: error.to_owned(), locations: Vec::new() }
    }
}

fn in_base58(text: &str, network: Network) -> &'static str {
    // More letters are more than the 100 bytes that Core reads, and would take long.
    let short = || Some(text).filter(|text| text.len() <= LONGEST_BASE58);
    let checked = short().and_then(|text| base58::decode_check(text).ok());
    let versions: [u8; 2] = if network == Network::Bitcoin { [0x00, 0x05] } else { [0x6f, 0xc4] };
    match checked.filter(|bytes| bytes.len() <= ADDRESS_BYTES) {
        Some(bytes) if bytes.first().is_some_and(|version| versions.contains(version)) => {
            "Invalid length for Base58 address (P2PKH or P2SH)"
        }
        Some(_) => "Invalid or unsupported Base58-encoded address.",
        None => match short().and_then(|text| base58::decode(text).ok()) {
            Some(bytes) if bytes.len() <= MOST_BYTES => {
                "Invalid checksum or length of Base58 address (P2PKH or P2SH)"
            }
            _ => UNKNOWN,
        },
    }
}

fn in_bech32(Read { hrp, values, newer }: &Read, expected: &str) -> String {
    let Some((&version, rest)) = values.split_first() else {
        return "Empty Bech32 data section".to_owned();
    };
    if hrp != expected {
        return format!(
            "Invalid or unsupported prefix for Segwit (Bech32) address (expected {expected}, got \
             {hrp})."
        );
    }
    if version == 0 && *newer {
        return "Version 0 witness address must use Bech32 checksum".to_owned();
    }
    if version != 0 && !newer {
        return "Version 1+ witness address must use Bech32m checksum".to_owned();
    }
    let bits = 5 * rest.len();
    let padding = bits % 8;
    let last = rest.last().copied().unwrap_or_default();
    if padding >= 5 || last & ((1 << padding) - 1) != 0 {
        return "Invalid padding in Bech32 data section".to_owned();
    }
    let size = bits / 8;
    let unit = if size == 1 { "byte" } else { "bytes" };
    match version {
        0 => format!("Invalid Bech32 v0 address program size ({size} {unit}), per BIP141"),
        17.. => "Invalid Bech32 address witness version".to_owned(),
        _ => format!("Invalid Bech32 address program size ({size} {unit})"),
    }
}

/// A text whose checksum is right.
struct Read {
    hrp: String,
    /// Without the checksum.
    values: Vec<u8>,
    /// Whether the checksum is that of BIP350.
    newer: bool,
}

impl Read {
    fn of(text: &str) -> Option<Self> {
        if text.len() > LONGEST_BECH32 || !wrong_letters(text).is_empty() {
            return None;
        }
        let (hrp, values) = parts(text)?.ok()?;
        let residue = residue(&hrp, &values);
        let newer = residue == BECH32M;
        let values = values[..values.len() - CHECKSUM].to_vec();
        (newer || residue == BECH32).then_some(Self { hrp, values, newer })
    }
}

/// The prefix and the values after it, the checksum too; or the place of a letter that has none.
/// `None`: nothing separates them where it must.
fn parts(text: &str) -> Option<Result<(String, Vec<u8>), usize>> {
    let separator = text.rfind('1')?;
    if separator == 0 || separator + CHECKSUM >= text.len() {
        return None;
    }
    let mut values = Vec::new();
    for (place, letter) in text.bytes().enumerate().skip(separator + 1) {
        let letter = letter.to_ascii_lowercase();
        let Some(value) = ALPHABET.bytes().position(|own| own == letter) else {
            return Some(Err(place));
        };
        values.push(u8::try_from(value).unwrap_or_default());
    }
    Some(Ok((text[..separator].to_ascii_lowercase(), values)))
}

/// Letters of the other case than those before, and what is no letter.
fn wrong_letters(text: &str) -> Vec<usize> {
    let (mut lower, mut upper) = (false, false);
    let mut wrong = Vec::new();
    for (place, letter) in text.bytes().enumerate() {
        match letter {
            b'a'..=b'z' if upper => wrong.push(place),
            b'a'..=b'z' => lower = true,
            b'A'..=b'Z' if lower => wrong.push(place),
            b'A'..=b'Z' => upper = true,
            33..=126 => {}
            _ => wrong.push(place),
        }
    }
    wrong
}

/// What is wrong with a text whose checksum is not right.
fn located(text: &str) -> AddressFlaw {
    let flaw = |error: &str, locations| AddressFlaw { error: error.to_owned(), locations };
    if text.len() > LONGEST_BECH32 {
        return flaw("Bech32 string too long", (LONGEST_BECH32..text.len()).collect());
    }
    let wrong = wrong_letters(text);
    if !wrong.is_empty() {
        return flaw("Invalid character or mixed case", wrong);
    }
    let (hrp, values) = match (parts(text), text.rfind('1')) {
        (Some(Ok(parts)), _) => parts,
        (Some(Err(place)), _) => return flaw("Invalid Base 32 character", vec![place]),
        (None, Some(separator)) => return flaw("Invalid separator position", vec![separator]),
        (None, None) => return flaw("Missing separator", Vec::new()),
    };
    let residue = residue(&hrp, &values);
    let (mut locations, mut error) = (Vec::new(), "Invalid checksum");
    for (constant, told) in
        [(BECH32, "Invalid Bech32 checksum"), (BECH32M, "Invalid Bech32m checksum")]
    {
        let found = wrong_places(residue ^ constant, values.len());
        if !found.is_empty() && (locations.is_empty() || found.len() < locations.len()) {
            locations = found.into_iter().map(|place| text.len() - 1 - place).collect();
            error = told;
        }
    }
    flaw(error, locations)
}

/// The one or two places, counted from the right, whose letters must differ for the checksum to be
/// right; none if it takes more. The highest first.
///
/// The checksum is linear: each letter adds its own part to what is left over. The code's distance
/// is five, so that two places are found without doubt.
fn wrong_places(residue: u32, length: usize) -> Vec<usize> {
    let mut parts = BTreeMap::new();
    for value in 1..32 {
        let mut part = value;
        for place in 0..length {
            parts.insert(part, place);
            part = shifted(part);
        }
    }
    if let Some(place) = parts.get(&residue) {
        return vec![*place];
    }
    for (part, place) in &parts {
        if let Some(other) = parts.get(&(residue ^ part)).filter(|other| *other != place) {
            return vec![*place.max(other), *place.min(other)];
        }
    }
    Vec::new()
}

/// What is left over of all letters; for a right checksum the constant of its kind.
fn residue(hrp: &str, values: &[u8]) -> u32 {
    let high = hrp.bytes().map(|letter| letter >> 5);
    let low = hrp.bytes().map(|letter| letter & 31);
    let all = high.chain([0]).chain(low).chain(values.iter().copied());
    all.fold(1, |residue, value| shifted(residue) ^ u32::from(value))
}

/// One place to the left (BIP173, "Checksum").
fn shifted(residue: u32) -> u32 {
    let generators = (0..).zip(GENERATORS).filter(|(bit, _)| residue >> (25 + bit) & 1 == 1);
    generators.fold((residue & 0x01ff_ffff) << 5, |sum, (_, generator)| sum ^ generator)
}

const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// BIP173.
const BECH32: u32 = 1;

/// BIP350.
const BECH32M: u32 = 0x2bc8_30a3;

const ALPHABET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Letters of a checksum.
const CHECKSUM: usize = 6;

/// Letters that a text may have (BIP173).
const LONGEST_BECH32: usize = 90;

/// Letters of 100 bytes in base 58.
const LONGEST_BASE58: usize = 137;

/// Bytes that Core reads in base 58.
const MOST_BYTES: usize = 100;

/// Bytes of an address in base 58, without its checksum.
const ADDRESS_BYTES: usize = 21;

const UNKNOWN: &str = "Invalid or unsupported Segwit (Bech32) or Base58 encoding.";

#[cfg(test)]
mod tests {
    use super::*;

    /// Taken from Bitcoin Core's `test/functional/rpc_validateaddress.py`.
    #[test]
    fn flaws_are_told_in_the_words_and_places_of_core() {
        let fixture = include_str!("../fixtures/core/rpc_validateaddress.json");
        let cases: Vec<(String, String, Vec<usize>)> = serde_json::from_str(fixture).expect("JSON");
        assert_eq!(cases.len(), 26);
        for (text, error, locations) in cases {
            let expected = AddressFlaw { error, locations };
            assert_eq!(AddressFlaw::of(&text, Network::Bitcoin), expected, "{text}");
        }
    }

    /// What a person gets wrong: any one or two letters are found.
    #[test]
    fn mistyped_letters_are_found() {
        let address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        let with = |changes: &[usize]| {
            let mut text = address.as_bytes().to_vec();
            for place in changes {
                text[*place] = if text[*place] == b'q' { b'p' } else { b'q' };
            }
            String::from_utf8(text).expect("letters")
        };
        for first in 3..address.len() {
            let flaw = AddressFlaw::of(&with(&[first]), Network::Bitcoin);
            assert_eq!(flaw.locations, [first]);
            for second in (first + 1..address.len()).step_by(7) {
                let flaw = AddressFlaw::of(&with(&[first, second]), Network::Bitcoin);
                assert_eq!(flaw.locations, [first, second]);
            }
        }
    }

    #[test]
    fn long_texts_end_in_a_refusal() {
        for letter in ["1", "z", "b", "é"] {
            let long = letter.repeat(1_000_000);
            assert_eq!(AddressFlaw::of(&long, Network::Regtest).error, UNKNOWN);
        }
    }
}
