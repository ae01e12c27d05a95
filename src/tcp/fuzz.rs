//! The body of the fuzz target for reassembly, and of its replay on stable: a plain function
//! over bytes.
//!
//! It is meant for testing alone, and judges by what [`Flows`] tells, not by how it keeps it.

use super::direction::{Direction, PerDirection};
use super::flows::{Flows, Limits};
use super::handler::{Chunk, Delivered, Gap, Handler, Oddity, Source};
use super::stream::Stream;
use super::table::Table;
use crate::decode::{Endpoint, FourTuple, Segment, TcpFlags};
use crate::packet::{PacketId, Place, Timestamp};
use std::collections::HashMap;
use std::net::Ipv4Addr;

/// Reads segments of four connections from `data` and reassembles them within bounds so small
/// that they are met.
///
/// The first byte sets the bounds: memory (bits 0 to 2), patience (3 to 5), early segments (6
/// and 7). Each segment is nine bytes: the connection (bits 0 and 1), the sender (2), whether
/// its numbers are far off (3), as those of another opening between the same ends are, whether its bytes differ from what others say (4) and whether a
/// quiet time precedes it (5 to 7, all set); the TCP flags; the sequence and acknowledgement
/// numbers relative to the senders' own (two bytes each); the payload's length, how much of
/// it the capture cut off, and how many packets of the capture came since the last.
///
/// # Panics
/// If bytes are handed on that nobody sent, out of order or twice, after their direction's or
/// their stream's end; if bytes that came count as lost; if memory outgrows its bound or is
/// not given back; if a stream's end is not told; or if the fast path tells or counts anything else
/// than the way that every segment can go.
pub fn fuzz_tcp(data: &[u8]) {
    let Some((&first, mut rest)) = data.split_first() else { return };
    let limits = Limits {
        memory: if first & 7 == 7 { 64 << 20 } else { 1 << (10 + (first & 7)) },
        patience: 1 << (first >> 3 & 7),
        early_segments: 1 << (2 * (first >> 6)),
    };
    let (mut flows, mut slow) = (Flows::new(limits), Flows::new(limits));
    let (mut judge, mut log) = (Judge::default(), Log::default());
    let mut index = 0;
    while let Some((record, behind)) = rest.split_first_chunk() {
        rest = behind;
        let sent = Sent::read(*record);
        index += u64::from(record[8]);
        if record[0] >> 5 == 7 {
            flows.quiet(&mut judge);
            slow.quiet(&mut log);
        } else {
            flows.expire(index, &mut judge);
            slow.expire(index, &mut log);
        }
        judge.sent.push(sent);
        let at = judge.sent.len() - 1;
        let sent = judge.sent[at].clone();
        flows.segment(index, &sent.segment(at as u64), &mut judge);
        slow.segment_slowly(index, &sent.segment(at as u64), &mut log);
        assert_eq!(judge.log, log, "the fast path tells something else");
        assert_eq!((flows.counters(), flows.memory()), (slow.counters(), slow.memory()));
        judge.took(at, flows.latest());
        let counters = flows.counters();
        let let_go = counters.early_segments_let_go
            + counters.segments_after_end
            + counters.segments_outside_window
            + counters.segments_before_start
            + counters.openings_ignored;
        judge.may_lose |= record[7] > 0 || let_go > 0;
        assert!(flows.memory() <= limits.memory, "{} of {} bytes", flows.memory(), limits.memory);
    }
    flows.finish(&mut judge);
    slow.finish(&mut log);
    assert_eq!(judge.log, log, "the fast path tells something else at the end");
    assert_eq!(flows.counters(), slow.counters());
    assert_eq!(flows.memory() % Table::<Told>::FLOW_COST, 0, "nothing is held after the end but the table itself");
    for stream in 0..flows.numbered() {
        assert!(judge.streams.get(&stream).is_some_and(|s| s.closed), "the end of stream {stream} is not told");
    }
}

/// A segment as it was sent.
#[derive(Debug, Clone)]
struct Sent {
    connection: u8,
    from_first: bool,
    flags: u8,
    sequence: u32,
    acknowledgment: u32,
    payload: Vec<u8>,
    missing: u32,
    /// The stream that it was taken for, once it was taken.
    stream: Option<u64>,
}

impl Sent {
    fn read([what, flags, s0, s1, a0, a1, length, missing, _]: [u8; 9]) -> Self {
        let (connection, from_first) = (what & 3, what & 4 == 0);
        let start = |first| 0xffff_ff00_u32.wrapping_add((u32::from(connection) << 9) | (u32::from(first) << 30));
        let far = if what & 8 == 0 { 0 } else { 0x5000_0000 };
        let own = i32::from(i16::from_be_bytes([s0, s1])).cast_unsigned();
        let other = i32::from(i16::from_be_bytes([a0, a1])).cast_unsigned();
        let sequence = start(from_first).wrapping_add(own).wrapping_add(far);
        let at = sequence.wrapping_add(u32::from(flags & TcpFlags::SYN != 0));
        let differs = if what & 16 == 0 { 0 } else { 0xff };
        let byte = |i: u8| (at.wrapping_add(u32::from(i)).wrapping_mul(0x9e37_79b1) >> 24) as u8 ^ differs;
        Self {
            connection,
            from_first,
            flags,
            sequence,
            acknowledgment: start(!from_first).wrapping_add(other).wrapping_add(far),
            payload: (0..length).map(byte).collect(),
            missing: u32::from(missing),
            stream: None,
        }
    }

