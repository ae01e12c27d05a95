//! gzip (RFC 1952): any number of members, one after another.
//!
//! Refuses to know what the header's file name or comment say. Wrong checksums are noted, as
//! no browser minds them.

use super::decode::{Decode, Ending, Status, Step};
use super::inflate::{self, Inflate};
use crc32fast::Hasher;

// Flags in a member's header, RFC 1952 §2.3.1.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0xe0;

/// The part of a member that the next byte belongs to, and how many of its bytes were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Magic number to operating system.
    Fixed(u8),
    /// The length of the extra field.
    ExtraLength(u8),
    /// Bytes of the extra field still to come.
    Extra(u16),
    Name,
    Comment,
    HeaderCrc(u8),
    Data,
    Trailer(u8),
}

#[derive(Debug)]
pub(super) struct Gzip {
    inflate: Inflate,
    /// Of the member's data so far, and how many bytes they are, modulo 2^32.
    crc: Hasher,
    length: u32,
    part: Part,
    flags: u8,
    /// Whether a whole member came before this one.
    later: bool,
    /// CRC32 and ISIZE, §2.3.1, as one little-endian number.
    trailer: u64,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self {
            inflate: Inflate::new(false),
            crc: Hasher::new(),
            length: 0,
            part: Part::Fixed(0),
            flags: 0,
            later: false,
            trailer: 0,
        }
    }

    /// Takes one byte of a header.
    fn header(&mut self, byte: u8) -> Status {
        match self.part {
            Part::Fixed(at) => {
                let expected = match at {
                    0 => byte == 0x1f,
                    1 => byte == 0x8b,
                    2 => byte == 8,
                    3 => byte & RESERVED == 0,
                    _ => true,
                };
                if !expected {
                    return if self.later { Status::End } else { Status::Fault("content-corrupt") };
                }
                if at == 3 {
                    self.flags = byte;
                }
                self.part = if at < 9 { Part::Fixed(at + 1) } else { self.optional(EXTRA) };
            }
            Part::ExtraLength(0) => {
                self.trailer = u64::from(byte);
                self.part = Part::ExtraLength(1);
            }
            Part::ExtraLength(_) => {
                let length = u16::from_le_bytes([self.trailer as u8, byte]);
                self.part = if length > 0 { Part::Extra(length) } else { self.optional(NAME) };
            }
            Part::Extra(left) => self.part = if left > 1 { Part::Extra(left - 1) } else { self.optional(NAME) },
            Part::Name if byte == 0 => self.part = self.optional(COMMENT),
            Part::Comment if byte == 0 => self.part = self.optional(HEADER_CRC),
            Part::HeaderCrc(0) => self.part = Part::HeaderCrc(1),
            Part::HeaderCrc(_) => self.part = Part::Data,
            Part::Name | Part::Comment | Part::Data | Part::Trailer(_) => {}
        }
        Status::More
    }

    /// The first part that the header really has, from `flag` on.
    fn optional(&self, flag: u8) -> Part {
        const ORDER: [(u8, Part); 4] = [
            (EXTRA, Part::ExtraLength(0)),
            (NAME, Part::Name),
            (COMMENT, Part::Comment),
            (HEADER_CRC, Part::HeaderCrc(0)),
        ];
        let mut rest = ORDER.iter().skip_while(|(this, _)| *this != flag);
        rest.find(|(this, _)| self.flags & this != 0).map_or(Part::Data, |(_, part)| *part)
    }

    /// Takes one byte of a trailer; at its end everything is ready for another member.
    fn trailer(&mut self, at: u8, byte: u8) -> Status {
        self.trailer = self.trailer >> 8 | u64::from(byte) << 56;
        if at < 7 {
            self.part = Part::Trailer(at + 1);
            return Status::More;
        }
        let expected = u64::from(self.crc.clone().finalize()) | u64::from(self.length) << 32;
        self.part = Part::Fixed(0);
        self.later = true;
        self.crc.reset();
        self.length = 0;
        self.inflate.reset(false);
        if self.trailer == expected { Status::More } else { Status::Remark("gzip-trailer-wrong") }
    }
}

impl Decode for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Step {
        let mut consumed = 0;
        let mut produced = 0;
        loop {
            let (rest, room) = (input.get(consumed..).unwrap_or_default(), output.get_mut(produced..));
            let status = match (self.part, rest) {
                (Part::Data, _) => {
                    let room = room.unwrap_or_default();
                    let step = self.inflate.step(rest, room);
                    consumed += step.consumed;
                    produced += step.produced;
                    self.crc.update(room.get(..step.produced).unwrap_or_default());
                    self.length = self.length.wrapping_add(step.produced as u32);
                    match step.status {
                        Status::End => {
                            self.part = Part::Trailer(0);
                            continue;
                        }
                        status => return Step { consumed, produced, status },
                    }
                }
                (_, []) => return Step { consumed, produced, status: Status::More },
                (Part::Trailer(at), [byte, ..]) => self.trailer(at, *byte),
                (_, [byte, ..]) => self.header(*byte),
            };
            // A byte that begins no member is left over.
            consumed += usize::from(status != Status::End);
            if status != Status::More {
                return Step { consumed, produced, status };
            }
        }
    }

    fn ending(&mut self) -> Ending {
        match self.part {
            Part::Fixed(0) if self.later => Ending::Whole,
            Part::Trailer(_) => Ending::TrailerMissing("gzip-trailer-missing"),
            _ => Ending::Cut,
        }
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + inflate::MEMORY
    }
}
