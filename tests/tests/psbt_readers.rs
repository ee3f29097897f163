//! Owns the promise that the device and the wallet read a PSBT alike, though each has a reader of its own
//! (ADR 0332): whatever the device signs is the payment that the wallet sees.

use anyhow::{Context, Result, ensure};
use billfold_signer_core::keys::Keys;
use billfold_signer_core::network::{Chain, Network};
use billfold_signer_core::policy::Policies;
use billfold_signer_core::review::{Refusal, Review};
use billfold_signer_core::settings::Settings;
use billfold_signer_core::signing::Step;
use billfold_signer_core::words::Words;
use billfold_tests::vector_wallet::WORDS;
use billfold_wallet_core::psbt::{read, signatures, spent_outputs};

/// Payments of these words' coins, of both versions, unsigned, which the device signs as they are.
const SIGNED: [(&str, &[u8]); 4] = [
    ("legacy", include_bytes!("../../hw-signer/device/fixtures/corpus/device_review/legacy")),
    ("segwit", include_bytes!("../../hw-signer/device/fixtures/corpus/device_review/segwit")),
    ("taproot", include_bytes!("../../hw-signer/device/fixtures/corpus/device_review/taproot")),
    ("version 2", include_bytes!("../../hw-signer/device/fixtures/corpus/device_review/version_2")),
];

/// What the device makes of a PSBT.
fn device(bytes: &[u8], keys: &Keys) -> Result<Vec<u8>, Refusal> {
    let settings = Settings { accept_unproven: true, ..Settings::new(Network::Test) };
    let review = Review::parse(bytes, Chain::Testnet, keys, &Policies::default(), &settings)?;
    let mut signing = review.sign();
    loop {
        match signing.step(keys).expect("the keys of the review") {
            Step::Signed { .. } => {}
            Step::Done(signed) => return Ok(signed),
        }
    }
}

/// Whether the wallet reads and judges it too, and then alike. Signatures cover the transaction, its amounts and its
/// scripts, so those that hold were made for what the wallet reads.
fn is_read_alike(bytes: &[u8], signed: &[u8]) -> Result<bool> {
    let Ok(before) = read(bytes) else { return Ok(false) };
    let after = read(signed)?;
    ensure!(before.unsigned_tx == after.unsigned_tx, "another transaction");
    // Without the script of a coin the device makes its own, and the wallet takes no signature.
    let spent = spent_outputs(&after);
    let odd = after.inputs.iter().zip(&spent).any(|(input, spent)| {
        let script = spent.as_ref().map(|spent| &spent.script_pubkey);
        let redeemed = input.redeem_script.as_ref().map(|redeem| redeem.to_p2sh());
        script.is_some_and(|script| script.is_p2sh() && redeemed.as_ref() != Some(script))
    });
    if odd {
        return Ok(false);
    }
    let tallies = signatures::tally(&after);
    ensure!(tallies.iter().all(|tally| tally.wrong == 0), "{tallies:?}");
    ensure!(tallies.iter().any(|tally| tally.good > 0), "{tallies:?}");
    Ok(true)
}

#[test]
fn what_the_device_signs_is_what_the_wallet_reads() -> Result<()> {
    let keys = Keys::new(&Words::parse(WORDS)?, "", Network::Test);
    for (name, bytes) in SIGNED {
        let signed = device(bytes, &keys).with_context(|| name.to_owned())?;
        ensure!(is_read_alike(bytes, &signed).with_context(|| name.to_owned())?, "{name}");
        // One byte is another: most are refused, and none is read in two ways.
        let mut taken = 0;
        for place in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.to_vec();
                bytes[place] ^= change;
                if let Ok(signed) = device(&bytes, &keys) {
                    let told = || format!("{name}: byte {place} changed by {change:#x}");
                    taken += u32::from(is_read_alike(&bytes, &signed).with_context(told)?);
                }
            }
        }
        ensure!(taken > 0, "{name}: both took no change, so nothing was compared");
    }
    Ok(())
}

/// A field that one reader passes over and the other looks at would be a way to show one payment and to
/// sign another.
#[test]
fn neither_reads_fields_twice_or_of_the_other_version() -> Result<()> {
    let keys = Keys::new(&Words::parse(WORDS)?, "", Network::Test);
    let (_, segwit) = SIGNED[1];
    // The first map's first field is the unsigned transaction: key length 1, key 0, its length, itself.
    let (&[1, 0, length], _) = segwit[5..].split_first_chunk().context("a field")? else {
        anyhow::bail!("the fixture begins otherwise");
    };
    let end = 5 + 3 + usize::from(length);
    let field = &segwit[5..end];
    let with = |field: &[u8]| [&segwit[..end], field, &segwit[end..]].concat();
    // PSBT_GLOBAL_TX_VERSION = 2 (BIP370), which version 0 must not have.
    let cases = [with(field), with(&[1, 2, 4, 2, 0, 0, 0]), [segwit, &[0]].concat()];
    for (number, bytes) in cases.iter().enumerate() {
        let refused = device(bytes, &keys);
        ensure!(matches!(refused, Err(Refusal::Malformed(_))), "{number}: {refused:?}");
        ensure!(read(bytes).is_err(), "{number}: the wallet takes it");
    }
    Ok(())
}
