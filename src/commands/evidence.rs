//! The packets of the streams that leak, in a capture of their own.
//!
//! Where the packets can be read again, a second reading picks them; else those of each stream
//! are kept, within bounds, until it leaks or ends. This module refuses to judge what a leak is.

use super::failure::Failure;
use super::hiding::Hiding;
use crate::analyzer::{Analyzer, Config, Event};
use crate::capture::save::{Error, Saver};
use crate::leak::Severity;
use crate::packet::{LinkType, Packet, PacketId, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What leaked: a stream, or the datagram whose secret stood in that packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leak {
    Stream(u64),
    Datagram(PacketId),
}

impl Leak {
    /// What leaks by an event whose findings count from `least` on.
    pub(super) fn of(event: &Event, least: Severity) -> Option<Self> {
        match event {
            Event::Exchange(exchange) => {
                let leaks = exchange.findings.iter().any(|finding| finding.severity >= least);
                leaks.then_some(Self::Stream(exchange.stream))
            }
            Event::Finding(found) if found.finding.severity >= least => {
                Some(found.stream.map_or(Self::Datagram(found.finding.place.packet), Self::Stream))
            }
            _ => None,
        }
    }
}

/// So many streams are remembered as leaking, or as over; beyond that the oldest are forgotten.
const MOST_STREAMS: usize = 1 << 16;
/// How many bytes of fragments may wait for the packet that makes them whole.
const MOST_FRAGMENTS: usize = 4 << 20;

/// What becomes of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Kept within so many bytes until their streams leak or end.
    Keep(usize),
    /// Passed over: they come again.
    Collect,
    /// They have come again, and it is known what leaks.
    Pick,
}

/// Keeps and saves.
pub(super) struct Evidence {
    saver: Saver,
    /// What hides secrets in the end, where they are to be hidden.
    hiding: Option<Hiding>,
    mode: Mode,
    kept: BTreeMap<u64, Kept>,
    bytes: usize,
    /// Counts packets.
    now: u64,
    fragments: VecDeque<Owned>,
    fragment_bytes: usize,
    leaking: BTreeSet<u64>,
    /// Datagrams that leak: the packet that made each whole, and the first that brought of it.
    datagrams: BTreeMap<PacketId, PacketId>,
    over: BTreeSet<u64>,
    let_go: u64,
}

/// A stream's packets.
#[derive(Default)]
struct Kept {
    packets: VecDeque<Owned>,
    bytes: usize,
    /// When the latest came.
    last: u64,
}

/// A packet that is kept.
struct Owned {
    id: PacketId,
    timestamp: Timestamp,
    link_type: LinkType,
    data: Box<[u8]>,
    original_length: u32,
    interface: u32,
}

impl Owned {
    fn of(packet: &Packet<'_>) -> Self {
        let Packet { id, timestamp, link_type, data, original_length, interface } = *packet;
        Self { id, timestamp, link_type, data: data.into(), original_length, interface }
    }

    fn packet(&self) -> Packet<'_> {
        let Self { id, timestamp, link_type, ref data, original_length, interface } = *self;
        Packet { id, timestamp, link_type, data, original_length, interface }
    }

    fn weight(&self) -> usize {
        size_of::<Self>() + self.data.len()
    }
}

impl Evidence {
    /// Keeps at most `budget` bytes; nothing where it is `None`, since packets come again.
    pub(super) fn new(saver: Saver, budget: Option<usize>) -> Self {
        Self {
            saver,
            hiding: None,
            mode: budget.map_or(Mode::Collect, Mode::Keep),
            kept: BTreeMap::new(),
            bytes: 0,
            now: 0,
            fragments: VecDeque::new(),
            fragment_bytes: 0,
            leaking: BTreeSet::new(),
            datagrams: BTreeMap::new(),
            over: BTreeSet::new(),
            let_go: 0,
        }
    }

    /// Hides secrets in what was saved, once it is all there.
    #[must_use]
    pub(super) fn hiding(mut self, hiding: Option<Hiding>) -> Self {
        self.hiding = hiding;
        self
    }

    /// Something leaked, which became known with packet `now`. The stream's packets so far are
    /// saved.
    pub(super) fn leak(&mut self, leak: Leak, now: PacketId) -> Result<(), Error> {
        match leak {
            Leak::Stream(stream) => {
                remember(&mut self.leaking, stream, self.mode != Mode::Collect);
                self.over.remove(&stream);
                if let Some(kept) = self.kept.remove(&stream) {
                    self.bytes -= kept.bytes;
                    for packet in &kept.packets {
                        self.saver.packet(&packet.packet())?;
                    }
                }
            }
            Leak::Datagram(packet) => {
                let first = self.datagrams.entry(now).or_insert(packet);
                *first = packet.min(*first);
            }
        }
        Ok(())
    }

