//! The table of connections: found by four-tuple from either end, kept in chunks so that
//! it grows without copying.

use super::half::Half;
use super::{Direction, PerDirection};
use crate::decode::{Endpoint, FourTuple};
use crate::packet::Timestamp;
use hashbrown::HashTable;
use std::hash::BuildHasher;
use std::net::IpAddr;

/// A TCP stream: one connection, as far as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Streams are counted from 0 in the order in which they appeared.
    pub number: u64,
    /// Source: the end that opened the connection; destination: the other.
    pub ends: FourTuple,
}

impl Stream {
    /// The end that sends in `direction`.
    pub fn sender(&self, direction: Direction) -> Endpoint {
        match direction {
            Direction::FromInitiator => self.ends.source,
            Direction::FromResponder => self.ends.destination,
        }
    }
}

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
    pub(crate) state: T,
}

/// The place of a flow in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u32);

const CHUNK: usize = 1024;

/// All connections.
#[derive(Debug)]
pub(crate) struct Table<T> {
    index: HashTable<Slot>,
    chunks: Vec<Vec<Flow<T>>>,
    free: Vec<Slot>,
    hasher: foldhash::quality::RandomState,
}

impl<T: Default> Table<T> {
    pub(crate) fn new() -> Self {
        Self {
            index: HashTable::new(),
            chunks: Vec::new(),
            free: Vec::new(),
            hasher: foldhash::quality::RandomState::default(),
        }
    }

    /// What an idle connection costs: its record, its index entry and its share of slack.
    pub(crate) const FLOW_COST: usize = size_of::<Flow<T>>() + 16;

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    fn hash(hasher: &foldhash::quality::RandomState, ends: &FourTuple) -> u64 {
        let (a, b) = (key(&ends.source), key(&ends.destination));
        // The same for both directions. The addresses' family is left to the comparison.
        hasher.hash_one(if a <= b { (a, b) } else { (b, a) })
    }

    pub(crate) fn find(&self, ends: &FourTuple) -> Option<(Slot, Direction)> {
        let hash = Self::hash(&self.hasher, ends);
        let slot = *self.index.find(hash, |slot| self.get(*slot).is_some_and(|flow| same(&flow.stream.ends, ends)))?;
        let flow = self.get(slot)?;
        let direction = if flow.stream.ends == *ends { Direction::FromInitiator } else { Direction::FromResponder };
        Some((slot, direction))
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
        let mut flow = Flow {
            stream,
            halves: PerDirection::default(),
            last: 0,
            weight: 0,
            generation: 0,
            carried: false,
            closed: false,
            closed_at: Timestamp::default(),
            live: true,
            state: T::default(),
        };
        let slot = if let Some(slot) = self.free.pop() {
            if let Some(place) = self.get_mut(slot) {
                flow.generation = place.generation.wrapping_add(1);
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
        let (chunks, hasher) = (&self.chunks, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| {
            let flow = chunks.get(slot.0 as usize / CHUNK).and_then(|chunk| chunk.get(slot.0 as usize % CHUNK));
            flow.map_or(0, |flow| Self::hash(hasher, &flow.stream.ends))
        });
        slot
    }

    /// Takes a connection out; its place is used again.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(flow) = self.get(slot) else { return };
        let hash = Self::hash(&self.hasher, &flow.stream.ends);
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        if let Some(flow) = self.get_mut(slot) {
            flow.live = false;
            flow.state = T::default();
            flow.halves = PerDirection::default();
        }
        self.free.push(slot);
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

fn same(a: &FourTuple, b: &FourTuple) -> bool {
    a == b || (a.source == b.destination && a.destination == b.source)
}
