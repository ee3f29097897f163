//! Connections for one thing: wanted until a handshake is finished, and never too many.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::chain::anchor::Anchor;
use crate::config::Route;
use crate::params::Params;
use crate::peer_id::PeerAddress;
use crate::status::AddedPeer;
use crate::time::WallTime;

fn roster(connect: &[&str]) -> (Roster, ChaCha12Rng) {
    let mut rng = ChaCha12Rng::from_seed([3; 32]);
    let params = Params::regtest();
    let config = Config {
        base: Anchor::genesis(&params),
        params,
        connect: connect.iter().map(|text| text.parse().expect("an address")).collect(),
        route: Route::Direct,
        mempool: true,
    };
    (Roster::new(&config, StoredPeers::default(), at(0), &mut rng), rng)
}

fn at(seconds: u64) -> Now {
    let mono = MonoTime::new(Duration::from_secs(seconds));
    Now { mono, wall: WallTime::new(1_800_000_000 + seconds) }
}

fn broadcasts(roster: &mut Roster, now: Now, ids: &mut u64, rng: &mut ChaCha12Rng) -> Vec<PeerId> {
    let mut opened = Vec::new();
    loop {
        *ids += 1;
        let Some(call) = roster.take_due(now, PeerId::new(*ids), rng) else { return opened };
        if call.purpose == Purpose::Broadcast {
            opened.push(PeerId::new(*ids));
        }
    }
}

#[test]
fn a_wish_is_tried_again_until_somebody_answers() {
    let (mut roster, mut rng) = roster(&["1.2.3.4:1", "1.2.3.4:2"]);
    let (mut ids, mut now) = (0, at(0));
    roster.one_shot(now.mono, Purpose::Broadcast);
    let mut addresses = Vec::new();
    for _ in 0..4 {
        let opened = broadcasts(&mut roster, now, &mut ids, &mut rng);
        assert_eq!(opened.len(), 1);
        addresses.push(roster.calls[&opened[0]].address.port());
        roster.on_dial_failed(now, opened[0], DialProblem::Refused, &mut rng);
        assert_eq!(roster.one_shots(Purpose::Broadcast), 1, "still wanted");
        now = at(now.mono.since_start().as_secs() + 60);
    }
    assert_eq!(addresses, [1, 2, 1, 2], "at another address each time");
    let opened = broadcasts(&mut roster, now, &mut ids, &mut rng);
    roster.on_ready(now, opened[0], 9);
    assert_eq!(roster.one_shots(Purpose::Broadcast), 0, "served");
    roster.on_ended(now, opened[0], Duration::ZERO, None, &mut rng);
    assert_eq!(broadcasts(&mut roster, at(100_000), &mut ids, &mut rng), []);
}

#[test]
fn wishes_and_their_connections_are_bounded_and_can_be_taken_back() {
    let (mut roster, mut rng) = roster(&["1.2.3.4:1"]);
    let mut ids = 0;
    for _ in 0..100 {
        roster.one_shot(at(0).mono, Purpose::Broadcast);
    }
    assert_eq!(roster.one_shots(Purpose::Broadcast), MAX_ONE_SHOTS);
    let opened = broadcasts(&mut roster, at(0), &mut ids, &mut rng);
    assert_eq!(opened.len(), MAX_ONE_SHOT_CALLS);
    roster.cancel(Purpose::Broadcast);
    assert_eq!(roster.one_shots(Purpose::Broadcast), MAX_ONE_SHOT_CALLS, "being opened");
}

#[test]
fn a_wish_without_any_address_waits() {
    let (mut roster, mut rng) = roster(&[]);
    roster.one_shot(at(0).mono, Purpose::Broadcast);
    assert_eq!(roster.take_due(at(0), PeerId::new(1), &mut rng), None);
    assert!(roster.next_due().expect("it looks again") > at(0).mono);
    assert_eq!(roster.one_shots(Purpose::Broadcast), 1);
}

#[test]
fn a_peer_that_was_added_is_kept_beside_those_that_are_found_until_it_is_removed() {
    let (mut roster, mut rng) = roster(&[]);
    let address: PeerAddress = "9.9.9.9:1".parse().expect("an address");
    roster.add(at(0).mono, "nine".to_owned(), address.clone(), Wire::V2);
    roster.add(at(0).mono, "again".to_owned(), address.clone(), Wire::V2);
    assert_eq!(roster.added(), [AddedPeer { name: "nine".to_owned(), address: address.clone() }]);
    let call = roster.take_due(at(0), PeerId::new(1), &mut rng).expect("it is dialled");
    assert_eq!((call.address, call.named, call.purpose), (address.clone(), true, Purpose::Chain));
    assert_eq!(roster.take_due(at(0), PeerId::new(2), &mut rng), None, "once at a time");
    roster.dial_once(at(0).mono, address.clone(), Wire::V2);
    assert_eq!(roster.take_due(at(0), PeerId::new(2), &mut rng), None, "it is there");
    roster.on_ended(at(1), PeerId::new(1), Duration::from_secs(1), None, &mut rng);
    assert!(roster.take_due(at(100), PeerId::new(3), &mut rng).is_some_and(|call| call.named));
    roster.remove(&address);
    roster.on_ended(at(101), PeerId::new(3), Duration::from_secs(1), None, &mut rng);
    assert_eq!(roster.take_due(at(100_000), PeerId::new(4), &mut rng), None);
}

#[test]
fn who_was_named_at_the_start_stays() {
    let (mut roster, mut rng) = roster(&["1.2.3.4:1"]);
    let address: PeerAddress = "1.2.3.4:1".parse().expect("an address");
    roster.add(at(0).mono, "four".to_owned(), address.clone(), Wire::V2);
    assert_eq!(roster.added().len(), 1);
    roster.remove(&address);
    assert_eq!(roster.added(), []);
    assert!(roster.take_due(at(0), PeerId::new(1), &mut rng).is_some());
}

#[test]
fn who_is_tried_once_is_dialled_once_over_either_transport() {
    let (mut roster, mut rng) = roster(&[]);
    let address: PeerAddress = "9.9.9.9:1".parse().expect("an address");
    roster.dial_once(at(0).mono, address, Wire::V2);
    let call = roster.take_due(at(0), PeerId::new(1), &mut rng).expect("it is dialled");
    assert_eq!((call.wire, call.named), (Wire::V2, true));
    roster.on_dial_failed(at(0), PeerId::new(1), DialProblem::NoV2, &mut rng);
    let call = roster.take_due(at(0), PeerId::new(2), &mut rng).expect("it is dialled again");
    assert_eq!(call.wire, Wire::V1);
    roster.on_dial_failed(at(0), PeerId::new(2), DialProblem::Refused, &mut rng);
    assert_eq!(roster.take_due(at(100_000), PeerId::new(3), &mut rng), None);
}

#[test]
fn there_are_no_connections_while_none_are_wanted() {
    let (mut roster, mut rng) = roster(&["1.2.3.4:1"]);
    roster.one_shot(at(0).mono, Purpose::Broadcast);
    roster.activate(at(0).mono, false);
    assert_eq!(roster.take_due(at(100), PeerId::new(1), &mut rng), None);
    assert_eq!((roster.next_due(), roster.take_lookup()), (None, None));
    roster.activate(at(100).mono, true);
    let (mut ids, now) = (1, at(100));
    assert_eq!(broadcasts(&mut roster, now, &mut ids, &mut rng).len(), 1, "what waits goes on");
}
