//! Owns the first block in which an account of each script type can have been paid.
//!
//! Refuses to cut close: a search that begins too early costs time, one that begins too late
//! costs money.

use billfold_wallet_core::keychain::ScriptType;
use billfold_wallet_core::light_client::height::Height;
use bitcoin::Network;

/// The first block worth scanning for any of these types.
pub(super) fn of_all(types: &[ScriptType], network: Network) -> Height {
    if network != Network::Bitcoin {
        // The test networks are short, or had the newer rules from their beginning.
        return Height::GENESIS;
    }
    types.iter().copied().map(on_mainnet).min().unwrap_or(Height::GENESIS)
}

const fn on_mainnet(script_type: ScriptType) -> Height {
    match script_type {
        // BIP39 was written in September 2013, when the tip was above 255,000.
        ScriptType::Legacy => Height::new(250_000),
        // BIP141 was assigned in December 2015, at about 389,000; BIP49 came later still.
        ScriptType::Nested => Height::new(388_000),
        // BIP141 holds from here on; what was paid to such a script before, anyone could take.
        ScriptType::Segwit => Height::new(481_824),
        // BIP341 holds from here on, likewise.
        ScriptType::Taproot => Height::new(709_632),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_type_decides() {
        let all = ScriptType::ALL;
        assert_eq!(of_all(&all, Network::Bitcoin), Height::new(250_000));
        assert_eq!(of_all(&all[..2], Network::Bitcoin), Height::new(481_824));
        assert_eq!(of_all(&all[..1], Network::Bitcoin), Height::new(709_632));
        assert_eq!(of_all(&all[..1], Network::Regtest), Height::GENESIS);
    }
}
