//! Follows every connection: takes segments, hands on bytes, holes and ends.

use super::assembler::{Arrival, Needs, Piece};
use super::half::{Base, Half};
use super::sequence::SequenceNumber;
use super::table::{Flow, Slot, Stream, Table};
use super::{Counters, Direction};
use crate::decode::{Segment, TcpFlags};
use crate::packet::Place;
use std::collections::VecDeque;

/// What the room to the right does with a stream; `T` is what it keeps for each.
pub trait Handler<T> {
    /// The next bytes of a direction. `alone`: the other direction is not captured.
    fn data(&mut self, stream: &Stream, state: &mut T, from: Direction, bytes: &[u8], place: Place, alone: bool);
    /// The next `length` bytes of a direction are lost. `place` is where that became known.
    fn gap(&mut self, stream: &Stream, state: &mut T, from: Direction, length: u64, place: Place);
    /// Other bytes came for a place in the stream that had been filled.
    fn conflict(&mut self, stream: &Stream, state: &mut T, from: Direction);
    /// The direction ended: nothing more will come.
    fn end(&mut self, stream: &Stream, state: &mut T, from: Direction);
    /// The stream is over.
    fn close(&mut self, stream: &Stream, state: &mut T);
    /// Memory that `state` holds beyond its own size, in bytes.
    fn weight(&self, state: &T) -> usize;
}

/// Bounds and waiting times.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory for connections, what waits in them, and what the handler keeps, in bytes.
    pub memory: usize,
    /// After how many packets of the capture a suspect hole is given up.
    pub patience: u64,
    /// How many segments may wait in one direction.
    pub early_segments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 512 << 20, patience: 1024, early_segments: 1 << 18 }
    }
}

/// A hole that is suspect, or bytes that wait for the other direction.
#[derive(Debug, Clone, Copy)]
struct Wait {
    since: u64,
    slot: Slot,
    generation: u32,
    from: Direction,
    at: u64,
}

/// Every connection of a capture.
#[derive(Debug)]
pub struct Flows<T> {
    table: Table<T>,
    waits: VecDeque<Wait>,
    limits: Limits,
    /// Memory of what waits and of the states.
    weight: usize,
    counters: Counters,
}

/// A sequence number further than this from what was expected belongs to another
/// connection or to nobody: the largest window there is (RFC 7323 §2.3).
const LARGEST_WINDOW: i64 = 1 << 30;

/// How far from the expected number an RST is believed. Its sender states the number
/// that the other side expects, exactly or within the window.
const RESET_WINDOW: i64 = 1 << 20;

/// A copy of a whole connection that another interface saw is this late at most, in
/// nanoseconds by the packets' own time.
const LATE_COPY: i64 = 500_000_000;

/// After so many vain waits for a sender that was seen once it counts as not captured.
const MOST_VAIN_WAITS: u8 = 2;

