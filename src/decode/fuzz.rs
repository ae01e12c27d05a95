//! The body of the decoder's fuzz target: a plain function over bytes.
//!
//! It is meant for testing alone, and knows nothing that [`Decoder`] doesn't show.

use super::config::Config;
use super::decoder::Decoder;
use super::unit::Unit;
use crate::packet::{LinkType, Packet, PacketId, Timestamp};

/// Reads packets from `data` and decodes them, with bounds on fragments so small that they
/// are met.
///
/// The first byte tells whether checksums are verified. Each packet is a link type (two
/// bytes), how many bytes the capture cut off (one), the seconds since the one before it
/// (one), its captured length (two), all in network byte order, and its bytes.
///
/// # Panics
/// If a payload isn't the packet's own bytes at the place it names, if the waiting
/// fragments outgrow their bound, if the counters don't add up, or if the layers alone make
/// something else of a packet than the decoder does with its fast path.
pub fn fuzz_decode(data: &[u8]) {
    const MEMORY: usize = 16 << 10;
    let Some((&first, rest)) = data.split_first() else { return };
    let config = Config {
        verify_checksums: first & 1 == 1,
        fragment_memory: MEMORY,
        fragment_age_packets: 64,
        ..Config::default()
    };
    let (mut decoder, mut layered) = (Decoder::new(config), Decoder::new(config));
    let mut number = 0;
    for packet in Packets::new(rest) {
        number += 1;
        let (mut units, mut wanted) = (Vec::new(), Vec::new());
        decoder.packet(&packet, &mut |unit| {
            check(&packet, &unit);
            units.push(format!("{unit:?}"));
        });
        layered.layered_packet(&packet, &mut |unit| wanted.push(format!("{unit:?}")));
        assert_eq!(units, wanted, "the fast path and the layers differ");
        assert!(decoder.memory() <= MEMORY, "fragments outgrow their bound: {}", decoder.memory());
    }
    decoder.finish();
    layered.finish();
    let counters = decoder.counters();
    assert_eq!(counters.packets, number);
    assert_eq!(counters.accounted(), number, "each packet is counted once: {counters:?}");
    assert_eq!(decoder.memory(), 0, "nothing waits after the end");
    assert_eq!(counters.seen(), layered.counters().seen(), "the fast path and the layers count differently");
}

/// Packets as they stand in a fuzzer's input.
pub(crate) struct Packets<'a> {
    rest: &'a [u8],
    number: u64,
    seconds: i64,
}

impl<'a> Packets<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest, number: 0, seconds: 0 }
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (&[t0, t1, cut, delay, l0, l1], behind) = self.rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([l0, l1])).min(behind.len());
        let (data, rest) = behind.split_at(length);
        self.rest = rest;
        self.number += 1;
        self.seconds += i64::from(delay.cast_signed());
        Some(Packet {
            id: PacketId::new(0, self.number),
            timestamp: Timestamp::from_micros(self.seconds, 0),
            link_type: LinkType(u16::from_be_bytes([t0, t1])),
            data,
            original_length: length as u32 + u32::from(cut),
            interface: 0,
        })
    }
}

/// A payload that names this very packet stands there.
fn check(packet: &Packet<'_>, unit: &Unit<'_>) {
    let (payload, place) = match unit {
        Unit::Segment(segment) => (segment.payload, segment.place),
        Unit::Datagram(datagram) => (datagram.payload, datagram.place),
    };
    assert!(place.packet <= packet.id);
    let Some(offset) = place.offset.map(|offset| offset as usize) else { return };
    if place.packet == packet.id && matches!(unit, Unit::Segment(_)) && !payload.is_empty() {
        assert_eq!(packet.data.get(offset..offset + payload.len()), Some(payload));
    }
}
