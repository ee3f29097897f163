//! Owns where the server listens: a TCP port of this machine, or a Unix socket of its owner.
//!
//! Refuses addresses that other machines can reach.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

use crate::origin::Origin;

/// A place to listen at. A socket's file is removed when this is dropped.
#[derive(Debug)]
pub struct Listener(Place);

#[derive(Debug)]
enum Place {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        path: PathBuf,
        owner: u32,
    },
}

/// Why nobody can listen there.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Others could reach it, and nothing is encrypted.
    #[error(
        "{0} can be reached from other machines, and JSON-RPC is not encrypted: use 127.0.0.1, and \
         a tunnel such as SSH from elsewhere"
    )]
    NotLoopback(SocketAddr),
    /// Somebody listens there already.
    #[error("{0} is in use already: choose another port with --rpc-port")]
    Taken(SocketAddr),
    /// The system refused.
    #[error("nobody can listen at {place}: {source}")]
    Refused {
        /// Where.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Listener {
    /// Listens on a port of this machine; 0 for any.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub async fn tcp(address: SocketAddr) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback(address));
        }
        match TcpListener::bind(address).await {
            Ok(listener) => Ok(Self(Place::Tcp(listener))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                Err(ListenError::Taken(address))
            }
            Err(source) => Err(ListenError::Refused { place: address.to_string(), source }),
        }
    }

    /// Listens on a socket that only its owner can reach, in the place of one that is left over.
    /// Whoever calls holds the directory's lock, so nobody listens there.
    ///
    /// # Errors
    /// See [`ListenError`].
    #[cfg(unix)]
    pub fn unix(path: PathBuf) -> Result<Self, ListenError> {
        use std::os::unix::fs::MetadataExt as _;
        let refused = |source| ListenError::Refused { place: path.display().to_string(), source };
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
        let listener = private(&path).map_err(refused)?;
        let owner = std::fs::metadata(&path).map_err(refused)?.uid();
        Ok(Self(Place::Unix { listener, path, owner }))
    }

    /// The address of a TCP port.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Place::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Place::Unix { .. } => None,
        }
    }

    /// The user of the system whose socket it is.
    pub(super) const fn owner(&self) -> Option<u32> {
        match &self.0 {
            Place::Tcp(_) => None,
            #[cfg(unix)]
            Place::Unix { owner, .. } => Some(*owner),
        }
    }

    /// The next connection, and where it came from.
    pub(super) async fn accept(&self) -> (Pin<Box<dyn Stream>>, Origin) {
        loop {
            let accepted: io::Result<(Pin<Box<dyn Stream>>, Origin)> = match &self.0 {
                Place::Tcp(listener) => listener.accept().await.map(|(stream, from)| {
                    // Replies are whole: waiting for more to send only delays them.
                    let _ = stream.set_nodelay(true);
                    (Box::pin(stream) as _, Origin::Network(from.ip()))
                }),
                #[cfg(unix)]
                Place::Unix { listener, .. } => listener.accept().await.map(|(stream, _)| {
                    let user = stream.peer_cred().ok().map(|credentials| credentials.uid());
                    (Box::pin(stream) as _, Origin::Socket(user))
                }),
            };
            match accepted {
                Ok(connection) => return connection,
                // No descriptors are left, for example: others end, and then there are some.
                Err(_) => tokio::time::sleep(RETRY).await,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Place::Unix { path, .. } = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Bound under a name that nobody knows yet in a directory that only the owner can enter, then
/// moved: at no moment can others connect.
#[cfg(unix)]
fn private(path: &std::path::Path) -> io::Result<UnixListener> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    let hidden = path.with_extension("d");
    match fs::remove_dir_all(&hidden) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::DirBuilder::new().mode(0o700).create(&hidden)?;
    let bound = hidden.join("s");
    let listener = UnixListener::bind(&bound)?;
    fs::set_permissions(&bound, Permissions::from_mode(0o600))?;
    fs::rename(&bound, path)?;
    fs::remove_dir(&hidden)?;
    Ok(listener)
}

/// How long to wait after the system gave no connection.
const RETRY: Duration = Duration::from_millis(100);
