//! Owns what the runtime does besides asking wallets: it talks with signing devices on threads of
//! their own, reads and writes files that a person names, waits, and plays in a demonstration.
//!
//! Refuses to leave a question on a device: when the screens end, it is taken back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signer_host::watch::{Progress, Watch};
use bitcoin::Network;
use tokio::sync::mpsc::UnboundedSender;

use crate::checkup::Machine;
use crate::device::{DeviceFailure, DeviceQuestion};
use crate::effect::{Answer, Effect, Ticket};
use crate::play::{Button, Playground, Wish};
use crate::runtime::Around;

/// What is under way.
pub(super) struct Errands {
    place: Place,
    machine: Arc<dyn Machine>,
    playground: Option<Arc<dyn Playground>>,
    answers: UnboundedSender<(Ticket, Answer)>,
    /// Talks with devices, which end when theirs is set.
    talks: BTreeMap<Ticket, Arc<AtomicBool>>,
}

impl Errands {
    /// Nothing is under way.
    pub(super) fn new(around: Around, answers: UnboundedSender<(Ticket, Answer)>) -> Self {
        let Around { signer: place, machine, playground, .. } = around;
        Self { place, machine, playground, answers, talks: BTreeMap::new() }
    }

    /// Carries out what is none of wallets; what is the terminal's comes back.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Device { ticket, network, question } => self.ask(ticket, network, *question),
            Effect::HangUp(ticket) => self.hang_up(ticket),
            Effect::Wake { ticket, after } => self.wake(ticket, after),
            Effect::Read { ticket, path, most } => self.read(ticket, path, most),
            Effect::Write { ticket, path, bytes } => self.write(ticket, path, bytes),
            Effect::Checks { ticket } => {
                self.look(ticket, |machine| Answer::Checks(machine.checks()));
            }
            Effect::Settings { ticket } => {
                self.look(ticket, |machine| Answer::Settings(machine.settings()));
            }
            Effect::Press(button) => self.press(button),
            Effect::Wish { ticket, wish } => self.wish(ticket, wish),
            other => return Some(other),
        }
        None
    }

    /// Asks a device.
    fn ask(&mut self, ticket: Ticket, network: Network, question: DeviceQuestion) {
        self.talks.retain(|_, over| Arc::strong_count(over) > 1);
        let over = Arc::new(AtomicBool::new(false));
        self.talks.insert(ticket, Arc::clone(&over));
        let (place, answers) = (self.place.clone(), self.answers.clone());
        tokio::spawn(async move {
            let mut listener = Listener { ticket, over, answers: answers.clone() };
            let talk = move || question.ask(&place, network, &mut listener);
            let talked = tokio::task::spawn_blocking(talk).await;
            let answer = talked.unwrap_or(Err(DeviceFailure::Fault));
            // Nobody may be there for the answer any more.
            let _ = answers.send((ticket, Answer::Device(Box::new(answer))));
        });
    }

    /// Takes back what a device was asked.
    fn hang_up(&self, ticket: Ticket) {
        if let Some(over) = self.talks.get(&ticket) {
            over.store(true, Ordering::Relaxed);
        }
    }

    /// Waits.
    fn wake(&self, ticket: Ticket, after: Duration) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let _ = answers.send((ticket, Answer::Woken));
        });
    }

    /// Reads a file of at most so many bytes.
    fn read(&self, ticket: Ticket, path: String, most: usize) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let reading = tokio::task::spawn_blocking(move || content(&path, most)).await;
            let content = reading.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
            let _ =
                answers.send((ticket, Answer::Read(content.map_err(|error| error.to_string()))));
        });
    }

    /// Writes a file that is not there yet.
    fn write(&self, ticket: Ticket, path: String, bytes: Vec<u8>) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let writing = tokio::task::spawn_blocking(move || written(&path, &bytes)).await;
            let written = writing.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
            let _ =
                answers.send((ticket, Answer::Written(written.map_err(|error| error.to_string()))));
        });
    }

    /// Looks at the machine; it may touch the disk.
    fn look(&self, ticket: Ticket, look: fn(&dyn Machine) -> Answer) {
        let (machine, answers) = (Arc::clone(&self.machine), self.answers.clone());
        tokio::task::spawn_blocking(move || {
            // Nobody may be there for the answer any more.
            let _ = answers.send((ticket, look(&*machine)));
        });
    }

    /// Presses a button of the signer on the desk.
    fn press(&self, button: Button) {
        if let Some(playground) = &self.playground {
            playground.press(button);
        }
    }

    /// Has something done in the demonstration.
    fn wish(&self, ticket: Ticket, wish: Wish) {
        let Some(playground) = self.playground.clone() else { return };
        let answers = self.answers.clone();
        tokio::spawn(async move {
            let granted = playground.wish(wish).await;
            let _ = answers.send((ticket, Answer::Granted(granted)));
        });
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        for over in self.talks.values() {
            over.store(true, Ordering::Relaxed);
        }
    }
}

fn content(path: &str, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(at_home(path))?.take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other("it is longer than any such file"));
    }
    Ok(bytes)
}

/// Where it was written: whom one pays is nobody else's matter, so only the owner may read it.
fn written(path: &str, bytes: &[u8]) -> io::Result<String> {
    let path = at_home(path);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(path.display().to_string())
}

/// A path as a shell reads it, where it begins at home.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Hears how a talk with a device goes.
struct Listener {
    ticket: Ticket,
    over: Arc<AtomicBool>,
    answers: UnboundedSender<(Ticket, Answer)>,
}

impl Watch for Listener {
    fn progress(&mut self, progress: Progress) {
        let _ = self.answers.send((self.ticket, Answer::Progress(progress)));
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}
