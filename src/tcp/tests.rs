//! The odd shapes that TCP takes in captures, one row each: segments in, what is handed on out.

use super::*;
use crate::decode::{Endpoint, FourTuple, Segment, TcpFlags};
use crate::packet::{PacketId, Place, Timestamp};
use std::fmt::Write as _;

mod foreign_syn;
mod reordered_start;
mod stream_numbers;
mod uncounted_syn;

/// Writes down what it is told: `>` is the initiator's (of whoever was seen first, where no
/// opening was), `<` the responder's.
#[derive(Default)]
struct Log(String);

impl Log {
    fn mark(&mut self, from: Direction) {
        self.0.push(if from == Direction::FromInitiator { '>' } else { '<' });
    }
}

impl Handler<()> for Log {
    fn data(&mut self, _: &Stream, (): &mut (), Chunk { from, bytes, .. }: Chunk<'_>) -> Delivered {
        self.mark(from);
        self.0.push_str(&String::from_utf8_lossy(bytes));
        self.0.push(' ');
        Delivered::whole(bytes.len())
    }
    fn gap(&mut self, _: &Stream, (): &mut (), Gap { from, length, .. }: Gap) {
        self.mark(from);
        let _ = write!(self.0, "[{length}] ");
    }
    fn oddity(&mut self, _: &Stream, (): &mut (), from: Direction, oddity: Oddity) {
        self.mark(from);
        self.0.push(match oddity {
            Oddity::Conflict => '!',
            Oddity::Contradiction => '?',
            Oddity::Urgent => 'U',
            Oddity::SynNotCounted => 'S',
        });
        self.0.push(' ');
    }
    fn end(&mut self, _: &Stream, (): &mut (), from: Direction) {
        self.mark(from);
        self.0.push_str(". ");
    }
    fn close(&mut self, stream: &Stream, (): &mut ()) {
        let _ = write!(self.0, "#{} ", stream.number);
    }
    fn weight(&self, (): &()) -> usize {
        0
    }
}

/// A segment of the client (10.0.0.1:1000) or of the server, with what tests need to say.
#[derive(Clone, Copy)]
struct S {
    client: bool,
    sequence: u32,
    acknowledgment: u32,
    flags: u8,
    payload: &'static [u8],
    missing: u32,
}

const SYN: u8 = TcpFlags::SYN;
const ACK: u8 = TcpFlags::ACK;
const FIN: u8 = TcpFlags::FIN;
const RST: u8 = TcpFlags::RST;

/// From the client: its sequence number, what it acknowledges (0 for nothing), flags, payload.
fn c(sequence: u32, acknowledgment: u32, flags: u8, payload: &'static str) -> S {
    let flags = if acknowledgment == 0 { flags } else { flags | ACK };
    S { client: true, sequence, acknowledgment, flags, payload: payload.as_bytes(), missing: 0 }
}

/// From the server.
fn s(sequence: u32, acknowledgment: u32, flags: u8, payload: &'static str) -> S {
    S { client: false, ..c(sequence, acknowledgment, flags, payload) }
}

struct Bench {
    flows: Flows<()>,
    log: Log,
    index: u64,
    /// The time of the next packet, in seconds.
    time: i64,
}

impl Bench {
    fn new() -> Self {
        Self { flows: Flows::new(Limits::default()), log: Log::default(), index: 0, time: 0 }
    }

    /// Takes a packet as the analyzer does.
    fn take(&mut self, segment: S) {
        let end = |last, port| Endpoint { address: [10, 0, 0, last].into(), port };
        let (client, server) = (end(1, 1000), end(2, 80));
        let (source, destination) = if segment.client { (client, server) } else { (server, client) };
        let index = self.tick();
        let segment = Segment {
            four_tuple: FourTuple { source, destination },
            sequence: segment.sequence,
            acknowledgment: segment.acknowledgment,
            window: 1000,
            flags: TcpFlags(segment.flags),
            payload: segment.payload,
            missing: segment.missing,
            place: Place {
                packet: PacketId::new(0, index + 1),
                time: Timestamp::from_micros(self.time, 0),
                ..Place::default()
            },
        };
        self.flows.segment(index, &segment, &mut self.log);
    }

