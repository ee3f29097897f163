//! Descriptors that are taken into a wallet that runs: what was paid to them is found, nothing is
//! taken in by halves, and a wallet with keys refuses what it can't spend.

use bitcoin::secp256k1::SecretKey;
use bitcoin::{Amount, Network};

use super::home::{Home, World, branch_text, confirmed, main, nobody, script, seed_of, synced};
use super::machine::{Crash, Machine};
use crate::command::{
    Birthday, Command, CommandError, DescriptorText, Import, ImportProblem, Imported, Label,
    LabelQuery, OperationCommand, Reference, Reply,
};
use crate::keychain::{Account, Branch, DescriptorError, SECP};
use crate::light_client::height::Height;
use crate::limits::ACCOUNTS;
use crate::signers::{HeldKey, Keys, with_private_keys};
use crate::wallet_name::WalletName;

const SAT: fn(u64) -> Amount = Amount::from_sat;

/// A key that stands in a descriptor by itself.
const FIXED: &str = "wpkh(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)";

/// The same key in Wallet Import Format.
const PRIVATE: &str = "wpkh(cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA)";

/// The script of it.
const FIXED_SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

fn blank() -> WalletName {
    "blank".parse().unwrap()
}

fn import(descriptor: &str) -> Import {
    Import {
        derived: false,
        descriptors: vec![DescriptorText::new(descriptor)],
        internal: false,
        active: Some(false),
        end: 10,
        next: 0,
        label: None,
        since: Birthday::Height(Height::new(1)),
    }
}

/// The same with the private keys in them.
fn private_imports(name: &str) -> Vec<Import> {
    let keys = [HeldKey::master(Keys::Seed(seed_of(name), Network::Regtest))];
    let mut imports = imports(name);
    for import in &mut imports[..2] {
        let text = with_private_keys(import.descriptors[0].as_str(), &keys).unwrap();
        import.descriptors = vec![DescriptorText::new(&text)];
    }
    imports[2].descriptors = vec![DescriptorText::new(PRIVATE)];
    imports
}

/// A blank wallet, and payments to what is imported into it: 50,000 satoshis in all.
fn paid(world: &World, name: &str, takes_keys: bool) -> Home {
    let home = Home::new(&world.devnet, "keys");
    let fixed = bitcoin::ScriptBuf::from_hex(FIXED_SCRIPT).unwrap();
    let scripts = [script(name, 0), script(name, 1_200), script(name, 700), fixed];
    for (number, script) in (1..).zip(scripts) {
        world.devnet.pay(&script, SAT(number * 5_000)).unwrap();
        world.devnet.mine(1, &nobody());
    }
    home.add_blank(&blank(), Height::new(world.devnet.tip().0 + 1), takes_keys);
    home
}

const ALL: Amount = Amount::from_sat(50_000);

fn imports(name: &str) -> Vec<Import> {
    let label = Some("a key".to_owned());
    vec![
        Import { active: Some(true), ..import(&branch_text(name, Branch::Receive)) },
        Import { internal: true, active: Some(true), ..import(&branch_text(name, Branch::Change)) },
        Import { label, ..import(FIXED) },
    ]
}

fn imported(machine: &mut Machine, imports: Vec<Import>) -> Imported {
    match machine.answer_of(&blank(), Command::Import(imports)).unwrap() {
        Reply::Imported(imported) => *imported,
        other => panic!("{other:?}"),
    }
}

fn until_ended(machine: &mut Machine) {
    while machine.engine.followers[&blank()].wallet.running_operation().unwrap().is_some() {
        machine.step(None).unwrap();
    }
}

fn balance(home: &Home) -> Amount {
    confirmed(&home.wallet_of(&blank()).0)
}

