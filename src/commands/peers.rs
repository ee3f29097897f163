//! Owns `peers`: connects, waits for each named peer to answer or to fail, and shows what each is.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::light_client::status::{PeerStatus, Status};
use billfold_wallet_core::service::{Access, Reach};
use bitcoin::p2p::ServiceFlags;
use serde::Serialize;
use tokio::time::Instant;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table::{Column, Table};
use crate::output::{Canvas, Report, figures};
use crate::session::roll_call::{Answer, RollCall};
use crate::session::{Session, unexpected};

/// Shows the peers.
///
/// # Errors
/// `peer_unreachable` or `peer_refused` when no peer is ready, `no_peer`, `interrupted`, or why
/// the wallet did not open.
pub(super) async fn run(context: &mut Context) -> Result<(), Failure> {
    let report = Session::with(context, Access::View, Reach::Online, async |session, context| {
        look(session, context).await
    })
    .await?;
    context.output.result(&report)
}

async fn look(session: &mut Session, context: &mut Context) -> Result<PeersReport, Failure> {
    let named = context.run.settings.connect.clone();
    let mut roll = RollCall::new(&named);
    let until = Instant::now() + WAIT;
    while !roll.is_complete() {
        let next = tokio::time::timeout_at(until, session.next_event());
        match context.interrupt.or(next).await? {
            Ok(event) => {
                if let Event::Peer(event) = event? {
                    roll.note(&event);
                }
            }
            Err(_elapsed) => break,
        }
    }
    if let Some(failure) = roll.failure_after_wait() {
        return Err(failure);
    }
    let status = measured(session, context).await?;
    let rows = named.iter().map(|address| {
        let peer = status.peers.iter().find(|peer| peer.ready && peer.address == *address);
        Row::new(address, roll.of(address), peer)
    });
    Ok(PeersReport(rows.collect()))
}

/// The status once every ready peer's round trip is known, or after [`MEASURE`].
async fn measured(session: &mut Session, context: &mut Context) -> Result<Status, Failure> {
    let until = Instant::now() + MEASURE;
    loop {
        let reply = session.ask(Command::Status, context).await?;
        let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
        let known = |peer: &PeerStatus| peer.latency.is_some() && peer.height.is_some();
        if status.peers.iter().filter(|peer| peer.ready).all(known) {
            return Ok(*status);
        }
        match context.interrupt.or(tokio::time::timeout_at(until, session.next_event())).await? {
            Ok(event) => drop(event?),
            Err(_elapsed) => return Ok(*status),
        }
    }
}

/// An array of peers.
#[derive(Debug, Serialize)]
struct PeersReport(Vec<Row>);

#[derive(Debug, Serialize)]
struct Row {
    address: String,
    ready: bool,
    reason: Option<String>,
    transport: Option<String>,
    user_agent: Option<String>,
    services: Option<u64>,
    height: Option<u32>,
    latency_ms: Option<u64>,
}

impl Row {
    fn new(address: &PeerAddress, answer: Answer, peer: Option<&PeerStatus>) -> Self {
        let latency = peer.and_then(|peer| peer.latency);
        Self {
            address: address.to_string(),
            ready: peer.is_some(),
            reason: peer.is_none().then(|| answer.told()),
            transport: peer.map(|peer| peer.wire.to_string()),
            user_agent: peer.map(|peer| peer.user_agent.clone()),
            services: peer.map(|peer| peer.services),
            height: peer.and_then(|peer| peer.height).map(Height::to_u32),
            latency_ms: latency.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    fn cells(&self) -> [String; 4] {
        let height = self.height.map(|height| figures::grouped(height.into()));
        let latency = self.latency_ms.map(|wait| format!("{wait} ms"));
        let services = self.services.map(services);
        [
            self.address.clone(),
            height.unwrap_or_default(),
            latency.unwrap_or_default(),
            services.or_else(|| self.reason.clone()).unwrap_or_default(),
        ]
    }

    /// What the peer calls itself, in quotes: the words are not ours; and how it is spoken with.
    fn agent(&self) -> String {
        let name = self.user_agent.as_deref().map(figures::foreign);
        let transport = self.transport.as_deref().unwrap_or_default();
        name.map_or_else(String::new, |name| format!("calls itself {name:?}, over {transport}"))
    }
}

impl Report for PeersReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let mut table = Table::new([
            Column::left("Peer"),
            Column::right("Height"),
            Column::right("Latency"),
            Column::left("Serves"),
        ]);
        for row in &self.0 {
            table.row_over(row.cells(), &[row.agent()]);
        }
        table.text()
    }
}

/// The services that matter to a filter client, by name.
fn services(bits: u64) -> String {
    let flags = ServiceFlags::from(bits);
    let known = [
        (ServiceFlags::NETWORK, "blocks"),
        (ServiceFlags::NETWORK_LIMITED, "recent blocks"),
        (ServiceFlags::WITNESS, "witnesses"),
        (ServiceFlags::COMPACT_FILTERS, "filters"),
        (ServiceFlags::P2P_V2, "encryption"),
    ];
    let names: Vec<_> =
        known.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| *name).collect();
    names.join(", ")
}

/// How long to wait for the round trips of peers that are ready.
const MEASURE: Duration = Duration::from_secs(3);

/// How long to wait for the last peer.
const WAIT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::fault::Fault;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_peer_that_failed_is_listed_with_its_reason() {
        let address: PeerAddress = "127.0.0.1:80".parse().expect("an address");
        let row = Row::new(&address, Answer::Refused(Fault::MissingServices), None);
        let expected = json!({
            "address": "127.0.0.1:80", "ready": false,
            "reason": "does not serve blocks, witnesses and compact filters",
            "transport": null, "user_agent": null, "services": null, "height": null, "latency_ms": null,
        });
        assert_eq!(serde_json::to_value(&row).expect("JSON"), expected);
    }

    #[test]
    fn services_have_names() {
        assert_eq!(services(0b1001 | 1 << 6), "blocks, witnesses, filters");
    }
}
