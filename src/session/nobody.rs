//! Owns what is told when no peer is named and none was found: what was tried, and what to do.

use billfold_wallet_core::light_client::status::{PeerSearch, Status};

use crate::failure::{Failure, Kind};
use crate::output::figures;

/// The failure, if peers are looked for and none is ready.
pub(crate) fn failure(status: &Status) -> Option<Failure> {
    let search = status.search?;
    let anybody = status.peers.iter().any(|peer| peer.ready);
    let told = || {
        let advice = "or name a Bitcoin node that serves compact filters with --connect HOST:PORT";
        Failure::new(Kind::NoPeer, format!("no peer was found: {}, {advice}", reason(search)))
            .with("addresses_known", search.addresses)
            .with("addresses_usable", search.usable)
            .with("dns_seeds_asked", search.seeds_asked)
            .with("dns_seeds_answered", search.seeds_answered)
    };
    (!anybody).then(told)
}

fn reason(search: PeerSearch) -> String {
    let seeds = figures::count(search.seeds_asked as u64, "DNS seed");
    let connection = "check the connection to the internet";
    if let Some(problem) = search.proxy {
        problem.to_string()
    } else if search.addresses == 0 {
        format!("no address of one is known, and of {seeds} asked none answered; {connection}")
    } else if search.usable == 0 {
        let known = figures::count(search.addresses as u64, "known address");
        format!("of {known} none is said to serve compact filters; try again later")
    } else {
        let known = figures::count(search.usable as u64, "known address");
        let tries = figures::count(search.failures.into(), "attempt");
        format!("of {known} none answered in {tries}; {connection}")
    }
}

#[cfg(test)]
mod tests {
    use billfold_wallet_core::light_client::dial::ProxyProblem;

    use super::*;

    #[test]
    fn what_was_tried_is_told() {
        let nothing = PeerSearch { seeds: 7, seeds_asked: 7, ..PeerSearch::default() };
        let told = reason(nothing);
        assert!(told.starts_with("no address of one is known, and of 7 DNS seeds asked"), "{told}");
        let deaf = PeerSearch { addresses: 9, usable: 1, failures: 20, ..nothing };
        let told = reason(deaf);
        assert!(told.starts_with("of 1 known address none answered in 20 attempts"), "{told}");
        let useless = PeerSearch { usable: 0, ..deaf };
        assert!(reason(useless).contains("compact filters"));
        let proxy = PeerSearch { proxy: Some(ProxyProblem::Unreachable), ..nothing };
        assert!(reason(proxy).contains("--proxy"));
    }
}
