//! Packets in, events out.

use super::config::Config;
use super::counters::Counters;
use super::event::Event;
use super::shard::Shard;
use crate::decode::Unit;
use crate::packet::{Packet, PacketId};
use crate::pipeline::Front;

/// Reads packets and tells what they say.
#[derive(Debug)]
pub struct Analyzer {
    front: Front,
    shard: Shard,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    pub fn new(config: &Config) -> Self {
        Self { front: config.front(), shard: config.shard(config.memory_split().connections) }
    }

    /// Takes the next packet; `sink` is given what it completes.
    pub fn packet(&mut self, packet: &Packet<'_>, mut sink: impl FnMut(Event)) {
        let Self { front, shard: Shard { flows, streams } } = self;
        streams.trace.touched.clear();
        let fragments = front.counters().fragments;
        front.packet(packet, flows, &mut streams.with(&mut sink), |unit, flows, handler| match unit {
            Unit::Segment(segment) => handler.touched(segment.place.packet, flows.latest()),
            Unit::Datagram(datagram) => handler.datagram(datagram),
        });
        streams.trace.waits = front.counters().fragments > fragments;
    }

    /// The streams that the latest packet belongs to, with its number; and those of earlier
    /// packets that were waiting as fragments until this one came. Nothing without
    /// [`Config::trace`].
    pub fn touched(&self) -> &[(PacketId, u64)] {
        &self.shard.streams.trace.touched
    }

    /// Whether the latest packet is a fragment that waits for others.
    pub const fn waits(&self) -> bool {
        self.shard.streams.trace.waits
    }

    /// The streams that ended since the last call: they show nothing more. Nothing without
    /// [`Config::trace`].
    pub fn closed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.shard.streams.trace.closed)
    }

    /// Says that a second has passed without a packet, so that a live view need not wait for
    /// the next one. It changes when something is told, never what.
    pub fn quiet(&mut self, mut sink: impl FnMut(Event)) {
        let Shard { flows, streams } = &mut self.shard;
        flows.quiet(&mut streams.with(&mut sink));
    }

    /// The capture is over: tells what was still open.
    pub fn finish(&mut self, mut sink: impl FnMut(Event)) {
        self.front.finish();
        let Shard { flows, streams } = &mut self.shard;
        flows.finish(&mut streams.with(&mut sink));
    }

    /// Takes back what it told, where that is done with: what comes next is read into it.
    pub fn reuse(&mut self, told: Event) {
        self.shard.reuse(told);
    }

    /// How often captured bytes were not searched so far: the sum of
    /// [`Loss::leaves_captured_bytes_unsearched`], quick enough to be asked after each packet.
    pub(crate) fn unsearched(&self) -> u64 {
        let (tally, decoder) = (self.shard.tally(), self.front.counters());
        tally.tcp.idle_streams_let_go
            + tally.tcp.early_segments_let_go
            + decoder.fragments_lost()
            + tally.unkept.sightings
            + tally.unkept.candidates
    }

    /// Memory held by what is buffered, in bytes; never more than [`Config::memory`].
    pub fn memory(&self) -> usize {
        self.shard.memory() + self.front.memory()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        Counters::sum(self.front.packets(), self.front.bytes(), self.front.counters(), &self.shard.tally())
    }
}
