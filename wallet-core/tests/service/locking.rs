//! The key layer of an open wallet: locked on demand and when nobody is there, opened again by the
//! password; and the password itself, changed.

use std::time::Duration;

use billfold_wallet_core::command::{Command, CommandError, KeyState, Reply};
use billfold_wallet_core::config::{Settings, WalletName};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::Face;
use billfold_wallet_core::passphrase::{PassphraseChange, PassphraseError};
use billfold_wallet_core::service::{Access, OpenError, Reach, Service, Strongbox};
use billfold_wallet_core::vault::KdfCost;
use bitcoin::Amount;

use crate::desk::{Desk, PASSWORD, password, stranger};
use crate::{SAT, funded_devnet};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_means_no_signature_and_the_password_brings_it_back() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    wallet.close().await;

    let settings = Settings { idle_lock: Some(Duration::from_millis(200)), ..desk.settings() };
    let service =
        Service::open(&settings, &password(PASSWORD), Access::Sign, Reach::Offline).unwrap();
    // Nobody asks for anything: the wallet says by itself that it is locked.
    let heard = service.listen().next().await;
    assert_eq!(heard.map(|news| news.event), Some(Event::Locked));
    assert_eq!(sign(&service).await, Err(CommandError::Locked));
    // The view stayed.
    assert!(matches!(ask(&service, Command::Balance).await, Ok(Reply::Balance(_))));

    let refused = unlock(&service, "a wrong one").await.unwrap_err();
    assert_eq!(refused, OpenError::WrongPassword);
    assert_eq!(sign(&service).await, Err(CommandError::Locked));
    drop(service);

    let settings = Settings { idle_lock: Some(Duration::from_secs(3_600)), ..desk.settings() };
    let service =
        Service::open(&settings, &password(PASSWORD), Access::View, Reach::Offline).unwrap();
    assert_eq!(sign(&service).await, Err(CommandError::Locked));
    unlock(&service, PASSWORD).await.unwrap();
    assert_eq!(sign(&service).await, Ok(()));
    assert_eq!(ask(&service, Command::Lock).await, Ok(Reply::Done));
    assert_eq!(sign(&service).await, Err(CommandError::Locked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_opens_the_same_wallet_and_the_old_one_nothing() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Offline);
    let address = wallet.receive().await;
    wallet.close().await;

    let mut strongbox = Strongbox::open(&desk.settings(), &password(PASSWORD)).unwrap();
    let seed = strongbox.seed().unwrap().to_bytes();
    strongbox.change_password(&password("a new one"), KdfCost::for_tests()).unwrap();
    drop(strongbox);

    let refused = desk.try_open(Access::View, Reach::Offline).err();
    assert_eq!(refused, Some(OpenError::WrongPassword));
    let strongbox = Strongbox::open(&desk.settings(), &password("a new one")).unwrap();
    assert_eq!(*strongbox.seed().unwrap().to_bytes(), *seed);
    drop(strongbox);
    let mut wallet = desk.open_with("a new one", Access::View, Reach::Offline).unwrap();
    assert_eq!(wallet.receive().await, address);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_with_a_passphrase_are_opened_by_it_and_nothing_else() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    wallet.close().await;
    let main = WalletName::default();
    let open = || {
        let wallets = [(main.clone(), password(PASSWORD))];
        Service::open_all(&desk.settings(), &wallets, Access::Sign, Reach::Offline).unwrap()
    };
    let change = |old: Option<&str>, new: &str| {
        let (old, new) = (old.map(password), password(new));
        PassphraseChange { old, new }
    };
    let cost = KdfCost::for_tests();
    let state = async |service: &Service| match ask(service, Command::KeyLayer).await {
        Ok(Reply::KeyLayer(layer)) => layer.state,
        other => panic!("the key layer was asked for: {other:?}"),
    };

    let service = open();
    assert_eq!(sign(&service).await, Ok(()), "the password opens keys without a passphrase");
    let refused = service.change_passphrase(&main, change(Some("x"), "y"), cost).await;
    assert_eq!(refused, Err(PassphraseError::HasNone));
    service.change_passphrase(&main, change(None, "first"), cost).await.unwrap();
    assert_eq!(sign(&service).await, Err(CommandError::Locked));
    let backup = service.backup(&main).await.map(|_| ());
    assert_eq!(backup, Err(CommandError::Locked), "no backup without the words is called one");
    assert_eq!(unlock(&service, PASSWORD).await, Err(OpenError::WrongPassword));
    unlock(&service, "first").await.unwrap();
    assert_eq!(sign(&service).await, Ok(()));
    let refused = service.change_passphrase(&main, change(None, "again"), cost).await;
    assert_eq!(refused, Err(PassphraseError::HasOne));
    let refused = service.change_passphrase(&main, change(Some("wrong"), "second"), cost).await;
    assert_eq!(refused, Err(PassphraseError::Wrong));
    service.change_passphrase(&main, change(Some("first"), "second"), cost).await.unwrap();
    service.close().await;

    let strongbox = Strongbox::open(&desk.settings(), &password(PASSWORD)).unwrap();
    assert_eq!(strongbox.seed().map(drop), Err(CommandError::Locked));
    assert_eq!(strongbox.backup(true).map(drop), Err(CommandError::Locked));
    drop(strongbox);
    let service = open();
    assert_eq!(state(&service).await, KeyState::Locked, "a start does not open them");
    assert_eq!(unlock(&service, "first").await, Err(OpenError::WrongPassword));
    let lasts = Some(Duration::ZERO);
    service.unlock(&main, password("second"), lasts).await.unwrap();
    assert_eq!(sign(&service).await, Err(CommandError::Locked), "its time was over at once");
    service.unlock(&main, password("second"), Some(Duration::from_secs(3_600))).await.unwrap();
    assert!(matches!(state(&service).await, KeyState::OpenUntil(_)));
    assert_eq!(sign(&service).await, Ok(()));
    assert!(service.backup(&main).await.unwrap().seed.is_some());
}

async fn ask(service: &Service, command: Command) -> Result<Reply, CommandError> {
    service.ask(&WalletName::default(), command).await
}

async fn unlock(service: &Service, text: &str) -> Result<(), OpenError> {
    service.unlock(&WalletName::default(), password(text), None).await
}

/// Drafts a payment and signs it.
async fn sign(service: &Service) -> Result<(), CommandError> {
    let request = crate::desk::request(&stranger(), Amount::from_sat(10_000));
    let Reply::Draft(draft) = ask(service, Command::Draft(Box::new(request))).await? else {
        panic!("a draft was asked for");
    };
    let signed = ask(service, Command::Sign(draft.id)).await;
    ask(service, Command::Drop(draft.id)).await.ok();
    signed.map(drop)
}
