//! Owns `SearchCost`: what a search is going to read and download, as far as that can be said
//! before any peer is asked.
//!
//! Refuses to be exact: sizes are averages of the network's past, rounded.

use bitcoin::Network;

use crate::command::Birthday;
use crate::config::LookAhead;
use crate::keychain::ScriptType;
use crate::light_client::height::Height;

use super::earliest;

/// Scripts to look for: how many, and from which block on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought {
    /// How many scripts.
    pub scripts: u32,
    /// From which block on.
    pub since: Height,
}

impl Sought {
    /// What a search for an account of this type looks for, before anything is found.
    #[must_use]
    pub const fn account(script_type: ScriptType, ahead: LookAhead, network: Network) -> Self {
        let scripts = ahead.receive.saturating_add(ahead.change);
        Self { scripts, since: earliest::of_type(script_type, network) }
    }
}

/// What a search takes, about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SearchCost {
    /// Filters that are matched.
    pub filters: u64,
    /// The length of those, in bytes.
    pub filter_bytes: u64,
    /// Blocks that will be fetched in vain, because their filters match by chance (BIP158: one
    /// script in 784,931 does). Those that pay the wallet come on top.
    pub false_positives: u64,
    /// The length of those, in bytes.
    pub block_bytes: u64,
}

impl SearchCost {
    /// What it takes to look for all of these from a birthday up to a tip.
    #[must_use]
    pub fn of(sought: &[Sought], birthday: Birthday, tip: Height, network: Network) -> Self {
        let born = match birthday {
            Birthday::Height(height) => height,
            Birthday::Time(time) => likely_tip(network, time).unwrap_or(Height::GENESIS),
        };
        let later = |sought: &Sought| Sought { since: sought.since.max(born), ..*sought };
        let sought: Vec<_> = sought.iter().map(later).collect();
        let Some(first) = sought.iter().map(|sought| sought.since).min() else {
            return Self::default();
        };
        let filters = count(first, tip);
        let lengths = Lengths::of(network);
        let (mut matches, mut block_bytes) = (0, 0);
        for sought in sought {
            let scripts = u64::from(sought.scripts);
            matches += scripts * count(sought.since, tip);
            block_bytes += scripts * lengths.sum(sought.since, tip, |length| length.block);
        }
        Self {
            filters,
            filter_bytes: lengths.sum(first, tip, |length| length.filter),
            false_positives: matches / FALSE_POSITIVE_RATE,
            block_bytes: block_bytes / FALSE_POSITIVE_RATE,
        }
    }
}

/// The tip at a time, as far as a network keeps its pace: of one on which anybody mines at will,
/// nothing can be said.
#[must_use]
pub fn likely_tip(network: Network, unix: u64) -> Option<Height> {
    let (height, time): (u32, u64) = match network {
        // A block whose time is known.
        Network::Bitcoin => (840_000, 1_713_571_767),
        // Their genesis blocks; a block is as late as it is meant to be.
        Network::Signet => (0, 1_598_918_400),
        Network::Testnet4 => (0, 1_714_777_860),
        Network::Testnet | Network::Regtest => return None,
    };
    let blocks = |seconds: u64| u32::try_from(seconds / BLOCK_SPACING).ok();
    Some(match unix.checked_sub(time) {
        Some(since) => Height::new(blocks(since)?.checked_add(height)?),
        None => Height::new(height).down(blocks(time - unix)?),
    })
}