    /// Takes the packet that `analyzer` has just read. Where packets come again, only then is
    /// there something to save.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, analyzer: &mut Analyzer) -> Result<(), Error> {
        self.now += 1;
        if self.mode == Mode::Collect {
            return Ok(());
        }
        if analyzer.waits() {
            self.wait(packet);
            return Ok(());
        }
        self.datagram(packet)?;
        let mut saved = None;
        for (id, stream) in analyzer.touched() {
            let earlier = (*id != packet.id).then(|| self.fragments.iter().position(|kept| kept.id == *id)).flatten();
            if let Some(fragment) = earlier.and_then(|at| self.fragments.remove(at)) {
                self.fragment_bytes = self.fragment_bytes.saturating_sub(fragment.weight());
                self.place(*stream, &fragment.packet())?;
            }
            // A packet may hold several segments of a stream, and those of several in a tunnel.
            if *id == packet.id && saved != Some(*stream) {
                saved = Some(*stream);
                self.place(*stream, packet)?;
            }
        }
        self.forget(analyzer.closed());
        Ok(())
    }

    /// Saves the packets of a datagram that leaked and is whole now.
    fn datagram(&mut self, packet: &Packet<'_>) -> Result<(), Error> {
        let Some(first) = self.datagrams.remove(&packet.id) else { return Ok(()) };
        if first < packet.id {
            // It came in fragments; those of others that came between do no harm.
            for fragment in self.fragments.iter().filter(|fragment| fragment.id >= first) {
                self.saver.packet(&fragment.packet())?;
            }
        }
        self.saver.packet(packet)
    }

    fn wait(&mut self, packet: &Packet<'_>) {
        let fragment = Owned::of(packet);
        self.fragment_bytes += fragment.weight();
        self.fragments.push_back(fragment);
        while self.fragment_bytes > MOST_FRAGMENTS {
            let Some(oldest) = self.fragments.pop_front() else { break };
            self.fragment_bytes = self.fragment_bytes.saturating_sub(oldest.weight());
        }
    }

    /// A packet of a stream: saved where that leaks, else kept in case it will.
    fn place(&mut self, stream: u64, packet: &Packet<'_>) -> Result<(), Error> {
        if self.leaking.contains(&stream) {
            return self.saver.packet(packet);
        }
        if let Mode::Keep(budget) = self.mode
            && !self.over.contains(&stream)
        {
            let owned = Owned::of(packet);
            let kept = self.kept.entry(stream).or_default();
            kept.last = self.now;
            kept.bytes += owned.weight();
            self.bytes += owned.weight();
            kept.packets.push_back(owned);
            self.make_room(budget);
        }
        Ok(())
    }

    /// Streams that ended show nothing more.
    fn forget(&mut self, closed: Vec<u64>) {
        for stream in closed {
            if let Some(kept) = self.kept.remove(&stream) {
                self.bytes -= kept.bytes;
            }
            if matches!(self.mode, Mode::Keep(_)) && !self.leaking.contains(&stream) {
                remember(&mut self.over, stream, true);
            }
        }
    }

    /// Lets packets go until an eighth of the budget is free: those of the longest idle streams,
    /// and of the last one its oldest.
    fn make_room(&mut self, budget: usize) {
        if self.bytes <= budget {
            return;
        }
        let goal = budget - budget / 8;
        let mut order: Vec<_> = self.kept.iter().map(|(stream, kept)| (kept.last, *stream)).collect();
        order.sort_unstable();
        let latest = order.pop();
        for (_, stream) in order {
            if self.bytes <= goal {
                return;
            }
            if let Some(kept) = self.kept.remove(&stream) {
                self.bytes -= kept.bytes;
                self.let_go += kept.packets.len() as u64;
            }
        }
        let Some(kept) = latest.and_then(|(_, stream)| self.kept.get_mut(&stream)) else { return };
        while self.bytes > goal {
            let Some(oldest) = kept.packets.pop_front() else { return };
            kept.bytes -= oldest.weight();
            self.bytes -= oldest.weight();
            self.let_go += 1;
        }
    }

    /// The packets are read again: `analyzer` begins anew.
    pub(super) fn begin_again(&mut self) {
        self.mode = Mode::Pick;
    }

    /// Whether packets have to be read again for it, since something leaked.
    pub(super) fn wants_more(&self) -> bool {
        self.mode == Mode::Collect && !(self.leaking.is_empty() && self.datagrams.is_empty())
    }

    /// How many packets were let go that might have been evidence.
    pub(super) const fn let_go(&self) -> u64 {
        self.let_go
    }

    pub(super) fn flush(&mut self) -> Result<(), Error> {
        self.saver.flush()
    }

    /// Ends the file. `asked` is what the analyzer was asked to do.
    pub(super) fn finish(self, asked: &Config) -> Result<(), Failure> {
        self.saver.finish()?;
        self.hiding.map_or(Ok(()), |hiding| hiding.finish(asked))
    }
}

