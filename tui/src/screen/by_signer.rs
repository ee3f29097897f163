//! Owns the last step of a payment whose keys are on a signer: it is drawn on both, and the person
//! agrees there.
//!
//! Refuses to send what comes back before the wallet has looked at it: the signer may have changed it.

use billfold_wallet_core::command::{Command, Draft, PsbtReview, Reply};
use bitcoin::Psbt;

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text};
use crate::device::{DeviceQuestion, DeviceReply};
use crate::effect::{Answer, Delivery, Effect, Outbox, Ticket};
use crate::format;
use crate::screen::at_signer::{has_signer, waiting};
use crate::screen::handing::{Handed, Handing};
use crate::screen::standing;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A payment that the signer is to sign.
pub(crate) struct BySigner {
    draft: Box<Draft>,
    handed: Handed,
    psbt: Option<Box<Psbt>>,
    stage: Stage,
}

/// What is waited for.
enum Stage {
    /// The draft as a PSBT.
    Handing(Ticket),
    /// The signer.
    Asking { ticket: Ticket, told: String },
    /// The person, after it was refused.
    Refused(String),
    /// What the wallet says of what came back.
    Checking(Ticket),
    /// That it is stored and sent.
    Sending(Ticket),
    /// Nothing more: others must sign what was handed out.
    Handed,
    /// Nothing more: it is stored.
    Sent,
}

impl BySigner {
    /// The last step for a draft, if keys that it takes are on a signer.
    pub(crate) fn of(
        draft: &Draft,
        handed: &Handed,
        book: &Book,
        out: &mut Outbox,
    ) -> Option<Self> {
        let accounts = &book.description.as_ref()?.accounts;
        let elsewhere = |coin: &billfold_wallet_core::command::Coin| {
            accounts.iter().any(|account| account.name == coin.account && !account.signs)
        };
        let by_signer = draft.inputs.iter().any(elsewhere) && accounts.iter().any(has_signer);
        by_signer.then(|| Self {
            draft: Box::new(draft.clone()),
            handed: handed.clone(),
            psbt: None,
            stage: Stage::Handing(out.ask(&book.wallet, Command::HandOut(draft.id))),
        })
    }

    fn ask(&mut self, book: &Book, out: &mut Outbox) {
        self.stage = match &self.psbt {
            None => Stage::Handing(out.ask(&book.wallet, Command::HandOut(self.draft.id))),
            Some(psbt) => Stage::Asking {
                ticket: out.device(book.network, DeviceQuestion::Sign(psbt.clone())),
                told: "Looking for the signer…".to_owned(),
            },
        };
    }

    /// Goes on with what the wallet says of the PSBT: first to the signer, then to the network.
    fn reviewed(&mut self, review: PsbtReview, book: &Book, out: &mut Outbox) -> Step {
        match self.stage {
            Stage::Handing(_) => {
                self.psbt = Some(Box::new(review.psbt));
                self.ask(book, out);
            }
            _ if review.complete.is_some() => {
                let command = Command::AnnouncePsbt(Box::new(review.psbt));
                self.stage = Stage::Sending(out.ask(&book.wallet, command));
            }
            _ => {
                out.done("The signer has signed; others must sign too.");
                self.stage = Stage::Handed;
                self.handed.set();
                return Step::Open(Box::new(Handing::psbt(review.psbt)));
            }
        }
        Step::Stay
    }

    fn device(&mut self, answer: Answer, book: &Book, out: &mut Outbox) {
        match (answer, &mut self.stage) {
            (Answer::Progress(progress), Stage::Asking { told, .. }) => *told = waiting(&progress),
            (Answer::Device(answer), stage) => match *answer {
                Ok(DeviceReply::Signed(psbt)) => {
                    let command = Command::ReviewPsbt(psbt);
                    *stage = Stage::Checking(out.ask(&book.wallet, command));
                }
                Ok(_) => {}
                Err(failure) => *stage = Stage::Refused(failure.to_string()),
            },
            _ => {}
        }
    }
}

