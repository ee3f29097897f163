//! Owns a wallet that has no keys while it is made: which accounts it watches, its name, and the password
//! of its file.
//!
//! Refuses to guess: a key whose origin is not told stays so, and that is said.

use billfold_wallet_core::command::Birthday;
use billfold_wallet_core::config::LookAhead;
use billfold_wallet_core::founding::{Founding, NewWatch};
use billfold_wallet_core::keychain::{AccountDescriptor, AccountName, Branch, DerivationIndex};
use billfold_wallet_core::vault::Password;
use billfold_wallet_core::wallet_name::WalletName;

use crate::action::Action;
use crate::book::Book;
use crate::canvas::{Canvas, dim, strong, text};
use crate::effect::{Answer, Delivery, Outbox, Question};
use crate::field::Field;
use crate::screen::secret::Secret;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// A wallet that will watch.
pub(crate) struct Watching {
    accounts: Vec<(AccountName, AccountDescriptor)>,
    birthday: Birthday,
    name: Field,
    stage: Stage,
    password: Option<Password>,
    asked: Question,
}

/// Where the person is.
enum Stage {
    Name,
    Password(Secret),
    Founding,
    Opening,
}

impl Watching {
    /// A wallet of these accounts, named like the one that is not there yet.
    pub(crate) fn new(
        accounts: Vec<(AccountName, AccountDescriptor)>,
        birthday: Birthday,
        book: &Book,
    ) -> Self {
        let name = Field::with(book.wallet.as_str());
        Self {
            accounts,
            birthday,
            name,
            stage: Stage::Name,
            password: None,
            asked: Question::none(),
        }
    }

    fn wallet(&self) -> Result<WalletName, impl std::fmt::Display + use<>> {
        self.name.text().trim().parse::<WalletName>()
    }

    fn enter(&mut self, out: &mut Outbox) {
        match &mut self.stage {
            Stage::Name => match self.wallet() {
                Ok(_) => self.stage = Stage::Password(Secret::new()),
                Err(error) => out.problem(error),
            },
            Stage::Password(secret) => {
                let chosen = secret.enter(out);
                if let (Some(password), Ok(wallet)) = (chosen, self.wallet()) {
                    let founding = Founding::Watch(NewWatch::new(
                        self.accounts.clone(),
                        self.birthday,
                        LookAhead::RESTORED,
                        password.clone(),
                    ));
                    self.password = Some(password);
                    self.asked.put(out.found(&wallet, founding, false));
                    self.stage = Stage::Founding;
                }
            }
            Stage::Founding | Stage::Opening => {}
        }
    }
}

impl Screen for Watching {
    fn title(&self) -> &'static str {
        "Watch"
    }

    fn is_typing(&self) -> bool {
        true
    }

    fn act(&mut self, action: &Action, _book: &Book, out: &mut Outbox) -> Step {
        match (action, &mut self.stage) {
            (Action::Edit(edit), Stage::Name) => self.name.edit(edit),
            (Action::Edit(edit), Stage::Password(secret)) => secret.edit(edit),
            (Action::Enter, _) => self.enter(out),
            (Action::Back, Stage::Name) => return Step::Back,
            (Action::Back, Stage::Password(_)) => self.stage = Stage::Name,
            (Action::Verb(_), _) => return Step::Pass,
            _ => {}
        }
        Step::Stay
    }

    fn answered(&mut self, delivery: &mut Delivery, _book: &Book, out: &mut Outbox) -> Step {
        match self.asked.answer(delivery) {
            Some(Answer::Founded(Ok(_))) => {
                if let (Some(password), Ok(wallet)) = (self.password.take(), self.wallet()) {
                    self.asked.put(out.load(&wallet, password));
                    self.stage = Stage::Opening;
                }
            }
            Some(Answer::Founded(Err(error))) => {
                out.problem(error);
                self.stage = Stage::Name;
            }
            Some(Answer::Opened(Ok(()))) => {
                let wallet = self.wallet();
                return wallet
                    .map_or(Step::Back, |wallet| Step::EnterNamed { wallet, is_new: false });
            }
            Some(Answer::Opened(Err(error))) => out.problem(error),
            _ => {}
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        match &self.stage {
            Stage::Name => {
                self.name.draw(canvas, 0, "Name", true);
                self.draw_accounts(book, &mut canvas.below(2));
            }
            Stage::Password(secret) => secret.draw(canvas),
            Stage::Founding => drop(canvas.line(0, &[dim("Making the wallet…")])),
            Stage::Opening => drop(canvas.line(0, &[dim("Opening…")])),
        }
    }
}

impl Watching {
    fn draw_accounts(&self, book: &Book, canvas: &mut Canvas<'_>) {
        canvas.line(
            0,
            &[dim("Watched accounts. Compare the first addresses with those where the keys are:")],
        );
        let mut row = 1;
        for (name, descriptor) in &self.accounts {
            let first = descriptor.address(Branch::Receive, DerivationIndex::ZERO, book.network);
            canvas.line(row, &[strong(format!("{:<10}", name.as_str())), text(first.to_string())]);
            row += 1;
            if descriptor.keys().iter().any(|key| key.origin.is_none()) {
                let told = "          ! where a key comes from is not told: no signer can be matched to it";
                canvas.line(row, &[(told.to_owned(), Role::Warning)]);
                row += 1;
            }
        }
    }
}
