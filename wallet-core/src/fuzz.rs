//! Owns the bodies of this crate's fuzz targets: what must hold for any bytes.
//!
//! Refuses to be part of the product: it is built for tests, which replay the corpora of
//! `fixtures/corpus`, and for `fuzz/`, which looks for more.

#[cfg(test)]
#[path = "../../fuzz/corpora.rs"]
mod corpora;

use bitcoin::{Network, psbt};

use crate::amount::{display_amount, display_fee_rate, parse_amount, parse_fee_rate};
use crate::backup::lines;
use crate::command::{CommandError, PayAmount, Recipient, Reply};
use crate::event::News;
use crate::foreign::is_hidden;
use crate::import::Import;
use crate::keychain::{
    Account, AccountDescriptor, AccountId, AccountKey, AccountName, Branch, DerivationIndex,
    ScriptType, WalletPolicy,
};
use crate::labels::bip329;
use crate::light_client::peer_id::PeerAddress;
use crate::limits::SOCKS_REPLY_BYTES;
use crate::message::{Verdict, is_asked_for, verify};
use crate::net::socks::{Credentials, Negotiation, Step};
use crate::open_error::OpenError;
use crate::portable::Portable;
use crate::portable::question::Question;
use crate::psbt::review::{Knowledge, review};
use crate::psbt::{PsbtForm, read, write};
use crate::recipient::Payee;
use crate::seed::{Seed, Words};
use crate::signers::{
    HeldKey, PrivateDescriptor, Signer, SoftwareSigner, finish, with_private_keys,
};
use crate::vault::{Header, Parcel};
use crate::wallet::tests::differential::live;

/// What a target does with any bytes; it panics if something does not hold.
pub type Body = fn(&[u8]);

/// Every target: its name, which is the directory of its corpus, and its body.
pub const TARGETS: [(&str, Body); 14] = [
    ("accounts", accounts),
    ("amount", amount),
    ("backup", backup),
    ("batch", batch),
    ("labels", labels),
    ("message", message),
    ("payee", payee),
    ("portable", portable),
    ("private_keys", private_keys),
    ("psbt", psbt),
    ("socks", socks),
    ("vault_header", vault_header),
    ("wallet", wallet),
    ("words", words),
];

/// What other programs say of accounts makes scripts, can be spent in some way, reads back as it is
/// written, also in the form that signers register, and is said in words.
fn accounts(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for (network, script_type) in
        [(Network::Bitcoin, Some(ScriptType::Segwit)), (Network::Regtest, None)]
    {
        let _ = AccountKey::parse(text, network);
        let Ok(import) = Import::read(text, script_type, network) else { continue };
        assert!(!import.accounts.is_empty());
        for account in import.accounts {
            let descriptor = account.descriptor;
            let written = descriptor.to_string();
            assert_eq!(AccountDescriptor::parse(&written, network), Ok(descriptor.clone()));
            if let Some(policy) = WalletPolicy::new(&descriptor) {
                assert_eq!(policy.descriptor(network), Ok(descriptor.clone()));
            }
            assert!(!descriptor.rule().alternatives().is_empty());
            let made = Account::new(AccountId::new(0), account_name(), network, descriptor, &[]);
            assert!(!made.paths().is_empty());
            let index = DerivationIndex::ZERO;
            let receive = made.script(Branch::Receive, index);
            assert_ne!(receive, made.script(Branch::Change, index));
            made.annotate_input(Branch::Change, index, &mut psbt::Input::default());
        }
    }
}

fn account_name() -> AccountName {
    "fuzz".parse().expect("a name")
}

/// An amount or fee rate that is read is written such that it reads the same.
fn amount(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(amount) = parse_amount(text) {
        assert_eq!(parse_amount(&display_amount(amount)), Ok(amount));
    }
    if let Ok(rate) = parse_fee_rate(text) {
        assert_eq!(parse_fee_rate(&display_fee_rate(rate)), Ok(rate));
    }
}

