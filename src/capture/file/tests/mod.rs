//! The readers over captures made by hand, in every variant, whole and broken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod damage;
mod formats;
#[cfg(target_os = "linux")]
mod mapped;

use super::Files;
use crate::capture::error::Error;
use std::io::{Cursor, Write};

/// A packet as read, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    number: u64,
    nanos: i64,
    digits: u8,
    link_type: u16,
    data: Vec<u8>,
    original: u32,
    interface: u32,
}

fn read(bytes: &[u8]) -> (Vec<Kept>, Option<Error>) {
    read_from(Files::from_reader("made", Cursor::new(bytes.to_vec())))
}

fn read_from(mut files: Files) -> (Vec<Kept>, Option<Error>) {
    let mut all = Vec::new();
    loop {
        match files.next() {
            Ok(Some(packet)) => all.push(Kept {
                number: packet.id.number(),
                nanos: packet.timestamp.nanos(),
                digits: packet.timestamp.digits(),
                link_type: packet.link_type.0,
                data: packet.data.to_vec(),
                original: packet.original_length,
                interface: packet.interface,
            }),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

/// Writes numbers in one byte order.
#[derive(Clone, Copy)]
struct Made {
    big: bool,
}

impl Made {
    fn u16(self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn u32(self, number: u32) -> [u8; 4] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn pcap(self, magic: u32, version: (u16, u16), snaplen: u32, link_type: u32) -> Vec<u8> {
        let (major, minor) = version;
        let words = [self.u32(0), self.u32(0), self.u32(snaplen), self.u32(link_type)];
        [&self.u32(magic)[..], &self.u16(major), &self.u16(minor), &words.concat()].concat()
    }

    fn record(self, seconds: u32, fraction: u32, lengths: (u32, u32), extra: &[u8], data: &[u8]) -> Vec<u8> {
        let (first, second) = lengths;
        let head = [self.u32(seconds), self.u32(fraction), self.u32(first), self.u32(second)].concat();
        [&head[..], extra, data].concat()
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        let total = self.u32(body.len() as u32 + 12);
        [&self.u32(kind)[..], &total, &body, &total].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    fn interface(self, link_type: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
        self.block(1, &[&self.u16(link_type)[..], &[0, 0], &self.u32(snaplen), options].concat())
    }

    fn option(self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut padded = value.to_vec();
        padded.resize(value.len().next_multiple_of(4), 0);
        [&self.u16(code)[..], &self.u16(value.len() as u16), &padded].concat()
    }

    fn enhanced(self, interface: u32, time: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let head = [interface, (time >> 32) as u32, time as u32, data.len() as u32, original].map(|n| self.u32(n));
        let mut body = [&head.concat()[..], data].concat();
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.option(1, b"a comment"));
        body.extend([0; 4]);
        self.block(6, &body)
    }

    fn obsolete(self, interface: u16, time: u64, original: u32, data: &[u8]) -> Vec<u8> {
        let head = [(time >> 32) as u32, time as u32, data.len() as u32, original].map(|n| self.u32(n));
        self.block(2, &[&self.u16(interface)[..], &[0xff, 0xff], &head.concat(), data].concat())
    }

    fn simple(self, original: u32, data: &[u8]) -> Vec<u8> {
        self.block(3, &[&self.u32(original)[..], data].concat())
    }
}

const LITTLE: Made = Made { big: false };
const BIG: Made = Made { big: true };

fn kept(number: u64, nanos: i64, digits: u8, data: &[u8]) -> Kept {
    Kept { number, nanos, digits, link_type: 1, data: data.to_vec(), original: data.len() as u32, interface: 0 }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn small_pcap() -> Vec<u8> {
    let mut file = LITTLE.pcap(0xa1b2_c3d4, (2, 4), 65535, 1);
    for n in 0..5_u8 {
        file.extend(LITTLE.record(n.into(), 0, (n.into(), n.into()), b"", &vec![n; n.into()]));
    }
    file
}

fn small_pcapng() -> Vec<u8> {
    let mut file = [LITTLE.section(), LITTLE.interface(1, 0, b"")].concat();
    for n in 0..5_u8 {
        file.extend(LITTLE.enhanced(0, n.into(), n.into(), &vec![n; n.into()]));
    }
    file
}
