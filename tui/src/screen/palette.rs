//! Owns the palette: every verb by name, or those of one screen, which is its help; and the command that
//! does the same in a script.

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Effect, Outbox};
use crate::field::Field;
use crate::keymap::Keymap;
use crate::list::List;
use crate::screen::{Screen, Step};
use crate::script;
use crate::theme::Role;

/// A list of verbs.
pub(crate) struct Palette {
    title: &'static str,
    verbs: Vec<(Verb, String)>,
    field: Field,
    list: List,
}

impl Palette {
    /// All verbs; those of play in a demonstration.
    pub(crate) fn all(keymap: &Keymap, playing: bool) -> Self {
        Self::of("Everything", &Verb::ALL, keymap, playing)
    }

    /// What can be done on a screen, then what can be done everywhere.
    pub(crate) fn here(verbs: &[Verb], keymap: &Keymap, playing: bool) -> Self {
        let others = Verb::ALL.iter().filter(|verb| !verbs.contains(verb));
        let all: Vec<Verb> = verbs.iter().chain(others).copied().collect();
        Self::of("Help", &all, keymap, playing)
    }

    fn of(title: &'static str, verbs: &[Verb], keymap: &Keymap, playing: bool) -> Self {
        let keys = |verb| keymap.keys(verb).iter().map(ToString::to_string).collect::<Vec<_>>();
        let verbs = verbs.iter().filter(|verb| playing || !matches!(verb, Verb::Play(_)));
        let verbs = verbs.map(|verb| (*verb, keys(*verb).join(" "))).collect();
        Self { title, verbs, field: Field::new(), list: List::default() }
    }

    /// Those that have what was written in their name, then in what they do.
    fn fitting(&self) -> Vec<&(Verb, String)> {
        let wanted = self.field.text().trim().to_lowercase();
        let begins = |verb: &Verb| verb.name().starts_with(&wanted);
        let has = |verb: &Verb| verb.name().contains(&wanted) || verb.about().contains(&wanted);
        let first = self.verbs.iter().filter(|(verb, _)| begins(verb));
        let rest = self.verbs.iter().filter(|(verb, _)| !begins(verb) && has(verb));
        first.chain(rest).collect()
    }

    fn chosen(&self) -> Option<Verb> {
        let fitting = self.fitting();
        let at = self.list.chosen(fitting.len())?;
        fitting.get(at).map(|(verb, _)| *verb)
    }
}

impl Screen for Palette {
    fn title(&self) -> &str {
        self.title
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn finds_rows(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, _book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(edit) => {
                self.field.edit(edit);
                self.list = List::default();
            }
            Action::Move(to) => {
                let rows = self.fitting().len();
                self.list.step(*to, rows);
            }
            Action::Enter => return self.chosen().map_or(Step::Stay, Step::Do),
            Action::Verb(Verb::Copy) => match self.chosen().and_then(script::command) {
                Some(command) => out.put(Effect::Copy(command.to_owned())),
                None => out.problem("no command does that: it is of the screens alone"),
            },
            Action::Back | Action::Verb(Verb::Palette | Verb::Help) => return Step::Back,
            Action::Verb(_) => return Step::Pass,
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        self.field.draw(canvas, 0, "Do", true);
        let fitting = self.fitting();
        let (width, last) = (canvas.width(), canvas.height().saturating_sub(1));
        if let Some(command) = self.chosen().and_then(script::command) {
            canvas.line(last, &[dim("In a script  "), text(command)]);
        }
        let mut above = canvas.part(0, 0, width, last);
        self.list.draw(&mut above, 2, fitting.len(), |at| {
            let (verb, keys) = fitting[at];
            let keys = (format!("{keys:<11}"), Role::Key);
            vec![text(format!("{:<11}", verb.name())), keys, dim(verb.about())]
        });
    }
}
