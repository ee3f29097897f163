//! Owns `HeightRanges`: a set of heights, held as the ranges that they form.
//!
//! Refuses to name blocks: a height alone says nothing about the branch.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::height::Height;

/// A set of heights. It takes memory by its gaps, not by its heights.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeightRanges {
    /// From the first height of each range to its last. No two touch.
    ranges: BTreeMap<Height, Height>,
}

impl HeightRanges {
    /// Whether it holds a height.
    #[must_use]
    pub fn contains(&self, height: Height) -> bool {
        self.ranges.range(..=height).next_back().is_some_and(|(_, last)| *last >= height)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Adds every height of a range.
    pub fn insert(&mut self, range: RangeInclusive<Height>) {
        let (mut first, mut last) = range.into_inner();
        if first > last {
            return;
        }
        if let Some((start, end)) = self.ranges.range(..=first).next_back()
            && end.next() >= first
        {
            (first, last) = (*start, last.max(*end));
        }
        while let Some((start, end)) = self.ranges.range(first..=last.next()).next() {
            let (start, end) = (*start, *end);
            self.ranges.remove(&start);
            last = last.max(end);
        }
        self.ranges.insert(first, last);
    }

    /// Takes out one height.
    pub fn remove(&mut self, height: Height) {
        let Some((start, end)) = self.ranges.range(..=height).next_back() else { return };
        let (start, end) = (*start, *end);
        if end < height {
            return;
        }
        self.ranges.remove(&start);
        if let Some(below) = height.prev().filter(|below| *below >= start) {
            self.ranges.insert(start, below);
        }
        if height < end {
            self.ranges.insert(height.next(), end);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u32, u32),
        Remove(u32),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let height = 0_u32..40;
        prop_oneof![
            (height.clone(), 0_u32..8).prop_map(|(first, more)| Step::Insert(first, first + more)),
            height.prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_its_heights(steps in prop::collection::vec(any_step(), 0..60)) {
            let mut model = BTreeSet::new();
            let mut ranges = HeightRanges::default();
            for step in steps {
                match step {
                    Step::Insert(first, last) => {
                        model.extend(first..=last);
                        ranges.insert(Height::new(first)..=Height::new(last));
                    }
                    Step::Remove(height) => {
                        model.remove(&height);
                        ranges.remove(Height::new(height));
                    }
                }
                for height in 0..60 {
                    prop_assert_eq!(ranges.contains(Height::new(height)), model.contains(&height));
                }
                let gaps = ranges.ranges.iter().zip(ranges.ranges.iter().skip(1));
                for ((_, end), (start, _)) in gaps {
                    prop_assert!(end.next() < *start, "two ranges touch");
                }
                prop_assert_eq!(ranges.is_empty(), model.is_empty());
            }
        }
    }
}
