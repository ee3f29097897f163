//! Owns the first question of all: where a wallet comes from. The chain is followed meanwhile.

use crate::action::{Action, Edit};
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::Outbox;
use crate::list::List;
use crate::screen::connect::Connect;
use crate::screen::creation::Creation;
use crate::screen::restore::Restore;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// There is no wallet yet.
#[derive(Default)]
pub(crate) struct First {
    list: List,
}

impl First {
    fn open(choice: char, book: &Book, out: &mut Outbox) -> Step {
        match choice {
            'n' => Step::Open(Box::new(Creation::new())),
            'r' => Step::Open(Box::new(Restore::new())),
            'c' => Step::Open(Box::new(Connect::new(book, out))),
            _ => Step::Stay,
        }
    }
}

impl Screen for First {
    fn title(&self) -> &'static str {
        ""
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Edit(Edit::Type(letter)) => {
                return Self::open(letter.to_ascii_lowercase(), book, out);
            }
            Action::Move(to) => self.list.step(*to, CHOICES.len()),
            Action::Enter => {
                let chosen = self.list.chosen(CHOICES.len()).and_then(|at| CHOICES.get(at));
                return chosen.map_or(Step::Stay, |(letter, _, _)| Self::open(*letter, book, out));
            }
            Action::Verb(_) => return Step::Pass,
            Action::Edit(_) | Action::Back => {}
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let row = canvas.height() / 4;
        let none = format!("  There is no wallet named {} here yet.", book.wallet);
        canvas.line(row, &[strong("billfold"), dim(none)]);
        self.list.draw(canvas, row + 2, CHOICES.len(), |at| {
            let (letter, name, about) = CHOICES[at];
            let letter = (letter.to_ascii_uppercase().to_string(), Role::Key);
            vec![text(" "), letter, text(format!("  {name:<9}")), dim(about)]
        });
        let row = row + 3 + u16::try_from(CHOICES.len()).unwrap_or_default();
        canvas.below(row).wrapped(0, ELSEWHERE, dim("").1);
    }
}

const CHOICES: &[(char, &str, &str)] = &[
    ('n', "New", "make a wallet, and write its words down"),
    ('r', "Restore", "from the words of a wallet, of whatever program"),
    ('c', "Connect", "a signing device, whose keys stay there"),
];

const ELSEWHERE: &str = "Watching only, and backups: billfold watch and backup restore. To try it with \
                         play money: billfold demo.";
