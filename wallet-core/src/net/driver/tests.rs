//! What a face hears at the end, and what a light client must not hear.

use bitcoin::hashes::Hash;

use bitcoin::Network as Chain;

use super::*;
use crate::command::{Birthday, Command};
use crate::config::LookAhead;
use crate::engine::Opened;
use crate::keychain::{AccountId, ScriptType, StandardAccount};
use crate::light_client::dial::{Purpose, Wire};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::io::Io;
use crate::light_client::peer_id::PeerAddress;
use crate::seed::{Seed, Words};
use crate::signers::key_layer::KeyLayer;
use crate::vault::{self, KdfCost, Password};
use crate::wallet::{Description, NewWallet, Wallet};
use crate::wallet_name::WalletName;

#[tokio::test]
async fn a_disk_that_refuses_is_told_as_the_answer_and_as_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let wallet = wallet(dir.path());
    wallet.refuse_writes();
    let (inbox, incoming) = Inbox::new();
    let outlet = Arc::new(Outlet::default());
    let genesis = BlockId::new(Height::GENESIS, bitcoin::BlockHash::all_zeros());
    let name = WalletName::default();
    let opened = Opened { name: name.clone(), wallet, keys: KeyLayer::locked(None) };
    let driver = Driver {
        engine: Engine::offline(vec![opened], genesis, [0; 32]).unwrap(),
        clock: Clock::start(),
        inbox: incoming,
        outlet: Arc::clone(&outlet),
        network: None,
        closed: Box::new(|_| {}),
    };
    let receive = Command::Receive { amount: None, note: None, expires: None, fresh: true };
    let mut answers = Vec::new();
    for command in [Command::Balance, receive.clone(), receive, Command::Balance] {
        let (id, answer) = outlet.ask().unwrap();
        assert!(inbox.put(Message::Ask(id, name.clone(), command)));
        answers.push(answer);
    }
    driver.run(Vec::new());
    outlet.end();

    let [first, second, third, fourth] = answers.try_into().unwrap();
    assert!(first.await.unwrap().is_ok());
    let error = second.await.unwrap().expect_err("the disk refused");
    assert_eq!(error.name(), "read_only");
    assert_eq!(third.await.unwrap(), Err(error.clone()), "it was to share the commit");
    assert_eq!(fourth.await.unwrap(), Err(error.clone()), "and why nobody answers");
    assert_eq!(outlet.ask().unwrap_err(), error);
    let mut listener = outlet.listen();
    assert_eq!(listener.next().await.map(|news| news.event), Some(Event::Stopped { error }));
    assert_eq!(listener.next().await, None);
    assert!(!inbox.put(Message::Stop), "nobody listens any more");
}

#[test]
fn what_was_under_way_for_an_earlier_light_client_is_not_for_this_one() {
    let (inbox, mut incoming) = Inbox::new();
    let mut network = Network::start(inbox.clone(), Magic::REGTEST, Route::Direct).unwrap();
    // Nothing listens on port 1 of this machine, so both dials fail and are reported.
    let address = PeerAddress::Ip(([127, 0, 0, 1], 1).into());
    let (wire, purpose) = (Wire::V1, Purpose::Chain);
    let dial = Effect::Io(Io::Dial { peer: PeerId::new(1), address, wire, purpose });
    network.carry_out(dial.clone());
    network.carry_out(Effect::Restart);
    network.carry_out(dial);
    let mut expected = Vec::new();
    for _ in 0..2 {
        let Some(Message::Happened(happening)) = incoming.take() else { panic!("a dial failed") };
        expected.push(network.expects(&happening));
    }
    expected.sort_unstable();
    assert_eq!(expected, [false, true]);
}

fn wallet(dir: &std::path::Path) -> Wallet {
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let seed = Seed::new(&Words::parse(words).unwrap(), "");
    let first = [StandardAccount::first(ScriptType::Taproot)];
    let password = Password::new("a password").unwrap();
    let keys = vault::create(&dir.join("key"), &password, KdfCost::for_tests()).unwrap();
    let new = NewWallet {
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
    Wallet::create(&dir.join("db"), &keys.file, &new).unwrap()
}
