//! Owns the loop that feeds the screens: keys, answers and events in, effects and drawings out.
//!
//! Refuses to leave the terminal as it made it, however it ends.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

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
use crate::runtime::pace::{Cause, NEWS};
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
        let hears_at = Some(Instant::now());
        let mut run =
            Run { stage: self, wallets, answered, listener, hears_at, errands, playground };
        run.until(ended).await
    }
}

struct Run {
    stage: Stage,
    wallets: Wallets,
    /// One for each question that is under way, of which the book and the screens ask few.
    answered: UnboundedReceiver<(Ticket, Answer)>,
    listener: Box<dyn Listener>,
    /// From when on news are heard; never again once all is closed.
    hears_at: Option<Instant>,
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
    Heard(Vec<News>),
    Shown(Display),
    Draw,
    Ended,
}

impl Run {
    async fn until(&mut self, ended: impl Future<Output = ()>) -> io::Result<Ended> {
        let mut ended = std::pin::pin!(ended);
        let mut input = EventStream::new();
        loop {
            let draw_at = self.stage.pace.due(Instant::now());
            let woken = tokio::select! {
                biased;
                () = ended.as_mut() => Woken::Ended,
                event = next(&mut input) => Woken::Input(event),
                Some((ticket, answer)) = self.answered.recv() => Woken::Answered(ticket, answer),
                () = until(draw_at) => Woken::Draw,
                display = shown(self.playground.as_deref()) => Woken::Shown(display),
                news = heard(&mut *self.listener, self.hears_at) => Woken::Heard(news),
            };
            let effects = match woken {
                Woken::Ended | Woken::Input(None) => return Ok(Ended::Done),
                Woken::Input(Some(event)) => self.input(event?),
                Woken::Answered(ticket, answer) => {
                    self.stage.pace.change(Cause::Answer);
                    self.stage.model.handle(Message::Answered(ticket, answer))
                }
                Woken::Heard(news) => self.hear(news),
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

    /// Takes what happened meanwhile. A scan finds hundreds of payments in a second, and each has pages
    /// asked for again: so more is heard after a while.
    fn hear(&mut self, news: Vec<News>) -> Vec<Effect> {
        self.hears_at = (!news.is_empty()).then(|| Instant::now() + NEWS);
        let mut effects = Vec::new();
        for news in news {
            self.stage.pace.change(Cause::News);
            effects.extend(self.stage.model.handle(Message::Heard(news)));
        }
        effects
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

/// All that happened, once something has; nothing once all is closed and was told. What is heard is not
/// lost where this is waited for no more: nothing is waited for after it.
async fn heard(listener: &mut dyn Listener, from: Option<Instant>) -> Vec<News> {
    until(from).await;
    let mut all: Vec<_> = listener.next().await.into_iter().collect();
    while (1..MOST_AT_ONCE).contains(&all.len())
        && let Some(Some(news)) = at_once(listener.next()).await
    {
        all.push(news);
    }
    all
}

/// What a future has now.
async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

async fn until(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

/// News that are taken before anything else has its turn.
const MOST_AT_ONCE: usize = 1_000;
