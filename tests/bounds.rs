//! Little memory and a lot that wants some: what is buffered stays within its bound, what was
//! let go is counted, and the exchanges in between are found. `benches/bounds.py` does the
//! same at full size and measures the process from outside.

#![allow(missing_docs, clippy::expect_used)]

mod kit;

use kit::capture::packet;
use kit::wire::{ACK, FIN, SYN, Segment, fragments, ip};
use plainsight::packet::{LinkType, Timestamp};
use plainsight::{Analyzer, Config, Counters, Event};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 255, 0, 1);

/// A TCP segment of a client on port `port`: sent by it, or to it.
fn segment(client: (u32, u16), sends: bool, sequence: u32, acknowledges: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (client, server) = ((Ipv4Addr::from(client.0), client.1), (SERVER, 80));
    let segment = if sends { Segment::between(client, server) } else { Segment::between(server, client) };
    let segment = segment.seq(sequence).flags(flags).payload(payload);
    if flags & ACK == 0 { segment.packet() } else { segment.ack(acknowledges).packet() }
}

/// An analyzer under load, and what it found.
struct Load {
    analyzer: Analyzer,
    memory: usize,
    packets: u64,
    made: u32,
    targets: BTreeSet<String>,
    notes: BTreeSet<&'static str>,
}

impl Load {
    fn new(memory: usize) -> Self {
        let analyzer = Analyzer::new(&Config { memory, ..Config::default() });
        Self { analyzer, memory, packets: 0, made: 0, targets: BTreeSet::new(), notes: BTreeSet::new() }
    }

    fn hear(targets: &mut BTreeSet<String>, notes: &mut BTreeSet<&'static str>, event: Event) {
        let Event::Exchange(exchange) = event else { return };
        notes.extend(exchange.notes.iter().map(|note| note.0));
        if let (Some(request), Some(response)) = (&exchange.request, &exchange.response)
            && response.body.complete
        {
            targets.insert(request.head.target().unwrap_or_default().escape_ascii().to_string());
        }
    }

    fn packet(&mut self, data: &[u8]) {
        self.packets += 1;
        let time = Timestamp::from_nanos(self.packets.cast_signed() * 10_000, 9);
        let packet = packet(self.packets, time, LinkType::RAW, data);
        let Self { analyzer, targets, notes, .. } = self;
        analyzer.packet(&packet, |event| Self::hear(targets, notes, event));
        assert!(analyzer.memory() <= self.memory, "{} of {} bytes", analyzer.memory(), self.memory);
    }

    /// A whole connection with one exchange.
    fn exchange(&mut self) {
        let client = (0xc0a8_0000 + self.made, 20000);
        let request = format!("GET /real/{} HTTP/1.1\r\nHost: example\r\n\r\n", self.made);
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal";
        let (asked, answered) = (1 + request.len() as u32, 1 + response.len() as u32);
        self.made += 1;
        self.packet(&segment(client, true, 0, 0, SYN, b""));
        self.packet(&segment(client, false, 0, 1, SYN | ACK, b""));
        self.packet(&segment(client, true, 1, 1, ACK, request.as_bytes()));
        self.packet(&segment(client, false, 1, asked, ACK, response));
        self.packet(&segment(client, true, asked, answered, FIN | ACK, b""));
        self.packet(&segment(client, false, answered, asked + 1, FIN | ACK, b""));
    }

    /// What was counted, once every exchange in between is known to be found.
    fn finish(mut self) -> (Counters, BTreeSet<String>, BTreeSet<&'static str>) {
        let Self { analyzer, targets, notes, .. } = &mut self;
        analyzer.finish(|event| Self::hear(targets, notes, event));
        let missed: Vec<_> =
            (0..self.made).map(|n| format!("/real/{n}")).filter(|t| !self.targets.contains(t)).collect();
        assert!(self.made > 0 && missed.is_empty(), "missed {missed:?}");
        (self.analyzer.counters(), self.targets, self.notes)
    }
}

#[test]
fn a_flood_of_half_open_connections() {
    let mut load = Load::new(1 << 20);
    for n in 0..20_000 {
        load.packet(&segment((0x0b00_0000 + n, 1024), true, n, 0, SYN, b""));
        if n % 500 == 0 {
            load.exchange();
        }
    }
    let (counters, ..) = load.finish();
    assert!(counters.let_go.get("silent streams").is_some_and(|count| *count > 15_000), "{:?}", counters.let_go);
    assert_eq!(counters.let_go.get("idle streams"), None, "who spoke stays longer than who did not");
}

