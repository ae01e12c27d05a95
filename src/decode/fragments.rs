//! Fragments waiting for their others, and how they are put together: of IP, which may come in
//! any order and overlap, and of IEEE 802.11, which are numbered.
//!
//! Overlaps are settled as "first": the byte that was captured first stays, as Snort
//! and Suricata name that policy. It does not know what the payload is.

use super::counters::{Counters, Reason};
use super::fragment::{Fragment, Key, Piece};
use super::view::Run;
use crate::packet::Timestamp;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::collections::VecDeque;

/// A datagram's payload, whole.
#[derive(Debug)]
pub(super) struct Whole {
    /// The bytes, zero where they were not captured.
    pub(super) bytes: Vec<u8>,
    /// Sorted, without gaps or overlaps.
    pub(super) pieces: Vec<Piece>,
    /// The protocol that the first fragment names.
    pub(super) protocol: u8,
    /// How many bytes from the start are captured without a hole.
    pub(super) captured: usize,
}

/// What became of a fragment.
#[derive(Debug)]
pub(super) enum Joined {
    /// It waits for others, or it brought nothing new.
    Waiting,
    /// It was the last one wanted.
    Whole(Whole),
}

/// How long, and how many, fragments wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) memory: usize,
    pub(super) age_nanos: i64,
    pub(super) age_packets: u64,
}

/// A datagram that is not whole yet.
#[derive(Debug)]
struct Waiting {
    /// Tells it from an earlier one with the same key.
    serial: u64,
    time: Timestamp,
    packet: u64,
    protocol: u8,
    /// The payload's length, once the last fragment has told it.
    total: Option<u32>,
    covered: u32,
    /// How many fragments it was made of so far.
    fragments: u32,
    /// Sorted, without overlaps.
    pieces: Vec<Piece>,
    /// In order of arrival.
    bytes: Vec<u8>,
}

impl Waiting {
    /// What an entry costs beside its bytes and pieces: its slot in the table at half
    /// load, its place in the queue, and the allocator's share.
    const OVERHEAD: usize = 2 * (size_of::<Key>() + size_of::<Self>()) + 2 * size_of::<(Key, u64)>() + 64;

    fn cost(&self) -> usize {
        Self::OVERHEAD + self.bytes.capacity() + self.pieces.capacity() * size_of::<Piece>()
    }

    /// Puts the parts of `run` where nothing stands yet; tells whether any of the rest
    /// differs from what does.
    fn fill(&mut self, offset: u32, run: Run<'_>) -> bool {
        let end = offset.saturating_add(u32::try_from(run.bytes.len() + run.missing).unwrap_or(u32::MAX));
        let mut differs = false;
        let mut at = offset;
        let mut index = self.pieces.partition_point(|piece| piece.end() <= offset as usize);
        while at < end {
            match self.pieces.get(index) {
                Some(&piece) if piece.start <= at => {
                    differs |= self.differs(piece, offset, run.bytes);
                    at = piece.start + piece.length;
                }
                next => {
                    let stop = next.map_or(end, |piece| piece.start.min(end));
                    let from = (at - offset) as usize;
                    let bytes = run.bytes.get(from..).unwrap_or_default();
                    let bytes = bytes.get(..(stop - at) as usize).unwrap_or(bytes);
                    let piece = Piece {
                        start: at,
                        length: stop - at,
                        captured: bytes.len() as u32,
                        stored: self.bytes.len() as u32,
                        place: run.place.advanced(from),
                    };
                    self.bytes.extend_from_slice(bytes);
                    self.pieces.insert(index, piece);
                    self.covered += stop - at;
                    at = stop;
                }
            }
            index += 1;
        }
        differs
    }