#[test]
fn what_was_paid_before_is_found_and_new_addresses_are_of_what_is_active() {
    let world = World::start();
    let home = paid(&world, "given", false);
    let mut machine = Machine::start_with(&home, &[main(), blank()]);
    machine.until_of(&blank(), synced(&world));
    for command in [
        Command::Receive { amount: None, note: None, expires: None, fresh: false },
        Command::Balance,
    ] {
        let told = machine.answer_of(&blank(), command.clone());
        match command {
            Command::Balance => assert!(told.is_ok()),
            _ => assert_eq!(told, Err(CommandError::NoAccounts)),
        }
    }
    let told = imported(&mut machine, imports("given"));
    assert_eq!(told.problems, [None, None, None]);
    until_ended(&mut machine);
    // Payments from here on are seen as they come.
    world.devnet.pay(&script("given", 2), SAT(1_000)).unwrap();
    world.devnet.mine(1, &nobody());
    machine.until_of(&blank(), synced(&world));
    let issued = machine.answer_of(
        &blank(),
        Command::Receive { amount: None, note: None, expires: None, fresh: true },
    );
    assert!(matches!(&issued, Ok(Reply::Address(issued))
        if issued.index.to_u32() == 1_201 && issued.address.script_pubkey() == script("given", 1_201)));
    machine.engine.finish().unwrap();
    assert_eq!(balance(&home), ALL + SAT(1_000));
    let wallet = home.wallet_of(&blank()).0;
    let accounts = wallet.description().unwrap().accounts;
    let chains: Vec<_> = accounts
        .iter()
        .map(|one| [&one.receive, &one.change].map(|chain| chain.as_ref().map(|one| one.active)))
        .collect();
    assert_eq!(chains, [[Some(true), None], [None, Some(true)], [Some(false), None]]);
    let labels = wallet.labels(&LabelQuery::All).unwrap();
    assert!(matches!(&labels[..], [Label { reference: Reference::Address(_), label, .. }]
        if label.as_deref() == Some("a key")));
}

#[test]
fn an_import_that_dies_at_any_step_is_whole_or_never_was() {
    let world = World::start();
    let home = paid(&world, "dies", true);
    let mut machine = Machine::start_with(&home, &[blank()]);
    machine.until_of(&blank(), synced(&world));
    machine.engine.finish().unwrap();
    let before = home.files("");
    let mut at = 0;
    let mut died = true;
    while died {
        died = false;
        for crash in [Crash::Before(at), Crash::Unsaid(at)] {
            home.put_back("", &before);
            let mut machine = Machine::start_with(&home, &[blank()]);
            machine.ask_wallet(&blank(), Command::Import(private_imports("dies")));
            let mut begun = false;
            while !died {
                died = machine.step(Some(crash)).is_err();
                begun |= !machine.take_answers().is_empty();
                let one = &machine.engine.followers[&blank()].wallet;
                if begun && one.running_operation().unwrap().is_none() {
                    break;
                }
            }
            drop(machine);
            let mut machine = Machine::start_with(&home, &[blank()]);
            let count = machine.engine.followers[&blank()].wallet.accounts().len();
            assert!(count == 3 || (count == 0 && !begun), "{crash:?}: {count} of 3");
            let keys = machine.engine.followers[&blank()].wallet.sealed_keys().unwrap().held;
            assert_eq!(keys.len(), if count == 3 { 2 } else { 0 }, "{crash:?}");
            if count == 0 {
                imported(&mut machine, private_imports("dies"));
            }
            until_ended(&mut machine);
            machine.engine.finish().unwrap();
            assert_eq!(balance(&home), ALL, "{crash:?}, begun: {begun}");
            let (wallet, keys) = home.wallet_of(&blank());
            assert!(wallet.accounts().iter().all(Account::signs), "{crash:?}");
            let open = wallet.sealed_keys().unwrap().open(&keys.seed, Network::Regtest).unwrap();
            assert_eq!(open.held.len(), 2, "{crash:?}");
        }
        // The commit is in the first steps; what follows is the search.
        at += if at < 8 { 1 } else { 12 };
    }
}

