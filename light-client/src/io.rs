//! Owns `Io`: what the light client can't do itself, as plain data.
//!
//! Refuses news: what a wallet or a face should know is `output`'s.

use crate::dial::{LookupId, Purpose, Wire};
use crate::fault::Fault;
use crate::job::{Job, JobId};
use crate::kept::{FilterId, KeptFilter, ReadId};
use crate::peer_id::{PeerAddress, PeerId};

/// One thing for the driver to do, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Io {
    /// Open a connection; answer with `Input::Connected` or `Input::DialFailed`.
    Dial {
        /// The new connection's id.
        peer: PeerId,
        /// Where to.
        address: PeerAddress,
        /// Over which transport; there is no falling back to the other.
        wire: Wire,
        /// What it is for.
        purpose: Purpose,
    },
    /// Look a name up with the system's resolver; answer with `Input::Resolved`. Never said when
    /// the [`Route`](crate::config::Route) leads through a proxy.
    Resolve {
        /// The id to answer with.
        id: LookupId,
        /// The name.
        name: String,
    },
    /// Write bytes to a connection, in order.
    Send {
        /// To whom.
        peer: PeerId,
        /// Over [`Wire::V1`] framed, over [`Wire::V2`] the contents of one packet.
        bytes: Vec<u8>,
    },
    /// Close a connection; answer with `Input::Disconnected`.
    Close {
        /// Whose.
        peer: PeerId,
        /// Why; `None` when the peer did nothing wrong.
        fault: Option<Fault>,
    },
    /// Run a job with [`job::run`](crate::job::run); answer with `Input::JobDone`.
    Job {
        /// The id to answer with.
        id: JobId,
        /// The work.
        job: Job,
    },
    /// Filters that may be kept, each said once. Nothing waits for it and nothing depends on it, so
    /// a driver may drop them and needs no commit.
    KeepFilters(Vec<KeptFilter>),
    /// Read kept filters, after all that was said to be kept before; answer with
    /// `Input::FiltersRead`.
    ReadFilters {
        /// The id to answer with.
        id: ReadId,
        /// Which.
        filters: Vec<FilterId>,
    },
}
