//! The production engine over loopback sockets, stopped dead before and after every step: what was
//! said must be on disk, and nothing may be paid twice.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use billfold_devnet::Devnet;
use bitcoin::hashes::Hash;
use bitcoin::{
    Address, Amount, FeeRate, KnownHrp, Network, ScriptBuf, Txid, WitnessProgram, WitnessVersion,
};
use tempfile::TempDir;

use super::*;
use crate::command::{Birthday, PayAmount, PayRequest, PaymentState, Recipient, Reply};
use crate::config::LookAhead;
use crate::keychain::{AccountId, DerivationIndex, ScriptType};
use crate::light_client::height::Height;
use crate::light_client::job;
use crate::net::clock::Clock;
use crate::seed::{Seed, Words};
use crate::signers::key_layer;
use crate::store::chain::ChainFile;
use crate::vault::{self, KdfCost, Keys, Password};
use crate::wallet::{Description, NewWallet};

/// When the process dies.
#[derive(Debug, Clone, Copy)]
enum Crash {
    /// Before this step is taken.
    Before(usize),
    /// After this step's commit, with nothing of it said or sent.
    Unsaid(usize),
}

#[test]
fn a_process_that_dies_at_any_step_loses_nothing_it_said_and_pays_once() {
    let world = World::start();
    let mut at = 0;
    loop {
        let mut died = false;
        for crash in [Crash::Before(at), Crash::Unsaid(at)] {
            let mut person = Person::new(&world, &format!("{crash:?}"));
            died |= person.live(Some(crash)).is_err();
            if died {
                person.check_memory();
                person.live(None).expect("no crash is planned");
            }
            person.check_end();
        }
        if !died {
            return;
        }
        at += 1;
    }
}

struct World {
    /// The network lives in it.
    _runtime: tokio::runtime::Runtime,
    devnet: Devnet,
}

impl World {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let devnet = {
            let _inside = runtime.enter();
            Devnet::start().unwrap()
        };
        devnet.fund_faucet();
        Self { _runtime: runtime, devnet }
    }
}

/// The process died.
#[derive(Debug)]
struct Died;

/// Someone who receives once and pays once, remembers what they were told, and asks again after a
/// crash.
struct Person<'a> {
    world: &'a World,
    dir: TempDir,
    stranger: Address,
    born: u32,
    was_paid: bool,
    mined: bool,
    memory: Memory,
}

/// What the person was told.
#[derive(Debug, Default)]
struct Memory {
    addresses: BTreeSet<Address>,
    known: BTreeSet<Txid>,
    has_money: bool,
    payment: Option<Txid>,
    confirmed: bool,
}

impl<'a> Person<'a> {
    fn new(world: &'a World, name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let born = world.devnet.tip().0;
        let seed = Seed::new(&Words::parse(WORDS).unwrap(), name);
        let account = AccountId { script_type: ScriptType::Taproot, number: DerivationIndex::ZERO };
        let keys =
            vault::create(&dir.path().join("key"), &password(), KdfCost::for_tests()).unwrap();
        let new = NewWallet {
            description: Description {
                network: Network::Regtest,
                name: "main".to_owned(),
                fingerprint: seed.fingerprint(),
                birthday: Birthday::Height(Height::new(born + 1)),
                preferred: ScriptType::Taproot,
                look_ahead: LookAhead { receive: 5, change: 5 },
            },
            accounts: vec![seed.account(account, Network::Regtest)],
            sealed_seed: key_layer::seal(&keys.seed, &seed).unwrap(),
        };
        Wallet::create(&dir.path().join("db"), &keys.file, &new).unwrap();
        let stranger = stranger(name);
        Self {
            world,
            dir,
            stranger,
            born,
            was_paid: false,
            mined: false,
            memory: Memory::default(),
        }
    }

    /// Runs a process until all is done, or until it dies.
    fn live(&mut self, crash: Option<Crash>) -> Result<(), Died> {
        let mut machine = Machine::start(self.dir.path(), &self.world.devnet);
        let mut asked = Some(machine.ask(Command::History));
        while !self.memory.confirmed {
            if asked.is_none() {
                asked = self.next_question().map(|command| machine.ask(command));
            }
            for event in machine.step(crash)? {
                if let Event::Replied { id, .. } = &event
                    && Some(*id) == asked
                {
                    asked = None;
                }
                if let Some(follow_up) = self.hear(event) {
                    asked = Some(machine.ask(follow_up));
                }
            }
            self.act();
        }
        machine.engine.finish().unwrap();
        Ok(())
    }

