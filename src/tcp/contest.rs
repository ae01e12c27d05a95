//! Whose a segment is where the same two ends open more than one connection: one after the other,
//! or, with a forged or late SYN, seemingly at the same time.

use super::direction::Direction;
use super::flows::Flows;
use super::half::Base;
use super::handler::Handler;
use super::order::LARGEST_WINDOW;
use super::relation::{is_answer_after_reset, relation};
use super::rival::{Relation, Rival};
use super::sequence::SequenceNumber;
use super::stream::Stream;
use super::table::Slot;
use crate::decode::{Segment, TcpFlags};

/// A copy of a whole connection that another interface saw is this late at most, in
/// nanoseconds by the packets' own time.
const LATE_COPY: i64 = 500_000_000;

impl<T: Default> Flows<T> {
    /// Whether a segment with the four-tuple of a known connection opens a new one.
    pub(super) fn opens_another(&self, slot: Slot, from: Direction, segment: &Segment<'_>) -> bool {
        let Some(flow) = self.table.get(slot) else { return false };
        let half = &flow.halves[from];
        let sequence = SequenceNumber(segment.sequence);
        let distance = sequence.after(half.next_sequence);
        let flags = segment.flags;
        if flags.has(TcpFlags::RST) {
            return false;
        }
        if flags.has(TcpFlags::SYN) {
            if !flow.closed || is_answer_after_reset(flow, from, segment) {
                return false;
            }
            // A late copy of the old connection's SYN, as a second interface brings it, is told by its
            // number and its time; one that was refused is sent again with the same number.
            let late_copy = segment.place.time.since(flow.closed_at) < LATE_COPY;
            let again = late_copy || !flow.carried || flags.has(TcpFlags::ACK);
            return half.syn_number() != Some(sequence) || !again;
        }
        let brings = !segment.payload.is_empty() || segment.missing > 0;
        if flow.closed {
            // Bytes after both ends said goodbye: a connection whose opening was missed.
            return brings && half.base != Base::Unknown && !(-LARGEST_WINDOW / 4..=1).contains(&distance);
        }
        brings && half.base == Base::MidStream && flow.carried && distance.abs() > LARGEST_WINDOW
    }

    /// Whether a segment may belong to another opening between the ends of a connection.
    #[inline]
    pub(super) fn may_be_contested(&self, slot: Slot, from: Direction, segment: &Segment<'_>) -> bool {
        let Some(flow) = self.table.get(slot).filter(|flow| !flow.closed) else { return false };
        let is_first = flow.foreign_syns == 0 && flow.halves[from].base == Base::Unknown;
        flow.rival.is_some() || (segment.flags.has(TcpFlags::SYN) && !is_first)
    }

    /// Takes a segment of another opening between the ends of a connection; false where it is the
    /// connection's own.
    #[cold]
    #[inline(never)]
    pub(super) fn contested(
        &mut self,
        index: u64,
        (slot, from): (Slot, Direction),
        segment: &Segment<'_>,
        handler: &mut impl Handler<T>,
    ) -> bool {
        let Some(flow) = self.table.get(slot) else { return false };
        match relation(flow, from, segment) {
            Relation::Own => return false,
            Relation::Refutes => {
                self.refute(slot, handler);
                return false;
            }
            relation @ (Relation::Opens | Relation::Answers | Relation::Pending) => {
                self.contest(index, slot, from, relation, segment, handler);
            }
            Relation::Confirms => {
                self.promote(index, slot, handler);
                let known = self.table.find(&segment.four_tuple);
                self.any_segment(index, known, segment, handler);
            }
        }
        true
    }

    /// Takes a segment of another opening between the ends of a connection that goes on.
    fn contest(
        &mut self,
        index: u64,
        slot: Slot,
        from: Direction,
        relation: Relation,
        segment: &Segment<'_>,
        handler: &mut impl Handler<T>,
    ) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        flow.last = index;
        flow.foreign_syns = flow.foreign_syns.saturating_add(1);
        match (relation, &mut flow.rival) {
            (Relation::Pending, Some(rival)) => rival.hold(from, segment),
            (Relation::Opens, Some(_)) if !flow.carried && !flow.halves[from.reverse()].seen => {
                // Nobody answers: one attempt after another.
                self.promote(index, slot, handler);
                let known = self.table.find(&segment.four_tuple);
                return self.any_segment(index, known, segment, handler);
            }
            _ => {
                self.refute(slot, handler);
                let rival = if relation == Relation::Opens {
                    Rival::opened(self.next_number(), from, segment)
                } else {
                    Rival::answered(from, segment)
                };
                if let Some(flow) = self.table.get_mut(slot) {
                    flow.rival = Some(Box::new(rival));
                }
            }
        }
        if let Some(flow) = self.table.get(slot) {
            self.latest = flow.rival.as_ref().and_then(|rival| rival.number).unwrap_or(flow.stream.number);
        }
        self.reckon(slot, handler);
        self.keep_bound(handler);
    }

    /// The pending opening of a connection opened nothing.
    pub(super) fn refute(&mut self, slot: Slot, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let Some(rival) = flow.rival.take() else { return };
        let ends = flow.stream.ends;
        self.told.counters.openings_ignored += 1;
        if let Some(number) = rival.number {
            self.told.counters.streams -= 1;
            handler.forgotten(&Stream { number, ends });
        }
        self.reckon(slot, handler);
    }

    /// The pending opening of a connection opened another, which takes the place of the first.
    pub(super) fn promote(&mut self, index: u64, slot: Slot, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let Some(rival) = flow.rival.take() else { return };
        if let Some(answer) = rival.answer().filter(|_| rival.answers_again(&flow.halves)) {
            // Another answer to the same SYN, and the one that was accepted.
            let half = &mut flow.halves[rival.opener.reverse()];
            half.number_from(answer.plus(1), Base::Syn);
            (half.syn, half.may_begin_at_syn) = (Some(answer), true);
            self.reckon(slot, handler);
            return;
        }
        let mut ends = flow.stream.ends;
        if rival.opener == Direction::FromResponder {
            std::mem::swap(&mut ends.source, &mut ends.destination);
        }
        self.close(slot, handler);
        self.forget(slot, handler);
        let number = rival.number.unwrap_or_else(|| self.next_number());
        let slot = self.table.insert(Stream { number, ends });
        if let Some(flow) = self.table.get_mut(slot) {
            flow.foreign_syns = flow.foreign_syns.saturating_add(1);
        }
        for segment in rival.segments() {
            let known = self.table.find(&segment.four_tuple);
            if known.is_none_or(|(slot, _)| self.table.get(slot).is_none_or(|flow| flow.stream.number != number)) {
                break; // it was let go for want of memory
            }
            self.any_segment(index, known, &segment, handler);
        }
    }

    /// Where a connection is over and another was opened between its ends meanwhile, that one goes on.
    pub(super) fn succeed(&mut self, index: u64, slot: Slot, handler: &mut impl Handler<T>) {
        if self.table.get(slot).is_some_and(|flow| flow.live && flow.closed && flow.rival.is_some()) {
            self.promote(index, slot, handler);
        }
    }
}
