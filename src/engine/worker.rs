//! A worker: reads its own connections' part of each batch.
//!
//! It refuses to know that there are threads; others it knows by their share of the memory.

use super::batch::Batch;
use crate::analyzer::{Config, Event, Moment, Shard, Tally};
use crate::decode::Unit;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Reads its part.
pub(super) struct Worker {
    number: usize,
    shard: Shard,
    budget: Arc<Budget>,
    /// What was heard already. One is let go of whenever there is a new one, which then takes its
    /// place in memory: hundreds at a time would cost the allocator more than all that it does
    /// besides.
    heard: Vec<(Moment, Event)>,
}

/// What a worker tells of a batch.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// With which units streams began: its next ones.
    pub(super) begun: Vec<u64>,
    /// In order.
    pub(super) events: Vec<(Moment, Event)>,
    /// The streams, by its own count, of which nothing more will be told.
    pub(super) forgotten: Vec<u64>,
    /// What the events hold, in bytes.
    pub(super) weight: usize,
}

/// Memory for the connections of all workers.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    used: Vec<AtomicUsize>,
}

impl Budget {
    pub(super) fn new(bytes: usize, workers: usize) -> Self {
        Self { bytes, used: (0..workers).map(|_| AtomicUsize::new(0)).collect() }
    }

    /// What the workers use together.
    pub(super) fn used(&self) -> usize {
        self.used.iter().map(|used| used.load(Ordering::Relaxed)).sum()
    }

    /// What a worker may use: what the others leave, and its share in any case. Whoever has more
    /// than its share gives it back with its next batch.
    fn of(&self, number: usize) -> usize {
        let own = self.used.get(number).map_or(0, |used| used.load(Ordering::Relaxed));
        let others = self.used().saturating_sub(own);
        self.bytes.saturating_sub(others).max(self.bytes / self.used.len().max(1))
    }

    fn uses(&self, number: usize, bytes: usize) {
        if let Some(used) = self.used.get(number) {
            used.store(bytes, Ordering::Relaxed);
        }
    }
}

impl Worker {
    pub(super) fn new(number: usize, config: &Config, budget: Arc<Budget>) -> Self {
        Self { number, shard: config.shared_shard(), budget, heard: Vec::new() }
    }

    /// Reads its part of the batch. `told` may hold what it told before, which it lets go of.
    pub(super) fn work(&mut self, batch: &Batch, told: &mut Told) {
        let Self { number, shard, budget, heard } = self;
        let Told { begun, events, forgotten, weight } = told;
        *weight = 0;
        begun.clear();
        forgotten.clear();
        heard.append(events);
        shard.limit_memory(budget.of(*number));
        let mut sink = |moment, event: Event| {
            *weight += event.weight();
            events.push((moment, event));
            heard.pop();
        };
        let mut quiet = batch.quiet.iter().copied().peekable();
        for item in batch.part(*number) {
            while let Some(at) = quiet.next_if(|at| *at <= item.packet) {
                shard.quiet(at, &mut sink);
            }
            match batch.unit(item) {
                Unit::Segment(segment) => {
                    if shard.segment(item.packet, item.serial, &segment, &mut sink) {
                        begun.push(item.serial);
                    }
                }
                Unit::Datagram(datagram) => shard.datagram(item.packet, item.serial, &datagram, &mut sink),
            }
        }
        quiet.for_each(|at| shard.quiet(at, &mut sink));
        if let Some(latest) = batch.end.checked_sub(1) {
            shard.expire(latest, &mut sink);
        }
        if batch.last {
            shard.finish(batch.end, &mut sink);
        }
        forgotten.append(&mut shard.take_forgotten());
        heard.truncate(events.len());
        budget.uses(*number, shard.memory());
    }

    pub(super) fn tally(&self) -> Tally {
        self.shard.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_may_have_what_the_others_leave_and_its_share_in_any_case() {
        let budget = Budget::new(1000, 4);
        assert_eq!(budget.of(0), 1000);
        budget.uses(1, 600);
        assert_eq!((budget.of(0), budget.of(1), budget.used()), (400, 1000, 600));
        budget.uses(2, 400);
        assert_eq!((budget.of(0), budget.of(1), budget.of(2)), (250, 600, 400));
    }
}