impl<T: Default> Flows<T> {
    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        Self { table: Table::new(), waits: VecDeque::new(), limits, weight: 0, counters: Counters::default() }
    }

    /// What was counted.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Memory in use, in bytes.
    pub fn memory(&self) -> usize {
        self.weight + self.table.len() * Table::<T>::FLOW_COST
    }

    /// Takes the next segment. `index` counts the packets of the capture.
    pub fn segment(&mut self, index: u64, segment: &Segment<'_>, handler: &mut impl Handler<T>) {
        let (slot, from) = match self.table.find(&segment.four_tuple) {
            Some((slot, from)) if !self.opens_another(slot, from, segment) => (slot, from),
            Some((slot, _)) => {
                self.close(slot, handler);
                self.forget(slot);
                self.open(segment)
            }
            None => self.open(segment),
        };
        let Some(flow) = self.table.get_mut(slot) else { return };
        flow.last = index;
        if !flow.closed {
            flow.closed_at = segment.place.time;
        }
        let flags = segment.flags;
        let half = &mut flow.halves[from];
        half.seen = true;
        half.absent = false;
        half.vain_waits = 0;
        let mut sequence = SequenceNumber(segment.sequence);
        if flags.has(TcpFlags::SYN) {
            let first = sequence.plus(1);
            if half.base != Base::Syn && half.next == 0 && half.weight() == 0 {
                half.number_from(first, Base::Syn);
                half.syn = Some(sequence);
            }
            sequence = first;
        }
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        match half.base {
            Base::Unknown => half.number_from(sequence, Base::MidStream),
            Base::Acknowledged => {
                // Bytes from before what the other side acknowledged first may come late.
                // A keep-alive probe repeats one byte and brings nothing.
                if half.offset(sequence) < 0 && length > 1 && half.weight() == 0 && half.next == 0 {
                    half.number_from(sequence, Base::MidStream);
                } else {
                    half.base = Base::MidStream;
                }
            }
            Base::MidStream | Base::Syn => {}
        }
        let needs = if flags.has(TcpFlags::ACK) { acknowledge(flow, from, segment) } else { Needs::Nothing };
        let offset = flow.halves[from].offset(sequence);
        if flags.has(TcpFlags::RST) {
            self.reset(slot, from, offset, handler);
            self.keep_bound(handler);
            return;
        }
        let expected = i64::try_from(flow.halves[from].next).unwrap_or(i64::MAX);
        let plausible = offset.saturating_sub(expected).abs() <= LARGEST_WINDOW;
        if flags.has(TcpFlags::FIN) && plausible {
            let end = offset.saturating_add_unsigned(length);
            let half = &mut flow.halves[from];
            half.fin = half.fin.or(u64::try_from(end).ok());
        }
        let calm = if length > 0 && plausible {
            self.arrive(slot, from, offset, segment, needs, handler)
        } else {
            length == 0
        };
        self.settle(index, slot, calm, handler);
    }

    /// Whether a segment with the four-tuple of a known connection opens a new one.
    fn opens_another(&self, slot: Slot, from: Direction, segment: &Segment<'_>) -> bool {
        let Some(flow) = self.table.get(slot) else { return false };
        let half = &flow.halves[from];
        let sequence = SequenceNumber(segment.sequence);
        let distance = sequence.after(half.next_sequence);
        let flags = segment.flags;
        if flags.has(TcpFlags::RST) {
            return false;
        }
        if flags.has(TcpFlags::SYN) {
            if flow.closed {
                // A late copy of the old connection's SYN, as a second interface brings it, is
                // told by its number and its time.
                let late_copy = segment.place.time.since(flow.closed_at) < LATE_COPY;
                return half.syn != Some(sequence) || !(late_copy || flags.has(TcpFlags::ACK));
            }
            return match half.syn {
                Some(syn) => syn != sequence && (flow.carried || !flags.has(TcpFlags::ACK)),
                // The opening of a connection whose first bytes were captured before it.
                None => half.base == Base::MidStream && half.offset(sequence.plus(1)) != 0 && distance.abs() > 1,
            };
        }
        let brings = !segment.payload.is_empty() || segment.missing > 0;
        if flow.closed {
            // Bytes after both ends said goodbye: a connection whose opening was missed.
            return brings && half.base != Base::Unknown && !(-LARGEST_WINDOW / 4..=1).contains(&distance);
        }
        brings && half.base == Base::MidStream && flow.carried && distance.abs() > LARGEST_WINDOW
    }

    fn open(&mut self, segment: &Segment<'_>) -> (Slot, Direction) {
        let answers = segment.flags.has(TcpFlags::SYN) && segment.flags.has(TcpFlags::ACK);
        let mut ends = segment.four_tuple;
        let mut from = Direction::FromInitiator;
        if answers {
            std::mem::swap(&mut ends.source, &mut ends.destination);
            from = Direction::FromResponder;
        }
        let slot = self.table.insert(Stream { number: self.counters.streams, ends });
        self.counters.streams += 1;
        (slot, from)
    }

    /// Takes a segment's payload; returns whether all of it was handed on in order.
    fn arrive(
        &mut self,
        slot: Slot,
        from: Direction,
        offset: i64,
        segment: &Segment<'_>,
        needs: Needs,
        handler: &mut impl Handler<T>,
    ) -> bool {
        let Some(flow) = self.table.get_mut(slot) else { return false };
        let half = &flow.halves[from];
        if half.ended {
            let end = offset.saturating_add_unsigned(segment.payload.len() as u64);
            self.counters.segments_after_end += u64::from(end > i64::try_from(half.next).unwrap_or(i64::MAX));
            return false;
        }
        // What lies before the first byte known of cannot be placed.
        let before = usize::try_from(offset.saturating_neg()).unwrap_or(0);
        let cut = before.min(segment.payload.len());
        let arrival = Arrival {
            offset: u64::try_from(offset).unwrap_or(0),
            bytes: segment.payload.get(cut..).unwrap_or_default(),
            missing: u64::from(segment.missing).saturating_sub((before - cut) as u64),
            needs,
            place: segment.place.advanced(cut),
        };
        if arrival.end() <= half.next {
            return false; // seen before
        }
        let arrival = arrival.from(half.next);
        // Bytes after an RST: the reset was not believed, or not meant for this connection.
        flow.closed = false;
        let free = half.early.as_ref().is_none_or(|early| early.is_empty());
        if free && arrival.offset == half.next && flow.halves[from.reverse()].satisfies(needs) {
            deliver(flow, from, arrival.bytes, arrival.missing, arrival.place, &mut self.counters, handler);
            return true;
        }
        let held = flow.halves[from].early.as_ref().map_or(0, |early| early.len());
        if held >= self.limits.early_segments {
            self.counters.early_segments_let_go += 1;
            return false;
        }
        if flow.halves[from].keep(arrival) {
            self.counters.conflicting_segments += 1;
            let Flow { stream, state, .. } = flow;
            handler.conflict(stream, state, from);
        }
        false
    }

    /// After a change: hands on what can be, registers what must wait, tells ends.
    /// `calm`: the segment itself left nothing to wait for.
    fn settle(&mut self, index: u64, slot: Slot, calm: bool, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let idle = |half: &Half| half.early.is_none() && half.fin.is_none();
        if !(calm && Direction::BOTH.into_iter().all(|from| idle(&flow.halves[from]))) {
            drain(flow, &mut self.counters, handler);
            for direction in Direction::BOTH {
                if let Some(wait) = suspect(flow, slot, direction, index) {
                    self.waits.push_back(wait);
                }
            }
            tell_ends(flow, &mut self.counters, handler);
        }
        self.reckon(slot, handler);
        self.keep_bound(handler);
    }

    fn keep_bound(&mut self, handler: &mut impl Handler<T>) {
        if self.memory() > self.limits.memory {
            self.make_room(handler);
        }
    }

    /// Brings the table's weight up to date with one flow's.
    fn reckon(&mut self, slot: Slot, handler: &impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let now = handler.weight(&flow.state)
            + flow.halves[Direction::FromInitiator].weight()
            + flow.halves[Direction::FromResponder].weight();
        self.weight = self.weight.saturating_sub(flow.weight) + now;
        flow.weight = now;
    }

    /// An RST: believed only within the window.
    fn reset(&mut self, slot: Slot, from: Direction, offset: i64, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get(slot) else { return };
        let half = &flow.halves[from];
        let distance = offset.saturating_sub(i64::try_from(half.next).unwrap_or(i64::MAX));
        if half.base == Base::Syn || flow.carried {
            let near = (-RESET_WINDOW..=RESET_WINDOW).contains(&distance);
            if !near {
                self.counters.resets_ignored += 1;
                return;
            }
        }
        self.close(slot, handler);
    }

    /// Gives up every suspect hole whose time has come by packet `index`.
    pub fn expire(&mut self, index: u64, handler: &mut impl Handler<T>) {
        while let Some(wait) = self.waits.front().copied() {
            if index < wait.since.saturating_add(self.limits.patience) {
                break;
            }
            self.waits.pop_front();
            self.give_up(wait, wait.since.saturating_add(self.limits.patience), handler);
        }
    }

    /// A second passed without a packet: gives up every suspect hole.
    pub fn quiet(&mut self, index: u64, handler: &mut impl Handler<T>) {
        // Giving one up may show the next; each advances its stream, so this ends.
        while let Some(wait) = self.waits.pop_front() {
            self.give_up(wait, index, handler);
        }
    }

    fn give_up(&mut self, wait: Wait, index: u64, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(wait.slot) else { return };
        if flow.generation != wait.generation || !flow.live || flow.closed {
            return;
        }
        let half = &mut flow.halves[wait.from];
        if half.waits_at != Some(wait.at) || half.next != wait.at {
            return;
        }
        half.waits_at = None;
        force(flow, wait.from, &mut self.counters, handler);
        self.settle(index, wait.slot, false, handler);
    }

    /// Hands on everything that a connection still holds, and tells its end.
    fn close(&mut self, slot: Slot, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        if flow.closed {
            return;
        }
        loop {
            drain(flow, &mut self.counters, handler);
            let waiting = |from| flow.halves[from].early.as_ref().is_some_and(|early| !early.is_empty());
            let Some(from) = Direction::BOTH.into_iter().find(|from| waiting(*from)) else { break };
            force(flow, from, &mut self.counters, handler);
        }
        tell_ends(flow, &mut self.counters, handler);
        if !flow.closed {
            flow.closed = true;
            let Flow { stream, state, .. } = flow;
            handler.close(stream, state);
        }
        flow.state = T::default();
        for from in Direction::BOTH {
            flow.halves[from].early = None;
        }
        self.reckon(slot, handler);
    }

    fn forget(&mut self, slot: Slot) {
        if let Some(flow) = self.table.get(slot) {
            self.weight = self.weight.saturating_sub(flow.weight);
            self.table.remove(slot);
        }
    }

    /// Lets connections go until an eighth of the budget is free: first the closed ones,
    /// then those that never carried a byte, then the longest idle.
    fn make_room(&mut self, handler: &mut impl Handler<T>) {
        let goal = self.limits.memory - self.limits.memory / 8;
        while self.memory() > goal && self.table.len() > 0 {
            let mut order: Vec<(u8, u64, u32)> = self
                .table
                .slots()
                .map(|(slot, flow)| (if flow.closed { 0 } else { 1 + u8::from(flow.carried) }, flow.last, slot.0))
                .collect();
            let share = order.len() / 8;
            order.select_nth_unstable(share);
            order.truncate(share + 1);
            order.sort_unstable();
            for (class, _, slot) in order {
                match class {
                    0 => {}
                    1 => self.counters.silent_streams_let_go += 1,
                    _ => self.counters.idle_streams_let_go += 1,
                }
                self.close(Slot(slot), handler);
                self.forget(Slot(slot));
            }
        }
    }

    /// The capture is over: tells the end of every stream, in their order.
    pub fn finish(&mut self, handler: &mut impl Handler<T>) {
        let mut order: Vec<(u64, Slot)> = self
            .table
            .slots()
            .filter(|(_, flow)| !flow.closed)
            .map(|(slot, flow)| (flow.stream.number, slot))
            .collect();
        order.sort_unstable_by_key(|(number, _)| *number);
        for (_, slot) in order {
            self.close(slot, handler);
        }
        self.waits.clear();
    }
}

