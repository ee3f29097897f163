//! A disk that refuses: nothing is said that it does not hold, and nothing that it holds is lost.

use bitcoin::Amount;

use super::home::{Home, World, main, nobody, script};
use super::machine::Machine;
use crate::command::{Command, CommandError, Reply};
use crate::event::{Event, News};
use crate::light_client::height::Height;
use crate::wallet_name::WalletName;

#[test]
fn news_that_can_not_be_kept_is_not_told() {
    let world = World::start();
    for refuse in [refuse_chain, refuse_wallet] {
        let home = Home::new(&world.devnet, &format!("{}", world.devnet.tip().0));
        let address = home.wallet().0.watch_list().unwrap().searched[0].clone();
        let mut machine = Machine::start(&home);
        machine.until(|event| matches!(event, Event::Synced { .. }));
        refuse(&machine);
        let paid = world.devnet.pay(&address, Amount::from_sat(50_000)).unwrap();
        world.devnet.mine(1, &nobody());
        let (problem, said) = machine.until_refused();
        assert_eq!(problem.name(), "read_only");
        assert!(!said.iter().any(|event| matches!(event, Event::Transaction(_))), "{said:?}");
        drop(machine);

        assert_eq!(home.wallet().0.history().unwrap(), []);
        let mut machine = Machine::start(&home);
        machine.until(|event| matches!(event, Event::Transaction(now) if now.txid == paid));
        machine.engine.finish().unwrap();
    }
}

#[test]
fn an_address_that_can_not_be_kept_is_not_given_out() {
    let world = World::start();
    let home = Home::new(&world.devnet, "address");
    let mut machine = Machine::start(&home);
    machine.until(|event| matches!(event, Event::Synced { .. }));
    refuse_wallet(&machine);
    machine.ask(Command::Receive { amount: None, note: None, expires: None, fresh: true });
    let (problem, _) = machine.until_refused();
    assert_eq!(problem.name(), "read_only");
    assert_eq!(machine.take_answers(), []);
}

#[test]
fn a_wallet_whose_file_refuses_is_closed_and_the_others_go_on() {
    let world = World::start();
    let other: WalletName = "other".parse().unwrap();
    let home = Home::new(&world.devnet, "kept");
    home.add(&other, "refused", Height::new(world.devnet.tip().0 + 1));
    let at = |tip: u32| move |event: &Event| matches!(event, Event::Synced { tip: to, .. } if to.height.to_u32() == tip);
    let mut machine = Machine::start_with(&home, &[main(), other.clone()]);
    machine.until_of(&main(), at(world.devnet.tip().0));
    machine.engine.followers[&other].wallet.refuse_writes();
    for name in ["kept", "refused"] {
        world.devnet.pay(&script(name, 0), Amount::from_sat(50_000)).unwrap();
    }
    world.devnet.mine(1, &nobody());
    let synced = at(world.devnet.tip().0);
    let mut said = Vec::new();
    while !said
        .iter()
        .any(|News { wallet, event }: &News| wallet.as_ref() == Some(&main()) && synced(event))
    {
        said.extend(machine.step_told(None).unwrap());
    }
    said.retain(|news| news.wallet.as_ref() == Some(&other));
    let told = |event: &Event| matches!(event, Event::Transaction(_) | Event::Synced { .. });
    assert!(!said.iter().any(|news| told(&news.event)), "{said:?}");
    let stopped = |event: &Event| matches!(event, Event::Stopped { .. });
    assert_eq!(said.iter().filter(|news| stopped(&news.event)).count(), 1, "{said:?}");

    machine.ask_wallet(&other, Command::Balance);
    let answers = machine.until_answered();
    assert!(matches!(&answers[..], [(_, Err(CommandError::NotLoaded(name)))] if *name == other));
    // What could not be kept is found when the wallet is opened again.
    machine.load(&home, &other);
    machine.until_of(&other, synced);
    machine.engine.finish().unwrap();
    for wallet in [main(), other] {
        assert_eq!(home.wallet_of(&wallet).0.history().unwrap().len(), 1, "{wallet}");
    }
}

#[test]
fn what_one_of_several_wallets_can_not_keep_is_refused_to_who_asked() {
    let world = World::start();
    let other: WalletName = "other".parse().unwrap();
    let home = Home::new(&world.devnet, "asked kept");
    home.add(&other, "asked refused", Height::new(world.devnet.tip().0 + 1));
    let mut machine = Machine::start_with(&home, &[main(), other.clone()]);
    machine.engine.followers[&other].wallet.refuse_writes();
    let receive = Command::Receive { amount: None, note: None, expires: None, fresh: true };
    machine.ask_wallet(&other, receive.clone());
    let answers = machine.until_answered();
    assert!(matches!(&answers[..], [(_, Err(CommandError::Store(_)))]), "{answers:?}");
    machine.ask(receive);
    let answers = machine.until_answered();
    assert!(matches!(&answers[..], [(_, Ok(Reply::Address(_)))]), "{answers:?}");
}

fn refuse_chain(machine: &Machine) {
    machine.engine.chain.followed().unwrap().file.refuse_writes();
}

fn refuse_wallet(machine: &Machine) {
    machine.engine.followers[&main()].wallet.refuse_writes();
}
