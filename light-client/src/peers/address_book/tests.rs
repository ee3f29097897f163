//! What a wallet would lose if the book failed: its last honest peer, crowded out by somebody with
//! many addresses.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::*;
use crate::change_set::StoredPeers;
use crate::limits::{BUCKET_SIZE, NEW_BUCKETS_PER_SOURCE};

const NOW: WallTime = WallTime::new(1_800_000_000);

/// Not exact: what counts are seconds and days.
const DAY: Duration = Duration::from_secs(24 * 3600);

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::from_seed([5; 32])
}

/// The `n`th address of a group.
fn address(group: u16, n: u16) -> PeerAddress {
    // 11.x to 59.x is routable throughout.
    let [high, low] = group.to_be_bytes();
    let [c, d] = n.to_be_bytes();
    PeerAddress::Ip((Ipv4Addr::new(11 + high % 49, low, c, d), 8333).into())
}

fn rumour(address: PeerAddress) -> Rumour {
    Rumour { address, services: 73, seen: NOW.before(DAY) }
}

fn anybody(_: &PeerAddress, _: &AddressRecord) -> bool {
    true
}

/// How often in a thousand draws an address is one that `hit` says.
fn share(book: &AddressBook, rng: &mut ChaCha12Rng, hit: impl Fn(&PeerAddress) -> bool) -> usize {
    (0..1000).filter(|_| book.select(NOW, false, rng, anybody).is_some_and(|a| hit(&a))).count()
}

fn reached(book: &mut AddressBook, address: &PeerAddress, rng: &mut ChaCha12Rng) {
    book.add(NOW, &rumour(address.clone()), address, rng);
    book.on_reached(NOW, address, 73);
}

#[test]
fn ten_thousand_addresses_of_one_group_fill_one_bucket() {
    let (mut rng, source) = (rng(), address(1000, 1));
    let mut book = AddressBook::new(&mut rng);
    let honest: Vec<_> = (0..200).map(|group| address(group, 1)).collect();
    for address in &honest {
        book.add(NOW, &rumour(address.clone()), &source, &mut rng);
    }
    for n in 0..10_000 {
        book.add(NOW, &rumour(address(2000, n)), &source, &mut rng);
    }
    let kept = honest.iter().filter(|address| book.record(address).is_some()).count();
    assert!(kept >= 180, "honest addresses are still there, not {kept} of 200");
    let flooded = book.iter().filter(|(address, _)| address.group() == honest_group(2000)).count();
    assert!(flooded <= usize::from(BUCKET_SIZE), "{flooded} of one group");
    book.check();
}

fn honest_group(group: u16) -> NetworkGroup {
    address(group, 0).group()
}

/// An attacker who is one of eight peers, tells of 100,000 addresses in 2,000 groups, first and
/// last; the other seven tell of 1,000 each.
#[test]
fn one_flooding_source_of_eight_gets_its_share_and_no_more() {
    let mut rng = rng();
    let mut book = AddressBook::new(&mut rng);
    let evil = |a: &PeerAddress| matches!(a, PeerAddress::Ip(a) if a.port() == 6666);
    let flood = |book: &mut AddressBook, rng: &mut ChaCha12Rng| {
        for n in 0..50_000_u32 {
            let (group, n) = (n % 2000, n / 2000);
            let at =
                address(u16::try_from(group).expect("small"), u16::try_from(n).expect("small"));
            let PeerAddress::Ip(mut ip) = at else { unreachable!("an IP address") };
            ip.set_port(6666);
            book.add(NOW, &rumour(PeerAddress::Ip(ip)), &address(9000, 1), rng);
        }
    };
    flood(&mut book, &mut rng);
    let honest: Vec<_> = (0..3000_u16).map(|n| address(n % 1500, n / 1500 + 100)).collect();
    for peer in 1..8 {
        for _ in 0..1000 {
            let told = honest[below(&mut rng, honest.len())].clone();
            book.add(NOW, &rumour(told), &address(9000 + 7 * peer, 1), &mut rng);
        }
    }
    flood(&mut book, &mut rng);
    book.check();
    let places = book.iter().filter(|(address, _)| evil(address)).count();
    let most = usize::try_from(NEW_BUCKETS_PER_SOURCE).expect("small") * usize::from(BUCKET_SIZE);
    assert!(places <= most, "{places} places, not more than {most}");
    let drawn = share(&book, &mut rng, evil);
    assert!(drawn < 250, "drawn {drawn} times of a thousand, where an eighth would be fair");
    // Two peers at which we were are drawn every other time, whatever else is in the book.
    for n in [1, 2] {
        reached(&mut book, &address(500 * n, 3), &mut rng);
    }
    let drawn = share(&book, &mut rng, evil);
    assert!(drawn < 150, "{drawn} of a thousand beside two known peers");
}

