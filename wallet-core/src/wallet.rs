//! Owns the wallet view: folds blocks into the wallet's file, issues addresses, drafts payments.
//!
//! Watch-only: refuses private keys. The tables of the file are the state; a step's changes are
//! staged in one open transaction of that file, made durable by [`Wallet::commit`] and undone by
//! [`Wallet::abort`]. What is kept in memory beside them is an index that can be read again.

pub mod fee;
mod selection;
mod whole;
mod graph;
mod suspicion;
mod watched_coins;
mod fold;
mod lineage;
mod rivals;
mod locks;
mod others;
mod search_start;
mod matched;
mod search;
mod operations;
mod sealed;
mod addresses;
mod activity;
mod accounts;
mod described;
mod importing;
mod coins;
mod history;
mod records;
mod entries;
mod labels;
mod requests;
mod invoices;
mod backup;
mod finding;
mod warnings;
mod review;
mod parents;
mod pay;
mod request;
mod pool;
mod named;
mod funding;
mod shortlist;
mod unkept;
mod unsigned;
mod draft;
mod keyed;
mod bump;
mod payment;
mod displaced;
mod teller;
mod handed;
mod signings;
mod sweeping;
mod unconfirmed;
mod abandon;
mod inclusion;
mod reader;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use bitcoin::bip32::Fingerprint;
use bitcoin::{Amount, Network, OutPoint, Script, ScriptBuf};

use crate::command::{
    AccountDescription, Birthday, Draft, InvoiceChange, Payment, StoreProblem, TransactionChange,
};
use crate::finality::ChainEnd;
use crate::keychain::{Account, AccountId, KeychainId};
use crate::light_client::fees::FeeReport;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;
use crate::store::wallet::{
    KeychainState, RequestId, ScanState, ScriptPlace, SearchedAccount, WalletFile,
};
use crate::vault::FileKey;

pub use accounts::{SearchScope, WantedAccount};
pub use handed::Handed;
pub use importing::ImportedForm;
pub use invoices::InvoiceReview;
pub use matched::Matched;
pub use payment::ToAnnounce;
pub use unconfirmed::Seen;
pub use watched_coins::MovedCoins;

pub use crate::store::wallet::{Description, NewWallet};
pub use inclusion::Inclusion;
pub use reader::{Reader, Standing};
pub use search::{Growth, WatchList};

/// One open wallet.
#[derive(Debug)]
pub struct Wallet {
    file: WalletFile,
    description: Description,
    /// The master keys that the wallet has keys of.
    own: Vec<Fingerprint>,
    accounts: Vec<Account>,
    /// What never changes of accounts that were described.
    portraits: RefCell<BTreeMap<AccountId, AccountDescription>>,
    keychains: BTreeMap<KeychainId, KeychainState>,
    searches: BTreeMap<AccountId, SearchedAccount>,
    /// Accounts whose scripts the light client knows.
    told: BTreeSet<AccountId>,
    /// The watch list.
    scripts: HashMap<ScriptBuf, ScriptPlace>,
    /// What spends one of these concerns the wallet.
    interest: HashSet<OutPoint>,
    /// What a step touched of that, or of coins; `None` before somebody watches them.
    moved_coins: Option<BTreeSet<OutPoint>>,
    /// Scripts that the light client was not told of yet.
    grown: Vec<ScriptBuf>,
    /// Scripts of others that it was told of.
    others: BTreeSet<ScriptBuf>,
    /// Below this, payments from outside are dust.
    dust_limit: Amount,
    /// What happened to invoices and was not told yet.
    invoice_changes: Vec<InvoiceChange>,
    /// Dust that was frozen and not told yet.
    frozen_dust: Vec<(OutPoint, Amount)>,
    /// Where the best chain ends, once that was told.
    end: Option<(BlockId, ChainEnd)>,
}

/// What folding a block brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    /// Scripts by which the watch list grew.
    pub grown: Vec<ScriptBuf>,
    /// Scripts that the block pays, which was not known.
    pub found: Vec<ScriptBuf>,
    /// Transactions that appeared or changed, in the order of the block.
    pub changes: Vec<TransactionChange>,
    /// Whether the block holds anything of the wallet's, known before or not.
    pub relevant: bool,
}