    /// Whether `bytes`, which start at `offset`, differ from `piece` where both are.
    fn differs(&self, piece: Piece, offset: u32, bytes: &[u8]) -> bool {
        let stored = self.bytes.get(piece.stored as usize..).unwrap_or_default();
        let stored = stored.get(..piece.captured as usize).unwrap_or(stored);
        let ours = stored.get(offset.saturating_sub(piece.start) as usize..).unwrap_or_default();
        let theirs = bytes.get(piece.start.saturating_sub(offset) as usize..).unwrap_or_default();
        ours.iter().zip(theirs).any(|(a, b)| a != b)
    }

    fn join(self) -> Whole {
        let in_order = self.pieces.iter().all(|piece| piece.stored == piece.start && piece.captured == piece.length);
        let total = self.pieces.last().map_or(0, Piece::end);
        let bytes = if in_order {
            self.bytes
        } else {
            let mut bytes = vec![0; total];
            for piece in &self.pieces {
                let stored = self.bytes.get(piece.stored as usize..).unwrap_or_default();
                if let (Some(to), Some(from)) =
                    (bytes.get_mut(piece.start()..piece.captured_end()), stored.get(..piece.captured as usize))
                {
                    to.copy_from_slice(from);
                }
            }
            bytes
        };
        let captured =
            self.pieces.iter().find(|piece| piece.captured < piece.length).map_or(total, Piece::captured_end);
        Whole { bytes, pieces: self.pieces, protocol: self.protocol, captured }
    }

    /// Whether the first 20 bytes of a TCP segment are here.
    fn holds_tcp(&self) -> bool {
        self.protocol == 6 && self.pieces.first().is_some_and(|piece| piece.start == 0 && piece.captured_end() >= 20)
    }
}

/// The fragments of all datagrams that are not whole yet.
#[derive(Debug)]
pub(super) struct Fragments {
    bounds: Bounds,
    waiting: HashMap<Key, Waiting, RandomState>,
    /// Oldest first. One whose serial is not its entry's is gone already.
    order: VecDeque<(Key, u64)>,
    serial: u64,
    memory: usize,
}