    /// The sequence number of the first payload byte.
    fn start(&self) -> u32 {
        self.sequence.wrapping_add(u32::from(self.flags & TcpFlags::SYN != 0))
    }

    fn ends(&self) -> FourTuple {
        let end = |first| Endpoint {
            address: Ipv4Addr::new(10, 0, self.connection, u8::from(first)).into(),
            port: if first { 40000 } else { 80 },
        };
        FourTuple { source: end(self.from_first), destination: end(!self.from_first) }
    }

    fn segment(&self, number: u64) -> Segment<'_> {
        Segment {
            four_tuple: self.ends(),
            sequence: self.sequence,
            acknowledgment: self.acknowledgment,
            window: 65000,
            flags: TcpFlags(self.flags),
            payload: &self.payload,
            missing: self.missing,
            place: Place { packet: PacketId::new(0, number), time: Timestamp::default(), offset: Some(0) },
        }
    }
}

/// What the reassembly keeps for the judge: made anew when a stream is reopened.
#[derive(Debug, Default)]
struct Told {
    ended: PerDirection<bool>,
    closed: bool,
    held: usize,
}

/// What was told of a stream.
#[derive(Debug, Default)]
struct Heard {
    /// The sequence number of the next byte, where a byte was told.
    next: PerDirection<Option<u32>>,
    closed: bool,
}

/// All that is told, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Log(Vec<(u64, Direction, Said)>);

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Data(Vec<u8>, Source, bool),
    Gap(u64, Source),
    Oddity(Oddity),
    End,
    Close,
}

impl Handler<Told> for Log {
    fn data(&mut self, s: &Stream, state: &mut Told, chunk: Chunk<'_>) -> Delivered {
        let Chunk { from, bytes, source, alone } = chunk;
        self.0.push((s.number, from, Said::Data(bytes.to_vec(), source, alone)));
        state.held += bytes.len();
        Delivered::whole(bytes.len())
    }
    fn gap(&mut self, s: &Stream, _: &mut Told, Gap { from, length, source }: Gap) {
        self.0.push((s.number, from, Said::Gap(length, source)));
    }
    fn oddity(&mut self, s: &Stream, _: &mut Told, from: Direction, oddity: Oddity) {
        self.0.push((s.number, from, Said::Oddity(oddity)));
    }
    fn end(&mut self, s: &Stream, _: &mut Told, from: Direction) {
        self.0.push((s.number, from, Said::End));
    }
    fn close(&mut self, s: &Stream, _: &mut Told) {
        self.0.push((s.number, Direction::FromInitiator, Said::Close));
    }
    fn weight(&self, state: &Told) -> usize {
        state.held
    }
}

#[derive(Debug, Default)]
struct Judge {
    /// What it was told, to compare it.
    log: Log,
    sent: Vec<Sent>,
    streams: HashMap<u64, Heard>,
    /// Whether bytes that came may count as lost: the capture cut some off, or some were let go.
    may_lose: bool,
}

impl Judge {
    /// The segment `at` was taken for one of this stream.
    fn took(&mut self, at: usize, stream: u64) {
        let sent = &mut self.sent[at];
        // Bytes before the number that a late SYN states are placed anew.
        if sent.flags & TcpFlags::SYN != 0 {
            self.sent.iter_mut().filter(|s| s.stream == Some(stream)).for_each(|s| s.stream = None);
        } else if sent.flags & TcpFlags::RST == 0 {
            sent.stream = Some(stream);
        }
    }
}

impl Handler<Told> for Judge {
    fn data(&mut self, stream: &Stream, state: &mut Told, chunk: Chunk<'_>) -> Delivered {
        let Chunk { from, bytes, source, .. } = chunk;
        assert!(!state.closed && !state.ended[from], "bytes after the end");
        self.log.data(stream, state, chunk);
        let place = source.place;
        let sent = &self.sent[place.packet.number() as usize];
        assert_eq!(stream.sender(from), sent.ends().source, "bytes of somebody else");
        assert!(place.offset.is_some(), "bytes that came have a place");
        let offset = place.offset.unwrap_or_default() as usize;
        assert_eq!(sent.payload.get(offset..offset + bytes.len()), Some(bytes), "bytes that nobody sent");
        let sequence = sent.start().wrapping_add(offset as u32);
        let heard = self.streams.entry(stream.number).or_default();
        heard.closed = false;
        if let Some(next) = heard.next[from] {
            assert_eq!(sequence, next, "bytes out of order");
        }
        heard.next[from] = Some(sequence.wrapping_add(bytes.len() as u32));
        Delivered::whole(bytes.len())
    }