/// The moment of a draft: what the wallet can't know by itself.
#[derive(Debug, Clone)]
pub struct DraftMoment {
    /// When; reservations run from here.
    pub now: WallTime,
    /// The tip of the best chain.
    pub tip: Height,
    /// Fresh entropy: the order of inputs and outputs, the lock time.
    pub entropy: [u8; 32],
    /// What is known about fees.
    pub fees: FeeReport,
    /// The key of the call that asks, and the hash of all that it says; without one, a request
    /// is known by itself.
    pub request: Option<RequestId>,
}

/// The answer to a request to pay.
#[derive(Debug, Clone, PartialEq)]
pub enum Drafted {
    /// A draft to review.
    Draft(Box<Draft>),
    /// The idempotency key and request were paid before.
    Payment(Box<Payment>),
}

impl Wallet {
    /// Makes the wallet's file, durable on return.
    ///
    /// # Errors
    /// If there is a file already, or what the disk refused.
    pub fn create(path: &Path, key: &FileKey, new: &NewWallet) -> Result<Self, StoreProblem> {
        let mut wallet = Self::from_file(WalletFile::create(path, key, new)?)?;
        wallet.fill_watch_list()?;
        wallet.begin_search(true)?;
        wallet.leave_what_begins_lower()?;
        wallet.commit()?;
        Ok(wallet)
    }

    /// Opens a wallet's file.
    ///
    /// # Errors
    /// [`StoreProblem::Damaged`] if the key does not open it or a page is bad,
    /// [`StoreProblem::Newer`], [`StoreProblem::ReadOnly`] or what else the disk refused.
    pub fn open(path: &Path, key: &FileKey) -> Result<Self, StoreProblem> {
        let mut wallet = Self::from_file(WalletFile::open(path, key)?)?;
        wallet.fill_watch_list()?;
        Ok(wallet)
    }

