//! Owns `fees`: follows the chain to the peers' tip, and shows what can be said about fees without
//! asking anybody else.

use billfold_wallet_core::command::{Command, Reply};
use billfold_wallet_core::light_client::fees::{FeeEstimate, FeeReport};
use billfold_wallet_core::light_client::limits::FEE_WINDOW;
use billfold_wallet_core::service::{Access, Reach};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table::{Column, Table};
use crate::output::{Canvas, Report, figures};
use crate::session::follow::{Patience, follow};
use crate::session::{Session, unexpected};

/// Shows the fees.
///
/// # Errors
/// All that `sync` can fail with.
pub(super) async fn run(context: &mut Context) -> Result<(), Failure> {
    let reply = Session::with(context, Access::View, Reach::Online, async |session, context| {
        follow(session, context, Patience::WhileItMoves).await?;
        session.ask(Command::Status, context).await
    })
    .await?;
    let Reply::Status(status) = reply else { return Err(unexpected(&reply)) };
    context.output.result(&FeesReport::new(&status.fees))
}

/// Rates in sat/vB.
#[derive(Debug, Serialize)]
struct FeesReport {
    floor: Option<f64>,
    peers: usize,
    blocks_seen: usize,
    basis: String,
    estimates: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    blocks: u16,
    fee_rate: Option<f64>,
    confidence: &'static str,
    #[serde(skip)]
    text: String,
}

impl FeesReport {
    fn new(fees: &FeeReport) -> Self {
        Self {
            floor: fees.floor.map(figures::sat_per_vb),
            peers: fees.peers,
            blocks_seen: fees.blocks,
            basis: basis(fees),
            estimates: fees.estimates.iter().map(Row::new).collect(),
        }
    }
}

impl Row {
    fn new(estimate: &FeeEstimate) -> Self {
        Self {
            blocks: estimate.target,
            fee_rate: estimate.rate.map(figures::sat_per_vb),
            confidence: estimate.confidence.name(),
            text: estimate.rate.map_or_else(|| "unknown".to_owned(), figures::fee_rate),
        }
    }
}

impl Report for FeesReport {
    fn for_people(&self, _canvas: Canvas) -> String {
        let mut table = Table::new([
            Column::right("Blocks"),
            Column::right("Rate"),
            Column::left("Confidence"),
        ]);
        for row in &self.estimates {
            let confidence = row.confidence.to_owned();
            table.row([figures::grouped(row.blocks.into()), row.text.clone(), confidence]);
        }
        format!("{}\n{}", table.text(), self.basis)
    }
}

fn basis(fees: &FeeReport) -> String {
    let peers = figures::count(fees.peers as u64, "peer");
    let relay = if fees.peers == 1 { "relays" } else { "relay" };
    let floor = match fees.floor {
        Some(floor) => {
            let floor = figures::fee_rate(floor);
            format!("{peers} {relay} nothing below {floor} (median){}", cut(fees))
        }
        None => "no peer said below which rate it relays nothing".to_owned(),
    };
    let blocks = match fees.blocks {
        0 => format!("none of the last {FEE_WINDOW} blocks was seen whole in this run"),
        seen => format!(
            "of the last {FEE_WINDOW} blocks {seen} {} seen whole, with what they pay on average",
            if seen == 1 { "was" } else { "were" }
        ),
    };
    format!("Based on this: {floor}; {blocks}.")
}

/// What of the floor does not count, and why.
fn cut(fees: &FeeReport) -> String {
    match fees.counted {
        counted if counted == fees.floor => String::new(),
        Some(counted) => {
            let counted = figures::fee_rate(counted);
            format!(", counted as {counted} since fewer than three ask for more than blocks pay")
        }
        None => ", not counted since fewer than three ask for so much".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::fees::Confidence;
    use bitcoin::FeeRate;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_fields_are_stable_and_what_is_not_known_is_null() {
        let one = |target, rate, confidence| FeeEstimate { target, rate, confidence };
        let rate = Some(FeeRate::from_sat_per_kwu(525));
        let fees = FeeReport {
            floor: rate,
            counted: rate,
            peers: 1,
            blocks: 0,
            estimates: vec![one(1, None, Confidence::None), one(144, rate, Confidence::Low)],
        };
        let report = FeesReport::new(&fees);
        let mut found = serde_json::to_value(&report).expect("JSON");
        assert!(found["basis"].take().as_str().is_some_and(|basis| basis.contains("1 peer")));
        let expected = json!({
            "floor": 2.1, "peers": 1, "blocks_seen": 0, "basis": null,
            "estimates": [
                { "blocks": 1, "fee_rate": null, "confidence": "none" },
                { "blocks": 144, "fee_rate": 2.1, "confidence": "low" },
            ],
        });
        assert_eq!(found, expected);
        let text = report.for_people(Canvas { drawings: false, colour: false });
        assert!(text.contains("unknown") && text.contains("2.1 sat/vB"), "{text}");
        assert!(!text.contains("counted"), "{text}");
    }

    #[test]
    fn a_floor_that_does_not_count_whole_is_told() {
        let rate = |kwu| Some(FeeRate::from_sat_per_kwu(kwu));
        let told = |counted| {
            let floor = rate(500_000);
            basis(&FeeReport { floor, counted, peers: 1, ..FeeReport::NOTHING })
        };
        assert!(told(rate(750)).contains("2000 sat/vB (median), counted as 3 sat/vB since fewer"));
        assert!(told(None).contains("(median), not counted since fewer than three ask"));
    }
}
