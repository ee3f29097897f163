//! Owns `Command`, what a face may ask, `Reply`, what it gets, and through `error` why it does not.
//!
//! Plain data: no channels, no references, no secrets. Refuses to format for people.

mod store_problem;
mod problem;
mod error;
mod coin;
mod coin_choice;
mod holdings;
mod layout;
mod input_terms;
mod payment;
mod identity;
mod history;
mod address;
mod label;
mod finding;
mod description;
mod search;
mod reading;
mod proof;
mod block;
mod record;
mod psbt;
mod message;
mod sweep;
mod limit;
mod invoice;
mod journal;
mod teller;
mod order;
mod key_state;
mod operation;
mod signing;
mod import;
mod account;

use bitcoin::psbt::Psbt;
use bitcoin::{
    Address, Amount, Block, BlockHash, FilterHeader, OutPoint, ScriptBuf, Transaction, Txid,
};

use crate::keychain::{AccountKey, AccountName, Branch};
use crate::light_client::height::{BlockId, Height};
use crate::light_client::kept::FoundFilters;
use crate::light_client::known_block::KnownBlock;
use crate::light_client::status::{KnownAddress, Status};

pub use account::{AccountCommand, AccountProblem, AccountScope, AddedAccounts, NewAccount};
pub use address::{AddressQuery, AddressRow, AddressStatus};
pub use block::{BlockQuery, ChainQuery, LeftBlock};
pub use coin::{Balance, BalanceParts, Coin, CoinPlace, CoinQuery};
pub use coin_choice::CoinChoice;
pub use description::{
    AccountDescription, Birthday, ChainDescription, IssuedAddress, WalletDescription,
};
pub use error::CommandError;
pub use finding::{Finding, Matched};
pub use history::{Direction, HistoryQuery, HistoryRow, Mark, Moment, TransactionChange};
pub use holdings::{Holdings, Receipt, ReceivedQuery, SpentFrom};
pub use import::{DescriptorText, Import, ImportProblem, Imported};
pub use input_terms::{InputTerms, Spends};
pub use invoice::{Invoice, InvoiceChange, InvoicePayment, InvoiceQuery, InvoiceState, NewInvoice};
pub use journal::{Happened, JournalEntry};
pub use key_state::{KeyLayerState, KeyState};
pub use label::{
    Conflicts, ImportedLabels, Label, LabelConflict, LabelImport, LabelQuery, ParseReferenceError,
    Reference, kept_text,
};
pub use layout::Layout;
pub use limit::{Limit, Overrun};
pub use message::{MessageForm, SignedMessage};
pub use operation::{Operation, OperationCommand, OperationId, OperationState, Reach, Task};
pub use order::{Asker, Authority, KeyedRequest, Order};
pub use payment::{
    BumpRequest, BumpWay, Change, Draft, DraftId, FeeBasis, FeeChoice, Hold, Package, PayAmount,
    PayRequest, Payment, PaymentState, Purpose, Recipient, Replacement, Warning,
};
pub use problem::{AbandonProblem, BumpProblem, RecipientsProblem, SigningProblem};
pub use proof::Proof;
pub use psbt::{Owner, PsbtInput, PsbtOutput, PsbtReview, PsbtWarning};
pub use reading::Reading;
pub use record::{RecordedOutput, TransactionRecord};
pub use search::{AccountSearch, ChainSearch, SearchEnd, SearchReport};
pub use signing::{Signing, SigningCommand};
pub use store_problem::StoreProblem;
pub use sweep::{SweepDraft, SweepRequest, SweepSource};
pub use teller::{
    Attempt, AttemptPurpose, AuditEntry, NewToken, ParseTokenIdError, PaymentQuery, PaymentRecord,
    TellerCommand, TellerReading, TellerReply, TokenId, TokenKey, TokenRecord, TokenSecret,
};

