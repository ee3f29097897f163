//! Rescans that programs ask for: what was overlooked is found, nothing that is known falls
//! meanwhile, and an operation that was begun is there after a restart.

use bitcoin::Amount;

use super::home::{Home, World, confirmed, main, nobody, script, synced};
use super::machine::{Crash, Machine};
use crate::command::{
    Birthday, ChainQuery, Command, CommandError, Operation, OperationCommand, OperationId,
    OperationState, Reply,
};
use crate::engine::operating::reach;
use crate::event::Event;
use crate::light_client::height::Height;

/// Paid before the birthday; each is watched only once the one after it was found.
const OVERLOOKED: [u32; 3] = [12, 8, 4];

/// A wallet that says it is younger than its first payments, and has one of 20,000 satoshis.
fn younger(world: &World, name: &str) -> Home {
    for index in OVERLOOKED {
        world.devnet.pay(&script(name, index), Amount::from_sat(10_000)).unwrap();
        world.devnet.mine(2, &nobody());
    }
    let home = Home::new(&world.devnet, name);
    world.devnet.pay(&script(name, 0), Amount::from_sat(20_000)).unwrap();
    world.devnet.mine(1, &nobody());
    home
}

const RESCAN: OperationCommand =
    OperationCommand::Rescan { from: Birthday::Height(Height::new(1)) };

fn operation(machine: &mut Machine, command: OperationCommand) -> Option<Operation> {
    match machine.answer(Command::Operation(command)).unwrap() {
        Reply::Operation(operation) => operation.map(|operation| *operation),
        other => panic!("{other:?}"),
    }
}

const ALL: Amount = Amount::from_sat(20_000 + 3 * 10_000);

#[test]
fn what_was_overlooked_is_found_and_nothing_falls_meanwhile() {
    let world = World::start();
    let home = younger(&world, "meanwhile");
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    let tip = Height::new(world.devnet.tip().0);
    let before = machine.engine.followers[&main()].wallet.history().unwrap();
    let begun = operation(&mut machine, RESCAN).unwrap();
    assert_eq!((begun.id, begun.state), (OperationId(1), OperationState::Running));
    let first = begun.reach.unwrap();
    assert_eq!((first.first, first.last), (Height::new(1), tip));
    let mut parts = vec![first.part()];
    let mut ended = false;
    while !ended {
        for event in machine.step(None).unwrap() {
            ended |= event == Event::Operation(begun.id)
                && machine.engine.followers[&main()].wallet.running_operation().unwrap().is_none();
        }
        let now = machine.clock.now();
        let applied = machine.engine.answer_of_chain(now, ChainQuery::Applied).unwrap();
        let one = &machine.engine.followers[&main()];
        assert_eq!(one.wallet.cursor().unwrap().unwrap().height, tip);
        assert_eq!(one.applied.unwrap().height, tip);
        let known = one.wallet.history().unwrap();
        for row in &before {
            assert!(known.iter().any(|now| (now.txid, now.state) == (row.txid, row.state)));
        }
        assert!(matches!(applied, Reply::Applied(Some(block)) if block.height == tip));
        if let Some(running) = one.wallet.running_operation().unwrap() {
            parts.extend(reach(&machine.engine.chain, &running).map(|reach| reach.part()));
        }
    }
    // It goes back when a payment is found, beyond which more addresses are to be looked for.
    assert!(parts[0] == 0.0 && parts.iter().any(|part| (0.1..0.9).contains(part)), "{parts:?}");
    let told = operation(&mut machine, OperationCommand::Of(begun.id)).unwrap();
    assert!(matches!(told.state, OperationState::Done(_)) && told.reach.is_none(), "{told:?}");
    machine.engine.finish().unwrap();
    assert_eq!(confirmed(&home.wallet().0), ALL);
}

