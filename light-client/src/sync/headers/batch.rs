//! Owns what becomes of one message of headers: is it worth taking, and what did the tree make
//! of it.
//!
//! Refuses to know the peer.

use bitcoin::block::Header;

use crate::chain::header_tree::{HeaderTree, Inserted};
use crate::chain::rules::HeaderError;
use crate::chain::work::WorkMemo;
use crate::fault::Fault;
use crate::height::BlockId;
use crate::sync::headers::{Moved, Outcome};
use crate::time::{Now, WallTime};

/// What the work of a message's headers is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Its branch has the work, or brings nothing new.
    Enough,
    /// Its branch, which leaves the tree at `start`, has too little work so far. The headers from
    /// `new` on are not known.
    Little { start: BlockId, new: usize },
    /// Headers without the work that they claim, or without order: there is no excuse for that.
    Worthless(Fault),
}

/// Weighs headers, the first of which stands on a block of the tree. Work counts only where a hash
/// meets its target.
pub(super) fn weigh(headers: &[Header], tree: &HeaderTree) -> Weight {
    let least = tree.least_work();
    let Some(first) = headers.first() else { return Weight::Enough };
    if tree.work_of(&first.prev_blockhash) >= Some(least) {
        return Weight::Enough;
    }
    let mut works = WorkMemo::default();
    let mut start = tree.find(&first.prev_blockhash);
    let mut new = None;
    let mut tip = first.prev_blockhash;
    let mut sum = None;
    for (index, header) in headers.iter().enumerate() {
        let hash = header.block_hash();
        if header.prev_blockhash != tip {
            return Weight::Worthless(Fault::UnconnectedHeaders);
        }
        tip = hash;
        if new.is_none() {
            if let Some(known) = tree.find(&hash) {
                start = Some(known);
                continue;
            }
            new = Some(index);
            sum = start.and_then(|start| tree.work_of(&start.hash));
        }
        if !header.target().is_met_by(hash) {
            return Weight::Worthless(Fault::InvalidHeader);
        }
        sum = sum.map(|sum| sum + works.of(header));
    }
    match (start, new) {
        (Some(start), Some(new)) if sum < Some(least) => Weight::Little { start, new },
        _ => Weight::Enough,
    }
}

/// What came of one message.
#[derive(Debug)]
pub(super) struct Batch {
    /// The last header that is known now.
    pub(super) last: Option<BlockId>,
    /// Whether any header was new.
    pub(super) is_news: bool,
    /// When the header from the future counts that ended it.
    pub(super) too_new: Option<WallTime>,
}

/// Puts headers into the tree, up to the first that it does not take.
pub(super) fn take_headers(
    now: Now,
    headers: &[Header],
    tree: &mut HeaderTree,
) -> (Batch, Outcome) {
    let old_tip = tree.tip();
    let mut batch = Batch { last: None, is_news: false, too_new: None };
    let mut fork = old_tip;
    let mut fault = None;
    for header in headers {
        match tree.insert(*header, now.wall) {
            Ok(inserted) => {
                if let Inserted::Reorganised { fork: at } = inserted
                    && at.height < fork.height
                {
                    fork = at;
                }
                batch.is_news |= inserted != Inserted::Known;
                batch.last = tree.find(&header.block_hash());
            }
            Err(HeaderError::TooNew { from }) => batch.too_new = Some(from),
            // There are too many better ones, or somebody wants none of it: not this peer's fault.
            Err(HeaderError::Crowded | HeaderError::Doubted) => break,
            Err(HeaderError::UnknownParent) => fault = Some(Fault::UnconnectedHeaders),
            Err(_) => fault = Some(Fault::InvalidHeader),
        }
        if batch.too_new.is_some() || fault.is_some() {
            break;
        }
    }
    let moved = (tree.tip() != old_tip).then_some(Moved { fork, old_tip });
    (batch, Outcome { moved, fault })
}
