//! Owns the doctor: what may be wrong with machine, files and connections, as `billfold doctor` tells it.
//!
//! Refuses to name wallets, addresses, peers and paths: what is shown can be shown to strangers.

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text, wrap};
use crate::checkup::{Check, Health, connections, imported_keys};
use crate::effect::{Answer, Delivery, Effect, Outbox, Question};
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// What was looked at.
#[derive(Default)]
pub(crate) struct Doctor {
    checks: Option<Vec<Check>>,
    asked: Question,
}

impl Doctor {
    /// With the wallet's keys, and what the connections are like now.
    fn all(&self, book: &Book) -> Vec<Check> {
        let keys = book.description.iter().filter_map(|wallet| imported_keys(wallet));
        let online = book.status.iter().flat_map(|status| connections(status));
        self.checks.iter().flatten().cloned().chain(keys).chain(online).collect()
    }
}

impl Screen for Doctor {
    fn title(&self) -> &'static str {
        "Doctor"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Description, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Copy]
    }

    fn opened(&mut self, _book: &Book, out: &mut Outbox) {
        self.asked.put(out.checks());
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Enter if self.asked.is_free() => self.opened(book, out),
            Action::Verb(Verb::Copy) => {
                let line = |check: &Check| {
                    format!("{} {:<12} {}\n", check.health.sign(), check.name, check.told)
                };
                out.put(Effect::Copy(self.all(book).iter().map(line).collect()));
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, _out: &mut Outbox) -> Step {
        if let Some(Answer::Checks(checks)) = self.asked.answer(delivery) {
            self.checks = Some(checks);
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let told = "Names no wallet, address, peer or path. Enter looks again, y copies it.";
        canvas.hint(0, told, Role::Dim);
        if self.checks.is_none() {
            canvas.line(2, &[dim("Looking…")]);
            return;
        }
        let room = usize::from(canvas.width()).saturating_sub(NAMES);
        let checks = self.all(book);
        let lines: Vec<_> = checks.iter().flat_map(|check| lines(check, room)).collect();
        canvas.lines(2, &lines);
    }
}

fn lines(check: &Check, room: usize) -> Vec<Vec<Piece>> {
    let role = match check.health {
        Health::Good => Role::Normal,
        Health::Odd => Role::Pending,
        Health::Bad => Role::Warning,
    };
    let mut name = format!("{} {}", check.health.sign(), check.name);
    let told = wrap(&check.told, room).into_iter();
    told.map(|line| {
        let name = std::mem::take(&mut name);
        vec![(format!("{name:<NAMES$}"), role), text(line)]
    })
    .collect()
}

/// Columns of the names.
const NAMES: usize = 16;
