//! One thread or several: the same packets give the same bytes of output.

#![allow(clippy::expect_used)] // a test says what it expects

mod kit;

use kit::capture::packet;
use kit::wire::{self, ACK, Connection, ETHERNET, End, FIN, IPV4, RST, SYN};
use plainsight::analyzer::Drafter;
use plainsight::engine::{Engine, Listener, OverloadPolicy};
use plainsight::leak::{Canaries, Canary};
use plainsight::packet::{LinkType, Packet, Shared, Timestamp};
use plainsight::report::{Json, Report as _, Summary};
use plainsight::{Analyzer, Config, Event};
use proptest::prelude::*;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use std::time::Duration;

/// What comes next in a capture.
#[derive(Debug, Clone)]
enum Step {
    Packet(Vec<u8>),
    /// So much time passes, in microseconds.
    Time(i64),
    /// Nothing has arrived for long, as a live capture's clock says.
    Quiet,
    /// Nothing has arrived for a moment.
    Flush,
}

/// Where output goes.
#[derive(Debug, Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A report, and whether it has exchanges written down where they are read.
struct Reporter(Json<Paper>, bool);

impl Listener for Reporter {
    fn event(&mut self, event: &mut Event) -> ControlFlow<()> {
        flow(self.0.event(event))
    }
    fn drafter(&self) -> Option<Drafter> {
        if self.1 { self.0.drafter() } else { None }
    }
    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> ControlFlow<()> {
        flow(self.0.drafted(id, stream, draft))
    }
    fn pause(&mut self, _: bool) -> ControlFlow<()> {
        flow(self.0.flush())
    }
}

fn flow(written: io::Result<()>) -> ControlFlow<()> {
    written.map_or(ControlFlow::Break(()), ControlFlow::Continue)
}

fn config() -> Config {
    Config {
        sha256: true,
        // So little that batches are small.
        memory: 8 << 20,
        canaries: Canaries::new(vec![Canary::plain("fluffy tail")], false).expect("a canary"),
        ..Config::default()
    }
}

/// Goes through a capture; `packet` is told of each of its packets, and `other` of the rest.
fn go(steps: &[Step], mut act: impl FnMut(&Step, Option<&Packet<'_>>)) {
    let (mut number, mut micros) = (0, 0);
    for step in steps {
        let packet = if let Step::Packet(data) = step {
            (number, micros) = (number + 1, micros + 10);
            let time = Timestamp::from_nanos(1_795_000_000_000_000_000 + micros * 1000, 6);
            Some(packet(number, time, LinkType::ETHERNET, data))
        } else {
            None
        };
        if let Step::Time(more) = step {
            micros += more;
        }
        act(step, packet.as_ref());
    }
}

fn alone(steps: &[Step]) -> String {
    let paper = Paper::default();
    let mut json = Json::new(paper.clone(), Vec::new());
    let mut analyzer = Analyzer::new(&config());
    let mut sink = |event: Event| json.event(&event).expect("memory");
    go(steps, |step, packet| match (step, packet) {
        (_, Some(packet)) => analyzer.packet(packet, &mut sink),
        (Step::Quiet, _) => analyzer.quiet(&mut sink),
        _ => {}
    });
    analyzer.finish(&mut sink);
    finish(json, &paper, analyzer.counters())
}

/// With several, which hold packets or copy them, and write drafts or tell events.
fn many(steps: &[Step], workers: usize, (holds, drafts): (bool, bool)) -> String {
    let paper = Paper::default();
    let listener = Reporter(Json::new(paper.clone(), Vec::new()), drafts);
    let workers = NonZeroUsize::new(workers).expect("some");
    let mut engine = Engine::new(&config(), workers, OverloadPolicy::Block, listener);
    go(steps, |step, packet| match (step, packet) {
        (_, Some(packet)) if holds => {
            let shared: Shared = Arc::new(packet.data.to_vec());
            engine.shared_packet(&Packet { data: (*shared).as_ref(), ..*packet }, Some(&shared));
        }
        (_, Some(packet)) => engine.packet(packet),
        (Step::Quiet, _) => engine.quiet(),
        (Step::Flush, _) => engine.flush(),
        _ => {}
    });
    engine.finish();
    let load = engine.load();
    assert_eq!((load.queued, load.shed), (0, 0));
    finish(Json::new(paper.clone(), Vec::new()), &paper, engine.counters())
}

fn finish(mut json: Json<Paper>, paper: &Paper, counters: plainsight::Counters) -> String {
    json.finish(&Summary { counters, ..Summary::default() }).expect("memory");
    String::from_utf8(paper.0.lock().expect("no panic").clone()).expect("UTF-8")
}

/// One connection's segments, in the order in which they are sent.
struct Speaker {
    connection: Connection,
    packets: Vec<Vec<u8>>,
}

impl Speaker {
    fn new(port: u16, first: u32) -> Self {
        let first = [first, first.wrapping_mul(7)];
        let connection = Connection::between(([10, 0, 0, 1], port), ([10, 0, 0, 2], 80), first);
        Self { connection, packets: Vec::new() }
    }

    /// Only what opens the connection acknowledges nothing.
    fn say(&mut self, client: bool, flags: u8, bytes: &[u8]) {
        let acknowledges = if flags & SYN != 0 && client { 0 } else { ACK };
        let sender = if client { End::Client } else { End::Server };
        self.packets.push(self.connection.send(sender, flags | acknowledges, bytes).frame());
    }

    /// The same in pieces.
    fn tell(&mut self, client: bool, bytes: &[u8], length: usize) {
        for piece in bytes.chunks(length.max(1)) {
            self.say(client, 0, piece);
        }
    }
}

/// A connection: how it begins, what is said and in what pieces, how it ends.
fn connection() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let body = prop_oneof![
        Just("fluffy tail".to_owned()),
        Just("token=ghp_012345678901234567890123456789abcdef".to_owned()),
        "[a-z]{0,60}",
    ];
    let exchanges = prop::collection::vec((body, 5usize..90, any::<bool>()), 0..4);
    (0u16..6, any::<u32>(), any::<bool>(), exchanges, 0u8..5).prop_map(|(port, first, opens, exchanges, end)| {
        let mut speaker = Speaker::new(40000 + port, first);
        if opens {
            speaker.say(true, SYN, b"");
            speaker.say(false, SYN, b"");
        }
        for (body, length, is_http) in exchanges {
            if is_http {
                speaker.tell(true, b"GET /a?password=hunter2hunter2 HTTP/1.1\r\nHost: example\r\n\r\n", length);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                speaker.tell(false, head.as_bytes(), length);
                speaker.say(true, 0, b"");
            } else {
                speaker.tell(true, format!("{{ {body} }}").as_bytes(), length);
            }
        }
        match end {
            0 => speaker.say(true, RST, b""),
            1 => speaker.say(false, FIN, b""),
            2 => {
                speaker.say(true, FIN, b"");
                speaker.say(false, FIN, b"");
            }
            _ => {}
        }
        speaker.packets
    })
}

