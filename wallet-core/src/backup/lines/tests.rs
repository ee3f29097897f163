//! A backup as its owner, a documented tool and a hostile author see it.

use bitcoin::OutPoint;

use super::*;
use crate::command::Birthday;
use crate::config::LookAhead;
use crate::keychain::Branch;
use crate::light_client::height::Height;
use crate::limits::LOOK_AHEAD;
use crate::seed::Words;
use crate::signers::HeldKey;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

fn backup(seed: Option<Seed>) -> Backup {
    let name: AccountName = "taproot".parse().expect("a name");
    let spent = OutPoint::new("11".repeat(32).parse().expect("a txid"), 1);
    Backup {
        created: 1_800_000_000,
        network: Network::Regtest,
        name: "main".to_owned(),
        fingerprint: seed.as_ref().map(Seed::fingerprint),
        birthday: Birthday::Height(Height::new(7)),
        look_ahead: LookAhead::NEW,
        words_checked: Some(1_700_000_000),
        avoids_reuse: true,
        preferred: name.clone(),
        accounts: vec![BackupAccount {
            name: name.clone(),
            descriptor: "tr(…)".to_owned(),
            internal: false,
            inactive: Vec::new(),
            birthday: Some(Birthday::Time(1_600_000_000)),
            look_ahead: Some(LookAhead::RESTORED),
            receive: 3,
            change: 1,
        }],
        requests: vec![BackupRequest {
            account: name,
            index: DerivationIndex::new(2).expect("small"),
            amount: Some(Amount::from_sat(5)),
            id: Some(9),
            issued: 1_750_000_000,
            expires: None,
            least_depth: Some(3),
            cancelled: Some(1_760_000_000),
        }],
        labels: vec![
            Label {
                reference: Reference::Transaction(spent.txid),
                label: Some("rent \"May\"\nwith a line".to_owned()),
                spendable: None,
                more: Some("{\"origin\":\"wpkh([d34db33f/84'/0'/0'])\"}".to_owned()),
            },
            Label {
                reference: Reference::Output(spent),
                label: None,
                spendable: Some(false),
                more: None,
            },
        ],
        seed,
        held: Vec::new(),
    }
}

fn seed(passphrase: &str) -> Seed {
    Seed::new(&Words::parse(WORDS).expect("good words"), passphrase)
}

/// Keys of BIP32's first vector and of the generator, each with where it stands.
const KEYS: [&str; 2] = [
    "[3442193e/48'/1']tprv8ZgxMBicQKsPeDgjzdC36fs6bMjGApWDNLR9erAXMs5skhMv36j9MV5ecvfavji5khqjWaWSFhN3YcCUUdiKH6isR4Pwy3U5y5egddBr16m",
    "[751e76e8]cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA",
];

#[test]
fn keys_that_were_imported_are_in_it_word_for_word() {
    let key = |text: &str| HeldKey::parse(text, Network::Regtest).expect("a key");
    let with = Backup { held: KEYS.map(key).into(), ..backup(Some(seed(""))) };
    let written = write(&with);
    let read = read(&written).expect("a backup");
    assert_eq!(*write(&read), *written);
    let texts: Vec<_> = read.held.iter().map(|key| key.text().to_string()).collect();
    assert_eq!(texts, KEYS);
    let text = std::str::from_utf8(&written).expect("text");
    let mainnet = text.replace("\"regtest\"", "\"bitcoin\"");
    assert!(super::read(mainnet.as_bytes()).is_err(), "keys are of their network");
    assert!(super::read(text.replace("[751e76e8]", "").as_bytes()).is_err());
}

#[test]
fn what_is_written_is_read() {
    for seed in [None, Some(seed("")), Some(seed("a passphrase"))] {
        let written = write(&backup(seed));
        let read = read(&written).expect("a backup");
        assert_eq!(*write(&read), *written);
        assert_eq!(read.labels, backup(None).labels);
        assert_eq!(read.requests, backup(None).requests);
    }
}

