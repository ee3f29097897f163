//! Owns the loop of the screens where they are read and answered one line at a time, for voices, serial
//! lines and logs: the same model, whose values are read instead of drawn.
//!
//! Refuses to move a cursor, and to act on a line when what it answered is not there any more.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use billfold_wallet_core::event::News;
use billfold_wallet_core::face::{BoxFuture, Face, Listener};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{Instant, sleep_until};
use zeroize::Zeroizing;

use crate::action::{Action, Edit, Move, Verb};
use crate::effect::{Answer, Effect, Ticket};
use crate::message::Message;
use crate::model::{Model, View};
use crate::phrase::{FIXED, Phrase};
use crate::runtime::errand::Errands;
use crate::runtime::stop::{self, Stops};
use crate::runtime::wallets::Wallets;
use crate::runtime::{Around, Ended};

/// Somebody who reads lines and answers them.
pub trait Reader: Send + Sync {
    /// Gives them a line.
    ///
    /// # Errors
    /// If they are gone.
    fn tell(&self, line: &str) -> io::Result<()>;

    /// Says again what is asked, after something else was told.
    ///
    /// # Errors
    /// If they are gone.
    fn remind(&self, question: &str) -> io::Result<()>;

    /// Asks them; `None`: they have ended their side. What they type is not to be seen if it is
    /// `hidden`, and nothing is told meanwhile.
    ///
    /// # Errors
    /// If they are gone.
    fn ask<'a>(&'a self, question: &'a str, hidden: bool) -> BoxFuture<'a, Asked>;
}

/// What came of a question.
pub type Asked = io::Result<Option<Zeroizing<String>>>;

/// Reads the screens to somebody until they end them, or `ended` does. The face is not closed.
///
/// # Errors
/// If they are gone.
pub async fn run(
    model: Model,
    face: Arc<dyn Face>,
    around: Around,
    reader: &dyn Reader,
    ended: impl Future<Output = ()>,
) -> io::Result<Ended> {
    let (answers, answered) = mpsc::unbounded_channel();
    let listener = face.listen();
    let errands = Errands::new(around, answers.clone());
    let wallets = Wallets::new(face, answers);
    let mut reading = Reading {
        model,
        wallets,
        errands,
        answered,
        listener,
        reader,
        stops: Stops::hear()?,
        waits: 0,
        ended: None,
        suspended: false,
    };
    tokio::select! {
        biased;
        () = ended => Ok(Ended::Done),
        result = reading.until_the_end() => result,
    }
}

struct Reading<'a> {
    model: Model,
    wallets: Wallets,
    errands: Errands,
    answered: UnboundedReceiver<(Ticket, Answer)>,
    listener: Box<dyn Listener>,
    reader: &'a dyn Reader,
    stops: Stops,
    /// Questions to wallets without an answer.
    waits: usize,
    ended: Option<Ended>,
    /// Whether the program is to be stopped for a while.
    suspended: bool,
}

