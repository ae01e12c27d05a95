//! The part of the analyzer that several can share between them: connections, and what is made of
//! their bytes.
//!
//! Each takes the segments of its own connections, in the order of the capture, and tells what it
//! would tell if it took them all. It refuses to know how many others there are.

use super::event::Event;
use super::streams::{StreamState, Streams};
use crate::decode::{Datagram, Segment};
use crate::leak::{Severity, Unkept};
use crate::protocol::Traffics;
use crate::tcp::{self, Due, Flows, Limits};

/// Connections and their streams.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(super) flows: Flows<StreamState>,
    pub(super) streams: Streams,
}

/// When something is told: in this order one that takes every segment tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// The packet that brought it about, counted from 0.
    packet: u64,
    cause: Cause,
}

/// What about a packet brings something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// That it comes at all: something waited long enough. What shows up by that in a quiet time
    /// is given up in another round.
    Wait { round: u32, due: Due },
    /// What is in it: the segment or datagram with this number in the capture.
    Unit(u64),
}

/// What a shard counted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(super) tcp: tcp::Counters,
    pub(super) exchanges: u64,
    pub(super) findings: [u64; Severity::ALL.len()],
    pub(super) allowed: u64,
    pub(super) unkept: Unkept,
    pub(super) protocols: Traffics,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.tcp += other.tcp;
        self.exchanges += other.exchanges;
        self.allowed += other.allowed;
        self.unkept += other.unkept;
        self.protocols += other.protocols;
        for (sum, count) in self.findings.iter_mut().zip(other.findings) {
            *sum += count;
        }
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |mut sum, tally| {
            sum += tally;
            sum
        })
    }
}

impl Moment {
    const fn unit(packet: u64, serial: u64) -> Self {
        Self { packet, cause: Cause::Unit(serial) }
    }
}

impl Shard {
    /// One that has seen nothing, with so many bytes of memory for its connections.
    pub(super) fn new(streams: Streams, memory: usize) -> Self {
        Self { flows: Flows::new(Limits { memory, ..Limits::default() }), streams }
    }

    /// Memory held by what is buffered, in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.flows.memory()
    }

    /// All packets up to this one have come, whoever's they are: what waited long enough is
    /// given up.
    pub(crate) fn expire(&mut self, packet: u64, sink: &mut impl FnMut(Moment, Event)) {
        while let Some(due) = self.flows.first_due() {
            if packet < due.index {
                break;
            }
            let moment = Moment { packet: due.index, cause: Cause::Wait { round: 0, due } };
            let mut sink = |event| sink(moment, event);
            self.flows.give_up_first(due.index, &mut self.streams.with(&mut sink));
        }
    }

    /// There was a quiet time before this packet: whatever is waited for is given up.
    pub(crate) fn quiet(&mut self, packet: u64, sink: &mut impl FnMut(Moment, Event)) {
        if let Some(before) = packet.checked_sub(1) {
            self.expire(before, sink);
        }
        let mut round = 0;
        while self.flows.waiting() > 0 {
            for _ in 0..self.flows.waiting() {
                let Some(due) = self.flows.first_due() else { return };
                let moment = Moment { packet, cause: Cause::Wait { round, due } };
                let mut sink = |event| sink(moment, event);
                self.flows.give_up_first_as_old(&mut self.streams.with(&mut sink));
            }
            round += 1;
        }
    }

    /// Takes a segment in this packet, which has this number among all units. True where a
    /// stream begins with it, or may.
    pub(crate) fn segment(
        &mut self,
        packet: u64,
        serial: u64,
        segment: &Segment<'_>,
        sink: &mut impl FnMut(Moment, Event),
    ) -> bool {
        self.expire(packet, sink);
        self.flows.number_next(serial);
        let numbered = self.flows.numbered();
        let mut sink = |event| sink(Moment::unit(packet, serial), event);
        self.flows.segment(packet, segment, &mut self.streams.with(&mut sink));
        self.flows.numbered() > numbered
    }

    /// Takes a datagram in this packet.
    pub(crate) fn datagram(
        &mut self,
        packet: u64,
        serial: u64,
        datagram: &Datagram<'_>,
        sink: &mut impl FnMut(Moment, Event),
    ) {
        self.expire(packet, sink);
        let mut sink = |event| sink(Moment::unit(packet, serial), event);
        self.streams.with(&mut sink).datagram(datagram);
    }

    /// The capture is over: tells what was still open, stream by stream in their order.
    pub(crate) fn finish(&mut self, sink: &mut impl FnMut(Event)) {
        self.flows.finish(&mut self.streams.with(sink));
    }

    /// The streams of which nothing more will be told, by its own count, since the last call.
    pub(crate) fn take_forgotten(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.streams.trace.forgotten)
    }

    /// Whether it has few messages to read into.
    pub(crate) fn lacks_messages(&self) -> bool {
        self.streams.lacks_messages()
    }

    /// Takes back what it told, to read into it.
    pub(crate) fn reuse(&mut self, told: Event) {
        self.streams.reuse(told);
    }

    /// What it counted so far.
    pub(crate) fn tally(&self) -> Tally {
        let Streams { exchanges, findings, allowed, protocols, .. } = self.streams;
        Tally { tcp: self.flows.counters(), exchanges, findings, allowed, unkept: self.streams.unkept(), protocols }
    }
}