/// Average lengths of a network's past.
#[derive(Debug, Clone, Copy)]
struct Lengths(&'static [Length]);

/// Average lengths below a height, in bytes.
#[derive(Debug, Clone, Copy)]
struct Length {
    below: u32,
    filter: u64,
    block: u64,
}

impl Lengths {
    const fn of(network: Network) -> Self {
        Self(match network {
            Network::Bitcoin => MAINNET,
            Network::Testnet | Network::Testnet4 => TESTNETS,
            Network::Signet => SIGNET,
            Network::Regtest => REGTEST,
        })
    }

    fn sum(self, since: Height, tip: Height, length: impl Fn(&Length) -> u64) -> u64 {
        let end = tip.to_u32().saturating_add(1);
        let mut from = since.to_u32();
        let mut sum = 0;
        for row in self.0 {
            let to = end.min(row.below);
            sum += u64::from(to.saturating_sub(from)) * length(row);
            from = from.max(to);
        }
        sum
    }
}

fn count(since: Height, tip: Height) -> u64 {
    u64::from((tip.to_u32() + 1).saturating_sub(since.to_u32()))
}

/// BIP158's M: a script that is not in a filter matches it once in so many times.
const FALSE_POSITIVE_RATE: u64 = 784_931;

/// The pace that mining is adjusted to, in seconds.
const BLOCK_SPACING: u64 = 600;

/// Rounded; the filters come to about what Bitcoin Core's index of them takes, 13 GB.
const MAINNET: &[Length] = &[
    Length { below: 100_000, filter: 50, block: 600 },
    Length { below: 200_000, filter: 1_500, block: 25_000 },
    Length { below: 300_000, filter: 7_500, block: 150_000 },
    Length { below: 400_000, filter: 14_000, block: 450_000 },
    Length { below: 500_000, filter: 20_000, block: 900_000 },
    Length { below: 600_000, filter: 18_500, block: 1_000_000 },
    Length { below: 700_000, filter: 20_500, block: 1_250_000 },
    Length { below: 800_000, filter: 19_500, block: 1_350_000 },
    Length { below: u32::MAX, filter: 20_000, block: 1_600_000 },
];
const TESTNETS: &[Length] = &[Length { below: u32::MAX, filter: 1_000, block: 20_000 }];
const SIGNET: &[Length] = &[Length { below: u32::MAX, filter: 1_500, block: 50_000 }];
const REGTEST: &[Length] = &[Length { below: u32::MAX, filter: 30, block: 1_000 }];

#[cfg(test)]
mod tests {
    use super::*;

    const GENESIS: Birthday = Birthday::Height(Height::GENESIS);
    const TIP: Height = Height::new(968_000);

    fn sought(scripts: u32, since: u32) -> Sought {
        Sought { scripts, since: Height::new(since) }
    }

    #[test]
    fn ten_thousand_scripts_over_the_whole_chain_fetch_twelve_thousand_blocks() {
        let cost = SearchCost::of(&[sought(10_000, 0)], GENESIS, TIP, Network::Bitcoin);
        assert_eq!((cost.filters, cost.false_positives), (968_001, 12_332));
        assert!((10_000_000_000..14_000_000_000).contains(&cost.filter_bytes), "{cost:?}");
        assert!((5_000_000_000..15_000_000_000).contains(&cost.block_bytes), "{cost:?}");
    }

    #[test]
    fn what_begins_later_costs_less() {
        let wide =
            SearchCost::of(&[sought(1_000, 0), sought(1_000, 0)], GENESIS, TIP, Network::Bitcoin);
        let late = SearchCost::of(
            &[sought(1_000, 0), sought(1_000, 709_632)],
            GENESIS,
            TIP,
            Network::Bitcoin,
        );
        assert_eq!(wide.filters, late.filters);
        assert!(late.false_positives < wide.false_positives && late.block_bytes < wide.block_bytes);
        assert_eq!(SearchCost::of(&[], GENESIS, TIP, Network::Bitcoin), SearchCost::default());
        let ahead = SearchCost::of(&[sought(1, 970_000)], GENESIS, TIP, Network::Bitcoin);
        assert_eq!(ahead, SearchCost::default());
        let april_2024 = Birthday::Time(1_713_571_767);
        let young = SearchCost::of(&[sought(1_000, 0)], april_2024, TIP, Network::Bitcoin);
        assert_eq!(young.filters, 128_001);
    }

    #[test]
    fn the_tip_is_likely_only_where_mining_has_a_pace() {
        let tip = likely_tip(Network::Bitcoin, 1_763_000_000).expect("mainnet has one");
        assert!((920_000..925_000).contains(&tip.to_u32()), "{tip}");
        let earlier = likely_tip(Network::Bitcoin, 1_503_539_857).expect("mainnet has one");
        assert!((470_000..500_000).contains(&earlier.to_u32()), "{earlier}");
        assert_eq!(likely_tip(Network::Regtest, 1_763_000_000), None);
    }
}
