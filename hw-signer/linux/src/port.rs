//! Owns reading from a port, whatever it is, until the host is gone.

use std::io::{self, Read};
use std::sync::mpsc::SyncSender;

use crate::event::Event;
use crate::link::Link;

/// Tells of a host until it is gone.
///
/// # Errors
/// What the port said, if that ended it.
pub fn listen(mut port: impl Read, link: Link, events: &SyncSender<Event>) -> io::Result<()> {
    let mut buffer = vec![0; READ];
    drop(events.send(Event::Connected(link)));
    let ended = loop {
        match port.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                if events.send(Event::Received(buffer[..count].to_vec())).is_err() {
                    break Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    drop(events.send(Event::Disconnected));
    ended
}

/// Bytes that are read at once.
const READ: usize = 16 * 1024;
