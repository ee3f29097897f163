//! Owns the threads that run the light client's heavy, pure work: as many as the machine has
//! cores.
//!
//! Refuses order: results come back as they are done, each with its id.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::light_client::input::Input as ClientInput;
use crate::light_client::job::{self, Job, JobId};
use crate::net::inbox::Reports;

/// Threads that run jobs; they end when the last copy of this is dropped, after what was ordered.
#[derive(Debug, Clone)]
pub struct JobThreads {
    work: Sender<Work>,
}

type Work = Box<dyn FnOnce() + Send>;

impl JobThreads {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let (work, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name(format!("billfold-job-{number}"))
                .spawn(move || run_all(&waiting))?;
        }
        Ok(Self { work })
    }

    /// Runs a job when a thread is free, and reports its result.
    pub fn run(&self, id: JobId, job: Job, reports: Reports) {
        self.spawn(move || {
            reports.put(ClientInput::JobDone { id, result: job::run(&job) }, None);
        });
    }

    /// Does something when a thread is free.
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        // The threads outlive this value, so there is always one to take it.
        let _ = self.work.send(Box::new(work));
    }
}

fn run_all(waiting: &Mutex<Receiver<Work>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        work();
    }
}
