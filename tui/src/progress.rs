//! Owns how a status is told to people: what it waits for and why, how far everything is, how fast
//! it goes and for how long, and who agrees.
//!
//! Refuses to be wider than a terminal: a line fits into 79 columns at any height of this century.

use billfold_wallet_core::light_client::height::Height;
use billfold_wallet_core::light_client::status::{Disputes, Status, Waiting};

use crate::format;

/// One line on how far everything is.
#[must_use]
pub fn line(status: &Status) -> String {
    let goal = status.announced.unwrap_or(Height::GENESIS).max(status.tip.height);
    let scanned = status.cursor.map_or(Height::GENESIS, |cursor| cursor.height);
    let votes = format!("{}/{} agree", status.disputes.agreeing, status.disputes.peers);
    let mut parts = match status.waiting {
        Waiting::Nothing | Waiting::Peers | Waiting::Clock => {
            return waiting(status.waiting).to_owned();
        }
        Waiting::Headers => vec![headers(status, goal)],
        Waiting::FilterHeaders => {
            let known = status.filter_headers.unwrap_or(Height::GENESIS);
            vec![format!("Filter headers {}", of(known, goal)), votes]
        }
        Waiting::Filters => vec![format!("Filters {}", of(scanned, goal)), votes],
        Waiting::Blocks => {
            let fetched = format::grouped(status.blocks_fetched);
            vec![format!("Blocks for {}", of(scanned, goal)), format!("{fetched} here")]
        }
    };
    if let Some(pace) = status.pace {
        if status.waiting == Waiting::Filters {
            parts.push(format!("{}/s", format::grouped(pace.filters)));
        }
        parts.push(format!("{}/s", format::bytes(pace.bytes)));
        parts.extend(pace.left.map(|left| format!("{} left", format::duration(left))));
    }
    parts.join(", ")
}

/// Why it is not further.
#[must_use]
pub const fn waiting(waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Nothing => "at the tip",
        Waiting::Peers => "waiting for a peer",
        Waiting::Headers => "fetching headers",
        Waiting::Clock => {
            "waiting for the clock: by this machine's, newer blocks are of the future"
        }
        Waiting::FilterHeaders => "fetching filter headers",
        Waiting::Filters => "matching filters",
        Waiting::Blocks => "waiting for blocks",
    }
}

/// Who agrees on the filters, in a sentence's words.
#[must_use]
pub fn agreement(status: &Status) -> String {
    let Disputes { agreeing, peers, heights, set_aside } = status.disputes;
    let peers = format::count(peers as u64, "peer");
    let agree = format!("{agreeing} of {peers} agree on the filters");
    if heights == 0 {
        return agree;
    }
    let blocks = format::count(heights as u64, "block");
    let aside = if set_aside > 0 { ", but for those that nobody sends" } else { "" };
    format!("{agree}; of {blocks} they have different ones, and all are searched{aside}")
}

fn headers(status: &Status, goal: Height) -> String {
    let Some(weighing) = status.weighing else {
        return format!("Headers {}", of(status.tip.height, goal));
    };
    let height = format::grouped(weighing.height.to_u32().into());
    let what = if weighing.again { "it is enough and kept" } else { "nothing is kept yet" };
    format!("Checking a chain's work: header {height}, {what}")
}

fn of(height: Height, goal: Height) -> String {
    let [height, goal] = [height, goal].map(|height| format::grouped(height.to_u32().into()));
    format!("{height}/{goal}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use billfold_wallet_core::light_client::height::BlockId;
    use billfold_wallet_core::light_client::status::{Pace, Weighing};
    use bitcoin::BlockHash;
    use bitcoin::hashes::Hash as _;

    use super::*;

    fn block(height: u32) -> BlockId {
        BlockId::new(Height::new(height), BlockHash::all_zeros())
    }

    fn status(waiting: Waiting) -> Status {
        Status {
            cursor: Some(block(1_234_567)),
            filter_headers: Some(Height::new(1_967_000)),
            waiting,
            blocks_fetched: 12_332,
            pace: Some(Pace {
                filters: 12_345,
                bytes: 123_400_000,
                left: Some(Duration::from_secs(3 * 3600 + 20 * 60)),
            }),
            disputes: Disputes { agreeing: 2, peers: 3, heights: 0, set_aside: 0 },
            ..Status::at(block(1_968_001))
        }
    }

    #[test]
    fn a_line_says_all_and_fits_into_a_terminal() {
        let told = |waiting| {
            let line = line(&status(waiting));
            assert!(line.len() < 80, "{} columns: {line}", line.len());
            line
        };
        assert_eq!(
            told(Waiting::Filters),
            "Filters 1,234,567/1,968,001, 2/3 agree, 12,345/s, 123.4 MB/s, 3 h 20 min left"
        );
        assert_eq!(
            told(Waiting::FilterHeaders),
            "Filter headers 1,967,000/1,968,001, 2/3 agree, 123.4 MB/s, 3 h 20 min left"
        );
        assert_eq!(
            told(Waiting::Blocks),
            "Blocks for 1,234,567/1,968,001, 12,332 here, 123.4 MB/s, 3 h 20 min left"
        );
        assert_eq!(told(Waiting::Peers), "waiting for a peer");
        assert_eq!(
            told(Waiting::Headers),
            "Headers 1,968,001/1,968,001, 123.4 MB/s, 3 h 20 min left"
        );
        let weighing = Some(Weighing { height: Height::new(1_000_000), again: false });
        let status = Status { weighing, pace: None, ..status(Waiting::Headers) };
        assert_eq!(line(&status), "Checking a chain's work: header 1,000,000, nothing is kept yet");
    }

    #[test]
    fn a_dispute_is_told_with_what_comes_of_it() {
        let told = |heights, set_aside| {
            let disputes = Disputes { agreeing: 2, peers: 3, heights, set_aside };
            agreement(&Status { disputes, ..Status::at(block(1)) })
        };
        assert_eq!(told(0, 0), "2 of 3 peers agree on the filters");
        assert_eq!(
            told(1, 0),
            "2 of 3 peers agree on the filters; of 1 block they have different ones, and all are \
             searched"
        );
        assert!(told(7, 2).ends_with("all are searched, but for those that nobody sends"));
    }
}
