//! Who waits for whom: what only reads waits for nobody.

use bitcoin::Network as Chain;
use bitcoin::hashes::Hash as _;

use super::*;
use crate::command::{
    AddressQuery, Birthday, CoinQuery, Command, HistoryQuery, LabelQuery, ReceivedQuery, Reply,
};
use crate::config::LookAhead;
use crate::face::Face as _;
use crate::keychain::{AccountId, ScriptType, StandardAccount};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::seed::{Seed, Words};
use crate::vault::{self, KdfCost};
use crate::wallet::{Description, NewWallet as NewFile, Reader, Wallet};

#[tokio::test]
async fn what_only_reads_is_answered_while_the_engine_is_at_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let (mut wallet, reader) = wallet(dir.path());
    let (service, _engine) = unattended(dir.path(), reader);
    let name = WalletName::default();
    let receive = Command::Receive { amount: None, note: None, expires: None, fresh: true };

    // Nobody takes what is put into the inbox: the engine is at a long step, and has staged what it
    // has not committed.
    wallet.receive(None, None, None, true, WallTime::default()).unwrap();
    let mut waits = service.ask(&name, receive);
    let read = tokio::select! {
        biased;
        early = &mut waits => panic!("nobody is there to answer it: {early:?}"),
        read = addresses(&service) => read,
    };
    assert_eq!(read, 0, "what is not committed is not told");
    wallet.commit().unwrap();
    let read = tokio::select! {
        biased;
        early = &mut waits => panic!("nobody is there to answer it: {early:?}"),
        read = addresses(&service) => read,
    };
    assert_eq!(read, 1);
    for asked in readings() {
        let answered = tokio::select! {
            biased;
            early = &mut waits => panic!("nobody is there to answer it: {early:?}"),
            read = service.ask(&name, asked.clone()) => read,
        };
        answered.unwrap_or_else(|error| panic!("{asked:?}: {error}"));
    }
}

/// What only reads, as daemons and screens ask it.
fn readings() -> Vec<Command> {
    let nobody = bitcoin::Txid::from_byte_array([7; 32]);
    let script = bitcoin::ScriptBuf::new();
    vec![
        Command::Balance,
        Command::History(HistoryQuery::default()),
        Command::Records(HistoryQuery::default()),
        Command::Entries { skip: 0, count: 10 },
        Command::Transactions(vec![nobody]),
        Command::Coins(CoinQuery::default()),
        Command::Holdings { least_depth: 1 },
        Command::Received(vec![script.clone()]),
        Command::ReceivedSum(ReceivedQuery {
            scripts: vec![script.clone()],
            highest: None,
            highest_coinbase: Height::GENESIS,
        }),
        Command::Owner(script),
        Command::Labels(LabelQuery::All),
        Command::Left(bitcoin::BlockHash::from_byte_array([7; 32])),
        Command::Applied,
        Command::Describe,
    ]
}

/// How many addresses were given out.
async fn addresses(service: &Service) -> usize {
    let query = AddressQuery { status: None, change: false, limit: None };
    match service.ask(&WalletName::default(), Command::Addresses(query)).await {
        Ok(Reply::Addresses(rows)) => rows.len(),
        other => panic!("addresses were asked for: {other:?}"),
    }
}

/// A service whose engine takes nothing, with a reader of one wallet.
fn unattended(dir: &std::path::Path, reader: Reader) -> (Service, crate::net::inbox::Intake) {
    let (inbox, incoming) = Inbox::new();
    let (outlet, clock) = (Arc::new(Outlet::default()), Clock::start());
    let desk =
        ReadDesk::start(WalletName::default(), reader, Arc::clone(&outlet), clock.clone()).unwrap();
    let claims = Arc::new(Claims::default());
    Claim::take(&claims, &WalletName::default()).unwrap().open(Some(desk), None);
    let service = Service {
        desk: Desk { inbox, outlet },
        thread: Mutex::new(None),
        settings: Settings::new(Chain::Regtest, dir.to_owned()),
        clock,
        claims,
        changing: Arc::default(),
        lock: Weak::new(),
    };
    (service, incoming)
}

fn wallet(dir: &std::path::Path) -> (Wallet, Reader) {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let seed = Seed::new(&Words::parse(words).unwrap(), "");
    let first = [StandardAccount::first(ScriptType::Taproot)];
    let password = Password::new("a password").unwrap();
    let keys = vault::create(&dir.join("key"), &password, KdfCost::for_tests()).unwrap();
    let new = NewFile {
        description: Description {
            network: Chain::Regtest,
            name: "main".to_owned(),
            fingerprint: Some(seed.fingerprint()),
            birthday: Birthday::Height(Height::GENESIS),
            takes_keys: true,
            external_signer: false,
            preferred: AccountId::new(0),
            look_ahead: LookAhead { receive: 5, change: 5 },
        },
        accounts: seed.accounts(&first, Chain::Regtest),
        sealed_seed: None,
        passphrase: None,
        avoids_reuse: false,
    };
    let path = dir.join("db");
    drop(Wallet::create(&path, &keys.file, &new).unwrap());
    let wallet = Wallet::open_shared(&path, &keys.file).unwrap();
    let reader = Reader::open(&path, &keys.file, bitcoin::Amount::ZERO).unwrap();
    (wallet, reader)
}
