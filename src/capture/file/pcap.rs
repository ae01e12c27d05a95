//! The classic capture format: a header of 24 bytes, then records one after another.
//!
//! Microseconds and nanoseconds, both byte orders, and Alexey Kuznetzov's modified format with
//! its longer record header (draft-ietf-opsawg-pcap; libpcap's `sf-pcap.c` for the old
//! versions). This module refuses to know other formats.

use super::buffer::Buffer;
use super::record::{Fault, Order, Record, longest};
use crate::packet::{LinkType, Timestamp};

pub(super) const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// With the interface's index, the protocol and the kind of packet after the usual fields.
const MODIFIED_RECORD_HEADER: usize = 24;

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
const MODIFIED: u32 = 0xa1b2_cd34;

/// Where a record header has the captured and the original length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    /// Before version 2.3 and in DG/UX's 543.0.
    OriginalFirst,
    /// Version 2.3: some programs wrote it one way, some the other.
    SmallerIsCaptured,
}

/// A pcap file whose header was read.
#[derive(Debug)]
pub(super) struct Pcap {
    order: Order,
    header: usize,
    /// Nanoseconds in a unit of the second timestamp field.
    unit: i64,
    pub(super) digits: u8,
    lengths: Lengths,
    longest: u32,
    pub(super) snaplen: u32,
    pub(super) link_type: LinkType,
    /// The number of its one interface, once the capture has given it one.
    pub(super) interface: u32,
}

/// Whether a file that starts so is a pcap file.
pub(super) fn recognise(head: &[u8]) -> bool {
    head.len() >= 4 && kind(head).is_some()
}

fn kind(head: &[u8]) -> Option<(Order, u32)> {
    [Order::Little, Order::Big].into_iter().find_map(|order| {
        let magic = order.u32(head, 0);
        matches!(magic, MICROS | NANOS | MODIFIED).then_some((order, magic))
    })
}

impl Pcap {
    /// Reads the file's header.
    pub(super) fn open(buffer: &mut Buffer) -> Result<Self, Fault> {
        if !buffer.fill(FILE_HEADER)? {
            return Err(Fault::cut(FILE_HEADER, buffer.ahead().len()));
        }
        let head = buffer.ahead();
        let (order, magic) = kind(head).ok_or_else(|| Fault::malformed("its magic number is unknown"))?;
        let (major, minor) = (order.u16(head, 4), order.u16(head, 6));
        let lengths = match (major, minor) {
            (2, 0..=2) | (543, 0) => Lengths::OriginalFirst,
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, 4) => Lengths::CapturedFirst,
            _ => {
                return Err(Fault::malformed(format!(
                    "it says to be of pcap version {major}.{minor}, and 2.4 is the last"
                )));
            }
        };
        let snaplen = order.u32(head, 16);
        // The bits above are the length of the frame check sequence, which is trimmed by the
        // length in the IP header anyway, and reserved ones.
        let link_type = LinkType((order.u32(head, 20) & 0xffff) as u16);
        buffer.take(FILE_HEADER);
        Ok(Self {
            order,
            header: if magic == MODIFIED { MODIFIED_RECORD_HEADER } else { RECORD_HEADER },
            unit: if magic == NANOS { 1 } else { 1000 },
            digits: if magic == NANOS { 9 } else { 6 },
            lengths,
            longest: longest(link_type, snaplen),
            snaplen,
            link_type,
            interface: 0,
        })
    }

    /// The next record, where all of it stands ahead and nothing is odd about it.
    #[inline]
    pub(super) fn ahead(&self, buffer: &mut Buffer) -> Option<Record> {
        let head = buffer.ahead().first_chunk::<RECORD_HEADER>()?;
        // An empty packet may be what is left of a file that became shorter.
        let (captured, _) = self.lengths(head);
        if captured == 0 { None } else { self.record(buffer) }
    }

    /// The next record, where all of it stands ahead and it is not too long.
    #[inline]
    fn record(&self, buffer: &mut Buffer) -> Option<Record> {
        let ahead = buffer.ahead();
        let head = ahead.first_chunk::<RECORD_HEADER>()?;
        let (seconds, fraction) = (self.order.u32(head, 0), self.order.u32(head, 4));
        let (captured, original) = self.lengths(head);
        if captured > self.longest {
            return None;
        }
        let length = captured as usize;
        let whole = self.header + length;
        if ahead.len() < whole {
            return None;
        }
        let nanos = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit;
        Some(Record {
            timestamp: Timestamp::from_nanos(nanos, self.digits),
            link_type: self.link_type,
            original_length: original.max(captured),
            interface: self.interface,
            from: buffer.take(whole) + self.header,
            length,
        })
    }

    /// The next record, or `None` at the file's end.
    pub(super) fn next(&self, buffer: &mut Buffer) -> Result<Option<Record>, Fault> {
        if !buffer.fill(self.header)? {
            return match buffer.ahead().len() {
                0 => Ok(None),
                there => Err(Fault::cut(self.header, there)),
            };
        }
        let head = buffer.ahead();
        let (captured, _) = self.lengths(head);
        if captured > self.longest {
            return Err(self.too_long(captured));
        }
        let whole = self.header + captured as usize;
        if !buffer.fill(whole)? {
            return Err(Fault::cut(whole, buffer.ahead().len()));
        }
        Ok(self.record(buffer))
    }

    /// The captured and the original length in a record's header, whatever their order there.
    #[inline]
    fn lengths(&self, head: &[u8]) -> (u32, u32) {
        let (first, second) = (self.order.u32(head, 8), self.order.u32(head, 12));
        match self.lengths {
            Lengths::CapturedFirst => (first, second),
            Lengths::OriginalFirst => (second, first),
            Lengths::SmallerIsCaptured => (first.min(second), first.max(second)),
        }
    }

    #[cold]
    fn too_long(&self, captured: u32) -> Fault {
        Fault::malformed(format!(
            "its record claims {captured} bytes, and no packet has more than {} there",
            self.longest
        ))
    }
}