/// Labels that are read are written such that they read the same, and nothing that is written acts
/// on a terminal.
fn labels(bytes: &[u8]) {
    let Ok(file) = crate::labels::read(bytes, Network::Bitcoin) else { return };
    for label in file.labels {
        let line = bip329::line(&label);
        assert!(!line.chars().any(is_hidden), "{line:?}");
        let again = crate::labels::read(line.as_bytes(), Network::Bitcoin);
        assert_eq!(again.map(|file| file.labels), Ok(vec![label]));
    }
}

/// A recipient that is read is of the right network and is written such that it reads the same.
fn payee(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for network in [Network::Bitcoin, Network::Signet, Network::Regtest] {
        if let Ok(payee) = Payee::parse(text, network) {
            assert!(payee.address.as_unchecked().is_valid_for_network(network));
            assert_eq!(Payee::parse(&payee.uri(), network), Ok(payee));
        }
    }
}

/// The payments of a file, written one to a line, read the same.
fn batch(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(recipients) = crate::batch::parse(text, Network::Regtest) else { return };
    let line = |recipient: &Recipient| {
        let amount = match recipient.amount {
            PayAmount::Exactly(amount) => Some(amount),
            _ => None,
        };
        let amount = amount.expect("a file says how much").to_sat();
        let note = recipient.note.as_deref().unwrap_or_default().replace('"', "\"\"");
        format!("{},{amount} sat,\"{note}\"\n", recipient.address)
    };
    let written: String = recipients.iter().map(line).collect();
    assert_eq!(crate::batch::parse(&written, Network::Regtest), Ok(recipients));
}

/// What one process tells another, from whom it may come, is read or refused, and written such that
/// it reads the same; after the first byte, which says what it is.
fn portable(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 4 {
        0 => reads_as_written::<Question>(bytes),
        1 => reads_as_written::<Result<Reply, CommandError>>(bytes),
        2 => reads_as_written::<Result<(), OpenError>>(bytes),
        _ => reads_as_written::<News>(bytes),
    }
}

fn reads_as_written<T: Portable>(bytes: &[u8]) {
    let Ok(told) = T::from_bytes(bytes) else { return };
    let written = told.to_bytes();
    let again = T::from_bytes(&written).expect("what was written is read");
    assert_eq!(again.to_bytes(), written);
}

/// A descriptor with private keys is told without them, and is the same when they are put back.
fn private_keys(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(apart) = PrivateDescriptor::parse(text, Network::Regtest) else { return };
    let public = apart.public.to_string();
    for key in &apart.keys {
        let private = key.text();
        let bare = private.rsplit(']').next().unwrap_or_default();
        assert!(!bare.is_empty() && !public.contains(bare), "it tells a private key");
    }
    let whole = with_private_keys(&public, &apart.keys).expect("what is written is read");
    let again = PrivateDescriptor::parse(&whole, Network::Regtest).expect("and taken apart");
    assert_eq!(again.public, apart.public);
    let names =
        |apart: &PrivateDescriptor| apart.keys.iter().map(HeldKey::name).collect::<Vec<_>>();
    assert_eq!(names(&again), names(&apart));
}