    /// A packet of somebody else passes; returns its index.
    fn tick(&mut self) -> u64 {
        let index = self.index;
        self.index += 1;
        self.flows.expire(index, &mut self.log);
        index
    }

    fn quiet(&mut self) {
        self.flows.quiet(&mut self.log);
    }

    /// What was told since the last time.
    fn told(&mut self) -> String {
        std::mem::take(&mut self.log.0).trim_end().to_owned()
    }

    fn finish(&mut self) -> String {
        self.flows.finish(&mut self.log);
        assert_eq!(self.flows.weight, 0, "everything that waited was let go");
        self.told()
    }
}

fn run(segments: &[S]) -> String {
    let mut bench = Bench::new();
    for segment in segments {
        bench.take(*segment);
    }
    bench.finish()
}

/// The client opens with number 100, the server with 500.
fn opening() -> [S; 3] {
    [c(100, 0, SYN, ""), s(500, 101, SYN, ""), c(101, 501, 0, "")]
}

#[test]
fn whatever_captures_do_to_a_conversation() {
    let told = ">ab <cd >ef #0";
    let said = [c(101, 501, 0, "ab"), s(501, 103, 0, "cd"), c(103, 503, 0, "ef")];
    let [ab, cd, ef] = said;
    let [syn, syn_ack, ack] = opening();
    for (name, segments, want) in [
        ("in order", vec![syn, syn_ack, ack, ab, cd, ef], told),
        ("every packet twice", vec![syn, syn, syn_ack, syn_ack, ack, ack, ab, ab, cd, cd, ef, ef], told),
        ("the opening not captured", vec![ab, cd, ef], told),
        ("the SYN alone not captured", vec![syn_ack, ack, ab, cd, ef], told),
        ("the directions swapped in time", vec![syn_ack, cd, syn, ack, ab, ef], told),
        ("the opening not captured, the directions swapped in time", vec![cd, ab, ef], "<ab >cd <ef #0"),
        ("numbers that say nothing", vec![c(0, 0, ACK, "ab"), s(0, 0, ACK, "cd")], ">ab <cd #0"),
        ("the answer captured before the question", vec![syn, syn_ack, ack, cd, ab, ef], told),
        ("the server's bytes late", vec![syn, syn_ack, ack, ab, ef, cd], told),
        ("the client's bytes after its end", vec![syn, syn_ack, ack, cd, ef, ab], told),
        ("the SYN late", vec![ab, syn, syn_ack, cd, ef], told),
        (
            "simultaneous open",
            vec![syn, s(500, 0, SYN, ""), c(100, 501, SYN, ""), s(500, 101, SYN, ""), ab, cd, ef],
            told,
        ),
        ("data in the SYN", vec![c(100, 0, SYN, "ab"), s(500, 103, SYN, ""), cd, ef], told),
        ("data in the SYN, sent again", vec![c(100, 0, SYN, "ab"), s(500, 101, SYN, ""), ab, cd, ef], told),
        ("a keep-alive probe with a byte of garbage", vec![syn, syn_ack, ack, ab, c(102, 501, 0, "X"), cd, ef], told),
        ("an empty keep-alive probe", vec![syn, syn_ack, ack, ab, c(102, 501, 0, ""), cd, ef], told),
        ("a zero-window probe", vec![syn, syn_ack, ack, ab, cd, c(103, 503, 0, "e"), ef], ">ab <cd >e >f #0"),
        ("urgent data", vec![syn, syn_ack, ack, S { flags: ACK | TcpFlags::URG, ..ab }, cd, ef], ">U >ab <cd >ef #0"),
        ("one direction missing", vec![ab, ef], ">ab >ef #0"),
        ("one direction missing, with a hole", vec![ab, c(105, 503, 0, "gh")], ">ab >[2] >gh #0"),
        (
            "cut by the snapshot length",
            vec![syn, syn_ack, ack, S { missing: 3, ..ab }, s(501, 106, 0, "cd"), c(106, 503, 0, "ef")],
            ">ab >[3] <cd >ef #0",
        ),
        (
            "the cut bytes come whole later",
            vec![syn, syn_ack, ack, S { missing: 3, ..ab }, c(101, 501, 0, "ABxyz"), cd],
            ">ab >[3] <cd #0",
        ),
        (
            "overlap, the same bytes",
            vec![syn, syn_ack, ack, c(102, 501, 0, "bc"), c(101, 501, 0, "abc"), cd],
            ">ab >c <cd #0",
        ),
        (
            "overlap, others",
            vec![syn, syn_ack, ack, c(102, 501, 0, "bc"), c(102, 501, 0, "xy"), c(101, 501, 0, "a")],
            ">! >a >bc #0",
        ),
        (
            "another copy of what was just read",
            vec![syn, syn_ack, ack, ab, c(101, 501, 0, "xy"), ab, cd, ef],
            ">ab >? <cd >ef #0",
        ),
        ("a segment far outside the window", vec![syn, syn_ack, ack, ab, c(0x7000_0000, 501, 0, "zz"), cd, ef], told),
    ] {
        // How the bytes were cut along the way does not matter here.
        assert_eq!(join(&run(&segments)), join(want), "{name}");
    }
}