/// Notes what the sender acknowledged; returns what it must have read to send this.
fn acknowledge<T>(flow: &mut Flow<T>, from: Direction, segment: &Segment<'_>) -> Needs {
    let other = &mut flow.halves[from.reverse()];
    let acknowledged = SequenceNumber(segment.acknowledgment);
    if other.base == Base::Unknown {
        other.number_from(acknowledged, Base::Acknowledged);
        return Needs::Offset(0);
    }
    let offset = other.offset(acknowledged);
    let limit = i64::try_from(other.next).unwrap_or(i64::MAX).saturating_add(LARGEST_WINDOW);
    let Ok(mut needed) = u64::try_from(offset) else { return Needs::Offset(0) };
    if offset > limit {
        return Needs::Offset(0); // nobody can have received that
    }
    if let Some(fin) = other.fin {
        needed = needed.min(fin); // the FIN has a number of its own
    }
    other.acknowledged = other.acknowledged.max(needed);
    Needs::Offset(needed)
}

/// Hands on bytes that stand next in their direction.
fn deliver<T>(
    flow: &mut Flow<T>,
    from: Direction,
    bytes: &[u8],
    missing: u64,
    place: Place,
    counters: &mut Counters,
    handler: &mut impl Handler<T>,
) {
    let alone = flow.halves[from.reverse()].absent;
    let Flow { stream, halves, state, carried, .. } = flow;
    let half = &mut halves[from];
    if !bytes.is_empty() {
        *carried = true;
        half.advance(bytes.len() as u64);
        handler.data(stream, state, from, bytes, place, alone);
    }
    if missing > 0 {
        *carried = true;
        half.advance(missing);
        counters.missing_bytes += missing;
        handler.gap(stream, state, from, missing, place);
    }
}

