//! What a start makes of a chain file that is not as the wallet left it.

use bitcoin::Amount;
use bitcoin::absolute::LockTime;

use super::home::{Home, World, main, nobody, payment, script, synced};
use super::machine::Machine;
use crate::command::{
    AbandonProblem, Command, CommandError, Layout, PayRequest, PaymentState, Reply,
};
use crate::engine::{Effect, Engine, Input, Online};
use crate::event::{CommandId, Event};
use crate::light_client::change_set::ChangeSet;
use crate::light_client::height::Height;
use crate::light_client::io::Io;
use crate::light_client::output::BroadcastEvent;
use crate::light_client::peer_id::PeerAddress;
use crate::light_client::time::Now;
use crate::store::chain::ChainFile;

#[test]
fn a_chain_file_that_was_cut_below_the_cursor_hides_no_reorganisation() {
    let world = World::start();
    let devnet = &world.devnet;
    let home = Home::new(devnet, "cut");
    let address = home.wallet().0.watch_list().unwrap().searched[0].clone();
    let mut machine = Machine::start(&home);
    devnet.mine(1, &nobody());
    let shared = Height::new(devnet.tip().0);
    machine.until(|event| matches!(event, Event::Synced { tip, .. } if tip.height == shared));
    let paid = devnet.pay(&address, Amount::from_sat(50_000)).unwrap();
    devnet.mine(4, &nobody());
    let tip = shared.up(4);
    machine.until(|event| matches!(event, Event::Synced { tip: at, .. } if at.height == tip));
    machine.engine.finish().unwrap();

    let mut file = ChainFile::open(&home.path("chain.db"), bitcoin::Network::Regtest).unwrap();
    let cut = ChangeSet { truncate_above: Some(shared), ..ChangeSet::default() };
    file.apply(&cut).unwrap();
    drop(file);
    devnet.reorg(4, 5, &[paid]).unwrap();

    let mut machine = Machine::start(&home);
    machine.until(|event| {
        matches!(event, Event::Transaction(change)
            if change.txid == paid && !matches!(change.state, PaymentState::Confirmed(_)))
    });
    machine.engine.finish().unwrap();
}

/// Whoever is asked before the headers are back is asked at their first block, which no payment of
/// today may follow.
#[test]
fn a_chain_that_is_fetched_anew_holds_no_payment_back() {
    let world = World::start();
    let home = Home::new(&world.devnet, "anew");
    world.devnet.pay(&script("anew", 0), Amount::from_sat(100_000)).unwrap();
    world.devnet.mine(1, &nobody());
    let mut machine = Machine::start(&home);
    machine.until_of(&main(), synced(&world));
    let height = LockTime::from_height(world.devnet.tip().0).unwrap();
    let layout = Layout { lock_time: Some(height), ..Layout::default() };
    let request = PayRequest { layout, ..payment() };
    let drafted = machine.answer(Command::Draft(Box::new(request))).unwrap();
    let Reply::Draft(draft) = drafted else { panic!("{drafted:?}") };
    machine.answer(Command::Sign(draft.id)).unwrap();
    machine.until(|event| matches!(event, Event::Broadcast(BroadcastEvent::Sent { .. })));
    machine.engine.finish().unwrap();
    home.put_back("chain", &home.files("nothing"));

    let mut machine = Machine::start(&home);
    let txid = draft.unsigned.compute_txid();
    let told = machine.answer(Command::Abandon(txid)).unwrap_err();
    let why = AbandonProblem::Relayed { by: txid };
    assert_eq!(told, CommandError::CannotAbandon { txid, why });
    assert_eq!(machine.engine.tip(), Height::GENESIS, "it is asked before headers came");
    machine.engine.finish().unwrap();
    let announced = home.wallet().0.to_announce().unwrap();
    assert_eq!(announced.len(), 1);
}

#[test]
fn who_trusts_no_later_start_begins_at_genesis() {
    let nobody = PeerAddress::Host("unreachable.invalid".to_owned(), 1);
    let home = Home::on(bitcoin::Network::Bitcoin, nobody, "young", Height::new(900_000));
    let tip = |from_genesis| {
        let online = Online { from_genesis, ..home.online() };
        let wallets = vec![home.opened(&main(), Now::default())];
        let (engine, _) = Engine::online(wallets, online, [1; 32], Now::default()).unwrap();
        let tip = engine.chain.tip();
        engine.finish().unwrap();
        tip.height
    };
    assert!(tip(false) > Height::new(800_000), "a trusted start below the birthday");
    assert_eq!(tip(true), Height::GENESIS);
    assert_eq!(tip(false), Height::GENESIS, "what was begun is gone on with");
}

#[test]
fn a_scan_from_below_the_anchor_begins_a_lower_chain() {
    let nobody = PeerAddress::Host("unreachable.invalid".to_owned(), 1);
    let birthday = Height::new(900_000);
    let home = Home::on(bitcoin::Network::Bitcoin, nobody, "deep", birthday);
    let now = Now::default();
    let wallets = vec![home.opened(&main(), now)];
    let (mut engine, first) = Engine::online(wallets, home.online(), [1; 32], now).unwrap();
    assert!(first.iter().any(|effect| matches!(effect, Effect::Io(Io::Dial { .. }))));
    let high = engine.chain.tip().height;
    assert!(high < birthday && high > Height::new(800_000));

    let command = Command::Rescan { from: Some(Height::new(300_000)) };
    let effects = engine
        .step(now, Input::Ask { wallet: main(), questions: vec![(CommandId(1), command)] })
        .unwrap();
    let restart = effects.iter().position(|effect| *effect == Effect::Restart).unwrap();
    let dial =
        effects.iter().position(|effect| matches!(effect, Effect::Io(Io::Dial { .. }))).unwrap();
    assert!(restart < dial, "{effects:?}");
    let low = engine.chain.tip();
    assert!(low.height < Height::new(300_000));
    engine.finish().unwrap();
    let stored = ChainFile::open(&home.path("chain.db"), bitcoin::Network::Bitcoin).unwrap();
    assert_eq!(stored.tip().unwrap(), Some(low));
}
