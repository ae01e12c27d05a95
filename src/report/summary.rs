//! What stands at the end of a report.

use crate::analyzer::{Counters, Incomplete, Loss};

/// What is told once everything was read.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What the analyzer counted.
    pub counters: Counters,
    /// What the capture lost; nothing where it was replayed.
    pub dropped: Dropped,
    /// Entries of the baseline without a `secret_id`: they match any secret at their place.
    pub baseline_without_ids: u64,
}

impl Summary {
    /// What was not seen, the packets that the capture lost among it.
    pub fn incomplete(&self) -> Incomplete {
        let Dropped { kernel, interface, queue } = self.dropped;
        let mut incomplete = self.counters.incomplete.clone();
        incomplete.add(Loss::DroppedByKernel, kernel);
        incomplete.add(Loss::DroppedByInterface, interface);
        incomplete.add(Loss::DroppedByQueue, queue);
        incomplete
    }
}

/// Packets that a capture lost before anyone could look at them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// By the kernel, whose buffer was full.
    pub kernel: u64,
    /// By the interface or its driver.
    pub interface: u64,
    /// By ourselves, whose queue had no room for them.
    pub queue: u64,
}
