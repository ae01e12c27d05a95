//! Taking packets apart: plain ones and nested ones.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use measure::Case;
use measure::traffic::Traffic;
use plainsight::decode::{Config, Decoder};
use plainsight::packet::{LinkType, Packet, PacketId, Timestamp};
use std::hint::black_box;
use std::process::ExitCode;

fn decode<'a>(packets: impl Iterator<Item = Packet<'a>>, verify: bool) {
    let mut decoder = Decoder::new(Config { verify_checksums: verify, ..Config::default() });
    for packet in packets {
        decoder.packet(&packet, &mut |unit| _ = black_box(unit));
    }
}

/// The same packets inside VXLAN (RFC 7348), which has another Ethernet, IP and UDP around.
fn tunnelled(traffic: &Traffic) -> Vec<Vec<u8>> {
    let wrap = |packet: Packet<'_>| {
        let payload = [&[8, 0, 0, 0, 0, 0, 42, 0][..], packet.data].concat();
        let builder = etherparse::PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        let mut out = Vec::new();
        builder.ipv4([192, 168, 0, 1], [192, 168, 0, 2], 64).udp(4789, 4789).write(&mut out, &payload).unwrap();
        out
    };
    traffic.packets().map(wrap).collect()
}

fn main() -> ExitCode {
    let traffic = || Traffic::new(100, 10, false);
    let (plain, checked, inner) = (traffic(), traffic(), traffic());
    let nested = tunnelled(&inner);
    let bytes = nested.iter().map(Vec::len).sum();
    let nested = move || {
        let packets = nested.iter().map(|data| Packet {
            id: PacketId::new(0, 1),
            timestamp: Timestamp::from_nanos(0, 6),
            link_type: LinkType::ETHERNET,
            data,
            original_length: data.len() as u32,
            interface: 0,
        });
        decode(packets, false);
    };
    measure::main(vec![
        Case::new("TCP over IPv4 over Ethernet", plain.bytes(), move || decode(plain.packets(), false)),
        Case::new("the same, checksums verified", checked.bytes(), move || decode(checked.packets(), true)),
        Case::new("the same inside VXLAN", bytes, nested),
    ])
}
