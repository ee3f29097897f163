//! Owns the terminal while the screens are open, and the loop that feeds them: keys, answers and
//! events in, effects and drawings out.
//!
//! Draws when something changed, from values: no lock is held meanwhile. Refuses to leave the terminal as it made it, however it ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use billfold_wallet_core::event::News;
use billfold_wallet_core::face::{Face, Listener};
use billfold_wallet_core::signer_host::place::Place;
use crossterm::event::{Event as Input, EventStream, MouseButton, MouseEvent, MouseEventKind};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, queue};
use futures_core::Stream;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, sleep_until};

use crate::action::{Action, Move};
use crate::checkup::Machine;
use crate::effect::{Answer, Effect, Ticket, Trial};
use crate::key::Key;
use crate::model::{Message, Model};
use crate::places::Places;
use crate::play::{Display, Playground};
use crate::runtime::errand::Errands;
use crate::runtime::pace::{Cause, Pace};
use crate::runtime::screen::{Screen, leave_on_panic};
use crate::runtime::wallets::Wallets;

mod clipboard;
mod errand;
mod pace;
mod stop;
mod screen;
mod wallets;
pub mod lines;

/// What there is on the machine besides wallets.
pub struct Around {
    /// Where the signing device is that is asked.
    pub signer: Place,
    /// Whether clicks and the wheel are listened to; then the terminal's own selection takes Shift.
    pub mouse: bool,
    /// What the program knows of machine, files and settings.
    pub machine: Arc<dyn Machine>,
    /// What a demonstration lends; the model is to be one that plays.
    pub playground: Option<Arc<dyn Playground>>,
}

/// How the screens ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The person is done.
    Done,
    /// The person wants to try with money that is worth nothing.
    Try(Trial),
}

/// Shows the screens until the person ends them, or `ended` does. The face is not closed.
///
/// # Errors
/// If the terminal can't be used, or is gone.
pub async fn run(
    model: Model,
    face: Arc<dyn Face>,
    around: Around,
    ended: impl Future<Output = ()>,
) -> io::Result<Ended> {
    leave_on_panic();
    let screen = Screen::enter(around.mouse)?;
    let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let (answers, answered) = mpsc::unbounded_channel();
    let listener = face.listen();
    let playground = around.playground.clone();
    let errands = Errands::new(around, answers.clone());
    let wallets = Wallets::new(face, answers);
    let mut run = Run {
        model,
        terminal,
        wallets,
        answered,
        listener,
        errands,
        playground,
        screen,
        places: Places::default(),
        pace: Pace::default(),
        anew: false,
    };
    run.until(ended).await
}

struct Run {
    model: Model,
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
    wallets: Wallets,
    /// One for each question that is under way, of which the book and the screens ask few.
    answered: UnboundedReceiver<(Ticket, Answer)>,
    listener: Box<dyn Listener>,
    errands: Errands,
    playground: Option<Arc<dyn Playground>>,
    screen: Screen,
    /// What the last drawing has besides its cells.
    places: Places,
    pace: Pace,
    /// Whether the terminal may have lost what was drawn.
    anew: bool,
}

/// How to go on after an effect.
enum Then {
    GoOn,
    Stop,
    End(Ended),
}

/// What the loop waited for.
enum Woken {
    Input(Option<io::Result<Input>>),
    Answered(Ticket, Answer),
    Heard(Option<News>),
    Shown(Display),
    Draw,
    Ended,
}

