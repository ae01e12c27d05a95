//! The short way of what nearly every segment is: the next of a connection in which nothing
//! waits and nothing ends.
//!
//! It refuses to decide anything that the long way would decide otherwise.

use super::Direction;
use super::flows::Flows;
use super::half::{Base, Half};
use super::handler::Handler;
use super::order::{acknowledge, deliver};
use super::sequence::SequenceNumber;
use super::table::{Flow, Slot};
use crate::decode::{Segment, TcpFlags};

/// Whether the numbering of this side is known, and nothing of it waits or ends.
#[inline]
fn is_calm(half: &Half) -> bool {
    matches!(half.base, Base::MidStream | Base::Syn) && half.early.is_none() && half.fin.is_none() && !half.ended
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
        #[cfg(test)]
        if self.only_long {
            return false;
        }
        let Some(flow) = self.table.get_mut(slot).filter(|flow| is_next(flow, from, segment)) else { return false };
        let needs = acknowledge(flow, from, segment);
        if !segment.payload.is_empty() && !flow.halves[from.reverse()].satisfies(needs) {
            return false;
        }
        self.latest = flow.stream.number;
        (flow.last, flow.closed_at) = (index, segment.place.time);
        flow.halves[from].vain_waits = 0;
        // Where nothing is handed on, nobody's memory grows.
        if !segment.payload.is_empty() {
            deliver(flow, from, segment.payload, 0, segment.place, &mut self.told, handler);
            if !handler.only_counted() {
                self.reckon(slot, handler);
                self.keep_bound(handler);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Endpoint, FourTuple};
    use crate::packet::{PacketId, Place, Timestamp};
    use crate::tcp::{Limits, Oddity, Stream};
    use proptest::prelude::*;

    /// Writes down what it is told; keeps as much of a stream as it was handed on since a multiple of 40,
    /// but for bytes of an even number, which are only counted.
    #[derive(Default)]
    struct Log(Vec<String>, bool);

    impl Handler<usize> for Log {
        fn data(
            &mut self,
            s: &Stream,
            kept: &mut usize,
            from: Direction,
            bytes: &[u8],
            place: Place,
            alone: bool,
        ) -> usize {
            self.1 = bytes.len().is_multiple_of(2);
            if !self.1 {
                *kept = (*kept + bytes.len()) % 40;
            }
            self.0.push(format!("{} {from:?} {bytes:?} {place:?} {alone}", s.number));
            bytes.len() / 2
        }
        fn gap(&mut self, s: &Stream, _: &mut usize, from: Direction, length: u64, place: Place) {
            self.0.push(format!("{} {from:?} lost {length} {place:?}", s.number));
        }
        fn oddity(&mut self, s: &Stream, _: &mut usize, from: Direction, oddity: Oddity) {
            self.0.push(format!("{} {from:?} {oddity:?}", s.number));
        }
        fn end(&mut self, s: &Stream, _: &mut usize, from: Direction) {
            self.0.push(format!("{} {from:?} ends", s.number));
        }
        fn close(&mut self, s: &Stream, _: &mut usize) {
            self.0.push(format!("{} is over", s.number));
        }
        fn weight(&self, kept: &usize) -> usize {
            kept * 100
        }
        fn only_counted(&self) -> bool {
            self.1
        }
    }

    const TEXT: &[u8] = b"in plain sight, a fluffy tail";

    /// Of one of two connections, in one direction: how far on it stands, what it acknowledges, its
    /// flags, its length, what is missing, and how many packets came in between.
    type Sent = (bool, bool, u32, u32, u8, usize, u32, u64);

    fn sent() -> impl Strategy<Value = Sent> {
        let flags = prop_oneof![
            20 => Just(TcpFlags::ACK),
            10 => Just(TcpFlags::ACK | TcpFlags::PSH),
            1 => any::<u8>(),
        ];
        let number = || prop_oneof![20 => 0..4_u32, 1 => Just(0x5000_0000)];
        let missing = prop_oneof![9 => Just(0), 1 => 0..9_u32];
        (any::<bool>(), any::<bool>(), number(), number(), flags, 0..TEXT.len(), missing, 0..3_u64)
    }

    proptest! {
        /// Segments of 10 bytes' grid, so that many stand next, and many do not.
        #[test]
        fn the_short_way_does_what_the_long_way_does(
            all in proptest::collection::vec(sent(), 0..60),
            memory in prop_oneof![Just(1 << 20), 900..4000_usize],
            patience in 1..20_u64,
        ) {
            let limits = Limits { memory, patience, ..Limits::default() };
            let mut ways = [false, true].map(|only_long| {
                let mut flows = Flows::new(limits);
                flows.only_long = only_long;
                (flows, Log::default())
            });
            let mut index = 0;
            // How far each side of each connection has come.
            let mut at = [[100_u32, 500], [100, 500]];
            for (serial, (other, from_server, ahead, acknowledges, flags, length, missing, passed)) in (0..).zip(all) {
                index += passed;
                let sides = &mut at[usize::from(other)];
                let (me, peer) = (usize::from(from_server), usize::from(!from_server));
                let sequence = sides[me].wrapping_add(ahead.saturating_sub(1).wrapping_mul(10));
                let acknowledgment = sides[peer].wrapping_sub(10).wrapping_add(acknowledges.min(1) * 10);
                if ahead < 2 {
                    sides[me] = sides[me].max(sequence.wrapping_add(length as u32));
                }
                let end = |port| Endpoint { address: [10, 0, 0, u8::from(other)].into(), port };
                let (client, server) = (end(1000), end(80));
                let (source, destination) = if from_server { (server, client) } else { (client, server) };
                let segment = Segment {
                    four_tuple: FourTuple { source, destination },
                    sequence,
                    acknowledgment,
                    window: 1000,
                    flags: TcpFlags(flags),
                    payload: &TEXT[..length],
                    missing,
                    place: Place {
                        packet: PacketId::new(0, serial + 1),
                        time: Timestamp::from_micros(0, u32::from(memory > 0) + index as u32),
                        offset: Some(0),
                    },
                };
                for (flows, log) in &mut ways {
                    flows.expire(index, log);
                    flows.number_next(serial);
                    flows.segment(index, &segment, log);
                }
                let [(short, told), (long, wanted)] = &ways;
                prop_assert_eq!(&told.0, &wanted.0);
                let state = |flows: &Flows<usize>| (flows.counters(), flows.memory(), flows.waiting(), flows.latest());
                prop_assert_eq!(state(short), state(long));
            }
            let [(mut short, mut told), (mut long, mut wanted)] = ways;
            short.finish(&mut told);
            long.finish(&mut wanted);
            prop_assert_eq!(&told.0, &wanted.0);
            prop_assert_eq!(short.counters(), long.counters());
        }
    }
}
