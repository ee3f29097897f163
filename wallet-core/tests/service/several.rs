//! Wallets that come and go while others run, as a daemon's users have it.

use std::time::Duration;

use billfold_wallet_core::command::{Birthday, Command, CommandError, PaymentState, Reply};
use billfold_wallet_core::config::{LookAhead, WalletName};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::face::{Face, Listener};
use billfold_wallet_core::founding::{BlankKeys, Founding, NewWallet, NewWatch};
use billfold_wallet_core::keychain::AccountDescriptor;
use billfold_wallet_core::service::{Access, OpenError, Reach, Service};
use billfold_wallet_core::vault::KdfCost;
use bitcoin::{Amount, Network};

use crate::desk::{Desk, OTHER_WORDS, PASSWORD, new_wallet, password, stranger};
use crate::{SAT, funded_devnet};

#[tokio::test(flavor = "multi_thread")]
async fn wallets_are_created_loaded_and_unloaded_while_others_run() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let (main, other) = (WalletName::default(), "other".parse::<WalletName>().unwrap());
    let opened = [(main.clone(), password(PASSWORD))];
    let service =
        Service::open_all(&desk.settings(), &opened, Access::View, Reach::Online).unwrap();
    let mut listener = service.listen();
    let load = || service.load(&other, password(PASSWORD), Access::View);

    let new = Founding::Keys(new_wallet(OTHER_WORDS));
    service.found(&other, new, KdfCost::for_tests()).await.unwrap();
    assert_eq!(service.all_wallets().await, Ok(vec![main.clone(), other.clone()]));
    let refused = service.ask(&other, Command::Balance).await;
    assert_eq!(refused, Err(CommandError::NotLoaded(other.clone())));
    load().await.unwrap();
    assert_eq!(service.wallets().await, Ok(vec![main.clone(), other.clone()]));
    assert_eq!(load().await, Err(OpenError::Loaded(other.clone())));
    let refused = service.strongbox(&other, &password(PASSWORD)).err();
    assert_eq!(refused, Some(OpenError::Loaded(other.clone())));

    let receive = Command::Receive { amount: None, note: None, expires: None, fresh: true };
    let Ok(Reply::Address(issued)) = service.ask(&other, receive).await else {
        panic!("an address was asked for");
    };
    devnet.pay(&issued.address.script_pubkey(), SAT(40_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    // Not a measure: a test that waits for what never comes should end.
    let heard = until_confirmed(&mut *listener, &other);
    tokio::time::timeout(Duration::from_secs(60), heard).await.unwrap();
    assert_eq!(confirmed(&service, &other).await, SAT(40_000), "what was told can be read");
    assert_eq!(confirmed(&service, &main).await, Amount::ZERO);

    service.unload(&other).await.unwrap();
    assert_eq!(service.wallets().await, Ok(vec![main.clone()]));
    let refused = service.ask(&other, Command::Balance).await;
    assert_eq!(refused, Err(CommandError::NotLoaded(other.clone())));
    let strongbox = service.strongbox(&other, &password(PASSWORD)).unwrap();
    assert_eq!(load().await, Err(OpenError::Loaded(other.clone())));
    drop(strongbox);
    load().await.unwrap();
    assert_eq!(confirmed(&service, &other).await, SAT(40_000));

    service.close().await;
    assert_eq!(service.ask(&main, Command::Balance).await, Err(CommandError::Closing));
    let again = Service::open_all(&desk.settings(), &[], Access::View, Reach::Offline).unwrap();
    assert_eq!(again.wallets().await, Ok(Vec::new()), "the directory is free, and none is open");
}

/// Listens until a payment of the wallet is in a block.
/// Whoever asked for it and was cut off would have a wallet without it, under the name that they ask for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_avoids_reuse_from_the_moment_that_it_is_there() {
    let desk = Desk::new(&funded_devnet());
    let service = Service::open_all(&desk.settings(), &[], Access::View, Reach::Offline).unwrap();
    let birthday = Birthday::Time(1_700_000_000);
    let account = AccountDescriptor::parse(ELSEWHERE, Network::Regtest).unwrap();
    for avoids_reuse in [true, false] {
        let foundings = [
            Founding::Keys(NewWallet { avoids_reuse, ..new_wallet(OTHER_WORDS) }),
            Founding::Watch(NewWatch {
                accounts: vec![("cold".parse().unwrap(), account.clone())],
                birthday,
                look_ahead: LookAhead::NEW,
                password: password(PASSWORD),
                external_signer: true,
                avoids_reuse,
            }),
            Founding::Blank {
                birthday,
                keys: BlankKeys::Never,
                avoids_reuse,
                password: password(PASSWORD),
            },
        ];
        for (number, founding) in foundings.into_iter().enumerate() {
            let name: WalletName = format!("w{number}-{avoids_reuse}").parse().unwrap();
            let made = service.found(&name, founding, KdfCost::for_tests()).await.unwrap();
            assert_eq!(made.avoids_reuse, avoids_reuse, "{name}");
        }
    }
    service.close().await;
}

async fn until_confirmed(listener: &mut dyn Listener, wallet: &WalletName) {
    while let Some(news) = listener.next().await {
        if let Event::Transaction(change) = &news.event
            && matches!(change.state, PaymentState::Confirmed(_))
        {
            assert_eq!(news.wallet.as_ref(), Some(wallet));
            return;
        }
    }
    panic!("all was closed before");
}

async fn confirmed(service: &Service, wallet: &WalletName) -> Amount {
    match service.ask(wallet, Command::Balance).await {
        Ok(Reply::Balance(balance)) => balance.total.confirmed,
        other => panic!("a balance was asked for: {other:?}"),
    }
}

/// An account whose keys are elsewhere.
const ELSEWHERE: &str = "wpkh([3442193e/84h/1h/0h]tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp/<0;1>/*)";
