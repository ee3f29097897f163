//! Owns what a search through the wallet finds.
//!
//! Refuses to rank: findings come by kind, the newest first.

use bitcoin::SignedAmount;

use super::Reference;

/// Something that a text was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub reference: Reference,
    /// Where the text was found in it.
    pub matched: Matched,
    /// Its label.
    pub label: Option<String>,
    /// What a transaction changed, what a coin holds, what an address was paid; `None` for what the
    /// wallet only knows by name.
    pub amount: Option<SignedAmount>,
}

/// Where a text was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matched {
    /// In the label.
    Label,
    /// In the id or address.
    Id,
    /// The text is the amount.
    Amount,
}

impl Matched {
    /// The name that the command line and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Id => "id",
            Self::Amount => "amount",
        }
    }
}
