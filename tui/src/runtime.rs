//! Owns the loop that feeds the screens: keys, answers and events in, effects and drawings out.
//!
//! Refuses to leave the terminal as it made it, however it ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use billfold_wallet_core::event::News;
use billfold_wallet_core::face::{Face, Listener};
use billfold_wallet_core::signer_host::place::Place;
use crossterm::event::{Event as Input, EventStream, MouseButton, MouseEvent, MouseEventKind};
use futures_core::Stream;
use ratatui::layout::Position;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, sleep_until};

use crate::action::{Action, Move};
use crate::checkup::Machine;
use crate::effect::{Answer, Effect, Ticket, Trial};
use crate::key::Key;
use crate::model::Message;
use crate::play::{Display, Playground};
use crate::runtime::errand::Errands;
use crate::runtime::pace::Cause;
use crate::runtime::stage::Stage;
use crate::runtime::wallets::Wallets;

mod clipboard;
mod errand;
mod pace;
mod stop;
mod screen;
pub mod stage;
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

impl Stage {
    /// Shows the screens until the person ends them, or `ended` does. The face is not closed.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub async fn play(
        self,
        face: Arc<dyn Face>,
        around: Around,
        ended: impl Future<Output = ()>,
    ) -> io::Result<Ended> {
        let (answers, answered) = mpsc::unbounded_channel();
        let listener = face.listen();
        let playground = around.playground.clone();
        let errands = Errands::new(around, answers.clone());
        let wallets = Wallets::new(face, answers);
        let mut run = Run { stage: self, wallets, answered, listener, errands, playground };
        run.until(ended).await
    }
}

struct Run {
    stage: Stage,
    wallets: Wallets,
    /// One for each question that is under way, of which the book and the screens ask few.
    answered: UnboundedReceiver<(Ticket, Answer)>,
    listener: Box<dyn Listener>,
    errands: Errands,
    playground: Option<Arc<dyn Playground>>,
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
        loop {
            let draw_at = self.stage.pace.due(Instant::now());
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
                Woken::Answered(ticket, answer) => {
                    self.stage.pace.change(Cause::Answer);
                    self.stage.model.handle(Message::Answered(ticket, answer))
                }
                Woken::Heard(Some(news)) => {
                    self.stage.pace.change(Cause::News);
                    self.stage.model.handle(Message::Heard(news))
                }
                Woken::Heard(None) => {
                    hears = false;
                    Vec::new()
                }
                Woken::Shown(display) => self.handle(Message::Shown(display)),
                Woken::Draw => {
                    self.stage.draw()?;
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

    /// Takes what a person did.
    fn handle(&mut self, message: Message) -> Vec<Effect> {
        self.stage.pace.change(Cause::Person);
        self.stage.model.handle(message)
    }

    fn input(&mut self, event: Input) -> Vec<Effect> {
        match event {
            Input::Key(key) => match Key::of(key) {
                Some(key) => self.handle(Message::Press(key)),
                None => Vec::new(),
            },
            Input::Paste(text) => self.handle(Message::Paste(text)),
            Input::Resize(..) => {
                self.stage.draw_anew();
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
                self.stage.places.clicked(Position::new(event.column, event.row))
            }
            _ => None,
        }
    }

    /// Stops until the person comes back. The wallet is closed by then: its keys are in no memory that
    /// rests.
    async fn stop(&mut self) -> io::Result<()> {
        self.wallets.are_closed().await;
        self.stage.suspend()
    }

    /// Carries out an effect; how to go on.
    fn carry_out(&mut self, effect: Effect) -> io::Result<Then> {
        let Some(effect) = self.wallets.carry_out(effect) else { return Ok(Then::GoOn) };
        match self.errands.carry_out(effect) {
            Some(Effect::Copy(text)) => {
                let told = self.stage.copy(&text)?;
                self.handle(Message::Copied(told));
            }
            Some(Effect::Redraw) => self.stage.draw_anew(),
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
