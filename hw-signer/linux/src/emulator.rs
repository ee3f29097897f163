//! Owns the emulator's port: TCP on loopback, one host at a time.
//!
//! Refuses to listen anywhere else: whoever reaches the port talks to the device.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::SyncSender;
use std::thread;

use crate::event::Event;
use crate::link::Link;
use crate::port::listen;

/// A port that listens.
#[derive(Debug)]
pub struct Emulator(TcpListener);

impl Emulator {
    /// Begins to listen.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback { address });
        }
        let failed = |source| ListenError::Bind { address, source };
        TcpListener::bind(address).map(Self).map_err(failed)
    }

    /// Takes hosts from now on.
    pub fn start(self, events: SyncSender<Event>) {
        thread::spawn(move || {
            for stream in self.0.incoming() {
                let Ok(stream) = stream else { continue };
                // A reply is one packet as soon as it is written.
                let ready = stream.set_nodelay(true).and_then(|()| stream.try_clone());
                if let Ok(writer) = ready {
                    // Whatever ended it, the next host is waited for.
                    drop(listen(stream, Link::new(writer), &events));
                }
            }
        });
    }
}

/// Why the emulator can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is not on loopback.
    #[error("{address} is not on loopback: use 127.0.0.1")]
    NotLoopback {
        /// Which.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}
