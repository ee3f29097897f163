//! Owns `Layout`: the form that a caller wants a transaction in.
//!
//! Refuses amounts and recipients: the request has them.

use bitcoin::absolute::LockTime;
use bitcoin::transaction::Version;
use bitcoin::{Address, Weight};

use crate::keychain::AccountName;

/// The form of a transaction; as it is by default, the one that tells least.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The outputs stand in the order of the recipients; else in one that tells nothing.
    pub in_order: bool,
    /// The place of the change among the outputs; `None`: anywhere.
    pub change_at: Option<usize>,
    /// Where the change goes; `None`: to the next address for it.
    pub change_to: Option<Address>,
    /// From which account the next address for the change is; `None`: from one that pays.
    pub change_account: Option<AccountName>,
    /// The lock time; `None`: about the tip, as Bitcoin Core has it.
    pub lock_time: Option<LockTime>,
    /// It does not say that it may be replaced (BIP125). Nodes replace it all the same.
    pub is_final: bool,
    /// Bytes to publish in an output without amount (`OP_RETURN`), and before which of the
    /// recipients it stands.
    pub publishes: Option<(usize, Vec<u8>)>,
    /// The version; `None`: 2. One of version 3 (BIP431) spends no unconfirmed coins.
    pub version: Option<Version>,
    /// It may not weigh more; `None`: what nodes relay.
    pub most_weight: Option<Weight>,
}
