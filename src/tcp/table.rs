//! The table of connections: found by four-tuple from either end, kept in chunks so that
//! it grows without copying.

use super::direction::{Direction, PerDirection};
use super::half::Half;
use super::rival::Rival;
use super::stream::Stream;
use crate::decode::{Endpoint, FourTuple};
use crate::packet::Timestamp;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv4Addr};

/// A connection and what the rooms to the right keep for it.
#[derive(Debug)]
pub(crate) struct Flow<T> {
    pub(crate) stream: Stream,
    pub(crate) halves: PerDirection<Half>,
    /// Index of the latest packet.
    pub(crate) last: u64,
    /// What was added to the table's weight for waiting pieces and `state`.
    pub(crate) weight: usize,
    /// Changes when the place is used for another connection.
    pub(crate) generation: u32,
    /// Whether a byte was handed on.
    pub(crate) carried: bool,
    /// Whether its end was told.
    pub(crate) closed: bool,
    /// When the latest segment came before its end was told.
    pub(crate) closed_at: Timestamp,
    pub(crate) live: bool,
    /// How many SYNs with foreign numbers were seen between its ends.
    pub(crate) foreign_syns: u8,
    /// An opening between its ends that nothing has confirmed yet.
    pub(crate) rival: Option<Box<Rival>>,
    pub(crate) state: T,
}

impl<T> Flow<T> {
    /// A direction of which nothing was handed on turned out to have begun `count` bytes earlier.
    pub(crate) fn begin_earlier(&mut self, from: Direction, count: u64) {
        self.halves[from].begin_earlier(count);
        if let Some(early) = &mut self.halves[from.reverse()].early {
            early.need_more(count);
        }
    }

    /// It was told over before anything was said: it goes on, and nothing that `from` sent before counts.
    pub(crate) fn reopen(&mut self, from: Direction) {
        self.closed = false;
        self.halves[from] = Half::default();
        self.halves[from.reverse()].ended = false;
    }
}

/// The place of a flow in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u32);

const CHUNK: usize = 1024;

/// What the index keeps of a connection: its hash, so that neither growing nor a chance likeness
/// has to look at the connection itself, which is seldom in the processor's cache.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    slot: Slot,
}

impl Entry {
    /// The hash as the index wants it, with something in its highest and in its lowest bits.
    const fn spread(hash: u32) -> u64 {
        (hash as u64) << 32 | hash as u64
    }
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Table<T> {
    index: HashTable<Entry>,
    /// Where the latest segment's connection was: most segments are of the same as the one before.
    latest: Slot,
    chunks: Vec<Vec<Flow<T>>>,
    free: Vec<Slot>,
    /// How many connections were added: tells those apart that have the same place in turn.
    generations: u32,
    hasher: foldhash::quality::RandomState,
}

impl<T: Default> Table<T> {
    pub(crate) fn new() -> Self {
        Self {
            index: HashTable::new(),
            latest: Slot(0),
            chunks: Vec::new(),
            free: Vec::new(),
            generations: 0,
            hasher: foldhash::quality::RandomState::default(),
        }
    }

    /// What an idle connection costs: its record, its index entry and its share of slack.
    pub(crate) const FLOW_COST: usize = size_of::<Flow<T>>() + 24;

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The same for both directions. The addresses' family is left to the comparison.
    fn hash(hasher: &foldhash::quality::RandomState, ends: &FourTuple) -> u32 {
        let (a, b) = (&ends.source, &ends.destination);
        let hash = if let (IpAddr::V4(from), IpAddr::V4(to)) = (a.address, b.address) {
            let key = |address: Ipv4Addr, port: u16| u64::from(address.to_bits()) << 16 | u64::from(port);
            let (a, b) = (key(from, a.port), key(to, b.port));
            hasher.hash_one((a.min(b), a.max(b)))
        } else {
            let (a, b) = (key(a), key(b));
            hasher.hash_one((a.min(b), a.max(b)))
        };
        hash as u32
    }

    pub(crate) fn find(&mut self, ends: &FourTuple) -> Option<(Slot, Direction)> {
        let direction_in = |slot| self.get(slot).filter(|flow| flow.live).and_then(|flow| direction(flow, ends));
        if let Some(direction) = direction_in(self.latest) {
            return Some((self.latest, direction));
        }
        let hash = Self::hash(&self.hasher, ends);
        let mut direction = None;
        let same = |entry: &Entry| {
            direction = if entry.hash == hash { direction_in(entry.slot) } else { None };
            direction.is_some()
        };
        let slot = self.index.find(Entry::spread(hash), same)?.slot;
        self.latest = slot;
        Some((slot, direction?))
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Flow<T>> {
        self.chunks.get(slot.0 as usize / CHUNK)?.get(slot.0 as usize % CHUNK)
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Flow<T>> {
        self.chunks.get_mut(slot.0 as usize / CHUNK)?.get_mut(slot.0 as usize % CHUNK)
    }

    /// Adds a connection that is not in the table.
    pub(crate) fn insert(&mut self, stream: Stream) -> Slot {
        let hash = Self::hash(&self.hasher, &stream.ends);
        self.generations = self.generations.wrapping_add(1);
        let flow = Flow {
            stream,
            halves: PerDirection::default(),
            last: 0,
            weight: 0,
            generation: self.generations,
            carried: false,
            closed: false,
            closed_at: Timestamp::default(),
            live: true,
            foreign_syns: 0,
            rival: None,
            state: T::default(),
        };
        let slot = if let Some(slot) = self.free.pop() {
            if let Some(place) = self.get_mut(slot) {
                *place = flow;
            }
            slot
        } else {
            if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
                self.chunks.push(Vec::with_capacity(CHUNK));
            }
            let chunks = self.chunks.len();
            let chunk = &mut self.chunks[chunks - 1];
            chunk.push(flow);
            // A table of 2^32 connections would need a terabyte, far beyond any budget.
            Slot(((chunks - 1) * CHUNK + chunk.len() - 1) as u32)
        };
        self.index.insert_unique(Entry::spread(hash), Entry { hash, slot }, |entry| Entry::spread(entry.hash));
        slot
    }

    /// Takes a connection out; its place is used again.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(flow) = self.get(slot) else { return };
        let hash = Self::hash(&self.hasher, &flow.stream.ends);
        if let Ok(entry) = self.index.find_entry(Entry::spread(hash), |entry| entry.slot == slot) {
            entry.remove();
        }
        if let Some(flow) = self.get_mut(slot) {
            flow.live = false;
            flow.state = T::default();
            flow.halves = PerDirection::default();
            flow.rival = None;
        }
        self.free.push(slot);
    }

