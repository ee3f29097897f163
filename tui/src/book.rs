//! Owns `Book`, what is known of the open wallet, and which pages of it have to be asked for again.
//!
//! Drawing reads it and asks nobody. Each page is asked for once at a time: what changes meanwhile
//! makes it be asked for again afterwards. Refuses to guess: what was not answered yet is `None`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use billfold_wallet_core::command::{
    AddressQuery, AddressRow, Balance, Coin, CoinQuery, Command, CommandError, Draft, HistoryQuery,
    HistoryRow, Operation, OperationCommand, Reply, WalletDescription,
};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::wallet_name::WalletName;
use bitcoin::{Amount, Network, SignedAmount};

use crate::effect::{Answer, Delivery, Outbox, Ticket};
use crate::format;

/// What is known of the open wallet.
pub struct Book {
    /// Which.
    pub wallet: WalletName,
    /// Which chain.
    pub network: Network,
    /// How amounts are written.
    pub look: Look,
    /// Whether its keys were made here just now, so that nothing is older.
    pub is_new: bool,
    /// Whether the key layer is locked.
    pub locked: bool,
    /// How long until it locks itself if nobody is there until then, where that is soon.
    pub locks_in: Option<Duration>,
    /// The chain and its peers.
    pub status: Option<Box<Status>>,
    /// What there is to spend.
    pub balance: Option<Balance>,
    /// What it is made of.
    pub description: Option<Box<WalletDescription>>,
    /// Transactions, newest first, as far as they were asked for.
    pub history: Option<Vec<HistoryRow>>,
    /// Coins.
    pub coins: Option<Vec<Coin>>,
    /// Addresses.
    pub addresses: Option<Vec<AddressRow>>,
    /// Drafts that hold coins.
    pub drafts: Option<Vec<Draft>>,
    /// The operation that goes on, if one does.
    pub operation: Option<Box<Operation>>,
    /// Why the last page was not answered.
    pub problem: Option<CommandError>,
    rows: u32,
    stale: BTreeSet<Page>,
    /// Asked for again with the next thing that happens, and not at once: who is too busy to answer
    /// is not helped by more questions.
    failed: BTreeSet<Page>,
    asked: BTreeMap<Ticket, Page>,
}

/// A part of the book that is asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// The chain and its peers.
    Status,
    /// The balance.
    Balance,
    /// What the wallet is made of.
    Description,
    /// Transactions.
    History,
    /// Coins.
    Coins,
    /// Addresses.
    Addresses,
    /// Drafts.
    Drafts,
    /// The operation that goes on.
    Operation,
}

/// How amounts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Nobody beside the person is to read them.
    pub hidden: bool,
    /// In satoshi.
    pub sats: bool,
}

