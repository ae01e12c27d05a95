//! What a segment is to a connection with its four-tuple: part of it, or of another opening.

use super::direction::Direction;
use super::half::Base;
use super::rival::{REORDERED, Relation};
use super::sequence::SequenceNumber;
use super::table::Flow;
use crate::decode::{Segment, TcpFlags};

/// Whether a SYN/ACK answers the SYN of a connection that was reset before: the reset was not meant
/// for it, or its receiver did not believe it.
pub(super) fn is_answer_after_reset<T>(flow: &Flow<T>, from: Direction, segment: &Segment<'_>) -> bool {
    let (half, other) = (&flow.halves[from], &flow.halves[from.reverse()]);
    let before = SequenceNumber(segment.acknowledgment.wrapping_sub(1));
    let is_answer = segment.flags.has(TcpFlags::SYN) && segment.flags.has(TcpFlags::ACK);
    is_answer && flow.closed && !flow.carried && half.syn.is_none() && other.syn == Some(before)
}

/// What a segment of `from` is to a connection that is not closed.
pub(super) fn relation<T>(flow: &Flow<T>, from: Direction, segment: &Segment<'_>) -> Relation {
    let flags = segment.flags;
    if !flags.has(TcpFlags::SYN) || flags.has(TcpFlags::RST) {
        return flow.rival.as_ref().map_or(Relation::Own, |rival| rival.relation(&flow.halves, from, segment));
    }
    let sequence = SequenceNumber(segment.sequence);
    let acknowledges = flags.has(TcpFlags::ACK).then_some(SequenceNumber(segment.acknowledgment));
    if let Some(rival) = &flow.rival {
        let again = rival.opener == from && rival.syn == sequence;
        let answers = rival.opener != from && acknowledges.is_some_and(|number| rival.is_answered_by(number));
        if again || (answers && flow.halves[from].syn != Some(sequence)) {
            return Relation::Pending;
        }
    }
    match (is_foreign(flow, from, sequence, acknowledges), acknowledges) {
        (false, _) => Relation::Own,
        (true, None) => Relation::Opens,
        (true, Some(_)) => Relation::Answers,
    }
}

/// Whether a SYN of `from` is none of this connection's.
fn is_foreign<T>(
    flow: &Flow<T>,
    from: Direction,
    sequence: SequenceNumber,
    acknowledges: Option<SequenceNumber>,
) -> bool {
    let (half, other) = (&flow.halves[from], &flow.halves[from.reverse()]);
    if let Some(syn) = half.syn {
        return syn != sequence;
    }
    let first = sequence.plus(1);
    match half.base {
        Base::Unknown => {
            // Where several SYNs came, the one that is answered counts.
            let answered =
                |syn: SequenceNumber| acknowledges.is_none_or(|number| (0..=REORDERED).contains(&number.after(syn)));
            flow.foreign_syns > 0 && other.syn.is_some_and(|syn| !answered(syn))
        }
        Base::Syn => false,
        Base::Acknowledged | Base::Tentative | Base::MidStream if half.next == 0 => {
            !(-1..=REORDERED).contains(&half.next_sequence.after(first))
        }
        Base::Acknowledged | Base::Tentative | Base::MidStream => {
            half.offset(first) != 0 && sequence.after(half.next_sequence).abs() > 1
        }
    }
}
