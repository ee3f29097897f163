//! Owns a talk with a signing device: it runs on a thread of its own, a person hears how it goes, and a
//! signal ends it.
//!
//! Refuses to leave a question on the device: a talk that is ended waits until it is taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use billfold_wallet_core::signer_host::place::Place;
use billfold_wallet_core::signer_host::watch::{Progress, Watch};
use billfold_wallet_core::signers::device;
use bitcoin::Psbt;
use tokio::sync::{oneshot, watch};

use crate::context::Context;
use crate::failure::{Failure, Kind};

/// Lets `work` talk with a device.
///
/// # Errors
/// What `work` failed with; `interrupted` when a signal came first.
pub(crate) async fn talk<T, E>(
    context: &mut Context,
    work: impl FnOnce(&mut dyn Watch) -> Result<T, E> + Send + 'static,
) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Send + 'static,
    Failure: From<E>,
{
    let over = Arc::new(AtomicBool::new(false));
    let (tell, mut told) = watch::channel(None);
    let (answer, mut answered) = oneshot::channel();
    let mut listener = Listener { over: Arc::clone(&over), tell };
    let talk = move || drop(answer.send(work(&mut listener)));
    let thread = thread::Builder::new().name("billfold-signer".to_owned()).spawn(talk);
    thread
        .map_err(|error| Failure::new(Kind::Io, format!("the system gives no thread: {error}")))?;
    loop {
        tokio::select! {
            biased;
            result = &mut answered => {
                return Ok(result.map_err(|_panicked| Failure::bug())??);
            }
            () = context.interrupt.came() => over.store(true, Ordering::Relaxed),
            Ok(()) = told.changed() => {
                let progress = told.borrow_and_update().clone();
                tell_person(context, progress);
            }
        }
    }
}

/// Has the device at a place sign a PSBT; what comes back is verified.
///
/// # Errors
/// Why the device did not sign, or what is wrong with what it gave back.
pub(crate) async fn signed(
    psbt: Psbt,
    place: Place,
    context: &mut Context,
) -> Result<Psbt, Failure> {
    let network = context.run.settings.network;
    talk(context, move |watch| {
        let expected = device::signers_of(&psbt);
        let mut device = device::open(&place, network, &expected, watch)?;
        device::sign(device.as_mut(), &psbt, watch)
    })
    .await
}

fn tell_person(context: &mut Context, progress: Option<Progress>) {
    match progress {
        Some(Progress::Compare(code)) => context
            .output
            .say(&format!("Agree on the signer only if it shows the same code: {code}")),
        Some(Progress::Waiting) => context.output.say("The signer waits for you: look at it."),
        Some(Progress::Received { part, of }) => {
            context.output.progress(|| format!("signed; {part} of {of} parts are here"));
        }
        None => {}
    }
}

/// What the thread tells, and how it learns that the talk is over.
struct Listener {
    over: Arc<AtomicBool>,
    tell: watch::Sender<Option<Progress>>,
}

impl Watch for Listener {
    fn progress(&mut self, progress: Progress) {
        // Nobody listens any more only when the program ends.
        let _ = self.tell.send(Some(progress));
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}
