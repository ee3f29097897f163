//! Owns `Debts`: at which heights filters are still to be matched, and for which scripts.
//!
//! Refuses to pay in parts: a height is taken with all that it owes.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use crate::height::Height;

/// Scripts, by their places in the watch list, that filters are to be matched for, by height.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Debts {
    /// From the first height of each range to its last, and the scripts. No two overlap.
    runs: BTreeMap<Height, (Height, Range<usize>)>,
}

impl Debts {
    /// Whether nothing is owed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The lowest height that owes anything.
    #[must_use]
    pub fn lowest(&self) -> Option<Height> {
        self.runs.first_key_value().map(|(first, _)| *first)
    }

    /// Every height of a range owes these scripts too. Where it owes others, it owes the least
    /// range of places that holds both.
    pub fn add(&mut self, range: RangeInclusive<Height>, scripts: &Range<usize>) {
        let (mut first, last) = range.into_inner();
        if first > last || scripts.is_empty() {
            return;
        }
        self.split_at(first);
        self.split_at(last.next());
        while first <= last {
            let run = self.runs.range_mut(first..=last).next();
            match run {
                Some((start, (end, owed))) if *start == first => {
                    *owed = owed.start.min(scripts.start)..owed.end.max(scripts.end);
                    first = end.next();
                }
                run => {
                    let end = run.map_or(last, |(start, _)| start.down(1));
                    self.runs.insert(first, (end, scripts.clone()));
                    first = end.next();
                }
            }
        }
    }

    /// Takes the lowest height that may be taken, with the scripts that it owes.
    pub fn take_lowest(
        &mut self,
        mut may: impl FnMut(Height) -> bool,
    ) -> Option<(Height, Range<usize>)> {
        let mut heights = self.runs.iter().flat_map(|(first, (last, scripts))| {
            let heights = (first.to_u32()..=last.to_u32()).map(Height::new);
            heights.map(move |height| (height, scripts))
        });
        let (height, scripts) = heights.find(|(height, _)| may(*height))?;
        let scripts = scripts.clone();
        self.split_at(height);
        self.split_at(height.next());
        self.runs.remove(&height);
        Some((height, scripts))
    }

    /// Forgets what is above `height`.
    pub fn truncate_above(&mut self, height: Height) {
        self.split_at(height.next());
        self.runs.split_off(&height.next());
    }

    /// Makes `height` the first of its range.
    fn split_at(&mut self, height: Height) {
        let Some((_, (last, scripts))) = self.runs.range_mut(..height).next_back() else { return };
        if *last >= height {
            let upper = (*last, scripts.clone());
            *last = height.down(1);
            self.runs.insert(height, upper);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Add(u32, u32, usize, usize),
        TakeAbove(u32),
        Truncate(u32),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let height = 0_u32..30;
        prop_oneof![
            (height.clone(), 0_u32..9, 0_usize..9, 0_usize..4).prop_map(
                |(first, more, from, count)| Step::Add(first, first + more, from, from + count)
            ),
            height.clone().prop_map(Step::TakeAbove),
            height.prop_map(Step::Truncate),
        ]
    }

    proptest! {
        #[test]
        fn it_is_a_map_from_heights_to_scripts(steps in prop::collection::vec(any_step(), 0..40)) {
            let mut model: BTreeMap<u32, Range<usize>> = BTreeMap::new();
            let mut debts = Debts::default();
            for step in steps {
                match step {
                    Step::Add(first, last, from, to) => {
                        debts.add(Height::new(first)..=Height::new(last), &(from..to));
                        for height in (first..=last).filter(|_| from < to) {
                            let owed = model.entry(height).or_insert(from..to);
                            *owed = owed.start.min(from)..owed.end.max(to);
                        }
                    }
                    Step::TakeAbove(height) => {
                        let taken = debts.take_lowest(|at| at > Height::new(height));
                        let expected = model.range(height + 1..).next();
                        let expected = expected.map(|(h, scripts)| (*h, scripts.clone()));
                        prop_assert_eq!(
                            taken.map(|(h, scripts)| (h.to_u32(), scripts)),
                            expected.clone()
                        );
                        expected.map(|(height, _)| model.remove(&height));
                    }
                    Step::Truncate(height) => {
                        debts.truncate_above(Height::new(height));
                        model.retain(|at, _| *at <= height);
                    }
                }
                let mut copy = debts.clone();
                let mut owed = BTreeMap::new();
                while let Some((height, scripts)) = copy.take_lowest(|_| true) {
                    owed.insert(height.to_u32(), scripts);
                }
                prop_assert_eq!(&owed, &model);
                prop_assert_eq!(debts.is_empty(), model.is_empty());
            }
        }
    }
}
