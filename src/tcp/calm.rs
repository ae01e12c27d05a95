//! The short way of what nearly every segment is: the next of a connection in which nothing
//! waits and nothing ends.
//!
//! It refuses to decide anything that the long way would decide otherwise.

use super::direction::Direction;
use super::flows::Flows;
use super::half::{Base, Half};
use super::handler::Handler;
use super::order::{acknowledge, deliver};
use super::piece::Arrival;
use super::sequence::SequenceNumber;
use super::table::{Flow, Slot};
use crate::decode::{Segment, TcpFlags};

/// Whether the numbering of this side is known, and nothing of it waits or ends.
#[inline]
fn is_calm(half: &Half) -> bool {
    matches!(half.base, Base::MidStream | Base::Syn) && half.early.is_none() && half.fin.get().is_none() && !half.ended
}

/// Whether a segment stands next in a calm connection.
#[inline]
fn is_next<T>(flow: &Flow<T>, from: Direction, segment: &Segment<'_>) -> bool {
    const EVENTFUL: u8 = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST | TcpFlags::URG;
    let (half, other) = (&flow.halves[from], &flow.halves[from.reverse()]);
    segment.flags.0 & (EVENTFUL | TcpFlags::ACK) == TcpFlags::ACK
        && SequenceNumber(segment.sequence) == half.next_sequence
        && segment.missing == 0
        && half.seen
        && !half.absent
        && !flow.closed
        && flow.rival.is_none()
        && is_calm(half)
        && is_calm(other)
}

impl<T: Default> Flows<T> {
    /// Takes a segment of the connection at `slot`, if it may; false where it has to go the long way.
    #[inline]
    pub(super) fn calm_segment(
        &mut self,
        index: u64,
        (slot, from): (Slot, Direction),
        segment: &Segment<'_>,
        handler: &mut impl Handler<T>,
    ) -> bool {
        let Some(flow) = self.table.get_mut(slot).filter(|flow| is_next(flow, from, segment)) else { return false };
        let needs = acknowledge(flow, from, segment);
        if !segment.payload.is_empty() && !flow.halves[from.reverse()].satisfies(needs) {
            return false;
        }
        self.latest = flow.stream.number;
        (flow.last, flow.closed_at) = (index, segment.place.time);
        let half = &mut flow.halves[from];
        half.vain_waits = 0;
        half.may_begin_at_syn = false;
        // Where nothing is handed on, nobody's memory grows.
        if !segment.payload.is_empty() {
            let (offset, bytes, place) = (flow.halves[from].next, segment.payload, segment.place);
            let arrival = Arrival { offset, bytes, missing: 0, needs, place };
            if deliver(flow, from, arrival, &mut self.told, handler) {
                self.reckon(slot, handler);
                self.keep_bound(handler);
            } else {
                debug_assert_eq!(self.weight_of(slot, handler), self.table.get(slot).map(|flow| flow.weight));
            }
        }
        true
    }
}
