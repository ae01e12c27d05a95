//! When an answer is incomplete: the exit code where failing on leaks was asked for, and what says why.

use crate::kit::capture::{LITTLE, MICROS, pcap};
use crate::kit::wire::{ACK, Connection, End, FIN, PSH, Segment, fragments, frame, ip, on_ethernet};
use crate::tool::{SECRET, code, json, lesson, run, saved, stderr, text};
use serde_json::Value;

const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);

/// What `--fail-on-leak` makes of a capture: the exit code without and with `--allow-incomplete`, what the
/// summary calls incomplete, and what is said on standard error.
fn judged(file: &[u8], options: &[&str]) -> (i32, i32, Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "a.pcap", file);
    let gate = ["replay", "--format", "json", "--canary", SECRET, "--fail-on-leak"];
    let output = run(&[&gate[..], options, &[text(&path)]].concat());
    let allowed = run(&[&gate[..], options, &["--allow-incomplete", text(&path)]].concat());
    let summary = json(&output).pop().unwrap();
    let without = run(&["replay", "--canary", SECRET, text(&path)]);
    let damaged = summary["incomplete"]["damaged input"].is_u64();
    assert_eq!(code(&without), if damaged { 2 } else { 0 }, "without a gate nothing changes");
    (code(&output), code(&allowed), summary["incomplete"].clone(), stderr(&output).to_owned())
}

/// An answer over a connection, of which the client's request is whole.
fn exchange(body: &str) -> Vec<Vec<u8>> {
    let mut connection = Connection::between(CLIENT, SERVER, [1000, 5000]);
    let mut frames: Vec<_> = connection.open().iter().map(|segment| segment.frame()).collect();
    frames.push(connection.send(End::Client, ACK | PSH, b"GET / HTTP/1.1\r\nHost: fox.example\r\n\r\n").frame());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    frames.push(connection.send(End::Server, ACK, head.as_bytes()).frame());
    for part in body.as_bytes().chunks(1000) {
        frames.push(connection.send(End::Server, ACK | PSH, part).frame());
    }
    frames.push(connection.send(End::Client, ACK, b"").frame());
    frames
}

fn link_type(link_type: u32, packet: &[u8]) -> Vec<u8> {
    let header = LITTLE.pcap(MICROS, (2, 4), 262_144, link_type);
    [header, LITTLE.whole_record(1_795_467_000, 0, packet)].concat()
}

/// The first frame with only so many of its bytes captured.
fn cut(frames: &[Vec<u8>], which: usize, length: usize) -> Vec<u8> {
    let mut file = LITTLE.pcap(MICROS, (2, 4), 262_144, 1);
    for (number, frame) in frames.iter().enumerate() {
        let kept = if number == which { &frame[..length] } else { &frame[..] };
        let lengths = (kept.len() as u32, frame.len() as u32);
        file.extend(LITTLE.record(1_795_467_000, number as u32, lengths, b"", kept));
    }
    file
}

#[test]
fn a_leak_outranks_an_incomplete_answer_which_outranks_a_complete_one() {
    let whole = exchange(&"fox ".repeat(1000));
    let without = |which: usize| [&whole[..which], &whole[which + 1..]].concat();
    let arp = || frame(0x0806, &[0; 28]);
    let experiment = ip([10, 0, 0, 1], [10, 0, 0, 2], 253, &[8; 64]);
    let pieces: Vec<_> = fragments(&experiment, 7, [32]).iter().map(|packet| on_ethernet(packet)).collect();
    let leaking = lesson(1);
    let truncated = &leaking[..leaking.len() - 3];
    let names = |incomplete: &Value| -> Vec<String> {
        incomplete.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default()
    };
    for (case, file, want, reason) in [
        ("a leak", leaking.clone(), (1, 1), None),
        ("no leak", pcap(&whole), (0, 0), None),
        ("no packet at all", pcap(&[]), (0, 0), None),
        ("ARP alone", pcap(&[arp()]), (0, 0), None),
        ("missing bytes", pcap(&without(6)), (2, 0), Some("missing bytes")),
        ("cut by the snap length", cut(&whole, 6, 100), (2, 0), Some("missing bytes")),
        ("a link type that is not read", link_type(147, b"whatever"), (2, 0), Some("packets not read")),
        (
            "a tunnel that is not read",
            pcap(&[on_ethernet(&ip([10, 0, 0, 1], [10, 0, 0, 2], 55, &[0; 40]))]),
            (2, 0),
            Some("packets not read"),
        ),
        ("a damaged header", pcap(&[frame(0x0800, &[0x45, 0, 0])]), (2, 0), Some("packets not read")),
        ("encrypted", pcap(&[on_ethernet(&ip([10, 0, 0, 1], [10, 0, 0, 2], 50, &[0xa7; 64]))]), (0, 0), None),
        ("a fragment alone", pcap(&pieces[..1]), (2, 0), Some("datagrams with fragments missing")),
        ("all fragments", pcap(&pieces), (0, 0), None),
        ("a damaged end", truncated.to_vec(), (2, 0), Some("damaged input")),
        (
            "a leak and missing bytes",
            [leaking.clone(), pcap(&without(6))[24..].to_vec()].concat(),
            (1, 1),
            Some("missing bytes"),
        ),
    ] {
        let (gated, allowed, incomplete, said) = judged(&file, &[]);
        assert_eq!((gated, allowed), want, "{case}: {incomplete} {said}");
        assert_eq!(names(&incomplete), reason.into_iter().collect::<Vec<_>>(), "{case}");
        let sentence = said.lines().any(|line| line.ends_with("--allow-incomplete passes over it"));
        assert_eq!(sentence, reason.is_some(), "{case}: {said}");
    }
}

