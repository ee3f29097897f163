//! Owns what must hold of a book at all times, for tests and fuzzing.
//!
//! Refuses to be part of a product.

use crate::change_set::Place;
use crate::limits::{BUCKETS_PER_ADDRESS, MAX_COLLISIONS};
use crate::peers::address_book::AddressBook;

impl AddressBook {
    /// Panics unless tables and records agree.
    pub(crate) fn check(&self) {
        let mut places = 0;
        for (slot, address) in self.new.iter() {
            let Place::New(buckets) = &self.records[address].place else {
                unreachable!("{address} is in the wrong table")
            };
            assert!(buckets.contains(&slot.0), "{address} does not know its place");
            assert_eq!(*slot, self.key.new_slot_in(slot.0, address));
            places += 1;
        }
        for (slot, address) in self.tried.iter() {
            assert_eq!(self.records[address].place, Place::Tried);
            assert_eq!(*slot, self.key.tried_slot(address));
            places += 1;
        }
        let known = self.records.values().map(|record| match &record.place {
            Place::Tried => 1,
            Place::New(buckets) => {
                assert!((1..=BUCKETS_PER_ADDRESS).contains(&buckets.len()));
                buckets.len()
            }
        });
        assert_eq!(known.sum::<usize>(), places, "every place is known");
        assert!(self.collisions.len() <= MAX_COLLISIONS);
    }
}
