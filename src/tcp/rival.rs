//! A SYN with a foreign number within a connection that goes on: it opens another connection, or
//! nothing does.
//!
//! A receiver drops such a SYN and answers with a challenge ACK (RFC 9293 §3.10.7.4), so that the
//! SYN alone ends nothing: it may be forged, or a late copy. Where the ends really begin anew, the
//! other end answers at the new numbers, or data follows there and none at the old ones. Until
//! that is known the opening is pending, one for each connection.

use super::direction::{Direction, PerDirection};
use super::half::{Base, Half};
use super::piece::ALLOCATION;
use super::sequence::SequenceNumber;
use crate::decode::{FourTuple, Segment, TcpFlags};
use crate::packet::Place;

/// How far, in sequence numbers, a direction's beginning may lie before the first number known of it
/// and still be taken for reordered.
pub(super) const REORDERED: i64 = 1 << 20;

/// How many segments a pending opening keeps besides its first. So many at its numbers, and none at
/// the old ones, are a connection, even where nothing of the other end is seen.
const MOST_HELD: usize = 4;

/// An opening that nothing has confirmed or refuted yet.
#[derive(Debug)]
pub(crate) struct Rival {
    /// The stream's number, where the SYN itself was seen.
    pub(crate) number: Option<u64>,
    /// Who opens, by the direction in the connection that goes on.
    pub(crate) opener: Direction,
    /// The sequence number of the opener's SYN.
    pub(super) syn: SequenceNumber,
    /// The number after what the opener sent of it.
    next: SequenceNumber,
    /// The sequence number of the SYN/ACK.
    answer: Option<SequenceNumber>,
    /// Its segments so far.
    held: Vec<Held>,
}

/// A segment that is kept.
#[derive(Debug)]
struct Held {
    four_tuple: FourTuple,
    sequence: u32,
    acknowledgment: u32,
    window: u16,
    flags: TcpFlags,
    payload: Box<[u8]>,
    missing: u32,
    place: Place,
}

/// What a segment is to a connection with, or without, a pending opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The connection's own; a pending opening is left as it is.
    Own,
    /// A SYN that may open another connection.
    Opens,
    /// A SYN/ACK of an opening that was not seen.
    Answers,
    /// Part of the pending opening, which it does not confirm.
    Pending,
    /// Part of the pending opening, and shows that it is one.
    Confirms,
    /// The connection's own, and shows that the pending opening was none.
    Refutes,
}

impl Held {
    fn of(segment: &Segment<'_>) -> Self {
        let Segment { four_tuple, sequence, acknowledgment, window, flags, payload, missing, place } = *segment;
        Self { four_tuple, sequence, acknowledgment, window, flags, payload: payload.into(), missing, place }
    }

    fn segment(&self) -> Segment<'_> {
        let Self { four_tuple, sequence, acknowledgment, window, flags, ref payload, missing, place } = *self;
        Segment { four_tuple, sequence, acknowledgment, window, flags, payload, missing, place }
    }
}

impl Rival {
    /// The opening that a SYN without ACK, of `from`, may be.
    pub(super) fn opened(number: u64, from: Direction, segment: &Segment<'_>) -> Self {
        let syn = SequenceNumber(segment.sequence);
        let mut rival =
            Self { number: Some(number), opener: from, syn, next: syn.plus(1), answer: None, held: Vec::new() };
        rival.hold(from, segment);
        rival
    }

    /// The opening that a SYN/ACK of `from` may answer.
    pub(super) fn answered(from: Direction, segment: &Segment<'_>) -> Self {
        let next = SequenceNumber(segment.acknowledgment);
        let syn = SequenceNumber(segment.acknowledgment.wrapping_sub(1));
        let mut rival = Self { number: None, opener: from.reverse(), syn, next, answer: None, held: Vec::new() };
        rival.hold(from, segment);
        rival
    }

    /// Keeps a segment of it, unless there are too many: those come again, or are a hole.
    pub(super) fn hold(&mut self, from: Direction, segment: &Segment<'_>) {
        let is_syn = segment.flags.has(TcpFlags::SYN);
        let sequence = SequenceNumber(segment.sequence);
        if is_syn && from != self.opener {
            self.answer = Some(sequence);
        }
        if self.held.len() > MOST_HELD || segment.flags.has(TcpFlags::RST) {
            return;
        }
        if from == self.opener {
            let length = segment.payload.len() as u64 + u64::from(segment.missing);
            let end = sequence.plus(length + u64::from(is_syn));
            if end.after(self.next) > 0 {
                self.next = end;
            }
        }
        self.held.reserve_exact(1);
        self.held.push(Held::of(segment));
    }

