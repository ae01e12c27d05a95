//! The fast path for the next segment of an undisturbed connection against the way that every segment
//! can go: the same calls in the same order, the same counters, the same memory.

use super::{Chunk, Delivered, Direction, Flows, Gap, Handler, Limits, Oddity, Stream};
use crate::decode::{Endpoint, FourTuple, Segment, TcpFlags};
use crate::packet::{PacketId, Place, Timestamp};
use proptest::prelude::*;

/// Writes down what it is told; keeps as much of a stream as it was handed on since a multiple of 40,
/// but for bytes of an even number, which are only counted.
#[derive(Default)]
struct Log {
    lines: Vec<String>,
}

impl Handler<usize> for Log {
    fn data(&mut self, s: &Stream, kept: &mut usize, chunk: Chunk<'_>) -> Delivered {
        let length = chunk.bytes.len();
        let changed = !length.is_multiple_of(2);
        if changed {
            *kept = (*kept + length) % 40;
        }
        self.lines.push(format!("{} {chunk:?}", s.number));
        Delivered { inspected: length / 2, changed }
    }
    fn gap(&mut self, s: &Stream, _: &mut usize, gap: Gap) {
        self.lines.push(format!("{} {gap:?}", s.number));
    }
    fn oddity(&mut self, s: &Stream, _: &mut usize, from: Direction, oddity: Oddity) {
        self.lines.push(format!("{} {from:?} {oddity:?}", s.number));
    }
    fn end(&mut self, s: &Stream, _: &mut usize, from: Direction) {
        self.lines.push(format!("{} {from:?} ends", s.number));
    }
    fn close(&mut self, s: &Stream, _: &mut usize) {
        self.lines.push(format!("{} is over", s.number));
    }
    fn forgotten(&mut self, s: &Stream) {
        self.lines.push(format!("{} is forgotten", s.number));
    }
    fn weight(&self, kept: &usize) -> usize {
        kept * 100
    }
}

/// What a segment brings, from where its sender stands.
#[derive(Debug, Clone, Copy)]
enum Brings {
    /// The next bytes.
    Next(u8),
    /// Bytes behind some that are lost.
    Skips(u8, u8),
    /// Bytes ahead of some that come later.
    Early(u8, u8),
    /// Bytes from so many before the next on.
    Again(u8, u8),
    /// A keep-alive probe, with its byte of garbage or without (RFC 9293 §3.8.4).
    Probe(bool),
    /// The next bytes, the last of which the capture cut off.
    Cut(u8, u8),
    Opening,
    /// A SYN with so many bytes of data, whose number is foreign, or that of the one before.
    Foreign(u8),
    /// What follows it: the next bytes of whoever sent that SYN, or who received it.
    Rival(u8),
    /// Bytes from the SYN's own number on.
    Uncounted(u8),
    End(u8),
    Reset(i8),
    Urgent(u8),
    /// Bytes of nobody's window.
    Far(u8),
    /// Bytes with any flags.
    Flags(u8, u8),
}

/// How far from a connection's numbers those of the other opening between its ends are.
const FOREIGN: u32 = 0x1234_5678;

/// What a segment acknowledges, from what the other side has sent.
#[derive(Debug, Clone, Copy)]
enum Acknowledges {
    All,
    Before(u8),
    Beyond(u8),
    Anything(u32),
    Nothing,
}

/// What happens before a segment.
#[derive(Debug, Clone, Copy)]
enum Before {
    Packets(u8),
    Quiet,
}