fn remember(streams: &mut BTreeSet<u64>, stream: u64, bounded: bool) {
    streams.insert(stream);
    while bounded && streams.len() > MOST_STREAMS {
        streams.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::save::{Format, Options};
    use crate::kit::capture::packet;
    use crate::kit::wire::{ACK, RST, SYN, Segment, datagram, fragments};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    /// Where the evidence goes.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Paper {
        /// What was saved, without the capture's own headers.
        fn packets(&self) -> Vec<Vec<u8>> {
            let file = self.0.lock().unwrap().clone();
            let mut capture = crate::capture::Files::from_reader("evidence", io::Cursor::new(file));
            let mut packets = Vec::new();
            while let Some(packet) = capture.next().unwrap() {
                packets.push(packet.data.to_vec());
            }
            packets
        }
    }

    const CLIENT: [u8; 4] = [10, 0, 0, 1];
    const SERVER: [u8; 4] = [10, 0, 0, 2];

    fn tcp(port: u16, sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        Segment::between((CLIENT, port), (SERVER, 80)).seq(sequence).flags(flags).payload(payload).packet()
    }

    fn udp(payload: &[u8]) -> Vec<u8> {
        datagram((CLIENT, 5000), (SERVER, 53), payload)
    }

    struct Run {
        evidence: Evidence,
        analyzer: Analyzer,
        paper: Paper,
        number: u64,
    }

    impl Run {
        fn new(budget: Option<usize>) -> Self {
            let paper = Paper::default();
            let saver = Saver::to_writer(paper.clone(), Format::Pcap, Options::default()).unwrap();
            let analyzer = Self::analyzer();
            Self { evidence: Evidence::new(saver, budget), analyzer, paper, number: 0 }
        }

        fn analyzer() -> Analyzer {
            {
                let canaries = crate::leak::Canaries::new(vec![crate::leak::Canary::plain("fluffy tail")], false);
                Analyzer::new(&Config { trace: true, canaries: canaries.unwrap_or_default(), ..Config::default() })
            }
        }

        fn packet(&mut self, data: &[u8]) {
            self.number += 1;
            let time = Timestamp::from_micros(i64::try_from(self.number).unwrap() / 1000, 0);
            let packet = packet(self.number, time, LinkType::RAW, data);
            let mut leaks = Vec::new();
            self.analyzer.packet(&packet, |event| leaks.extend(Leak::of(&event, Severity::Medium)));
            for leak in leaks {
                self.evidence.leak(leak, packet.id).unwrap();
            }
            self.evidence.packet(&packet, &mut self.analyzer).unwrap();
        }

        fn all(&mut self, packets: &[Vec<u8>]) {
            for packet in packets {
                self.packet(packet);
            }
        }

        /// What waited for the other side is told at the end.
        fn end(&mut self) {
            let mut leaks = Vec::new();
            self.analyzer.finish(|event| leaks.extend(Leak::of(&event, Severity::Medium)));
            for leak in leaks {
                self.evidence.leak(leak, PacketId::default()).unwrap();
            }
        }

        fn saved(self) -> Vec<Vec<u8>> {
            self.evidence.finish(&Config::default()).unwrap();
            self.paper.packets()
        }
    }

    #[test]
    fn what_is_kept_stays_within_bounds_and_what_ended_is_forgotten() {
        let mut run = Run::new(Some(20_000));
        for port in 1..50 {
            run.packet(&tcp(port, 1, SYN, b""));
            run.packet(&tcp(port, 2, ACK, &[b'x'; 100]));
            run.packet(&tcp(port, 102, RST, b""));
        }
        assert_eq!((run.evidence.bytes, run.evidence.let_go()), (0, 0));
        for port in 1..200 {
            run.packet(&tcp(port, 1001, SYN, b""));
            run.packet(&tcp(port, 1002, ACK, &[b'x'; 200]));
            assert!(run.evidence.bytes <= 20_000);
            let kept: usize = run.evidence.kept.values().map(|kept| kept.bytes).sum();
            assert_eq!(run.evidence.bytes, kept);
        }
        assert!(run.evidence.let_go() > 0);
        // One stream alone loses its oldest packets.
        for at in 0..200 {
            run.packet(&tcp(199, 1202 + at * 200, ACK, &[b'y'; 200]));
        }
        run.packet(&tcp(199, 1202 + 200 * 200, ACK, b"fluffy tail"));
        run.end();
        let saved = run.saved();
        assert!((10..100).contains(&saved.len()), "{}", saved.len());
        assert_eq!(saved.last().unwrap(), &tcp(199, 1202 + 200 * 200, ACK, b"fluffy tail"));
    }

    #[test]
    fn fragments_go_with_what_they_are_part_of() {
        let told = fragments(&udp(b"padding so that it is longer fluffy tail"), 7, [24]);
        let segment = tcp(7, 2, ACK, b"before it and the fluffy tail");
        let stream = [vec![tcp(7, 1, SYN, b"")], fragments(&segment, 7, [32])].concat();
        let packets = [&told[..], &stream[..], &[udp(b"nothing")]].concat();
        let want = [&told[..], &stream[..]].concat();
        for budget in [Some(1 << 20), None] {
            let mut run = Run::new(budget);
            run.all(&packets);
            run.end();
            if budget.is_none() {
                assert!(run.evidence.wants_more());
                run.evidence.begin_again();
                (run.analyzer, run.number) = (Run::analyzer(), 0);
                run.all(&packets);
            }
            assert_eq!(run.saved(), want, "{budget:?}");
        }
    }
}
