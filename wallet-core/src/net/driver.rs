//! Owns the loop: it waits for the next input or deadline, lets the engine take a step, and
//! carries its effects out. It runs on a thread of its own, so that a commit never holds up a
//! socket or a screen.
//!
//! Refuses to go on after the disk has refused what all need: the problem is told, then everything
//! ends.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use bitcoin::p2p::Magic;
use tokio::runtime::{Builder, Runtime};

use crate::command::{Command, CommandError, StoreProblem};
use crate::engine::{Effect, Engine, Input};
use crate::event::{CommandId, Event, News};
use crate::light_client::input::Input as ClientInput;
use crate::light_client::io::Io;
use crate::light_client::peer_id::PeerId;
use crate::limits::{CLOSE_TIME, SHARED_COMMIT};
use crate::net::clock::Clock;
use crate::net::connection::{Connection, Target};
use crate::net::dns::Resolver;
use crate::net::filter_keeper::FilterKeeper;
use crate::net::inbox::{Generation, Happening, Inbox, Intake, Message};
use crate::net::jobs::JobThreads;
use crate::net::outlet::Outlet;
use crate::net::route::Route;
use crate::store::filters::FilterStore;
use crate::wallet_name::WalletName;

/// An engine with its clock, its way in and out, and its network if it has one.
pub struct Driver {
    /// What is driven.
    pub engine: Engine,
    /// The clock that its first step was told.
    pub clock: Clock,
    /// What comes in.
    pub inbox: Intake,
    /// Where events go.
    pub outlet: Arc<Outlet>,
    /// What carries its effects out; `None` offline.
    pub network: Option<Network>,
    /// Hears which wallet was closed because its file refused; before anyone else.
    pub closed: Box<dyn Fn(&WalletName) + Send>,
}

impl Driver {
    /// Runs until it is told to stop or the disk refuses.
    pub fn run(mut self, first: Vec<Effect>) {
        self.note_standing();
        self.carry_out(first);
        let stopped = self.run_until_stopped();
        let Self { engine, mut inbox, outlet, network, .. } = self;
        let ended = stopped.and_then(|()| engine.finish());
        if let Some(network) = network {
            network.end();
        }
        if let Err(problem) = ended {
            tracing::error!(%problem, "stopped");
            let error = CommandError::Store(problem);
            outlet.fail(error.clone());
            outlet.push(&News { wallet: None, event: Event::Stopped { error } });
        }
        while let Some(message) = inbox.take_at_once() {
            if let Message::Ask(id, ..)
            | Message::AskChain(id, _)
            | Message::Load(id, _)
            | Message::Unload(id, _)
            | Message::Protect(id, ..) = message
            {
                outlet.answer(id, Err(outlet.closing()));
            }
        }
    }

    fn run_until_stopped(&mut self) -> Result<(), StoreProblem> {
        loop {
            let (input, permit) = match self.next_message() {
                None => (Input::Deadline, None),
                Some(Message::Stop) => return Ok(()),
                Some(Message::Ask(id, wallet, command)) => {
                    (self.together(wallet, (id, command)), None)
                }
                Some(Message::AskChain(id, query)) => (Input::AskChain { id, query }, None),
                Some(Message::Leave(id)) => (Input::Leave(id), None),
                Some(Message::Backup(wallet, backup)) => {
                    // Nobody may be there to take it any more.
                    let _ = backup.send(self.engine.backup(&wallet, self.clock.now().wall));
                    continue;
                }
                Some(Message::Load(id, opened)) => (Input::Load { id, opened }, None),
                Some(Message::Unload(id, wallet)) => (Input::Unload { id, wallet }, None),
                Some(Message::Unlock(wallet, key, lasts)) => {
                    (Input::Unlock { wallet, key, lasts }, None)
                }
                Some(Message::Protect(id, wallet, sealed, key)) => {
                    (Input::Protect { id, wallet, sealed, key }, None)
                }
                Some(Message::Happened(happening)) => {
                    let Some(network) = &mut self.network else { continue };
                    if !network.expects(&happening) {
                        continue;
                    }
                    (Input::Network(happening.input), happening.permit)
                }
            };
            self.step(input)?;
            drop(permit);
        }
    }

    /// A question with those that wait behind it, as far as they are of the same wallet and take
    /// little: their changes share one commit, which takes longer than any of them.
    fn together(&mut self, wallet: WalletName, first: (CommandId, Command)) -> Input {
        let mut questions = vec![first];
        while questions.len() < SHARED_COMMIT
            && questions.iter().all(|(_, command)| command.is_brief())
            && let Some((id, command)) = self.inbox.take_brief(&wallet)
        {
            questions.push((id, command));
        }
        Input::Ask { wallet, questions }
    }