    fn next_question(&self) -> Option<Command> {
        if self.memory.addresses.is_empty() {
            return Some(Command::Receive { amount: None, note: None, fresh: false });
        }
        (self.memory.has_money && self.memory.payment.is_none()).then(|| {
            Command::Draft(PayRequest {
                recipients: vec![Recipient {
                    address: self.stranger.clone(),
                    amount: PayAmount::Exactly(Amount::from_sat(300_000)),
                }],
                fee_rate: FeeRate::from_sat_per_vb(2),
                coins: Vec::new(),
                account: None,
                note: None,
                idempotency_key: Some("rent".to_owned()),
                dry_run: false,
            })
        })
    }

    fn hear(&mut self, event: Event) -> Option<Command> {
        match event {
            Event::Replied { result, .. } => return self.hear_reply(result.unwrap()),
            Event::Transaction(change) => self.hear_state(change.txid, change.state),
            _ => {}
        }
        None
    }

    fn hear_reply(&mut self, reply: Reply) -> Option<Command> {
        match reply {
            Reply::Address(issued) => {
                self.memory.addresses.insert(issued.address);
            }
            Reply::History(rows) => {
                for row in rows {
                    self.hear_state(row.txid, row.state);
                }
            }
            Reply::Draft(draft) => return Some(Command::Sign(draft.id)),
            Reply::Payment(payment) => {
                let txid = payment.transaction.compute_txid();
                self.memory.payment = Some(txid);
                self.hear_state(txid, payment.state);
            }
            other => panic!("not asked for: {other:?}"),
        }
        None
    }

    fn hear_state(&mut self, txid: Txid, state: PaymentState) {
        self.memory.known.insert(txid);
        if matches!(state, PaymentState::Confirmed(_)) {
            self.memory.has_money = true;
            self.memory.confirmed |= Some(txid) == self.memory.payment;
        }
    }

    /// What goes on outside of the wallet.
    fn act(&mut self) {
        let devnet = &self.world.devnet;
        let address = self.memory.addresses.first();
        if let Some(address) = address.filter(|_| !self.was_paid) {
            devnet.pay(&address.script_pubkey(), Amount::from_sat(1_000_000)).unwrap();
            devnet.mine(1, &nobody());
            self.was_paid = true;
        }
        let waits = self.memory.payment.is_some_and(|txid| devnet.mempool().contains(&txid));
        if waits && !self.mined {
            devnet.mine(1, &nobody());
            self.mined = true;
        }
    }

    /// After a crash: what was said is on disk.
    fn check_memory(&self) {
        let (mut wallet, _) = open_wallet(self.dir.path());
        let history = wallet.history().unwrap();
        let stored: BTreeSet<Txid> = history.iter().map(|row| row.txid).collect();
        assert!(self.memory.known.is_subset(&stored), "{:?} {stored:?}", self.memory);
        let fresh = wallet.receive(None, None, true, Now::default().wall).unwrap().address;
        assert!(!self.memory.addresses.contains(&fresh), "an address was given out twice");
        wallet.abort().unwrap();
    }

    /// The stranger got the money once.
    fn check_end(&self) {
        let devnet = &self.world.devnet;
        let script = self.stranger.script_pubkey();
        let paid = (self.born + 1..=devnet.tip().0)
            .filter_map(|height| devnet.block_at(height))
            .flat_map(|block| block.txdata)
            .flat_map(|transaction| transaction.output)
            .filter(|output| output.script_pubkey == script)
            .count();
        assert_eq!(paid, 1);
        let (wallet, _) = open_wallet(self.dir.path());
        assert_eq!(wallet.history().unwrap().len(), 2);
    }
}

/// An engine with its sockets, one step at a time.
struct Machine {
    engine: Engine,
    clock: Clock,
    streams: Streams,
    happened: (Sender<ClientInput>, Receiver<ClientInput>),
    waiting: VecDeque<Input>,
    effects: Vec<Effect>,
    asked: u64,
    taken: usize,
}

