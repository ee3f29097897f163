//! Which keys new addresses and change are of: those that were made active last, of their type of
//! addresses and their side, over restarts.

use bitcoin::{Amount, Network, ScriptBuf};

use super::home::{
    Home, World, branch_text, confirmed, main, nobody, payment, script, second_script, seed_of,
    synced,
};
use super::machine::Machine;
use crate::command::{
    AccountCommand, Birthday, Command, DescriptorText, Import, ImportProblem, PayRequest, Reply,
};
use crate::keychain::{Branch, DerivationIndex, ScriptType, StandardAccount};
use crate::light_client::height::Height;
use crate::signers::{HeldKey, Keys, with_private_keys};

/// One branch of the first account of the wallet of this name, with its private keys.
fn import(name: &str, branch: Branch, active: bool) -> Import {
    let keys = [HeldKey::master(Keys::Seed(seed_of(name), Network::Regtest))];
    let text = with_private_keys(&branch_text(name, branch), &keys).unwrap();
    Import {
        derived: false,
        descriptors: vec![DescriptorText::new(&text)],
        internal: branch == Branch::Change,
        active: Some(active),
        end: 10,
        next: 0,
        label: None,
        since: Birthday::Height(Height::new(1)),
    }
}

fn imported(machine: &mut Machine, imports: Vec<Import>) -> Vec<Option<ImportProblem>> {
    let told = match machine.answer(Command::Import(imports)).unwrap() {
        Reply::Imported(imported) => imported.problems,
        other => panic!("{other:?}"),
    };
    while machine.engine.followers[&main()].wallet.running_operation().unwrap().is_some() {
        machine.step(None).unwrap();
    }
    told
}

/// The script of a new address.
fn received(machine: &mut Machine) -> ScriptBuf {
    let asked = Command::Receive { amount: None, note: None, expires: None, fresh: true };
    match machine.answer(asked).unwrap() {
        Reply::Address(issued) => issued.address.script_pubkey(),
        other => panic!("{other:?}"),
    }
}

/// Where the change of a payment goes.
fn change(machine: &mut Machine) -> ScriptBuf {
    let request = PayRequest { dry_run: true, ..payment() };
    match machine.answer(Command::Draft(Box::new(request))).unwrap() {
        Reply::Draft(draft) => draft.change.unwrap().address.script_pubkey(),
        other => panic!("{other:?}"),
    }
}

fn change_script(name: &str, index: u32) -> ScriptBuf {
    let standard =
        StandardAccount { script_type: ScriptType::Taproot, number: DerivationIndex::ZERO };
    let accounts = seed_of(name).accounts(&[standard], Network::Regtest);
    accounts[0].script(Branch::Change, DerivationIndex::new(index).unwrap())
}

/// The active chains, by the number of their account.
fn active(home: &Home) -> Vec<(usize, Branch)> {
    let accounts = home.wallet().0.description().unwrap().accounts;
    let chains = accounts.iter().enumerate().flat_map(|(number, one)| {
        [(Branch::Receive, &one.receive), (Branch::Change, &one.change)]
            .into_iter()
            .filter(|(_, chain)| chain.as_ref().is_some_and(|chain| chain.active))
            .map(move |(branch, _)| (number, branch))
    });
    chains.collect()
}

/// Somebody whose old keys leaked imports new ones, and is paid at the old ones no more.
#[test]
fn what_is_made_active_takes_the_place_of_the_old_keys_until_they_take_it_back() {
    use Branch::{Change, Receive};
    let world = World::start();
    let home = Home::new(&world.devnet, "old");
    world.devnet.pay(&script("old", 0), Amount::from_sat(100_000)).unwrap();
    world.devnet.mine(1, &nobody());
    let mut machine = Machine::start(&home);
    machine.until_of(&main(), synced(&world));
    assert_eq!(change(&mut machine), change_script("old", 0));

    let not_active = [Receive, Change].map(|branch| import("new", branch, false));
    assert_eq!(imported(&mut machine, not_active.to_vec()), [None, None]);
    assert_eq!(received(&mut machine), script("old", 1));
    assert_eq!(change(&mut machine), change_script("old", 0));

    assert_eq!(imported(&mut machine, vec![import("new", Receive, true)]), [None]);
    assert_eq!(received(&mut machine), script("new", 0));
    assert_eq!(change(&mut machine), change_script("old", 0), "nothing took its place");
    assert_eq!(imported(&mut machine, vec![import("new", Change, true)]), [None]);
    assert_eq!(change(&mut machine), change_script("new", 0), "of what the old keys have");
    machine.engine.finish().unwrap();
    assert_eq!(active(&home), [(2, Receive), (3, Change)], "neither of the two of the words");

    let mut machine = Machine::start(&home);
    assert_eq!(received(&mut machine), script("new", 1));
    assert_eq!(change(&mut machine), change_script("new", 0));
    // The old ones are known by what they make, and not taken in again.
    let back = vec![import("old", Receive, true), import("new", Change, false)];
    assert_eq!(imported(&mut machine, back), [None, None]);
    assert_eq!(received(&mut machine), script("old", 2));
    assert_eq!(change(&mut machine), change_script("old", 0), "nothing else gives change");
    let wrong = Import { internal: true, ..import("new", Receive, true) };
    assert_eq!(imported(&mut machine, vec![wrong]), [Some(ImportProblem::OtherSide)]);
    machine.engine.finish().unwrap();
    assert_eq!(active(&home), [(0, Receive)]);
    let wallet = home.wallet().0;
    assert_eq!(wallet.accounts().len(), 4);
    assert_eq!(confirmed(&wallet), Amount::from_sat(100_000));
}

/// Who chooses an account gets its addresses and its change, though others took their place.
#[test]
fn what_a_person_prefers_takes_its_place_back() {
    use Branch::{Change, Receive};
    let world = World::start();
    let home = Home::new(&world.devnet, "old");
    let mut machine = Machine::start(&home);
    machine.until_of(&main(), synced(&world));
    let both = [Receive, Change].map(|branch| import("new", branch, true));
    imported(&mut machine, both.to_vec());
    let second = machine.engine.followers[&main()].wallet.accounts()[1].name().clone();
    machine.answer(Command::Account(Box::new(AccountCommand::Prefer(second)))).unwrap();
    assert_eq!(received(&mut machine), second_script("old", 0));
    machine.engine.finish().unwrap();
    assert_eq!(active(&home), [(1, Receive), (1, Change)]);
}

/// An address by itself may be one of a chain: it is counted once.
#[test]
fn what_two_descriptors_make_is_counted_once() {
    let world = World::start();
    let home = Home::new(&world.devnet, "old");
    world.devnet.pay(&script("old", 1), Amount::from_sat(70_000)).unwrap();
    world.devnet.mine(1, &nobody());
    let mut machine = Machine::start(&home);
    machine.until_of(&main(), synced(&world));
    let chain = import("old", Branch::Receive, false);
    let single = chain.descriptors[0].as_str();
    let single = single.split('#').next().unwrap().replace("/*", "/1");
    let single = Import { descriptors: vec![DescriptorText::new(&single)], end: 1, ..chain };
    assert_eq!(imported(&mut machine, vec![single]), [Some(ImportProblem::Known)]);
    assert_eq!(received(&mut machine), script("old", 2));
    machine.engine.finish().unwrap();
    let wallet = home.wallet().0;
    assert_eq!(wallet.accounts().len(), 2);
    assert_eq!(confirmed(&wallet), Amount::from_sat(70_000));
}
