//! Owns how this program is stopped until a shell lets it go on, and how it hears of Ctrl-Z where the
//! terminal reads whole lines.
//!
//! Refuses to be stopped before the wallet is closed: while [`Stops`] is there, the terminal's own stop is
//! only heard of.

use std::io;

/// Ctrl-Z at a terminal that reads whole lines.
pub(super) struct Stops {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Stops {
    /// Begins to hear of it; from then on the terminal stops nothing by itself.
    ///
    /// # Errors
    /// What the system said.
    #[cfg(unix)]
    pub(super) fn hear() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signal = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
        Ok(Self { signal })
    }

    /// Windows knows no such stop.
    #[cfg(not(unix))]
    pub(super) fn hear() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one. Dropping the future loses none.
    pub(super) async fn came(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Stops this program, and whatever was started with it; returns when it goes on.
#[cfg(unix)]
pub(super) fn now() {
    // It stops as SIGTSTP does, which may be listened to; as there, the system does not do it where nobody
    // could let the program go on.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TTOU);
}

/// Windows knows no such stop.
#[cfg(not(unix))]
pub(super) const fn now() {}
