//! What of a capture was not searched whole, so that nobody can say that no secret is left there.

use crate::analyzer::{Incomplete, Loss};
use crate::packet::PacketId;
use std::collections::BTreeMap;
use std::fmt;

/// So many packets are named.
const MOST_NAMED: usize = 5;

/// What was not searched whole, and at which packets that came about; empty where all was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unsearched {
    reasons: BTreeMap<Loss, u64>,
    /// The first packets at which something was given up.
    packets: Vec<PacketId>,
    /// How many such packets there are.
    count: u64,
    /// The sum of losses up to the latest packet.
    sum: u64,
}

impl Unsearched {
    /// Whether all was searched.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether more memory would have helped.
    pub fn is_for_memory(&self) -> bool {
        [Loss::StreamsEvicted, Loss::SegmentsEvicted].iter().any(|loss| self.reasons.contains_key(loss))
    }

    /// The sum of losses after a packet.
    pub(super) fn at(&mut self, packet: PacketId, sum: u64) {
        if sum > self.sum {
            self.sum = sum;
            self.count += 1;
            if self.packets.len() < MOST_NAMED {
                self.packets.push(packet);
            }
        }
    }

    /// The capture is over, and this was not seen of it.
    pub(super) fn finish(&mut self, incomplete: &Incomplete) {
        self.reasons = incomplete.iter().filter(|(loss, _)| loss.leaves_captured_bytes_unsearched()).collect();
    }

    /// Joins what was not searched of the copy, which has the packets of the capture: the worse of
    /// both for each reason.
    pub(super) fn join(&mut self, other: Self) {
        for (loss, count) in other.reasons {
            let known = self.reasons.entry(loss).or_default();
            *known = count.max(*known);
        }
        if other.count > self.count {
            (self.packets, self.count) = (other.packets, other.count);
        }
    }
}

impl fmt::Display for Unsearched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (loss, count)) in self.reasons.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{} ({count})", loss.name())?;
        }
        if self.packets.is_empty() {
            return write!(f, "; noticed at the end");
        }
        let plural = if self.count == 1 { "" } else { "s" };
        let named: Vec<_> = self.packets.iter().map(ToString::to_string).collect();
        write!(f, "; given up at {} packet{plural}: {}", self.count, named.join(", "))?;
        let more = self.count.saturating_sub(named.len() as u64);
        if more > 0 {
            write!(f, " and {more} more")?;
        }
        Ok(())
    }
}
