//! Capture files made by hand: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng).

use plainsight::packet::{LinkType, Packet, PacketId, Timestamp};
use std::io::Write as _;

/// The first word of a pcap file whose times are in microseconds.
pub(crate) const MICROS: u32 = 0xa1b2_c3d4;

/// Writes the parts of a capture file in one byte order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    pub(crate) big: bool,
}

/// Writes in little-endian order.
pub(crate) const LITTLE: Writer = Writer { big: false };
/// Writes in big-endian order.
pub(crate) const BIG: Writer = Writer { big: true };

impl Writer {
    /// A number of two bytes.
    pub(crate) fn u16(self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    /// A number of four bytes.
    pub(crate) fn u32(self, number: u32) -> [u8; 4] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    /// A pcap file's header.
    pub(crate) fn pcap(self, magic: u32, version: (u16, u16), snaplen: u32, link_type: u32) -> Vec<u8> {
        let (major, minor) = version;
        let words = [self.u32(0), self.u32(0), self.u32(snaplen), self.u32(link_type)];
        [&self.u32(magic)[..], &self.u16(major), &self.u16(minor), &words.concat()].concat()
    }

    /// A record of a pcap file; `lengths` are those that it claims, in the order of the file, and `extra` stands
    /// between its header and its data.
    pub(crate) fn record(self, seconds: u32, fraction: u32, lengths: (u32, u32), extra: &[u8], data: &[u8]) -> Vec<u8> {
        let (first, second) = lengths;
        let head = [self.u32(seconds), self.u32(fraction), self.u32(first), self.u32(second)].concat();
        [&head[..], extra, data].concat()
    }

    /// A record of a pcap file that claims the length it has.
    pub(crate) fn whole_record(self, seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
        let length = data.len() as u32;
        self.record(seconds, fraction, (length, length), b"", data)
    }

    /// A pcapng block, padded.
    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let total = self.u32(body.len() as u32 + 12);
        [&self.u32(kind)[..], &total, &body, &total].concat()
    }

    /// A section header block of unknown length.
    pub(crate) fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    /// An interface description block.
    pub(crate) fn interface(self, link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        self.block(1, &[&self.u16(link_type)[..], &[0, 0], &self.u32(snaplen), options].concat())
    }

    /// A block's option, padded.
    pub(crate) fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut padded = value.to_vec();
        padded.resize(value.len().next_multiple_of(4), 0);
        [&self.u16(code)[..], &self.u16(value.len() as u16), &padded].concat()
    }

    /// An enhanced packet block with a comment; `time` counts the units of the interface.
    pub(crate) fn enhanced(self, interface: u32, time: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let head = [interface, (time >> 32) as u32, time as u32, data.len() as u32, original].map(|n| self.u32(n));
        let mut body = [&head.concat()[..], data].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.option(1, b"a comment"));
        body.extend([0; 4]);
        self.block(6, &body)
    }

    /// A packet block, which is obsolete.
    pub(crate) fn obsolete(self, interface: u16, time: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let head = [(time >> 32) as u32, time as u32, data.len() as u32, original].map(|n| self.u32(n));
        self.block(2, &[&self.u16(interface)[..], &[0xff, 0xff], &head.concat(), data].concat())
    }

    /// A simple packet block.
    pub(crate) fn simple(self, original: u32, data: &[u8]) -> Vec<u8> {
        self.block(3, &[&self.u32(original)[..], data].concat())
    }
}

/// A pcap file of Ethernet frames, one a second.
pub(crate) fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = LITTLE.pcap(MICROS, (2, 4), 262_144, 1);
    for (second, frame) in (1_795_467_000..).zip(frames) {
        file.extend(LITTLE.whole_record(second, 59, frame));
    }
    file
}

/// A pcapng file of Ethernet frames, one a second.
pub(crate) fn pcapng(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [LITTLE.section(), LITTLE.interface(1, 262_144, b"")].concat();
    for (second, frame) in (1_795_467_000..).zip(frames) {
        file.extend(LITTLE.enhanced(0, second * 1_000_000, frame.len() as u32, frame));
    }
    file
}

/// The whole packet with that number of the only interface of the first capture.
pub(crate) fn packet(number: u64, timestamp: Timestamp, link_type: LinkType, data: &[u8]) -> Packet<'_> {
    let (id, original_length) = (PacketId::new(0, number), data.len() as u32);
    Packet { id, timestamp, link_type, data, original_length, interface: 0 }
}

/// The packets of a pcap file in little-endian order.
pub(crate) fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut packets) = (&file[24..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        packets.push(rest[16..16 + length].to_vec());
        rest = &rest[16 + length..];
    }
    packets
}

/// The bytes compressed with gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
