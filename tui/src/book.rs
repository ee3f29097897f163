//! Owns `Book`, what is known of the open wallet, and which pages of it have to be asked for again.
//!
//! Drawing reads it and asks nobody. Each page is asked for once at a time: what changes meanwhile
//! makes it be asked for again afterwards. Refuses to guess: what was not answered yet is `None`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use billfold_wallet_core::command::{
    AddressQuery, AddressRow, Balance, Coin, CoinPlace, CoinQuery, Command, CommandError, Draft,
    HistoryQuery, HistoryRow, Operation, OperationCommand, Reply, WalletDescription,
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
    /// Coins, oldest first, as far as they were asked for.
    pub coins: Option<Vec<Coin>>,
    /// Addresses, the last of each account first, as far as they were asked for.
    pub addresses: Option<Vec<AddressRow>>,
    /// Drafts that hold coins.
    pub drafts: Option<Vec<Draft>>,
    /// The operation that goes on, if one does.
    pub operation: Option<Box<Operation>>,
    /// Why the last page was not answered.
    pub problem: Option<CommandError>,
    /// How many rows are asked for of pages of which more than at first are in sight.
    rows: BTreeMap<Page, u32>,
    /// Pages of which all rows are known.
    whole: BTreeSet<Page>,
    stale: BTreeSet<Page>,
    /// Asked for again with the next thing that happens, and not at once: who is too busy to answer
    /// is not helped by more questions.
    failed: BTreeSet<Page>,
    asked: BTreeMap<Ticket, Asked>,
}