impl Screen for BySigner {
    fn title(&self) -> &'static str {
        "Sign"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match (action, &self.stage) {
            (Action::Enter, Stage::Refused(_)) => self.ask(book, out),
            (Action::Back, Stage::Refused(_) | Stage::Asking { .. }) => return Step::Back,
            // Who waits in vain can end the program.
            (Action::Verb(Verb::Quit), _) => return Step::Pass,
            // What is on its way into the wallet is carried to its end.
            (_, Stage::Checking(_) | Stage::Sending(_) | Stage::Handing(_)) => {}
            (Action::Enter | Action::Back, Stage::Handed | Stage::Sent) => return Step::Home,
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        let (Stage::Handing(asked)
        | Stage::Asking { ticket: asked, .. }
        | Stage::Checking(asked)
        | Stage::Sending(asked)) = self.stage
        else {
            return Step::Stay;
        };
        match delivery.to(asked) {
            Some(Answer::Reply(Ok(Reply::Psbt(review)))) => {
                return self.reviewed(*review, book, out);
            }
            Some(Answer::Reply(Ok(Reply::Payment(payment)))) => {
                out.done(standing::signed(&payment, book));
                // If something was opened above, nobody goes there now.
                self.stage = Stage::Sent;
                return Step::Home;
            }
            Some(Answer::Reply(Err(error))) => self.stage = Stage::Refused(error.to_string()),
            Some(answer) => self.device(answer, book, out),
            None => {}
        }
        Step::Stay
    }

    fn leave(&mut self, _book: &Book, out: &mut Outbox) {
        match self.stage {
            Stage::Asking { ticket, .. } => out.put(Effect::HangUp(ticket)),
            // It may be sent by now.
            Stage::Sending(_) | Stage::Sent => self.handed.set(),
            _ => {}
        }
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let row = canvas.lines(0, &payment(&self.draft, book)) + 1;
        let (told, role, keys) = match &self.stage {
            Stage::Handing(_) => ("Handing it to the signer…", Role::Pending, ""),
            Stage::Asking { told, .. } => {
                (told.as_str(), Role::Pending, "Esc takes it back from the signer.")
            }
            Stage::Refused(told) => (
                told.as_str(),
                Role::Error,
                "Enter asks again. Esc: the review; Ctrl-W there: a PSBT.",
            ),
            Stage::Checking(_) => ("Comparing what came back with the draft…", Role::Pending, ""),
            Stage::Sending(_) => ("Storing and sending it…", Role::Pending, ""),
            Stage::Handed => {
                ("Others must sign too: drafts have it.", Role::Pending, "Enter goes to Home.")
            }
            Stage::Sent => ("It is on its way.", Role::Received, "Enter goes to Home."),
        };
        let row = canvas.below(row).wrapped(0, told, role) + row;
        canvas.hint(row + 1, keys, Role::Dim);
    }
}

/// What the signer must show too.
fn payment(draft: &Draft, book: &Book) -> Vec<Vec<Piece>> {
    let look = book.look.bare();
    let mut lines = vec![vec![dim("The signer must show the same:")]];
    for (address, amount) in draft.outputs.iter().take(SHOWN) {
        lines.push(vec![dim("Pay       "), strong(look.amount(*amount))]);
        for (at, line) in format::address_lines(address, GROUPS).into_iter().enumerate() {
            lines.push(vec![dim(if at == 0 { "to        " } else { "          " }), strong(line)]);
        }
    }
    if let Some(more) = draft.outputs.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        lines.push(vec![dim(format!("          and {}", format::count(more as u64, "other")))]);
    }
    lines.push(vec![dim("Fee       "), text(look.amount(draft.fee))]);
    lines
}

/// Recipients that are shown again; the review has shown all.
const SHOWN: usize = 2;

/// Groups of an address to a line, few enough for the display beside it.
const GROUPS: usize = 6;
