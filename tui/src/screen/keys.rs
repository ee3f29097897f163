//! Owns what the wallet is made of: accounts, fingerprint, birthday, and what was searched.

use std::collections::BTreeSet;

use billfold_wallet_core::command::{AccountDescription, Birthday, WalletDescription};
use billfold_wallet_core::keychain::{AccountKind, Branch, DerivationIndex};

use crate::action::{Action, Move, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, strong, text, wrap};
use crate::effect::{Effect, Outbox};
use crate::format;
use crate::list::List;
use crate::places::Spot;
use crate::screen::at_signer::AtSigner;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// The wallet's accounts.
#[derive(Default)]
pub(crate) struct Keys {
    list: List,
}

impl Screen for Keys {
    fn title(&self) -> &'static str {
        "Keys"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Description, Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Copy, Verb::Verify, Verb::Register, Verb::Unlock, Verb::Lock, Verb::Rescan]
    }

    fn act(&mut self, action: &Action, book: &Book, out: &mut Outbox) -> Step {
        let accounts = book.description.as_ref().map_or(&[][..], |wallet| &wallet.accounts);
        let chosen = self.list.chosen(accounts.len()).and_then(|at| accounts.get(at));
        match (action, chosen) {
            (Action::Move(to), _) => self.list.step(one(*to), accounts.len()),
            (Action::Verb(Verb::Copy), Some(account)) => {
                out.put(Effect::Copy(account.descriptor.clone()));
            }
            (Action::Verb(Verb::Verify), Some(account)) => {
                let place = (&account.name, Branch::Receive, DerivationIndex::ZERO);
                return AtSigner::address(&account.first_address, place, book, out);
            }
            (Action::Verb(Verb::Register), Some(account)) => {
                return AtSigner::policy(&account.name, book, out);
            }
            _ => return Step::Pass,
        }
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let Some(wallet) = &book.description else {
            canvas.line(0, &[dim("Reading what the wallet is made of…")]);
            return;
        };
        let mut row = canvas.lines(0, &head(wallet, book));
        let chosen = self.list.chosen(wallet.accounts.len());
        for (at, account) in wallet.accounts.iter().enumerate() {
            let first = row;
            canvas.line(row, &title(account));
            canvas.spot(row, 0..canvas.width(), Spot::Row(at));
            row += 1;
            if chosen == Some(at) {
                canvas.mark(first, Role::Selected);
                let room = usize::from(canvas.width()).saturating_sub(2);
                for line in broken(&account.descriptor, room) {
                    canvas.at(2, row, &[dim(line)]);
                    row += 1;
                }
            }
        }
    }
}

/// Pages have no meaning among a few accounts.
const fn one(to: Move) -> Move {
    match to {
        Move::PageUp => Move::Up,
        Move::PageDown => Move::Down,
        other => other,
    }
}

fn head(wallet: &WalletDescription, book: &Book) -> Vec<Vec<Piece>> {
    let signs = wallet.accounts.iter().any(|account| account.signs);
    let keys = match (signs, book.locked) {
        (false, _) => format!("elsewhere: {}", signers(wallet)),
        (true, true) => "# locked".to_owned(),
        (true, false) => "open until they are locked".to_owned(),
    };
    let checked = match wallet.words_checked {
        None if !signs => text("of the words: where the keys are"),
        None if wallet.fingerprint.is_none() => text("there are no words"),
        Some(time) => text(format!("words checked {}", format::local_time(time))),
        None => ("! the words were never checked".to_owned(), Role::Warning),
    };
    let birthday = match wallet.birthday {
        Birthday::Height(height) => format!("block {}", format::grouped(height.to_u32().into())),
        Birthday::Time(time) => format::local_time(time),
    };
    let mut lines = vec![
        vec![dim("Wallet       "), strong(wallet.name.clone())],
        vec![dim("Fingerprint  "), text(format::fingerprint(wallet.fingerprint))],
        vec![dim("Birthday     "), text(birthday)],
        vec![dim("Keys         "), text(keys)],
        vec![dim("Backup       "), checked],
    ];
    if !wallet.held_keys.is_empty() {
        let keys = format::count(wallet.held_keys.len() as u64, "private key");
        lines.push(vec![
            dim("Imported     "),
            (format!("! {keys}: no words bring them back"), Role::Warning),
        ]);
    }
    lines.push(vec![]);
    lines.push(vec![dim(format::count(wallet.accounts.len() as u64, "account"))]);
    lines
}

/// The master keys that others have.
fn signers(wallet: &WalletDescription) -> String {
    let keys = wallet.accounts.iter().flat_map(|account| &account.keys);
    let signers: BTreeSet<_> = keys.map(|key| key.signer().to_string()).collect();
    let told: Vec<_> = signers.iter().take(SIGNERS).map(String::as_str).collect();
    let more = if signers.len() > SIGNERS { " and others" } else { "" };
    format!("signers {}{more}", told.join(", "))
}

fn title(account: &AccountDescription) -> Vec<Piece> {
    let kind = match account.kind {
        AccountKind::SingleKey(kind) => kind.name().to_owned(),
        AccountKind::Multisig { required, keys } => format!("{required} of {keys}"),
        AccountKind::Policy => "policy".to_owned(),
    };
    let signs = if account.signs { "" } else { "  watched" };
    let preferred = if account.preferred { "* " } else { "  " };
    vec![text(format!("{preferred}{:<16} {kind}{signs}", account.name.as_str()))]
}

/// Signers that are named.
const SIGNERS: usize = 5;

/// A descriptor has no spaces to break at.
fn broken(descriptor: &str, room: usize) -> Vec<String> {
    let characters: Vec<char> = descriptor.chars().collect();
    match room {
        0 => wrap(descriptor, room),
        room => characters.chunks(room).map(|line| line.iter().collect()).collect(),
    }
}
