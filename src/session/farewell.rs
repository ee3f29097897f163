//! Owns the last moment of a command that only follows the chain: payments that no block holds are
//! on their way to a peer, and would not get there.
//!
//! Refuses to trust that a peer which took a payment earlier has it still: nodes forget theirs when
//! they are restarted. A peer that has it never asks, so the wait is short.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};
use tokio::time::{Instant, timeout_at};

use crate::context::Context;
use crate::failure::Failure;
use crate::session::{Session, unexpected};

/// Stays until a peer answered the offer of each unconfirmed payment of the wallet, by taking it,
/// declining it or not asking for it; [`STAY`] at most.
///
/// # Errors
/// `interrupted`, or why the wallet stopped.
pub(crate) async fn stay_for_announcements(
    session: &mut Session,
    context: &mut Context,
) -> Result<(), Failure> {
    if session.is_attached() {
        // The daemon stays.
        return Ok(());
    }
    let until = Instant::now() + STAY;
    loop {
        let reply = session.ask(Command::Status, context).await?;
        let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
        if status.offering == 0 {
            return Ok(());
        }
        match context.interrupt.or(timeout_at(until, session.next_event())).await? {
            Ok(event) => drop(event?),
            Err(_elapsed) => return Ok(()),
        }
    }
}

/// A peer is dialled for each payment, and nodes make those who dialled them wait some seconds
/// before they ask for it.
const STAY: Duration = Duration::from_secs(30);