    /// The same, for others in this process to read it meanwhile with a [`Reader`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_shared(path: &Path, key: &FileKey) -> Result<Self, StoreProblem> {
        let mut wallet = Self::from_file(WalletFile::open_shared(path, key)?)?;
        wallet.fill_watch_list()?;
        Ok(wallet)
    }

    /// Makes all that was staged durable. Nothing staged: nothing is written.
    ///
    /// # Errors
    /// What the disk refused; then nothing of it was kept, and [`abort`](Self::abort) is next.
    pub fn commit(&mut self) -> Result<(), StoreProblem> {
        self.file.commit()
    }

    /// Reads the whole file, as [`WalletFile::look_through`].
    ///
    /// # Errors
    /// The same.
    pub fn look_through(&self) -> Result<(), StoreProblem> {
        self.file.look_through()
    }

    /// Undoes all that was staged since the last commit.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn abort(&mut self) -> Result<(), StoreProblem> {
        self.file.abort()?;
        self.end = None;
        self.frozen_dust.clear();
        self.invoice_changes.clear();
        self.read_chains()?;
        self.scripts = self.file.scripts()?.into_iter().collect();
        self.interest = self.file.outpoints_of_interest()?.into_iter().collect();
        self.grown.retain(|spk| self.scripts.contains_key(spk));
        Ok(())
    }

    /// Whether something is staged.
    #[must_use]
    pub fn is_staged(&self) -> bool {
        self.file.is_staged()
    }

    /// Notes that the words were typed back, so that they are known to be written down.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn note_words_checked(&mut self, now: WallTime) -> Result<(), StoreProblem> {
        self.file.set_words_checked(now)
    }

    /// The network of its addresses.
    #[must_use]
    pub fn network(&self) -> Network {
        self.description.network
    }

    /// Before when nothing was paid to the wallet.
    #[must_use]
    pub fn birthday(&self) -> Birthday {
        self.description.birthday
    }

    /// Where the scan goes on: above the cursor, else where a rescan or the birthday says.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn scan_start(&self) -> Result<ScanStart, StoreProblem> {
        let scan = self.file.scan()?;
        let above = scan.cursor.map(|cursor| cursor.height.next());
        Ok(match (above.or(scan.start), self.description.birthday) {
            (Some(height), _) | (None, Birthday::Height(height)) => ScanStart::Height(height),
            (None, Birthday::Time(time)) => ScanStart::Time(WallTime::new(time)),
        })
    }

    /// Every block up to here is folded; `None` before the first and after a rescan began.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn cursor(&self) -> Result<Option<BlockId>, StoreProblem> {
        Ok(self.file.scan()?.cursor)
    }

    /// Blocks that the scan passed, newest first, the cursor first: to find the fork at a start.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn checkpoints(&self) -> Result<Vec<BlockId>, StoreProblem> {
        let Some(cursor) = self.cursor()? else { return Ok(Vec::new()) };
        let below = self.file.checkpoints(cursor.height)?.into_iter().filter(|b| *b != cursor);
        Ok(std::iter::once(cursor).chain(below).collect())
    }

    /// Sets the scan back to a height, or to the birthdays; nothing known is lost, and no block
    /// that the scan has not passed is skipped. `first_since` says which block is not above the
    /// first one since a time.
    ///
    /// # Errors
    /// What the disk refused; then [`abort`](Self::abort).
    pub fn rescan_from(
        &mut self,
        from: Option<Height>,
        first_since: impl Fn(WallTime) -> Height,
    ) -> Result<(), StoreProblem> {
        let scan = self.file.scan()?;
        let number = scan.number + 1;
        let begin = self.set_starts_back(&scan, from, &first_since)?;
        let (below, before) = match begin {
            Birthday::Height(height) => (Some(height), None),
            Birthday::Time(time) => (None, Some(WallTime::new(time))),
        };
        self.file.keep_placements(number, below, before)?;
        self.file.delete_checkpoints_above(None)?;
        self.file.delete_matched_from(below.unwrap_or(Height::GENESIS))?;
        let start = below.filter(|_| begin != self.description.birthday);
        self.file.set_scan(&ScanState { number, start, cursor: None, ..scan })?;
        self.begin_search(false)?;
        self.leave_what_begins_lower()?;
        let scan = self.file.scan()?;
        self.release(&scan)
    }

    /// The scripts that are looked for.
    pub fn scripts(&self) -> impl Iterator<Item = &ScriptBuf> {
        self.scripts.keys()
    }

    /// Whether a script is looked for.
    #[must_use]
    pub fn watches(&self, script: &Script) -> bool {
        self.scripts.contains_key(script)
    }

    /// From here on the disk is read-only.
    #[cfg(test)]
    pub(crate) fn refuse_writes(&self) {
        self.file.refuse_writes();
    }

    fn from_file(file: WalletFile) -> Result<Self, StoreProblem> {
        let mut wallet = Self::bare(file)?;
        wallet.abort()?;
        Ok(wallet)
    }

    /// How far each chain of addresses is used and looked for.
    fn read_chains(&mut self) -> Result<(), StoreProblem> {
        self.keychains = self.file.keychains()?.into_iter().map(|k| (k.id, k)).collect();
        self.searches =
            self.file.searched_accounts()?.into_iter().map(|s| (s.account, s)).collect();
        Ok(())
    }

    /// Without what is kept in memory of scripts, outpoints and chains.
    fn bare(file: WalletFile) -> Result<Self, StoreProblem> {
        let description = file.description()?;
        Ok(Self {
            own: file.own_masters()?,
            accounts: file.accounts()?,
            file,
            description,
            portraits: RefCell::default(),
            keychains: BTreeMap::new(),
            searches: BTreeMap::new(),
            told: BTreeSet::new(),
            scripts: HashMap::new(),
            interest: HashSet::new(),
            moved_coins: None,
            grown: Vec::new(),
            others: BTreeSet::new(),
            dust_limit: Amount::ZERO,
            invoice_changes: Vec::new(),
            frozen_dust: Vec::new(),
            end: None,
        })
    }

    /// Derives what the look-ahead asks for and is not watched yet: all of it for a new wallet.
    fn fill_watch_list(&mut self) -> Result<(), StoreProblem> {
        self.plan_search()?;
        for state in self.keychains.values().copied().collect::<Vec<_>>() {
            self.extend(state)?;
        }
        self.commit()?;
        self.grown.clear();
        Ok(())
    }
}

#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod tests;
