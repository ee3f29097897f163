//! Owns the first block in which an account of each kind can have been paid.
//!
//! Refuses the heights of soft forks on test networks whose blocks before them are cheap to read.

use bitcoin::Network;

use crate::keychain::{AccountDescriptor, AccountName, ScriptType};
use crate::light_client::height::Height;
use crate::light_client::time::WallTime;

/// The first block worth looking at for an account of this type.
#[must_use]
pub const fn of_type(script_type: ScriptType, network: Network) -> Height {
    let start = match script_type {
        ScriptType::Legacy => Start::Bip39,
        ScriptType::Nested => Start::Bip141Assigned,
        ScriptType::Segwit => Start::Segwit,
        ScriptType::Taproot => Start::Taproot,
    };
    start.on(network)
}

/// The first block worth looking at for accounts of any of these types.
#[must_use]
pub fn of_types(types: &[ScriptType], network: Network) -> Height {
    let starts = types.iter().map(|script_type| of_type(*script_type, network));
    starts.min().unwrap_or(Height::GENESIS)
}

/// The same for an account that has this descriptor (BIP380).
#[must_use]
pub fn of_descriptor(descriptor: &str, network: Network) -> Height {
    let starts = [
        ("tr(", Start::Taproot),
        ("wpkh(", Start::Segwit),
        ("wsh(", Start::Segwit),
        ("sh(wpkh(", Start::Bip141Assigned),
        ("sh(wsh(", Start::Bip141Assigned),
        ("sh(", Start::Bip16),
        ("pkh(", Start::Bip39),
    ];
    let found = starts.into_iter().find(|(form, _)| descriptor.starts_with(form));
    found.map_or(Height::GENESIS, |(_, start)| start.on(network))
}

/// The same for any of these accounts.
#[must_use]
pub fn of_accounts(accounts: &[(AccountName, AccountDescriptor)], network: Network) -> Height {
    let starts =
        accounts.iter().map(|(_, descriptor)| of_descriptor(&descriptor.to_string(), network));
    starts.min().unwrap_or(Height::GENESIS)
}

/// A time that the block of one of these heights does not exceed; `None` for other heights.
#[must_use]
pub fn time_of(height: Height, network: Network) -> Option<WallTime> {
    if height == Height::GENESIS {
        return Some(WallTime::new(0));
    }
    let mut starts = Start::ALL.into_iter();
    let start = starts.find(|start| network == Network::Bitcoin && start.on(network) == height)?;
    Some(WallTime::new(start.mainnet_time()))
}

/// What made a kind of account possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// BIP16 holds from here on.
    Bip16,
    /// BIP39 was written in September 2013, when the tip was above 255,000: no words are older.
    Bip39,
    /// BIP141 was assigned in December 2015, at about 389,000; BIP49 came later still.
    Bip141Assigned,
    /// BIP141 holds from here on; what was paid to such a script before, anyone could take.
    Segwit,
    /// BIP341 holds from here on, likewise.
    Taproot,
}

impl Start {
    const ALL: [Self; 5] =
        [Self::Bip16, Self::Bip39, Self::Bip141Assigned, Self::Segwit, Self::Taproot];

    const fn on(self, network: Network) -> Height {
        Height::new(match (network, self) {
            (Network::Bitcoin, Self::Bip16) => 173_805,
            (Network::Bitcoin, Self::Bip39) => 250_000,
            (Network::Bitcoin, Self::Bip141Assigned) => 388_000,
            (Network::Bitcoin, Self::Segwit) => 481_824,
            (Network::Bitcoin, Self::Taproot) => 709_632,
            // Blocks of before are small, but there are millions since.
            (Network::Testnet, Self::Segwit | Self::Taproot) => 834_624,
            // The younger ones had the newer rules from their beginning.
            _ => 0,
        })
    }

    /// When the block at that height was mined, or somewhat later.
    const fn mainnet_time(self) -> u64 {
        match self {
            // 2012-04-02, 2013-09-01 and 2016-01-01, 00:00 UTC.
            Self::Bip16 => 1_333_324_800,
            Self::Bip39 => 1_377_993_600,
            Self::Bip141Assigned => 1_451_606_400,
            // As in the headers.
            Self::Segwit => 1_503_539_857,
            Self::Taproot => 1_636_866_927,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_and_its_descriptor_begin_together() {
        let forms = [
            (ScriptType::Legacy, "pkh(", 250_000),
            (ScriptType::Nested, "sh(wpkh(", 388_000),
            (ScriptType::Segwit, "wpkh(", 481_824),
            (ScriptType::Taproot, "tr(", 709_632),
        ];
        for (script_type, form, height) in forms {
            let mainnet = of_type(script_type, Network::Bitcoin);
            assert_eq!(mainnet, Height::new(height));
            for network in [Network::Bitcoin, Network::Testnet, Network::Regtest] {
                assert_eq!(of_descriptor(form, network), of_type(script_type, network));
            }
            assert!(time_of(mainnet, Network::Bitcoin).is_some());
            assert_eq!(of_type(script_type, Network::Regtest), Height::GENESIS);
        }
    }

    #[test]
    fn scripts_of_others_begin_with_what_holds_them() {
        let mainnet = |form| of_descriptor(form, Network::Bitcoin).to_u32();
        assert_eq!(mainnet("wsh(sortedmulti("), 481_824);
        assert_eq!(mainnet("sh(wsh("), 388_000);
        assert_eq!(mainnet("sh(sortedmulti("), 173_805);
        assert_eq!(mainnet("anything else"), 0);
    }

    #[test]
    fn later_starts_have_later_times() {
        let times = Start::ALL.map(Start::mainnet_time);
        assert!(times.is_sorted());
        assert_eq!(time_of(Height::new(5), Network::Bitcoin), None);
        assert_eq!(time_of(Height::GENESIS, Network::Signet), Some(WallTime::new(0)));
    }
}