/// One thing that a face may ask of an open wallet.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// What there is to spend. Answered from the tables, without network.
    Balance,
    /// An address to be paid at. Without `fresh`, the same unused one is given until it is paid
    /// or a note or amount differs; every issued index is stored before it is told.
    Receive {
        /// What is asked for.
        amount: Option<Amount>,
        /// What it is for; kept as the address's label.
        note: Option<String>,
        /// Until when, in Unix seconds; for a person to see, nothing is refused later.
        expires: Option<u64>,
        /// Give the next unused one even if the last is still unpaid.
        fresh: bool,
    },
    /// Choose coins and build a payment. The reply is what a person reviews.
    Draft(Box<PayRequest>),
    /// Build a payment that makes a waiting one faster, or takes it back.
    Bump(BumpRequest),
    /// Sign the draft, store the signed transaction, then announce it. Needs the key layer. Where
    /// others must sign too, the reply is the PSBT with our part, as to `HandOut`.
    Sign(DraftId),
    /// Give out the draft's PSBT, for others to sign; it holds its coins until announced or dropped.
    HandOut(DraftId),
    /// Give a draft's coins free again.
    Drop(DraftId),
    /// The drafts that hold coins, oldest first.
    Drafts,
    /// Give up a payment of ours that no block holds, with all that stands on it: it is announced no
    /// more, and what it spends is free. Not while peers still relay it.
    Abandon(Txid),
    /// Freeze coins, so that nothing spends them, or give them free. All of them or none.
    Freeze {
        /// Which.
        outpoints: Vec<OutPoint>,
        /// Whether they are to be frozen.
        frozen: bool,
    },
    /// What is known of a PSBT, whoever made it. Needs no network, and changes nothing.
    ReviewPsbt(Box<Psbt>),
    /// Add what this wallet knows of what a PSBT spends and pays, for whoever signs it (BIP174,
    /// "Updater"). Needs no network, and changes nothing.
    FillPsbt(Box<Psbt>),
    /// What is known of a signed transaction, as a PSBT: with the wallet's outputs that it spends.
    /// Needs no network, and changes nothing.
    ReviewTransaction(Box<Transaction>),
    /// Add our signatures to a PSBT, and hold the coins that it spends until it is announced or
    /// dropped: whoever has it may send it. Needs the key layer.
    SignPsbt(Box<Psbt>),
    /// Hold the coins that a PSBT spends until it is announced or dropped, before a device signs it.
    HoldPsbt(Box<Psbt>),
    /// Take the signatures of a PSBT, store its transaction, then announce it. What was drafted
    /// here is compared with the draft.
    AnnouncePsbt(Box<Psbt>),
    /// Sign a message by the key of an address of ours. Needs the key layer.
    SignMessage {
        /// Whose.
        address: Address,
        /// What.
        message: String,
        /// Whether in the newer form (BIP322) where the older one is usual, which is for P2PKH.
        newer: bool,
    },
    /// Look for the money of other keys; the search has ended when the tip is reached again. Needs
    /// a chain that is followed.
    Sweep(Box<SweepRequest>),
    /// Build the payment of what the search found to this wallet. The reply is to be signed with
    /// the keys, which no command takes, and then announced.
    DraftSweep {
        /// The fee.
        fee: FeeChoice,
        /// As in a [`PayRequest`].
        most_fee: Option<Amount>,
    },
    /// Transactions, newest first.
    History(HistoryQuery),
    /// Transactions of the wallet with all that it knows of each, in this order; one that it does
    /// not know is left out.
    Transactions(Vec<Txid>),
    /// The same transactions, with all that the wallet knows of each.
    Records(HistoryQuery),
    /// Those of the entries from a number on, newest first: each output to others where the wallet
    /// paid is one, and each output that came in. Own change is none, unless its address has a label.
    Entries {
        /// How many newer ones are left out.
        skip: u64,
        /// Of at least so many, if there are.
        count: u32,
    },
    /// Owned unspent outputs.
    Coins(CoinQuery),
    /// What there is, counted by confirmations.
    Holdings {
        /// Count of the coins in blocks only those with at least so many; 0 is as 1.
        least_depth: u32,
    },
    /// What scripts of the wallet were paid, in the order of the scripts.
    Received(Vec<ScriptBuf>),
    /// The sum of what scripts of the wallet were paid.
    ReceivedSum(ReceivedQuery),
    /// The wallet's addresses.
    Addresses(AddressQuery),
    /// Where in this wallet a script comes from. Tells of scripts that nobody was given yet, too.
    Owner(ScriptBuf),
    /// The next address of one chain of an account, which nobody was given before.
    Issue {
        /// Which account.
        account: AccountName,
        /// Which of its chains.
        branch: Branch,
        /// What it is for; kept as the address's label.
        note: Option<String>,
    },
    /// What is said of things.
    Labels(LabelQuery),
    /// Say something of a thing, whether the wallet knows it or not; without a text, nothing.
    Label {
        /// What it is about.
        reference: Reference,
        /// What is said of it.
        label: Option<String>,
    },
    /// Take labels in from elsewhere.
    ImportLabels(LabelImport),
    /// Look for a text in labels, ids, addresses and amounts.
    Search {
        /// The text.
        text: String,
        /// At most this many findings.
        limit: u32,
    },
    /// What the chain client knows, its peers included.
    Status,
    /// The block up to which the wallet has seen the chain; a rescan does not lower it.
    Applied,
    /// A block of the best chain. Needs a chain that is followed.
    Block(BlockQuery),
    /// What left the best chain with a block that the wallet had seen on it.
    Left(BlockHash),
    /// Scan again from a height, or from the birthday.
    Rescan {
        /// The first block to scan; `None`: the wallet's birthday.
        from: Option<Height>,
    },
    /// Begin, ask about or end what takes long.
    Operation(OperationCommand),
    /// What a device is asked to sign by an operation.
    Signing(SigningCommand),
    /// Take descriptors in, and look for what was paid to them. Needs a chain that is followed.
    Import(Vec<Import>),
    /// Add accounts, prefer one, or tell the wallet's own key for one.
    Account(Box<AccountCommand>),
    /// What the wallet is made of.
    Describe,
    /// That a transaction is in a block of the chain. Needs a chain that is followed.
    Prove(Txid),
    /// Note that the words were typed back, so that they are known to be written down.
    WordsChecked,
    /// Leave coins of addresses that were spent from alone, or no longer.
    AvoidReuse(bool),
    /// How the key layer stands.
    KeyLayer,
    /// Lock the key layer: the view stays, nothing can be signed until it is unlocked.
    Lock,
    /// Carry out a command on somebody's behalf.
    Ordered(Box<Order>),
    /// What a call with this key was answered before, if it was.
    Recall(KeyedRequest),
    /// Keep what a call with a key was answered, word for word.
    Remember {
        /// The call.
        request: KeyedRequest,
        /// The answer.
        answer: String,
    },
    /// Ask what is kept for programs.
    Teller(Box<TellerCommand>),
    /// A person is there: the idle lock counts from now. For faces that are only looked at for long.
    Present,
}

