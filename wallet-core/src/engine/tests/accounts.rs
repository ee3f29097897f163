//! Accounts that are added to a wallet that runs: what was paid to them is found at once, they are
//! whole after a crash at any step, and wrong ones change nothing.

use bitcoin::{Amount, Network, ScriptBuf};

use super::home::{Home, World, confirmed, main, nobody, seed_of, synced};
use super::machine::{Crash, Machine};
use crate::command::{
    AccountCommand, AccountProblem, AccountScope, AddedAccounts, Birthday, Command, CommandError,
    NewAccount, Reply,
};
use crate::event::Event;
use crate::keychain::{
    Account, AccountDescriptor, AccountId, AccountName, Branch, DerivationIndex, ScriptType,
    StandardAccount, TemplateScript,
};
use crate::light_client::height::Height;

const SAT: fn(u64) -> Amount = Amount::from_sat;

const SEGWIT: NewAccount = NewAccount::Standard { script_type: ScriptType::Segwit, number: None };

fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

/// The standard segwit account of the wallet of this name.
fn descriptor(of: &str) -> AccountDescriptor {
    let account =
        StandardAccount { script_type: ScriptType::Segwit, number: DerivationIndex::default() };
    seed_of(of).descriptor(account, Network::Regtest)
}

fn script(of: &str, index: u32) -> ScriptBuf {
    let account =
        Account::new(AccountId::new(0), name("any"), Network::Regtest, descriptor(of), &[]);
    account.script(Branch::Receive, DerivationIndex::new(index).unwrap())
}

/// One of others' keys.
fn watched(wanted: &str, is_fixed: bool) -> NewAccount {
    NewAccount::Given { name: name(wanted), is_fixed, descriptor: Box::new(descriptor("others")) }
}

fn account(machine: &mut Machine, command: AccountCommand) -> Result<Reply, CommandError> {
    machine.answer(Command::Account(Box::new(command)))
}

fn add(
    machine: &mut Machine,
    accounts: Vec<NewAccount>,
    scope: AccountScope,
) -> Result<AddedAccounts, CommandError> {
    account(machine, AccountCommand::Add { accounts, scope }).map(|reply| match reply {
        Reply::Accounts(told) => *told,
        other => panic!("{other:?}"),
    })
}

fn searched(event: &Event) -> bool {
    matches!(event, Event::Synced { searched: true, .. })
}

fn pay(world: &World, script: &ScriptBuf, amount: u64) {
    world.devnet.pay(script, SAT(amount)).unwrap();
    world.devnet.mine(1, &nobody());
}

#[test]
fn what_was_paid_and_what_is_paid_is_found_at_once() {
    let world = World::start();
    pay(&world, &script("keys", 25), 10_000);
    let home = Home::new(&world.devnet, "keys");
    pay(&world, &script("keys", 3), 1_000);
    pay(&world, &script("others", 12), 2_000);
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    // The wallet has an account of that name, so it gets a number.
    let told = add(&mut machine, vec![SEGWIT, watched("taproot", false)], AccountScope::default());
    let names = vec![name("segwit"), name("taproot-2")];
    assert_eq!(told.unwrap(), AddedAccounts { added: names, ..AddedAccounts::default() });
    machine.until(searched);
    pay(&world, &script("keys", 0), 4_000);
    machine.until(synced(&world));
    let Ok(Reply::Balance(told)) = machine.answer(Command::Balance) else { panic!("no balance") };
    assert_eq!(told.total.confirmed, SAT(7_000));

    assert_eq!(account(&mut machine, AccountCommand::Prefer(name("segwit"))), Ok(Reply::Done));
    let receive = Command::Receive { amount: None, note: None, expires: None, fresh: true };
    let Ok(Reply::Address(issued)) = machine.answer(receive) else { panic!("no address") };
    assert_eq!(issued.address.script_pubkey(), script("keys", 4));

    // What is known is looked for further, and earlier, if that is asked.
    let known = add(&mut machine, vec![watched("any", true)], AccountScope::default());
    let problem = AccountProblem::Known(name("taproot-2"));
    assert_eq!(known, Err(CommandError::Account(problem)));
    let birthday = Some(Birthday::Height(Height::new(1)));
    let wider = AccountScope { birthday, gap: Some(30) };
    let given = NewAccount::Given {
        name: name("again"),
        is_fixed: false,
        descriptor: Box::new(descriptor("keys")),
    };
    let told = add(&mut machine, vec![given], wider);
    assert_eq!(told.unwrap().widened, [name("segwit")]);
    machine.until(searched);
    machine.engine.finish().unwrap();
    assert_eq!(confirmed(&home.wallet().0), SAT(17_000));
}