fn datagram(port: u16, payload: &[u8]) -> Vec<u8> {
    wire::on_ethernet(&wire::datagram(([10, 0, 0, 3], port), ([10, 0, 0, 4], 53), payload))
}

/// An IPv4 packet on Ethernet in two fragments.
fn fragments(frame: &[u8], number: u16) -> [Vec<u8>; 2] {
    let packet = &frame[ETHERNET..];
    let half = ((packet.len() - IPV4) / 2) & !7;
    let fragments: Vec<_> =
        wire::fragments(packet, number, [half]).iter().map(|part| wire::on_ethernet(part)).collect();
    fragments.try_into().expect("two of them")
}

/// What becomes of a packet on its way, and what happens after it.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Arrives,
    IsLost,
    ComesTwice,
    ComesInFragments {
        backwards: bool,
    },
    PrecedesQuiet,
    PrecedesTimer,
    PrecedesPause,
    /// So many packets of somebody else's come after it.
    PrecedesOthers(u16),
    /// And a secret.
    PrecedesDatagram {
        whole: bool,
    },
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        30 => Just(Fate::Arrives),
        3 => Just(Fate::IsLost),
        2 => Just(Fate::ComesTwice),
        2 => any::<bool>().prop_map(|backwards| Fate::ComesInFragments { backwards }),
        1 => Just(Fate::PrecedesQuiet),
        1 => Just(Fate::PrecedesTimer),
        3 => Just(Fate::PrecedesPause),
        1 => prop_oneof![1u16..20, 1015u16..1030].prop_map(Fate::PrecedesOthers),
        1 => any::<bool>().prop_map(|whole| Fate::PrecedesDatagram { whole }),
    ]
}

/// Connections at the same time, with what happens to their packets.
fn capture() -> impl Strategy<Value = Vec<Step>> {
    let connections = prop::collection::vec((connection(), 0usize..60, 1usize..5), 1..12);
    let fates = prop::collection::vec((fate(), 0usize..6), 20..60);
    (connections, fates).prop_map(|(connections, fates)| {
        let mut sent = Vec::new();
        let mut fates = fates.into_iter().cycle();
        for (packets, begin, pace) in connections {
            for (at, packet) in packets.into_iter().enumerate() {
                let (fate, late) = fates.next().unwrap_or((Fate::Arrives, 0));
                sent.push((begin + at * pace + late, packet, fate));
            }
        }
        sent.sort_by_key(|(at, _, _)| *at);
        let mut steps = Vec::new();
        for (number, (_, packet, fate)) in sent.into_iter().enumerate() {
            arrive(&mut steps, packet, fate, number as u16);
        }
        steps
    })
}