    /// Waits for a message; `None`: the engine's deadline has come. One that has passed comes
    /// before whatever waits, so that a busy network can't hold it up. When no one can send any
    /// more, that is the end.
    fn next_message(&mut self) -> Option<Message> {
        let Some(deadline) = self.engine.deadline() else {
            return Some(self.inbox.take().unwrap_or(Message::Stop));
        };
        let wait = self.clock.until(deadline);
        if wait.is_zero() {
            return None;
        }
        match self.inbox.take_within(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Message::Stop),
        }
    }

    /// A command that the disk refused is answered, since the step itself could not.
    fn step(&mut self, input: Input) -> Result<(), StoreProblem> {
        let asked = input.questions();
        match self.engine.step(self.clock.now(), input) {
            Ok(effects) => {
                self.note_standing();
                self.carry_out(effects);
                Ok(())
            }
            Err(problem) => {
                for id in asked {
                    self.outlet.answer(id, Err(CommandError::Store(problem.clone())));
                }
                Err(problem)
            }
        }
    }

    /// Says where chain and wallets are, to those who read what is committed.
    fn note_standing(&self) {
        self.outlet.note_tip(self.engine.tip());
        self.outlet.note_applied(self.engine.applied());
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match (effect, &mut self.network) {
                (Effect::Tell(news), _) => {
                    if let News { wallet: Some(wallet), event: Event::Stopped { .. } } = &news {
                        (self.closed)(wallet);
                    }
                    self.outlet.push(&news);
                }
                (Effect::Answer { id, result }, _) => self.outlet.answer(id, result),
                (effect, Some(network)) => network.carry_out(effect),
                // Offline, the engine has no light client that could ask for more.
                (_, None) => {}
            }
        }
    }
}

/// Connections and jobs.
pub struct Network {
    /// Taken when it ends.
    runtime: Option<Runtime>,
    connections: HashMap<PeerId, Connection>,
    resolver: Resolver,
    magic: Magic,
    route: Route,
    jobs: JobThreads,
    /// `None`: no filters are kept.
    keeper: Option<FilterKeeper>,
    inbox: Inbox,
    generation: Generation,
}

impl Network {
    /// Starts the threads for sockets and jobs. Peers are those of the network
    /// with this magic, reached by `route`.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub fn start(inbox: Inbox, magic: Magic, route: Route) -> io::Result<Self> {
        let jobs = JobThreads::start()?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("billfold-net")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            connections: HashMap::new(),
            resolver: Resolver::new(),
            magic,
            route,
            jobs,
            keeper: None,
            inbox,
            generation: Generation::default(),
        })
    }

    /// Keeps filters in a store; what there is to say of it goes to `notes`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn keep_filters(&mut self, store: FilterStore, notes: Arc<Outlet>) -> io::Result<()> {
        self.keeper = Some(FilterKeeper::start(store, self.jobs.clone(), notes)?);
        Ok(())
    }

    /// Closes every connection and waits, for a bounded time, until the peers have what was sent
    /// to them: a payment that was called announced must not be lost on the way out.
    fn end(mut self) {
        let closing: Vec<_> =
            self.connections.drain().map(|(_, connection)| connection.close()).collect();
        if let Some(runtime) = self.runtime.take() {
            let closed = async {
                for task in closing {
                    // How it ended has been logged.
                    let _ = task.await;
                }
            };
            let _ = runtime.block_on(async { tokio::time::timeout(CLOSE_TIME, closed).await });
            runtime.shutdown_timeout(SHUTDOWN_TIME);
        }
    }

    /// Whether what happened is for the light client of now; lets go of our end of a connection
    /// that is gone.
    fn expects(&mut self, happening: &Happening) -> bool {
        let expected = happening.generation == self.generation;
        if let ClientInput::Disconnected { peer } | ClientInput::DialFailed { peer, .. } =
            &happening.input
            && expected
        {
            self.connections.remove(peer);
        }
        expected
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Io(io) => self.perform(io),
            Effect::Restart => {
                self.connections.clear();
                self.generation = self.generation.next();
            }
            Effect::Answer { .. } | Effect::Tell(_) => {}
        }
    }

    fn perform(&mut self, io: Io) {
        let reports = self.inbox.reports(self.generation);
        match io {
            Io::Dial { peer, address, wire, purpose } => {
                if let Some(runtime) = &self.runtime {
                    tracing::debug!(%peer, %address, %wire, %purpose, "dialling");
                    let (route, magic) = (self.route.clone(), self.magic);
                    let target = Target { address, route, wire, magic };
                    let connection = Connection::open(runtime.handle(), peer, target, reports);
                    self.connections.insert(peer, connection);
                }
            }
            Io::Resolve { id, name } => match &self.runtime {
                Some(runtime) if self.route.looks_names_up() => {
                    self.resolver.look_up(runtime.handle(), id, name, reports);
                }
                _ => reports.put(ClientInput::Resolved { id, addresses: Vec::new() }, None),
            },
            Io::Send { peer, bytes } => {
                let taken = self.connections.get(&peer).is_none_or(|c| c.send(bytes));
                if !taken {
                    self.connections.remove(&peer);
                }
            }
            Io::Close { peer, fault } => {
                if let Some(fault) = fault {
                    tracing::info!(%peer, %fault, "closing");
                }
                self.connections.remove(&peer);
            }
            Io::Job { id, job } => self.jobs.run(id, job, reports),
            Io::KeepFilters(filters) => {
                if let Some(keeper) = &self.keeper {
                    keeper.keep(filters);
                }
            }
            Io::ReadFilters { id, filters } => match &self.keeper {
                Some(keeper) => keeper.read(id, filters, reports),
                None => reports.put(ClientInput::FiltersRead { id, filters: Vec::new() }, None),
            },
        }
    }
}

/// A runtime must not be waited for inside another one, where a face may drop this.
impl Drop for Network {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How long the end waits for a look-up of a name that can't be interrupted.
const SHUTDOWN_TIME: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
