//! Owns the wallet view: folds blocks into the wallet's file, issues addresses, drafts payments.
//!
//! Watch-only: refuses private keys. The tables of the file are the state; a step's changes are
//! staged in one open transaction of that file, made durable by [`Wallet::commit`] and undone by
//! [`Wallet::abort`].

pub mod coins;
pub mod draft;
pub mod fee;
pub mod graph;
pub mod history;

use std::path::Path;

use bitcoin::bip32::Fingerprint;
use bitcoin::psbt::Psbt;
use bitcoin::{Amount, Block, Network, OutPoint, ScriptBuf, Transaction, Txid};

use crate::command::{
    Balance, Birthday, Coin, CommandError, Draft, DraftId, HistoryRow, IssuedAddress, PayRequest,
    Payment, StoreProblem, TransactionChange, WalletDescription,
};
use crate::config::LookAhead;
use crate::keychain::{Account, ScriptType};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::ScanStart;
use crate::light_client::time::WallTime;
use crate::vault::FileKey;

/// One open wallet.
#[derive(Debug)]
pub struct Wallet {}

/// What a new wallet is made of.
#[derive(Debug, Clone)]
pub struct NewWallet {
    /// The network of its addresses.
    pub network: Network,
    /// Its name.
    pub name: String,
    /// Its accounts; at least one of the preferred type.
    pub accounts: Vec<Account>,
    /// The seed, sealed by the vault's seed key; kept as it is.
    pub sealed_seed: Vec<u8>,
    /// The fingerprint of its master key (BIP32).
    pub fingerprint: Fingerprint,
    /// Where its scan begins.
    pub birthday: Birthday,
    /// The type of new addresses.
    pub preferred: ScriptType,
    /// How far it looks ahead.
    pub look_ahead: LookAhead,
}

/// What folding a block brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    /// Scripts by which the watch list grew.
    pub grown: Vec<ScriptBuf>,
    /// Transactions that appeared or changed, in the order of the block.
    pub changes: Vec<TransactionChange>,
}

/// The moment of a draft: what the wallet can't know by itself.
#[derive(Debug, Clone, Copy)]
pub struct DraftMoment {
    /// When; reservations run from here.
    pub now: WallTime,
    /// The tip of the best chain.
    pub tip: Height,
    /// Fresh entropy: the order of inputs and outputs, the lock time.
    pub entropy: [u8; 32],
}

/// The answer to a request to pay.
#[derive(Debug, Clone, PartialEq)]
pub enum Drafted {
    /// A draft to review.
    Draft(Box<Draft>),
    /// The idempotency key and request were paid before.
    Payment(Box<Payment>),
}

