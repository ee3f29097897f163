//! Owns a world: virtual time, nodes, the production engine over its own store, and somebody who
//! uses it. One thing happens at a time, in an order that the seed fixes.
//!
//! Refuses threads, sockets and the machine's clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Result, ensure};
use billfold_devnet::Devnet;
use billfold_wallet_core::command::Command;
use billfold_wallet_core::engine::{Engine, Input};
use billfold_wallet_core::event::CommandId;
use billfold_wallet_core::light_client::input::Input as ClientInput;
use billfold_wallet_core::light_client::peer_id::PeerId;
use billfold_wallet_core::light_client::time::{MonoTime, Now, WallTime};
use billfold_wallet_core::store::filters::FilterStore;
use bitcoin::ScriptBuf;

use super::disk::Disk;
use super::home::Home;
use super::host::{Host, Line};
use super::ledger::Ledger;
use super::person::Person;
use super::report::Report;
use super::vice::Vice;
use crate::draw::Draw;

/// Something that will happen.
#[derive(Debug)]
pub(super) enum Happening {
    /// Something reaches the light client of the run of this number.
    Input(u64, ClientInput),
    /// Bytes reach a node.
    Bytes(u64, PeerId, Vec<u8>),
    /// A face asks the run of this number.
    Ask(u64, Box<Command>),
    /// The program is started.
    Start,
    /// The network does something.
    Network,
    /// Somebody thinks of something.
    Person,
}

/// One run of the program.
pub(super) struct Run {
    pub(super) engine: Engine,
    pub(super) began: Duration,
    pub(super) filters: FilterStore,
    /// Whether the disk took all filters up to now.
    pub(super) keeps: bool,
    pub(super) open: BTreeSet<CommandId>,
}

/// A world.
pub(super) struct World {
    pub(super) time: Duration,
    /// How wrong the machine's clock is, in seconds.
    pub(super) skew: i64,
    pub(super) network: Devnet,
    /// A part that is cut off, with a chain of its own.
    pub(super) apart: Option<Devnet>,
    pub(super) hosts: Vec<Host>,
    pub(super) ledger: Ledger,
    pub(super) person: Person,
    pub(super) draw: Draw,
    pub(super) report: Report,
    pub(super) scripts: BTreeSet<ScriptBuf>,
    /// Whether anything bad still begins.
    pub(super) calm: bool,
    /// No message arrives before.
    pub(super) cut_until: Duration,
    pub(super) home: Home,
    pub(super) run: Option<Run>,
    /// The number of the run, or of its light client: what was meant for another is lost.
    pub(super) epoch: u64,
    pub(super) lines: BTreeMap<PeerId, Line>,
    queue: BTreeMap<(Duration, u64), Happening>,
    queued: u64,
    pub(super) asked: u64,
    pub(super) deaths: Draw,
    /// Steps until the next death.
    pub(super) doomed: u64,
    pub(super) disk: Disk,
}

impl World {
    /// The world of a seed: some nodes of which at least one is honest, a chain, an empty wallet.
    ///
    /// # Errors
    /// What the disk said.
    pub(super) fn new(seed: u64) -> Result<Self> {
        let (mut draw, mut deaths) = (Draw::of(seed, 0), Draw::of(seed, 1));
        let network = Devnet::unserved();
        network.set_time(BEGIN);
        network.fund_faucet();
        let count = u8::try_from(draw.between(1, 6))?;
        let vices = (0..count).map(|number| if number == 0 { Vice::None } else { any(&mut draw) });
        let vices: Vec<Vice> = vices.collect();
        let mut hosts: Vec<Host> =
            (0..).zip(vices).map(|(number, vice)| Host::new(number, vice, &mut draw)).collect();
        let middle = draw.place(hosts.len());
        hosts.swap(0, middle);
        let connect = hosts.iter().map(|host| host.address.clone()).collect();
        let birthday = u32::try_from(draw.between(1, u64::from(network.tip().0) + 1))?;
        let home = Home::new(&format!("world {seed}"), birthday, connect)?;
        let vices = hosts.iter().filter(|host| host.vice != Vice::None).count();
        let report = Report { vices: u64::try_from(vices)?, ..Report::default() };
        let (scripts, doomed) = (home.scripts(), deaths.between(1, DEATH_EVERY));
        let mut world = Self {
            time: Duration::ZERO,
            skew: 0,
            network,
            apart: None,
            hosts,
            ledger: Ledger::default(),
            person: Person::default(),
            draw,
            report,
            scripts,
            calm: false,
            cut_until: Duration::ZERO,
            home,
            run: None,
            epoch: 0,
            lines: BTreeMap::new(),
            queue: BTreeMap::new(),
            queued: 0,
            asked: 0,
            deaths,
            doomed,
            disk: Disk::of(seed)?,
        };
        world.ledger.learn(&world.network);
        for happening in [Happening::Start, Happening::Network, Happening::Person] {
            world.later(Duration::ZERO, happening);
        }
        Ok(world)
    }

