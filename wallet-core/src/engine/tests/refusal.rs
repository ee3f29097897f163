//! A disk that refuses: nothing is said that it does not hold, and nothing that it holds is lost.

use bitcoin::Amount;

use super::home::{Home, World, main, nobody};
use super::machine::Machine;
use crate::command::Command;
use crate::event::Event;

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

fn refuse_chain(machine: &Machine) {
    machine.engine.chain.followed().unwrap().file.refuse_writes();
}

fn refuse_wallet(machine: &Machine) {
    machine.engine.followers[&main()].wallet.refuse_writes();
}