/// Labels come from elsewhere: a field of one must not make the backup of all useless.
#[test]
fn no_field_of_a_label_keeps_the_wallet_from_coming_back() {
    for switch in ["true", "false", "null", "7", "\"maybe\""] {
        let mut backup = backup(None);
        backup.labels[0].more = Some(format!("{{\"spendable\":{switch},\"x\":1}}"));
        let written = write(&backup);
        let labels = read(&written).expect("a backup").labels;
        assert_eq!(labels[0].spendable, None, "only a coin is frozen or free");
        assert_eq!(labels[0].label, backup.labels[0].label);
        assert_eq!(labels[1], backup.labels[1], "a frozen coin stays frozen");
        // As it was written before the field was left out.
        let text = str::from_utf8(&written).expect("text");
        let text = text.replace("\"x\":1}", &format!("\"spendable\":{switch},\"x\":1}}"));
        assert_eq!(read(text.as_bytes()).expect("a backup").labels, labels);
    }
    let text = write(&backup(None));
    let text =
        str::from_utf8(&text).expect("text").replace("\"spendable\":false", "\"spendable\":7");
    assert_eq!(read(text.as_bytes()).expect_err("refused"), ParseBackupError::Line { number: 5 });
}

#[test]
fn the_seed_keeps_the_effect_of_a_passphrase() {
    let read = read(&write(&backup(Some(seed("a passphrase"))))).expect("a backup");
    let read = read.seed.expect("it holds the seed");
    assert_eq!(*read.to_bytes(), *seed("a passphrase").to_bytes());
    assert!(read.has_passphrase());
}

/// The form that the page describes: other programs may have been written by it.
#[test]
fn the_lines_are_those_of_the_page() {
    let written = write(&backup(Some(seed(""))));
    let text = str::from_utf8(&written).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines[0],
        "{\"billfold\":\"backup\",\"version\":1,\"created\":1800000000,\"network\":\"regtest\",\
         \"name\":\"main\",\"fingerprint\":\"b8688df1\",\"birthday\":{\"height\":7},\
         \"look_ahead\":{\"receive\":25,\"change\":25},\"words_checked\":1700000000,\"avoids_reuse\":true,\
         \"preferred\":\"taproot\"}"
    );
    assert_eq!(
        lines[1],
        "{\"account\":\"taproot\",\"descriptor\":\"tr(…)\",\"birthday\":{\"time\":1600000000},\
         \"look_ahead\":{\"receive\":200,\"change\":50},\"receive\":3,\"change\":1}"
    );
    assert!(lines[2].starts_with("{\"request\":\"taproot\",\"index\":2,\"amount\":5,"));
    assert!(lines[3].starts_with("{\"type\":\"tx\",\"ref\":\"1111"));
    assert!(lines[5].starts_with(&format!("{{\"words\":\"{WORDS}\",\"seed\":\"")));
    assert_eq!(written.len() % 4_096, 0);
}

#[test]
fn half_a_wallet_is_refused_with_its_line() {
    let written = write(&backup(None));
    let text = str::from_utf8(&written).expect("text").trim_end().to_owned();
    let refused = |text: &str| read(text.as_bytes()).expect_err("refused");
    assert_eq!(refused(""), ParseBackupError::Line { number: 1 });
    assert_eq!(refused("{}"), ParseBackupError::Line { number: 1 });
    assert_eq!(refused(&format!("{text}\n{{\"x\":1}}")), ParseBackupError::Line { number: 6 });
    let cut = &text[..text.len() - 3];
    assert_eq!(refused(cut), ParseBackupError::Line { number: 5 });
    let newer = text.replace("\"version\":1,", "\"version\":2,\"more\":true,");
    assert_eq!(refused(&newer), ParseBackupError::Newer);
    let unknown = text.replace("\"version\":1,", "\"version\":1,\"more\":true,");
    assert_eq!(refused(&unknown), ParseBackupError::Line { number: 1 });
    let nowhere = text.replace("\"preferred\":\"taproot\"", "\"preferred\":\"segwit\"");
    assert_eq!(refused(&nowhere), ParseBackupError::NoSuchAccount);
}