#[test]
fn streams_that_each_hold_an_early_segment() {
    let mut load = Load::new(1 << 20);
    for n in 0..10_000 {
        let client = (0x0b00_0000 + n, 1024);
        load.packet(&segment(client, true, 0, 0, SYN, b""));
        load.packet(&segment(client, false, 0, 1, SYN | ACK, b""));
        load.packet(&segment(client, true, 101, 1, ACK, &[b'y'; 200]));
        if n % 250 == 0 {
            load.exchange();
        }
    }
    let (counters, ..) = load.finish();
    let let_go = |reason| counters.let_go.get(reason).copied().unwrap_or(0);
    assert!(let_go("silent streams") + let_go("idle streams") > 7_000, "{:?}", counters.let_go);
    assert_eq!(let_go("missing bytes"), 100 * 10_000, "each hole is told, whenever its stream went");
}

#[test]
fn one_stream_with_more_early_segments_than_there_is_memory_for() {
    let mut load = Load::new(1 << 20);
    let client = (0x0b00_0000, 1024);
    load.packet(&segment(client, true, 0, 0, SYN, b""));
    load.packet(&segment(client, false, 0, 1, SYN | ACK, b""));
    for n in 0..40_000 {
        load.packet(&segment(client, true, 101 + 2 * n, 1, ACK, b"y"));
        if n % 1000 == 0 {
            load.exchange();
        }
    }
    let (counters, ..) = load.finish();
    assert!(counters.let_go.contains_key("missing bytes"), "{:?}", counters.let_go);
}

#[test]
fn a_head_that_never_ends() {
    let mut load = Load::new(8 << 20);
    let client = (0x0b00_0000, 1024);
    let line = [&b"X: "[..], &[b'y'; 1400], b"\r\n"].concat();
    load.packet(&segment(client, true, 1, 1, ACK, b"GET / HTTP/1.1\r\n"));
    for n in 0..12_000 {
        load.packet(&segment(client, true, 17 + n * line.len() as u32, 1, ACK, &line));
        if n % 500 == 0 {
            load.exchange();
        }
    }
    let (counters, _, notes) = load.finish();
    assert!(notes.contains("head-too-long"), "{notes:?}");
    assert_eq!(counters.let_go.get("idle streams"), None, "a bound of its own, not the whole memory");
}

#[test]
fn fragments_that_wait_for_the_rest() {
    let mut load = Load::new(1 << 20);
    for n in 0..2_000 {
        let whole = ip(Ipv4Addr::from(0x0b00_0000 + n), SERVER, 6, &[b'z'; 1408]);
        load.packet(&fragments(&whole, n as u16, [1400])[0]);
        if n % 100 == 0 {
            load.exchange();
        }
    }
    let (counters, ..) = load.finish();
    let of_fragments = |(reason, count): (&String, &u64)| reason.starts_with("fragments:").then_some(*count);
    let out_of_memory = counters.let_go.iter().filter(|(reason, _)| reason.contains("out of memory"));
    assert!(out_of_memory.filter_map(of_fragments).sum::<u64>() > 1_900, "{:?}", counters.let_go);
}

#[test]
fn a_segment_that_comes_50_000_packets_after_its_hole() {
    let mut load = Load::new(16 << 20);
    let client = (0x0b00_0000, 1024);
    let request = b"GET /late HTTP/1.1\r\nHost: example\r\n\r\n";
    let asked = 1 + request.len() as u32;
    let response = [&b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"[..], &[b'a'; 3000]].concat();
    load.packet(&segment(client, true, 0, 0, SYN, b""));
    load.packet(&segment(client, false, 0, 1, SYN | ACK, b""));
    load.packet(&segment(client, true, 1, 1, ACK, request));
    load.packet(&segment(client, false, 1, asked, ACK, &response[..1000]));
    load.packet(&segment(client, false, 2001, asked, ACK, &response[2000..]));
    while load.packets < 50_005 {
        load.exchange();
    }
    load.packet(&segment(client, false, 1001, asked, ACK, &response[1000..2000]));
    let (counters, targets, notes) = load.finish();
    assert!(targets.contains("/late"), "{:?}", counters.let_go);
    assert!(notes.is_empty() && counters.let_go.is_empty(), "{notes:?} {:?}", counters.let_go);
}
