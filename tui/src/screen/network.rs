//! Owns the network: how far the chain is followed, who agrees, the peers, and what is known of fees.
//!
//! Refuses to show what a peer calls itself as if it were our text: it stands in quotes.

use billfold_wallet_core::light_client::fees::FeeReport;
use billfold_wallet_core::light_client::status::{FilterStanding, PeerStatus, Status};

use crate::action::{Action, Verb};
use crate::book::{Book, Page};
use crate::canvas::{Canvas, Piece, dim, text};
use crate::effect::Outbox;
use crate::format;
use crate::list::List;
use crate::places::Spot;
use crate::progress;
use crate::screen::{Screen, Step};
use crate::theme::Role;

/// The chain and its peers.
#[derive(Default)]
pub(crate) struct Network {
    list: List,
}

impl Screen for Network {
    fn title(&self) -> &'static str {
        "Network"
    }

    fn pages(&self) -> &'static [Page] {
        &[Page::Status]
    }

    fn verbs(&self) -> &'static [Verb] {
        &[Verb::Rescan, Verb::Palette]
    }

    fn act(&mut self, action: &Action, book: &Book, _out: &mut Outbox) -> Step {
        let Action::Move(to) = action else { return Step::Pass };
        self.list.step(*to, book.status.as_ref().map_or(0, |status| status.peers.len()));
        Step::Stay
    }

    fn draw(&self, book: &Book, canvas: &mut Canvas<'_>) {
        let Some(status) = &book.status else {
            canvas.line(0, &[dim("Starting…")]);
            return;
        };
        let mut row = canvas.lines(0, &chain(status));
        let peers = &status.peers;
        let room = usize::from(canvas.height().saturating_sub(row)) / 2;
        let chosen = self.list.chosen(peers.len());
        for at in self.list.sight(peers.len(), room) {
            canvas.lines(row, &peer(&peers[at], status));
            if chosen == Some(at) {
                canvas.mark(row, Role::Selected);
            }
            canvas.spot(row, 0..canvas.width(), Spot::Row(at));
            row += 2;
        }
        if peers.is_empty() {
            canvas.line(row, &[("! no peer is connected".to_owned(), Role::Warning)]);
        }
    }
}

fn chain(status: &Status) -> Vec<Vec<Piece>> {
    let height = format::grouped(status.tip.height.to_u32().into());
    let mut lines = vec![
        vec![
            dim("Chain     "),
            text(format!("block {height}, {}", progress::waiting(status.waiting))),
        ],
        vec![dim("Scan      "), text(progress::line(status))],
        vec![dim("Filters   "), text(progress::agreement(status))],
        vec![dim("Fees      "), text(fees(&status.fees))],
    ];
    if let Some(search) = &status.search {
        let known = format::grouped(search.addresses as u64);
        lines.push(vec![
            dim("Addresses "),
            text(format!("{known} known, {} usable", search.usable)),
        ]);
    }
    for host in &status.banned {
        let reason = format!("! {} is left alone: {}", host.host, host.reason);
        lines.push(vec![(reason, Role::Warning)]);
    }
    lines.push(vec![]);
    lines
}

fn fees(fees: &FeeReport) -> String {
    let known = fees.estimates.iter().filter_map(|estimate| {
        let rate = format::fee_rate(estimate.rate?);
        Some(format!("{} blocks {rate}", estimate.target))
    });
    let known: Vec<_> = known.collect();
    match (known.is_empty(), fees.floor) {
        (false, _) => known.join(", "),
        (true, Some(floor)) => format!("peers relay nothing below {}", format::fee_rate(floor)),
        (true, None) => "nothing is known yet".to_owned(),
    }
}

fn peer(peer: &PeerStatus, status: &Status) -> [Vec<Piece>; 2] {
    let (sign, role) = if peer.ready { ('+', Role::Received) } else { ('~', Role::Pending) };
    let filters = match peer.standing(status.filter_headers) {
        FilterStanding::Awaited => text("filters awaited"),
        FilterStanding::Agrees => text("filters agree"),
        FilterStanding::Differs => ("! filters differ".to_owned(), Role::Warning),
        FilterStanding::SetAside => ("! set aside".to_owned(), Role::Warning),
    };
    let latency =
        peer.latency.map_or_else(String::new, |wait| format!("{} ms  ", wait.as_millis()));
    let height = peer.height.map_or(0, |height| u64::from(height.to_u32()));
    let first = vec![
        (format!("{sign} "), role),
        text(format!("{}  {}  {}  ", peer.address, peer.purpose, peer.wire)),
        filters,
    ];
    let second = vec![dim(format!(
        "  {}  {latency}{} received  calls itself {:?}",
        format::grouped(height),
        format::bytes(peer.bytes_received),
        peer.user_agent,
    ))];
    [first, second]
}
