//! Owns `Vendor`: makers of signers that speak protocols of their own, and how they show on USB.
//!
//! Refuses to talk with them: that is `vendor_device`, which not every build has.

use std::fmt;
use std::str::FromStr;

/// A maker of signers, by its product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// Ledger, with its Bitcoin app open.
    Ledger,
    /// Coldcard.
    Coldcard,
    /// `BitBox02`.
    BitBox02,
    /// Specter-DIY.
    Specter,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ledger, Self::Coldcard, Self::BitBox02, Self::Specter];

    /// The name that the command line uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Coldcard => "coldcard",
            Self::BitBox02 => "bitbox02",
            Self::Specter => "specter",
        }
    }

    /// Whether a USB device with these numbers of vendor and product is one of theirs. Ledger gives
    /// each model and each app another product number.
    #[must_use]
    pub const fn has(self, ids: (u16, u16)) -> bool {
        match self {
            Self::Ledger => ids.0 == 0x2c97,
            Self::Coldcard => ids.0 == 0xd13e && ids.1 == 0xcc10,
            Self::BitBox02 => ids.0 == 0x03eb && ids.1 == 0x2403,
            Self::Specter => ids.0 == 0xf055 && ids.1 == 0x9802,
        }
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Vendor {
    type Err = UnknownVendor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|vendor| vendor.name() == text).ok_or(UnknownVendor)
    }
}

/// The text names no maker that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a maker of signers: write ledger, coldcard, bitbox02 or specter")]
pub struct UnknownVendor;