fn arrive(steps: &mut Vec<Step>, packet: Vec<u8>, fate: Fate, number: u16) {
    match fate {
        Fate::IsLost => return,
        Fate::ComesInFragments { backwards } => {
            let [first, second] = fragments(&packet, number);
            let (first, second) = if backwards { (second, first) } else { (first, second) };
            steps.extend([first, second].map(Step::Packet));
            return;
        }
        Fate::ComesTwice => steps.push(Step::Packet(packet.clone())),
        _ => {}
    }
    steps.push(Step::Packet(packet));
    match fate {
        Fate::PrecedesQuiet => steps.push(Step::Time(1_500_000)),
        Fate::PrecedesTimer => steps.push(Step::Quiet),
        Fate::PrecedesPause => steps.push(Step::Flush),
        Fate::PrecedesOthers(count) => {
            steps.extend((0..count).map(|_| Step::Packet(datagram(9, b"nothing"))));
        }
        Fate::PrecedesDatagram { whole: true } => {
            steps.push(Step::Packet(datagram(number, b"this is the fluffy tail of it")));
        }
        Fate::PrecedesDatagram { whole: false } => {
            let whole = datagram(number, b"this is the fluffy tail in two parts");
            steps.extend(fragments(&whole, number ^ 0x8000).map(Step::Packet));
        }
        _ => {}
    }
}

/// Connections that lose answers in the same places, whose holes are given up together: in a quiet
/// time, or since enough packets came, in the very packets with which others lose theirs.
fn holes() -> impl Strategy<Value = Vec<Step>> {
    let waits = prop_oneof![
        4 => Just(vec![]),
        1 => Just(vec![Step::Quiet]),
        1 => Just(vec![Step::Time(1_500_000)]),
        4 => (980usize..1025).prop_map(|count| vec![Step::Packet(datagram(9, b"nothing")); count]),
    ];
    let rounds = prop::collection::vec((any::<u8>(), waits), 2..14);
    (2u16..9, rounds).prop_map(|(count, rounds)| {
        let mut speakers: Vec<_> = (0..count).map(|at| Speaker::new(40000 + at, u32::from(at) * 1000)).collect();
        let mut steps = Vec::new();
        for speaker in &mut speakers {
            speaker.say(true, SYN, b"");
            speaker.say(false, SYN, b"");
            steps.extend(speaker.packets.drain(..).map(Step::Packet));
        }
        for (lost, waits) in rounds {
            for (at, speaker) in speakers.iter_mut().enumerate() {
                speaker.say(true, 0, b"GET / HTTP/1.1\r\nHost: example\r\n\r\n");
                speaker.say(false, 0, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                if lost >> (at % 8) & 1 == 1 {
                    speaker.packets.pop();
                }
                steps.extend(speaker.packets.drain(..).map(Step::Packet));
            }
            steps.extend(waits);
        }
        steps.extend(vec![Step::Packet(datagram(9, b"nothing")); 1100]);
        steps
    })
}

/// One worker has more to tell at the end than is told at a time, the others have nothing. Which worker
/// that is differs from run to run.
#[test]
fn whoever_has_much_open_at_the_end_tells_all_of_it() {
    let mut speaker = Speaker::new(40000, 1);
    speaker.say(true, SYN, b"");
    speaker.say(false, SYN, b"");
    for number in 0..600 {
        speaker.say(true, 0, format!("GET /{number} HTTP/1.1\r\nHost: example\r\n\r\n").as_bytes());
    }
    let mut steps: Vec<_> = speaker.packets.into_iter().map(Step::Packet).collect();
    // The threads start.
    steps.insert(1, Step::Flush);
    let want = alone(&steps);
    assert_eq!(want.lines().count(), 601);
    for time in 0..12 {
        for workers in [2, 3, 5] {
            let (to, told) = channel();
            let steps = steps.clone();
            spawn(move || to.send(many(&steps, workers, (false, time % 2 == 0))));
            let told = told.recv_timeout(Duration::from_secs(120)).expect("the threads come to their end");
            assert_eq!(told, want, "{workers} workers");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_number_of_threads_gives_the_same_bytes(steps in capture()) {
        let want = alone(&steps);
        for (workers, way) in [(1, (true, true)), (2, (false, false)), (2, (true, true)), (3, (true, false)), (8, (true, false)), (8, (false, true))] {
            prop_assert_eq!(&many(&steps, workers, way), &want, "{} workers {:?}", workers, way);
        }
    }
    #[test]
    fn what_is_given_up_together_is_told_in_the_same_order(steps in holes()) {
        let want = alone(&steps);
        for (workers, way) in [(2, (true, true)), (3, (false, true)), (8, (false, false))] {
            prop_assert_eq!(&many(&steps, workers, way), &want, "{} workers {:?}", workers, way);
        }
    }
}
