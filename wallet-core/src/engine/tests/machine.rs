//! An engine with its sockets, as a driver runs it, but one step at a time.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::home::{Home, main};
use crate::command::{Command, CommandError, Reply, StoreProblem};
use crate::engine::{Effect, Engine, Input};
use crate::event::{CommandId, Event, News};
use crate::light_client::dial::{DialProblem, Wire};
use crate::light_client::input::Input as ClientInput;
use crate::light_client::io::Io;
use crate::light_client::job;
use crate::light_client::peer_id::{PeerAddress, PeerId};
use crate::net::clock::Clock;
use crate::store::filters::{self, FilterStore};
use crate::wallet_name::WalletName;

/// When the process dies.
#[derive(Debug, Clone, Copy)]
pub(super) enum Crash {
    /// Before this step is taken.
    Before(usize),
    /// After this step's commit, with nothing of it said or sent.
    Unsaid(usize),
}

/// What a question came to.
pub(super) type Answer = Result<Reply, CommandError>;

/// The process died.
#[derive(Debug)]
pub(super) struct Died;

/// An engine with its sockets, one step at a time.
pub(super) struct Machine {
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    streams: Streams,
    happened: (Sender<ClientInput>, Receiver<ClientInput>),
    waiting: VecDeque<Input>,
    effects: Vec<Effect>,
    asked: u64,
    answers: Vec<(CommandId, Answer)>,
    taken: usize,
    store: Option<FilterStore>,
    /// Filters that came out of the store.
    pub(super) filters_read: usize,
    /// Questions to the store that wait, if the disk is slow.
    held: Option<Vec<Input>>,
    /// How long nothing has happened.
    waited: Duration,
}

impl Machine {
    pub(super) fn start(home: &Home) -> Self {
        Self::start_with(home, &[main()])
    }

    /// The same with other wallets of the home, or none.
    pub(super) fn start_with(home: &Home, wallets: &[WalletName]) -> Self {
        let clock = Clock::start();
        let wallets = wallets.iter().map(|name| home.opened(name, clock.now())).collect();
        let (engine, effects) =
            Engine::online(wallets, home.online(), [7; 32], clock.now()).unwrap();
        Self {
            engine,
            clock,
            streams: Streams::default(),
            happened: channel(),
            waiting: VecDeque::new(),
            effects,
            asked: 0,
            answers: Vec::new(),
            taken: 0,
            store: home.filters().map(|opened| opened.store),
            filters_read: 0,
            held: None,
            waited: Duration::ZERO,
        }
    }

    pub(super) fn ask(&mut self, command: Command) -> CommandId {
        self.ask_wallet(&main(), command)
    }

    pub(super) fn ask_wallet(&mut self, wallet: &WalletName, command: Command) -> CommandId {
        let id = self.next_id();
        self.waiting
            .push_back(Input::Ask { wallet: wallet.clone(), questions: vec![(id, command)] });
        id
    }

    /// Opens a wallet of the home beside the others.
    pub(super) fn load(&mut self, home: &Home, wallet: &WalletName) {
        let (id, opened) = (self.next_id(), home.opened(wallet, self.clock.now()));
        self.waiting.push_back(Input::Load { id, opened: Box::new(opened) });
    }

    /// Closes a wallet.
    pub(super) fn unload(&mut self, wallet: &WalletName) {
        let id = self.next_id();
        self.waiting.push_back(Input::Unload { id, wallet: wallet.clone() });
    }

    fn next_id(&mut self) -> CommandId {
        self.asked += 1;
        CommandId(self.asked)
    }

    /// From here on the disk reads no filters.
    pub(super) fn hold_reads(&mut self) {
        self.held = Some(Vec::new());
    }

    /// It has read them.
    pub(super) fn release_reads(&mut self) {
        self.waiting.extend(self.held.take().unwrap());
    }

    /// As [`step_told`](Self::step_told), whichever wallet it is of.
    pub(super) fn step(&mut self, crash: Option<Crash>) -> Result<Vec<Event>, Died> {
        Ok(self.step_told(crash)?.into_iter().map(|news| news.event).collect())
    }

