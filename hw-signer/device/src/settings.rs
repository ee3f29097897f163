//! Owns what the owner set on the device.
//!
//! Refuses to be set by a host.

use bitcoin::Amount;

use crate::network::Network;

/// What the owner set on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What the keys are for.
    pub network: Network,
    /// A transaction that pays a higher fee is refused.
    pub fee_limit: Amount,
    /// Whether amounts that nothing proves are shown and signed, with a warning. Some wallets send
    /// several segwit inputs without the transactions before them.
    pub accept_unproven: bool,
    /// Whether a passphrase is asked for after the PIN.
    pub ask_passphrase: bool,
    /// After how many idle seconds the device locks itself.
    pub idle_lock: u32,
}

impl Settings {
    /// What a new device starts with.
    #[must_use]
    pub const fn new(network: Network) -> Self {
        Self {
            network,
            fee_limit: Amount::from_sat(500_000),
            accept_unproven: false,
            ask_passphrase: false,
            idle_lock: 600,
        }
    }
}