#[test]
fn one_that_can_not_be_taken_in_keeps_all_out() {
    let world = World::start();
    let home = Home::new(&world.devnet, "keys");
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    let scope = AccountScope::default();
    let taken = add(&mut machine, vec![SEGWIT, watched("taproot", true)], scope);
    let problem = AccountProblem::NameTaken(name("taproot"));
    assert_eq!(taken, Err(CommandError::Account(problem)));
    // It says that its key is of this wallet's words, by their fingerprint.
    let (own, others) = (descriptor("keys").to_string(), descriptor("others").to_string());
    let origin = |text: &str| text[text.find('[').unwrap()..=text.find(']').unwrap()].to_owned();
    let (body, _) = others.split_once('#').unwrap_or((&others, ""));
    let forged = body.replace(&origin(&others), &origin(&own));
    let descriptor = Box::new(AccountDescriptor::parse(&forged, Network::Regtest).unwrap());
    let forged = NewAccount::Given { name: name("forged"), is_fixed: true, descriptor };
    let refused = add(&mut machine, vec![SEGWIT, forged], scope);
    assert_eq!(refused, Err(CommandError::Account(AccountProblem::ForeignKey)));
    let key = AccountCommand::Key { script: TemplateScript::Segwit, number: 0 };
    let Ok(Reply::AccountKey(told)) = account(&mut machine, key.clone()) else { panic!("no key") };
    assert_eq!(told.origin.unwrap().0, seed_of("keys").fingerprint());
    assert_eq!(machine.answer(Command::Lock), Ok(Reply::Done));
    assert_eq!(add(&mut machine, vec![SEGWIT], scope), Err(CommandError::Locked));
    assert_eq!(account(&mut machine, key), Err(CommandError::Locked));
    machine.engine.finish().unwrap();
    assert_eq!(home.wallet().0.accounts().len(), 2);
}

#[test]
fn what_dies_at_any_step_is_whole_or_never_was() {
    let world = World::start();
    let home = Home::new(&world.devnet, "keys");
    pay(&world, &script("keys", 3), 1_000);
    pay(&world, &script("others", 12), 2_000);
    let mut machine = Machine::start(&home);
    machine.until(synced(&world));
    machine.engine.finish().unwrap();
    let before = home.files("");
    let both = || vec![SEGWIT, watched("watched", true)];
    let mut at = 0;
    let mut died = true;
    while died {
        died = false;
        for crash in [Crash::Before(at), Crash::Unsaid(at)] {
            home.put_back("", &before);
            let mut machine = Machine::start(&home);
            let add_both = AccountCommand::Add { accounts: both(), scope: AccountScope::default() };
            machine.ask(Command::Account(Box::new(add_both)));
            let mut begun = false;
            while !died {
                died = machine.step(Some(crash)).is_err();
                begun |= !machine.take_answers().is_empty();
                let one = &machine.engine.followers[&main()].wallet;
                if begun && !one.is_searching().unwrap() {
                    break;
                }
            }
            drop(machine);
            let mut machine = Machine::start(&home);
            let count = machine.engine.followers[&main()].wallet.accounts().len();
            assert!(count == 4 || (count == 2 && !begun), "{crash:?}: {count} of 4");
            if count == 2 {
                add(&mut machine, both(), AccountScope::default()).unwrap();
            }
            while machine.engine.followers[&main()].wallet.is_searching().unwrap() {
                machine.step(None).unwrap();
            }
            machine.engine.finish().unwrap();
            assert_eq!(confirmed(&home.wallet().0), SAT(3_000), "{crash:?}, begun: {begun}");
        }
        // The commit is in the first steps; what follows is the search.
        at += if at < 8 { 1 } else { 12 };
    }
}