impl Machine {
    fn start(dir: &Path, devnet: &Devnet) -> Self {
        let (wallet, keys) = open_wallet(dir);
        let chain = ChainFile::load(&dir.join("chain.db"), Network::Regtest).unwrap();
        let online = Online { chain, connect: vec![PeerAddress::Ip(devnet.address())] };
        let clock = Clock::start();
        let keys = KeyLayer::Unlocked(keys.seed);
        let (engine, effects) = Engine::online(wallet, keys, online, [7; 32], clock.now()).unwrap();
        Self {
            engine,
            clock,
            streams: Streams::default(),
            happened: channel(),
            waiting: VecDeque::new(),
            effects,
            asked: 0,
            taken: 0,
        }
    }

    fn ask(&mut self, command: Command) -> CommandId {
        self.asked += 1;
        let id = CommandId(self.asked);
        self.waiting.push_back(Input::Ask { id, command });
        id
    }

    /// Carries out what the last step brought, takes the next one, and tells what it said.
    fn step(&mut self, crash: Option<Crash>) -> Result<Vec<Event>, Died> {
        let mut said = Vec::new();
        for effect in std::mem::take(&mut self.effects) {
            said.extend(self.carry_out(effect));
        }
        if !said.is_empty() {
            return Ok(said);
        }
        let input = self.next_input();
        if matches!(crash, Some(Crash::Before(at)) if at == self.taken) {
            return Err(Died);
        }
        let effects = self.engine.step(self.clock.now(), input).unwrap();
        if matches!(crash, Some(Crash::Unsaid(at)) if at == self.taken) {
            return Err(Died);
        }
        self.taken += 1;
        self.effects = effects;
        Ok(said)
    }

    fn next_input(&mut self) -> Input {
        if let Some(input) = self.waiting.pop_front() {
            return input;
        }
        let wait = self.engine.deadline().map_or(Duration::MAX, |at| self.clock.until(at));
        match self.happened.1.recv_timeout(wait) {
            Ok(input) => Input::Network(input),
            Err(RecvTimeoutError::Timeout) => Input::Deadline,
            Err(RecvTimeoutError::Disconnected) => panic!("we hold a sender"),
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Tell(event) => return Some(event),
            Effect::Dial { peer, address: PeerAddress::Ip(address) } => {
                let stream = TcpStream::connect(address).unwrap();
                let (reader, report) = (stream.try_clone().unwrap(), self.happened.0.clone());
                self.streams.0.insert(peer, stream);
                report.send(ClientInput::Connected { peer }).unwrap();
                std::thread::spawn(move || read(peer, reader, &report));
            }
            Effect::Send { peer, bytes } => {
                // A peer that went away is heard of by its reader.
                let mut stream = &self.streams.0[&peer];
                let _ = stream.write_all(&bytes);
            }
            Effect::Close { peer, .. } => {
                let _ = self.streams.0[&peer].shutdown(Shutdown::Both);
            }
            Effect::Job { id, job } => {
                let result = job::run(&job);
                self.waiting.push_back(Input::Network(ClientInput::JobDone { id, result }));
            }
            Effect::Dial { .. } | Effect::Restart => panic!("not in this story"),
        }
        None
    }
}

/// Open sockets; they close with the machine.
#[derive(Default)]
struct Streams(HashMap<PeerId, TcpStream>);

impl Drop for Streams {
    fn drop(&mut self) {
        for stream in self.0.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn read(peer: PeerId, mut stream: TcpStream, report: &Sender<ClientInput>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let bytes = buffer[..count].to_vec();
        if report.send(ClientInput::Received { peer, bytes }).is_err() {
            return;
        }
    }
    let _ = report.send(ClientInput::Disconnected { peer });
}

fn open_wallet(dir: &Path) -> (Wallet, Keys) {
    let keys = vault::open(&dir.join("key"), &password()).unwrap();
    (Wallet::open(&dir.join("db"), &keys.file).unwrap(), keys)
}

/// An address that belongs to this name alone.
fn stranger(name: &str) -> Address {
    let program = sha256::Hash::hash(name.as_bytes()).to_byte_array();
    let program = WitnessProgram::new(WitnessVersion::V0, &program).unwrap();
    Address::from_witness_program(program, KnownHrp::Regtest)
}

/// Takes what blocks earn.
fn nobody() -> ScriptBuf {
    stranger("nobody").script_pubkey()
}

fn password() -> Password {
    Password::new("a password").unwrap()
}

/// BIP39's first test vector.
const WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";