#[allow(clippy::missing_errors_doc, unused_variables, clippy::todo, reason = "being built")]
impl Wallet {
    /// Makes the wallet's file, durable on return.
    pub fn create(path: &Path, key: &FileKey, new: &NewWallet) -> Result<Self, StoreProblem> {
        todo!()
    }
    /// Opens a wallet's file.
    pub fn open(path: &Path, key: &FileKey) -> Result<Self, StoreProblem> {
        todo!()
    }
    /// Makes all that was staged durable. Nothing staged: nothing is written.
    pub fn commit(&mut self) -> Result<(), StoreProblem> {
        todo!()
    }
    /// Undoes all that was staged since the last commit.
    pub fn abort(&mut self) -> Result<(), StoreProblem> {
        todo!()
    }
    /// Whether something is staged.
    #[must_use]
    pub fn is_staged(&self) -> bool {
        todo!()
    }
    /// What the wallet is made of.
    pub fn description(&self) -> Result<WalletDescription, StoreProblem> {
        todo!()
    }
    /// The network of its addresses.
    #[must_use]
    pub fn network(&self) -> Network {
        todo!()
    }
    /// The seed as it was sealed by the vault's seed key.
    pub fn sealed_seed(&self) -> Result<Vec<u8>, StoreProblem> {
        todo!()
    }
    /// Where the scan goes on: above the cursor, else where a rescan or the birthday says.
    pub fn scan_start(&self) -> Result<ScanStart, StoreProblem> {
        todo!()
    }
    /// Every block up to here is folded; `None` before the first and after a rescan began.
    pub fn cursor(&self) -> Result<Option<BlockId>, StoreProblem> {
        todo!()
    }
    /// Blocks that the scan passed, newest first, the cursor first: to find the fork at a start.
    pub fn checkpoints(&self) -> Result<Vec<BlockId>, StoreProblem> {
        todo!()
    }
    /// Every script to watch.
    #[must_use]
    pub fn watched(&self) -> Vec<ScriptBuf> {
        todo!()
    }
    /// Scripts by which the watch list grew since the last take because addresses were issued;
    /// to be told to the light client after the commit.
    pub fn take_grown(&mut self) -> Vec<ScriptBuf> {
        todo!()
    }
    /// Folds a block of the best chain. Idempotent.
    pub fn apply_block(
        &mut self,
        at: BlockId,
        time: WallTime,
        block: &Block,
    ) -> Result<Folded, StoreProblem> {
        todo!()
    }
    /// Takes every transaction above `fork` out of its block; the cursor moves down to `fork`.
    pub fn roll_back(&mut self, fork: BlockId) -> Result<Vec<TransactionChange>, StoreProblem> {
        todo!()
    }
    /// Every block up to `cursor` is folded. Placements of an earlier scan that this one passed
    /// without finding them again are taken back.
    pub fn advance(
        &mut self,
        cursor: BlockId,
        time: WallTime,
    ) -> Result<Vec<TransactionChange>, StoreProblem> {
        todo!()
    }
    /// Sets the scan back to a height, or to the birthday; nothing known is lost.
    pub fn rescan_from(&mut self, from: Option<Height>) -> Result<(), StoreProblem> {
        todo!()
    }
    /// What there is to spend, with the chain at `tip`.
    pub fn balance(&self, tip: Height) -> Result<Balance, StoreProblem> {
        todo!()
    }
    /// An address to be paid at, of the preferred type.
    pub fn receive(
        &mut self,
        amount: Option<Amount>,
        note: Option<&str>,
        fresh: bool,
        now: WallTime,
    ) -> Result<IssuedAddress, CommandError> {
        todo!()
    }
    /// All transactions, newest first.
    pub fn history(&self) -> Result<Vec<HistoryRow>, StoreProblem> {
        todo!()
    }
    /// All unspent outputs, with the chain at `tip`.
    pub fn coins(&self, tip: Height, now: WallTime) -> Result<Vec<Coin>, StoreProblem> {
        todo!()
    }
    /// Freezes a coin, or gives it free.
    pub fn set_frozen(&mut self, coin: OutPoint, frozen: bool) -> Result<(), CommandError> {
        todo!()
    }
    /// Chooses coins, builds the payment and reserves them. A dry run stages nothing.
    pub fn draft(
        &mut self,
        request: &PayRequest,
        moment: DraftMoment,
    ) -> Result<Drafted, CommandError> {
        todo!()
    }
    /// Gives a draft's coins free.
    pub fn drop_draft(&mut self, draft: DraftId) -> Result<(), CommandError> {
        todo!()
    }
    /// The PSBT of a draft, to be signed.
    pub fn psbt_of(&self, draft: DraftId) -> Result<Psbt, CommandError> {
        todo!()
    }
    /// Takes the signed transaction of a draft: its coins are spent, its change is a coin.
    /// Announce it after the commit.
    pub fn record_signed(
        &mut self,
        draft: DraftId,
        signed: &Transaction,
        psbt: &Psbt,
        now: WallTime,
    ) -> Result<(Payment, Vec<TransactionChange>), CommandError> {
        todo!()
    }
    /// A peer has fetched the transaction. `None`: nothing changed.
    pub fn mark_announced(
        &mut self,
        txid: Txid,
    ) -> Result<Option<TransactionChange>, StoreProblem> {
        todo!()
    }
    /// Transactions signed here that no block holds and nothing replaced: to be announced, parents
    /// first.
    pub fn unconfirmed_own(&self) -> Result<Vec<Transaction>, StoreProblem> {
        todo!()
    }
    /// A payment signed here.
    pub fn payment(&self, txid: Txid) -> Result<Option<Payment>, StoreProblem> {
        todo!()
    }
}
