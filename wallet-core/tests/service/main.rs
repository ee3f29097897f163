//! One wallet on a play-money network, through the in-process service over real sockets: what a
//! person would lose if a floor did not carry.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod desk;
mod locking;
#[cfg(target_os = "linux")]
mod memory;
mod several;

use std::fs;
use std::net::TcpListener;

use billfold_devnet::Devnet;
use billfold_wallet_core::command::{CommandError, PaymentState};
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::event::{Event, Note};
use billfold_wallet_core::light_client::dial::DialProblem;
use billfold_wallet_core::light_client::fault::Fault;
use billfold_wallet_core::light_client::output::PeerEvent;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::service::{self, Access, CreateError, OpenError, Reach};
use bitcoin::Amount;

use desk::{Desk, OTHER_WORDS, WORDS, stranger};

const SAT: fn(u64) -> Amount = Amount::from_sat;

#[tokio::test(flavor = "multi_thread")]
async fn money_comes_in_goes_out_and_is_there_after_a_restart() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::Sign, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(1_000_000));

    let payment = wallet.pay(&stranger(), SAT(300_000)).await.unwrap();
    let txid = payment.transaction.compute_txid();
    devnet.wait_for_mempool(txid).await;
    wallet.until_state(txid, |state| state == PaymentState::Announced).await;
    assert_eq!(wallet.balance().await.pending, payment.change.unwrap().amount);
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_state(txid, is_confirmed).await;
    wallet.until_synced(devnet.tip().0).await;
    let balance = wallet.balance().await;
    assert_eq!(balance.confirmed, SAT(700_000) - payment.fee);
    let history = wallet.history().await;
    wallet.close().await;

    let mut wallet = desk.open(Access::View, Reach::Offline);
    assert_eq!(wallet.balance().await, balance);
    assert_eq!(wallet.history().await, history);
    let locked = wallet.pay(&stranger(), SAT(1_000)).await.unwrap_err();
    assert_eq!(locked, CommandError::Locked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_shows_before_its_block_and_another_copy_of_the_keys_is_noticed() {
    let devnet = funded_devnet();
    let (payer, copy) = (Desk::with_wallet(&devnet), Desk::with_wallet(&devnet));
    let receiver = Desk::new(&devnet);
    receiver.create(OTHER_WORDS).unwrap();
    let mut payer = payer.open(Access::Sign, Reach::Online);
    let address = payer.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    payer.until_synced(devnet.tip().0).await;
    let mut copy = copy.open(Access::View, Reach::Online);
    let mut receiver = receiver.open(Access::View, Reach::Online);
    copy.until_synced(devnet.tip().0).await;
    receiver.until_synced(devnet.tip().0).await;

    let address = receiver.receive().await;
    let payment = payer.pay(&address, SAT(300_000)).await.unwrap();
    let txid = payment.transaction.compute_txid();
    receiver.until_state(txid, |state| state == PaymentState::Pending).await;
    assert_eq!(receiver.balance().await.pending, SAT(300_000));
    assert_eq!(receiver.history().await[0].seen_by, 1);
    let spent = |event: &Event| *event == Event::Note(Note::SpentElsewhere { txid });
    copy.until(spent).await;
    assert_eq!(copy.balance().await.confirmed, SAT(0));

    devnet.mine(1, &stranger().script_pubkey());
    receiver.until_state(txid, is_confirmed).await;
    copy.until_state(txid, is_confirmed).await;
    assert_eq!(receiver.balance().await.confirmed, SAT(300_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_a_reorganisation_drops_is_announced_again() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::Sign, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    let payment = wallet.pay(&stranger(), SAT(300_000)).await.unwrap();
    let txid = payment.transaction.compute_txid();
    devnet.wait_for_mempool(txid).await;
    devnet.mine(6, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;

    devnet.reorg(6, 7, &[txid]).unwrap();
    wallet.until(|event| matches!(event, Event::Reorganised { .. })).await;
    devnet.wait_for_mempool(txid).await;
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(0));
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_state(txid, is_confirmed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_nobody_has_heard_of_is_announced_after_a_restart() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::Sign, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(1_000_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    wallet.close().await;

    let mut wallet = desk.open(Access::Sign, Reach::Offline);
    let payment = wallet.pay(&stranger(), SAT(300_000)).await.unwrap();
    wallet.close().await;

    let wallet = desk.open(Access::View, Reach::Online);
    devnet.wait_for_mempool(payment.transaction.compute_txid()).await;
    wallet.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_while_the_program_was_off_is_followed() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    let txid = devnet.pay(&address.script_pubkey(), SAT(50_000)).unwrap();
    devnet.mine(3, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(50_000));
    wallet.close().await;

    devnet.reorg(3, 5, &[txid]).unwrap();
    let mut wallet = desk.open(Access::View, Reach::Online);
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_alone_bring_the_money_back() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Offline);
    for amount in [10_000, 20_000, 30_000] {
        let address = wallet.receive_fresh().await;
        devnet.pay(&address.script_pubkey(), SAT(amount)).unwrap();
        devnet.mine(1, &stranger().script_pubkey());
    }
    drop(wallet);

    let restored = Desk::with_wallet(&devnet);
    let mut wallet = restored.open(Access::View, Reach::Online);
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(60_000));
    assert_eq!(wallet.history().await.len(), 3);
}

/// The address that was given out last was paid first, further out than a restored wallet looks;
/// only the payment after it leads there.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_paid_out_of_order_are_found_by_the_words_alone() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Offline);
    let ahead = LookAhead::NEW.receive;
    let mut given = Vec::new();
    for _ in 0..ahead + 20 {
        given.push(wallet.receive_fresh().await);
    }
    drop(wallet);
    for (address, amount) in [(&given[given.len() - 1], 20_000), (&given[20], 10_000)] {
        devnet.pay(&address.script_pubkey(), SAT(amount)).unwrap();
        devnet.mine(1, &stranger().script_pubkey());
    }

    let restored = Desk::with_wallet(&devnet);
    let mut wallet = restored.open(Access::View, Reach::Online);
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(30_000));
    wallet.close().await;

    // The search is over: a payment that makes the watch list grow starts no other.
    let mut wallet = restored.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(5_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    let mut filters = 0;
    wallet
        .until(|event| match event {
            Event::Synced { tip, status, .. } if tip.height.to_u32() == devnet.tip().0 => {
                filters = status.filters_matched;
                true
            }
            _ => false,
        })
        .await;
    assert_eq!(filters, 1, "only the new block is matched");
    assert_eq!(wallet.balance().await.confirmed, SAT(35_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_damaged_chain_file_costs_no_money() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(50_000)).unwrap();
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    wallet.close().await;

    fs::write(desk.settings().paths().chain(), vec![0xaa; 20_000]).unwrap();
    let mut wallet = desk.open(Access::View, Reach::Online);
    wallet.until(|event| matches!(event, Event::Note(Note::ChainRebuilt { .. }))).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(50_000));
    devnet.mine(1, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(50_000));
    let paid = wallet.history().await[0].txid;
    wallet.close().await;

    // The new chain leaves out the payment, and the file that would have shown the fork is gone.
    devnet.reorg(2, 3, &[paid]).unwrap();
    fs::remove_file(desk.settings().paths().chain()).unwrap();
    let mut wallet = desk.open(Access::View, Reach::Online);
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rescan_changes_nothing_that_was_right() {
    let devnet = funded_devnet();
    let desk = Desk::with_wallet(&devnet);
    let mut wallet = desk.open(Access::View, Reach::Online);
    let address = wallet.receive().await;
    devnet.pay(&address.script_pubkey(), SAT(50_000)).unwrap();
    devnet.mine(4, &stranger().script_pubkey());
    wallet.until_synced(devnet.tip().0).await;
    let before = (wallet.balance().await, wallet.history().await);
    wallet.rescan(None).await.unwrap();
    wallet.until_synced(devnet.tip().0).await;
    assert_eq!((wallet.balance().await, wallet.history().await), before);
    let above = wallet.rescan(Some(devnet.tip().0 + 1)).await.unwrap_err();
    assert_eq!(above.name(), "height_above_tip");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_at_a_time_and_the_other_is_told_which() {
    let devnet = Devnet::start().unwrap();
    let desk = Desk::with_wallet(&devnet);
    let wallet = desk.open(Access::View, Reach::Online);
    let Err(OpenError::DirInUse(holder)) = desk.try_open(Access::View, Reach::Offline) else {
        panic!("the directory is in use");
    };
    assert_eq!(holder.pid, Some(std::process::id()));
    assert!(matches!(service::check_new(&desk.settings()), Err(CreateError::DirInUse(_))));
    wallet.close().await;
    drop(desk.open(Access::View, Reach::Offline));
    drop(desk.open(Access::View, Reach::Offline));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_not_there_and_one_that_speaks_http_are_named() {
    let devnet = Devnet::start().unwrap();
    let mut desk = Desk::with_wallet(&devnet);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    desk.connect = vec![PeerAddress::Ip(closed)];
    let mut wallet = desk.open(Access::View, Reach::Online);
    let gone = Event::Peer(PeerEvent::Unreachable {
        address: PeerAddress::Ip(closed),
        why: DialProblem::Refused,
    });
    wallet.until(|event| *event == gone).await;
    assert_eq!(wallet.balance().await.confirmed, SAT(0));
    wallet.close().await;

    let http = desk::http_server();
    desk.connect = vec![PeerAddress::Ip(http)];
    let mut wallet = desk.open(Access::View, Reach::Online);
    let wrong = |event: &Event| {
        matches!(event, Event::Peer(PeerEvent::Gone { fault: Some(Fault::WrongMagic), .. }))
    };
    wallet.until(wrong).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_opened_or_made_is_refused_with_the_reason() {
    let devnet = Devnet::start().unwrap();
    let desk = Desk::new(&devnet);
    let none = desk.try_open(Access::View, Reach::Offline).err().unwrap();
    assert_eq!(none.name(), "no_such_wallet");
    assert!(!desk.settings().paths().dir().exists(), "asking makes no directory");

    service::check_new(&desk.settings()).unwrap();
    desk.create(WORDS).unwrap();
    assert_eq!(desk.create(WORDS).unwrap_err().name(), "wallet_exists");
    assert_eq!(service::check_new(&desk.settings()).unwrap_err().name(), "wallet_exists");
    let wrong = desk.open_with("wrong", Access::View, Reach::Offline).err().unwrap();
    assert_eq!(wrong, OpenError::WrongPassword);

    let header = desk.settings().paths().header(&desk.settings().wallet);
    let aside = header.with_extension("aside");
    fs::rename(&header, &aside).unwrap();
    let missing = desk.try_open(Access::View, Reach::Offline).err().unwrap();
    assert_eq!(missing.name(), "store_damaged");
    assert_eq!(desk.create(WORDS).unwrap_err().name(), "wallet_exists");
    fs::rename(&aside, &header).unwrap();
    drop(desk.open(Access::Sign, Reach::Offline));
}

#[tokio::test]
async fn a_chain_file_of_a_newer_version_is_refused_and_left_alone() {
    let devnet = Devnet::start().unwrap();
    let desk = Desk::with_wallet(&devnet);
    drop(desk.open(Access::View, Reach::Online));
    let chain = desk.settings().paths().chain();
    let mut bytes = fs::read(&chain).unwrap();
    // The big-endian `user_version` of SQLite's file header.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&chain, &bytes).unwrap();
    for reach in [Reach::Online, Reach::Offline] {
        let refused = desk.try_open(Access::View, reach).err().unwrap();
        assert_eq!(refused.name(), "store_newer");
    }
    assert_eq!(fs::read(&chain).unwrap(), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_file_from_another_network_is_refused() {
    let devnet = Devnet::start().unwrap();
    let desk = Desk::with_wallet(&devnet);
    let mut signet = desk.settings();
    signet.network = bitcoin::Network::Signet;
    fs::create_dir_all(signet.paths().wallets()).unwrap();
    let name = &signet.wallet;
    for (from, to) in [
        (desk.settings().paths().wallet(name), signet.paths().wallet(name)),
        (desk.settings().paths().header(name), signet.paths().header(name)),
    ] {
        fs::copy(from, to).unwrap();
    }
    let refused = desk::open(&signet, desk::PASSWORD, Access::View, Reach::Offline).err().unwrap();
    assert_eq!(refused.name(), "network_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_created_wallet_hides_nothing() {
    let devnet = Devnet::start().unwrap();
    let desk = Desk::new(&devnet);
    let paths = desk.settings().paths();
    let header = paths.header(&desk.settings().wallet);
    fs::create_dir_all(paths.wallets()).unwrap();
    fs::write(&header, "of an interrupted creation").unwrap();
    desk.create(WORDS).unwrap();
    drop(desk.open(Access::Sign, Reach::Offline));
    let kept = fs::read_to_string(header.with_extension("key.set-aside")).unwrap();
    assert_eq!(kept, "of an interrupted creation");
}

fn funded_devnet() -> Devnet {
    let devnet = Devnet::start().unwrap();
    devnet.fund_faucet();
    devnet
}

fn is_confirmed(state: PaymentState) -> bool {
    matches!(state, PaymentState::Confirmed(_))
}
