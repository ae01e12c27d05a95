//! `plainsight redact` says that nothing is left only of what it searched: interface names, packets of
//! no stream, padding, options and lone fragments, and captures that did not fit into memory.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use base64::Engine as _;
use kit::capture::{LITTLE, MICROS, gzip, pcap};
use kit::program::{plainsight, plainsight_heeding_signals, text};
use kit::wire::{self, End, PSH, frame, ip, on_ethernet};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

const SECRET: &[u8] = b"fluffy tail of 2026";
const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];

/// A capture, and where its copy goes.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new(capture: &[u8]) -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::write(case.input(), capture).unwrap();
        case
    }

    fn input(&self) -> PathBuf {
        self.folder.path().join("in.pcap")
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out.pcapng")
    }

    fn redact(&self, options: &[&str]) -> Output {
        let mut command = plainsight();
        command.args(["redact", "--no-sandbox", "--canary", std::str::from_utf8(SECRET).unwrap()]).args(options);
        command.arg(self.input()).arg(self.output()).output().unwrap()
    }

    /// The copy, which must be made without a doubt.
    fn copy(&self, name: &str) -> Vec<u8> {
        let done = self.redact(&[]);
        let told = text(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{name}: {told}");
        assert!(told.contains("none is left"), "{name}: {told}");
        std::fs::read(self.output()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.folder.path()).unwrap();
        all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn base64() -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.encode(SECRET).into_bytes()
}

fn hex() -> Vec<u8> {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in SECRET {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex.into_bytes()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(bytes, part).is_some()
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    on_ethernet(&ip(CLIENT, SERVER, protocol, payload))
}

/// Requests that are all begun before one of them is whole, so that they are all held at once.
fn open_requests(count: u16) -> Vec<Vec<u8>> {
    let head =
        [b"GET / HTTP/1.1\r\nHost: h\r\nX: ".as_slice(), &[b'y'; 8000], b"\r\nAuthorization: Basic YWxpY2U6aHVu"];
    let head = head.concat();
    let mut packets = Vec::new();
    let mut connections = Vec::new();
    for port in 1024..1024 + count {
        let mut connection = wire::Connection::between((CLIENT, port), (SERVER, 80), [0, 0]);
        packets.extend(connection.open().map(wire::Segment::frame));
        packets.push(connection.send(End::Client, PSH | wire::ACK, &head).frame());
        connections.push(connection);
    }
    let end = b"dGVyMmh1bnRlcjI=\r\n\r\n";
    packets.extend(connections.iter_mut().map(|connection| connection.send(End::Client, PSH | wire::ACK, end).frame()));
    packets
}

#[test]
fn disguised_where_nothing_is_understood() {
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &[0; 20], &hex()].concat();
    let icmp = [&[8, 0, 0, 0, 0, 1, 0, 1][..], &base64()].concat();
    let sctp = [&[0, 7, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 44][..], &[0; 12], &base64()].concat();
    let padded = [on_ethernet(&wire::datagram((CLIENT, 7), (SERVER, 8), b"hello")), vec![0; 3], base64()].concat();
    // A TCP header of 15 words whose options are one of experiments (RFC 4727), and no data.
    let mut options = [&[4, 0, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0xf0, 16, 255, 255, 0, 0, 0, 0][..], &[254, 40]].concat();
    options.extend(&hex()[..38]);
    for (name, packet) in [
        ("arp", frame(0x0806, &arp)),
        ("icmp", ipv4(1, &icmp)),
        ("sctp", ipv4(132, &sctp)),
        ("an unknown protocol", ipv4(253, &base64())),
        ("padding", padded),
        ("options", ipv4(6, &options)),
    ] {
        let copy = Case::new(&pcap(std::slice::from_ref(&packet))).copy(name);
        for gone in [base64(), hex()] {
            let part = &gone[..16];
            assert!(!holds(&copy, part), "{name}: {} is left", text(part));
        }
        assert!(holds(&packet, &base64()[..16]) || holds(&packet, &hex()[..16]), "{name}");
    }
    let mut user = LITTLE.pcap(MICROS, (2, 4), 262_144, 147);
    user.extend(LITTLE.whole_record(1_795_467_000, 0, &[b"see ".as_slice(), &hex()].concat()));
    assert!(!holds(&Case::new(&user).copy("a link type of the user's"), &hex()[..16]));
}

#[test]
fn interface_names() {
    for (name, stays) in [(SECRET.to_vec(), false), (base64(), false), (hex(), false), (b"eth0-of-me".to_vec(), true)] {
        let packet = on_ethernet(&wire::datagram((CLIENT, 7), (SERVER, 8), b"hello"));
        let options = [LITTLE.option(2, &name), vec![0; 4]].concat();
        let parts = [
            LITTLE.section(),
            LITTLE.interface(1, 262_144, &options),
            LITTLE.enhanced(0, 1_795_467_000_000_000, packet.len() as u32, &packet),
        ];
        let case = Case::new(&parts.concat());
        assert_eq!(holds(&case.copy("a name"), &name), stays, "{}", text(&name));
        let evidence = case.folder.path().join("evidence.pcapng");
        let done = plainsight()
            .args(["replay", "--redact", "--canary", "hello", "--canary", std::str::from_utf8(SECRET).unwrap()])
            .arg("--evidence")
            .arg(&evidence)
            .arg(case.input())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
        let evidence = std::fs::read(evidence).unwrap();
        assert!(holds(&evidence, b"*****"), "the packet is there");
        assert_eq!(holds(&evidence, &name), stays, "{} in evidence", text(&name));
    }
}

#[test]
fn a_lone_fragment_only_where_asked_for() {
    let datagram = wire::datagram((CLIENT, 7), (SERVER, 8), &[base64(), vec![b'.'; 400]].concat());
    let first = on_ethernet(&wire::fragments(&datagram, 9, [200])[0]);
    let case = Case::new(&pcap(&[first]));
    let done = case.redact(&[]);
    let told = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{told}");
    assert!(told.contains("datagrams with fragments missing (1)"), "{told}");
    assert_eq!(case.names(), ["in.pcap"]);
    let done = case.redact(&["--allow-incomplete"]);
    let told = text(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(told.contains("not searched whole") && !told.contains("none is left"), "{told}");
    assert!(!holds(&std::fs::read(case.output()).unwrap(), &base64()[..16]), "it was searched by itself");
}

#[test]
fn what_did_not_fit_into_memory_only_where_asked_for() {
    let case = Case::new(&pcap(&open_requests(300)));
    let half = b"dGVyMmh1bnRlcjI";
    assert!(!holds(&case.copy("with memory"), half));
    std::fs::remove_file(case.output()).unwrap();
    let done = case.redact(&["--memory", "1MiB"]);
    let told = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{told}");
    for part in ["streams evicted (", "--memory", "--allow-incomplete", "packets: "] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(case.names(), ["in.pcap"]);
    let done = case.redact(&["--memory", "1MiB", "--allow-incomplete"]);
    let told = text(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(told.contains("streams evicted (") && !told.contains("none is left"), "{told}");
    assert!(holds(&std::fs::read(case.output()).unwrap(), half), "this is what it warns of");
}

#[test]
fn bytes_that_were_not_captured_prevent_nothing() {
    let mut connection = wire::Connection::between((CLIENT, 7), (SERVER, 80), [0, 0]);
    let mut packets: Vec<_> = connection.open().map(wire::Segment::frame).into();
    let request = [b"GET /".as_slice(), SECRET, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat();
    packets.push(connection.send(End::Client, wire::ACK, &request).frame());
    _ = connection.send(End::Client, wire::ACK, &[b'x'; 500]);
    packets.push(connection.send(End::Client, wire::ACK, &request).frame());
    // And a frame that is not read.
    packets.push(frame(0x1234, b"what is this"));
    assert!(!holds(&Case::new(&pcap(&packets)).copy("a hole"), SECRET));
}

#[test]
fn compressed_by_a_transfer_coding() {
    let body = gzip(&[b"{\"note\":\"", SECRET, b"\"}"].concat());
    let size = format!("{:x}\r\n", body.len());
    let chunked = [size.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let mut connection = wire::Connection::between((CLIENT, 7), (SERVER, 80), [0, 0]);
    let mut packets: Vec<_> = connection.open().map(wire::Segment::frame).into();
    let request = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    packets.push(connection.send(End::Client, wire::ACK, &[request.as_slice(), &chunked].concat()).frame());
    let response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n";
    packets.push(connection.send(End::Server, wire::ACK, &[response.as_slice(), &body].concat()).frame());
    let copy = Case::new(&pcap(&packets)).copy("a transfer coding");
    let marks = vec![b'*'; body.len()];
    assert!(holds(&copy, &[request.as_slice(), size.as_bytes(), &marks, b"\r\n0\r\n"].concat()), "{}", text(&copy));
    assert!(holds(&copy, &[response.as_slice(), &marks].concat()), "{}", text(&copy));
}

#[test]
fn a_signal_leaves_no_unfinished_copy() {
    let case = Case::new(&pcap(&open_requests(2000)));
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut child = plainsight_heeding_signals()
            .args(["redact", "--no-sandbox"])
            .args([case.input(), case.output()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let since = Instant::now();
        while case.names().len() < 2 {
            assert!(since.elapsed() < Duration::from_secs(20), "no temporary file was created");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        assert!(!child.wait().unwrap().success(), "{signal}");
        assert_eq!(case.names(), ["in.pcap"], "{signal}");
    }
    assert!(!Path::new(&case.output()).exists());
}
