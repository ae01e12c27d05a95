//! How many of the sightings in one text are kept, and how many were not.
//!
//! It refuses to know what was seen.

use std::collections::HashMap;

/// So many sightings of one text are kept.
const MOST_SIGHTINGS: usize = 1000;

/// Beyond those, so many of each rule or canary are: a text with very many of one kind does not hide
/// the few of another behind them.
const FEW: u8 = 4;

/// What was found in texts, or might have been, and is not among the findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unkept {
    /// Sightings beyond the first thousand in one text.
    pub sightings: u64,
    /// Places beyond those of one text that are tried at a time.
    pub candidates: u64,
}

impl std::ops::AddAssign for Unkept {
    fn add_assign(&mut self, other: Self) {
        let Self { sightings, candidates } = other;
        self.sightings = self.sightings.saturating_add(sightings);
        self.candidates = self.candidates.saturating_add(candidates);
    }
}

/// Decides which sightings of one text are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Quota {
    kept: usize,
    /// How many of each kind were kept beyond the first thousand.
    few: HashMap<u32, u8>,
    pub(super) unkept: Unkept,
}

impl Quota {
    /// Whether a sighting of the rule or canary with this number is kept. Counts it where it is not.
    pub(super) fn admits(&mut self, kind: u32) -> bool {
        if self.kept < MOST_SIGHTINGS {
            self.kept += 1;
            return true;
        }
        let few = self.few.entry(kind).or_default();
        if *few < FEW {
            *few += 1;
            return true;
        }
        self.unkept.sightings += 1;
        false
    }

    /// What was kept so far was taken out: there is room again.
    pub(super) fn renew(&mut self) {
        self.kept = 0;
        self.few.clear();
    }

    /// Memory held besides `self`, in bytes.
    pub(super) fn weight(&self) -> usize {
        self.few.capacity() * size_of::<(u32, u8)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thousand_are_kept_and_a_few_of_each_kind_behind_them() {
        let mut quota = Quota::default();
        assert!((0..1000).all(|_| quota.admits(1)));
        let kept = [1, 1, 1, 1, 1, 2, 1, 2].map(|kind| quota.admits(kind));
        assert_eq!(kept, [true, true, true, true, false, true, false, true]);
        assert_eq!(quota.unkept, Unkept { sightings: 2, candidates: 0 });
        quota.renew();
        assert!(quota.admits(1));
        assert_eq!(quota.unkept.sightings, 2);
    }
}