/// Joins neighbouring runs of bytes of one direction.
fn join(told: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for word in told.split(' ') {
        let is_data =
            |word: &str| word.get(1..).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphabetic() && b != b'U'));
        match out.last_mut() {
            Some(last) if is_data(last) && is_data(word) && last.get(..1) == word.get(..1) => last.push_str(&word[1..]),
            _ => out.push(word.to_owned()),
        }
    }
    out.join(" ")
}

#[test]
fn ends_and_resets() {
    let [syn, syn_ack, ack] = opening();
    let open = |more: &[S]| run(&[&[syn, syn_ack, ack], more].concat());
    for (name, more, want) in [
        (
            "both say goodbye",
            vec![c(101, 501, FIN, "ab"), s(501, 104, FIN, "cd"), c(104, 504, 0, "")],
            ">ab >. <cd <. #0",
        ),
        ("the FIN comes before the bytes", vec![c(103, 501, FIN, ""), c(101, 501, 0, "ab")], ">ab >. #0"),
        (
            "bytes after the end are nobody's",
            vec![c(101, 501, FIN, "ab"), c(103, 501, 0, "xx"), s(501, 104, 0, "cd")],
            ">ab >. <cd #0",
        ),
        (
            "bytes that came early and lie behind the end",
            vec![c(103, 501, 0, "xx"), c(101, 501, FIN, "ab"), s(501, 104, 0, "cd")],
            ">ab >. <cd #0",
        ),
        (
            "an end in the middle of what was read",
            vec![c(101, 501, 0, "abcd"), c(102, 501, FIN, ""), c(105, 501, 0, "ef")],
            ">abcd >ef #0",
        ),
        ("a reset", vec![c(101, 501, 0, "ab"), s(501, 103, RST, ""), c(103, 501, 0, "cd")], ">ab #0 >cd #0"),
        (
            "a reset far outside the window",
            vec![c(101, 501, 0, "ab"), s(0x0100_0000, 103, RST, ""), c(103, 501, 0, "cd")],
            ">ab >cd #0",
        ),
        (
            "a reset before what was acknowledged",
            vec![s(501, 101, 0, "abcd"), c(101, 505, 0, "x"), s(502, 102, RST, ""), s(505, 102, 0, "ef")],
            "<abcd >x <ef #0",
        ),
        ("a reset gives out what waited", vec![c(103, 501, 0, "cd"), s(501, 101, RST, "")], ">[2] >cd #0"),
    ] {
        assert_eq!(open(&more), want, "{name}");
    }
}

