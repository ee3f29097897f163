//! Owns the signals that ask this program to end: Ctrl-C, and on Unix `SIGTERM` and `SIGHUP`.
//!
//! From the first moment on they are caught, so that a wallet is always closed and a terminal
//! always restored; a signal that comes while nobody waits for it is told to the next who does.

use std::future::Future;
use std::io;

use crate::failure::{Failure, Kind};

/// Catches the signals for as long as the program lives.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 3],
    #[cfg(windows)]
    signal: tokio::signal::windows::CtrlC,
}

impl Interrupt {
    /// Begins to catch; needs a running runtime.
    ///
    /// # Errors
    /// What the system said.
    #[cfg(unix)]
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ];
        Ok(Self { signals })
    }

    /// Begins to catch; needs a running runtime.
    ///
    /// # Errors
    /// What the system said.
    #[cfg(windows)]
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self { signal: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for the next signal. Dropping the future loses none.
    pub(crate) async fn came(&mut self) {
        #[cfg(unix)]
        {
            let [interrupt, terminate, hangup] = &mut self.signals;
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
        }
        #[cfg(windows)]
        self.signal.recv().await;
    }

    /// Waits to be asked to end, by any signal but `SIGHUP`, which tells a program without a terminal to
    /// look again at its files.
    pub(crate) async fn asked_to_end(&mut self, looks_again: impl Fn()) {
        #[cfg(unix)]
        {
            let [interrupt, terminate, hangup] = &mut self.signals;
            loop {
                tokio::select! {
                    _ = interrupt.recv() => return,
                    _ = terminate.recv() => return,
                    _ = hangup.recv() => looks_again(),
                }
            }
        }
        #[cfg(windows)]
        {
            let _ = looks_again;
            self.signal.recv().await;
        }
    }

    /// Waits for `work`, or fails when a signal comes first.
    ///
    /// # Errors
    /// `interrupted`.
    pub(crate) async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.came() => Err(Failure::new(Kind::Interrupted, "interrupted")),
            result = work => Ok(result),
        }
    }
}
