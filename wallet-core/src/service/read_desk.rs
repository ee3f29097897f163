//! Owns the thread that answers what only reads one wallet, from its last commit: so no reading
//! waits for a payment, a rescan or a block that the engine is at.
//!
//! Refuses an order of its own: questions are answered as they come.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use crate::command::Reading;
use crate::event::CommandId;
use crate::net::clock::Clock;
use crate::net::outlet::Outlet;
use crate::wallet::{Reader, Standing};
use crate::wallet_name::WalletName;

/// The thread; with this it ends, and the file is closed.
#[derive(Debug)]
pub(super) struct ReadDesk {
    /// `None` only while it is dropped.
    questions: Option<Sender<(CommandId, Reading)>>,
    thread: Option<JoinHandle<()>>,
}

impl ReadDesk {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives none.
    pub(super) fn start(
        wallet: WalletName,
        mut reader: Reader,
        outlet: Arc<Outlet>,
        clock: Clock,
    ) -> io::Result<Self> {
        let (questions, waiting) = mpsc::channel::<(CommandId, Reading)>();
        let answer_all = move || {
            for (id, reading) in waiting {
                // Before the snapshot: nothing that is said to be seen is missing in it.
                let (tip, applied) = (outlet.tip(), outlet.applied(&wallet));
                let standing = Standing { tip, applied, now: clock.now().wall };
                outlet.answer(id, reader.read(&reading, standing));
            }
        };
        let thread = thread::Builder::new().name("billfold-reads".to_owned()).spawn(answer_all)?;
        Ok(Self { questions: Some(questions), thread: Some(thread) })
    }

    /// Asks; whether somebody is there to answer.
    pub(super) fn put(&self, id: CommandId, reading: Reading) -> bool {
        self.questions.as_ref().is_some_and(|questions| questions.send((id, reading)).is_ok())
    }
}

impl Drop for ReadDesk {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}
