//! Owns the settings: what is set, and where it is set.
//!
//! Refuses to change any: a file says the same tomorrow, and can be read before it counts.

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text};
use crate::checkup::Setting;
use crate::effect::{Answer, Delivery, Effect, Outbox, Question};
use crate::list::List;
use crate::screen::{Screen, Step};

/// What is set.
#[derive(Default)]
pub(crate) struct Settings {
    told: Vec<Setting>,
    asked: Question,
    list: List,
}

impl Settings {
    /// With what these screens have been told by keys.
    fn all(&self, book: &Book) -> Vec<Setting> {
        let unit = if book.look.sats { "satoshi" } else { "bitcoin" };
        let shown = if book.look.hidden { "hidden" } else { "shown" };
        let wallet = book.wallet.as_str();
        let by_key =
            [("wallet", wallet, "key w"), ("unit", unit, "key u"), ("amounts", shown, "key z")];
        let by_key =
            by_key.map(|(name, value, place)| Setting { name, value: value.to_owned(), place });
        by_key.into_iter().chain(self.told.iter().cloned()).collect()
    }
}

impl Screen for Settings {
    fn title(&self) -> &'static str {
        "Settings"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Copy, Verb::Unit, Verb::Hide]
    }

    fn opened(&mut self, _book: &Book, out: &mut Outbox) {
        self.asked.put(out.settings());
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let all = self.all(book);
        match action {
            Action::Move(to) => self.list.step(*to, all.len()),
            Action::Verb(Verb::Copy) => {
                let chosen = self.list.chosen(all.len()).and_then(|at| all.get(at));
                let value = chosen.map(|setting| setting.value.clone());
                out.put(Effect::Copy(value.unwrap_or_default()));
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, _out: &mut Outbox) -> Step {
        if let Some(Answer::Settings(settings)) = self.asked.answer(delivery) {
            self.told = settings;
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let told = "What is set, and where. A change of a file counts from the next start.";
        canvas.line(0, &[dim(told)]);
        let all = self.all(book);
        self.list.draw(canvas, 2, all.len(), |at| row(&all[at]));
    }
}

fn row(setting: &Setting) -> Vec<Piece> {
    let place =
        if setting.place.is_empty() { String::new() } else { format!("  {}", setting.place) };
    vec![dim(format!("{:<14}", setting.name)), text(setting.value.clone()), dim(place)]
}
