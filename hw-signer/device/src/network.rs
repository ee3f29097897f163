//! Owns the two networks that keys are for, and the chains that hosts name.
//!
//! Refuses to mix them: a key for play money never signs for real money.

use bitcoin::NetworkKind;

/// What the keys are for: the coin type of their paths (SLIP44), and the form of their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Real money.
    Main,
    /// Play money, on any of its chains.
    Test,
}

impl Network {
    /// The coin type in standard paths (SLIP44).
    #[must_use]
    pub const fn coin_type(self) -> u32 {
        match self {
            Self::Main => 0,
            Self::Test => 1,
        }
    }

    /// As extended keys tell it.
    #[must_use]
    pub const fn kind(self) -> NetworkKind {
        match self {
            Self::Main => NetworkKind::Main,
            Self::Test => NetworkKind::Test,
        }
    }
}

/// The chain that a host names; play money has several, which differ in addresses only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Bitcoin.
    Mainnet,
    /// Any public test network.
    Testnet,
    /// A network of one's own.
    Regtest,
}

impl Chain {
    /// The chain by the name that hosts send. Some send `testnet` for every test network, Electrum
    /// sends the network's own name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "mainnet" => Some(Self::Mainnet),
            "testnet" | "testnet4" | "signet" => Some(Self::Testnet),
            "localtest" => Some(Self::Regtest),
            _ => None,
        }
    }

    /// What keys must be for.
    #[must_use]
    pub const fn network(self) -> Network {
        match self {
            Self::Mainnet => Network::Main,
            Self::Testnet | Self::Regtest => Network::Test,
        }
    }

    /// The form of its addresses.
    #[must_use]
    pub const fn bitcoin(self) -> bitcoin::Network {
        match self {
            Self::Mainnet => bitcoin::Network::Bitcoin,
            Self::Testnet => bitcoin::Network::Testnet,
            Self::Regtest => bitcoin::Network::Regtest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_name_means_real_money() {
        for name in ["testnet", "testnet4", "signet", "localtest"] {
            assert_eq!(Chain::parse(name).unwrap().network(), Network::Test, "{name}");
        }
        assert_eq!(Chain::parse("mainnet").unwrap().network(), Network::Main);
        for name in ["", "Mainnet", "main", "liquid", "bitcoin"] {
            assert_eq!(Chain::parse(name), None, "{name}");
        }
    }
}