impl Fragments {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { bounds, waiting: HashMap::default(), order: VecDeque::new(), serial: 0, memory: 0 }
    }

    /// What the waiting fragments cost, in bytes; never beyond the bound between packets.
    pub(super) const fn memory(&self) -> usize {
        self.memory
    }

    /// Takes a fragment's payload as `runs`, each from one packet, of `length` bytes
    /// together on the wire.
    pub(super) fn insert(
        &mut self,
        fragment: Fragment,
        runs: &[Run<'_>],
        length: usize,
        now: (Timestamp, u64),
        counters: &mut Counters,
    ) -> Result<Joined, Reason> {
        const MAX: usize = 65_535;
        self.expire(now, counters);
        let end = fragment.offset.saturating_add(length);
        if end > MAX {
            return Err(Reason::bad("ip: fragment beyond 65535 bytes"));
        }
        let (offset, end) = (fragment.offset as u32, end as u32);
        let waiting = match self.waiting.entry(fragment.key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                self.serial += 1;
                self.order.push_back((fragment.key, self.serial));
                self.memory += Waiting::OVERHEAD;
                entry.insert(Waiting {
                    serial: self.serial,
                    time: now.0,
                    packet: now.1,
                    protocol: 0,
                    total: None,
                    covered: 0,
                    fragments: 0,
                    pieces: Vec::new(),
                    bytes: Vec::new(),
                })
            }
        };
        let reached = waiting.pieces.last().map_or(0, |piece| piece.start + piece.length);
        let beyond = waiting.total.is_some_and(|total| end > total || (!fragment.more && end < total));
        if beyond || (!fragment.more && end < reached) {
            return Err(Reason::bad("ip: fragments disagree on the end"));
        }
        if !fragment.more {
            waiting.total = Some(end);
        }
        if offset == 0 && waiting.pieces.first().is_none_or(|piece| piece.start > 0) {
            waiting.protocol = fragment.protocol;
        }
        let before = waiting.cost();
        let mut at = offset;
        let mut differs = false;
        for &run in runs {
            differs |= waiting.fill(at, run);
            at = at.saturating_add((run.bytes.len() + run.missing) as u32);
        }
        counters.fragments_differed += u64::from(differs);
        waiting.fragments = waiting.fragments.saturating_add(1);
        self.memory = (self.memory + waiting.cost()).saturating_sub(before);
        if waiting.total == Some(waiting.covered)
            && let Some(waiting) = self.remove(&fragment.key)
        {
            counters.reassembled += 1;
            return Ok(Joined::Whole(waiting.join()));
        }
        while self.memory > self.bounds.memory && self.let_go_oldest(counters) {
            counters.fragments_evicted += 1;
        }
        Ok(Joined::Waiting)
    }

    /// Where the 802.11 fragment of this number begins, which says no offset: behind those that
    /// came, for they are sent in order. `None` for a copy of one that came. The first fragment,
    /// where it is another than the one that waits, begins a frame of its own.
    pub(super) fn offset_of_number(
        &mut self,
        (key, number): (&Key, u32),
        run: Run<'_>,
        now: (Timestamp, u64),
        counters: &mut Counters,
    ) -> Result<Option<usize>, Reason> {
        /// Receivers keep fragments for 512 time units (`dot11MaxReceiveLifetime`), for their
        /// numbers come again after 4,096 frames.
        const LIFETIME_NANOS: i64 = 512 * 1_024_000;
        self.expire(now, counters);
        if let Some(waiting) = self.waiting.get(key) {
            let first = waiting.pieces.first().filter(|_| number == 0);
            let another = first.is_some_and(|piece| waiting.differs(*piece, 0, run.bytes));
            if another || now.0.since(waiting.time).saturating_abs() > LIFETIME_NANOS {
                counters.fragments_too_old += 1;
                counters.fragments_lost_tcp += u64::from(waiting.holds_tcp());
                self.remove(key);
            }
        }
        let (next, reached) =
            self.waiting.get(key).map_or((0, 0), |waiting| (waiting.fragments, waiting.covered as usize));
        match number {
            _ if number == next => Ok(Some(reached)),
            _ if number < next => Ok(None),
            _ => Err(Reason::bad("802.11: fragment without those before it")),
        }
    }

    /// Lets go what has waited too long. Time may stand still or go back in a capture,
    /// and identifications come again, so the packets since then count as well.
    fn expire(&mut self, (time, packet): (Timestamp, u64), counters: &mut Counters) {
        while let Some((key, serial)) = self.order.front() {
            let live = self.waiting.get(key).filter(|waiting| waiting.serial == *serial);
            let too_old = live.is_none_or(|waiting| {
                time.since(waiting.time).saturating_abs() > self.bounds.age_nanos
                    || packet.saturating_sub(waiting.packet) > self.bounds.age_packets
            });
            if !too_old {
                break;
            }
            if live.is_some() {
                counters.fragments_too_old += 1;
                self.let_go_oldest(counters);
            } else {
                self.order.pop_front();
            }
        }
    }

    /// Lets the oldest datagram go; `false` when there was none.
    fn let_go_oldest(&mut self, counters: &mut Counters) -> bool {
        while let Some((key, serial)) = self.order.pop_front() {
            if self.waiting.get(&key).is_some_and(|waiting| waiting.serial == serial)
                && let Some(waiting) = self.remove(&key)
            {
                counters.fragments_lost_tcp += u64::from(waiting.holds_tcp());
                return true;
            }
        }
        false
    }

    fn remove(&mut self, key: &Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.memory = self.memory.saturating_sub(waiting.cost());
        if self.order.len() > 2 * self.waiting.len() + 64 {
            let live = &self.waiting;
            self.order.retain(|(key, serial)| live.get(key).is_some_and(|waiting| waiting.serial == *serial));
        }
        Some(waiting)
    }

    /// Lets everything go: the capture is over.
    pub(super) fn finish(&mut self, counters: &mut Counters) {
        while self.let_go_oldest(counters) {
            counters.fragments_unfinished += 1;
        }
    }
}