/// A restore derives and keeps what a backup counts: a hostile one must not take the machine, nor
/// have two accounts' money taken for one's.
#[test]
fn numbers_that_no_wallet_reaches_are_refused() {
    let refused = |change: &dyn Fn(&mut Backup)| {
        let mut backup = backup(None);
        change(&mut backup);
        read(&write(&backup)).err()
    };
    let another = |backup: &Backup, name: &str| BackupAccount {
        name: name.parse().expect("a name"),
        ..backup.accounts[0].clone()
    };
    let (head, account) = (
        Some(ParseBackupError::TooLarge { number: 1 }),
        Some(ParseBackupError::TooLarge { number: 2 }),
    );
    assert_eq!(refused(&|b| b.look_ahead.receive = LOOK_AHEAD + 1), head);
    assert_eq!(refused(&|b| b.look_ahead.change = u32::MAX), head);
    assert_eq!(refused(&|b| b.accounts[0].receive = BACKUP_INDEX + 1), account);
    let far = LookAhead { receive: 1, change: LOOK_AHEAD + 1 };
    assert_eq!(refused(&|b| b.accounts[0].look_ahead = Some(far)), account);
    assert_eq!(refused(&|b| b.accounts[0].change = u32::MAX), account);
    let beyond = Some(ParseBackupError::NotGivenOut);
    assert_eq!(refused(&|b| b.accounts[0].receive = 2), beyond);
    let twice = Some(ParseBackupError::SameName);
    assert_eq!(refused(&|b| b.accounts.push(another(b, "taproot"))), twice);
    let many = |count: usize| {
        refused(&move |b| {
            b.accounts.extend((1..count).map(|n| another(b, &format!("a{n}"))).collect::<Vec<_>>());
        })
    };
    assert_eq!(many(ACCOUNTS), None);
    assert_eq!(many(ACCOUNTS + 1), Some(ParseBackupError::TooManyAccounts { most: ACCOUNTS }));
    let most = |b: &mut Backup| {
        b.look_ahead = LookAhead { receive: LOOK_AHEAD, change: LOOK_AHEAD };
        b.accounts[0].receive = BACKUP_INDEX;
    };
    assert_eq!(refused(&most), None);
}

#[test]
fn a_seed_of_another_wallet_is_refused() {
    let mut backup = backup(Some(seed("")));
    backup.fingerprint = Some(seed("another").fingerprint());
    assert_eq!(read(&write(&backup)).expect_err("refused"), ParseBackupError::ForeignSeed);
}

/// A file that version 1 wrote: it must open for ever.
#[test]
fn the_first_released_format_still_opens() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/backup/v1.backup");
    let bytes = std::fs::read(path).expect("the fixture");
    let parcel = crate::vault::Parcel::parse(&bytes).expect("a parcel of version 1");
    let password = crate::vault::Password::new("correct horse battery staple").expect("text");
    let content = parcel.open(&password).expect("memory").expect("the right password");
    let backup = read(&content).expect("a backup");
    let accounts: Vec<_> = backup.accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(accounts, ["taproot", "segwit"]);
    assert_eq!(backup.requests[0].amount, Some(Amount::from_sat(25_000)));
    assert_eq!(backup.labels[0].label.as_deref(), Some("rent in May"));
    assert_eq!(backup.birthday, Birthday::Height(Height::new(100)));
    assert!(backup.seed.is_some_and(|found| *found.to_bytes() == *seed("").to_bytes()));
}

#[test]
fn what_was_imported_comes_back_as_it_was() {
    let mut backup = backup(None);
    backup.accounts[0].internal = true;
    backup.accounts[0].inactive = vec![Branch::Change];
    let text = write(&backup);
    let text = std::str::from_utf8(&text).unwrap();
    assert!(text.contains("\"internal\":true,\"inactive\":[\"change\"]"), "{text}");
    assert_eq!(read(text.as_bytes()).unwrap().accounts, backup.accounts);
}
