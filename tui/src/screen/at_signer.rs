//! Owns a question at the signer that a person answers there: an address to compare, a policy to keep.
//!
//! Refuses to leave the question behind: who goes away takes it back.

use billfold_wallet_core::command::AccountDescription;
use billfold_wallet_core::keychain::{
    Account, AccountDescriptor, AccountKind, AccountName, Branch, DerivationIndex,
};
use billfold_wallet_core::signer_host::watch::Progress;
use bitcoin::{Address, Network};

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, Piece, dim, strong};
use crate::device::{DeviceQuestion, DeviceReply};
use crate::effect::{Answer, Delivery, Effect, Outbox, Ticket};
use crate::format;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A question at the signer.
pub(crate) struct AtSigner {
    title: &'static str,
    about: Vec<Vec<Piece>>,
    question: DeviceQuestion,
    stage: Stage,
}

/// How far it is.
enum Stage {
    Asking { ticket: Ticket, told: String },
    Done(String),
    Refused(String),
}

impl AtSigner {
    /// An address of an account, to be compared on both screens.
    pub(crate) fn address(
        address: &Address,
        place: (&AccountName, Branch, DerivationIndex),
        book: &Book,
        out: &mut Outbox,
    ) -> Step {
        let (name, branch, index) = place;
        let account = account(name, book, out);
        let Some(account) = account.map(Box::new) else { return Step::Stay };
        let mut about =
            vec![vec![dim("Compare every group of this address on the signer:")], vec![]];
        let lines = format::address_lines(address, GROUPS);
        about.extend(lines.into_iter().map(|line| vec![strong(line)]));
        let question = DeviceQuestion::Display { account, branch, index };
        Self::open("Verify", about, question, book, out)
    }

    /// The policy of an account, for the signer to keep.
    pub(crate) fn policy(name: &AccountName, book: &Book, out: &mut Outbox) -> Step {
        let Some(account) = account(name, book, out).map(Box::new) else { return Step::Stay };
        let about = vec![
            vec![dim("Account   "), strong(name.as_str())],
            vec![dim("The signer shows who may spend: compare its keys with those of the others.")],
        ];
        Self::open("Register", about, DeviceQuestion::Register(account), book, out)
    }

    fn open(
        title: &'static str,
        about: Vec<Vec<Piece>>,
        question: DeviceQuestion,
        book: &Book,
        out: &mut Outbox,
    ) -> Step {
        let stage = Stage::asking(&question, book.network, out);
        Step::Open(Box::new(Self { title, about, question, stage }))
    }
}

impl Stage {
    fn asking(question: &DeviceQuestion, network: Network, out: &mut Outbox) -> Self {
        let told = "Looking for the signer…".to_owned();
        Self::Asking { ticket: out.device(network, question.clone()), told }
    }
}

impl Screen for AtSigner {
    fn title(&self) -> &str {
        self.title
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Verify]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match (action, &self.stage) {
            (Action::Enter | Action::Verb(Verb::Verify), Stage::Refused(_)) => {
                self.stage = Stage::asking(&self.question, book.network, out);
            }
            (Action::Enter, Stage::Done(_)) | (Action::Back, _) => return Step::Back,
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, _out: &mut Outbox) -> Step {
        let Stage::Asking { ticket: asked, told } = &mut self.stage else { return Step::Stay };
        match delivery.to(*asked) {
            Some(Answer::Progress(progress)) => *told = waiting(&progress),
            Some(Answer::Device(answer)) => {
                self.stage = match *answer {
                    Ok(reply) => Stage::Done(done(&reply)),
                    Err(failure) => Stage::Refused(failure.to_string()),
                };
            }
            _ => {}
        }
        Step::Stay
    }

    fn leave(&mut self, _book: &Book, out: &mut Outbox) {
        if let Stage::Asking { ticket, .. } = self.stage {
            out.put(Effect::HangUp(ticket));
        }
    }

    fn draw(&self, _book: &Book, canvas: &mut Canvas<'_>) {
        let row = canvas.lines(0, &self.about) + 1;
        let (told, role, keys) = match &self.stage {
            Stage::Asking { told, .. } => (told, Role::Pending, "Esc takes the question back."),
            Stage::Done(told) => (told, Role::Received, "Enter goes back."),
            Stage::Refused(told) => (told, Role::Error, "Enter asks again, Esc goes back."),
        };
        let row = canvas.below(row).wrapped(0, told, role) + row;
        canvas.hint(row + 1, keys, Role::Dim);
    }
}

/// The account of this name, if a signer can have its keys; if not, why is told.
fn account(name: &AccountName, book: &Book, out: &mut Outbox) -> Option<Account> {
    let wallet = book.description.as_ref()?;
    let found = wallet.accounts.iter().find(|account| account.name == *name)?;
    if !has_signer(found) {
        out.problem(format!("the keys of {name} are in this wallet: no signer has them"));
        return None;
    }
    let descriptor = AccountDescriptor::parse(&found.descriptor, book.network);
    let descriptor = descriptor.map_err(|error| out.problem(error)).ok()?;
    Some(Account::new(found.id, name.clone(), book.network, descriptor, &[]))
}

/// Whether keys of an account are elsewhere.
pub(crate) const fn has_signer(account: &AccountDescription) -> bool {
    !account.signs || !matches!(account.kind, AccountKind::SingleKey(_))
}

/// How far a question to a signer is.
pub(crate) fn waiting(progress: &Progress) -> String {
    match progress {
        Progress::Compare(code) => {
            format!("Agree on the signer only if it shows the same code: {code}")
        }
        Progress::Waiting => "The signer waits for you: look at it.".to_owned(),
        Progress::Received { part, of } => format!("Signed; {part} of {of} parts are here."),
    }
}

fn done(reply: &DeviceReply) -> String {
    match reply {
        DeviceReply::Displayed(shown) if shown.compared => {
            "+ The signer has the same address.".to_owned()
        }
        DeviceReply::Displayed(_) => "! This signer does not say what it shows: trust the address \
                                      only if you saw the same there."
            .to_owned(),
        DeviceReply::Registered(kept) if kept.new => {
            format!("+ The signer keeps it as {}.", kept.name)
        }
        DeviceReply::Registered(kept) => format!("+ The signer kept it already, as {}.", kept.name),
        _ => String::new(),
    }
}

/// Groups of an address to a line, few enough for the display beside it.
const GROUPS: usize = 6;
