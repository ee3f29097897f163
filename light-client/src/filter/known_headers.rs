//! Owns the filter headers that everybody knows (BIP157): a peer that says otherwise lies.
//!
//! Refuses to be a start: they are checked in passing, where a peer's chain comes by.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bitcoin::{FilterHeader, Network};

use crate::height::Height;

/// Filter headers by height. One of them stands for all below it.
#[derive(Debug, Clone, Default)]
pub struct KnownHeaders(BTreeMap<Height, FilterHeader>);

impl KnownHeaders {
    /// Those of a network; none but mainnet's are known.
    ///
    /// # Panics
    /// Never: a test reads the whole table.
    #[must_use]
    pub fn new(network: Network) -> Self {
        let table = if network == Network::Bitcoin { MAINNET } else { "" };
        let rows = table.lines().filter(|line| !line.starts_with('#'));
        Self(
            rows.map(|line| {
                let (height, header) = line.split_once(',').expect("two fields a row");
                let height = Height::new(height.parse().expect("the table holds heights"));
                (height, header.parse().expect("the table holds filter headers"))
            })
            .collect(),
        )
    }

    /// A table for tests.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(rows: [(Height, FilterHeader); N]) -> Self {
        Self(rows.into())
    }

    /// Those of a range of heights.
    pub fn within(
        &self,
        range: RangeInclusive<Height>,
    ) -> impl Iterator<Item = (Height, FilterHeader)> + '_ {
        self.0.range(range).map(|(height, header)| (*height, *header))
    }
}

/// The file names its source.
const MAINNET: &str = include_str!("mainnet-filter-headers.csv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_filter_header_can_be_read() {
        let known = KnownHeaders::new(Network::Bitcoin);
        assert_eq!(known.within(Height::GENESIS..=Height::new(u32::MAX)).count(), 26);
        let segwit = Height::new(481_824);
        let header = known.within(segwit..=segwit).next().expect("a row").1;
        assert_eq!(
            header.to_string(),
            "8950b517b9246048f9fd27adeda6802e5b6d08bc7a94f628619c2d4dc4bb4d67"
        );
        assert!(KnownHeaders::new(Network::Regtest).0.is_empty());
    }
}
