//! Owns the first meeting with a signer: it is found, tells its keys, shows the first address and signs
//! a message, before a wallet is made whose keys stay there.
//!
//! Refuses to offer an address for money before the signer has shown one and signed something: a device
//! that can't sign would only take.

use std::time::Duration;

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::keychain::{
    Account, AccountDescriptor, AccountId, AccountKind, AccountName, Branch, DerivationIndex,
    ScriptType,
};
use billfold_wallet_core::search_plan::earliest;
use billfold_wallet_core::signer_host::doctor::Diagnosis;
use billfold_wallet_core::signer_host::problem::DeviceError;
use bitcoin::Network;
use bitcoin::bip32::Fingerprint;

use crate::action::{Action, Verb};
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::device::{DeviceFailure, DeviceQuestion, DeviceReply};
use crate::effect::{Answer, Delivery, Effect, Outbox, Ticket};
use crate::format;
use crate::list::List;
use crate::screen::at_signer::waiting;
use crate::screen::watching::Watching;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A signer that is met.
pub(crate) struct Connect {
    stage: Stage,
    kinds: List,
    found: Vec<Diagnosis>,
    looks: u32,
    keys: Option<Keys>,
    asked: Option<Ticket>,
    /// How far the question to the signer is, or why it was not answered.
    told: Option<(String, Role)>,
}

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Looking,
    Kind,
    Compare,
    Test,
}

/// What the signer told.
struct Keys {
    fingerprint: Fingerprint,
    accounts: Vec<(AccountName, AccountDescriptor)>,
}

impl Connect {
    /// Nothing is known yet; begins to look.
    pub(crate) fn new(book: &Book, out: &mut Outbox) -> Self {
        Self {
            stage: Stage::Looking,
            kinds: List::default(),
            found: Vec::new(),
            looks: 0,
            keys: None,
            asked: Some(out.device(book.network, DeviceQuestion::Look)),
            told: None,
        }
    }

    fn ask(&mut self, question: DeviceQuestion, book: &Book, out: &mut Outbox) {
        self.asked = Some(out.device(book.network, question));
        self.told = Some(("Asking the signer…".to_owned(), Role::Pending));
    }

    fn enter(&mut self, book: &Book, out: &mut Outbox) {
        if self.stage != Stage::Looking && self.asked.is_some() {
            return;
        }
        match (self.stage, &self.keys) {
            (Stage::Looking, _) if self.found.iter().any(is_usable) => {
                self.asked = None;
                self.stage = Stage::Kind;
            }
            (Stage::Kind, _) => {
                let kind = self.kinds.chosen(ScriptType::ALL.len());
                let kind = kind.map_or(ScriptType::Taproot, |at| kinds()[at]);
                self.ask(DeviceQuestion::Accounts(kind), book, out);
            }
            (Stage::Compare, Some(keys)) => {
                let (branch, index) = (Branch::Receive, DerivationIndex::ZERO);
                if let Some(account) = keys.account(|_| true, book.network) {
                    self.ask(DeviceQuestion::Display { account, branch, index }, book, out);
                }
            }
            (Stage::Test, Some(keys)) => {
                let message = format!("test signature of {} for billfold", keys.fingerprint);
                let signs = |descriptor: &AccountDescriptor| {
                    descriptor.kind() == AccountKind::SingleKey(ScriptType::Segwit)
                };
                if let Some(account) = keys.account(signs, book.network) {
                    self.ask(DeviceQuestion::Message { account, message }, book, out);
                }
            }
            _ => {}
        }
    }

    fn replied(&mut self, reply: DeviceReply, book: &Book, out: &mut Outbox) -> Step {
        self.told = None;
        match reply {
            DeviceReply::Found(found) => {
                self.looks += 1;
                if !found.iter().any(is_usable) {
                    self.asked = Some(out.wake(PAUSE));
                }
                self.found = found;
            }
            DeviceReply::Accounts { fingerprint, accounts } => {
                self.keys = Some(Keys { fingerprint, accounts });
                self.stage = Stage::Compare;
            }
            DeviceReply::Displayed(shown) => {
                if !shown.compared {
                    out.problem(
                        "this signer does not say what it shows: go on only if it was the same",
                    );
                }
                self.stage = Stage::Test;
            }
            DeviceReply::Signature => {
                if let Some(Keys { accounts, .. }) = &self.keys {
                    out.done("The signer signed, and the signature holds.");
                    let birthday = earliest::of_accounts(accounts, book.network);
                    let birthday = Birthday::Height(birthday);
                    let watching = Watching::new(accounts.clone(), birthday, book);
                    return Step::Open(Box::new(watching));
                }
            }
            DeviceReply::Registered(_) | DeviceReply::Signed(_) => {}
        }
        Step::Stay
    }

    fn failed(&mut self, failure: &DeviceFailure) {
        self.told = Some((failure.to_string(), Role::Error));
    }

    fn back(&mut self, out: &mut Outbox) -> Step {
        self.hang_up(out);
        self.told = None;
        match self.stage {
            Stage::Looking => return Step::Back,
            Stage::Kind => {
                self.stage = Stage::Looking;
                self.asked = Some(out.wake(Duration::ZERO));
            }
            Stage::Compare => self.stage = Stage::Kind,
            Stage::Test => self.stage = Stage::Compare,
        }
        Step::Stay
    }

    fn hang_up(&mut self, out: &mut Outbox) {
        if let Some(ticket) = self.asked.take() {
            out.put(Effect::HangUp(ticket));
        }
    }
}

