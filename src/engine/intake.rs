//! The caller's side: packets are taken apart once, in their order, and what is in them is put
//! where its worker finds it.
//!
//! It refuses to know threads.

use super::batch::Batch;
use super::load::{Load, OverloadPolicy};
use super::shares::Shares;
use super::shed::Shed;
use crate::analyzer::{Config, Counters, Tally};
use crate::decode::{Endpoint, FourTuple, Unit};
use crate::packet::{Packet, Shared};
use crate::pipeline::{Arrival, Front};
use std::hash::BuildHasher;
use std::net::IpAddr;

/// How many segments and datagrams a batch holds at most.
const MOST_ITEMS: usize = 2048;

/// Packets in, batches out.
pub(super) struct Intake {
    front: Front,
    batch: Option<Batch>,
    /// When a batch is full, in bytes.
    room: usize,
    shares: Shares,
    /// Keyed, so that nobody can choose connections that all fall to one worker.
    hasher: foldhash::fast::RandomState,
    /// Before which packets there was a quiet time, for the next batch.
    quiet: Vec<u64>,
    /// Whether nothing has come since the last of those.
    calm: bool,
    datagrams: bool,
    serial: u64,
    shed: Option<Shed>,
}

impl Intake {
    pub(super) fn new(config: &Config, shares: Shares, policy: OverloadPolicy) -> Self {
        Self {
            front: config.front(),
            batch: None,
            room: super::crew::Room::of(config, policy).batch,
            shares,
            hasher: foldhash::fast::RandomState::default(),
            quiet: Vec::new(),
            calm: false,
            datagrams: config.reads_datagrams(),
            serial: 0,
            shed: (policy == OverloadPolicy::Shed).then(Shed::default),
        }
    }

    /// Takes a packet, which may be a part of what is `shared`. `empty` gives an empty batch, where there
    /// is one.
    #[inline]
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        shared: Option<&Shared>,
        empty: impl FnOnce() -> Option<Batch>,
    ) {
        let Arrival { index, after_quiet } = self.front.arrive(packet);
        if after_quiet {
            self.quiet(index);
        }
        if self.batch.is_none() {
            self.batch = empty();
        }
        let Self { front, batch, hasher, shares, serial, calm, datagrams, shed, .. } = self;
        let mut passed_over = false;
        front.decoder.packet(packet, &mut |unit| {
            let four_tuple = match &unit {
                Unit::Segment(segment) => Some(&segment.four_tuple),
                Unit::Datagram(datagram) if *datagrams => datagram.four_tuple.as_ref(),
                Unit::Datagram(_) => return,
            };
            *serial += 1;
            // What has no ends belongs to no connection: any worker may read it.
            let hash = four_tuple.map_or_else(|| hasher.hash_one(index), |ends| connection(hasher, ends));
            let batch = batch.as_mut().filter(|_| shed.as_ref().is_none_or(|shed| !shed.passes_over(hash)));
            let Some(batch) = batch else {
                passed_over = true;
                return;
            };
            *calm = false;
            batch.push(shares.worker(hash), index, *serial, &unit, shared);
        });
        if let Some(shed) = &mut self.shed {
            shed.count(passed_over);
        }
    }

    /// A quiet time precedes the packet with this index.
    fn quiet(&mut self, index: u64) {
        // Of two with nothing in between the second changes nothing.
        if !std::mem::replace(&mut self.calm, true) {
            self.quiet.push(index);
        }
    }

    /// A quiet time precedes the next packet.
    pub(super) fn quiet_now(&mut self) {
        self.quiet(self.front.packets());
    }

    /// Whether the batch takes no more.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        let batch_is =
            |batch: &Batch| batch.items() >= MOST_ITEMS || batch.bytes() >= self.room || batch.holds_enough();
        self.batch.as_ref().is_some_and(batch_is) || self.quiet.len() >= MOST_ITEMS
    }

    /// Whether a worker has something to do with what came.
    pub(super) fn has_some(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.items() > 0) || !self.quiet.is_empty()
    }

    /// Ends the batch; `last` where no other will come. Where there is none, `empty` may give one.
    pub(super) fn seal(&mut self, last: bool, empty: impl FnOnce() -> Option<Batch>) -> Option<Batch> {
        let mut batch = self.batch.take().or_else(empty)?;
        std::mem::swap(&mut batch.quiet, &mut self.quiet);
        batch.end = self.front.packets();
        batch.last = last;
        Some(batch)
    }

    /// Looks at how much there is to do, and decides what is passed over from now on.
    pub(super) fn look(&mut self, load: &Load) {
        if let Some(shed) = &mut self.shed {
            shed.look(load);
        }
    }

    /// Whether it is time to look at how much there is to do.
    #[inline]
    pub(super) fn wants_to_look(&self) -> bool {
        self.shed.is_some() && self.front.packets().is_multiple_of(Shed::LOOK)
    }

    pub(super) fn finish(&mut self) {
        self.front.finish();
    }

    /// Packets passed over so far.
    pub(super) fn shed(&self) -> u64 {
        self.shed.as_ref().map_or(0, Shed::packets)
    }

    pub(super) const fn memory(&self) -> usize {
        self.front.memory()
    }

    pub(super) fn counters(&self, tally: &Tally) -> Counters {
        Counters::sum(self.front.packets(), self.front.bytes(), self.front.counters(), tally)
    }
}

/// A hash of a connection's ends, the same for both directions.
#[inline]
fn connection(hasher: &foldhash::fast::RandomState, ends: &FourTuple) -> u64 {
    let (a, b) = (key(&ends.source), key(&ends.destination));
    hasher.hash_one(if a <= b { (a, b) } else { (b, a) })
}

fn key(end: &Endpoint) -> (u128, u16) {
    match end.address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), end.port),
        IpAddr::V6(address) => (address.to_bits(), end.port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn both_directions_fall_to_one_worker_and_connections_to_all() {
        let hasher = foldhash::fast::RandomState::default();
        let (mut counts, shares) = ([0; 4], Shares::of(4, OverloadPolicy::Shed));
        for n in 0..4000_u32 {
            let source = Endpoint { address: Ipv4Addr::from_bits(n / 7).into(), port: (n * 31) as u16 };
            let address = if n % 2 == 0 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            let destination = Endpoint { address, port: 80 };
            let hash = connection(&hasher, &FourTuple { source, destination });
            assert_eq!(hash, connection(&hasher, &FourTuple { source: destination, destination: source }));
            counts[shares.worker(hash)] += 1;
        }
        assert!(counts.iter().all(|count| (700..1300).contains(count)), "{counts:?}");
    }
}
