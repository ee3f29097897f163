//! Owns the buttons of a board, as the kernel's input events tell them (`gpio-keys`).
//!
//! An event is two words of time, a type, a code and a value. Refuses codes that no button of ours
//! has.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::thread;

use billfold_signer_core::press::Press;

use crate::event::Event;

/// The buttons of a board.
#[derive(Debug)]
pub struct Buttons(File);

impl Buttons {
    /// Opens the kernel's device.
    ///
    /// # Errors
    /// What the system said.
    pub fn open(path: &Path) -> io::Result<Self> {
        File::open(path).map(Self)
    }

    /// Tells of presses from now on.
    pub fn start(self, events: SyncSender<Event>) {
        let Self(mut file) = self;
        thread::spawn(move || {
            let mut event = [0; EVENT];
            while file.read_exact(&mut event).is_ok() {
                if let Some(press) = press(&event)
                    && events.send(Event::Pressed(press)).is_err()
                {
                    return;
                }
            }
        });
    }
}

/// The press of an event; nothing for a release and for what is no button.
fn press(event: &[u8; EVENT]) -> Option<Press> {
    let [.., kind_low, kind_high, code_low, code_high, a, b, c, d] = *event;
    let kind = u16::from_ne_bytes([kind_low, kind_high]);
    let code = u16::from_ne_bytes([code_low, code_high]);
    let value = i32::from_ne_bytes([a, b, c, d]);
    // A button that is held down repeats for going up and down only.
    let held = value == REPEATED && matches!(code, KEY_UP | KEY_DOWN);
    if kind != EV_KEY || !(value == PRESSED || held) {
        return None;
    }
    match code {
        KEY_UP => Some(Press::Up),
        KEY_DOWN => Some(Press::Down),
        KEY_RIGHT => Some(Press::Take),
        KEY_LEFT => Some(Press::Erase),
        KEY_ENTER => Some(Press::Confirm),
        KEY_ESC => Some(Press::Back),
        _ => None,
    }
}

/// Bytes of an event: two words of time, and 8.
const EVENT: usize = 2 * size_of::<usize>() + 8;

/// Numbers of the kernel's input interface (`linux/input-event-codes.h`).
const EV_KEY: u16 = 1;
const KEY_ESC: u16 = 1;
const KEY_ENTER: u16 = 28;
const KEY_UP: u16 = 103;
const KEY_LEFT: u16 = 105;
const KEY_RIGHT: u16 = 106;
const KEY_DOWN: u16 = 108;
const PRESSED: i32 = 1;
const REPEATED: i32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: u16, code: u16, value: i32) -> [u8; EVENT] {
        let mut event = [0xaa; EVENT];
        event[EVENT - 8..EVENT - 6].copy_from_slice(&kind.to_ne_bytes());
        event[EVENT - 6..EVENT - 4].copy_from_slice(&code.to_ne_bytes());
        event[EVENT - 4..].copy_from_slice(&value.to_ne_bytes());
        event
    }

    #[test]
    fn a_press_counts_once() {
        assert_eq!(press(&event(EV_KEY, KEY_ENTER, PRESSED)), Some(Press::Confirm));
        assert_eq!(press(&event(EV_KEY, KEY_ENTER, 0)), None);
        assert_eq!(press(&event(EV_KEY, KEY_ENTER, REPEATED)), None);
        assert_eq!(press(&event(EV_KEY, KEY_DOWN, REPEATED)), Some(Press::Down));
        assert_eq!(press(&event(0, KEY_ENTER, PRESSED)), None);
        assert_eq!(press(&event(EV_KEY, 30, PRESSED)), None);
    }
}