#[derive(Debug, Clone)]
struct Step {
    before: Before,
    second_connection: bool,
    from_server: bool,
    brings: Brings,
    acknowledges: Acknowledges,
    /// Whether its bytes differ from what others say.
    differs: bool,
    /// PSH, and those of explicit congestion notification (RFC 3168).
    more_flags: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let brings = prop_oneof![
        20 => (0..40_u8).prop_map(Brings::Next),
        2 => (1..60_u8, 0..40_u8).prop_map(|(lost, length)| Brings::Skips(lost, length)),
        4 => (1..60_u8, 0..40_u8).prop_map(|(ahead, length)| Brings::Early(ahead, length)),
        4 => (1..60_u8, 0..80_u8).prop_map(|(back, length)| Brings::Again(back, length)),
        2 => any::<bool>().prop_map(Brings::Probe),
        1 => (0..40_u8, 1..20_u8).prop_map(|(length, missing)| Brings::Cut(length, missing)),
        1 => Just(Brings::Opening),
        2 => (0..8_u8).prop_map(Brings::Foreign),
        4 => (0..20_u8).prop_map(Brings::Rival),
        2 => (0..20_u8).prop_map(Brings::Uncounted),
        1 => (0..20_u8).prop_map(Brings::End),
        1 => any::<i8>().prop_map(Brings::Reset),
        1 => (0..20_u8).prop_map(Brings::Urgent),
        1 => (0..20_u8).prop_map(Brings::Far),
        1 => (any::<u8>(), 0..20_u8).prop_map(|(flags, length)| Brings::Flags(flags, length)),
    ];
    let acknowledges = prop_oneof![
        12 => Just(Acknowledges::All),
        3 => (1..80_u8).prop_map(Acknowledges::Before),
        2 => (1..80_u8).prop_map(Acknowledges::Beyond),
        1 => any::<u32>().prop_map(Acknowledges::Anything),
        1 => Just(Acknowledges::Nothing),
    ];
    let before = prop_oneof![20 => (0..4_u8).prop_map(Before::Packets), 1 => Just(Before::Quiet)];
    let differs = prop_oneof![9 => Just(false), 1 => Just(true)];
    let more_flags = prop::sample::select(&[0, 0, 0, TcpFlags::PSH, 0x40, 0x80][..]);
    (before, any::<bool>(), any::<bool>(), brings, acknowledges, differs, more_flags).prop_map(
        |(before, second_connection, from_server, brings, acknowledges, differs, more_flags)| Step {
            before,
            second_connection,
            from_server,
            brings,
            acknowledges,
            differs,
            more_flags,
        },
    )
}

/// A segment's numbers, flags and length, with the bytes that are missing after those.
struct Sent {
    sequence: u32,
    acknowledgment: u32,
    flags: u8,
    length: u8,
    missing: u8,
}

/// `next` is what number each side would send next; the sender's moves on.
fn send(step: &Step, next: &mut [u32; 2]) -> Sent {
    let (me, peer) = (usize::from(step.from_server), usize::from(!step.from_server));
    let own = next[me];
    let after = |by: u8| own.wrapping_add(by.into());
    let (sequence, flags, length, missing, numbers) = match step.brings {
        Brings::Next(length) => (own, 0, length, 0, length),
        Brings::Skips(lost, length) => (after(lost), 0, length, 0, lost + length),
        Brings::Early(ahead, length) => (after(ahead), 0, length, 0, 0),
        Brings::Again(back, length) => (own.wrapping_sub(back.into()), 0, length, 0, length.saturating_sub(back)),
        Brings::Probe(byte) => (own.wrapping_sub(1), 0, byte.into(), 0, 0),
        Brings::Cut(length, missing) => (own, 0, length, missing, length + missing),
        Brings::Opening => (own.wrapping_sub(1), TcpFlags::SYN, 0, 0, 0),
        Brings::Foreign(length) => (own.wrapping_add(FOREIGN - 1), TcpFlags::SYN, length, 0, 0),
        Brings::Rival(length) => (own.wrapping_add(FOREIGN), 0, length, 0, 0),
        Brings::Uncounted(length) => (own.wrapping_sub(1), 0, length, 0, length.saturating_sub(1)),
        Brings::End(length) => (own, TcpFlags::FIN, length, 0, length + 1),
        Brings::Reset(by) => (own.wrapping_add_signed(by.into()), TcpFlags::RST, 0, 0, 0),
        Brings::Urgent(length) => (own, TcpFlags::URG, length, 0, length),
        Brings::Far(length) => (own.wrapping_add(0x5000_0000), 0, length, 0, 0),
        Brings::Flags(flags, length) => (own, flags, length, 0, length),
    };
    next[me] = after(numbers);
    let acknowledgment = match step.acknowledges {
        Acknowledges::All | Acknowledges::Nothing => next[peer],
        Acknowledges::Before(by) => next[peer].wrapping_sub(by.into()),
        Acknowledges::Beyond(by) => next[peer].wrapping_add(by.into()),
        Acknowledges::Anything(number) => number,
    };
    let foreign = matches!(step.brings, Brings::Foreign(_) | Brings::Rival(_));
    let acknowledgment = if foreign { acknowledgment.wrapping_add(FOREIGN) } else { acknowledgment };
    let ack = if matches!(step.acknowledges, Acknowledges::Nothing) { 0 } else { TcpFlags::ACK };
    Sent { sequence, acknowledgment, flags: flags | ack | step.more_flags, length, missing }
}