impl Book {
    /// A book of which nothing is known yet.
    #[must_use]
    pub fn new(wallet: WalletName, network: Network) -> Self {
        Self {
            wallet,
            network,
            is_new: false,
            look: Look::default(),
            locked: true,
            locks_in: None,
            status: None,
            balance: None,
            description: None,
            history: None,
            coins: None,
            addresses: None,
            drafts: None,
            operation: None,
            problem: None,
            rows: FIRST_ROWS,
            stale: Page::ALL.into(),
            failed: BTreeSet::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Asks for the pages that are wanted and out of date.
    pub fn refresh(&mut self, wanted: &[Page], out: &mut Outbox) {
        for page in wanted {
            let is_asked = self.asked.values().any(|asked| asked == page);
            if !is_asked && self.stale.remove(page) {
                let ticket = out.ask(&self.wallet, self.question(*page));
                self.asked.insert(ticket, *page);
            }
        }
    }

    /// Something happened: what was not answered may be now.
    pub fn retry(&mut self) {
        self.stale.append(&mut self.failed);
    }

    /// Says that pages are out of date.
    pub fn outdate(&mut self, pages: &[Page]) {
        self.stale.extend(pages);
    }

    /// Asks for more transactions, if there may be more.
    pub fn want_rows(&mut self, rows: usize) {
        let known = self.history.as_ref().map_or(0, Vec::len);
        let wanted = u32::try_from(rows).unwrap_or(u32::MAX).saturating_add(FIRST_ROWS / 2);
        if wanted > self.rows && known >= self.rows as usize {
            self.rows = self.rows.saturating_mul(2).max(wanted);
            self.outdate(&[Page::History]);
        }
    }

    /// Takes the answer to a page; whether it was one.
    pub fn answered(&mut self, delivery: &mut Delivery) -> bool {
        let Some(page) = self.asked.remove(&delivery.ticket()) else { return false };
        if let Some(Answer::Reply(reply)) = delivery.take() {
            self.turn(page, reply);
        }
        true
    }

    /// Whether old payments are still looked for, so that more may come to light.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.description.as_ref().is_some_and(|wallet| wallet.search.end.is_none())
    }

    /// Whether there are keys here whose words nobody ever checked.
    #[must_use]
    pub fn is_not_backed_up(&self) -> bool {
        self.description.as_ref().is_some_and(|wallet| {
            wallet.words_checked.is_none()
                && wallet.fingerprint.is_some()
                && wallet.accounts.iter().any(|account| account.signs)
        })
    }

    /// Takes an event of this wallet, of the chain or of the peers.
    pub fn hear(&mut self, event: &Event) {
        self.retry();
        match event {
            Event::Progress(status) => {
                self.status = Some(status.clone());
                self.outdate(&[Page::Operation]);
            }
            Event::Synced { status, .. } => {
                self.status = Some(status.clone());
                self.outdate(&[Page::Balance, Page::Description, Page::Operation]);
            }
            Event::Transaction(_) | Event::Reorganised { .. } => {
                self.outdate(MONEY);
                // What is being read for the first time may be older than this.
                if self.description.is_none() || self.is_searching() {
                    self.outdate(&[Page::Description]);
                }
            }
            Event::Invoice(_) => self.outdate(&[Page::Addresses]),
            Event::Note(_) => self.outdate(&[Page::Coins, Page::History]),
            Event::Missed { .. } => self.outdate(&Page::ALL),
            Event::Broadcast(_) => self.outdate(&[Page::History]),
            Event::Locked => (self.locked, self.locks_in) = (true, None),
            Event::Operation(_) => self.outdate(&[Page::Operation, Page::Description]),
            Event::Peer(_) | Event::Stopped { .. } => {}
        }
    }

    fn question(&self, page: Page) -> Command {
        match page {
            Page::Status => Command::Status,
            Page::Balance => Command::Balance,
            Page::Description => Command::Describe,
            Page::History => {
                Command::History(HistoryQuery { limit: Some(self.rows), ..HistoryQuery::default() })
            }
            Page::Coins => Command::Coins(CoinQuery::default()),
            Page::Addresses => Command::Addresses(AddressQuery::default()),
            Page::Drafts => Command::Drafts,
            Page::Operation => Command::Operation(OperationCommand::Running),
        }
    }

    fn turn(&mut self, page: Page, reply: Result<Reply, CommandError>) {
        match reply {
            Ok(Reply::Status(status)) => self.status = Some(status),
            Ok(Reply::Balance(balance)) => self.balance = Some(balance),
            Ok(Reply::Wallet(description)) => self.description = Some(description),
            Ok(Reply::History(rows)) => self.history = Some(rows),
            Ok(Reply::Coins(coins)) => self.coins = Some(coins),
            Ok(Reply::Addresses(rows)) => self.addresses = Some(rows),
            Ok(Reply::Drafts(drafts)) => self.drafts = Some(drafts),
            Ok(Reply::Operation(running)) => self.operation = running,
            Ok(_) => {}
            Err(error) => {
                self.failed.insert(page);
                self.problem = Some(error);
                return;
            }
        }
        self.problem = None;
    }
}

impl Page {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Status,
        Self::Balance,
        Self::Description,
        Self::History,
        Self::Coins,
        Self::Addresses,
        Self::Drafts,
        Self::Operation,
    ];
}

/// Pages that change with the money.
pub const MONEY: &[Page] =
    &[Page::Balance, Page::History, Page::Coins, Page::Addresses, Page::Drafts];

impl Look {
    /// An amount.
    #[must_use]
    pub fn amount(self, amount: Amount) -> String {
        match self {
            Self { hidden: true, .. } => HIDDEN.to_owned(),
            Self { sats: true, .. } => format!("{} sat", format::grouped(amount.to_sat())),
            Self { .. } => format::amount(amount),
        }
    }