impl Reading<'_> {
    async fn until_the_end(&mut self) -> io::Result<Ended> {
        self.reader.tell(WELCOME)?;
        // The pages of the first screen are asked for with the first thing that happens.
        self.handle(Message::Do(Verb::Redraw.into()))?;
        loop {
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
            self.settle().await?;
            self.rest().await?;
            let mut view = self.model.read();
            self.read_out(&view)?;
            let Some(line) = self.ask(&mut view).await? else { return Ok(Ended::Done) };
            if asks_the_same(&self.model.read(), &view) {
                self.act(Phrase::of(&line, &view), &view)?;
            } else if !line.is_empty() {
                self.reader.tell("Something changed meanwhile, and nothing was done:")?;
            }
        }
    }

    /// Waits for the answers to what was asked; whoever waits long is told so.
    async fn settle(&mut self) -> io::Result<()> {
        let mut told = false;
        let long = Instant::now() + LONG;
        while self.waits > 0 {
            tokio::select! {
                Some((ticket, answer)) = self.answered.recv() => self.take(ticket, answer)?,
                () = sleep_until(long), if !told => {
                    told = true;
                    self.reader.tell("Working…")?;
                }
            }
        }
        Ok(())
    }

    fn read_out(&self, view: &View) -> io::Result<()> {
        self.reader.tell("")?;
        self.reader.tell(&view.title)?;
        for line in view.lines.iter().chain(&view.notice) {
            self.reader.tell(line)?;
        }
        Ok(())
    }

    /// Asks for the field that is written into, or for a verb, of what was read last. What happens
    /// meanwhile is told.
    async fn ask(&mut self, view: &mut View) -> Asked {
        let (asked_for, hidden) = question(view);
        let reader = self.reader;
        let mut asked = reader.ask(&asked_for, hidden);
        loop {
            tokio::select! {
                biased;
                line = &mut asked => return line,
                Some((ticket, answer)) = self.answered.recv() => {
                    let of_signer = matches!(answer, Answer::Device(_) | Answer::Progress(_));
                    self.take(ticket, answer)?;
                    if of_signer && self.read_on(view).await? {
                        reader.remind(&question(view).0)?;
                    }
                }
                () = self.stops.came() => {
                    self.handle(Message::Do(Verb::Suspend.into()))?;
                    self.rest().await?;
                    reader.remind(&question(view).0)?;
                }
                Some(news) = self.listener.next() => {
                    if self.hear(news)? {
                        reader.remind(&question(view).0)?;
                    }
                }
            }
        }
    }

    /// Reads what came of an answer that nobody waits for in silence, as a person at a signer takes their
    /// time; whether there was anything. Where something else is asked for now, that is told alone: what
    /// is being typed answers the question before it, and can be seen.
    async fn read_on(&mut self, view: &mut View) -> io::Result<bool> {
        self.settle().await?;
        let now = self.model.read();
        if !asks_the_same(&now, view) {
            self.reader.tell("\nThere is an answer. Enter goes on.")?;
            return Ok(true);
        }
        let before = std::mem::replace(view, now);
        let is_new = |line: &&String| !before.lines.contains(line);
        let notice = view.notice.iter().filter(|_| view.notice != before.notice);
        let new: Vec<_> = view.lines.iter().filter(is_new).chain(notice).collect();
        if let Some(first) = new.first() {
            self.reader.tell(&format!("\n{first}"))?;
        }
        for line in new.iter().skip(1) {
            self.reader.tell(line)?;
        }
        Ok(!new.is_empty())
    }

    /// Stops until the person comes back, if that was asked for. The wallet is closed by then.
    async fn rest(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.suspended) {
            self.wallets.are_closed().await;
            stop::now();
            self.reader.tell("The wallet is closed. Enter goes on to its password.")?;
        }
        Ok(())
    }

    fn act(&mut self, phrase: Phrase, view: &View) -> io::Result<()> {
        match phrase {
            Phrase::Do(actions) => {
                for action in actions {
                    self.handle(Message::Do(action))?;
                }
            }
            Phrase::Answer(text) => self.answer(&text, view)?,
            Phrase::Look => {}
            Phrase::Help => self.help(view)?,
            Phrase::Nothing(told) => self.reader.tell(&format!("! {told}"))?,
        }
        Ok(())
    }

    /// Writes into the field that was asked for, and goes on to the next or, after the last, agrees to
    /// them all. A field that goes on by itself is left alone; where rows are found by what is written,
    /// they are read first.
    fn answer(&mut self, text: &str, view: &View) -> io::Result<()> {
        if !text.is_empty() {
            self.handle(Message::Do(Action::Edit(Edit::Clear)))?;
            for character in text.chars() {
                self.handle(Message::Do(Action::Edit(Edit::Type(character))))?;
            }
        }
        let now = self.model.read();
        if now.fields != view.fields || view.finds_rows {
            return Ok(());
        }
        let others = now.fields.last().is_some_and(|field| !field.is_current);
        let next = if others { Action::Move(Move::Next) } else { Action::Enter };
        self.handle(Message::Do(next))
    }

    fn help(&self, view: &View) -> io::Result<()> {
        let others = Verb::ALL.iter().filter(|verb| !view.verbs.contains(verb));
        for verb in view.verbs.iter().chain(others) {
            self.reader.tell(&format!("{}: {}", verb.name(), verb.about()))?;
        }
        for (name, about) in FIXED {
            self.reader.tell(&format!("{name}: {about}"))?;
        }
        self.reader.tell(HELP)
    }

    fn take(&mut self, ticket: Ticket, answer: Answer) -> io::Result<()> {
        if matches!(
            answer,
            Answer::Reply(_)
                | Answer::Opened(_)
                | Answer::Words(_)
                | Answer::Founded(_)
                | Answer::Wallets(_)
                | Answer::Checks(_)
                | Answer::Settings(_)
                | Answer::Read(_)
                | Answer::Written(_)
        ) {
            self.waits = self.waits.saturating_sub(1);
        }
        self.handle(Message::Answered(ticket, answer))
    }

    /// Takes news; whether they were told.
    fn hear(&mut self, news: News) -> io::Result<bool> {
        let told = self.model.told(&news);
        if let Some(told) = &told {
            self.reader.tell(&format!("\n{told}"))?;
        }
        self.handle(Message::Heard(news))?;
        Ok(told.is_some())
    }

    fn handle(&mut self, message: Message) -> io::Result<()> {
        for effect in self.model.handle(message) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> io::Result<()> {
        if matches!(
            effect,
            Effect::Ask { .. }
                | Effect::Load { .. }
                | Effect::Unlock { .. }
                | Effect::Words { .. }
                | Effect::Found { .. }
                | Effect::Wallets { .. }
                | Effect::Checks { .. }
                | Effect::Settings { .. }
                | Effect::Read { .. }
                | Effect::Write { .. }
        ) {
            self.waits += 1;
        }
        let Some(effect) = self.wallets.carry_out(effect) else { return Ok(()) };
        match self.errands.carry_out(effect) {
            // There is no clipboard that a line could reach: whoever reads has it now.
            Some(Effect::Copy(text)) => self.reader.tell(&text)?,
            Some(Effect::Try(trial)) => self.ended = Some(Ended::Try(trial)),
            Some(Effect::Quit) => self.ended = Some(Ended::Done),
            Some(Effect::Suspend) => self.suspended = true,
            _ => {}
        }
        Ok(())
    }
}

/// Whether a line that was typed for one of them answers the other too.
fn asks_the_same(one: &View, other: &View) -> bool {
    one.title.split(':').next() == other.title.split(':').next()
        && one.fields == other.fields
        && one.takes_letters == other.takes_letters
}

/// What is asked for, and whether what is typed is not to be seen.
fn question(view: &View) -> (String, bool) {
    match view.current() {
        Some(field) => (format!("{}: ", field.name), field.is_hidden),
        None => (PROMPT.to_owned(), false),
    }
}

/// How long nothing is told.
const LONG: Duration = Duration::from_secs(2);

/// Where a verb is waited for.
const PROMPT: &str = "billfold> ";

const WELCOME: &str = "billfold, line by line. help lists what can be done.";

const HELP: &str = "A number chooses a row; a verb may have one after it, as in freeze 2. Where a field is asked for, \
                    a verb comes after a colon, as in :back; an empty line leaves the field as it is.";
