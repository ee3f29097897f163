//! Owns `CoinChoice`: among which coins a payment may choose.
//!
//! Refuses to name coins: the request does.

/// Among which coins a payment may choose; as it is by default, among all that are its own without
/// doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct CoinChoice {
    /// Others may be chosen beside those that the request names; else only those are spent.
    pub beside: bool,
    /// Choose only coins with at least so many blocks, their own included; 0: own change without a
    /// block too.
    pub least_depth: u32,
    /// Choose only coins with at most so many blocks.
    pub most_depth: Option<u32>,
    /// Choose coins without a block too that somebody else could take back.
    pub strangers: bool,
    /// Choose coins of addresses that were spent from too, in a wallet that avoids them.
    pub spent_from: bool,
    /// Spend the coins of an address together, or none of them.
    pub whole_addresses: bool,
    /// A payment of everything spends also the coins that cost more than they hold.
    pub even_worthless: bool,
}
