//! Owns `Stop`, by which a daemon is asked to end, from within or from without.

use tokio::sync::watch;

/// A request to end that everybody can make and wait for.
#[derive(Debug, Clone)]
pub struct Stop {
    sender: watch::Sender<bool>,
}

impl Stop {
    /// Nobody asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: watch::channel(false).0 }
    }

    /// Asks the daemon to end.
    pub fn ask(&self) {
        self.sender.send_replace(true);
    }

    /// Waits until somebody asked.
    pub async fn asked(&self) {
        let mut receiver = self.sender.subscribe();
        // The sender lives as long as this does.
        let _ = receiver.wait_for(|asked| *asked).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
