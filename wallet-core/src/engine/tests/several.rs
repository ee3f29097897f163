//! Several wallets on one chain: each is told of its own, one that is behind is caught up while
//! the others go on, and a process that dies between two files loses nothing.

use std::fs;

use bitcoin::Amount;

use super::home::{Home, World, main, nobody, other, payments, script, synced};
use super::machine::Machine;
use crate::command::{
    ChainQuery, Command, CommandError, Happened, PaymentState, Reply, TellerCommand, TellerReading,
    TellerReply,
};
use crate::event::{Event, News};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;
use crate::wallet_name::WalletName;

const SAT: fn(u64) -> Amount = Amount::from_sat;

/// A home with two wallets, whose scripts are those of the names `a` and `b`.
fn two(world: &World, a: &str, b: &str) -> Home {
    let home = Home::new(&world.devnet, a);
    home.add(&other(), b, Height::new(world.devnet.tip().0 + 1));
    home
}

/// What the journal of a wallet holds.
fn journal(home: &Home, wallet: &WalletName) -> Vec<Happened> {
    let asked = TellerCommand::Read(TellerReading::Journal { after: 0, limit: 100 });
    match home.wallet_of(wallet).0.tell(&asked, WallTime::default()) {
        Ok(TellerReply::Journal(entries)) => entries.into_iter().map(|one| one.happened).collect(),
        other => panic!("{other:?}"),
    }
}

/// Pays a script and mines.
fn pay(world: &World, name: &str, index: u32) {
    world.devnet.pay(&script(name, index), SAT(20_000)).unwrap();
    world.devnet.mine(1, &nobody());
}

#[test]
fn each_wallet_is_told_of_its_own_payments() {
    let world = World::start();
    let home = two(&world, "own a", "own b");
    let mut machine = Machine::start_with(&home, &[main(), other()]);
    pay(&world, "own a", 0);
    pay(&world, "own b", 0);
    pay(&world, "own b", 1);
    let mut told: Vec<(Option<WalletName>, bool)> = Vec::new();
    let mut waiting = vec![main(), other()];
    while !waiting.is_empty() {
        for News { wallet, event } in machine.step_told(None).unwrap() {
            if synced(&world)(&event) {
                waiting.retain(|name| Some(name) != wallet.as_ref());
            }
            if let Event::Transaction(change) = event {
                told.push((wallet, matches!(change.state, PaymentState::Confirmed(_))));
            }
        }
    }
    told.retain(|(_, confirmed)| *confirmed);
    told.sort();
    assert_eq!(told, [(Some(main()), true), (Some(other()), true), (Some(other()), true)]);
    machine.engine.finish().unwrap();
    assert_eq!((payments(&home, &main()), payments(&home, &other())), (1, 2));
}

#[test]
fn a_wallet_that_is_loaded_late_is_caught_up_in_whatever_order_it_was_paid() {
    let world = World::start();
    let home = two(&world, "late a", "late b");
    let mut machine = Machine::start_with(&home, &[main()]);
    // Each is watched only once the one after it was found, and all of it is spent by the time.
    for index in [4, 9, 14, 19] {
        pay(&world, "late b", index);
        pay(&world, "late a", 0);
    }
    machine.until_of(&main(), synced(&world));
    machine.load(&home, &other());
    let answers = machine.until_answered();
    assert!(matches!(answers[..], [(_, Ok(Reply::Done))]), "{answers:?}");
    machine.until_of(&other(), synced(&world));
    // From here on it hears of the chain like the first.
    pay(&world, "late b", 20);
    pay(&world, "late a", 1);
    machine.until_of(&other(), synced(&world));
    machine.engine.finish().unwrap();
    assert_eq!((payments(&home, &main()), payments(&home, &other())), (5, 5));
}

