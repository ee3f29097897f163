//! Owns who listens to a daemon: news as they come, and its end.

use std::io;
use std::sync::Arc;

use billfold_wallet_core::command::CommandError;
use billfold_wallet_core::event::{Event, News};
use billfold_wallet_core::face::{BoxFuture, Listener};
use billfold_wallet_core::portable::question::Question;
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::connection::{Attached, Stream, Trouble, exchange};
use crate::server::frame;

/// Hears what a daemon tells.
pub(super) struct RemoteListener {
    ear: Ear,
    /// Bytes of which no news was made yet.
    received: Vec<u8>,
    closed: watch::Receiver<bool>,
}

enum Ear {
    Joining(JoinHandle<Option<Stream>>),
    Open(Stream),
    Closed,
}

impl RemoteListener {
    /// Begins to listen. Questions wait until it does.
    pub(super) fn begin(attached: &Arc<Attached>) -> Self {
        attached.joining.send_modify(|joining| *joining += 1);
        let daemon = Arc::clone(attached);
        let joining = tokio::spawn(async move {
            let _joined = Joined(&daemon);
            let mut stream = daemon.connect().await.ok()?;
            let begun: Result<(), Trouble> = exchange(&mut stream, &Question::Listen).await;
            begun.ok().map(|()| stream)
        });
        let closed = attached.closed.subscribe();
        Self { ear: Ear::Joining(joining), received: Vec::new(), closed }
    }

    /// The next news; `None` after the last. May be dropped at any point.
    async fn hear(&mut self) -> io::Result<Option<News>> {
        if let Ear::Joining(joining) = &mut self.ear {
            let stream = joining.await.ok().flatten();
            let lost = || io::Error::from(io::ErrorKind::NotConnected);
            self.ear = Ear::Open(stream.ok_or_else(lost)?);
        }
        let Ear::Open(stream) = &mut self.ear else { return Ok(None) };
        loop {
            if let Some(news) = frame::take(&mut self.received)? {
                return Ok(news);
            }
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Listener for RemoteListener {
    fn next(&mut self) -> BoxFuture<'_, Option<News>> {
        Box::pin(async {
            let mut closed = self.closed.clone();
            let heard = tokio::select! {
                _closed = closed.wait_for(|closed| *closed) => Ok(None),
                heard = self.hear() => heard,
            };
            match heard {
                Ok(Some(news)) => return Some(news),
                Ok(None) => self.ear = Ear::Closed,
                Err(_lost) => {
                    self.ear = Ear::Closed;
                    let event = Event::Stopped { error: CommandError::DaemonLost };
                    return Some(News { wallet: None, event });
                }
            }
            None
        })
    }
}

/// Counts a listener as one that hears, however its beginning ended.
struct Joined<'a>(&'a Attached);

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        self.0.joining.send_modify(|joining| *joining -= 1);
    }
}