    /// Memory that places which no connection has hold, in bytes.
    pub(crate) fn idle_memory(&self) -> usize {
        (self.chunks.len() * CHUNK).saturating_sub(self.len()) * size_of::<Flow<T>>()
    }

    /// Moves connections together and gives the memory of unused places back. Returns which
    /// moved: from where, in order, to where.
    pub(crate) fn compact(&mut self) -> Vec<(Slot, Slot)> {
        let keep = self.len().div_ceil(CHUNK);
        if keep >= self.chunks.len() {
            return Vec::new();
        }
        let (kept, rest) = self.chunks.split_at_mut(keep);
        let mut places = kept.iter_mut().flatten().enumerate().filter(|(_, flow)| !flow.live);
        let mut moved = Vec::new();
        for (at, flow) in rest.iter_mut().flatten().enumerate().filter(|(_, flow)| flow.live) {
            let Some((to, place)) = places.next() else { break };
            std::mem::swap(flow, place);
            moved.push((Slot((keep * CHUNK + at) as u32), Slot(to as u32)));
        }
        self.free = places.map(|(at, _)| Slot(at as u32)).collect();
        for (from, to) in &moved {
            let Some(flow) = self.get(*to) else { continue };
            let hash = Self::hash(&self.hasher, &flow.stream.ends);
            if let Some(entry) = self.index.find_mut(Entry::spread(hash), |entry| entry.slot == *from) {
                entry.slot = *to;
            }
        }
        self.chunks.truncate(keep);
        moved
    }

    /// The places of all connections in the table.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (Slot, &Flow<T>)> {
        self.chunks.iter().flatten().enumerate().filter(|(_, flow)| flow.live).map(|(at, flow)| (Slot(at as u32), flow))
    }
}

/// An endpoint as a number to hash and to order by.
fn key(end: &Endpoint) -> (u128, u16) {
    match end.address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), end.port),
        IpAddr::V6(address) => (address.to_bits(), end.port),
    }
}

/// In which direction of the connection what has these ends goes, if it is the connection's.
#[inline]
fn direction<T>(flow: &Flow<T>, ends: &FourTuple) -> Option<Direction> {
    let is = |a: &Endpoint, b: &Endpoint| a.port == b.port && a.address == b.address;
    let FourTuple { source, destination } = &flow.stream.ends;
    if is(source, &ends.source) && is(destination, &ends.destination) {
        return Some(Direction::FromInitiator);
    }
    (is(source, &ends.destination) && is(destination, &ends.source)).then_some(Direction::FromResponder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(n: u32) -> FourTuple {
        let end = |address: u32, port| Endpoint { address: Ipv4Addr::from_bits(address).into(), port };
        FourTuple { source: end(n, 1), destination: end(1 << 31, 2) }
    }

    #[test]
    fn compacting_keeps_every_connection_and_frees_the_rest() {
        let mut table: Table<()> = Table::new();
        let count = 10 * CHUNK as u32;
        let slots: Vec<_> = (0..count).map(|n| table.insert(Stream { number: n.into(), ends: ends(n) })).collect();
        for n in (0..count).filter(|n| n % 7 != 0) {
            table.remove(slots[n as usize]);
        }
        let stays: Vec<_> = (0..count).filter(|n| n % 7 == 0).collect();
        assert_eq!(table.idle_memory(), (count as usize - stays.len()) * size_of::<Flow<()>>());
        let moved = table.compact();
        assert!(!moved.is_empty());
        assert!(table.idle_memory() < CHUNK * size_of::<Flow<()>>());
        for n in &stays {
            let (slot, _) = table.find(&ends(*n)).expect("it is still there");
            let before = slots[*n as usize];
            let to = moved.iter().find(|(from, _)| *from == before).map_or(before, |(_, to)| *to);
            assert_eq!((slot, table.get(slot).map(|flow| flow.stream.number)), (to, Some((*n).into())));
        }
        assert_eq!(table.slots().count(), stays.len());
        // New ones fit in between.
        for n in count..2 * count {
            table.insert(Stream { number: n.into(), ends: ends(n) });
        }
        assert_eq!((table.slots().count(), table.len()), (stays.len() + count as usize, stays.len() + count as usize));
        assert!((count..2 * count).all(|n| table.find(&ends(n)).is_some()));
    }
}
