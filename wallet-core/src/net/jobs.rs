//! Owns the threads that run the light client's heavy, pure work: as many as the machine has
//! cores.
//!
//! Refuses order: results come back as they are done, each with its id.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::light_client::input::Input as ClientInput;
use crate::light_client::job::{self, Job, JobId};
use crate::net::inbox::Inbox;

/// Threads that run jobs; they end when this is dropped, after the job at hand.
#[derive(Debug)]
pub struct JobThreads {
    jobs: Sender<(JobId, Job)>,
}

impl JobThreads {
    /// Starts the threads; results go to `inbox`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(inbox: &Inbox) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores {
            let (waiting, inbox) = (Arc::clone(&waiting), inbox.clone());
            thread::Builder::new()
                .name(format!("billfold-job-{number}"))
                .spawn(move || work(&waiting, &inbox))?;
        }
        Ok(Self { jobs })
    }

    /// Runs a job when a thread is free.
    pub fn run(&self, id: JobId, job: Job) {
        // The threads outlive this value, so there is always one to take it.
        let _ = self.jobs.send((id, job));
    }
}

fn work(waiting: &Mutex<Receiver<(JobId, Job)>>, inbox: &Inbox) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((id, job)) = next else { return };
        inbox.happened(ClientInput::JobDone { id, result: job::run(&job) }, None);
    }
}
