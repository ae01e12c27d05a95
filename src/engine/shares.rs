//! Which worker has which connections, and how many of all of them.
//!
//! It refuses to know what a connection is: it is given a hash.

use super::load::OverloadPolicy;

/// All connections, in parts of 2^32.
const ALL: u64 = 1 << 32;

/// Whose a connection is, by its hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shares {
    /// What the first worker has, where whoever takes packets apart does its work; nothing where all
    /// have the same.
    own: u64,
    /// How many have the rest, and how many of them come with each step of a hash, in 2^-48.
    others: u64,
    scale: u64,
}

impl Shares {
    /// Where there are few threads, who takes packets apart would wait for the others much of the time, and
    /// what it has just had in its hands is near. Not where packets come by themselves: there it has to
    /// be free for the next.
    pub(super) fn of(workers: usize, policy: OverloadPolicy) -> Self {
        Self::new(
            workers,
            match (policy, workers) {
                (OverloadPolicy::Block, 2) => ALL / 100 * 36,
                (OverloadPolicy::Block, 3) => ALL / 100 * 17,
                _ => 0,
            },
        )
    }

    fn new(workers: usize, own: u64) -> Self {
        let own = if workers > 1 { own.min(ALL - 1) } else { 0 };
        let others = (workers as u64).saturating_sub(u64::from(own > 0)).max(1);
        Self { own, others, scale: (others << 48) / (ALL - own) }
    }

    /// Whether who takes packets apart does the first worker's work.
    pub(super) const fn has_own(self) -> bool {
        self.own > 0
    }

    /// Whose the connection is that hashes so.
    #[inline]
    pub(super) fn worker(self, hash: u64) -> usize {
        let place = hash >> 32;
        let Some(rest) = place.checked_sub(self.own) else { return 0 };
        let other = (rest.wrapping_mul(self.scale) >> 48).min(self.others - 1);
        (other + u64::from(self.has_own())) as usize
    }

    /// What of so much memory is a worker's.
    pub(super) fn memory(self, worker: usize, all: usize) -> usize {
        let part = if self.has_own() && worker == 0 { self.own } else { (ALL - self.own) / self.others };
        // No more than all of it.
        ((all as u128 * u128::from(part)) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_memory_are_shared_alike() {
        for (workers, own) in [(1, 0), (1, 9), (2, 0), (2, ALL / 100 * 36), (3, ALL / 4), (8, 0), (8, 1), (2, u64::MAX)]
        {
            let shares = Shares::new(workers, own);
            let mut counts = vec![0_usize; workers];
            let many = 1 << 16;
            for place in 0..many {
                counts[shares.worker(place << 48 | 0xffff_ffff_ffff)] += 1;
            }
            for (worker, count) in counts.into_iter().enumerate() {
                let part = shares.memory(worker, many as usize);
                assert!(count.abs_diff(part) <= 2, "{workers} {own}: {count} and {part} of worker {worker}");
            }
        }
        assert!(Shares::of(2, OverloadPolicy::Block).has_own() && !Shares::of(2, OverloadPolicy::Shed).has_own());
    }
}
