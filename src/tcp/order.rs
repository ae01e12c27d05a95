//! In which order a connection's bytes are handed on: what a sender said after it had received
//! something comes after that something; what is waited for in vain is given up.
//!
//! It refuses to know segments' flags and the table of connections.

use super::counters::Counters;
use super::direction::Direction;
use super::half::{Base, Half, Latest};
use super::handler::{Chunk, Gap, Handler, Source};
use super::piece::{Arrival, Needs, Piece};
use super::sequence::SequenceNumber;
use super::table::{Flow, Slot};
use crate::decode::Segment;

/// What all connections share where bytes are handed on.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) counters: Counters,
    /// Hashes the bytes, to know another copy of them.
    pub(super) hasher: foldhash::fast::RandomState,
}

/// A hole that is suspect, or bytes that wait for the other direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    pub(super) since: u64,
    /// The segment that it goes back to, by its number in the capture.
    pub(super) root: u64,
    pub(super) slot: Slot,
    pub(super) generation: u32,
    pub(super) from: Direction,
    pub(super) at: u64,
}

/// A sequence number further than this from what was expected belongs to another
/// connection or to nobody: the largest window there is (RFC 7323 §2.3).
pub(super) const LARGEST_WINDOW: i64 = 1 << 30;

/// After so many vain waits for a sender that was seen once it counts as not captured.
const MOST_VAIN_WAITS: u8 = 2;

/// Notes what the sender acknowledged; returns what it must have read to send this.
pub(super) fn acknowledge<T>(flow: &mut Flow<T>, from: Direction, segment: &Segment<'_>) -> Needs {
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
    if other.base == Base::Tentative {
        // Who received that much waits for nothing before it.
        other.base = Base::MidStream;
    }
    if let Some(fin) = other.fin.get() {
        needed = needed.min(fin); // the FIN has a number of its own
    }
    other.acknowledged = other.acknowledged.max(needed);
    Needs::Offset(needed)
}

/// Hands on bytes that stand next in their direction; whether the stream's state may hold more memory
/// than before.
pub(super) fn deliver<T>(
    flow: &mut Flow<T>,
    from: Direction,
    arrival: Arrival<'_>,
    told: &mut Told,
    handler: &mut impl Handler<T>,
) -> bool {
    let Arrival { bytes, missing, needs, place, .. } = arrival;
    let acknowledged = match needs {
        Needs::Nothing => None,
        Needs::Offset(offset) => Some(offset),
    };
    let alone = flow.halves[from.reverse()].absent;
    let Flow { stream, halves, state, carried, .. } = flow;
    let half = &mut halves[from];
    let mut changed = missing > 0;
    if !bytes.is_empty() {
        *carried = true;
        let source = Source { place, offset: half.next, acknowledged, midstream: half.base != Base::Syn };
        let delivered = handler.data(stream, state, Chunk { from, bytes, source, alone });
        changed |= delivered.changed;
        half.latest = Latest::of(half.next, bytes, delivered.inspected, &told.hasher);
        half.advance(bytes.len() as u64);
    }
    if missing > 0 {
        *carried = true;
        let source = Source { place, offset: half.next, acknowledged, midstream: half.base != Base::Syn };
        half.advance(missing);
        told.counters.missing_bytes += missing;
        handler.gap(stream, state, Gap { from, length: missing, source });
    }
    changed
}

/// Hands on everything in waiting that can be read now, in both directions.
pub(super) fn drain<T>(flow: &mut Flow<T>, told: &mut Told, handler: &mut impl Handler<T>) {
    loop {
        let Some(from) = Direction::BOTH.into_iter().find(|from| ready(flow, *from)).or_else(|| deadlocked(flow))
        else {
            return;
        };
        let Some(piece) = flow.halves[from].early.as_mut().and_then(|early| early.pop_front()) else { return };
        deliver(flow, from, piece.as_arrival(), told, handler);
        if flow.halves[from].early.as_ref().is_some_and(|early| early.is_empty()) {
            flow.halves[from].early = None;
        }
    }
}