#[test]
fn a_wallet_that_is_caught_up_holds_up_no_other() {
    let world = World::start();
    let home = two(&world, "slow a", "slow b");
    let mut machine = Machine::start_with(&home, &[main()]);
    pay(&world, "slow b", 0);
    pay(&world, "slow a", 0);
    machine.until_of(&main(), synced(&world));
    machine.hold_reads();
    let before = world.tip();
    machine.load(&home, &other());
    assert!(matches!(machine.until_answered()[..], [(_, Ok(Reply::Done))]));
    // Whoever was told of a block is not told of a lower one.
    let told = |machine: &mut Machine| {
        let now = machine.clock.now();
        match machine.engine.answer_of_chain(now, ChainQuery::Applied).unwrap() {
            Reply::Applied(block) => block.map(|block| block.height),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told(&mut machine), Some(before));
    // The first goes on as if it were alone, and new payments are seen by both.
    pay(&world, "slow a", 1);
    pay(&world, "slow b", 1);
    machine.until_of(&main(), synced(&world));
    machine.ask(Command::Status);
    let answers = machine.until_answered();
    assert!(matches!(&answers[..], [(_, Ok(Reply::Status(status)))] if status.synced));
    machine.ask_wallet(&other(), Command::Status);
    let answers = machine.until_answered();
    assert!(matches!(&answers[..], [(_, Ok(Reply::Status(status)))]
        if !status.synced && status.cursor.is_none_or(|at| at.height < world.tip())));
    let history = machine.engine.followers[&other()].wallet.history().unwrap();
    assert_eq!(history.len(), 1, "the new one, not the old one");
    assert_eq!(told(&mut machine), Some(before), "nor of a higher one that not all have seen");

    machine.release_reads();
    machine.until_of(&other(), synced(&world));
    assert_eq!(told(&mut machine), Some(world.tip()));
    machine.engine.finish().unwrap();
    assert_eq!((payments(&home, &main()), payments(&home, &other())), (2, 2));
}

#[test]
fn a_wallet_ahead_of_the_others_takes_the_lead() {
    let world = World::start();
    let home = two(&world, "lead a", "lead b");
    pay(&world, "lead a", 0);
    pay(&world, "lead b", 0);
    let mut machine = Machine::start_with(&home, &[other()]);
    machine.until_of(&other(), synced(&world));
    machine.engine.finish().unwrap();
    pay(&world, "lead a", 1);
    pay(&world, "lead b", 1);
    for wallets in [[main(), other()], [other(), main()]] {
        let mut machine = Machine::start_with(&home, &wallets[..1]);
        machine.load(&home, &wallets[1]);
        let mut waiting = wallets.to_vec();
        while !waiting.is_empty() {
            for News { wallet, event } in machine.step_told(None).unwrap() {
                if synced(&world)(&event) {
                    waiting.retain(|name| Some(name) != wallet.as_ref());
                }
            }
        }
        machine.engine.finish().unwrap();
        assert_eq!((payments(&home, &main()), payments(&home, &other())), (2, 2));
    }
}

#[test]
fn a_rescan_of_one_wallet_leaves_the_others_where_they_are() {
    let world = World::start();
    let home = two(&world, "rescan a", "rescan b");
    pay(&world, "rescan a", 0);
    pay(&world, "rescan b", 0);
    let mut machine = Machine::start_with(&home, &[main(), other()]);
    machine.until_of(&main(), synced(&world));
    let before = machine.engine.followers[&main()].wallet.cursor().unwrap();
    machine.ask_wallet(&other(), Command::Rescan { from: None });
    let answers = machine.until_answered();
    assert!(matches!(answers[..], [(_, Ok(Reply::Done))]), "{answers:?}");
    assert_eq!(machine.engine.followers[&main()].wallet.cursor().unwrap(), before);
    machine.until_of(&other(), synced(&world));
    machine.engine.finish().unwrap();
    assert_eq!((payments(&home, &main()), payments(&home, &other())), (1, 1));
}

#[test]
fn a_wallet_that_was_unloaded_is_not_asked_and_the_others_go_on() {
    let world = World::start();
    let home = two(&world, "gone a", "gone b");
    let mut machine = Machine::start_with(&home, &[main(), other()]);
    machine.until_of(&main(), synced(&world));
    machine.unload(&other());
    assert!(matches!(machine.until_answered()[..], [(_, Ok(Reply::Done))]));
    machine.ask_wallet(&other(), Command::Balance);
    let refused = CommandError::NotLoaded(other());
    assert!(matches!(&machine.until_answered()[..], [(_, Err(error))] if *error == refused));
    pay(&world, "gone b", 0);
    pay(&world, "gone a", 0);
    machine.until_of(&main(), synced(&world));
    assert_eq!(payments(&home, &other()), 0, "its file is free, and nobody wrote to it");
    machine.load(&home, &other());
    machine.until_of(&other(), synced(&world));
    machine.engine.finish().unwrap();
    assert_eq!((payments(&home, &main()), payments(&home, &other())), (1, 1));
}

#[test]
fn a_reorganisation_is_followed_by_every_wallet() {
    let world = World::start();
    let home = two(&world, "fork a", "fork b");
    let mut machine = Machine::start_with(&home, &[main(), other()]);
    let a = world.devnet.pay(&script("fork a", 0), SAT(20_000)).unwrap();
    let b = world.devnet.pay(&script("fork b", 0), SAT(20_000)).unwrap();
    world.devnet.mine(2, &nobody());
    let mut waiting = vec![main(), other()];
    while !waiting.is_empty() {
        for News { wallet, event } in machine.step_told(None).unwrap() {
            if synced(&world)(&event) {
                waiting.retain(|name| Some(name) != wallet.as_ref());
            }
        }
    }
    world.devnet.reorg(2, 3, &[a, b]).unwrap();
    let mut waiting = vec![(main(), a), (other(), b)];
    while !waiting.is_empty() {
        for News { wallet, event } in machine.step_told(None).unwrap() {
            if let Event::Transaction(change) = event
                && !matches!(change.state, PaymentState::Confirmed(_))
            {
                waiting
                    .retain(|(name, txid)| (Some(name), *txid) != (wallet.as_ref(), change.txid));
            }
        }
    }
    machine.engine.finish().unwrap();
    for (name, txid) in [(main(), a), (other(), b)] {
        let events = journal(&home, &name);
        let left = events.iter().position(|event| {
            matches!(event, Happened::Transaction { txid: t, left: Some(_), .. } if *t == txid)
        });
        let (before, _) = events.split_at(left.expect("it left its block"));
        assert!(matches!(before.last(), Some(Happened::Reorganised { .. })), "{events:?}");
        let confirmed = |event: &Happened| matches!(event, Happened::Transaction { txid: t, state: PaymentState::Confirmed(_), .. } if *t == txid);
        assert_eq!(before.iter().filter(|event| confirmed(event)).count(), 1, "{events:?}");
    }
}

/// The files of one wallet are put back to what they were before a step, as if the process had
/// died between the commits of two wallets.
#[test]
fn a_process_that_dies_between_two_wallets_loses_nothing_of_either() {
    let world = World::start();
    for (late, older) in [(false, main()), (false, other()), (true, other())] {
        let (a, b) = (format!("died {older} {late} a"), format!("died {older} {late} b"));
        let home = two(&world, &a, &b);
        for index in [4, 9] {
            pay(&world, &a, index);
            pay(&world, &b, index);
        }
        let prepared = home.files("");
        for step in 0.. {
            home.put_back("", &prepared);
            let _ = fs::remove_dir_all(home.path("filters"));
            let first = if late { vec![main()] } else { vec![main(), other()] };
            let mut machine = Machine::start_with(&home, &first);
            if late {
                machine.until_of(&main(), synced(&world));
                machine.load(&home, &other());
            }
            let prefix = format!("db-{older}");
            let mut before = home.files(&prefix);
            let mut waiting = if late { vec![other()] } else { vec![main(), other()] };
            for _ in 0..=step {
                before = home.files(&prefix);
                for News { wallet, event } in machine.step_told(None).unwrap() {
                    if synced(&world)(&event) {
                        waiting.retain(|name| Some(name) != wallet.as_ref());
                    }
                }
            }
            drop(machine);
            home.put_back(&prefix, &before);

            let mut machine = Machine::start_with(&home, &[main(), other()]);
            let mut left = vec![main(), other()];
            while !left.is_empty() {
                for News { wallet, event } in machine.step_told(None).unwrap() {
                    if synced(&world)(&event) {
                        left.retain(|name| Some(name) != wallet.as_ref());
                    }
                }
            }
            machine.engine.finish().unwrap();
            let found = (payments(&home, &main()), payments(&home, &other()));
            assert_eq!(found, (2, 2), "died in step {step}");
            if waiting.is_empty() {
                break;
            }
        }
    }
}
