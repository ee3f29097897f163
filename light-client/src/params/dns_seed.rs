//! Owns the DNS seeds of each network: hosts that answer a look-up with addresses of peers.
//!
//! Refuses to be asked first: a seed learns that somebody starts a client, so it is for an address
//! book that is short.

use bitcoin::Network;

/// A host that tells addresses of peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DnsSeed {
    /// Its name.
    pub host: &'static str,
    /// Whether it can be asked for peers that serve compact filters.
    pub knows_filters: bool,
}

impl DnsSeed {
    /// What the peers behind [`filter_names`](Self::filter_names) serve at least.
    pub const FILTER_SERVICES: u64 = WITH_FILTERS;

    /// What the peers behind [`node_name`](Self::node_name) serve at least.
    pub const NODE_SERVICES: u64 = FULL_NODE;

    /// The seeds of a network, in no order that matters.
    #[must_use]
    pub const fn of(network: Network) -> &'static [Self] {
        match network {
            Network::Bitcoin => &MAINNET,
            Network::Testnet => &TESTNET3,
            Network::Testnet4 => &TESTNET4,
            Network::Signet => &SIGNET,
            Network::Regtest => &[],
        }
    }

    /// The names that stand for peers with all blocks, witnesses and compact filters: first those
    /// with version 2 of the transport too, then all. None if the seed does not know filters.
    #[must_use]
    pub fn filter_names(&self) -> Vec<String> {
        let services: &[u64] = if self.knows_filters { &[WITH_V2, WITH_FILTERS] } else { &[] };
        services.iter().map(|services| format!("x{services:x}.{}", self.host)).collect()
    }

    /// The name that stands for peers with all blocks and witnesses, of which few serve filters,
    /// but all know others' addresses.
    #[must_use]
    pub fn node_name(&self) -> String {
        format!("x{FULL_NODE:x}.{}", self.host)
    }
}

/// `NETWORK` and `WITNESS`.
const FULL_NODE: u64 = 1 | 1 << 3;

/// And `COMPACT_FILTERS`.
const WITH_FILTERS: u64 = FULL_NODE | 1 << 6;

/// And `P2P_V2`.
const WITH_V2: u64 = WITH_FILTERS | 1 << 11;

/// A seed for tests.
#[cfg(test)]
pub(crate) const TEST: [DnsSeed; 1] = [knows_filters("seed.test")];

const fn knows_filters(host: &'static str) -> DnsSeed {
    DnsSeed { host, knows_filters: true }
}

const fn knows_nodes(host: &'static str) -> DnsSeed {
    DnsSeed { host, knows_filters: false }
}

// The hosts of Bitcoin Core 31.99 (`src/kernel/chainparams.cpp`), which says of each which services
// it can be asked for.

const MAINNET: [DnsSeed; 7] = [
    knows_nodes("dnsseed.bluematt.me"),
    knows_nodes("seed.bitcoin.jonasschnelli.ch"),
    knows_nodes("seed.btc.petertodd.net"),
    knows_filters("seed.bitcoin.sprovoost.nl"),
    knows_filters("dnsseed.emzy.de"),
    knows_filters("seed.bitcoin.wiz.biz"),
    knows_filters("seed.mainnet.achownodes.xyz"),
];

const TESTNET3: [DnsSeed; 4] = [
    knows_filters("testnet-seed.bitcoin.jonasschnelli.ch"),
    knows_filters("seed.tbtc.petertodd.net"),
    knows_nodes("testnet-seed.bluematt.me"),
    knows_filters("seed.testnet.achownodes.xyz"),
];

const TESTNET4: [DnsSeed; 2] =
    [knows_filters("seed.testnet4.bitcoin.sprovoost.nl"), knows_filters("seed.testnet4.wiz.biz")];

const SIGNET: [DnsSeed; 2] = [
    knows_filters("seed.signet.bitcoin.sprovoost.nl"),
    knows_filters("seed.signet.achownodes.xyz"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_services_are_asked_for() {
        let seed = knows_filters("seed.example.org");
        assert_eq!(seed.filter_names(), ["x849.seed.example.org", "x49.seed.example.org"]);
        assert_eq!(seed.node_name(), "x9.seed.example.org");
        assert_eq!(knows_nodes("seed.example.org").filter_names(), [""; 0]);
    }

    #[test]
    fn only_private_networks_have_no_seed_that_knows_filters() {
        let known = |network| DnsSeed::of(network).iter().any(|seed| seed.knows_filters);
        for network in [Network::Bitcoin, Network::Testnet, Network::Testnet4, Network::Signet] {
            assert!(known(network), "{network}");
        }
        assert!(!known(Network::Regtest));
    }
}
