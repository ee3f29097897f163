//! Owns `Effect`: what a step asks of the world, as plain data.
//!
//! Refuses to be carried out before the step's commit.

use crate::command::{CommandError, Reply};
use crate::event::{CommandId, News};
use crate::light_client::dial::{LookupId, Purpose, Wire};
use crate::light_client::fault::Fault;
use crate::light_client::job::{Job, JobId};
use crate::light_client::kept::{FilterId, KeptFilter, ReadId};
use crate::light_client::peer_id::{PeerAddress, PeerId};

/// One thing to do, after the step's commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Open a connection.
    Dial {
        /// The new connection's id.
        peer: PeerId,
        /// Where to.
        address: PeerAddress,
        /// Over which transport.
        wire: Wire,
        /// What it is for.
        purpose: Purpose,
    },
    /// Look a name up.
    Resolve {
        /// The id to answer with.
        id: LookupId,
        /// The name.
        name: String,
    },
    /// Write bytes to a connection.
    Send {
        /// Whose.
        peer: PeerId,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close a connection.
    Close {
        /// Whose.
        peer: PeerId,
        /// Why, if the peer did something wrong.
        fault: Option<Fault>,
    },
    /// Run a job.
    Job {
        /// The id to answer with.
        id: JobId,
        /// The work.
        job: Job,
    },
    /// Keep filters, if the store does; nothing depends on it.
    KeepFilters(Vec<KeptFilter>),
    /// Read kept filters, after all that was to be kept before.
    ReadFilters {
        /// The id to answer with.
        id: ReadId,
        /// Which.
        filters: Vec<FilterId>,
    },
    /// Drop every connection and job: a new light client begins, and none of theirs is for it.
    Restart,
    /// Answer a question.
    Answer {
        /// Which.
        id: CommandId,
        /// The answer.
        result: Result<Reply, CommandError>,
    },
    /// Tell whoever listens.
    Tell(News),
}
