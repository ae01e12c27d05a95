//! `plainsight redact` with the real program: captures made here byte by byte, copied without
//! their secrets, and looked through with a plain search and with checksums reckoned anew.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use etherparse::{PacketHeaders, TransportHeader};
use kit::capture::{LITTLE, gzip, pcap, pcapng};
use kit::program::{plainsight, text};
use kit::wire::{self, ETHERNET, IPV4, Segment, datagram, on_ethernet};
use plainsight::capture;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

const SECRET: &[u8] = b"fluffy tail of 2026";
const CLIENT: [u8; 4] = [10, 0, 0, 1];
const SERVER: [u8; 4] = [10, 0, 0, 2];

fn redact(options: &[&str], input: &Path, output: &Path) -> Output {
    let canary = std::str::from_utf8(SECRET).unwrap();
    let mut command = plainsight();
    command.args(["redact", "--canary", canary]).args(options).arg(input).arg(output).output().unwrap()
}

/// Packets on Ethernet.
fn save(path: &Path, packets: &[Vec<u8>]) {
    std::fs::write(path, pcap(packets)).unwrap();
}

fn load(path: &Path) -> Vec<Vec<u8>> {
    let mut files = capture::open(path).unwrap();
    let mut all = Vec::new();
    while let Some(packet) = files.next().unwrap() {
        all.push(packet.data.to_vec());
    }
    all
}

/// Two folders in one: the capture, and where its copy goes.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new(packets: &[Vec<u8>]) -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap() };
        save(&case.input(), packets);
        case
    }

    fn input(&self) -> PathBuf {
        self.folder.path().join("in.pcap")
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("out.pcap")
    }

    /// The copy's packets, after what must be true of every copy was seen to be.
    fn copy(&self) -> Vec<Vec<u8>> {
        let output = redact(&[], &self.input(), &self.output());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let (before, after) = (load(&self.input()), load(&self.output()));
        assert_eq!(before.len(), after.len());
        for (number, (before, after)) in (1..).zip(before.iter().zip(&after)) {
            assert_eq!(before.len(), after.len(), "packet {number}");
            assert_eq!(is_right(before), is_right(after), "the checksum of packet {number}");
        }
        for piece in SECRET.windows(6) {
            let stands = after.iter().position(|packet| memchr::memmem::find(packet, piece).is_some());
            assert_eq!(stands, None, "{} is left", text(piece));
        }
        after
    }
}

/// Whether the innermost checksum of a whole packet is right; `None` where it has none.
fn is_right(packet: &[u8]) -> Option<bool> {
    let headers = PacketHeaders::from_ethernet_slice(packet).unwrap();
    let payload = headers.payload.slice();
    Some(match (headers.net?, headers.transport?) {
        (etherparse::NetHeaders::Ipv4(ip, _), TransportHeader::Tcp(tcp)) => {
            tcp.checksum == tcp.calc_checksum_ipv4(&ip, payload).unwrap()
        }
        (etherparse::NetHeaders::Ipv4(ip, _), TransportHeader::Udp(udp)) => {
            udp.checksum == udp.calc_checksum_ipv4(&ip, payload).unwrap()
        }
        _ => return None,
    })
}

/// A connection, opened and never closed.
struct Connection {
    port: u16,
    packets: Vec<Vec<u8>>,
}

impl Connection {
    fn new(port: u16) -> Self {
        let opening = wire::Connection::between((CLIENT, port), (SERVER, 80), [999, 4999]).open();
        Self { port, packets: opening.map(Segment::frame).into() }
    }

    fn segment(&self, client: bool, offset: usize, bytes: &[u8]) -> Vec<u8> {
        let (client_end, server_end) = ((CLIENT, self.port), (SERVER, 80));
        let segment = if client {
            Segment::between(client_end, server_end).seq(1000 + offset as u32).ack(5000)
        } else {
            Segment::between(server_end, client_end).seq(5000 + offset as u32).ack(1000)
        };
        segment.payload(bytes).frame()
    }

    fn sends(&mut self, client: bool, offset: usize, bytes: &[u8]) {
        let packet = self.segment(client, offset, bytes);
        self.packets.push(packet);
    }
}