#[test]
fn an_address_that_many_tell_of_is_found_easier() {
    let mut rng = rng();
    let mut book = AddressBook::new(&mut rng);
    let (known, rare) = (address(1, 1), address(2, 1));
    book.add(NOW, &rumour(rare.clone()), &address(3, 1), &mut rng);
    for n in 0..400 {
        let seen = NOW.before(DAY).after(Duration::from_secs(u64::from(n)));
        let told = Rumour { seen, ..rumour(known.clone()) };
        book.add(NOW, &told, &address(100 + n, 1), &mut rng);
    }
    let Place::New(buckets) = &book.record(&known).expect("known").place else {
        unreachable!("never reached")
    };
    assert!((3..=BUCKETS_PER_ADDRESS).contains(&buckets.len()), "{buckets:?}");
    let drawn = share(&book, &mut rng, |address| *address == known);
    assert!(drawn > 700, "{drawn}");
    book.check();
}

#[test]
fn an_address_that_never_answers_is_forgotten_and_one_that_did_is_kept_a_week() {
    let (mut rng, mut now) = (rng(), NOW);
    let mut book = AddressBook::new(&mut rng);
    let (never, once) = (address(1, 1), address(2, 1));
    book.add(now, &rumour(never.clone()), &never, &mut rng);
    reached(&mut book, &once, &mut rng);
    for _ in 0..50 {
        book.on_failed(now, &never, true);
        book.on_failed(now, &never, false);
    }
    assert_eq!(book.record(&never).expect("kept").failures, 1, "once in an hour");
    for _ in 0..2 {
        now = now.after(Duration::from_secs(3600));
        book.on_failed(now, &never, true);
    }
    assert_eq!(book.record(&never), None);
    for _ in 0..20 {
        now = now.after(Duration::from_secs(3600));
        book.on_failed(now, &once, true);
    }
    assert!(book.record(&once).is_some());
    book.on_failed(now.after(DAY * 8), &once, true);
    assert_eq!(book.record(&once), None);
    book.check();
}

#[test]
fn a_place_goes_to_a_newcomer_only_when_its_holder_is_gone() {
    let mut rng = rng();
    let mut book = AddressBook::new(&mut rng);
    // Reach addresses of one group until two want the same place.
    let mut n = 0;
    while book.contested().is_none() {
        reached(&mut book, &address(1, n), &mut rng);
        n += 1;
    }
    let holder = book.contested().expect("there is one").clone();
    let newcomer = address(1, n - 1);
    let is_tried = |book: &AddressBook, address| {
        book.record(address).is_some_and(|record| record.place == Place::Tried)
    };
    // The holder answered just now: it stays.
    book.settle_collisions(NOW);
    assert!(is_tried(&book, &holder) && !is_tried(&book, &newcomer));
    assert_eq!(book.contested(), None);
    // Five hours later it is tested, and does not answer: it goes.
    let now = NOW.after(Duration::from_secs(5 * 3600));
    book.on_reached(now, &newcomer, 73);
    book.settle_collisions(now);
    assert_eq!(book.contested(), Some(&holder), "not known yet");
    book.on_tried(now, &holder);
    book.settle_collisions(now.after(Duration::from_secs(61)));
    assert!(!is_tried(&book, &holder) && is_tried(&book, &newcomer));
    assert!(book.record(&holder).is_some(), "it may come back");
    book.check();
}