impl Keys {
    /// The first account of this kind.
    fn account(
        &self,
        wanted: impl Fn(&AccountDescriptor) -> bool,
        network: Network,
    ) -> Option<Box<Account>> {
        let (name, descriptor) = self.accounts.iter().find(|(_, of)| wanted(of))?;
        let (id, name, descriptor) = (AccountId::new(0), name.clone(), descriptor.clone());
        Some(Box::new(Account::new(id, name, network, descriptor, &[])))
    }
}

impl Screen for Connect {
    fn title(&self) -> &'static str {
        "Connect"
    }

    /// A kind is an answer, as it is for a wallet whose keys are made here.
    fn is_typing(&self) -> bool {
        self.stage == Stage::Kind
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        match action {
            Action::Move(to) if self.stage == Stage::Kind => {
                self.kinds.step(*to, ScriptType::ALL.len());
            }
            Action::Verb(Verb::Verify) if self.stage == Stage::Compare => self.enter(book, out),
            Action::Enter => self.enter(book, out),
            Action::Back => return self.back(out),
            Action::Verb(_) => return Step::Pass,
            Action::Edit(_) | Action::Move(_) => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, book: &Book, out: &mut Outbox) -> Step {
        match self.asked.and_then(|asked| delivery.to(asked)) {
            Some(Answer::Progress(progress)) => {
                self.told = Some((waiting(&progress), Role::Pending));
                return Step::Stay;
            }
            Some(Answer::Woken) => {
                self.asked = Some(out.device(book.network, DeviceQuestion::Look));
                return Step::Stay;
            }
            Some(Answer::Device(answer)) => {
                self.asked = None;
                match *answer {
                    Ok(reply) => return self.replied(reply, book, out),
                    Err(failure) => self.failed(&failure),
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn leave(&mut self, _book: &Book, out: &mut Outbox) {
        self.hang_up(out);
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let row = match self.stage {
            Stage::Looking => self.draw_found(canvas),
            Stage::Kind => {
                canvas.line(
                    0,
                    &[dim("Which addresses? All kinds are watched; new ones are of this.")],
                );
                self.kinds.draw(canvas, 2, ScriptType::ALL.len(), |at| {
                    let kind = kinds()[at];
                    vec![text(format!(" {:<9}", kind.name())), dim(about(kind))]
                });
                2 + u16::try_from(ScriptType::ALL.len()).unwrap_or_default()
            }
            Stage::Compare => self.draw_first(book, canvas),
            Stage::Test => {
                let told = "One test: the signer signs a message by one of its keys, and the signature is \
                            checked here. Enter asks it; agree there.";
                canvas.hint(0, told, Role::Normal)
            }
        };
        if let Some((told, role)) = &self.told {
            canvas.below(row + 1).wrapped(0, told, *role);
        }
    }
}

impl Connect {
    fn draw_found(&self, canvas: &mut Canvas<'_>) -> u16 {
        let mut row = 0;
        for found in &self.found {
            let about = found.about.as_ref();
            let what =
                about.map_or_else(String::new, |it| format!("  {} {}", it.model, it.version));
            canvas.line(row, &[strong(found.place.to_string()), text(what)]);
            row += 1;
            if let Some(problem) = &found.problem {
                row = canvas.below(row).wrapped(0, &problem.to_string(), Role::Warning) + row;
            }
        }
        if self.found.iter().any(is_usable) {
            canvas.hint(row + 1, "Enter goes on with it.", Role::Dim);
            return row + 2;
        }
        if self.found.is_empty() && self.looks < PATIENCE {
            return canvas.hint(
                row,
                "Plug the signer in, and switch it on. Looking…",
                Role::Pending,
            );
        }
        if self.found.is_empty() {
            let told = DeviceError::NoDevice.to_string();
            row = canvas.wrapped(row, &told, Role::Warning);
        }
        row = canvas.below(row + 1).hint(0, DOCTOR, Role::Dim) + row + 1;
        row
    }

    fn draw_first(&self, book: &Book, canvas: &mut Canvas<'_>) -> u16 {
        let Some(keys) = &self.keys else { return 0 };
        let fingerprint = strong(keys.fingerprint.to_string());
        canvas.line(0, &[dim("Fingerprint  "), fingerprint, dim("  under About on the signer")]);
        let Some((name, descriptor)) = keys.accounts.first() else { return 1 };
        canvas.line(1, &[dim("Account      "), text(name.as_str())]);
        let first = descriptor.address(Branch::Receive, DerivationIndex::ZERO, book.network);
        let mut row = 3;
        for line in format::address_lines(&first, GROUPS) {
            canvas.line(row, &[strong(line)]);
            row += 1;
        }
        let told = "Its first address. v or Enter shows it on the signer: compare every group, and agree \
                    there.";
        canvas.below(row + 1).hint(0, told, Role::Dim) + row + 1
    }
}

/// Whether it can be asked; one that is locked asks for its PIN by itself.
fn is_usable(found: &Diagnosis) -> bool {
    matches!(found.problem, None | Some(DeviceError::Locked))
}

/// The kinds of accounts, the newest first.
fn kinds() -> [ScriptType; 4] {
    let mut kinds = ScriptType::ALL;
    kinds.sort_by_key(|kind| usize::from(*kind != ScriptType::Taproot));
    kinds
}

const fn about(kind: ScriptType) -> &'static str {
    match kind {
        ScriptType::Taproot => "the newest and cheapest; a few services can't pay to it yet",
        ScriptType::Segwit => "what nearly everybody can pay to",
        ScriptType::Nested => "segwit in the form of 2017",
        ScriptType::Legacy => "the oldest, and the dearest to spend",
    }
}

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks after which the doctor speaks.
const PATIENCE: u32 = 5;

/// Groups of an address to a line, few enough for the display beside it.
const GROUPS: usize = 6;

const DOCTOR: &str = "It is looked for again every second. Some cables carry no data: try another. A hub may \
                      give too little power. billfold signer doctor tells more.";