    /// Carries out what the last step brought, takes the next one, and tells what it said.
    pub(super) fn step_told(&mut self, crash: Option<Crash>) -> Result<Vec<News>, Died> {
        let mut said = Vec::new();
        let answered = self.answers.len();
        for effect in std::mem::take(&mut self.effects) {
            said.extend(self.carry_out(effect));
        }
        if !said.is_empty() || self.answers.len() > answered {
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

    /// Takes steps until something is said that is as wanted.
    pub(super) fn until(&mut self, mut wanted: impl FnMut(&Event) -> bool) {
        while !self.step(None).unwrap().iter().any(&mut wanted) {}
    }

    /// The same of one wallet.
    pub(super) fn until_of(&mut self, wallet: &WalletName, wanted: impl Fn(&Event) -> bool) {
        let wanted = |news: &News| news.wallet.as_ref() == Some(wallet) && wanted(&news.event);
        while !self.step_told(None).unwrap().iter().any(wanted) {}
    }

    /// Takes steps until something is answered.
    pub(super) fn until_answered(&mut self) -> Vec<(CommandId, Answer)> {
        while self.answers.is_empty() {
            self.step(None).unwrap();
        }
        self.take_answers()
    }

    /// The answer to a command, taken steps for.
    pub(super) fn answer(&mut self, command: Command) -> Answer {
        self.answer_of(&main(), command)
    }

    /// The same of a wallet beside the first.
    pub(super) fn answer_of(&mut self, wallet: &WalletName, command: Command) -> Answer {
        self.ask_wallet(wallet, command);
        self.until_answered().pop().unwrap().1
    }

    /// What was answered since the last time.
    pub(super) fn take_answers(&mut self) -> Vec<(CommandId, Answer)> {
        std::mem::take(&mut self.answers)
    }

    /// Takes steps until the disk refuses; what was said meanwhile.
    pub(super) fn until_refused(&mut self) -> (StoreProblem, Vec<Event>) {
        let mut said = Vec::new();
        loop {
            for effect in std::mem::take(&mut self.effects) {
                said.extend(self.carry_out(effect).map(|news| news.event));
            }
            let input = self.next_input();
            match self.engine.step(self.clock.now(), input) {
                Ok(effects) => self.effects = effects,
                Err(problem) => return (problem, said),
            }
        }
    }

    fn next_input(&mut self) -> Input {
        if let Some(input) = self.waiting.pop_front() {
            return input;
        }
        let wait = self.engine.deadline().map_or(Duration::MAX, |at| self.clock.until(at));
        match self.happened.1.recv_timeout(wait) {
            Ok(input) => {
                self.waited = Duration::ZERO;
                Input::Network(input)
            }
            Err(RecvTimeoutError::Timeout) => {
                // Not a measure: a test that waits for what never comes should end, however busy
                // the machine is.
                self.waited = self.waited.saturating_add(wait);
                assert!(self.waited < Duration::from_secs(60), "waited in vain");
                Input::Deadline
            }
            Err(RecvTimeoutError::Disconnected) => panic!("we hold a sender"),
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<News> {
        match effect {
            Effect::Tell(news) => return Some(news),
            Effect::Answer { id, result } => self.answers.push((id, result)),
            Effect::Io(Io::Dial { peer, wire: Wire::V2, .. }) => {
                let why = DialProblem::NoV2;
                self.waiting.push_back(Input::Network(ClientInput::DialFailed { peer, why }));
            }
            Effect::Io(Io::Dial { peer, address: PeerAddress::Ip(address), .. }) => {
                let stream = TcpStream::connect(address).unwrap();
                let (reader, report) = (stream.try_clone().unwrap(), self.happened.0.clone());
                self.streams.0.insert(peer, stream);
                report.send(ClientInput::Connected { peer }).unwrap();
                std::thread::spawn(move || read(peer, reader, &report));
            }
            Effect::Io(Io::Send { peer, bytes }) => {
                // A peer that went away is heard of by its reader.
                let mut stream = &self.streams.0[&peer];
                let _ = stream.write_all(&bytes);
            }
            Effect::Io(Io::Close { peer, .. }) => {
                let _ = self.streams.0[&peer].shutdown(Shutdown::Both);
            }
            Effect::Io(Io::Job { id, job }) => {
                let result = job::run(&job);
                self.waiting.push_back(Input::Network(ClientInput::JobDone { id, result }));
            }
            Effect::Io(Io::KeepFilters(filters)) => {
                if let Some(store) = &mut self.store {
                    store.keep(&filters).unwrap();
                }
            }
            Effect::Io(Io::ReadFilters { id, filters }) => {
                let store = self.store.as_ref().expect("the light client was told of none");
                let filters = filters::read(&store.places(&filters)).filters;
                self.filters_read += filters.len();
                let input = Input::Network(ClientInput::FiltersRead { id, filters });
                match &mut self.held {
                    Some(held) => held.push(input),
                    None => self.waiting.push_back(input),
                }
            }
            Effect::Io(Io::Dial { .. } | Io::Resolve { .. }) | Effect::Restart => {
                panic!("not in this story")
            }
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
