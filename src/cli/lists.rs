//! Owns the options of commands that list what the wallet holds, with their examples.

use std::str::FromStr;

use billfold_wallet_core::command::{AddressStatus, Direction, HistoryQuery, Moment};
use billfold_wallet_core::light_client::height::Height;
use bitcoin::Txid;
use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::ids::parse_txid;

/// Options of `history`.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Which part of the history.
    #[command(flatten)]
    pub(crate) part: HistoryPart,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Go on below this transaction, the last of the page before
    #[arg(long, value_name = "TXID", value_parser = parse_txid)]
    pub(crate) after: Option<Txid>,
}

/// Which part of the history is meant.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct HistoryPart {
    /// Only from this block or day on
    #[arg(long, value_name = "HEIGHT|DAY")]
    pub(crate) since: Option<MomentArg>,
    /// Only before this block or day
    #[arg(long, value_name = "HEIGHT|DAY")]
    pub(crate) until: Option<MomentArg>,
    /// Only what brought money
    #[arg(long, conflicts_with = "sent")]
    pub(crate) received: bool,
    /// Only what took money
    #[arg(long)]
    pub(crate) sent: bool,
}

impl HistoryPart {
    /// The query for it.
    #[must_use]
    pub(crate) fn query(self) -> HistoryQuery {
        let direction = match (self.received, self.sent) {
            (true, _) => Some(Direction::Received),
            (_, true) => Some(Direction::Sent),
            (false, false) => None,
        };
        let (since, until) = (self.since.map(|since| since.0), self.until.map(|until| until.0));
        HistoryQuery { since, until, direction, ..HistoryQuery::default() }
    }
}

/// Options of `addresses`.
#[derive(Debug, Args)]
pub(crate) struct AddressesArgs {
    /// Only those that are unused, used, open, pending, paid or expired
    #[arg(long, value_name = "STATUS", value_parser = parse_status)]
    pub(crate) status: Option<AddressStatus>,
    /// Those of change too
    #[arg(long)]
    pub(crate) change: bool,
    /// At most this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
}

/// Options of `search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// A part of a label, id or address, or an amount such as 25k
    #[arg(value_name = "TEXT")]
    pub(crate) text: String,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
}

/// A block height or a day as typed: a day begins at midnight of this machine's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MomentArg(pub(crate) Moment);

impl FromStr for MomentArg {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(height) = text.parse::<u32>() {
            return Ok(Self(Moment::Height(Height::new(height))));
        }
        let day: Date = text.parse().map_err(|_| ParseMomentError)?;
        // A date alone: nothing behind it is silently left out.
        if day.to_string() != text {
            return Err(ParseMomentError);
        }
        let start = day.to_zoned(TimeZone::system()).map_err(|_| ParseMomentError)?;
        let seconds = u64::try_from(start.timestamp().as_second());
        seconds.map(|seconds| Self(Moment::Time(seconds))).map_err(|_| ParseMomentError)
    }
}

/// The text is neither a height nor a day since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither a block height nor a day: write 840000 or 2026-05-01")]
pub(crate) struct ParseMomentError;

fn parse_status(text: &str) -> Result<AddressStatus, &'static str> {
    let found = AddressStatus::ALL.into_iter().find(|status| status.name() == text);
    found.ok_or("write unused, used, open, pending, paid or expired")
}

pub(crate) const HISTORY_EXAMPLES: &str = "\
Examples:
  billfold history --limit 20
  billfold history --limit 20 --after 5f1b…        the next page
  billfold history --since 2026-01-01 --received";

pub(crate) const ADDRESSES_EXAMPLES: &str = "\
An address is unused or used; where an amount was asked for, open, pending (in no block yet), paid or
expired.

Examples:
  billfold addresses --status open
  billfold addresses --change --json";

pub(crate) const SEARCH_EXAMPLES: &str = "\
Examples:
  billfold search rent
  billfold search 5f1b                            part of an id or address, 4 characters or more
  billfold search 25k";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_height_or_a_day() {
        assert_eq!("840000".parse(), Ok(MomentArg(Moment::Height(Height::new(840_000)))));
        assert!(matches!("2026-05-01".parse(), Ok(MomentArg(Moment::Time(_)))));
        for text in ["", "2026", "2026-05", "2026-05-01T10:00", "2026-13-01", "1960-01-01", "-1"] {
            assert_eq!(text.parse::<MomentArg>().is_ok(), text == "2026", "{text}");
        }
    }
}