/// Whether the first piece in waiting stands next.
fn stands_next(half: &Half) -> bool {
    half.base != Base::Tentative
        && half.early.as_ref().and_then(|early| early.front()).is_some_and(|piece| piece.offset <= half.next)
}

/// Whether the first piece in waiting stands next and has what it needs.
fn ready<T>(flow: &Flow<T>, from: Direction) -> bool {
    let half = &flow.halves[from];
    let front = half.early.as_ref().and_then(|early| early.front());
    stands_next(half) && front.is_some_and(|piece| flow.halves[from.reverse()].satisfies(piece.needs))
}

/// Two pieces that wait for each other: a retransmission acknowledges more than its first
/// copy did. The one that opened the connection speaks first.
fn deadlocked<T>(flow: &Flow<T>) -> Option<Direction> {
    Direction::BOTH.into_iter().all(|from| stands_next(&flow.halves[from])).then_some(Direction::FromInitiator)
}

/// Gives up what the first piece of a direction waits for: bytes before the first, the hole before it, or a hole in
/// the other direction, or bytes of the other direction that never came.
pub(super) fn force<T>(flow: &mut Flow<T>, from: Direction, told: &mut Told, handler: &mut impl Handler<T>) {
    let Some(&Piece { offset, place, needs, .. }) = flow.halves[from].early.as_ref().and_then(|early| early.front())
    else {
        return;
    };
    // Where both directions wait, bytes before the first of either are all that is missing.
    let tentative = |half: &Half| half.base == Base::Tentative && half.early.is_some();
    let mut began = false;
    for from in Direction::BOTH {
        if tentative(&flow.halves[from]) {
            flow.halves[from].base = Base::MidStream;
            began |= ready(flow, from);
        }
    }
    if began {
        return;
    }
    let next = flow.halves[from].next;
    if offset > next {
        deliver(flow, from, Arrival::hole(next, offset - next, place), told, handler);
        return;
    }
    if let Some(hole) = hole_within(&flow.halves[from.reverse()], needs) {
        deliver(flow, from.reverse(), hole, told, handler);
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

/// What of the hole that `half` stands at had been received by whoever `needs` what comes after
/// it. Its place is that of the bytes behind the hole.
fn hole_within(half: &Half, needs: Needs) -> Option<Arrival<'static>> {
    let Needs::Offset(needed) = needs else { return None };
    let front = half.early.as_ref()?.front()?;
    let lost = front.offset.min(needed).saturating_sub(half.next);
    (lost > 0).then_some(Arrival::hole(half.next, lost, front.place))
}

/// A wait to register for a direction: its hole is suspect, or its bytes wait for the other.
pub(super) fn suspect<T>(flow: &mut Flow<T>, slot: Slot, from: Direction, index: u64, root: u64) -> Option<Wait> {
    let generation = flow.generation;
    let other = &flow.halves[from.reverse()];
    let other_unseen = !other.seen || other.absent;
    let half = &mut flow.halves[from];
    let front = half.early.as_ref()?.front()?;
    if half.waits_at.get() == Some(half.next) {
        return None;
    }
    // A hole that nobody acknowledged waits for its stream's end.
    let waits = front.offset <= half.next || half.acknowledged > half.next || other_unseen;
    if !waits {
        return None;
    }
    half.waits_at = Some(half.next).into();
    Some(Wait { since: index, root, slot, generation, from, at: half.next })
}

/// Tells the end of each direction that was read up to its FIN.
pub(super) fn tell_ends<T: Default>(flow: &mut Flow<T>, handler: &mut impl Handler<T>) {
    for from in Direction::BOTH {
        let half = &mut flow.halves[from];
        if !half.ended && half.fin.get().is_some_and(|fin| fin <= half.next) {
            half.ended = true;
            let Flow { stream, state, .. } = flow;
            handler.end(stream, state, from);
        }
    }
    if !flow.closed && Direction::BOTH.into_iter().all(|from| flow.halves[from].ended) {
        flow.closed = true;
        let Flow { stream, state, .. } = flow;
        handler.close(stream, state);
        flow.state = T::default();
        for from in Direction::BOTH {
            flow.halves[from].early = None;
        }
    }
}
