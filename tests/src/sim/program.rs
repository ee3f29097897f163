//! Owns the program in a world: the engine with what it asks of the world, from its start to its
//! sudden death.
//!
//! Refuses to hear what a run said after it died: only what was carried out was said.

use std::collections::BTreeSet;

use anyhow::{Context, Error, Result, bail, ensure};
use billfold_wallet_core::command::{Command, CommandError, PaymentState, Reply, StoreProblem};
use billfold_wallet_core::engine::{Effect, Engine, Input};
use billfold_wallet_core::event::{CommandId, Event};
use billfold_wallet_core::light_client::input::Input as ClientInput;
use billfold_wallet_core::light_client::io::Io;
use billfold_wallet_core::light_client::job;
use billfold_wallet_core::store::filters;
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::Txid;

use crate::doom::Blow;

use super::home::Before;
use super::world::{DEATH_EVERY, Happening, Run, World};

/// When the program dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// Before a step.
    Before,
    /// After a step's commit, with nothing of it said or sent.
    Unsaid,
    /// In the middle of a step's commit.
    Torn,
}

impl World {
    pub(super) fn start(&mut self) -> Result<()> {
        if !self.calm {
            self.disk.start()?;
        }
        let started = self.open();
        if self.suffer(started.as_ref().err())? {
            return Ok(());
        }
        self.carry_out(started?)
    }

    fn open(&mut self) -> Result<Vec<Effect>> {
        let now = self.now(self.time);
        let opened = self.home.filters().context("the store of filters")?;
        let online = self.home.online(&opened).context("the chain's file")?;
        let wallet = self.home.opened(now).context("the wallet's file")?;
        let seed = self.draw.seed();
        let (engine, effects) = Engine::online(vec![wallet], online, seed, now)?;
        let (began, open) = (self.time, BTreeSet::new());
        self.run = Some(Run { engine, began, filters: opened.store, keeps: true, open });
        Ok(effects)
    }

    pub(super) fn ask(&mut self, command: Command) -> Result<()> {
        self.asked += 1;
        let id = CommandId(self.asked);
        if let Some(run) = &mut self.run {
            run.open.insert(id);
        }
        self.step(Input::Ask { wallet: WalletName::default(), questions: vec![(id, command)] })
    }

    pub(super) fn step(&mut self, input: Input) -> Result<()> {
        let Some(began) = self.run.as_ref().map(|run| run.began) else { return Ok(()) };
        let now = self.now(began);
        let death = self.death();
        if death == Some(Death::Before) {
            return self.die(None);
        }
        let before = (death == Some(Death::Torn)).then(|| self.home.databases()).transpose()?;
        if !self.calm {
            self.disk.step()?;
        }
        let Some(run) = &mut self.run else { return Ok(()) };
        let stepped = run.engine.step(now, input).context("a step");
        self.report.steps += 1;
        if self.suffer(stepped.as_ref().err())? {
            return Ok(());
        }
        let effects = stepped?;
        if death.is_some() {
            return self.die(before.as_ref());
        }
        self.carry_out(effects)?;
        self.suffer(None).map(drop)
    }

    /// What befell the disk, and whether the program came to its end by that. It ends with what
    /// it was refused, and its files are closed; or the power goes, and nothing of it was said.
    fn suffer(&mut self, refused: Option<&Error>) -> Result<bool> {
        let Some((blow, how)) = self.disk.struck()? else { return Ok(false) };
        self.report.suffer(blow, how);
        if let Blow::Power(_) = blow {
            self.die(None)?;
            return Ok(true);
        }
        if let Some(error) = refused {
            let told = error.chain().find_map(|cause| cause.downcast_ref::<StoreProblem>());
            let full = matches!(blow, Blow::ShortWrite | Blow::Full);
            let right = told.is_none_or(|told| full == (*told == StoreProblem::Full));
            ensure!(right, "{blow:?} is told as {error:#}");
            self.run = None;
            self.disk.heal()?;
            self.leave();
            return Ok(true);
        }
        self.disk.heal()?;
        Ok(false)
    }

