//! Owns following the chain to the peers' tip: progress for people, bounds on the waiting, and
//! what was found on the way.

use std::collections::HashSet;
use std::time::Duration;

use billfold_tui::progress;
use billfold_wallet_core::command::{Command, PaymentState, Reply, TransactionChange};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::height::{BlockId, Height};
use billfold_wallet_core::light_client::output::PeerEvent;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::light_client::status::Status;
use billfold_wallet_core::limits::PROXY_DIAL_TIME;
use serde::Serialize;
use tokio::time::Instant;

use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::output::{Canvas, Output, Report, figures};
use crate::session::fallen::{self, Fallen};
use crate::session::nobody;
use crate::session::roll_call::RollCall;
use crate::session::{Session, unexpected};

/// How long to wait for the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as something moves, but not longer than [`STALL`] without.
    WhileItMoves,
    /// This long in all.
    InAll(Duration),
}

/// How the chain was followed to the peers' tip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Followed {
    height: u32,
    hash: String,
    filter_headers: Option<u32>,
    filters_matched: u64,
    blocks_fetched: u64,
    payments_found: usize,
    peers: usize,
    peers_agreeing: usize,
    bytes_received: u64,
    seconds: f64,
    /// Payments that counted before, and fell on the way.
    pub(crate) fallen: Vec<Fallen>,
    /// For people only.
    #[serde(skip)]
    agreement: String,
    /// Whether a search for old payments ended on the way.
    #[serde(skip)]
    pub(crate) searched: bool,
}

impl Report for Followed {
    fn for_people(&self, _canvas: Canvas) -> String {
        format!(
            "At the tip: block {}\n{}\n{} matched, {} fetched, {} found\n{}\n\
             {} received in {:.1} s",
            figures::grouped(self.height.into()),
            self.hash,
            figures::count(self.filters_matched, "filter"),
            figures::count(self.blocks_fetched, "block"),
            figures::count(self.payments_found as u64, "new payment"),
            self.agreement,
            figures::bytes(self.bytes_received),
            self.seconds,
        )
    }
}

/// Follows the chain until the wallet is at the peers' tip.
///
/// # Errors
/// `peer_unreachable` or `peer_refused` when every peer failed, `sync_timeout`, `interrupted`, or
/// why the wallet stopped.
pub(crate) async fn follow(
    session: &mut Session,
    context: &mut Context,
    patience: Patience,
) -> Result<Followed, Failure> {
    let settings = &context.run.settings;
    let stall = STALL + settings.proxy.map_or(Duration::ZERO, |_| PROXY_DIAL_TIME);
    // The peers of a daemon are its own.
    let named = if session.is_attached() { &[][..] } else { &settings.connect };
    let mut walk = Walk::new(RollCall::new(named), stall, patience);
    if session.may_be_at_tip() {
        let reply = session.ask(Command::Status, context).await?;
        let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
        if status.synced && status.followed().next().is_some() {
            walk.searched = session.is_new();
            return Ok(walk.arrived(&status));
        }
    }
    let status = walk.follow(session, context).await;
    // However it ended: what fell is committed, and not told again.
    let fallen = fallen::tell(session, context).await;
    Ok(Followed { fallen, ..walk.arrived(&*status?) })
}

async fn ask_status(session: &mut Session, context: &mut Context) -> Result<Reply, Failure> {
    match session.ask(Command::Status, context).await? {
        reply @ Reply::Status(_) => Ok(reply),
        reply => Err(unexpected(&reply)),
    }
}

/// One way to the tip.
struct Walk {
    started: Instant,
    moved: Instant,
    patience: Patience,
    /// How long nothing may move.
    stall: Duration,
    peers: RollCall,
    last: Option<Status>,
    /// The status at `moved`.
    furthest: Option<Box<Status>>,
    found: HashSet<bitcoin::Txid>,
    /// Whether it was said that the wallet is at the tip.
    synced: bool,
    /// Whether a search for old payments ended.
    searched: bool,
}

