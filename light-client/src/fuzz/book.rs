//! Owns the life of an address book: operations from bytes, and what must hold after each.
//!
//! Refuses what a roster never does: time that goes back without a restart.

use std::net::Ipv4Addr;
use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::change_set::StoredPeers;
use crate::codec::Rumour;
use crate::peer_id::PeerAddress;
use crate::peers::address_book::AddressBook;
use crate::time::WallTime;

/// Five bytes at a time: what happens, to which address (group and number), how, and by whom.
///
/// # Panics
/// When tables and records disagree, or a store does not give the same book back.
pub(super) fn live(bytes: &[u8]) {
    let mut rng = ChaCha12Rng::from_seed([0; 32]);
    let mut now = WallTime::new(1_800_000_000);
    let mut book = AddressBook::new(&mut rng);
    let mut stored = StoredPeers::default();
    for operation in bytes.chunks_exact(5) {
        let [what, group, number, how, source] = *operation else { continue };
        let address = address(group, number);
        match what % 8 {
            0..=2 => {
                let seen = WallTime::new(1_800_000_000 + (u64::from(how) << 12)).before(MONTH);
                let rumour = Rumour { address, services: how.into(), seen };
                book.add(now, &rumour, &self::address(source, 0), &mut rng);
            }
            3 => book.on_tried(now, &address),
            4 => book.on_failed(now, &address, how > 9),
            5 => book.on_reached(now, &address, how.into()),
            6 => {
                now = now.after(Duration::from_secs(u64::from(how) << 8));
                book.settle_collisions(now);
                let _ = book.select(now, source > 127, &mut rng, |_, record| {
                    record.services & u64::from(group) == 0
                });
            }
            _ => {
                stored.apply(book.take_changes());
                let key = stored.key.expect("saved with the first changes");
                book = AddressBook::restored(key, stored.addresses.clone(), now);
                let known: Vec<_> = book.iter().map(|(address, _)| address).collect();
                assert_eq!(known, stored.addresses.keys().collect::<Vec<_>>());
            }
        }
        book.check();
    }
}

/// Routable, with many in few groups, so that places are contested.
fn address(group: u8, number: u8) -> PeerAddress {
    let ip = Ipv4Addr::new(11, group % 8, group / 8, number);
    PeerAddress::Ip((ip, 8333).into())
}

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
