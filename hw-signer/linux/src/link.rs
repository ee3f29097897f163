//! Owns `Link`: the way to a host, written to by a thread of its own.
//!
//! A host that stops reading must not stop the device. Refuses more replies than wait anyway.

use std::fs::File;
use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// Writes replies to one host.
#[derive(Debug)]
pub struct Link(SyncSender<Vec<u8>>);

impl Link {
    /// A link that writes to `port`.
    pub fn new(mut port: impl Write + Send + 'static) -> Self {
        let (sender, replies) = sync_channel::<Vec<u8>>(REPLIES);
        thread::spawn(move || {
            while let Ok(reply) = replies.recv() {
                // One reply is one write: hosts take a pause for its end.
                if port.write_all(&reply).and_then(|()| port.flush()).is_err() {
                    return;
                }
            }
        });
        Self(sender)
    }

    /// Sends a reply. A host that does not read loses it.
    pub fn send(&self, reply: Vec<u8>) {
        drop(self.0.try_send(reply));
    }
}

/// Two handles on one open file: to read and to write.
///
/// # Errors
/// What the system said.
pub fn split(file: File) -> io::Result<(File, File)> {
    Ok((file.try_clone()?, file))
}

/// Replies that wait for a host to read them.
const REPLIES: usize = 16;