#[test]
fn what_can_not_be_taken_in_is_told_and_the_rest_is() {
    let world = World::start();
    let home = paid(&world, "wrong", false);
    let mut machine = Machine::start_with(&home, &[main(), blank()]);
    machine.until_of(&blank(), synced(&world));
    let told = imported(&mut machine, vec![import("wpkh(x)")]);
    assert_eq!(told.operation, None, "nothing is looked for");
    let private = "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK/*)";
    let told = imported(&mut machine, vec![import(private), import("raw(00)"), import(FIXED)]);
    let wrong = |problem| Some(ImportProblem::Descriptor(problem));
    let malformed = wrong(DescriptorError::Malformed);
    assert_eq!(told.problems, [Some(ImportProblem::KeysDisabled), malformed, None]);
    let second = machine.answer_of(&blank(), Command::Import(vec![import(FIXED)]));
    assert!(matches!(second, Err(CommandError::Rescanning(_))), "{second:?}");
    until_ended(&mut machine);
    // What is known is looked for again, and counted once.
    imported(&mut machine, vec![import(FIXED)]);
    until_ended(&mut machine);
    let with_keys = machine.answer(Command::Import(vec![import(FIXED)]));
    assert!(matches!(with_keys, Ok(Reply::Imported(told))
        if told.problems == [Some(ImportProblem::HasKeys)] && told.operation.is_none()));
    let running = Command::Operation(OperationCommand::Running);
    assert_eq!(machine.answer(running), Ok(Reply::Operation(None)));
    machine.engine.finish().unwrap();
    assert_eq!(balance(&home), SAT(20_000));
    assert_eq!(home.wallet_of(&blank()).0.accounts().len(), 1);
}

/// A key would be watched in part, and nobody would be told.
#[test]
fn what_belongs_together_is_taken_in_whole_or_not_at_all() {
    let world = World::start();
    let home = paid(&world, "together", false);
    let mut machine = Machine::start_with(&home, &[blank()]);
    machine.until_of(&blank(), synced(&world));
    let key = &FIXED["wpkh(".len()..FIXED.len() - 1];
    let together = |texts: &[String]| Import {
        descriptors: texts.iter().map(|text| DescriptorText::new(text)).collect(),
        active: None,
        ..import("")
    };
    let forms = [format!("pkh({key})"), format!("sh(wpkh({key}))"), FIXED.to_owned()];
    let mut wrong = forms.clone();
    wrong[2] = "wpkh(x)".to_owned();
    let told = imported(&mut machine, vec![together(&wrong)]);
    assert!(told.problems[0].is_some() && told.operation.is_none(), "{told:?}");
    assert_eq!(machine.engine.followers[&blank()].wallet.accounts().len(), 0);

    // Room for two more.
    let single = |number: u16| {
        let secret = [[1; 30].as_slice(), &number.to_be_bytes()].concat();
        let secret = SecretKey::from_slice(&secret).unwrap();
        import(&format!("pkh({})", secret.public_key(&SECP)))
    };
    let many = (1..).take(ACCOUNTS - 2).map(single).collect();
    assert!(imported(&mut machine, many).problems.iter().all(Option::is_none));
    until_ended(&mut machine);
    let told = imported(&mut machine, vec![together(&forms), together(&forms[..2])]);
    assert_eq!(told.problems, [Some(ImportProblem::TooMany { most: ACCOUNTS }), None]);
    until_ended(&mut machine);
    // Two of three are known now, but the third has no room.
    let told = imported(&mut machine, vec![together(&forms)]);
    assert_eq!(told.problems, [Some(ImportProblem::TooMany { most: ACCOUNTS })]);
    machine.engine.finish().unwrap();
    assert_eq!(home.wallet_of(&blank()).0.accounts().len(), ACCOUNTS);
}

/// Nobody else's account is taken in as if the wallet could spend it.
#[test]
fn what_is_derived_comes_from_the_wallets_own_keys() {
    let world = World::start();
    let home = paid(&world, "keys", true);
    let mut machine = Machine::start_with(&home, &[blank()]);
    machine.until_of(&blank(), synced(&world));
    let told = imported(&mut machine, private_imports("mine")[..1].to_vec());
    assert_eq!(told.problems, [None]);
    until_ended(&mut machine);
    let derived =
        |name: &str| Import { derived: true, ..import(&branch_text(name, Branch::Change)) };
    let told = imported(&mut machine, vec![derived("others"), derived("mine")]);
    assert_eq!(told.problems, [Some(ImportProblem::ForeignKey), None]);
}