/// A signature of a message, whatever it is, is judged; after the first byte, which picks the
/// address.
fn message(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let Ok(signature) = str::from_utf8(rest) else { return };
    let addresses = [
        "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l",
        "bc1pss0zhytly75awhm6x2hhvd5lnzv3vssgrf9axfheq8ldyzn88ges79fler",
        "13vU5PUSuArDXJdCWZvUFEbgJ2wcmtSJWn",
        "3Nye4j1GUFqCEBR3do2KEFZAs9oLe8NZ6X",
    ];
    let text = addresses[usize::from(*kind) % addresses.len()];
    let payee = Payee::parse(text, Network::Bitcoin).expect("an address");
    let verdict = verify(&payee.address, "nobody signed this", signature);
    assert!(!matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
}

/// A hostile PSBT of any form is read as it is written, and makes neither a review nor a signer
/// panic, and no transaction other than its own.
fn psbt(bytes: &[u8]) {
    let Ok(drafted) = read(bytes) else { return };
    for form in [PsbtForm::Binary, PsbtForm::Base64, PsbtForm::Hex] {
        assert_eq!(read(&write(&drafted, form)).as_ref(), Ok(&drafted));
    }
    let _ = review(&drafted, Network::Regtest, &Knowledge::default(), is_asked_for);
    let mut stored = [0x5a; 81];
    stored[0] = 1;
    let seed = Seed::from_bytes(&stored).expect("version, seed and 16 bytes of entropy");
    let mut signed = drafted.clone();
    if SoftwareSigner::new(seed, Network::Regtest).sign(&mut signed).is_ok()
        && let Ok(transaction) = finish(&signed, &drafted)
    {
        assert_eq!(transaction.compute_ntxid(), drafted.unsigned_tx.compute_ntxid());
    }
}

/// A negotiation with a hostile proxy ends soon, never reads more than it has room for, and takes no
/// byte that comes behind the proxy's last reply.
fn socks(mut replies: &[u8]) {
    let address = PeerAddress::Host("example.org".to_owned(), 8333);
    let login = Credentials { user: "run".to_owned(), password: "1".to_owned() };
    let (mut negotiation, mut step) = Negotiation::begin(&address, &login).expect("all are short");
    for _ in 0..6 {
        let Step::Ask(_, count) = step else { return };
        assert!((1..=SOCKS_REPLY_BYTES).contains(&count));
        let Some((reply, rest)) = replies.split_at_checked(count) else { return };
        replies = rest;
        match negotiation.take(reply) {
            Ok(next) => step = next,
            Err(_) => return,
        }
    }
    assert_eq!(step, Step::Open, "a proxy that keeps the negotiation going");
}

/// A parcel that is read is written as the same bytes, and a backup's text that is read is written
/// such that it reads the same; neither costs a derivation.
fn backup(bytes: &[u8]) {
    if let Ok(parcel) = Parcel::parse(bytes) {
        assert_eq!(parcel.to_bytes(), bytes);
    }
    if let Ok(backup) = lines::read(bytes) {
        let written = lines::write(&backup);
        let again = lines::read(&written).expect("what is written is read");
        assert_eq!(*lines::write(&again), *written);
    }
}

/// A header that is read is written as the same bytes. The checksum is repaired first: it keeps
/// accidents out and lets attackers in.
fn vault_header(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some((body, checksum)) = bytes.split_last_chunk_mut::<4>() {
        *checksum = crc32c::crc32c(body).to_le_bytes();
    }
    if let Ok(header) = Header::parse(&bytes) {
        assert_eq!(header.to_bytes()[..], bytes);
    }
}

/// What happens to a wallet, beside two of `bdk_wallet` and the rules of the house. See
/// `wallet/tests/differential.rs`.
fn wallet(bytes: &[u8]) {
    live(bytes);
}

/// Words and stored seeds that are read are written as the same.
fn words(bytes: &[u8]) {
    if let Ok(seed) = Seed::from_bytes(bytes) {
        assert_eq!(*seed.to_bytes(), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(words) = Words::parse(text) {
        let written = words.iter().collect::<Vec<_>>().join(" ");
        assert_eq!(Words::parse(&written), Ok(words));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_corpora_hold() {
        corpora::replay(env!("CARGO_MANIFEST_DIR"), &TARGETS);
    }

    #[test]
    fn the_histories_reach_far() {
        let reached = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus/wallet");
            live(&fs::read(path.join(name)).expect("a readable file"))
        };
        assert_eq!(reached("reorganised"), (2, 2));
        assert_eq!(reached("bumped"), (3, 2));
    }
}
