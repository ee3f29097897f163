//! Owns what is settled before a wallet follows the chain: which anchor its headers stand on, and
//! what to do when the chain that is stored is not the one that the wallet has scanned.
//!
//! Refuses to skip a block: where the chain is not known any more, the wallet scans again.

use crate::command::{Birthday, StoreProblem};
use crate::light_client::LightClient;
use crate::light_client::chain::anchor::Anchor;
use crate::light_client::height::{BlockId, Height};
use crate::light_client::input::ScanStart;
use crate::light_client::params::Params;
use crate::light_client::time::WallTime;
use crate::wallet::Wallet;

/// The highest anchor that is below all of these starts.
pub(super) fn needed_base(starts: impl IntoIterator<Item = ScanStart>, params: &Params) -> Anchor {
    let anchors = starts.into_iter().map(|start| anchor_below(params, start));
    let lowest = anchors.min_by_key(|anchor| anchor.block.height);
    lowest.unwrap_or_else(|| Anchor::newest_below(params, Height::new(u32::MAX)))
}

/// What headers must reach down to for a wallet: its birthday, where it scans next and where it
/// searches for an account.
///
/// # Errors
/// If the wallet's file can't be read.
pub(super) fn starts_of(wallet: &Wallet) -> Result<Vec<ScanStart>, StoreProblem> {
    let births = wallet.search_starts()?.into_iter().chain([wallet.birthday()]);
    let births = births.map(|birthday| match birthday {
        Birthday::Height(height) => ScanStart::Height(height),
        Birthday::Time(seconds) => ScanStart::Time(WallTime::new(seconds)),
    });
    Ok(births.chain([wallet.scan_start()?]).collect())
}

/// How a wallet's scan stands to a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The cursor is on the chain, or nothing was scanned yet.
    OnChain,
    /// The chain holds other blocks than those that were scanned: undo what is above the fork.
    Forked(BlockId),
    /// The chain is not known up to the cursor, or shares no scanned block: scan again from this
    /// height, or from the birthday. What the wallet knows stays until the scan has passed it.
    Unknown(Option<Height>),
}

/// Compares the wallet's scanned blocks, newest first, with the chain.
///
/// # Errors
/// If the wallet's file can't be read.
pub(super) fn standing(wallet: &Wallet, client: &LightClient) -> Result<Standing, StoreProblem> {
    let tip = client.tip().height;
    let on_chain = |block: &BlockId| client.block_at(block.height) == Some(*block);
    // So it nearly always is; every block that holds a payment is read only to find a fork.
    if wallet.cursor()?.is_none_or(|cursor| on_chain(&cursor)) {
        return Ok(Standing::OnChain);
    }
    let checkpoints = wallet.checkpoints()?;
    let Some(shared) = checkpoints.iter().position(on_chain) else {
        return Ok(Standing::Unknown(None));
    };
    let contradicted = checkpoints[..shared].iter().any(|block| block.height <= tip);
    let shared = checkpoints[shared];
    Ok(if contradicted {
        Standing::Forked(shared)
    } else {
        Standing::Unknown(Some(shared.height.next()))
    })
}

fn anchor_below(params: &Params, start: ScanStart) -> Anchor {
    match start {
        ScanStart::Height(height) => Anchor::newest_below(params, height),
        ScanStart::Time(time) => Anchor::newest_before(params, time),
    }
}
