//! The readers over captures made by hand, in every variant, whole and broken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod damage;
mod equal;
mod formats;
#[cfg(target_os = "linux")]
mod mapped;
mod oddities;

use super::Files;
use crate::capture::error::Error;
use crate::kit::capture::{BIG, LITTLE, gzip};
use crate::packet::Packet;
use std::io::Cursor;

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

impl From<Packet<'_>> for Kept {
    fn from(packet: Packet<'_>) -> Self {
        Self {
            number: packet.id.number(),
            nanos: packet.timestamp.nanos(),
            digits: packet.timestamp.digits(),
            link_type: packet.link_type.0,
            data: packet.data.to_vec(),
            original: packet.original_length,
            interface: packet.interface,
        }
    }
}

fn read(bytes: &[u8]) -> (Vec<Kept>, Option<Error>) {
    read_from(Files::from_reader("made", Cursor::new(bytes.to_vec())))
}

fn read_from(mut files: Files) -> (Vec<Kept>, Option<Error>) {
    let mut all = Vec::new();
    loop {
        match files.next() {
            Ok(Some(packet)) => all.push(Kept::from(packet)),
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        }
    }
}

fn kept(number: u64, nanos: i64, digits: u8, data: &[u8]) -> Kept {
    Kept { number, nanos, digits, link_type: 1, data: data.to_vec(), original: data.len() as u32, interface: 0 }
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
