//! The first stage: packets are counted, timed and decoded, and what was decoded goes to the connections.

use crate::decode::{self, Decoder, Unit};
use crate::packet::{Packet, Timestamp};
use crate::tcp::{Flows, Handler};

/// A step of the packets' time this long, in nanoseconds, is a quiet time: what was going to come late
/// has come.
const QUIET: i64 = 1_000_000_000;

/// Takes packets in their order.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) decoder: Decoder,
    packets: u64,
    bytes: u64,
    latest: Option<Timestamp>,
}

/// How a packet stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Its number, from 0.
    pub(crate) index: u64,
    /// Whether a quiet time precedes it.
    pub(crate) after_quiet: bool,
}

impl Front {
    /// One that has seen nothing yet.
    pub(crate) const fn new(decoder: Decoder) -> Self {
        Self { decoder, packets: 0, bytes: 0, latest: None }
    }

    /// Counts and times the next packet.
    #[inline]
    pub(crate) fn arrive(&mut self, packet: &Packet<'_>) -> Arrival {
        let index = self.packets;
        self.packets += 1;
        self.bytes += packet.data.len() as u64;
        let after_quiet = self.latest.is_some_and(|latest| packet.timestamp.since(latest) >= QUIET);
        self.latest = Some(packet.timestamp);
        Arrival { index, after_quiet }
    }

    /// Takes the next packet to `flows`. `after` is given each unit in it; a segment once it was taken, a
    /// datagram instead.
    #[inline]
    pub(crate) fn packet<T: Default, H: Handler<T>>(
        &mut self,
        packet: &Packet<'_>,
        flows: &mut Flows<T>,
        handler: &mut H,
        mut after: impl FnMut(&Unit<'_>, &mut Flows<T>, &mut H),
    ) {
        let Arrival { index, after_quiet } = self.arrive(packet);
        if after_quiet {
            flows.quiet(handler);
        } else {
            flows.expire(index, handler);
        }
        self.decoder.packet(packet, &mut |unit| {
            if let Unit::Segment(segment) = &unit {
                flows.segment(index, segment, handler);
            }
            after(&unit, flows, handler);
        });
    }

    /// How many packets came.
    pub(crate) const fn packets(&self) -> u64 {
        self.packets
    }

    /// How many bytes of them were captured.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the decoder counted.
    pub(crate) const fn counters(&self) -> &decode::Counters {
        self.decoder.counters()
    }

    /// Memory held by fragments, in bytes.
    pub(crate) const fn memory(&self) -> usize {
        self.decoder.memory()
    }

    /// The capture is over.
    pub(crate) fn finish(&mut self) {
        self.decoder.finish();
    }
}