/// Hands on everything in waiting that can be read now, in both directions.
fn drain<T>(flow: &mut Flow<T>, counters: &mut Counters, handler: &mut impl Handler<T>) {
    loop {
        let Some(from) = Direction::BOTH.into_iter().find(|from| ready(flow, *from)).or_else(|| deadlocked(flow))
        else {
            return;
        };
        let Some(piece) = flow.halves[from].early.as_mut().and_then(|early| early.pop_front()) else { return };
        let place = piece.place;
        deliver(flow, from, &piece.bytes, piece.missing, place, counters, handler);
        if flow.halves[from].early.as_ref().is_some_and(|early| early.is_empty()) {
            flow.halves[from].early = None;
        }
    }
}

/// Whether the first piece in waiting stands next.
fn stands_next(half: &Half) -> bool {
    half.early.as_ref().and_then(|early| early.front()).is_some_and(|piece| piece.offset <= half.next)
}

/// Whether the first piece in waiting stands next and has what it needs.
fn ready<T>(flow: &Flow<T>, from: Direction) -> bool {
    let half = &flow.halves[from];
    let front = half.early.as_ref().and_then(|early| early.front());
    front.is_some_and(|piece| piece.offset <= half.next && flow.halves[from.reverse()].satisfies(piece.needs))
}

