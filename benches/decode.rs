//! Taking packets apart: plain ones and nested ones.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use measure::Case;
use measure::kit::capture::packet;
use measure::kit::wire::{datagram, on_ethernet};
use measure::traffic::Traffic;
use plainsight::decode::{Config, Decoder};
use plainsight::packet::{LinkType, Packet, Timestamp};
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
        on_ethernet(&datagram(([192, 168, 0, 1], 4789), ([192, 168, 0, 2], 4789), &payload))
    };
    traffic.packets().map(wrap).collect()
}

fn main() -> ExitCode {
    let traffic = || Traffic::new(100, 10, false);
    let (plain, checked, inner) = (traffic(), traffic(), traffic());
    let nested = tunnelled(&inner);
    let bytes = nested.iter().map(Vec::len).sum();
    let nested = move || {
        let packet = |data| packet(1, Timestamp::from_nanos(0, 6), LinkType::ETHERNET, data);
        decode(nested.iter().map(|data| packet(data)), false);
    };
    measure::main(vec![
        Case::new("TCP over IPv4 over Ethernet", plain.bytes(), move || decode(plain.packets(), false)),
        Case::new("the same, checksums verified", checked.bytes(), move || decode(checked.packets(), true)),
        Case::new("the same inside VXLAN", bytes, nested),
    ])
}
