//! Owns `peers`: connects, waits for each named peer to answer or to fail, and shows what each is.

use std::time::Duration;

use billfold_wallet_core::command::{Command, Reply};
use billfold_wallet_core::event::Event;
use billfold_wallet_core::light_client::dial::Purpose;
use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::output::PeerEvent;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use billfold_wallet_core::light_client::status::{BannedHost, FilterStanding, PeerStatus, Status};
use billfold_wallet_core::limits::PROXY_DIAL_TIME;
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
    // A daemon has peers of its own, and has had them for long.
    let attached = session.is_attached();
    let named = if attached { Vec::new() } else { context.run.settings.connect.clone() };
    let mut roll = RollCall::new(&named);
    let by_proxy = context.run.settings.proxy.map_or(Duration::ZERO, |_| PROXY_DIAL_TIME);
    let until = Instant::now() + WAIT + by_proxy;
    let mut found = !named.is_empty() || (attached && has_peer(session, context).await?);
    while !roll.is_complete() || !found {
        let next = tokio::time::timeout_at(until, session.next_event());
        match context.interrupt.or(next).await? {
            Ok(event) => {
                if let Event::Peer(event) = event? {
                    found |= matches!(event, PeerEvent::Ready { .. });
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
    let named = named.iter().map(|address| {
        let peer = status.peers.iter().find(|peer| peer.ready && peer.address == *address);
        let absent = || Row::absent(address, roll.of(address));
        peer.map_or_else(absent, |peer| Row::present(peer, &status))
    });
    let named: Vec<_> = named.collect();
    let listed =
        |peer: &&PeerStatus| named.iter().any(|row| row.address == peer.address.to_string());
    let found = status.peers.iter().filter(|peer| peer.ready && !listed(peer));
    let found = found.map(|peer| Row::present(peer, &status));
    let found: Vec<_> = found.collect();
    let banned = status.banned.iter().map(Banned::new).collect();
    Ok(PeersReport { peers: named.into_iter().chain(found).collect(), banned })
}

async fn has_peer(session: &mut Session, context: &mut Context) -> Result<bool, Failure> {
    let reply = session.ask(Command::Status, context).await?;
    let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
    Ok(status.peers.iter().any(|peer| peer.ready))
}

/// The status once every ready peer's round trip is known and it was heard about filters, or after
/// [`MEASURE`].
async fn measured(session: &mut Session, context: &mut Context) -> Result<Status, Failure> {
    let until = Instant::now() + MEASURE;
    loop {
        let reply = session.ask(Command::Status, context).await?;
        let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
        let known = |peer: &PeerStatus| {
            let heard = peer.standing(status.filter_headers) != FilterStanding::Awaited;
            heard && peer.latency.is_some() && peer.height.is_some()
        };
        if status.followed().all(known) {
            return Ok(*status);
        }
        match context.interrupt.or(tokio::time::timeout_at(until, session.next_event())).await? {
            Ok(event) => drop(event?),
            Err(_elapsed) => return Ok(*status),
        }
    }
}

/// The peers.
#[derive(Debug, Serialize)]
struct PeersReport {
    peers: Vec<Row>,
    banned: Vec<Banned>,
}

/// A host that is left alone for a time.
#[derive(Debug, Serialize)]
struct Banned {
    host: String,
    reason: String,
    until: u64,
}

impl Banned {
    fn new(banned: &BannedHost) -> Self {
        let BannedHost { host, until, reason } = banned;
        Self { host: host.to_string(), reason: reason.clone(), until: until.to_unix() }
    }
}

#[derive(Debug, Default, Serialize)]
struct Row {
    address: String,
    ready: bool,
    reason: Option<String>,
    role: Option<String>,
    transport: Option<String>,
    user_agent: Option<String>,
    services: Option<u64>,
    height: Option<u32>,
    latency_ms: Option<u64>,
    bytes_received: Option<u64>,
    filters: Option<&'static str>,
    filters_differing: Option<usize>,
}

impl Row {
    fn absent(address: &PeerAddress, answer: Answer) -> Self {
        Self { address: address.to_string(), reason: Some(answer.told()), ..Self::default() }
    }

    fn present(peer: &PeerStatus, status: &Status) -> Self {
        let filters = match peer.standing(status.filter_headers) {
            FilterStanding::Awaited => "awaited",
            FilterStanding::Agrees => "agree",
            FilterStanding::Differs => "differ",
            FilterStanding::SetAside => "set aside",
        };
        let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self {
            address: peer.address.to_string(),
            ready: true,
            reason: None,
            role: Some(peer.purpose.to_string()),
            transport: Some(peer.wire.to_string()),
            user_agent: Some(peer.user_agent.clone()),
            services: Some(peer.services),
            height: peer.height.map(Height::to_u32),
            latency_ms: peer.latency.map(millis),
            bytes_received: Some(peer.bytes_received),
            filters: (peer.purpose == Purpose::Chain).then_some(filters),
            filters_differing: Some(peer.differences),
        }
    }

    fn cells(&self) -> [String; 7] {
        let height = self.height.map(|height| figures::grouped(height.into()));
        let latency = self.latency_ms.map(|wait| format!("{wait} ms"));
        let filters = match (self.filters, self.filters_differing) {
            (Some(_), Some(blocks)) if blocks > 0 => {
                format!("differ in {}", figures::grouped(blocks as u64))
            }
            (filters, _) => filters.unwrap_or_default().to_owned(),
        };
        [
            self.short_address(),
            self.role.clone().unwrap_or_else(|| "none".to_owned()),
            self.transport.clone().unwrap_or_default(),
            height.unwrap_or_default(),
            latency.unwrap_or_default(),
            self.bytes_received.map(figures::bytes).unwrap_or_default(),
            filters,
        ]
    }

    /// An onion address in as many columns as others have; it stands below in full.
    fn short_address(&self) -> String {
        let length = self.address.chars().count();
        if length <= WIDEST {
            return self.address.clone();
        }
        let head: String = self.address.chars().take(WIDEST / 3).collect();
        let tail: String = self.address.chars().skip(length - WIDEST * 2 / 3).collect();
        format!("{head}…{tail}")
    }

    /// What the peer calls itself, in quotes: the words are not ours.
    fn below(&self) -> Vec<String> {
        let name = self.user_agent.as_deref().map(figures::foreign);
        let full = (self.address.chars().count() > WIDEST).then(|| self.address.clone());
        let services = self.services.map(services).filter(|services| !services.is_empty());
        let lines = [
            full,
            name.map(|name| format!("calls itself {name:?}")),
            services.map(|services| format!("serves {services}")),
            self.reason.clone(),
        ];
        lines.into_iter().flatten().collect()
    }
}

impl Report for PeersReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let mut table = Table::new([
            Column::left("Peer"),
            Column::left("Role"),
            Column::left("Over"),
            Column::right("Height"),
            Column::right("Latency"),
            Column::right("Received"),
            Column::left("Filters"),
        ]);
        for row in &self.peers {
            table.row_over(row.cells(), &row.below());
        }
        let banned = self.banned.iter().map(|banned| {
            let until = figures::local_time(banned.until);
            format!(
                "{}: left alone until {until}, {}",
                banned.host,
                figures::foreign(&banned.reason)
            )
        });
        let table = if self.peers.is_empty() { "No peer yet.".to_owned() } else { table.text() };
        std::iter::once(table).chain(banned).collect::<Vec<_>>().join("\n")
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

/// Columns of an address at the most, so that a row fits into a terminal.
const WIDEST: usize = 24;

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
        let row = Row::absent(&address, Answer::Refused(Fault::MissingServices));
        let expected = json!({
            "address": "127.0.0.1:80", "ready": false,
            "reason": "does not serve blocks, witnesses and compact filters",
            "role": null, "transport": null, "user_agent": null, "services": null,
            "height": null, "latency_ms": null, "bytes_received": null, "filters": null,
            "filters_differing": null,
        });
        assert_eq!(serde_json::to_value(&row).expect("JSON"), expected);
    }

    #[test]
    fn services_have_names() {
        assert_eq!(services(0b1001 | 1 << 6), "blocks, witnesses, filters");
    }
}