/// Two pieces that wait for each other: a retransmission acknowledges more than its first
/// copy did. The one that opened the connection speaks first.
fn deadlocked<T>(flow: &Flow<T>) -> Option<Direction> {
    Direction::BOTH.into_iter().all(|from| stands_next(&flow.halves[from])).then_some(Direction::FromInitiator)
}

/// Gives up what the first piece of a direction waits for: the hole before it, or the
/// other direction's bytes.
fn force<T>(flow: &mut Flow<T>, from: Direction, counters: &mut Counters, handler: &mut impl Handler<T>) {
    let Some(&Piece { offset, place, needs, .. }) = flow.halves[from].early.as_ref().and_then(|early| early.front())
    else {
        return;
    };
    let next = flow.halves[from].next;
    if offset > next {
        deliver(flow, from, &[], offset - next, place, counters, handler);
        return;
    }
    let other = &mut flow.halves[from.reverse()];
    other.vain_waits = other.vain_waits.saturating_add(1);
    if !other.seen || other.vain_waits > MOST_VAIN_WAITS {
        other.absent = true;
    }
    if let Needs::Offset(offset) = needs {
        other.excused = other.excused.max(offset);
    }
}

/// A wait to register for a direction: its hole is suspect, or its bytes wait for the other.
fn suspect<T>(flow: &mut Flow<T>, slot: Slot, from: Direction, index: u64) -> Option<Wait> {
    let generation = flow.generation;
    let other = &flow.halves[from.reverse()];
    let other_unseen = !other.seen || other.absent;
    let half = &mut flow.halves[from];
    let front = half.early.as_ref()?.front()?;
    if half.waits_at == Some(half.next) {
        return None;
    }
    // A hole that nobody acknowledged waits for its stream's end.
    let waits = front.offset <= half.next || half.acknowledged > half.next || other_unseen;
    if !waits {
        return None;
    }
    half.waits_at = Some(half.next);
    Some(Wait { since: index, slot, generation, from, at: half.next })
}

/// Tells the end of each direction that was read up to its FIN.
fn tell_ends<T: Default>(flow: &mut Flow<T>, counters: &mut Counters, handler: &mut impl Handler<T>) {
    for from in Direction::BOTH {
        let half = &mut flow.halves[from];
        if !half.ended && half.fin.is_some_and(|fin| fin <= half.next) {
            half.ended = true;
            if let Some(early) = half.early.take() {
                // A receiver takes nothing from beyond the FIN (RFC 9293 §3.10.7.4).
                counters.segments_after_end += early.len() as u64;
            }
            let Flow { stream, state, .. } = flow;
            handler.end(stream, state, from);
        }
    }
    if !flow.closed && Direction::BOTH.into_iter().all(|from| flow.halves[from].ended) {
        flow.closed = true;
        let Flow { stream, state, .. } = flow;
        handler.close(stream, state);
        flow.state = T::default();
    }
}