fn request(body: &[u8]) -> Vec<u8> {
    let head = format!("POST /note HTTP/1.1\r\nHost: lesson.test\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn udp(payload: &[u8]) -> Vec<u8> {
    on_ethernet(&datagram((CLIENT, 4000), (SERVER, 4001), payload))
}

/// The packet in fragments whose payloads have `size` bytes, with one identification.
fn fragments(frame: &[u8], identification: u16, size: usize) -> Vec<Vec<u8>> {
    let packet = &frame[ETHERNET..];
    let cuts = (size..packet.len() - IPV4).step_by(size);
    wire::fragments(packet, identification, cuts).iter().map(|part| on_ethernet(part)).collect()
}

fn marks() -> Vec<u8> {
    vec![b'*'; SECRET.len()]
}

fn holds(packet: &[u8], bytes: &[u8]) -> bool {
    memchr::memmem::find(packet, bytes).is_some()
}

#[test]
fn marks_of_the_same_length_and_nothing_else() {
    let mut connection = Connection::new(1);
    let (before, after) = (b"note=".as_slice(), b"&x=1".as_slice());
    connection.sends(true, 0, &request(&[before, SECRET, after].concat()));
    let case = Case::new(&connection.packets);
    let copy = case.copy();
    assert!(holds(&copy[3], &[before, &marks(), after].concat()));
    assert_eq!(copy[..3], connection.packets[..3], "what holds no secret is not touched");
    assert_eq!(std::fs::metadata(case.output()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn every_copy_however_it_was_cut() {
    let mut connection = Connection::new(1);
    let all = request(&[b"note=", SECRET, b"&x=1"].concat());
    let at = all.len() - SECRET.len() - 4;
    // Early, overlapping, again, and again at last as a whole.
    for (from, to) in [(0, at + 3), (at + 9, all.len()), (at + 9, at + 12), (at - 4, at + 14), (0, all.len())] {
        connection.sends(true, from, &all[from..to]);
    }
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    connection.sends(false, 0, answer);
    connection.sends(true, 0, &all);
    Case::new(&connection.packets).copy();
}

#[test]
fn chunks_keep_their_frames_and_compressed_bodies_go_as_a_whole() {
    let mut connection = Connection::new(1);
    let head = b"POST / HTTP/1.1\r\nHost: lesson.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (one, two) = SECRET.split_at(7);
    let chunked = [head.as_slice(), b"7\r\n", one, b"\r\nc\r\n", two, b"\r\n0\r\n\r\n"].concat();
    connection.sends(true, 0, &chunked);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&[b"{\"note\":\"", SECRET, b"\"}"].concat()).unwrap();
    let body = encoder.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.sends(false, 0, &[head.as_bytes(), &body[..9]].concat());
    connection.sends(false, head.len() + 9, &body[9..]);
    let copy = Case::new(&connection.packets).copy();
    let framed = [b"7\r\n".as_slice(), &[b'*'; 7], b"\r\nc\r\n", &[b'*'; 12], b"\r\n0\r\n\r\n"].concat();
    assert!(copy[3].ends_with(&framed), "{}", text(&copy[3]));
    assert!(copy[4].ends_with(&[head.as_bytes(), &[b'*'; 9]].concat()));
    assert!(copy[5].ends_with(&vec![b'*'; body.len() - 9]));
}

#[test]
fn fragments_in_any_order_and_their_copies() {
    let mut connection = Connection::new(1);
    let all = request(&[b"note=", SECRET, b"&x=1"].concat());
    let whole = connection.segment(true, 0, &all);
    let datagram = udp(&[b"some words before ", SECRET, b" and after"].concat());
    for (number, packet) in (1..).zip([&whole, &datagram]) {
        for size in [8, 16, 24, 64] {
            let mut packets = if number == 1 { std::mem::take(&mut connection.packets) } else { Vec::new() };
            let parts = fragments(packet, number * 100 + size as u16, size);
            packets.extend(parts.iter().rev().flat_map(|part| [part.clone(), part.clone()]));
            packets.extend(parts.iter().cloned());
            let case = Case::new(&packets);
            let copy = case.copy();
            // The datagram is put together again and its checksum is right.
            let parts = &copy[copy.len() - parts.len()..];
            let payload: Vec<u8> = parts.iter().flat_map(|part| part[34..].to_vec()).collect();
            let mut ip = etherparse::Ipv4Header::from_slice(&packet[14..]).unwrap().0;
            ip.set_payload_len(payload.len()).unwrap();
            let joined = [&packet[..14], &ip.to_bytes(), &payload].concat();
            assert_eq!(is_right(&joined), Some(true), "{size}");
            assert!(holds(&joined, &marks()), "{size}");
            connection = Connection::new(1);
        }
    }
}

#[test]
fn a_checksum_that_was_wrong_or_missing_stays_so() {
    let mut wrong = udp(&[b"see ", SECRET].concat());
    wrong[40] ^= 0x55;
    let mut none = udp(&[b"see ", SECRET].concat());
    none[40..42].fill(0);
    let copy = Case::new(&[wrong.clone(), none]).copy();
    assert_eq!(copy[1][40..42], [0, 0]);
    // Wrong by the same: put right, the copy's is right.
    let mut right = copy[0].clone();
    right[40] ^= 0x55;
    assert_eq!((is_right(&copy[0]), is_right(&wrong)), (Some(false), Some(false)));
    let off = |one: &[u8], other: &[u8]| {
        let word = |packet: &[u8]| u32::from(u16::from_be_bytes([packet[40], packet[41]]));
        (word(one) + 65_535 - word(other)) % 65_535
    };
    let rightly = |packet: &[u8]| {
        let headers = PacketHeaders::from_ethernet_slice(packet).unwrap();
        let (Some(etherparse::NetHeaders::Ipv4(ip, _)), Some(TransportHeader::Udp(udp))) =
            (headers.net, headers.transport)
        else {
            panic!("no datagram");
        };
        let sum = udp.calc_checksum_ipv4(&ip, headers.payload.slice()).unwrap();
        let mut packet = packet.to_vec();
        packet[40..42].copy_from_slice(&sum.to_be_bytes());
        packet
    };
    assert_eq!(off(&copy[0], &rightly(&copy[0])), off(&wrong, &rightly(&wrong)));
}

#[test]
fn a_mirrored_copy_in_a_tunnel() {
    let mut connection = Connection::new(1);
    let all = request(&[b"note=", SECRET].concat());
    connection.sends(true, 0, &all);
    let inner = connection.packets.last().unwrap().clone();
    let vxlan = [&[8, 0, 0, 0, 0, 0, 5, 0], inner.as_slice()].concat();
    connection.packets.push(on_ethernet(&datagram(([10, 9, 0, 1], 7777), ([10, 9, 0, 2], 4789), &vxlan)));
    let copy = Case::new(&connection.packets).copy();
    assert_eq!(is_right(copy.last().unwrap()), Some(true), "the outer one");
    assert_eq!(is_right(&copy.last().unwrap()[50..]), Some(true), "the inner one");
}

#[test]
fn keys_and_comments_of_a_pcapng_go() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.pcapng"), folder.path().join("out.pcapng"));
    let mut bytes = pcapng(&[udp(&[b"see ", SECRET].concat())]);
    let keys = b"CLIENT_RANDOM 00 11";
    let mut secrets = [0x544c_534b_u32.to_le_bytes(), (keys.len() as u32).to_le_bytes()].concat();
    secrets.extend(keys);
    bytes.extend(LITTLE.block(0x0a, &secrets));
    bytes.extend(LITTLE.block(0x0bad, b"\0\0\0\0fluffy comment"));
    std::fs::write(&input, &bytes).unwrap();
    let done = redact(&[], &input, &output);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let copy = std::fs::read(&output).unwrap();
    for gone in [keys.as_slice(), b"fluffy", SECRET] {
        assert!(holds(&bytes, gone) && !holds(&copy, gone), "{}", text(gone));
    }
    assert_eq!(load(&output).len(), 1);
}

#[test]
fn the_capture_itself_is_never_written() {
    let case = Case::new(&[udp(SECRET)]);
    let before = std::fs::read(case.input()).unwrap();
    let path = |name: &str| case.folder.path().join(name);
    std::fs::hard_link(case.input(), path("hard.pcap")).unwrap();
    std::os::unix::fs::symlink(case.input(), path("soft.pcap")).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    let there = || {
        let mut names: Vec<_> =
            std::fs::read_dir(case.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let names = there();
    for name in ["in.pcap", "./in.pcap", "hard.pcap", "soft.pcap", "folder", "none/out.pcap"] {
        let done = redact(&[], &case.input(), &path(name));
        assert_eq!(done.status.code(), Some(2), "{name}");
        assert!(!done.stderr.is_empty());
        assert_eq!(std::fs::read(case.input()).unwrap(), before, "{name}");
        assert_eq!(there(), names, "{name} leaves nothing behind");
    }
    for input in ["none.pcap", "folder"] {
        let done = redact(&[], &path(input), &case.output());
        assert_eq!(done.status.code(), Some(2), "{input}");
        assert_eq!(there(), names, "{input} leaves nothing behind");
    }
    // What is there already and is another file is replaced.
    std::fs::write(case.output(), "old").unwrap();
    case.copy();
}

#[test]
fn compressed_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.pcapng.gz");
    std::fs::write(&input, gzip(&pcapng(&[udp(&[b"see ", SECRET].concat())]))).unwrap();
    for name in ["out.pcap", "out.pcap.gz", "out.pcapng.zst"] {
        let output = folder.path().join(name);
        let done = redact(&[], &input, &output);
        assert_eq!(done.status.code(), Some(0), "{name}: {}", text(&done.stderr));
        let [packet] = &load(&output)[..] else { panic!("one packet in {name}") };
        assert!(packet.ends_with(&[b"see ".as_slice(), &marks()].concat()), "{name}");
    }
}

#[test]
fn a_capture_that_breaks_off_is_copied_up_to_there() {
    let case = Case::new(&[udp(&[b"one ", SECRET].concat()), udp(&[b"two ", SECRET].concat())]);
    let bytes = std::fs::read(case.input()).unwrap();
    std::fs::write(case.input(), &bytes[..bytes.len() - 3]).unwrap();
    let done = redact(&[], &case.input(), &case.output());
    assert_eq!(done.status.code(), Some(2), "not all of it could be looked at");
    assert_eq!(load(&case.output()).len(), 1);
    assert!(!holds(&std::fs::read(case.output()).unwrap(), SECRET));
}
