//! Encoders for the tests.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// A raw DEFLATE stream or, with `zlib`, a zlib one.
pub(super) fn deflate(bytes: &[u8], zlib: bool) -> Vec<u8> {
    let mut encoder = Compress::new(Compression::best(), zlib);
    let mut encoded = Vec::with_capacity(bytes.len() + 1024);
    let status = encoder.compress_vec(bytes, &mut encoded, FlushCompress::Finish).unwrap();
    assert_eq!(status, flate2::Status::StreamEnd);
    encoded
}

/// A gzip member with the header parts that `flags` asks for.
pub(super) fn gzip_with(bytes: &[u8], flags: u8) -> Vec<u8> {
    let mut member = vec![0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3];
    if flags & 4 != 0 {
        member.extend_from_slice(b"\x05\x00extra");
    }
    if flags & 8 != 0 {
        member.extend_from_slice(b"name\x00");
    }
    if flags & 16 != 0 {
        member.extend_from_slice(b"a comment\x00");
    }
    if flags & 2 != 0 {
        member.extend_from_slice(&[0xaa, 0xbb]);
    }
    member.extend(deflate(bytes, false));
    let mut crc = Crc::new();
    crc.update(bytes);
    member.extend(crc.sum().to_le_bytes());
    member.extend((bytes.len() as u32).to_le_bytes());
    member
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    gzip_with(bytes, 0)
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

/// The `compress` format. The table is cleared `period` codes after it was full, or never.
pub(super) fn compress(bytes: &[u8], max_bits: u32, block_mode: bool, period: Option<usize>) -> Vec<u8> {
    let first_entry = 256 + u32::from(block_mode);
    let mut writer = Writer {
        out: vec![0x1f, 0x9d, max_bits as u8 | u8::from(block_mode) << 7],
        // A width of 9 means 10, as with the real one.
        max_bits: max_bits.max(10),
        bits: 9,
        known: first_entry - 1,
        ..Writer::default()
    };
    let mut table = std::collections::HashMap::new();
    let (mut next, mut since_full) = (first_entry, 0);
    let mut rest = bytes.iter();
    let Some(mut current) = rest.next().map(|byte| u32::from(*byte)) else { return writer.out };
    for &byte in rest {
        if let Some(code) = table.get(&(current, byte)) {
            current = *code;
            continue;
        }
        writer.code(current);
        if next < 1 << writer.max_bits {
            table.insert((current, byte), next);
            next += 1;
        } else {
            since_full += 1;
        }
        current = u32::from(byte);
        if block_mode && period.is_some_and(|period| since_full > period) {
            writer.code(256);
            writer.pad();
            table.clear();
            (next, since_full, writer.known, writer.bits) = (first_entry, 0, 256, 9);
        }
    }
    writer.code(current);
    writer.end()
}

#[derive(Default)]
struct Writer {
    out: Vec<u8>,
    max_bits: u32,
    bits: u32,
    /// The entries that the reader has: it makes each with the next code.
    known: u32,
    buffer: u64,
    buffered: u32,
    in_group: u32,
}

impl Writer {
    fn code(&mut self, code: u32) {
        if self.known >= 1 << self.bits && self.bits < self.max_bits {
            self.pad();
            self.bits += 1;
        }
        self.put(code);
        self.known += u32::from(self.known < 1 << self.max_bits);
    }

    fn put(&mut self, code: u32) {
        self.buffer |= u64::from(code) << self.buffered;
        self.buffered += self.bits;
        self.in_group = (self.in_group + 1) % 8;
        while self.buffered >= 8 {
            self.out.push(self.buffer as u8);
            self.buffer >>= 8;
            self.buffered -= 8;
        }
    }

    /// Fills the group of eight codes up.
    fn pad(&mut self) {
        while self.in_group != 0 {
            self.put(0);
        }
    }

    fn end(mut self) -> Vec<u8> {
        if self.buffered > 0 {
            self.out.push(self.buffer as u8);
        }
        self.out
    }
}