    /// Its segments, in the order in which they came.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.held.iter().map(Held::segment)
    }

    /// The number after the opener's SYN, where a segment in `place` was the last that it kept.
    pub(super) fn start_for(&self, place: Place) -> Option<SequenceNumber> {
        let last = self.held.last()?;
        (last.place == place).then(|| self.syn.plus(1))
    }

    /// Whether it answers the SYN that the connection of `halves` began with.
    pub(super) fn answers_again(&self, halves: &PerDirection<Half>) -> bool {
        let (opener, other) = (&halves[self.opener], &halves[self.opener.reverse()]);
        self.number.is_none() && opener.syn == Some(self.syn) && other.next == 0 && other.early.is_none()
    }

    /// The sequence number of its SYN/ACK.
    pub(super) const fn answer(&self) -> Option<SequenceNumber> {
        self.answer
    }

    /// Memory held, in bytes.
    pub(super) fn weight(&self) -> usize {
        let held = |held: &Held| if held.payload.is_empty() { 0 } else { held.payload.len() + ALLOCATION };
        let room = self.held.capacity() * size_of::<Held>() + ALLOCATION;
        size_of::<Self>() + ALLOCATION + room + self.held.iter().map(held).sum::<usize>()
    }

    /// Whether `acknowledged` is a number that answers the SYN, or what came with or after it. Who
    /// does not count the SYN may answer with its own number.
    pub(super) fn is_answered_by(&self, acknowledged: SequenceNumber) -> bool {
        (0..=self.next.after(self.syn)).contains(&acknowledged.after(self.syn))
    }

    /// What a segment without SYN is to the opening.
    pub(super) fn relation(&self, halves: &PerDirection<Half>, from: Direction, segment: &Segment<'_>) -> Relation {
        let sequence = SequenceNumber(segment.sequence);
        let acknowledges = segment.flags.has(TcpFlags::ACK).then_some(SequenceNumber(segment.acknowledgment));
        let length = segment.payload.len() + segment.missing as usize;
        let by_opener = from == self.opener;
        if segment.flags.has(TcpFlags::RST) {
            // It refuses the opening, and nothing else: it stands outside the connection's window.
            let refuses = !by_opener && acknowledges.is_some_and(|number| self.is_answered_by(number));
            return if refuses { Relation::Pending } else { Relation::Own };
        }
        let behind = |number: SequenceNumber, start: SequenceNumber| (0..=REORDERED).contains(&number.after(start));
        if let Some(answer) = self.answer {
            // Who opened acknowledges the answer; who answered goes on after it.
            let (own, other) = if by_opener { (self.syn, answer) } else { (answer, self.syn) };
            let fits = behind(sequence, own) && acknowledges.is_some_and(|number| behind(number, other));
            if fits && (by_opener || length > 0) {
                return Relation::Confirms;
            }
        }
        let half = &halves[from];
        let goes_on = length > 0 || segment.flags.has(TcpFlags::FIN);
        if goes_on && half.base != Base::Unknown && sequence == half.next_sequence {
            // What the other end of an opener sends may have been on its way.
            let says = by_opener || self.number.is_none();
            return if says { Relation::Refutes } else { Relation::Own };
        }
        if self.answer.is_some() {
            return Relation::Own;
        }
        if by_opener {
            // The handshake's end, or data, at the very next number.
            let fits = sequence == self.next || (sequence == self.syn && length > 1);
            return match fits {
                true if length == 0 => Relation::Pending,
                true if !halves[from.reverse()].seen || self.held.len() > MOST_HELD => Relation::Confirms,
                true => Relation::Pending,
                false => Relation::Own,
            };
        }
        let more_than_syn = self.next.after(self.syn) > 1;
        let acknowledged = acknowledges.is_some_and(|number| number.after(self.syn) > 1 && self.is_answered_by(number));
        if more_than_syn && acknowledged { Relation::Confirms } else { Relation::Own }
    }
}