impl Walk {
    fn new(peers: RollCall, stall: Duration, patience: Patience) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            moved: now,
            patience,
            stall,
            peers,
            last: None,
            furthest: None,
            found: HashSet::new(),
            synced: false,
            searched: false,
        }
    }

    /// Goes on until the wallet is at the peers' tip.
    async fn follow(
        &mut self,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<Box<Status>, Failure> {
        loop {
            let due = self.due();
            let event = tokio::select! {
                biased;
                () = context.interrupt.came() => {
                    return Err(Failure::new(
                        Kind::Interrupted,
                        "interrupted: what was found is kept, and the next sync goes on from there",
                    ));
                }
                event = session.next_event() => event?,
                () = tokio::time::sleep_until(due) => return Err(self.timeout()),
            };
            if self.take(event, &mut context.output)? {
                let Reply::Status(status) = ask_status(session, context).await? else { continue };
                if status.synced {
                    return Ok(status);
                }
            }
        }
    }

    fn due(&self) -> Instant {
        match self.patience {
            Patience::WhileItMoves => self.moved + self.stall,
            Patience::InAll(all) => self.started + all,
        }
    }

    /// Takes in an event; true when it says that the tip is reached, or is the tip still.
    fn take(&mut self, event: Event, output: &mut Output) -> Result<bool, Failure> {
        match event {
            Event::Progress(status) => {
                if self.furthest.as_ref().is_none_or(|furthest| has_moved(furthest, &status)) {
                    self.moved = Instant::now();
                    self.furthest = Some(status.clone());
                }
                let unchecked = self.last.as_ref().map_or(0, |last| last.blocks_unchecked);
                if unchecked == 0 && status.blocks_unchecked > 0 {
                    output.warn(UNCHECKED);
                }
                output.progress(|| progress::line(&status));
                // A peer that came a moment later made it doubtful, and then said nothing new.
                let at_tip = self.synced && status.synced;
                self.last = Some(*status);
                return Ok(at_tip);
            }
            Event::Synced { searched, .. } => {
                self.synced = true;
                self.searched |= searched;
                return Ok(true);
            }
            Event::Transaction(change)
                if change.before.is_none() && self.found.insert(change.txid) =>
            {
                self.tell_found(&change, output);
            }
            Event::Reorganised { fork, old_tip } => {
                let (from, to) = (old_tip.height, fork.height);
                output.say(&format!("The chain was reorganised from {from} down to {to}."));
            }
            Event::Peer(event) => {
                if let PeerEvent::FiltersDiffer { address, height, .. } = &event {
                    output.warn(&disagreement(address, *height));
                }
                self.peers.note(&event);
                if let Some(failure) = self.peers.failure() {
                    return Err(failure);
                }
            }
            Event::Note(note) => output.say(&format!("Note: {note}.")),
            _ => {}
        }
        Ok(false)
    }

    /// A wallet of thousands of payments is told of by their number.
    fn tell_found(&self, change: &TransactionChange, output: &mut Output) {
        let net = figures::net(change.net);
        match (self.found.len(), change.state) {
            (..=TOLD, PaymentState::Confirmed(block)) => {
                let height = figures::grouped(block.height.to_u32().into());
                output.say(&format!("Found: {net} in block {height}"));
            }
            (..=TOLD, _) => output.say(&format!("Found: {net}, not in a block yet")),
            (count, _) if count.is_multiple_of(TOLD) => {
                output.say(&format!("Found: {}", figures::count(count as u64, "payment")));
            }
            _ => {}
        }
    }

    fn timeout(&self) -> Failure {
        if let Some(failure) = self.last.as_ref().and_then(nobody::failure) {
            return failure;
        }
        let reached = self.last.as_ref().and_then(|status| status.cursor);
        let reached = reached.map(|block: BlockId| block.height.to_u32());
        let waited = figures::count(self.started.elapsed().as_secs(), "second");
        let at = reached.map_or_else(String::new, |height| format!(" at block {height}"));
        let why = self
            .last
            .as_ref()
            .map_or("no peer has answered", |status| progress::waiting(status.waiting));
        Failure::new(
            Kind::SyncTimeout,
            format!("not at the peers' tip after {waited}{at}: {why}; the next sync goes on there"),
        )
        .with("height", reached)
    }

    fn arrived(&self, status: &Status) -> Followed {
        Followed {
            height: status.tip.height.to_u32(),
            hash: status.tip.hash.to_string(),
            filter_headers: status.filter_headers.map(Height::to_u32),
            filters_matched: status.filters_matched,
            blocks_fetched: status.blocks_fetched,
            payments_found: self.found.len(),
            peers: status.followed().count(),
            peers_agreeing: status.disputes.agreeing,
            bytes_received: status.bytes_received,
            agreement: progress::agreement(status),
            searched: self.searched,
            fallen: Vec::new(),
            seconds: (self.started.elapsed().as_secs_f64() * 1_000.0).round() / 1_000.0,
        }
    }
}

