//! Owns a PSBT on its way to other signers: as codes that follow each other over the whole screen, as a
//! file, or as a text that is copied.
//!
//! Refuses to overwrite a file.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use billfold_wallet_core::command::{Command, DraftId, Reply};
use bitcoin::Psbt;

use crate::action::{Action, Move, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::{Answer, Delivery, Effect, Outbox, Question};
use crate::field::Field;
use crate::frames::Form;
use crate::screen::{Screen, Step, code};
use crate::theme::Role;

/// Whether others have a payment, which the screens of it share: then its coins are held, however it is left.
#[derive(Clone, Default)]
pub(crate) struct Handed(Arc<AtomicBool>);

impl Handed {
    /// Others may have it from now on.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether others may have it.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A PSBT that is handed over.
pub(crate) struct Handing {
    draft: Option<DraftId>,
    psbt: Option<Psbt>,
    frames: Vec<String>,
    at: usize,
    form: Form,
    density: usize,
    pace: usize,
    asked: Question,
    tick: Question,
    name: Option<Field>,
    writing: Question,
}

impl Handing {
    /// The PSBT of a draft, which holds its coins until it is announced or dropped.
    pub(crate) fn draft(draft: DraftId) -> Self {
        Self { draft: Some(draft), ..Self::of(None) }
    }

    /// One that has signatures already.
    pub(crate) fn psbt(psbt: Psbt) -> Self {
        Self::of(Some(psbt))
    }

    const fn of(psbt: Option<Psbt>) -> Self {
        Self {
            draft: None,
            psbt,
            frames: Vec::new(),
            at: 0,
            form: Form::Bbqr,
            density: USUAL_DENSITY,
            pace: USUAL_PACE,
            asked: Question::none(),
            tick: Question::none(),
            name: None,
            writing: Question::none(),
        }
    }

    /// Cuts it anew, and shows the first frame.
    fn cut(&mut self, out: &mut Outbox) {
        let Some(psbt) = &self.psbt else { return };
        self.frames = self.form.frames(&psbt.serialize(), DENSITIES[self.density]);
        self.at = 0;
        self.tick.put(out.wake(PACES[self.pace]));
    }

    fn change(&mut self, action: &Action, out: &mut Outbox) {
        match action {
            Action::Verb(Verb::More) => {
                self.density = (self.density + 1).min(DENSITIES.len() - 1);
            }
            Action::Verb(Verb::Less) => self.density = self.density.saturating_sub(1),
            Action::Move(Move::Next | Move::Previous) => self.form = self.form.other(),
            Action::Move(Move::Up) => self.pace = (self.pace + 1).min(PACES.len() - 1),
            Action::Move(Move::Down) => self.pace = self.pace.saturating_sub(1),
            _ => {}
        }
        self.cut(out);
    }

    /// Asks for the file's name, and writes it.
    fn save(&mut self, action: &Action, out: &mut Outbox) -> Step {
        let Some(name) = &mut self.name else { return Step::Pass };
        match (action, &self.psbt) {
            (Action::Edit(edit), _) => name.edit(edit),
            (Action::Enter, Some(psbt)) if self.writing.is_free() => {
                self.writing.put(out.write(name.text().trim(), psbt.serialize()));
            }
            (Action::Back, _) => {
                self.name = None;
                self.cut(out);
            }
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }
}

impl Screen for Handing {
    fn title(&self) -> &'static str {
        "PSBT"
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Save, Verb::Copy, Verb::More, Verb::Less]
    }

    fn is_typing(&self) -> bool {
        self.name.is_some()
    }

    fn fills(&self) -> bool {
        self.name.is_none() && self.psbt.is_some()
    }

    fn opened(&mut self, book: &Book, out: &mut Outbox) {
        match self.draft {
            Some(draft) => self.asked.put(out.ask(&book.wallet, Command::HandOut(draft))),
            None => self.cut(out),
        }
    }

    fn act(&mut self, action: &Action, _book: &Book, out: &mut Outbox) -> Step {
        if self.name.is_some() {
            return self.save(action, out);
        }
        match (action, &self.psbt) {
            (Action::Back, _) => return Step::Back,
            (Action::Verb(Verb::Save), Some(psbt)) => {
                let id = psbt.unsigned_tx.compute_txid().to_string();
                let start = id.get(..8).unwrap_or_default();
                self.name = Some(Field::with(&format!("payment-{start}.psbt")));
            }
            (Action::Verb(Verb::Copy), Some(psbt)) => out.put(Effect::Copy(psbt.to_string())),
            (Action::Verb(Verb::More | Verb::Less) | Action::Move(_), _) => {
                self.change(action, out);
            }
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        if self.tick.answer(delivery).is_some() {
            self.at = (self.at + 1) % self.frames.len().max(1);
            if self.name.is_none() && self.frames.len() > 1 {
                self.tick.put(out.wake(PACES[self.pace]));
            }
        } else if let Some(answer) = self.writing.answer(delivery) {
            match answer {
                Answer::Written(Ok(path)) => {
                    out.done(format!("Written to {path}. Bring it back with d, then n."));
                    self.name = None;
                    self.cut(out);
                }
                Answer::Written(Err(told)) => out.problem(told),
                _ => {}
            }
        } else if let Some(Reply::Psbt(review)) = self.asked.replied(delivery, out) {
            self.psbt = Some(review.psbt);
            self.cut(out);
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        if let Some(name) = &self.name {
            name.draw(canvas, 0, "File", true);
            canvas.hint(
                2,
                "Enter writes it. A file that is there already is left alone.",
                Role::Dim,
            );
            return;
        }
        let Some(psbt) = &self.psbt else {
            canvas.line(0, &[dim("Handing the draft out…")]);
            return;
        };
        if canvas.in_lines() {
            canvas.line(0, &[text(psbt.to_string())]);
            return;
        }
        let (width, height) = (canvas.width(), canvas.height());
        let frame = self.frames.get(self.at).map_or("", String::as_str);
        if !code::draw(frame, &mut canvas.part(0, 0, width, height.saturating_sub(1))) {
            let told = "The screen is too small for these codes: - makes them smaller.";
            canvas.line(0, &[dim(told)]);
        }
        let place = format!("{} {}/{}", self.form.name(), self.at + 1, self.frames.len());
        let keys = "  tab form  +/- density  up/down speed  p file  y copy  esc";
        canvas.line(height.saturating_sub(1), &[strong(place), dim(keys)]);
    }
}

/// Letters of a frame.
const DENSITIES: [usize; 6] = [78, 114, 154, 224, 335, 600];

/// What fits on a screen of 24 rows: a code of version 5.
const USUAL_DENSITY: usize = 2;

/// How long a frame stands.
const PACES: [Duration; 5] = [
    Duration::from_millis(1_500),
    Duration::from_millis(800),
    Duration::from_millis(400),
    Duration::from_millis(250),
    Duration::from_millis(150),
];

const USUAL_PACE: usize = 2;