/// A page that is under way.
struct Asked {
    page: Page,
    rows: u32,
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
            rows: BTreeMap::new(),
            whole: BTreeSet::new(),
            stale: Page::ALL.into(),
            failed: BTreeSet::new(),
            asked: BTreeMap::new(),
        }
    }

    /// Asks for the pages that are wanted and out of date.
    pub fn refresh(&mut self, wanted: &[Page], out: &mut Outbox) {
        for page in wanted {
            if !self.is_asked(*page) && self.stale.remove(page) {
                let asked = Asked { page: *page, rows: self.rows(*page) };
                let ticket = out.ask(&self.wallet, asked.question());
                self.asked.insert(ticket, asked);
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

    /// Wants more rows of a page, unless all are known or more are being read.
    pub fn read_on(&mut self, page: Page) {
        // One that failed is asked for again with the next thing that happens, as far as it was. What nobody
        // asked for yet is stale.
        let waits = [&self.stale, &self.failed].into_iter().any(|pages| pages.contains(&page));
        if !waits && !self.is_whole(page) && !self.is_asked(page) {
            self.rows.insert(page, self.rows(page).saturating_mul(2));
            self.outdate(&[page]);
        }
    }

    /// Whether all rows of a page are known.
    #[must_use]
    pub fn is_whole(&self, page: Page) -> bool {
        self.whole.contains(&page)
    }

    /// Takes the answer to a page; whether it was one.
    pub fn answered(&mut self, delivery: &mut Delivery) -> bool {
        let Some(asked) = self.asked.remove(&delivery.ticket()) else { return false };
        if let Some(Answer::Reply(reply)) = delivery.take() {
            self.turn(&asked, reply);
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

    fn is_asked(&self, page: Page) -> bool {
        self.asked.values().any(|asked| asked.page == page)
    }

    fn rows(&self, page: Page) -> u32 {
        self.rows.get(&page).copied().unwrap_or(FIRST_ROWS)
    }

    fn turn(&mut self, asked: &Asked, reply: Result<Reply, CommandError>) {
        let mut found = None;
        match reply {
            Ok(Reply::Status(status)) => self.status = Some(status),
            Ok(Reply::Balance(balance)) => self.balance = Some(balance),
            Ok(Reply::Wallet(description)) => self.description = Some(description),
            Ok(Reply::History(rows)) => found = Some(self.history.insert(rows).len()),
            Ok(Reply::Coins(coins)) => found = Some(self.coins.insert(coins).len()),
            Ok(Reply::Addresses(rows)) => found = Some(self.addresses.insert(rows).len()),
            Ok(Reply::Drafts(drafts)) => self.drafts = Some(drafts),
            Ok(Reply::Operation(running)) => self.operation = running,
            Ok(_) => {}
            Err(error) => {
                self.failed.insert(asked.page);
                self.problem = Some(error);
                return;
            }
        }
        match found {
            Some(found) if found < asked.rows as usize => self.whole.insert(asked.page),
            _ => self.whole.remove(&asked.page),
        };
        self.problem = None;
    }
}

impl Asked {
    fn question(&self) -> Command {
        let limit = Some(self.rows);
        match self.page {
            Page::Status => Command::Status,
            Page::Balance => Command::Balance,
            Page::Description => Command::Describe,
            Page::History => Command::History(HistoryQuery { limit, ..HistoryQuery::default() }),
            Page::Coins => Command::Coins(CoinQuery::Page { from: CoinPlace::Oldest, limit }),
            Page::Addresses => {
                Command::Addresses(AddressQuery { limit, ..AddressQuery::default() })
            }
            Page::Drafts => Command::Drafts,
            Page::Operation => Command::Operation(OperationCommand::Running),
        }
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
    /// As it is where somebody agrees: nobody agrees to what they can't see.
    #[must_use]
    pub const fn bare(self) -> Self {
        Self { hidden: false, ..self }
    }

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

/// Rows of a page that are asked for at first.
const FIRST_ROWS: u32 = 200;

#[cfg(test)]
mod tests {
    use billfold_wallet_core::command::AddressStatus;
    use billfold_wallet_core::keychain::{AccountId, Branch, DerivationIndex, KeychainId};
    use billfold_wallet_core::light_client::height::{BlockId, Height};
    use bitcoin::hashes::Hash as _;
    use bitcoin::{Address, BlockHash};

    use super::*;
    use crate::effect::Effect;

    fn asked(out: &mut Outbox) -> Vec<(Ticket, Command)> {
        let effects = out.take().into_iter().map(|effect| match effect {
            Effect::Ask { ticket, command, .. } => (ticket, *command),
            _ => unreachable!("a book only asks"),
        });
        effects.collect()
    }

    fn row() -> AddressRow {
        let address = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk".parse::<Address<_>>();
        let account = AccountId::new(0);
        AddressRow {
            address: address.expect("an address").assume_checked(),
            account: "a".parse().expect("a name"),
            keychain: KeychainId { account, branch: Branch::Receive },
            index: DerivationIndex::ZERO,
            status: AddressStatus::Unused,
            amount: None,
            issued: None,
            expires: None,
            received: Amount::ZERO,
            balance: Amount::ZERO,
            payments: 0,
            note: None,
            marks: Vec::new(),
        }
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

    /// Who has more coins than a screen shows would wait for all of them at every payment that a
    /// scan finds; and who looks for the last must reach it.
    #[test]
    fn rows_are_read_as_far_as_they_are_wanted() {
        let mut book = Book::new(WalletName::default(), Network::Regtest);
        let mut out = Outbox::default();
        let addresses = |count: usize| Answer::Reply(Ok(Reply::Addresses(vec![row(); count])));
        let mut ask = |book: &mut Book| {
            book.refresh(&[Page::Addresses], &mut out);
            match &asked(&mut out)[..] {
                [(ticket, Command::Addresses(query))] => Some((*ticket, query.limit)),
                _ => None,
            }
        };
        book.read_on(Page::Addresses);
        let (ticket, limit) = ask(&mut book).expect("the first rows");
        assert_eq!(limit, Some(200));
        book.answered(&mut Delivery::new(ticket, addresses(200)));
        assert!(!book.is_whole(Page::Addresses));
        assert_eq!(ask(&mut book), None, "nobody wants more");
        book.read_on(Page::Addresses);
        let (ticket, limit) = ask(&mut book).expect("more rows");
        assert_eq!(limit, Some(400));
        book.read_on(Page::Addresses);
        assert_eq!(ask(&mut book), None, "they are under way");
        book.answered(&mut Delivery::new(ticket, addresses(201)));
        assert!(book.is_whole(Page::Addresses));
        book.read_on(Page::Addresses);
        assert_eq!(ask(&mut book), None, "there are no more");
        book.outdate(&[Page::Addresses]);
        let (ticket, limit) = ask(&mut book).expect("they changed");
        assert_eq!(limit, Some(400));
        book.answered(&mut Delivery::new(ticket, addresses(400)));
        book.read_on(Page::Addresses);
        let (ticket, _) = ask(&mut book).expect("one may have come");
        let failed = Answer::Reply(Err(CommandError::Busy));
        book.answered(&mut Delivery::new(ticket, failed));
        book.read_on(Page::Addresses);
        assert_eq!(ask(&mut book), None, "or it would never end");
        book.retry();
        let (ticket, limit) = ask(&mut book).expect("the same again");
        assert_eq!(limit, Some(800));
        book.answered(&mut Delivery::new(ticket, addresses(800)));
        assert!(!book.is_whole(Page::Addresses), "one may have come");
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
