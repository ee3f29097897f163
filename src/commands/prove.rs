//! Owns `prove`: that a transaction of the wallet is in a block, for others to check.
//!
//! Refuses to show what it has not checked itself: the way from the transaction to the header.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Proof, Reply};
use billfold_wallet_core::light_client::evidence::FilterEvidence;
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::consensus::encode::serialize_hex;
use serde::Serialize;
use tokio::time::Instant;

use crate::cli::chain::ProveArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Canvas, Report, figures};
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};

/// Shows that a transaction is in a block.
///
/// # Errors
/// `no_such_transaction`, `not_confirmed`, or why the wallet did not come to the peers' tip.
pub(super) async fn run(options: &ProveArgs, context: &mut Context) -> Result<(), Failure> {
    let proof = Session::with(context, Access::View, Reach::Online, async |session, context| {
        follow(session, context, Patience::WhileItMoves).await?;
        heard(session, context, Command::Prove(options.txid)).await
    })
    .await?;
    context.output.result(&ProofReport::new(&proof).ok_or_else(Failure::bug)?)
}

/// The proof once every ready peer has said which filter it commits to, or after [`HEARING`].
async fn heard(
    session: &mut Session,
    context: &mut Context,
    command: Command,
) -> Result<Proof, Failure> {
    let until = Instant::now() + HEARING;
    loop {
        let reply = session.ask(command.clone(), context).await?;
        let Reply::Proof(proof) = reply else { return Err(unexpected(&reply)) };
        let all = |filter: &FilterEvidence| filter.agreeing.len() == filter.peers;
        if proof.evidence.filter.as_ref().is_some_and(all) {
            return Ok(*proof);
        }
        match context.interrupt.or(tokio::time::timeout_at(until, session.next_event())).await? {
            Ok(event) => drop(event?),
            Err(_elapsed) => return Ok(*proof),
        }
    }
}

/// Hashes are written as everywhere in Bitcoin: the bytes in reverse.
#[derive(Debug, Serialize)]
struct ProofReport {
    txid: String,
    hex: String,
    height: u32,
    block: String,
    time: u32,
    confirmations: u32,
    /// The block's header and those on top of it, 80 bytes each.
    headers: Vec<String>,
    merkle_root: String,
    position: u32,
    branch: Vec<Step>,
    filter_hash: Option<String>,
    filter_header: Option<String>,
    previous_filter_header: Option<String>,
    peers_agreeing: Vec<String>,
    peers: usize,
}

/// One hash beside the way to the merkle root.
#[derive(Debug, Serialize)]
struct Step {
    hash: String,
    /// On which side of the way it stands.
    side: &'static str,
}

impl ProofReport {
    /// `None` if the proof does not hold.
    fn new(proof: &Proof) -> Option<Self> {
        let Proof { transaction, block, branch, evidence } = proof;
        let header = evidence.headers.first()?;
        let txid = transaction.compute_txid();
        let holds = header.block_hash() == block.hash && branch.root(txid) == header.merkle_root;
        if !holds {
            return None;
        }
        let side = |level: usize| if branch.position >> level & 1 == 0 { "right" } else { "left" };
        let siblings = branch.siblings.iter().enumerate();
        let filter = evidence.filter.as_ref();
        let filter_headers = filter.and_then(|filter| filter.headers);
        Some(Self {
            txid: txid.to_string(),
            hex: serialize_hex(transaction),
            height: block.height.to_u32(),
            block: block.hash.to_string(),
            time: header.time,
            confirmations: evidence.tip.height.above(block.height) + 1,
            headers: evidence.headers.iter().map(serialize_hex).collect(),
            merkle_root: header.merkle_root.to_string(),
            position: branch.position,
            branch: siblings
                .map(|(level, hash)| Step { hash: hash.to_string(), side: side(level) })
                .collect(),
            filter_hash: filter.map(|filter| filter.hash.to_string()),
            filter_header: filter_headers.map(|headers| headers.header.to_string()),
            previous_filter_header: filter_headers.map(|headers| headers.previous.to_string()),
            peers_agreeing: filter.map_or_else(Vec::new, |filter| {
                filter.agreeing.iter().map(ToString::to_string).collect()
            }),
            peers: filter.map_or(0, |filter| filter.peers),
        })
    }

    /// Who agrees on the filter.
    fn agreement(&self) -> String {
        let (agreeing, peers) = (self.peers_agreeing.len(), self.peers);
        let names = self.peers_agreeing.join(", ");
        format!("{agreeing} of {} agree on it: {names}", figures::count(peers as u64, "peer"))
    }
}

impl Report for ProofReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let mut lines = vec![
            format!(
                "In block {} of {}, {}.",
                figures::grouped(self.height.into()),
                figures::local_time(self.time.into()),
                figures::count(self.confirmations.into(), "confirmation"),
            ),
            String::new(),
            format!("Transaction  {}", self.txid),
            format!("Block        {}", self.block),
            format!("Merkle root  {}", self.merkle_root),
            format!("Position     {}", figures::grouped(self.position.into())),
        ];
        for (level, step) in self.branch.iter().enumerate() {
            let label = if level == 0 { "Branch" } else { "" };
            let side = step.side.chars().next().unwrap_or_default();
            lines.push(format!("{label:<9} {side}  {}", step.hash));
        }
        for (place, part) in self.headers[0].as_bytes().chunks(64).enumerate() {
            let label = if place == 0 { "Header" } else { "" };
            lines.push(format!("{label:<11}  {}", String::from_utf8_lossy(part)));
        }
        let filter = [
            ("Filter hash", &self.filter_hash),
            ("Its header", &self.filter_header),
            ("Before it", &self.previous_filter_header),
        ];
        for (label, hash) in filter {
            lines.extend(hash.as_ref().map(|hash| format!("{label:<11}  {hash}")));
        }
        if self.filter_hash.is_some() {
            lines.push(self.agreement());
        }
        lines.join("\n")
    }
}

/// How long to wait for what the last peers say of the filter.
const HEARING: Duration = Duration::from_secs(5);
