//! Owns the lines of a backup that are worth money: the seed, and private keys that were imported.
//!
//! Refuses to leave a copy of them in memory.

use std::fmt::Write;

use bitcoin::Network;
use bitcoin::hex::{DisplayHex, FromHex};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::seed::{Seed, Words};
use crate::signers::HeldKey;

/// Words for people, and the seed itself, which holds the effect of a passphrase.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedLine<'a> {
    words: &'a str,
    seed: &'a str,
}

/// Written by hand into one buffer, so that no copy is left behind.
pub(super) fn seed_line(seed: &Seed) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_SEED_LINE));
    text.push_str("{\"words\":\"");
    for (place, word) in seed.words().iter().enumerate() {
        text.push_str(if place > 0 { " " } else { "" });
        text.push_str(word);
    }
    text.push_str("\",\"seed\":\"");
    write!(text, "{}", seed.bip39_seed().as_hex()).expect("a string takes everything");
    text.push_str("\"}\n");
    debug_assert!(text.len() <= LONGEST_SEED_LINE);
    text
}

pub(super) fn seed(line: &str) -> Option<Seed> {
    let SeedLine { words, seed } = serde_json::from_str(line).ok()?;
    let bytes = Zeroizing::new(Vec::from_hex(seed).ok()?);
    Seed::from_parts(&Words::parse(words).ok()?, &bytes)
}

/// A private key that was imported, behind its origin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyLine<'a> {
    key: &'a str,
}

/// Written by hand into one buffer, as the seed's.
pub(super) fn key_line(key: &HeldKey) -> Zeroizing<String> {
    let key = key.text();
    let mut text = Zeroizing::new(String::with_capacity(key.len() + KEY_LINE.len() + 3));
    text.push_str(KEY_LINE);
    text.push_str(&key);
    text.push_str("\"}\n");
    text
}

pub(super) fn key(line: &str, network: Network) -> Option<HeldKey> {
    let KeyLine { key } = serde_json::from_str(line).ok()?;
    HeldKey::parse(key, network).ok()
}

/// How the line of a private key begins.
const KEY_LINE: &str = "{\"key\":\"";

/// 24 words of up to 8 letters, a seed in hex, and what is around them, in bytes.
const LONGEST_SEED_LINE: usize = 24 * 9 + 128 + 32;