    fn gap(&mut self, stream: &Stream, state: &mut Told, gap: Gap) {
        let Gap { from, length, .. } = gap;
        self.log.gap(stream, state, gap);
        assert!(!state.closed && !state.ended[from], "a hole after the end");
        assert!(length > 0);
        let heard = self.streams.entry(stream.number).or_default();
        heard.closed = false;
        let Some(next) = heard.next[from] else { return };
        heard.next[from] = Some(next.wrapping_add(length as u32));
        let known = |sent: &&Sent| sent.stream == Some(stream.number) && sent.ends().source == stream.sender(from);
        for sent in self.sent.iter().filter(known).filter(|_| !self.may_lose && length < 1 << 17) {
            for at in 0..sent.payload.len() as u32 {
                let in_gap = sent.start().wrapping_add(at).wrapping_sub(next);
                assert!(u64::from(in_gap) >= length, "bytes that came count as lost");
            }
        }
    }

    fn oddity(&mut self, stream: &Stream, state: &mut Told, from: Direction, oddity: Oddity) {
        self.log.oddity(stream, state, from, oddity);
        assert!(!state.closed || oddity != Oddity::Conflict, "a conflict after the end");
    }

    fn end(&mut self, stream: &Stream, state: &mut Told, from: Direction) {
        self.log.end(stream, state, from);
        assert!(!state.closed && !std::mem::replace(&mut state.ended[from], true), "an end twice");
    }

    fn close(&mut self, stream: &Stream, state: &mut Told) {
        self.log.close(stream, state);
        assert!(!std::mem::replace(&mut state.closed, true), "a close twice");
        self.streams.entry(stream.number).or_default().closed = true;
    }

    fn forgotten(&mut self, stream: &Stream) {
        // It may have had no more than a number.
        self.streams.entry(stream.number).or_default().closed = true;
    }

    fn weight(&self, state: &Told) -> usize {
        state.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connection, sender and more; flags; sequence number; payload length.
    fn input(bounds: u8, segments: &[(u8, u8, i16, u8)]) -> Vec<u8> {
        let mut out = vec![bounds];
        for (what, flags, sequence, length) in segments {
            out.extend([*what, *flags]);
            out.extend(sequence.to_be_bytes());
            out.extend([0, 0, *length, 0, 1]);
        }
        out
    }

    #[test]
    fn bytes_beyond_a_fin_are_never_handed_on() {
        use TcpFlags as F;
        let early = [(0, F::SYN, 0, 0), (0, F::FIN, 41, 0), (0, 0, 60, 9), (0, 0, 1, 40), (0, 0, 69, 9)];
        fuzz_tcp(&input(0xff, &early));
        let mut flows = Flows::new(Limits::default());
        let mut judge = Judge::default();
        for record in input(0, &early)[1..].chunks(9) {
            judge.sent.push(Sent::read(record.try_into().unwrap()));
            let at = judge.sent.len() - 1;
            let sent = judge.sent[at].clone();
            flows.segment(at as u64, &sent.segment(at as u64), &mut judge);
        }
        assert_eq!(flows.counters().segments_after_end, 2, "one in waiting, one later");
    }

    /// A connection, and another opening between its ends, which is forged or real: every mixture of
    /// their segments, with bytes from the SYN's own number on among them.
    #[test]
    fn openings_between_the_ends_of_a_connection_keep_every_promise() {
        use TcpFlags as F;
        let segments = [
            (8, F::SYN, 0, 0),
            (8, F::SYN, 0, 9),
            (12, F::SYN | F::ACK, 0, 0),
            (8, F::ACK, 1, 0),
            (8, F::ACK, 0, 9),
            (8, F::ACK, 1, 9),
            (12, F::ACK, 1, 9),
            (0, F::ACK, 1, 9),
            (0, F::ACK, 10, 9),
            (4, F::ACK, 0, 9),
            (12, F::RST | F::ACK, 0, 0),
            (0, F::FIN | F::ACK, 10, 0),
        ];
        let handshake = [(0, F::SYN, 0, 0), (4, F::SYN | F::ACK, 0, 0)];
        for bounds in [0xff, 0] {
            for mut mixture in 0..segments.len().pow(4) {
                let mut chosen = handshake.to_vec();
                for _ in 0..4 {
                    chosen.push(segments[mixture % segments.len()]);
                    mixture /= segments.len();
                }
                fuzz_tcp(&input(bounds, &chosen));
            }
        }
    }

    #[test]
    fn connections_opened_by_resets_keep_the_bound() {
        for flags in [TcpFlags::RST, TcpFlags::RST | TcpFlags::ACK, TcpFlags::RST | TcpFlags::SYN] {
            let flood: Vec<_> = (0..40).map(|n| (n & 7, flags, i16::from(n) * 700, 0)).collect();
            fuzz_tcp(&input(0, &flood));
        }
    }
}
