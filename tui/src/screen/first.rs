//! Owns the first question of all: where a wallet comes from. The chain is followed meanwhile.

use crate::action::{Action, Edit};
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::Outbox;
use crate::list::List;
use crate::screen::connect::Connect;
use crate::screen::creation::Creation;
use crate::screen::restore::Restore;
use crate::screen::trial::Try;
use crate::screen::watch::Watch;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// There is no wallet of this name yet.
pub(crate) struct First {
    list: List,
    choices: &'static [(char, &'static str, &'static str)],
}

impl First {
    /// Nothing is chosen yet. Who plays already, or has a wallet, is not asked to try.
    pub(crate) fn new(may_try: bool) -> Self {
        let choices = if may_try { CHOICES } else { &CHOICES[..CHOICES.len() - 1] };
        Self { list: List::default(), choices }
    }

    fn open(&self, choice: char, book: &Book, out: &mut Outbox) -> Step {
        match self.choices.iter().map(|one| one.0).find(|letter| *letter == choice).unwrap_or(' ') {
            'n' => Step::Open(Box::new(Creation::new(book))),
            'r' => Step::Open(Box::new(Restore::new())),
            'c' => Step::Open(Box::new(Connect::new(book, out))),
            'w' => Step::Open(Box::new(Watch::new())),
            't' => Step::Open(Box::new(Try::default())),
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
                return self.open(letter.to_ascii_lowercase(), book, out);
            }
            Action::Move(to) => self.list.step(*to, self.choices.len()),
            Action::Enter => {
                let chosen =
                    self.list.chosen(self.choices.len()).and_then(|at| self.choices.get(at));
                return chosen.map_or(Step::Stay, |(letter, _, _)| self.open(*letter, book, out));
            }
            Action::Verb(_) => return Step::Pass,
            Action::Back => return Step::Back,
            Action::Edit(_) => {}
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let row = canvas.height() / 4;
        let none = format!("  There is no wallet named {} here yet.", book.wallet);
        canvas.line(row, &[strong("billfold"), dim(none)]);
        self.list.draw(canvas, row + 2, self.choices.len(), |at| {
            let (letter, name, about) = self.choices[at];
            let letter = (letter.to_ascii_uppercase().to_string(), Role::Key);
            vec![text(" "), letter, text(format!("  {name:<9}")), dim(about)]
        });
        let row = row + 3 + u16::try_from(self.choices.len()).unwrap_or_default();
        canvas.below(row).hint(0, ELSEWHERE, dim("").1);
    }
}

const CHOICES: &[(char, &str, &str)] = &[
    ('n', "New", "make a wallet, and write its words down"),
    ('r', "Restore", "from the words of a wallet, of whatever program"),
    ('c', "Connect", "a signing device, whose keys stay there"),
    ('w', "Watch", "what others' keys can spend: a descriptor, an xpub, a file"),
    ('t', "Try", "with money that is worth nothing"),
];

const ELSEWHERE: &str = "Press its letter, or choose by the arrows and Enter. A wallet comes back from a backup file by \
                         billfold backup restore.";
