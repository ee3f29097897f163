//! Owns connections to a daemon's face: found at its socket, let in, asked one question after the
//! other.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use billfold_wallet_core::command::{CommandError, StoreProblem};
use billfold_wallet_core::founding::{CreateError, RestoreError};
use billfold_wallet_core::open_error::OpenError;
use billfold_wallet_core::passphrase::PassphraseError;
use billfold_wallet_core::portable::Portable;
use billfold_wallet_core::portable::question::Question;
use billfold_wallet_core::wallet_name::WalletName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
#[cfg(not(unix))]
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::limits::HEADER_BYTES;
use crate::server::face::{PROTOCOL, VERSION};
use crate::server::frame;

#[cfg(unix)]
pub(super) type Stream = UnixStream;
#[cfg(not(unix))]
pub(super) type Stream = TcpStream;

/// A daemon, and what this process has of it.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) socket: PathBuf,
    pub(super) version: String,
    /// How many listeners have not begun to hear yet: questions wait for them, so that no news of
    /// their answers is missed.
    pub(super) joining: watch::Sender<usize>,
    pub(super) closed: watch::Sender<bool>,
    /// The connections for which wallets are loaded.
    pub(super) loaded: Mutex<BTreeMap<WalletName, Stream>>,
}

/// Why a daemon that is there does not serve this program.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It is another version.
    #[error(
        "the daemon is version {daemon} of billfold, and this is {own}: use the same version, or stop \
         the daemon with billfold rpc stop"
    )]
    OtherVersion {
        /// The daemon's.
        daemon: String,
        /// This program's.
        own: String,
    },
    /// It runs for somebody else.
    #[error("the daemon at {} is another user's: ask as the user who started it", .0.display())]
    OtherUser(PathBuf),
    /// It has too much to do.
    #[error("the daemon has too many connections: ask again later")]
    Full,
    /// Something is there and says nothing that is understood.
    #[error("what listens at {} does not answer as a daemon does: stop it, or ask again", .0.display())]
    Silent(PathBuf),
}

/// Why there is no connection.
pub(super) enum ConnectError {
    Absent,
    Refused(AttachError),
}

impl Attached {
    pub(super) async fn connect(&self) -> Result<Stream, ConnectError> {
        let stream = match dial(&self.socket).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(ConnectError::Refused(AttachError::OtherUser(self.socket.clone())));
            }
            Err(_) => return Err(ConnectError::Absent),
        };
        let silent = || ConnectError::Refused(AttachError::Silent(self.socket.clone()));
        match timeout(HANDSHAKE, upgraded(stream, &self.version)).await {
            Ok(Ok((stream, head))) => self.judged(&head).map(|()| stream),
            // It ended between the two: nothing was asked.
            Ok(Err(error)) if is_end(&error) => Err(ConnectError::Absent),
            Ok(Err(_)) | Err(_) => Err(silent()),
        }
    }

    /// Whether the head of a response lets this program in.
    fn judged(&self, head: &str) -> Result<(), ConnectError> {
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let versions = lines.filter_map(|line| line.split_once(':'));
        let mut versions = versions.filter(|(name, _)| name.eq_ignore_ascii_case(VERSION));
        let mut other = || AttachError::OtherVersion {
            daemon: versions
                .next()
                .map_or("an older one", |(_, version)| version.trim())
                .to_owned(),
            own: self.version.clone(),
        };
        Err(ConnectError::Refused(match status {
            "101" => return Ok(()),
            "404" | "409" | "426" => other(),
            "403" => AttachError::OtherUser(self.socket.clone()),
            "503" => AttachError::Full,
            _ => AttachError::Silent(self.socket.clone()),
        }))
    }

    /// Asks over a connection of its own, which is given back with the answer.
    pub(super) async fn ask<T: Portable>(
        &self,
        question: &Question,
    ) -> Result<(T, Stream), Trouble> {
        // The sender is here, so it is not gone.
        let _ = self.joining.subscribe().wait_for(|joining| *joining == 0).await;
        let mut stream = self.connect().await.map_err(|error| match error {
            ConnectError::Refused(AttachError::Full) => Trouble::Busy,
            ConnectError::Absent | ConnectError::Refused(_) => Trouble::Closing,
        })?;
        let answer = exchange(&mut stream, question).await?;
        Ok((answer, stream))
    }
}

/// Why there is no answer.
pub(super) enum Trouble {
    /// Nothing was asked: nobody is there any more.
    Closing,
    /// Nothing was asked: too many do.
    Busy,
    /// It was asked, and the daemon went away.
    Lost,
}

impl From<Trouble> for CommandError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Closing => Self::Closing,
            Trouble::Busy => Self::Busy,
            Trouble::Lost => Self::DaemonLost,
        }
    }
}

impl From<Trouble> for StoreProblem {
    fn from(trouble: Trouble) -> Self {
        let what = CommandError::from(trouble).to_string();
        Self::Io { path: "the daemon".to_owned(), what }
    }
}

impl From<Trouble> for RestoreError {
    fn from(trouble: Trouble) -> Self {
        Self::Create(match trouble {
            Trouble::Closing | Trouble::Busy => CreateError::Closing,
            Trouble::Lost => CreateError::DaemonLost,
        })
    }
}

macro_rules! from_trouble {
    ($($error:ty),+) => { $(
        impl From<Trouble> for $error {
            fn from(trouble: Trouble) -> Self {
                match trouble {
                    Trouble::Closing | Trouble::Busy => Self::Closing,
                    Trouble::Lost => Self::DaemonLost,
                }
            }
        }
    )+ };
}

from_trouble!(OpenError, PassphraseError);

#[cfg(unix)]
async fn dial(socket: &Path) -> io::Result<Stream> {
    Stream::connect(socket).await
}

/// There are no sockets of this kind, so nobody is there.
#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "where there are sockets, it waits")]
async fn dial(_socket: &Path) -> io::Result<Stream> {
    Err(io::ErrorKind::NotFound.into())
}

/// Sends a question and reads its answer.
pub(super) async fn exchange<T: Portable>(
    stream: &mut Stream,
    question: &Question,
) -> Result<T, Trouble> {
    frame::write(stream, question).await.map_err(|_| Trouble::Lost)?;
    frame::read(stream).await.map_err(|_| Trouble::Lost)
}

/// Asks for the face, and reads the head of the response. Nothing follows it unasked.
async fn upgraded(mut stream: Stream, version: &str) -> io::Result<(Stream, String)> {
    let request = format!(
        "GET /face HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: {PROTOCOL}\r\n\
         {VERSION}: {version}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= HEADER_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok((stream, String::from_utf8_lossy(&head).into_owned()))
}

fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

/// How long a daemon may take to let a face in.
const HANDSHAKE: Duration = Duration::from_secs(10);
