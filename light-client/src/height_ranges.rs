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

    /// The last height of the range that `height` is in.
    #[must_use]
    pub fn run(&self, height: Height) -> Option<Height> {
        let (_, last) = self.ranges.range(..=height).next_back()?;
        (*last >= height).then_some(*last)
    }

    /// The first range of heights that it does not hold, between two heights.
    #[must_use]
    pub fn gap(&self, within: RangeInclusive<Height>) -> Option<RangeInclusive<Height>> {
        let (from, to) = within.into_inner();
        let first = self.run(from).map_or(from, Height::next);
        let above = self.ranges.range(first..).next();
        let last = above.and_then(|(start, _)| start.prev()).map_or(to, |last| last.min(to));
        (first <= last).then_some(first..=last)
    }

    /// The lowest height in it that is not below this one.
    #[must_use]
    pub fn next_from(&self, height: Height) -> Option<Height> {
        if self.contains(height) {
            return Some(height);
        }
        self.ranges.range(height..).next().map(|(first, _)| *first)
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

    /// Takes out everything above a height.
    pub fn truncate_above(&mut self, height: Height) {
        self.ranges.split_off(&height.next());
        if let Some((_, last)) = self.ranges.iter_mut().next_back() {
            *last = height.min(*last);
        }
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
        Truncate(u32),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let height = 0_u32..40;
        prop_oneof![
            (height.clone(), 0_u32..8).prop_map(|(first, more)| Step::Insert(first, first + more)),
            height.clone().prop_map(Step::Remove),
            height.prop_map(Step::Truncate),
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
                    Step::Truncate(height) => {
                        model.retain(|kept| *kept <= height);
                        ranges.truncate_above(Height::new(height));
                    }
                }
                for height in 0..60 {
                    prop_assert_eq!(ranges.contains(Height::new(height)), model.contains(&height));
                }
                for from in 0..60 {
                    let next = model.range(from..).next().map(|height| Height::new(*height));
                    prop_assert_eq!(ranges.next_from(Height::new(from)), next);
                }
                for from in 0..50 {
                    let first = (from..50).find(|height| !model.contains(height));
                    let free = |height: &u32| !model.contains(height);
                    let last = first.and_then(|first| (first..50).take_while(free).last());
                    let gap = ranges.gap(Height::new(from)..=Height::new(49));
                    let gap = gap.map(|gap| (gap.start().to_u32(), gap.end().to_u32()));
                    prop_assert_eq!(gap, first.zip(last));
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
