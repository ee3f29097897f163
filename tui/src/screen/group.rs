//! Owns the groups of an address that are typed back, as the proof that it was compared.
//!
//! Refuses those at its ends, which an address that was made to look alike has right.

use billfold_wallet_core::command::Draft;
use billfold_wallet_core::recipient;

use crate::field::Field;
use crate::warning;

/// A group of an address that is typed back.
pub(super) struct Group {
    /// Its place, counted from 1.
    pub(super) number: usize,
    /// How many there are.
    pub(super) of: usize,
    wanted: String,
    /// What was typed.
    pub(super) typed: Field,
}

/// Two groups of each address that is to be compared: not the first nor the last, which are the ones that an
/// address made to look alike has right.
pub(super) fn of(draft: &Draft) -> Vec<Group> {
    let mut groups = Vec::new();
    for address in warning::to_compare(draft) {
        let grouped = recipient::grouped(address);
        let parts: Vec<_> = grouped.split(' ').collect();
        for at in [parts.len() / 3, parts.len() * 2 / 3] {
            if let Some(part) = parts.get(at) {
                let (number, of) = (at + 1, parts.len());
                groups.push(Group { number, of, wanted: (*part).to_owned(), typed: Field::new() });
            }
        }
    }
    groups
}

impl Group {
    /// Whether it was typed right.
    pub(super) fn is_right(&self) -> bool {
        self.typed.text().trim().eq_ignore_ascii_case(&self.wanted)
    }
}