    fn death(&mut self) -> Option<Death> {
        if self.calm {
            return None;
        }
        self.doomed -= 1;
        (self.doomed == 0).then(|| {
            self.doomed = self.deaths.between(1, DEATH_EVERY);
            *self.deaths.one_of(&[Death::Before, Death::Unsaid, Death::Torn])
        })
    }

    fn die(&mut self, before: Option<&Before>) -> Result<()> {
        self.report.deaths += 1;
        // What is done here is not the program's.
        self.disk.heal()?;
        let torn = self.home.die(before.map(|before| (before, &mut self.deaths)))?;
        self.report.torn += u64::from(torn);
        self.run = None;
        self.leave();
        Ok(())
    }

    /// The program ends, and is started again some time.
    pub(super) fn close(&mut self) {
        self.run = None;
        self.leave();
    }

    /// The program is not there any more, and is started again some time.
    fn leave(&mut self) {
        self.epoch += 1;
        self.lines.clear();
        self.person.give_up();
        let wait = self.deaths.seconds(1, 600);
        self.later(wait, Happening::Start);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::Io(Io::Dial { peer, address, wire, .. }) => self.dial(peer, &address, wire),
                Effect::Io(Io::Resolve { id, .. }) => {
                    let addresses = Vec::new();
                    self.soon(ClientInput::Resolved { id, addresses });
                }
                Effect::Io(Io::Send { peer, bytes }) => {
                    self.note(&bytes);
                    if let Some(line) = self.lines.get_mut(&peer) {
                        let at = line.send(self.time, &mut self.draw).max(self.cut_until);
                        self.at(at, Happening::Bytes(self.epoch, peer, bytes));
                    }
                }
                Effect::Io(Io::Close { peer, .. }) => {
                    self.lines.remove(&peer);
                    self.soon(ClientInput::Disconnected { peer });
                }
                Effect::Io(Io::Job { id, job }) => {
                    let result = job::run(&job);
                    self.soon(ClientInput::JobDone { id, result });
                }
                Effect::Io(Io::KeepFilters(kept)) => {
                    // A disk that takes none is for nothing else to fail by.
                    if let Some(run) = self.run.as_mut().filter(|run| run.keeps) {
                        run.keeps = run.filters.keep(&kept).is_ok();
                    }
                }
                Effect::Io(Io::ReadFilters { id, filters }) => {
                    let Some(run) = &mut self.run else { continue };
                    let reading = filters::read(&run.filters.places(&filters));
                    if !reading.damaged.is_empty() {
                        // What stays in the index is found damaged again.
                        let _ = run.filters.forget(&reading.damaged);
                    }
                    let filters = reading.filters;
                    self.soon(ClientInput::FiltersRead { id, filters });
                }
                Effect::Restart => {
                    self.epoch += 1;
                    self.lines.clear();
                }
                Effect::Answer { id, result } => self.answer(id, result)?,
                Effect::Tell(news) => self.told(&news.event)?,
            }
        }
        Ok(())
    }

    /// One answer to one question, in the run in which it was asked.
    fn answer(&mut self, id: CommandId, result: Result<Reply, CommandError>) -> Result<()> {
        let was_open = self.run.as_mut().is_some_and(|run| run.open.remove(&id));
        ensure!(was_open, "{id:?} was answered twice, or never asked");
        self.note(format!("{result:?}").as_bytes());
        let follows = self.person.hear(result)?;
        let signed = self.person.wishes.iter().map(|wish| wish.signed.len()).sum::<usize>();
        self.report.payments = u64::try_from(signed)?;
        if let Some(command) = follows {
            self.at(self.time, Happening::Ask(self.epoch, Box::new(command)));
        }
        Ok(())
    }

    /// Nothing is told of a block that does not hold it.
    fn told(&mut self, event: &Event) -> Result<()> {
        if let Event::Transaction(change) = event {
            self.confirmed_in_its_block(change.txid, change.state)?;
        }
        if let Event::Stopped { error } = event {
            bail!("the engine stopped: {error}");
        }
        Ok(())
    }

    fn confirmed_in_its_block(&self, txid: Txid, state: PaymentState) -> Result<()> {
        if let PaymentState::Confirmed(block) = state {
            ensure!(self.ledger.holds(block.hash, txid), "{txid} is not in {block:?}");
        }
        Ok(())
    }
}
