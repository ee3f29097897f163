//! Owns `Event`: what a face may hear, as plain data, in the order in which it became durable.
//!
//! Refuses anything that is not committed: what an event says survives a crash.

use bitcoin::{Amount, OutPoint, Txid};

use crate::command::{CommandError, InvoiceChange, OperationId, TransactionChange};
use crate::light_client::height::BlockId;
use crate::light_client::output::{BroadcastEvent, PeerEvent};
use crate::light_client::status::Status;
use crate::light_client::time::ClockOffset;
use crate::wallet_name::WalletName;

/// An event, and which wallet it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct News {
    /// Which; `None`: it is of the chain or of the peers, and so of all.
    pub wallet: Option<WalletName>,
    /// What happened.
    pub event: Event,
}

/// Ties a reply to its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u64);

/// One thing that a face may hear.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Sync moved on; at most a few times a second. A picture, not a promise.
    Progress(Box<Status>),
    /// The wallet is at the peers' tip.
    Synced {
        /// The tip.
        tip: BlockId,
        /// The whole status at that moment.
        status: Box<Status>,
        /// Whether a search for old payments ended with it; what it found is described.
        searched: bool,
    },
    /// Scanned blocks left the best chain; changes of transactions follow.
    Reorganised {
        /// The last block that both branches share.
        fork: BlockId,
        /// The tip that was left.
        old_tip: BlockId,
    },
    /// A transaction of the wallet appeared or changed.
    Transaction(TransactionChange),
    /// An invoice was made or changed.
    Invoice(InvoiceChange),
    /// News of an announcement.
    Broadcast(BroadcastEvent),
    /// A peer came, went or failed.
    Peer(PeerEvent),
    /// This many events were not told, because the face did not read them in time: ask again for
    /// what they would have said. `Stopped` is never among them.
    Missed {
        /// How many.
        events: u64,
    },
    /// The key layer was locked, because that was asked or because nobody was there. The view
    /// stays.
    Locked,
    /// An operation of the wallet began or ended.
    Operation(OperationId),
    /// Something about the wallet or its files that a person should know.
    Note(Note),
    /// The engine stopped: the disk refused, and nothing more will be done or said. With a wallet's
    /// name, that wallet was closed because its file refused, and the others go on.
    Stopped {
        /// Why.
        error: CommandError,
    },
}

/// Something that a person should know, though nothing waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// Stored headers were damaged; what was lost is fetched again.
    #[error("{path} was damaged ({what}): what was lost is fetched again")]
    ChainRebuilt {
        /// Which file.
        path: String,
        /// What was wrong with it.
        what: String,
    },
    /// The memory of peers could not be read; they are looked for anew.
    #[error("{path} can't be read and was begun anew: peers are looked for again")]
    PeersForgotten {
        /// Which file.
        path: String,
    },
    /// The peers' clocks are far from this machine's.
    #[error(
        "the peers' clocks are {offset} of this machine's: if it is wrong, set it, since a clock \
         that is behind hides new blocks"
    )]
    ClockDiffers {
        /// How far theirs are ahead.
        offset: ClockOffset,
    },
    /// A transaction that this wallet did not sign spends its coins, with a valid signature.
    #[error(
        "{txid} spends coins of this wallet and was not signed here: if no other wallet of yours has \
         the same keys, move what is left to a new one now"
    )]
    SpentElsewhere {
        /// Which.
        txid: Txid,
    },
    /// A stranger paid next to nothing to an address that was paid before.
    #[error(
        "{coin} is {amount} from a stranger, to an address that was paid before: it is frozen, since \
         spending it beside other coins would show that they are yours"
    )]
    DustFrozen {
        /// Which coin.
        coin: OutPoint,
        /// How much.
        amount: Amount,
    },
    /// Kept filters were damaged.
    #[error("{path} was damaged: filters that it held are downloaded again when they are needed")]
    FiltersDamaged {
        /// Which file.
        path: String,
    },
    /// Filters can't be kept; nothing else depends on it.
    #[error("{path} takes no filters ({what}): later searches download them again")]
    FiltersNotKept {
        /// Which directory.
        path: String,
        /// What the system said.
        what: String,
    },
}
