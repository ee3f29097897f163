//! Owns the keys of a terminal, as presses.

use std::io;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use billfold_signer_core::press::Press;
use crossterm::event::{self, Event as Key, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::event::Event;

/// Prepares reading keys, before the sandbox forbids what that takes.
///
/// # Errors
/// What the system said.
pub fn prepare() -> io::Result<()> {
    event::poll(Duration::ZERO).map(|_| ())
}

/// Tells of keys from now on.
pub fn start(events: SyncSender<Event>) {
    thread::spawn(move || {
        while let Ok(key) = event::read() {
            if let Some(event) = meaning(&key)
                && events.send(event).is_err()
            {
                return;
            }
        }
        // The terminal is gone, and with it the person.
        drop(events.send(Event::Quit));
    });
}

fn meaning(key: &Key) -> Option<Event> {
    let key = match key {
        Key::Key(key) if key.kind != KeyEventKind::Release => key,
        Key::Resize(..) => return Some(Event::Redraw),
        _ => return None,
    };
    let KeyEvent { code, modifiers, .. } = key;
    if modifiers.contains(KeyModifiers::CONTROL) {
        return (*code == KeyCode::Char('c')).then_some(Event::Quit);
    }
    Some(Event::Pressed(match code {
        KeyCode::Up => Press::Up,
        KeyCode::Down => Press::Down,
        KeyCode::Right | KeyCode::Tab => Press::Take,
        KeyCode::Backspace | KeyCode::Left => Press::Erase,
        KeyCode::Enter => Press::Confirm,
        KeyCode::Esc => Press::Back,
        KeyCode::Char(letter) => Press::Letter(*letter),
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(code: KeyCode) -> Option<Press> {
        match meaning(&Key::Key(KeyEvent::new(code, KeyModifiers::NONE))) {
            Some(Event::Pressed(press)) => Some(press),
            _ => None,
        }
    }

    #[test]
    fn every_press_has_a_key() {
        assert_eq!(press(KeyCode::Enter), Some(Press::Confirm));
        assert_eq!(press(KeyCode::Esc), Some(Press::Back));
        assert_eq!(press(KeyCode::Up), Some(Press::Up));
        assert_eq!(press(KeyCode::Down), Some(Press::Down));
        assert_eq!(press(KeyCode::Tab), Some(Press::Take));
        assert_eq!(press(KeyCode::Backspace), Some(Press::Erase));
        assert!(press(KeyCode::Char('a')) == Some(Press::Letter('a')));
        assert_eq!(press(KeyCode::F(1)), None);
    }

    #[test]
    fn control_c_ends_and_types_nothing() {
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(matches!(meaning(&Key::Key(key)), Some(Event::Quit)));
    }
}