#[test]
fn an_evicted_stream_is_told_and_a_silent_one_is_not_missed() {
    let mut frames = Vec::new();
    let filler = "y".repeat(1400);
    for port in 0..2000_u16 {
        let mut connection = Connection::between(([10, 0, 0, 1], 10_000 + port), SERVER, [1000, 5000]);
        frames.extend(connection.open().iter().map(|segment| segment.frame()));
        let head = format!("POST /x HTTP/1.1\r\nHost: a\r\nX: {filler}");
        frames.push(connection.send(End::Client, ACK | PSH, head.as_bytes()).frame());
    }
    let (gated, allowed, incomplete, said) = judged(&pcap(&frames), &["--memory", "1MiB", "--threads", "1"]);
    assert_eq!((gated, allowed), (2, 0), "{said}");
    assert!(incomplete["streams evicted"].as_u64().unwrap() > 0, "{incomplete}");
    assert!(said.contains("a larger --memory helps"), "{said}");
}

#[test]
fn sightings_beyond_a_thousand_hide_no_other_kind_and_are_counted() {
    let logins: Vec<_> = (0..1500).map(|number| format!("{{\"password\":\"hunter{number:08}Qx\"}}\n")).collect();
    let body = format!("{}key: AKIA2OGYBAH6STMMNXNN and 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\n", logins.concat());
    let many = format!("{}{SECRET}\n", "canaryA-0123456 ".repeat(1500));
    for (body, rules) in [(body, &["aws-access-key-id", "github"][..]), (many, &["canary"])] {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(&folder, "many.pcap", &pcap(&exchange(&body)));
        let canaries = ["--canary", SECRET, "--canary", "canaryA-0123456"];
        let output = run(&[&["replay", "--format", "json"][..], &canaries, &[text(&path)]].concat());
        let lines = json(&output);
        let findings: Vec<_> = lines[0]["findings"].as_array().unwrap().iter().collect();
        for rule in rules {
            let of = |finding: &&&Value| finding["rule"].as_str().unwrap().starts_with(rule);
            let all: Vec<_> = findings.iter().filter(of).collect();
            assert!(!all.is_empty(), "{rule}");
            let last = all.iter().any(|finding| *rule != "canary" || finding["secret"] == SECRET);
            assert!(last, "the other canary behind them");
        }
        let summary = lines.last().unwrap();
        assert!(summary["incomplete"]["sightings beyond 1,000 in a text"].as_u64().unwrap() > 0, "{summary}");
    }
}

#[test]
fn bytes_of_no_stream_are_searched_for_canaries() {
    let ends = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let secret = format!("....{SECRET}").into_bytes();
    let packet = |protocol: u8| on_ethernet(&ip(ends.0, ends.1, protocol, &secret));
    let long = ip(ends.0, ends.1, 253, &[&[8, 0, 0, 0, 0, 0, 0, 0][..], &secret, &[0; 64]].concat());
    let pieces: Vec<_> = fragments(&long, 9, [16]).iter().map(|packet| on_ethernet(packet)).collect();
    let mut connection = Connection::between(CLIENT, SERVER, [1000, 5000]);
    let mut stream: Vec<_> = connection.open().iter().map(|segment| segment.frame()).collect();
    stream.push(connection.send(End::Client, ACK | PSH, b"hello").frame());
    let client = |sequence: u32| Segment::between(CLIENT, SERVER).seq(sequence).ack(5001).payload(SECRET.as_bytes());
    let after = |segments: Vec<Vec<u8>>| pcap(&[stream.clone(), segments].concat());
    let end = Segment::between(CLIENT, SERVER).seq(1006).ack(5001).flags(FIN).frame();
    for (case, file) in [
        ("ICMP", pcap(&[packet(1)])),
        ("UDP-Lite", pcap(&[packet(136)])),
        ("SCTP", pcap(&[packet(132)])),
        ("an experiment over IP", pcap(&[packet(253)])),
        ("a frame of an experiment", pcap(&[frame(0x88b5, &secret)])),
        ("ARP", pcap(&[frame(0x0806, &secret)])),
        ("a link type that is not read", link_type(147, &secret)),
        ("an experiment in fragments", pcap(&pieces)),
        ("outside the window", after(vec![client(0x7000_0000).frame()])),
        ("after the end", after(vec![end, client(1007).frame()])),
        ("in a reset", after(vec![client(1006).flags(crate::kit::wire::RST).frame()])),
        ("before the first byte", after(vec![client(800).frame()])),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(&folder, "a.pcap", &file);
        for threads in ["1", "3"] {
            let options = ["replay", "--format", "json", "--canary", SECRET, "--fail-on-leak", "--threads", threads];
            let output = run(&[&options[..], &[text(&path)]].concat());
            let lines = json(&output);
            assert_eq!(code(&output), 1, "{case}: {}", stderr(&output));
            let findings: Vec<_> = lines.iter().filter(|line| line["type"] == "finding").collect();
            let [finding] = &findings[..] else { panic!("{case}: {lines:?}") };
            assert_eq!((&finding["where"], &finding["secret"]), (&"packet".into(), &SECRET.into()), "{case}");
            assert!(finding["stream"].is_null(), "{case}: {finding}");
        }
        let copy = folder.path().join("copy.pcap");
        let redacted = run(&["redact", "--canary", SECRET, text(&path), copy.to_str().unwrap()]);
        assert_eq!(code(&redacted), 0, "{case}: {}", stderr(&redacted));
        let bytes = std::fs::read(&copy).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "{case}");
    }
}
