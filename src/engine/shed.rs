//! What is passed over when packets come faster than they are read.
//!
//! Connections, not packets: half of each would be of no use to anyone. Each has a rank, by a
//! hash that nobody outside can foresee, and those below a level are passed over. It refuses to
//! know what a connection is.

use super::load::Load;

/// Decides, and counts.
#[derive(Debug, Default)]
pub(super) struct Shed {
    /// Connections whose rank is below are passed over: none with 0, all with 256.
    level: u16,
    packets: u64,
}

impl Shed {
    /// After how many packets the load is looked at.
    pub(super) const LOOK: u64 = 256;
    const ALL: u16 = 256;
    /// How much the level falls at a time: so slowly that what was caught up is not lost again.
    const STEP: u16 = 2;

    /// Whether a connection with this hash is passed over.
    #[inline]
    pub(super) const fn passes_over(&self, hash: u64) -> bool {
        // These bits do not choose the worker.
        ((hash & 0xff) as u16) < self.level
    }

    /// Counts a packet.
    #[inline]
    pub(super) const fn count(&mut self, passed_over: bool) {
        self.packets += passed_over as u64;
    }

    /// Packets passed over so far.
    pub(super) const fn packets(&self) -> u64 {
        self.packets
    }

    /// The more of the room is taken beyond its half, the more is passed over. What was begun to
    /// be passed over stays so until most of it is free again.
    pub(super) fn look(&mut self, load: &Load) {
        let (half, queued) = (load.room / 2, load.queued);
        if queued > half {
            let over = (queued - half) * usize::from(Self::ALL) / half.max(1);
            self.level = self.level.max(over.min(usize::from(Self::ALL)) as u16);
        } else if queued == 0 {
            self.level = 0;
        } else if queued < half / 2 {
            self.level = self.level.saturating_sub(Self::STEP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_follows_the_load() {
        let mut shed = Shed::default();
        let ranks = |shed: &Shed| (0..256).filter(|hash| shed.passes_over(*hash)).count();
        for (queued, want) in
            [(0, 0), (15, 0), (16, 0), (20, 64), (17, 64), (9, 64), (7, 62), (7, 60), (32, 256), (1, 254), (0, 0)]
        {
            shed.look(&Load { queued, room: 32, ..Load::default() });
            assert_eq!(ranks(&shed), want, "{queued} of 32");
        }
    }
}
