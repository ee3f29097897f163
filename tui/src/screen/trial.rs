//! Owns the choice of money that is worth nothing, for who wants to try everything first.

use crate::action::{Action, Edit};
use crate::book::Book;
use crate::canvas::{Canvas, dim, text};
use crate::effect::{Effect, Outbox, Trial};
use crate::list::List;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// Where to try.
#[derive(Default)]
pub(crate) struct Try {
    list: List,
}

impl Screen for Try {
    fn title(&self) -> &'static str {
        "Try"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, _book: &Book, out: &mut Outbox) -> Step {
        let chosen = match action {
            Action::Edit(Edit::Type(letter)) => {
                CHOICES.iter().find(|choice| choice.0 == letter.to_ascii_lowercase())
            }
            Action::Enter => self.list.chosen(CHOICES.len()).and_then(|at| CHOICES.get(at)),
            Action::Move(to) => {
                self.list.step(*to, CHOICES.len());
                None
            }
            Action::Back => return Step::Back,
            Action::Verb(_) => return Step::Pass,
            Action::Edit(_) => None,
        };
        if let Some((_, trial, ..)) = chosen {
            out.put(Effect::Try(*trial));
        }
        Step::Stay
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        canvas.line(0, &[dim("Nothing here touches your own wallets.")]);
        self.list.draw(canvas, 2, CHOICES.len(), |at| {
            let (letter, _, name, about) = CHOICES[at];
            let letter = (letter.to_ascii_uppercase().to_string(), Role::Key);
            vec![text(" "), letter, text(format!("  {name:<11}")), dim(about)]
        });
    }
}

const CHOICES: &[(char, Trial, &str, &str)] = &[
    (
        'p',
        Trial::Demonstration,
        "Play money",
        "made in this program, with a signer; gone at the end",
    ),
    ('s', Trial::Signet, "Signet", "a public test network: its coins are given away"),
];