#[test]
fn a_four_tuple_is_used_again() {
    let [syn, syn_ack, ack] = opening();
    for (name, segments, want) in [
        (
            "after the end",
            vec![
                syn,
                syn_ack,
                c(101, 501, FIN, "ab"),
                s(501, 104, FIN, ""),
                c(9000, 0, SYN, ""),
                s(7000, 9001, SYN, ""),
                c(9001, 7001, 0, "cd"),
            ],
            ">ab >. <. #0 >cd #1",
        ),
        (
            "without an end",
            vec![
                syn,
                syn_ack,
                ack,
                c(101, 501, 0, "ab"),
                c(9000, 0, SYN, ""),
                s(7000, 9001, SYN, ""),
                c(9001, 7001, 0, "cd"),
            ],
            ">ab #0 >cd #1",
        ),
        (
            "from the other side",
            vec![
                syn,
                syn_ack,
                ack,
                c(101, 501, 0, "ab"),
                s(7000, 0, SYN, ""),
                c(9000, 7001, SYN, ""),
                s(7001, 9001, 0, "cd"),
            ],
            ">ab #0 >cd #1",
        ),
        (
            "a late copy of the SYN opens nothing",
            vec![syn, syn_ack, ack, c(101, 501, 0, "ab"), syn, c(103, 501, 0, "cd")],
            ">ab >cd #0",
        ),
        (
            "another try with another number",
            vec![syn, c(900, 0, SYN, ""), s(500, 901, SYN, ""), c(901, 501, 0, "ab")],
            "#0 >ab #1",
        ),
    ] {
        assert_eq!(run(&segments), want, "{name}");
    }
}

#[test]
fn numbers_wrap_within_a_stream() {
    let (isn, other) = (u32::MAX - 1, u32::MAX);
    let segments = [
        c(isn, 0, SYN, ""),
        s(other, isn.wrapping_add(1), SYN, ""),
        c(2, 2, 0, "ef"),
        s(0, 2, 0, "cd"),
        c(isn.wrapping_add(1), 0, 0, "abc"),
    ];
    assert_eq!(join(&run(&segments)), ">abc <cd >ef #0");
    let mut bench = Bench::new();
    let mut next: u32 = 1;
    // Six gigabytes by way of bytes that were cut off: beyond what 32 bits count.
    for _ in 0..6 {
        bench.take(S { missing: 1 << 30, ..c(next, 0, 0, "") });
        next = next.wrapping_add(1 << 30);
    }
    bench.take(c(next, 0, 0, "end"));
    let told = bench.finish();
    assert_eq!(told.matches("[1073741824]").count(), 6);
    assert!(told.ends_with(">end #0"), "{told}");
}

#[test]
fn a_suspect_hole_is_given_up_after_exactly_1024_packets() {
    let mut bench = Bench::new();
    for segment in opening() {
        bench.take(segment);
    }
    bench.take(c(103, 501, 0, "cd"));
    assert_eq!(bench.told(), "");
    bench.take(s(501, 105, 0, "ok")); // acknowledges the hole: suspect from here on
    for _ in 0..1023 {
        bench.tick();
    }
    assert_eq!(bench.told(), "");
    bench.tick();
    assert_eq!(bench.told(), ">[2] >cd <ok");
    assert_eq!(bench.flows.counters().missing_bytes, 2);
    // Too late: nobody waits for it any more.
    bench.take(c(101, 501, 0, "ab"));
    assert_eq!(bench.finish(), "#0");
}

#[test]
fn a_quiet_second_ends_every_wait_for_a_suspect_hole() {
    let mut bench = Bench::new();
    for segment in opening() {
        bench.take(segment);
    }
    for segment in [c(103, 501, 0, "cd"), c(107, 501, 0, "gh"), s(501, 109, 0, "ok")] {
        bench.take(segment);
    }
    bench.quiet();
    assert_eq!(bench.told(), ">[2] >cd >[2] >gh <ok");
}