#[test]
fn a_wall_clock_that_jumps_costs_no_address() {
    let mut rng = rng();
    let mut book = AddressBook::new(&mut rng);
    for n in 0..50 {
        reached(&mut book, &address(n, 1), &mut rng);
        book.add(NOW, &rumour(address(n, 2)), &address(n, 1), &mut rng);
    }
    let known = book.iter().count();
    let mut stored = StoredPeers::default();
    stored.apply(book.take_changes());
    for year in [-10, 10] {
        let years = DAY * 3650;
        let now = if year < 0 { NOW.before(years) } else { NOW.after(years) };
        let key = stored.key.expect("begun");
        let mut book = AddressBook::restored(key, stored.addresses.clone(), now);
        assert_eq!(book.iter().count(), known);
        assert!(book.select(now, false, &mut rng, anybody).is_some());
        let told = Rumour { seen: NOW, ..rumour(address(77, 1)) };
        assert!(book.add(now, &told, &address(78, 1), &mut rng), "what others say is taken in");
        for (_, record) in book.iter() {
            assert!(record.seen <= now.after(Duration::from_secs(600)));
        }
        book.check();
    }
}

#[test]
fn only_public_addresses_get_in() {
    let mut rng = rng();
    let mut book = AddressBook::new(&mut rng);
    for told in ["127.0.0.1:8333", "192.168.0.1:8333", "1.2.3.4:22", "seed.example.org:8333"] {
        let told = rumour(told.parse().expect("an address"));
        assert!(!book.add(NOW, &told, &address(1, 1), &mut rng));
    }
    assert_eq!(book.select(NOW, false, &mut rng, anybody), None);
}

#[test]
fn a_recent_failure_makes_an_address_unlikely_but_not_impossible() {
    let mut rng = rng();
    let mut book = AddressBook::new(&mut rng);
    let (tried, fresh) = (address(1, 1), address(2, 1));
    for address in [&tried, &fresh] {
        book.add(NOW, &rumour(address.clone()), address, &mut rng);
    }
    book.on_tried(NOW, &tried);
    let drawn = share(&book, &mut rng, |address| *address == tried);
    assert!(drawn < 100, "{drawn}");
    let only = |address: &PeerAddress, _: &AddressRecord| *address == tried;
    assert_eq!(book.select(NOW, false, &mut rng, only), Some(tried.clone()));
    assert_eq!(book.select(NOW, true, &mut rng, only), Some(tried.clone()));
    book.on_reached(NOW, &tried, 73);
    assert_eq!(book.select(NOW, true, &mut rng, only), None, "it answered once");
}

/// Things that happen to a book.
#[derive(Debug, Clone)]
enum Happening {
    Told(u16, u16, u16, u32),
    Tried(u16, u16),
    Failed(u16, u16),
    Reached(u16, u16),
    Settled(u32),
    Restarted,
}

fn happening() -> impl Strategy<Value = Happening> {
    // Few groups, so that places are contested.
    let n = || 0_u16..300;
    prop_oneof![
        8 => (0_u16..6, n(), 0_u16..6, any::<u32>()).prop_map(|(g, n, s, t)| Happening::Told(g, n, s, t)),
        1 => (0_u16..6, n()).prop_map(|(g, n)| Happening::Tried(g, n)),
        2 => (0_u16..6, n()).prop_map(|(g, n)| Happening::Failed(g, n)),
        4 => (0_u16..6, n()).prop_map(|(g, n)| Happening::Reached(g, n)),
        1 => (0_u32..100_000).prop_map(Happening::Settled),
        1 => Just(Happening::Restarted),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_tables_agree_and_a_store_gives_the_same_book_back(
        happenings in prop::collection::vec(happening(), 0..400),
    ) {
        let (mut rng, mut now) = (rng(), NOW);
        let mut book = AddressBook::new(&mut rng);
        let mut stored = StoredPeers::default();
        for happening in happenings {
            match happening {
                Happening::Told(group, n, source, seen) => {
                    let seen = WallTime::new(u64::from(seen));
                    let told = Rumour { seen, ..rumour(address(group, n)) };
                    book.add(now, &told, &address(source, 0), &mut rng);
                }
                Happening::Tried(group, n) => book.on_tried(now, &address(group, n)),
                Happening::Failed(group, n) => book.on_failed(now, &address(group, n), true),
                Happening::Reached(group, n) => book.on_reached(now, &address(group, n), 9),
                Happening::Settled(later) => {
                    now = now.after(Duration::from_secs(later.into()));
                    book.settle_collisions(now);
                }
                Happening::Restarted => {
                    stored.apply(book.take_changes());
                    let before = book.records.clone();
                    let key = stored.key.expect("begun");
                    book = AddressBook::restored(key, stored.addresses.clone(), now);
                    prop_assert_eq!(&book.records, &before);
                }
            }
            book.check();
        }
    }
}