    /// A change of the balance, with its sign.
    #[must_use]
    pub fn net(self, net: SignedAmount) -> String {
        let sign = if net.is_negative() { '-' } else { '+' };
        format!("{sign}{}", self.amount(net.unsigned_abs()))
    }
}

/// Whether an answer tells of something that the book does not know yet.
pub(crate) const fn changes(reply: &Reply) -> bool {
    matches!(
        reply,
        Reply::Done | Reply::Labels(_) | Reply::Payment(_) | Reply::Address(_) | Reply::Draft(_)
    )
}

const HIDDEN: &str = "••••••";

/// Transactions that are asked for at first.
const FIRST_ROWS: u32 = 200;

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::height::{BlockId, Height};
    use bitcoin::BlockHash;
    use bitcoin::hashes::Hash as _;

    use super::*;
    use crate::effect::Effect;

    fn asked(out: &mut Outbox) -> Vec<(Ticket, Command)> {
        let effects = out.take().into_iter().map(|effect| match effect {
            Effect::Ask { ticket, command, .. } => (ticket, *command),
            _ => unreachable!("a book only asks"),
        });
        effects.collect()
    }

    #[test]
    fn a_page_is_asked_for_once_at_a_time_and_again_if_it_changed_meanwhile() {
        let mut book = Book::new(WalletName::default(), Network::Regtest);
        let mut out = Outbox::default();
        let wanted = [Page::Balance];
        book.refresh(&wanted, &mut out);
        let [(ticket, command)] = &asked(&mut out)[..] else { panic!("one question") };
        assert_eq!(*command, Command::Balance);
        book.outdate(&wanted);
        book.refresh(&wanted, &mut out);
        assert!(asked(&mut out).is_empty(), "it is under way");
        let reply = Answer::Reply(Ok(Reply::Balance(Balance::default())));
        assert!(book.answered(&mut Delivery::new(*ticket, reply)));
        assert!(book.balance.is_some());
        book.refresh(&wanted, &mut out);
        assert_eq!(asked(&mut out).len(), 1, "what changed meanwhile is asked for");
    }

    /// Who restores would be told of nothing until the next payment is found, or the end.
    #[test]
    fn a_payment_that_comes_while_the_wallet_is_first_described_is_told() {
        let mut book = Book::new(WalletName::default(), Network::Regtest);
        let mut out = Outbox::default();
        book.refresh(&[Page::Description], &mut out);
        let ticket = asked(&mut out)[0].0;
        let fork = BlockId::new(Height::GENESIS, BlockHash::all_zeros());
        book.hear(&Event::Reorganised { fork, old_tip: fork });
        book.answered(&mut Delivery::new(ticket, Answer::Reply(Ok(Reply::Done))));
        book.refresh(&[Page::Description], &mut out);
        assert_eq!(asked(&mut out).len(), 1);
    }

    #[test]
    fn an_answer_that_failed_is_told_and_asked_for_again() {
        let mut book = Book::new(WalletName::default(), Network::Regtest);
        let mut out = Outbox::default();
        book.refresh(&[Page::Coins], &mut out);
        let ticket = asked(&mut out)[0].0;
        let reply = Answer::Reply(Err(CommandError::Busy));
        assert!(book.answered(&mut Delivery::new(ticket, reply)));
        assert_eq!((book.coins.is_none(), book.problem.clone()), (true, Some(CommandError::Busy)));
        book.refresh(&[Page::Coins], &mut out);
        assert!(asked(&mut out).is_empty(), "not at once, or it would never end");
        book.retry();
        book.refresh(&[Page::Coins], &mut out);
        assert_eq!(asked(&mut out).len(), 1);
    }

    #[test]
    fn hidden_amounts_have_no_length() {
        let look = Look { hidden: true, sats: false };
        assert_eq!(look.amount(Amount::ONE_SAT), look.amount(Amount::MAX_MONEY));
        let sats = Look { hidden: false, sats: true };
        assert_eq!(sats.amount(Amount::from_sat(1_250_000)), "1,250,000 sat");
        assert_eq!(sats.net(SignedAmount::from_sat(-5)), "-5 sat");
    }
}
