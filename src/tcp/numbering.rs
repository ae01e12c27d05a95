//! Which offset of its direction a segment's sequence number is, where the opening was seen and
//! where it was not.

use super::direction::Direction;
use super::half::Base;
use super::order::LARGEST_WINDOW;
use super::rival::REORDERED;
use super::sequence::SequenceNumber;
use super::table::Flow;
use crate::decode::{Segment, TcpFlags};

/// So many segments of a direction whose opening was not seen are held at most, lest one that belongs
/// before the first of them comes late.
const MOST_TENTATIVE: usize = 4;

/// Numbers the sender's direction, as far as a segment with `length` bytes shows how. Gives the number
/// of its first byte, and whether that byte counts as such: not where it has the SYN's own number.
pub(super) fn number<T>(
    flow: &mut Flow<T>,
    from: Direction,
    segment: &Segment<'_>,
    length: u64,
    most_early: usize,
) -> (SequenceNumber, bool) {
    let half = &mut flow.halves[from];
    let own = SequenceNumber(segment.sequence);
    if segment.flags.has(TcpFlags::SYN) {
        let first = own.plus(1);
        if half.base != Base::Syn && half.next == 0 {
            let before = if half.base == Base::Unknown { 0 } else { half.next_sequence.after(first) };
            (half.syn, half.may_begin_at_syn) = (Some(own), true);
            if let Some(before) = u64::try_from(before).ok().filter(|before| *before > 0) {
                half.base = Base::Syn;
                flow.begin_earlier(from, before);
            } else if half.weight() == 0 {
                half.number_from(first, Base::Syn);
            }
        }
        return (first, true);
    }
    if half.base == Base::Syn {
        let says = length > 1 || segment.flags.has(TcpFlags::FIN);
        let reset = segment.flags.has(TcpFlags::RST);
        let counted = reset || !says || half.next > 0 || !half.may_begin_at_syn || half.syn != Some(own);
        if !counted {
            flow.begin_earlier(from, 1);
        }
        if !counted || (!reset && own == flow.halves[from].next_sequence) {
            flow.halves[from].may_begin_at_syn = false;
        }
        return (own, counted);
    }
    let mut begins = half.base == Base::Unknown;
    if begins {
        half.number_from(own, Base::Tentative);
    } else if half.next == 0 && half.base != Base::MidStream {
        // Bytes from before what the other side acknowledged first, or from before the first that
        // came, may come late. A keep-alive probe repeats one byte and brings nothing.
        let before = u64::try_from(half.offset(own).saturating_neg()).unwrap_or(0);
        begins =
            length > 1 && before > 0 && (half.base == Base::Acknowledged || before <= LARGEST_WINDOW.unsigned_abs());
        half.base = if begins || half.base == Base::Tentative { Base::Tentative } else { Base::MidStream };
        if begins {
            flow.begin_earlier(from, before);
        }
    }
    let half = &mut flow.halves[from];
    if half.base == Base::Tentative && length > 0 {
        let held = half.early.as_ref().map_or(0, |early| early.len());
        let confirmed = !begins && held == 0;
        let far = half.offset(own).saturating_add_unsigned(length) > REORDERED;
        if confirmed || far || held + 1 >= MOST_TENTATIVE.min(most_early) {
            half.base = Base::MidStream;
        }
    }
    (own, true)
}