/// What a disagreement means: nobody can say who is wrong, and nobody needs to.
fn disagreement(address: &PeerAddress, height: Height) -> String {
    format!(
        "{address} tells another filter of block {} than another peer does, or did before. \
         One of them is wrong. Both are searched, so no payment is missed while one peer is honest",
        figures::grouped(height.to_u32().into())
    )
}

fn has_moved(last: &Status, now: &Status) -> bool {
    let place = |status: &Status| {
        // A search over kept filters moves neither the cursor nor a byte.
        let work = (status.filters_matched, status.blocks_fetched);
        (status.tip, status.filter_headers, status.cursor, work)
    };
    // A peer that is behind us answers pings for ever.
    let received = now.bytes_received.saturating_sub(last.bytes_received);
    place(last) != place(now) || received >= LEAST_RECEIVED
}

/// What a person should know where only proof of work speaks for a block.
const UNCHECKED: &str = "the challenge of this signet is not of a kind that billfold can check: \
                         that its signers agreed to the blocks is not known";

/// So many payments that were not known are told one by one.
const TOLD: usize = 50;

/// Fewer bytes than these are no movement: what comes of a block over the slowest line in the time
/// of a stall is more, and what peers say to each other all the time is less.
const LEAST_RECEIVED: u64 = 32 << 10;

/// How long nothing may move before the waiting ends; through a proxy, as long as it may take to
/// open a connection more.
const STALL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use bitcoin::BlockHash;
    use bitcoin::hashes::Hash as _;

    use super::*;
    use crate::settings::Style;

    /// Takes in what is told at a tip; whether the walk is to look if it has arrived.
    fn takes(walk: &mut Walk, event: Event) -> bool {
        let mut output = Output::new(Style { quiet: true, ..Style::default() });
        walk.take(event, &mut output).expect("nobody failed")
    }

    #[test]
    fn a_peer_that_is_behind_and_only_answers_is_no_movement() {
        let tip = BlockId::new(Height::new(7), BlockHash::all_zeros());
        let mut walk = Walk::new(RollCall::new(&[]), STALL, Patience::WhileItMoves);
        let mut moved = |bytes_received| {
            let status = Status { bytes_received, ..Status::at(tip) };
            takes(&mut walk, Event::Progress(Box::new(status)));
            walk.furthest.as_ref().map(|status| status.bytes_received)
        };
        for pongs in 0..1_000 {
            assert_eq!(moved(32 * pongs), Some(0));
        }
        assert_eq!(moved(40_000), Some(40_000), "a block comes");
    }

    #[test]
    fn a_peer_that_comes_at_the_tip_and_has_nothing_new_ends_no_walk_and_holds_up_none() {
        let tip = BlockId::new(Height::new(7), BlockHash::all_zeros());
        let told = |synced| Event::Progress(Box::new(Status { synced, ..Status::at(tip) }));
        let peers = RollCall::new(&[]);
        let mut walk = Walk::new(peers, STALL, Patience::WhileItMoves);
        assert!(!takes(&mut walk, told(true)), "what was found is told before the tip is");
        let status = Box::new(Status { synced: true, ..Status::at(tip) });
        assert!(takes(&mut walk, Event::Synced { tip, status, searched: true }));
        // It is not said again that the wallet is at the tip, since it never left it.
        assert!(!takes(&mut walk, told(false)), "the peer may have something new");
        assert!(takes(&mut walk, told(true)), "it had not");
        assert!(walk.searched, "however soon the search ended, its end is told");
    }
}
