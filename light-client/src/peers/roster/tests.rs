//! Connections for one thing: wanted until a handshake is finished, and never too many.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::chain::anchor::Anchor;
use crate::config::Route;
use crate::params::Params;
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