#[test]
fn new_payments_are_seen_while_a_rescan_waits_for_its_filters() {
    let world = World::start();
    let mut home = younger(&world, "waits");
    home.filters_disk = 1_000_000;
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    // The filters from the birthday on are kept, and these are not read.
    machine.hold_reads();
    let birthday = Height::new(world.devnet.tip().0);
    let from = Birthday::Height(birthday);
    let begun = operation(&mut machine, OperationCommand::Rescan { from }).unwrap();
    world.devnet.pay(&script("waits", 1), Amount::from_sat(5_000)).unwrap();
    world.devnet.mine(1, &nobody());
    let now = Height::new(world.devnet.tip().0);
    loop {
        machine.step(None).unwrap();
        let one = &machine.engine.followers[&main()];
        if one.wallet.cursor().unwrap().unwrap().height == now {
            break;
        }
    }
    assert_eq!(machine.engine.followers[&main()].applied.unwrap().height, now);
    let running = operation(&mut machine, OperationCommand::Running).unwrap();
    assert_eq!(running.id, begun.id, "it goes on");
    machine.release_reads();
    machine.until(|event| *event == Event::Operation(begun.id));
    machine.engine.finish().unwrap();
    assert_eq!(confirmed(&home.wallet().0), Amount::from_sat(25_000));
}

#[test]
fn a_rescan_that_dies_at_any_step_goes_on_at_the_next_start() {
    let world = World::start();
    let home = younger(&world, "dies");
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    machine.engine.finish().unwrap();
    let before = home.files("");
    let ended = |machine: &Machine| {
        machine.engine.followers[&main()].wallet.running_operation().unwrap().is_none()
    };
    let mut at = 0;
    let mut died = true;
    while died {
        died = false;
        for crash in [Crash::Before(at), Crash::Unsaid(at)] {
            home.put_back("", &before);
            let mut machine = Machine::start(&home);
            machine.ask(Command::Operation(RESCAN));
            let mut begun = false;
            while !(begun && ended(&machine)) {
                if machine.step(Some(crash)).is_ok() {
                    begun |= !machine.take_answers().is_empty();
                    continue;
                }
                died = true;
                drop(machine);
                machine = Machine::start(&home);
                if ended(&machine) {
                    let wallet = &machine.engine.followers[&main()].wallet;
                    assert!(!begun || confirmed(wallet) == ALL, "{crash:?}: it was begun");
                    begun = operation(&mut machine, RESCAN).is_some();
                }
                machine.until(synced(&world));
                break;
            }
            assert!(ended(&machine), "{crash:?}");
            machine.engine.finish().unwrap();
            assert_eq!(confirmed(&home.wallet().0), ALL, "{crash:?}, begun: {begun}");
        }
        at += 1;
    }
}

#[test]
fn who_cancels_is_told_at_once_and_what_was_found_is_known_whole() {
    let world = World::start();
    let home = younger(&world, "cancelled");
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    let begun = operation(&mut machine, RESCAN).unwrap();
    let second = machine.answer(Command::Operation(RESCAN));
    assert_eq!(second, Err(CommandError::Rescanning(begun.id)));
    let told = operation(&mut machine, OperationCommand::Cancel(begun.id)).unwrap();
    assert!(matches!(told.state, OperationState::Cancelled(_)), "{told:?}");
    assert_eq!(operation(&mut machine, OperationCommand::Running), None);
    machine.until(synced(&world));
    let again = operation(&mut machine, OperationCommand::Cancel(begun.id)).unwrap();
    assert_eq!(again, told, "what has ended stays as it ended");
    machine.engine.finish().unwrap();
    assert_eq!(confirmed(&home.wallet().0), ALL);
}

#[test]
fn what_can_not_be_is_refused() {
    let world = World::start();
    let home = younger(&world, "refused");
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    let tip = Height::new(world.devnet.tip().0);
    let from = Birthday::Height(tip.next());
    let above = machine.answer(Command::Operation(OperationCommand::Rescan { from }));
    assert_eq!(above, Err(CommandError::HeightAboveTip { asked: tip.next(), tip }));
    for command in [OperationCommand::Of(OperationId(1)), OperationCommand::Cancel(OperationId(7))]
    {
        let unknown = machine.answer(Command::Operation(command));
        assert!(matches!(unknown, Err(CommandError::NoSuchOperation(_))), "{unknown:?}");
    }
    assert_eq!(operation(&mut machine, OperationCommand::Running), None);
    machine.engine.finish().unwrap();
}