#[test]
fn a_hole_that_nobody_acknowledged_waits() {
    for packets in [2_000, 50_000] {
        let mut bench = Bench::new();
        for segment in opening() {
            bench.take(segment);
        }
        bench.take(c(103, 501, 0, "cd"));
        for _ in 0..packets {
            bench.tick();
        }
        bench.quiet();
        assert_eq!(bench.told(), "");
        bench.take(c(101, 501, 0, "ab"));
        assert_eq!(bench.told(), ">ab >cd", "after {packets} packets");
    }
    // What never comes is told as missing at the end.
    let [syn, syn_ack, ack] = opening();
    assert_eq!(run(&[syn, syn_ack, ack, c(103, 501, 0, "cd")]), ">[2] >cd #0");
}

/// What was said after an answer is read after it, even where part of the answer is lost.
#[test]
fn a_hole_in_an_answer_is_told_before_what_was_said_after_the_answer() {
    let [syn, syn_ack, ack] = opening();
    let said = [
        c(101, 501, 0, "question"),
        s(501, 109, 0, "ans"),
        s(506, 109, 0, "er"),
        c(109, 508, 0, "next"),
        s(508, 113, 0, "more"),
    ];
    let segments = [&[syn, syn_ack, ack][..], &said].concat();
    let want = ">question <ans <[2] <er >next <more";
    assert_eq!(run(&segments), format!("{want} #0"));
    // A whole answer lost between two requests, and more of the next.
    let said = [
        c(101, 501, 0, "one"),
        s(501, 104, 0, "1"),
        c(104, 502, 0, "two"),
        c(107, 512, 0, "three"),
        s(532, 112, 0, "3"),
    ];
    assert_eq!(run(&[&[syn, syn_ack, ack][..], &said].concat()), ">one <1 >two <[10] >three <[20] <3 #0");
    let mut bench = Bench::new();
    for segment in segments {
        bench.take(segment);
    }
    bench.quiet();
    assert_eq!(bench.told(), want);
}

#[test]
fn what_is_refused_is_counted() {
    let [syn, syn_ack, ack] = opening();
    let mut bench = Bench::new();
    for segment in [
        syn,
        syn_ack,
        ack,
        c(101, 501, 0, "ab"),
        c(0x7000_0000, 501, 0, "zz"),
        c(0x7000_0000, 501, FIN, ""),
        s(0x0100_0000, 103, RST, ""),
        c(104, 501, 0, "d"),
        c(104, 501, 0, "x"),
        S { missing: 4, ..c(103, 501, 0, "c") },
    ] {
        bench.take(segment);
    }
    let counters = bench.flows.counters();
    assert_eq!((counters.segments_outside_window, counters.resets_ignored, counters.conflicting_segments), (2, 1, 1));
}

/// Too many segments in waiting, and too much memory, are let go and counted; what is bounded
/// stays bounded.
#[test]
fn bounds_are_kept() {
    let mut flows = Flows::<()>::new(Limits { early_segments: 4, memory: 64 << 10, ..Limits::default() });
    let mut log = Log::default();
    let end = |host: u32, port| Endpoint { address: std::net::Ipv4Addr::from(host).into(), port };
    let segment = |client: u32, sequence, payload| Segment {
        four_tuple: FourTuple { source: end(client, 1000), destination: end(1, 80) },
        sequence,
        acknowledgment: 0,
        window: 0,
        flags: TcpFlags(0),
        payload,
        missing: 0,
        place: Place::default(),
    };
    flows.segment(0, &segment(7, 100, b"a"), &mut log);
    for n in 1..10 {
        flows.segment(n.into(), &segment(7, 100 + n * 10, b"early"), &mut log);
    }
    assert_eq!(flows.counters().early_segments_let_go, 5);
    for client in 0..10_000 {
        flows.segment(10, &segment(1000 + client, 0, b""), &mut log);
        assert!(flows.memory() <= 64 << 10);
    }
    assert!(flows.counters().silent_streams_let_go > 9_000);
    assert_eq!(flows.counters().idle_streams_let_go, 0, "the one that carried something stays");
}
