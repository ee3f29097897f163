//! Owns the terminal's modes: keys one by one, the second screen, pastes and clicks that are told. What
//! was switched is switched back however the screens end: by themselves, by a panic, or for a while.

use std::io::{self, Write};
use std::panic;
use std::thread;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use crate::runtime::stop;

/// The terminal while the screens are open; given back when it is dropped.
pub(super) struct Screen {
    mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If it can't be used.
    pub(super) fn enter(mouse: bool) -> io::Result<Self> {
        enable_raw_mode()?;
        let screen = Self { mouse };
        tell(&modes(mouse, 'h'))?;
        Ok(screen)
    }

    /// Gives the terminal back for as long as this program is stopped.
    ///
    /// # Errors
    /// If it can't be used any more.
    pub(super) fn suspend(&self) -> io::Result<()> {
        leave();
        stop::now();
        enable_raw_mode()?;
        tell(&modes(self.mouse, 'h'))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back before a panic of this thread is told, so that it can be read.
pub(super) fn leave_on_panic() {
    let (ours, before) = (thread::current().id(), panic::take_hook());
    panic::set_hook(Box::new(move |panicked| {
        if thread::current().id() == ours {
            leave();
        }
        before(panicked);
    }));
}

/// Gives the terminal back; doing so again does no harm.
fn leave() {
    // Nothing can be done when even this fails: the terminal is gone.
    let _ = tell(&format!("{}\x1b[?25h", modes(true, 'l')));
    let _ = disable_raw_mode();
}

fn tell(modes: &str) -> io::Result<()> {
    let mut terminal = io::stdout().lock();
    terminal.write_all(modes.as_bytes())?;
    terminal.flush()
}

/// Switches the modes on (`h`) or off (`l`).
fn modes(mouse: bool, switch: char) -> String {
    let clicks = if mouse { CLICKS } else { &[] };
    let mode = |mode| format!("\x1b[?{mode}{switch}");
    SCREEN.iter().chain(clicks).map(mode).collect()
}

/// xterm's modes for the second screen and for pastes in brackets.
const SCREEN: &[u16] = &[1049, 2004];

/// Those for buttons and the wheel, without movement; columns beyond 223 are told too.
const CLICKS: &[u16] = &[1000, 1006];

#[cfg(test)]
mod tests {
    use super::*;

    /// A mode that is left on makes a shell unusable.
    #[test]
    fn every_mode_that_is_switched_on_is_switched_off() {
        assert_eq!(modes(true, 'h').replace('h', "l"), modes(true, 'l'));
        assert!(modes(true, 'h').starts_with(&modes(false, 'h')));
        assert_eq!(modes(false, 'h'), "\x1b[?1049h\x1b[?2004h");
    }
}
