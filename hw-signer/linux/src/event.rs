//! Owns what the threads of the program tell the one that runs the device.

use billfold_signer_core::press::Press;

use crate::link::Link;

/// Something happened outside.
#[derive(Debug)]
pub enum Event {
    /// A host is there, and can be written to.
    Connected(Link),
    /// It sent bytes.
    Received(Vec<u8>),
    /// It is gone.
    Disconnected,
    /// The person did something.
    Pressed(Press),
    /// The window changed.
    Redraw,
    /// The person ended the program.
    Quit,
}

/// Events that wait; whoever has more waits.
pub const EVENTS: usize = 64;