/// The byte with this number, as it is said by who tells the truth.
fn byte(number: u32) -> u8 {
    (number.wrapping_mul(0x9e37_79b1) >> 24) as u8
}

fn ends(step: &Step) -> FourTuple {
    let end = |port| Endpoint { address: [10, 0, 0, u8::from(step.second_connection)].into(), port };
    let (client, server) = (end(40000), end(80));
    let (source, destination) = if step.from_server { (server, client) } else { (client, server) };
    FourTuple { source, destination }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_fast_path_does_what_every_other_segment_s_way_does(
        steps in prop::collection::vec(step(), 0..80),
        first in prop::array::uniform2(prop::array::uniform2(prop_oneof![any::<u32>(), u32::MAX - 200..=u32::MAX])),
        opens in any::<[bool; 2]>(),
        memory in prop_oneof![Just(1 << 20), 900..6000_usize],
        patience in 1..20_u64,
        early_segments in prop_oneof![Just(1_usize << 18), 0..4_usize],
    ) {
        let limits = Limits { memory, patience, early_segments };
        let (mut fast, mut slow) = (Flows::new(limits), Flows::new(limits));
        let (mut told, mut wanted) = (Log::default(), Log::default());
        let handshake = |second_connection, from_server| Step {
            before: Before::Packets(1),
            second_connection,
            from_server,
            brings: Brings::Opening,
            acknowledges: if from_server { Acknowledges::All } else { Acknowledges::Nothing },
            differs: false,
            more_flags: 0,
        };
        let opened = [false, true].into_iter().filter(|second| opens[usize::from(*second)]);
        let handshakes: Vec<_> = opened.flat_map(|second| [false, true].map(|server| handshake(second, server))).collect();
        let (mut index, mut next) = (0, first);
        for (serial, step) in (0..).zip(handshakes.iter().chain(&steps)) {
            match step.before {
                Before::Packets(passed) => {
                    index += u64::from(passed);
                    fast.expire(index, &mut told);
                    slow.expire(index, &mut wanted);
                }
                Before::Quiet => {
                    fast.quiet(&mut told);
                    slow.quiet(&mut wanted);
                }
            }
            let sent = send(step, &mut next[usize::from(step.second_connection)]);
            let start = sent.sequence.wrapping_add(u32::from(sent.flags & TcpFlags::SYN != 0));
            let lie = if step.differs { 0xff } else { 0 };
            let payload: Vec<u8> =
                (0..sent.length).map(|at| byte(start.wrapping_add(at.into())) ^ lie).collect();
            let segment = Segment {
                four_tuple: ends(step),
                sequence: sent.sequence,
                acknowledgment: sent.acknowledgment,
                window: 1000,
                flags: TcpFlags(sent.flags),
                payload: &payload,
                missing: sent.missing.into(),
                place: Place {
                    packet: PacketId::new(0, serial + 1),
                    time: Timestamp::from_micros(0, index as u32 * 50_000),
                    offset: Some(54),
                },
            };
            fast.number_next(serial);
            slow.number_next(serial);
            fast.segment(index, &segment, &mut told);
            slow.segment_slowly(index, &segment, &mut wanted);
            prop_assert_eq!(&told.lines, &wanted.lines);
            let state = |flows: &mut Flows<usize>| {
                (flows.counters(), flows.memory(), flows.waiting(), flows.latest(), flows.first_due(), flows.locate(&segment))
            };
            prop_assert_eq!(state(&mut fast), state(&mut slow));
        }
        fast.finish(&mut told);
        slow.finish(&mut wanted);
        prop_assert_eq!(&told.lines, &wanted.lines);
        prop_assert_eq!(fast.counters(), slow.counters());
    }
}
