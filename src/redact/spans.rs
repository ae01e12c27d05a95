//! Sets of ranges: sorted, without overlap, quick to ask what of a range is in them.
//!
//! They refuse to know what is counted.

use std::ops::Range;

/// A set of ranges of numbers, built first and asked then.
#[derive(Debug, Clone, Default)]
pub(super) struct Spans {
    ranges: Vec<Range<u64>>,
    /// Whether `ranges` are in order and apart.
    sorted: bool,
}

impl Spans {
    /// Adds a range; an empty one changes nothing.
    pub(super) fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        self.sorted = false;
        match self.ranges.last_mut() {
            // What is read in order stays one range.
            Some(last) if last.start <= range.start && range.start <= last.end => last.end = last.end.max(range.end),
            _ => self.ranges.push(range),
        }
    }

    /// To be called once everything is added.
    pub(super) fn sort(&mut self) {
        if self.sorted {
            return;
        }
        self.sorted = true;
        self.ranges.sort_unstable_by_key(|range| range.start);
        self.ranges.dedup_by(|next, before| {
            let meets = next.start <= before.end;
            if meets {
                before.end = before.end.max(next.end);
            }
            meets
        });
    }

    /// What of `range` is in the set, in order.
    pub(super) fn within(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        debug_assert!(self.sorted || self.ranges.len() < 2);
        let first = self.ranges.partition_point(|known| known.end <= range.start);
        let rest = self.ranges.get(first..).unwrap_or_default().iter();
        let (start, end) = (range.start, range.end);
        rest.take_while(move |known| known.start < end).map(move |known| known.start.max(start)..known.end.min(end))
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.ranges.iter().cloned()
    }

    /// Memory held besides `self`, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.ranges.capacity() * size_of::<Range<u64>>()
    }

    /// The numbers in the set, taken as one text: where its bytes from `offset` on, `length` of
    /// them, stand.
    pub(super) fn of_text(&self, offset: u64, length: u64) -> Vec<Range<u64>> {
        let (mut skip, mut left) = (offset, length);
        let mut found = Vec::new();
        for range in &self.ranges {
            let size = range.end - range.start;
            if skip >= size {
                skip -= size;
                continue;
            }
            let take = left.min(size - skip);
            if take == 0 {
                break;
            }
            found.push(range.start + skip..range.start + skip + take);
            (skip, left) = (0, left - take);
        }
        found
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // one range is meant
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_in_pieces() {
        let mut spans = Spans::default();
        for range in [10..14, 20..22, 30..40] {
            spans.add(range);
        }
        for (offset, length, want) in [
            (0, 3, vec![10..13]),
            (3, 4, vec![13..14, 20..22, 30..31]),
            (4, 2, vec![20..22]),
            (6, 100, vec![30..40]),
            (16, 1, vec![]),
            (2, 0, vec![]),
        ] {
            assert_eq!(spans.of_text(offset, length), want, "{offset} {length}");
        }
    }

    proptest! {
        #[test]
        fn as_a_set_of_numbers(
            ranges in prop::collection::vec((0u64..60, 0u64..10), 0..20),
            asked in (0u64..70, 0u64..30),
        ) {
            let mut spans = Spans::default();
            let mut model = std::collections::BTreeSet::new();
            for (start, length) in ranges {
                spans.add(start..start + length);
                model.extend(start..start + length);
            }
            spans.sort();
            let all: Vec<u64> = spans.iter().flatten().collect();
            prop_assert_eq!(&all, &model.iter().copied().collect::<Vec<_>>());
            let range = asked.0..asked.0 + asked.1;
            let within: Vec<u64> = spans.within(range.clone()).flatten().collect();
            prop_assert_eq!(within, model.range(range).copied().collect::<Vec<_>>());
        }
    }
}