impl Run {
    async fn until(&mut self, ended: impl Future<Output = ()>) -> io::Result<Ended> {
        let mut ended = std::pin::pin!(ended);
        let mut input = EventStream::new();
        let mut hears = true;
        self.pace.change(Cause::Person);
        loop {
            let draw_at = self.pace.due(Instant::now());
            let woken = tokio::select! {
                biased;
                () = ended.as_mut() => Woken::Ended,
                event = next(&mut input) => Woken::Input(event),
                Some((ticket, answer)) = self.answered.recv() => Woken::Answered(ticket, answer),
                () = until(draw_at) => Woken::Draw,
                display = shown(self.playground.as_deref()) => Woken::Shown(display),
                news = self.listener.next(), if hears => Woken::Heard(news),
            };
            let effects = match woken {
                Woken::Ended | Woken::Input(None) => return Ok(Ended::Done),
                Woken::Input(Some(event)) => self.input(event?),
                Woken::Answered(ticket, answer) => self.handle(Message::Answered(ticket, answer)),
                Woken::Heard(Some(news)) => {
                    self.pace.change(Cause::News);
                    self.model.handle(Message::Heard(news))
                }
                Woken::Heard(None) => {
                    hears = false;
                    Vec::new()
                }
                Woken::Shown(display) => self.handle(Message::Shown(display)),
                Woken::Draw => {
                    self.draw()?;
                    Vec::new()
                }
            };
            for effect in effects {
                match self.carry_out(effect)? {
                    Then::GoOn => {}
                    Then::Stop => self.stop().await?,
                    Then::End(ended) => return Ok(ended),
                }
            }
        }
    }

    /// Takes what a person did, or waits for.
    fn handle(&mut self, message: Message) -> Vec<Effect> {
        self.pace.change(Cause::Person);
        self.model.handle(message)
    }

    fn input(&mut self, event: Input) -> Vec<Effect> {
        match event {
            Input::Key(key) => match Key::of(key) {
                Some(key) => self.handle(Message::Press(key)),
                None => Vec::new(),
            },
            Input::Paste(text) => self.handle(Message::Paste(text)),
            Input::Resize(..) => {
                self.draw_anew();
                Vec::new()
            }
            Input::Mouse(event) => match self.meant(event) {
                Some(action) => self.handle(Message::Do(action)),
                None => Vec::new(),
            },
            Input::FocusGained | Input::FocusLost => Vec::new(),
        }
    }

    /// What the mouse asks for: it scrolls and chooses, and agrees to nothing.
    fn meant(&self, event: MouseEvent) -> Option<Action> {
        match event.kind {
            MouseEventKind::ScrollUp => Some(Action::Move(Move::Up)),
            MouseEventKind::ScrollDown => Some(Action::Move(Move::Down)),
            MouseEventKind::Down(MouseButton::Left) => {
                self.places.clicked(Position::new(event.column, event.row))
            }
            _ => None,
        }
    }

    /// Stops until the person comes back. The wallet is closed by then: its keys are in no memory that
    /// rests.
    async fn stop(&mut self) -> io::Result<()> {
        self.wallets.are_closed().await;
        self.screen.suspend()?;
        self.draw_anew();
        Ok(())
    }

    /// Has every cell drawn next. What a window lost while it was small is not back in it when it has its
    /// old size again.
    fn draw_anew(&mut self) {
        self.pace.change(Cause::Person);
        self.anew = true;
    }

    /// Draws what changed, marked as one drawing: terminals that know the mark show nothing half.
    fn draw(&mut self) -> io::Result<()> {
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

    /// Carries out an effect; how to go on.
    fn carry_out(&mut self, effect: Effect) -> io::Result<Then> {
        let Some(effect) = self.wallets.carry_out(effect) else { return Ok(Then::GoOn) };
        match self.errands.carry_out(effect) {
            Some(Effect::Copy(text)) => {
                let told = clipboard::copy(&text, self.terminal.backend_mut())?;
                self.handle(Message::Copied(told));
            }
            Some(Effect::Redraw) => self.draw_anew(),
            Some(Effect::Suspend) => return Ok(Then::Stop),
            Some(Effect::Try(trial)) => return Ok(Then::End(Ended::Try(trial))),
            Some(Effect::Quit) => return Ok(Then::End(Ended::Done)),
            _ => {}
        }
        Ok(Then::GoOn)
    }
}

async fn next(input: &mut EventStream) -> Option<io::Result<Input>> {
    std::future::poll_fn(|context| Pin::new(&mut *input).poll_next(context)).await
}

/// What the signer of a demonstration shows next.
async fn shown(playground: Option<&dyn Playground>) -> Display {
    match playground {
        Some(playground) => playground.display().await,
        None => std::future::pending().await,
    }
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}
