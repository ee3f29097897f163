//! Owns `Call`, one connection as the roster sees it: where to, how, what for, how good.
//!
//! Refuses to know what is said on it.

use crate::dial::{Purpose, Wire};
use crate::limits::{ADDRESS_TOKEN_TIME, MAX_ADDRESSES};
use crate::peer_id::{NetworkGroup, PeerAddress};
use crate::time::MonoTime;

/// One connection that is open or being opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) address: PeerAddress,
    pub(crate) wire: Wire,
    pub(crate) purpose: Purpose,
    /// Whether a person named the peer.
    pub(crate) named: bool,
    /// How often in a row its purpose has failed already.
    pub(super) failures: u32,
    /// Who told of it, if it had never answered before.
    pub(super) source: Option<NetworkGroup>,
    /// When its handshake was finished.
    pub(super) ready_at: Option<MonoTime>,
    /// Whether the peer gave what only the chain has.
    pub(super) useful: bool,
    /// Since when the peer's chain has less work than ours.
    pub(super) behind_since: Option<MonoTime>,
    /// How many addresses it may still tell of, and since when that was not raised.
    pub(super) tokens: usize,
    pub(super) tokens_at: MonoTime,
    /// Addresses that it told of and that were taken in, and those that were not.
    pub(crate) told: Option<Told>,
}

/// What a peer that may tell of addresses has told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Told {
    pub(crate) admitted: u64,
    pub(crate) dropped: u64,
}

impl Call {
    pub(super) const fn new(address: PeerAddress, wire: Wire, purpose: Purpose) -> Self {
        Self {
            address,
            wire,
            purpose,
            named: false,
            failures: 0,
            source: None,
            ready_at: None,
            useful: false,
            behind_since: None,
            tokens: 0,
            tokens_at: MonoTime::START,
            told: None,
        }
    }

    /// Whether the chain is followed on it by now.
    pub(super) fn follows(&self) -> bool {
        self.purpose == Purpose::Chain && self.ready_at.is_some()
    }

    /// Whether somebody else than the search for peers wants it.
    pub(super) const fn is_wanted_by_others(&self) -> bool {
        matches!(self.purpose, Purpose::Broadcast)
    }

    /// It is asked for addresses: it may tell of as many as fit in one answer.
    pub(super) const fn asked_for_addresses(&mut self, now: MonoTime) {
        (self.tokens, self.tokens_at) = (MAX_ADDRESSES + 1, now);
        self.told = Some(Told { admitted: 0, dropped: 0 });
    }

    /// How many of `told` addresses are taken in: beyond the answer to our question one in ten
    /// seconds, as in Bitcoin Core.
    pub(super) fn admit(&mut self, now: MonoTime, told: usize) -> usize {
        let earned = now.since(self.tokens_at).as_secs() / ADDRESS_TOKEN_TIME.as_secs();
        if let Ok(earned) = u32::try_from(earned)
            && earned > 0
        {
            self.tokens_at = self.tokens_at.after(ADDRESS_TOKEN_TIME * earned);
            let earned = usize::try_from(earned).unwrap_or(MAX_ADDRESSES);
            self.tokens = self.tokens.saturating_add(earned).min(MAX_ADDRESSES + 1);
        }
        let admitted = told.min(self.tokens);
        self.tokens -= admitted;
        if let Some(counts) = &mut self.told {
            counts.admitted += admitted as u64;
            counts.dropped += (told - admitted) as u64;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn unasked_addresses_are_taken_in_drop_by_drop() {
        let at = |seconds| MonoTime::new(Duration::from_secs(seconds));
        let address = "1.2.3.4:8333".parse().expect("an address");
        let mut call = Call::new(address, Wire::V1, Purpose::Chain);
        assert_eq!(call.admit(at(9), 1000), 0);
        assert_eq!(call.admit(at(10), 1000), 1);
        assert_eq!(call.admit(at(19), 1000), 0);
        assert_eq!(call.admit(at(35), 1000), 2);
        call.asked_for_addresses(at(40));
        assert_eq!(call.admit(at(41), 1000), 1000);
        assert_eq!(call.admit(at(42), 1000), 1);
        assert_eq!(call.admit(at(1_000_000), 2000), 1001, "never more than one answer saved up");
    }
}