impl Command {
    /// Whether somebody is there who asks this. What only reads may be asked by a screen that
    /// keeps itself up to date while nobody looks.
    #[must_use]
    pub const fn shows_a_person(&self) -> bool {
        !matches!(
            self,
            Self::Balance
                | Self::History(_)
                | Self::Transactions(_)
                | Self::Records(_)
                | Self::Entries { .. }
                | Self::Coins(_)
                | Self::Holdings { .. }
                | Self::Received(_)
                | Self::ReceivedSum(_)
                | Self::Addresses(_)
                | Self::Owner(_)
                | Self::Block(_)
                | Self::Left(_)
                | Self::Labels(_)
                | Self::Status
                | Self::Applied
                | Self::Describe
                | Self::KeyLayer
                | Self::Operation(OperationCommand::Running | OperationCommand::Of(_))
                | Self::Signing(SigningCommand::Of(_))
        )
    }
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `Balance`.
    Balance(Balance),
    /// To `Receive` and `Issue`.
    Address(IssuedAddress),
    /// To `Draft` and `Bump`.
    Draft(Box<Draft>),
    /// To `Drafts`.
    Drafts(Vec<Draft>),
    /// To `Draft` with an idempotency key that was used before by the same request, and to
    /// `Sign`: the payment, stored and under way.
    Payment(Box<Payment>),
    /// To `HandOut`, `ReviewPsbt`, `FillPsbt`, `ReviewTransaction`, `SignPsbt` and `HoldPsbt`.
    Psbt(Box<PsbtReview>),
    /// To `DraftSweep`.
    Sweep(Box<SweepDraft>),
    /// To `SignMessage`.
    Message(SignedMessage),
    /// To `History`.
    History(Vec<HistoryRow>),
    /// To `Transactions` and `Records`.
    Transactions(Vec<TransactionRecord>),
    /// To `Entries`.
    Entries {
        /// How many entries of the first transaction are before those that were asked for.
        newer: u64,
        /// The transactions.
        records: Vec<TransactionRecord>,
    },
    /// To `Coins`.
    Coins(Vec<Coin>),
    /// To `Holdings`.
    Holdings(Box<Holdings>),
    /// To `Received`.
    Received(Vec<Receipt>),
    /// To `ReceivedSum`.
    ReceivedSum(Amount),
    /// To `Addresses`.
    Addresses(Vec<AddressRow>),
    /// To `Owner`.
    Owner(Option<Owner>),
    /// To `Labels` and `Label`.
    Labels(Vec<Label>),
    /// To `ImportLabels`.
    ImportedLabels(Box<ImportedLabels>),
    /// To `Search`.
    Found(Vec<Finding>),
    /// To `Status`.
    Status(Box<Status>),
    /// To `Block`; `None` if the best chain has no such block, or none above its base.
    Block(Option<Box<KnownBlock>>),
    /// To [`ChainQuery::Fetch`]; `None` if the best chain does not have it (any more).
    Fetched(Option<Box<Block>>),
    /// To [`ChainQuery::Filters`], from the first block on, as far as there was room; `None` if the
    /// best chain has no such blocks above its base.
    Filters(Option<FoundFilters>),
    /// To [`ChainQuery::FilterHeader`]; `None` where it is not known, or peers disagree.
    FilterHeader(Option<FilterHeader>),
    /// To [`ChainQuery::Judge`].
    Judged(bool),
    /// To `Left`; `None`: it is not known to have left.
    Left(Option<LeftBlock>),
    /// To [`ChainQuery::Addresses`].
    KnownAddresses(Vec<KnownAddress>),
    /// To `Applied` and [`ChainQuery::Applied`]; `None`: a wallet has applied no block yet.
    Applied(Option<BlockId>),
    /// To `Describe`.
    Wallet(Box<WalletDescription>),
    /// To `KeyLayer`.
    KeyLayer(KeyLayerState),
    /// To `Prove`.
    Proof(Box<Proof>),
    /// To `Recall`.
    Recalled(Option<String>),
    /// To `Import`.
    Imported(Box<Imported>),
    /// To [`AccountCommand::Add`].
    Accounts(Box<AddedAccounts>),
    /// To [`AccountCommand::Key`].
    AccountKey(Box<AccountKey>),
    /// To `Operation`; `None`: none goes on.
    Operation(Option<Box<Operation>>),
    /// To `Signing`.
    Signing(Box<Signing>),
    /// To `Teller`.
    Teller(Box<TellerReply>),
    /// To `Abandon`, `Sweep`, `Drop`, `Freeze`, `Rescan`, `WordsChecked`, `AvoidReuse`, `Lock`,
    /// `Remember`, `Present` and [`AccountCommand::Prefer`].
    Done,
}
