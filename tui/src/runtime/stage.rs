//! Owns the terminal with what is drawn on it, from before there is anything behind it: a person sees the
//! first screen while a chain is still being read from the disk.
//!
//! Draws from values: no lock is held meanwhile. What is typed before the screens listen waits in the terminal.

use std::io;

use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use tokio::time::Instant;

use crate::model::Model;
use crate::places::Places;
use crate::runtime::clipboard;
use crate::runtime::pace::{Cause, Pace};
use crate::runtime::screen::{Screen, leave_on_panic};

/// The screens before and while they listen; the terminal is given back when it is dropped.
pub struct Stage {
    pub(super) model: Model,
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
    screen: Screen,
    /// What the last drawing has besides its cells.
    pub(super) places: Places,
    pub(super) pace: Pace,
    /// Whether the terminal may have lost what was drawn.
    anew: bool,
}

impl Stage {
    /// Takes the terminal, and draws the first screen. Clicks and the wheel are told if `mouse` says so; the
    /// terminal's own selection takes Shift then.
    ///
    /// # Errors
    /// If the terminal can't be used.
    pub fn raise(model: Model, mouse: bool) -> io::Result<Self> {
        leave_on_panic();
        let screen = Screen::enter(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        let (places, pace) = (Places::default(), Pace::default());
        let mut stage = Self { model, terminal, screen, places, pace, anew: false };
        stage.draw()?;
        Ok(stage)
    }

    /// Draws what changed, marked as one drawing: terminals that know the mark show nothing half.
    pub(super) fn draw(&mut self) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        if std::mem::take(&mut self.anew) {
            // To clear the screen would ask the terminal where its cursor is, and the answer comes among the
            // keys.
            let size = self.terminal.size()?;
            self.terminal.resize(Rect::from((Position::ORIGIN, size)))?;
        }
        let drawn = self.terminal.draw(|frame| {
            self.places = self.model.draw(frame.buffer_mut());
            if let Some(cursor) = self.places.cursor {
                frame.set_cursor_position(cursor);
            }
        });
        drawn.map(drop)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.pace.drew(Instant::now());
        Ok(())
    }

    /// Has every cell drawn next. What a window lost while it was small is not back in it when it has its
    /// old size again.
    pub(super) fn draw_anew(&mut self) {
        self.pace.change(Cause::Person);
        self.anew = true;
    }

    /// Gives the terminal back for as long as this program is stopped.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.screen.suspend()?;
        self.draw_anew();
        Ok(())
    }

    /// Copies a text; what can be told of it.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<String> {
        clipboard::copy(text, self.terminal.backend_mut())
    }
}
