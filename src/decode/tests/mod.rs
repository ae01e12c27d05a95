//! What the decoder must read, as bytes made by hand or by the tests' kit.

mod encapsulations;
mod equal;
mod fragments;
mod links;
mod robust;
mod tunnels;

use super::{Config, Decoder, Unit};
use crate::kit::capture::packet;
use crate::kit::wire::{self, Segment, frame};
use crate::packet::{LinkType, Packet, Timestamp};
use std::net::{IpAddr, SocketAddr};

/// The payload of each test packet.
const HELLO: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// The ends of packets whose ends do not matter.
const FROM: [u8; 4] = [192, 0, 2, 1];
const TO: [u8; 4] = [192, 0, 2, 2];

/// A unit as the tests compare it, with its payload's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    tcp: bool,
    source: SocketAddr,
    sequence: u32,
    flags: u8,
    payload: Vec<u8>,
    missing: u32,
    packet: u64,
    offset: Option<u32>,
}

impl Got {
    /// `None` for bytes in which there is neither a segment nor a datagram of UDP.
    fn from(unit: Unit<'_>) -> Option<Self> {
        let (tcp, four_tuple, sequence, flags, payload, missing, place) = match unit {
            Unit::Segment(s) => (true, s.four_tuple, s.sequence, s.flags.0, s.payload, s.missing, s.place),
            Unit::Datagram(d) => (false, d.four_tuple?, 0, 0, d.payload, d.missing, d.place),
        };
        Some(Self {
            tcp,
            source: SocketAddr::new(four_tuple.source.address, four_tuple.source.port),
            sequence,
            flags,
            payload: payload.to_vec(),
            missing,
            packet: place.packet.number(),
            offset: place.offset,
        })
    }
}

/// Decodes `packets`, a second apart, and finds the counters right.
fn decode_with(config: Config, packets: &[(u16, Vec<u8>)]) -> (Vec<Got>, Decoder) {
    decode_apart(1_000_000, config, packets)
}

/// Decodes `packets`, so many microseconds apart, and finds the counters right.
fn decode_apart(micros: u32, config: Config, packets: &[(u16, Vec<u8>)]) -> (Vec<Got>, Decoder) {
    let mut decoder = Decoder::new(config);
    let mut units = Vec::new();
    for (number, (link_type, bytes)) in (1..).zip(packets) {
        let time = Timestamp::from_micros(0, micros.saturating_mul(number as u32));
        let packet = packet(number, time, LinkType(*link_type), bytes);
        decoder.packet(&packet, &mut |unit| units.extend(Got::from(unit)));
    }
    assert_eq!(decoder.counters().accounted(), packets.len() as u64, "{:?}", decoder.counters());
    (units, decoder)
}

/// Decodes one packet; what was not understood as text.
fn decode(link_type: u16, bytes: &[u8]) -> (Vec<Got>, String) {
    let (units, decoder) = decode_with(Config::default(), &[(link_type, bytes.to_vec())]);
    (units, decoder.counters().not_understood().into_keys().collect())
}

/// Asserts that the packet is one segment with [`HELLO`], which stands where it says.
fn assert_hello(name: &str, link_type: u16, bytes: &[u8]) {
    let (units, refused) = decode(link_type, bytes);
    assert_eq!(units.len(), 1, "{name}: {refused}\n{}", bytes.escape_ascii());
    let unit = &units[0];
    assert!(unit.tcp, "{name}");
    assert_eq!(unit.payload, HELLO, "{name}");
    assert_eq!((unit.sequence, unit.missing), (1000, 0), "{name}");
    let at = unit.offset.unwrap_or_default() as usize;
    assert_eq!(bytes.get(at..at + HELLO.len()), Some(HELLO), "{name}: the offset");
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// TCP with [`HELLO`] between two ends.
fn tcp(source: impl Into<IpAddr>, destination: impl Into<IpAddr>) -> Segment<'static> {
    let end = |address, port| SocketAddr::new(address, port);
    Segment::between(end(source.into(), 40000), end(destination.into(), 80)).seq(1000).payload(HELLO)
}

/// IPv4 with TCP and [`HELLO`].
fn tcp4() -> Vec<u8> {
    tcp([10, 0, 0, 1], [10, 0, 0, 2]).ack(1).packet()
}

/// IPv6 with TCP and [`HELLO`].
fn tcp6() -> Vec<u8> {
    tcp([0xfe; 16], [0xfd; 16]).ack(1).packet()
}

/// IPv4 with UDP.
fn udp4(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    wire::datagram((FROM, source), (TO, destination), payload)
}

/// IPv4 with any protocol.
fn ip4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    wire::ip(FROM, TO, protocol, payload)
}

/// IPv6 with any next header.
fn ip6(next: u8, payload: &[u8]) -> Vec<u8> {
    wire::ip([0xfe; 16], [0xfd; 16], next, payload)
}

/// LLC and SNAP before an `EtherType`'s payload.
fn snap(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    join(&[&[0xaa, 0xaa, 0x03, 0, 0, 0], &ether_type.to_be_bytes(), payload])
}
