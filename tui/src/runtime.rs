//! Owns the terminal while the screens are open, and the loop that feeds them: keys, answers and
//! events in, effects and drawings out.
//!
//! Draws when something changed, at most 30 times a second, from values: no lock is held
//! meanwhile. Refuses to leave the terminal as it made it, however it ends.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use billfold_wallet_core::event::News;
use billfold_wallet_core::face::{Face, Listener};
use billfold_wallet_core::signer_host::place::Place;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste, Event as Input, EventStream};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use futures_core::Stream;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, sleep_until};

use crate::effect::{Answer, Effect, Ticket, Trial};
use crate::key::Key;
use crate::model::{Message, Model};
use crate::play::{Display, Playground};
use crate::runtime::errand::Errands;
use crate::runtime::wallets::Wallets;

mod errand;
mod wallets;
pub mod lines;

/// What there is on the machine besides wallets.
pub struct Around {
    /// Where the signing device is that is asked.
    pub signer: Place,
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
    let screen = Screen::enter()?;
    let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let (answers, answered) = mpsc::unbounded_channel();
    let listener = face.listen();
    let errands = Errands::new(around.signer, around.playground.clone(), answers.clone());
    let playground = around.playground;
    let wallets = Wallets::new(face, answers);
    let mut run = Run {
        model,
        terminal,
        wallets,
        answered,
        listener,
        errands,
        playground,
        dirty: true,
        drawn: None,
    };
    let result = run.until(ended).await;
    drop(screen);
    result
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
    dirty: bool,
    drawn: Option<Instant>,
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
        loop {
            let draw_at = self.draw_at();
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
                Woken::Input(Some(event)) => self.input(event?)?,
                Woken::Answered(ticket, answer) => self.handle(Message::Answered(ticket, answer)),
                Woken::Heard(Some(news)) => self.handle(Message::Heard(news)),
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
                if let Some(ended) = self.carry_out(effect)? {
                    return Ok(ended);
                }
            }
        }
    }

    fn handle(&mut self, message: Message) -> Vec<Effect> {
        self.dirty = true;
        self.model.handle(message)
    }

    fn input(&mut self, event: Input) -> io::Result<Vec<Effect>> {
        Ok(match event {
            Input::Key(key) => match Key::of(key) {
                Some(key) => self.handle(Message::Press(key)),
                None => Vec::new(),
            },
            Input::Paste(text) => self.handle(Message::Paste(text)),
            Input::Resize(..) => {
                self.dirty = true;
                self.terminal.autoresize()?;
                Vec::new()
            }
            Input::Mouse(_) | Input::FocusGained | Input::FocusLost => Vec::new(),
        })
    }

    /// When to draw: at once, unless that was done a moment ago; `None`: nothing changed.
    fn draw_at(&self) -> Option<Instant> {
        let frame = Duration::from_secs(1) / FRAMES;
        self.dirty.then(|| self.drawn.map_or_else(Instant::now, |drawn| drawn + frame))
    }

    /// Draws what changed, marked as one drawing: terminals that know the mark show nothing half.
    fn draw(&mut self) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| {
            if let Some(cursor) = self.model.draw(frame.buffer_mut()).cursor {
                frame.set_cursor_position(cursor);
            }
        });
        drawn.map(drop)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.dirty = false;
        self.drawn = Some(Instant::now());
        Ok(())
    }

    /// Carries out an effect; `None`: the screens go on.
    fn carry_out(&mut self, effect: Effect) -> io::Result<Option<Ended>> {
        let Some(effect) = self.wallets.carry_out(effect) else { return Ok(None) };
        match self.errands.carry_out(effect) {
            Some(Effect::Copy(text)) => {
                let mut out = io::stdout().lock();
                write!(out, "\x1b]52;c;{}\x07", Base64::encode_string(text.as_bytes()))?;
                out.flush()?;
                // Whether it took it, no terminal says.
                self.handle(Message::Copied("Sent to the terminal, for its clipboard.".to_owned()));
            }
            Some(Effect::Redraw) => {
                self.terminal.clear()?;
                self.dirty = true;
            }
            Some(Effect::Try(trial)) => return Ok(Some(Ended::Try(trial))),
            Some(Effect::Quit) => return Ok(Some(Ended::Done)),
            _ => {}
        }
        Ok(None)
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

/// The terminal in raw mode, on its second screen; given back when it is dropped.
struct Screen;

impl Screen {
    fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        let screen = Self;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nothing can be done when even this fails: the terminal is gone.
        let _ = execute!(io::stdout(), DisableBracketedPaste, LeaveAlternateScreen);
        let _ = execute!(io::stdout(), crossterm::cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// Drawings a second at the most.
const FRAMES: u32 = 30;