    /// The program never dies, and its disk stays good.
    pub(super) fn spare(&mut self) {
        self.doomed = u64::MAX;
        self.disk.spare();
    }

    /// Lets time pass up to this moment.
    ///
    /// # Errors
    /// What must not be.
    pub(super) fn live_until(&mut self, end: Duration) -> Result<()> {
        loop {
            let due = self.run.as_ref().and_then(|run| {
                run.engine.deadline().map(|at| run.began.saturating_add(at.since_start()))
            });
            let next = self.queue.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = due.into_iter().chain(next).min().filter(|at| *at < end) else {
                self.pass(end);
                return Ok(());
            };
            self.pass(at.max(self.time));
            if next.is_some_and(|next| due.is_none_or(|due| next <= due)) {
                let Some((_, happening)) = self.queue.pop_first() else { continue };
                self.happen(happening)?;
            } else {
                self.step(Input::Deadline)?;
            }
        }
    }

    /// Asks the wallet, once it runs, and lets time pass until it answered.
    ///
    /// # Errors
    /// What must not be, or that it does not answer.
    pub(super) fn look(&mut self, coins: bool) -> Result<()> {
        let last = self.time + PATIENCE;
        while self.run.is_none() || self.person.waits() {
            ensure!(self.time < last, "the wallet does not run, or does not answer");
            self.live_until(self.time + Duration::from_secs(1))?;
        }
        let command = self.person.look(coins);
        self.ask(command)?;
        ensure!(!self.person.waits(), "a question is not answered in its step");
        Ok(())
    }

    /// The height of the block to which the wallet follows the chain, if it runs.
    #[must_use]
    pub(super) fn height(&self) -> Option<u32> {
        self.run.as_ref().map(|run| run.engine.tip().to_u32())
    }

    fn pass(&mut self, to: Duration) {
        self.time = to;
        self.report.time = to;
        let seconds = u32::try_from(to.as_secs()).unwrap_or(u32::MAX);
        self.network.set_time(BEGIN.saturating_add(seconds));
    }

    fn happen(&mut self, happening: Happening) -> Result<()> {
        match happening {
            Happening::Input(epoch, input) if epoch == self.epoch => {
                if let ClientInput::Disconnected { peer } = &input {
                    self.lines.remove(peer);
                }
                self.step(Input::Network(input))
            }
            Happening::Bytes(epoch, peer, bytes) if epoch == self.epoch => {
                self.reach(peer, &bytes);
                Ok(())
            }
            Happening::Ask(epoch, command) if epoch == self.epoch => self.ask(*command),
            Happening::Input(..) | Happening::Bytes(..) | Happening::Ask(..) => Ok(()),
            Happening::Start => self.start(),
            Happening::Network => {
                if !self.calm {
                    self.act();
                    self.spread();
                    let wait = self.draw.seconds(20, 1_200);
                    self.later(wait, Happening::Network);
                }
                Ok(())
            }
            Happening::Person => {
                if self.calm {
                    return Ok(());
                }
                let wait = self.draw.seconds(5, 300);
                self.later(wait, Happening::Person);
                if self.run.is_none() {
                    return Ok(());
                }
                match self.person.ask(&mut self.draw) {
                    Some(command) => self.ask(command),
                    None => Ok(()),
                }
            }
        }
    }

    pub(super) fn now(&self, began: Duration) -> Now {
        let wall = u64::from(BEGIN) + self.time.as_secs();
        let wall = WallTime::new(wall.saturating_add_signed(self.skew));
        Now { mono: MonoTime::new(self.time.saturating_sub(began)), wall }
    }

    pub(super) fn soon(&mut self, input: ClientInput) {
        let wait = self.draw.millis(0, 40);
        self.input(self.time + wait, input);
    }

    /// Something reaches the light client of this run at that time.
    pub(super) fn input(&mut self, at: Duration, input: ClientInput) {
        self.at(at, Happening::Input(self.epoch, input));
    }

    pub(super) fn later(&mut self, wait: Duration, happening: Happening) {
        self.at(self.time + wait, happening);
    }

    pub(super) fn at(&mut self, at: Duration, happening: Happening) {
        self.queued += 1;
        self.queue.insert((at, self.queued), happening);
    }

    /// FNV-1a, over all that was said in order.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let mixed = (self.report.trace ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            self.report.trace = mixed;
        }
    }
}

fn any(draw: &mut Draw) -> Vice {
    if draw.once_in(3) { Vice::None } else { Vice::draw(draw) }
}

/// When a world begins, in Unix seconds.
const BEGIN: u32 = 1_800_000_000;

/// Steps between two deaths, at most.
pub(super) const DEATH_EVERY: u64 = 900;

/// For an answer.
const PATIENCE: Duration = Duration::from_secs(3_600);
