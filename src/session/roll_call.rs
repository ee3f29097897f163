//! Owns the roll call of the named peers: who answered, who failed for good, and with what.
//!
//! Refuses hope: when every named peer has failed before any was ready, waiting longer is
//! pointless, and the person is told at once.

use std::collections::BTreeMap;

use billfold_wallet_core::light_client::dial::DialProblem;
use billfold_wallet_core::light_client::fault::Fault;
use billfold_wallet_core::light_client::output::PeerEvent;
use billfold_wallet_core::light_client::peer_id::PeerAddress;
use serde_json::json;

use crate::failure::{Failure, Kind};

/// How far each named peer is.
#[derive(Debug)]
pub(crate) struct RollCall(BTreeMap<PeerAddress, Answer>);

/// How far one peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing is known yet.
    Awaited,
    /// It was ready at least once; if it goes, it is dialled again.
    Ready,
    /// No connection could be opened.
    Unreachable(DialProblem),
    /// It closed the connection before it was ready, for no stated reason.
    Closed,
    /// It did what a usable peer does not.
    Refused(Fault),
}

impl RollCall {
    /// Nothing is known of these yet.
    pub(crate) fn new(peers: &[PeerAddress]) -> Self {
        Self(peers.iter().map(|peer| (peer.clone(), Answer::Awaited)).collect())
    }

    /// Takes in what happened.
    pub(crate) fn note(&mut self, event: &PeerEvent) {
        let (address, answer) = match event {
            PeerEvent::Ready { address, .. } => (address, Answer::Ready),
            PeerEvent::Unreachable { address, why } => (address, Answer::Unreachable(*why)),
            // Both filters are searched, so it is of use.
            PeerEvent::FiltersDiffer { .. } => return,
            PeerEvent::Gone { address, fault: None, .. } => (address, Answer::Closed),
            PeerEvent::Gone { address, fault: Some(fault), .. } => {
                (address, Answer::Refused(*fault))
            }
        };
        // Who was found goes and comes, and others are found instead.
        let Some(was) = self.0.get_mut(address) else { return };
        let is_final = match answer {
            Answer::Refused(fault) => !fault.is_transient(),
            Answer::Awaited | Answer::Ready | Answer::Unreachable(_) | Answer::Closed => false,
        };
        if *was != Answer::Ready || is_final {
            *was = answer;
        }
    }

    /// How far a peer is.
    pub(crate) fn of(&self, peer: &PeerAddress) -> Answer {
        self.0.get(peer).copied().unwrap_or(Answer::Awaited)
    }

    /// Whether nobody is awaited any more.
    pub(crate) fn is_complete(&self) -> bool {
        self.0.values().all(|answer| *answer != Answer::Awaited)
    }

    /// Why nothing can come, when every named peer has failed.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let failed = |answer: &Answer| !matches!(answer, Answer::Awaited | Answer::Ready);
        (!self.0.is_empty() && self.0.values().all(failed)).then(|| self.told())
    }

    /// Why nothing came, when the wait is over and no named peer is ready.
    pub(crate) fn failure_after_wait(&self) -> Option<Failure> {
        let anyone = self.0.values().any(|answer| *answer == Answer::Ready);
        (!self.0.is_empty() && !anyone).then(|| self.told())
    }

    fn told(&self) -> Failure {
        let silent = |answer: &Answer| matches!(answer, Answer::Unreachable(_) | Answer::Awaited);
        let kind =
            if self.0.values().all(silent) { Kind::PeerUnreachable } else { Kind::PeerRefused };
        let told: Vec<_> =
            self.0.iter().map(|(peer, answer)| format!("{peer} {}", answer.told())).collect();
        let peers: Vec<_> = self
            .0
            .iter()
            .map(|(peer, answer)| json!({"address": peer.to_string(), "reason": answer.told()}))
            .collect();
        Failure::new(kind, told.join("; ")).with("peers", peers)
    }
}

impl Answer {
    /// What is told of it, after the peer's address.
    pub(crate) fn told(self) -> String {
        match self {
            Self::Awaited => "has not answered".to_owned(),
            Self::Ready => "is ready".to_owned(),
            Self::Unreachable(
                DialProblem::Refused | DialProblem::TimedOut | DialProblem::Unreachable,
            ) => "can't be reached: check that the node runs and listens there".to_owned(),
            Self::Unreachable(problem) => problem.to_string(),
            Self::Closed => "hung up before it said anything: try again, or see its log".to_owned(),
            Self::Refused(fault) => fault.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::dial::Wire;
    use billfold_wallet_core::light_client::peer_id::PeerId;

    use super::*;

    fn address(port: u16) -> PeerAddress {
        format!("127.0.0.1:{port}").parse().expect("an address")
    }

    fn ready(port: u16) -> PeerEvent {
        let (peer, address) = (PeerId::new(port.into()), address(port));
        PeerEvent::Ready { peer, address, user_agent: String::new(), wire: Wire::V2 }
    }

    fn gone(port: u16, fault: Option<Fault>) -> PeerEvent {
        PeerEvent::Gone { peer: PeerId::new(port.into()), address: address(port), fault }
    }

    #[test]
    fn while_one_peer_is_awaited_nothing_has_failed() {
        let mut roll = RollCall::new(&[address(1), address(2)]);
        roll.note(&PeerEvent::Unreachable { address: address(1), why: DialProblem::Refused });
        assert_eq!(roll.failure(), None);
        assert!(!roll.is_complete());
        let waited = roll.failure_after_wait().expect("nobody is ready");
        assert_eq!(waited.kind(), Kind::PeerUnreachable);
        roll.note(&PeerEvent::Unreachable { address: address(2), why: DialProblem::Refused });
        assert_eq!(roll.failure().expect("all failed").kind(), Kind::PeerUnreachable);
        assert!(roll.is_complete());
    }

    #[test]
    fn another_protocol_is_named() {
        let mut roll = RollCall::new(&[address(80)]);
        roll.note(&gone(80, Some(Fault::WrongMagic)));
        let failure = roll.failure().expect("it failed");
        assert_eq!(failure.kind(), Kind::PeerRefused);
        let expected = "127.0.0.1:80 does not speak the Bitcoin protocol of this network";
        assert_eq!(failure.message(), expected);
    }

    #[test]
    fn a_peer_that_was_ready_may_restart_but_not_lie() {
        let mut roll = RollCall::new(&[address(1)]);
        roll.note(&ready(1));
        roll.note(&gone(1, None));
        roll.note(&PeerEvent::Unreachable { address: address(1), why: DialProblem::Refused });
        roll.note(&gone(1, Some(Fault::Stalled)));
        assert_eq!(roll.failure(), None);
        roll.note(&gone(1, Some(Fault::InvalidHeader)));
        assert_eq!(roll.failure().expect("it lied").kind(), Kind::PeerRefused);
    }

    #[test]
    fn a_peer_that_comes_late_counts() {
        let mut roll = RollCall::new(&[address(1)]);
        roll.note(&PeerEvent::Unreachable { address: address(1), why: DialProblem::Refused });
        roll.note(&ready(1));
        assert_eq!((roll.failure(), roll.failure_after_wait()), (None, None));
    }
}
