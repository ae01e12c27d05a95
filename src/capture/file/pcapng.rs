//! The block format of today: sections, interfaces and packets, each a block with its length.
//!
//! Enhanced, simple and obsolete packet blocks are packets; section headers and interface
//! descriptions are what is needed to read them (draft-ietf-opsawg-pcapng). This module
//! refuses to know every other block: they are skipped by length.
//!
//! Two mistakes of writers are read as Wireshark reads them, which others refuse: a block's length
//! that leaves out its padding, and an interface's resolution or offset of a wrong length, which
//! does not count.

use super::buffer::Buffer;
use super::record::{Fault, MAX_RECORD, Order, Record, longest};
use crate::capture::interface::{Interface, Interfaces};
use crate::packet::{LinkType, Timestamp};

/// Reads the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

/// The type and the length before a block's body.
const BLOCK_HEAD: usize = 8;
/// A block without a body: its head and the length once more.
const EMPTY_BLOCK: u32 = 12;
/// Options around a packet or of an interface that are believed, in bytes.
const MAX_OPTIONS: u32 = 1 << 20;

/// How an interface writes its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    /// Units of 10^-n seconds up to 9: nanoseconds in one.
    Multiply(u64),
    /// Finer decimal units: how many make a nanosecond.
    Divide(i128),
    /// Units of 2^-n seconds.
    Binary(u8),
}

#[derive(Debug)]
struct Known {
    link_type: LinkType,
    snaplen: u32,
    longest: u32,
    resolution: Resolution,
    digits: u8,
    /// Seconds to add to each time, in nanoseconds.
    offset: i128,
    /// Its number in the whole capture.
    number: u32,
}

/// A pcapng file: what its current section has said.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Known>,
    all: Interfaces,
    /// Where the block that was last looked at starts in the file.
    pub(super) block: u64,
}

/// Whether a file that starts so is a pcapng file.
pub(super) fn recognise(head: &[u8]) -> bool {
    head.len() >= 12 && Order::Little.u32(head, 0) == SECTION_HEADER && section_order(head).is_some()
}

fn section_order(head: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|order| order.u32(head, 8) == BYTE_ORDER)
}

impl Pcapng {
    /// A file from whose first block on nothing was read.
    pub(super) fn new(all: Interfaces) -> Self {
        Self { order: Order::Little, interfaces: Vec::new(), all, block: 0 }
    }

    /// The next packet, where it is an enhanced one, all of it stands ahead, and nothing is odd about it.
    #[inline]
    pub(super) fn ahead(&mut self, buffer: &mut Buffer) -> Option<Record> {
        const FIXED: usize = BLOCK_HEAD + 20;
        let ahead = buffer.ahead();
        let head = ahead.first_chunk::<FIXED>()?;
        let field = |at: usize| self.order.u32(head, at);
        let total = field(4);
        let room = total.checked_sub(EMPTY_BLOCK + 20)?;
        let end = ahead.get(total as usize - 4..)?.first_chunk::<4>()?;
        let odd = total > MAX_RECORD + MAX_OPTIONS || !total.is_multiple_of(4) || self.order.u32(end, 0) != total;
        if field(0) != ENHANCED_PACKET || odd {
            return None;
        }
        let known = self.interfaces.get(field(8) as usize)?;
        let (captured, original) = (field(20), field(24));
        if captured > room.min(known.longest) {
            return None;
        }
        let timestamp = known.timestamp(u64::from(field(12)) << 32 | u64::from(field(16)));
        self.block = buffer.offset();
        Some(known.record(timestamp, captured, original, buffer.take(total as usize) + FIXED))
    }

    /// The next packet, or `None` at the file's end.
    pub(super) fn next(&mut self, buffer: &mut Buffer) -> Result<Option<Record>, Fault> {
        loop {
            self.block = buffer.offset();
            if !buffer.fill(BLOCK_HEAD)? {
                return match buffer.ahead().len() {
                    0 => Ok(None),
                    there => Err(Fault::cut(BLOCK_HEAD, there)),
                };
            }
            let kind = self.order.u32(buffer.ahead(), 0);
            if kind == SECTION_HEADER {
                self.section(buffer)?;
                continue;
            }
            let total = padded_length(self.order.u32(buffer.ahead(), 4), EMPTY_BLOCK)?;
            let record = match kind {
                ENHANCED_PACKET => self.packet(buffer, total, 20, |order, body| order.u32(body, 0))?,
                OBSOLETE_PACKET => self.packet(buffer, total, 20, |order, body| u32::from(order.u16(body, 0)))?,
                SIMPLE_PACKET => self.simple_packet(buffer, total)?,
                INTERFACE => {
                    self.interface(buffer, total)?;
                    continue;
                }
                _ => {
                    self.skip(buffer, total, BLOCK_HEAD)?;
                    continue;
                }
            };
            return Ok(Some(record));
        }
    }

    /// A new section: perhaps in the other byte order, and without any interface yet.
    fn section(&mut self, buffer: &mut Buffer) -> Result<(), Fault> {
        const FIXED: usize = 24;
        if !buffer.fill(FIXED)? {
            return Err(Fault::cut(FIXED, buffer.ahead().len()));
        }
        let head = buffer.ahead();
        self.order = section_order(head).ok_or_else(|| Fault::malformed("its section has no byte-order magic"))?;
        let total = padded_length(self.order.u32(head, 4), 28)?;
        let (major, minor) = (self.order.u16(head, 12), self.order.u16(head, 14));
        // 1.2 was written by mistake and is 1.0.
        if major != 1 || !matches!(minor, 0 | 2) {
            return Err(Fault::malformed(format!(
                "its section is of pcapng version {major}.{minor}, and 1.0 is the last"
            )));
        }
        self.interfaces.clear();
        self.skip(buffer, total, FIXED)
    }

    /// Uses up a block of which `read` bytes were looked at, and checks the length at its end.
    fn skip(&self, buffer: &mut Buffer, total: u32, read: usize) -> Result<(), Fault> {
        buffer.take(read);
        if !buffer.skip(u64::from(total).saturating_sub(read as u64 + 4))? || !buffer.fill(4)? {
            return Err(Fault::Cut { missing: None });
        }
        self.check_end(buffer.ahead(), total)?;
        buffer.take(4);
        Ok(())
    }

    /// The length stands at both ends of a block, with or without its padding.
    #[inline]
    fn check_end(&self, end: &[u8], total: u32) -> Result<(), Fault> {
        let again = self.order.u32(end, 0);
        if again.checked_next_multiple_of(4) == Some(total) {
            return Ok(());
        }
        Err(Fault::malformed(format!("its block has the length {total} at its start and {again} at its end")))
    }

    /// Makes a whole block stand ahead, its closing length checked.
    #[inline]
    fn whole(&self, buffer: &mut Buffer, total: u32, least: u32) -> Result<(), Fault> {
        padded_length(total, least)?;
        if total > MAX_RECORD + MAX_OPTIONS {
            return Err(Fault::malformed(format!("its block claims {total} bytes, more than any packet has")));
        }
        let length = total as usize;
        if !buffer.fill(length)? {
            return Err(Fault::cut(length, buffer.ahead().len()));
        }
        self.check_end(buffer.ahead().get(length - 4..).unwrap_or_default(), total)
    }

    /// An enhanced packet, or an obsolete one, which differs in how it names its interface:
    /// interface, time in two halves, captured length, original length, data, options.
    #[inline]
    fn packet(
        &self,
        buffer: &mut Buffer,
        total: u32,
        fixed: u32,
        interface: impl Fn(Order, &[u8]) -> u32,
    ) -> Result<Record, Fault> {
        self.whole(buffer, total, EMPTY_BLOCK + fixed)?;
        let body = buffer.ahead().get(BLOCK_HEAD..).unwrap_or_default();
        let known = self.known(interface(self.order, body))?;
        let time = u64::from(self.order.u32(body, 4)) << 32 | u64::from(self.order.u32(body, 8));
        let (captured, original) = (self.order.u32(body, 12), self.order.u32(body, 16));
        if captured > total - EMPTY_BLOCK - fixed {
            return Err(Fault::malformed(format!(
                "its packet claims {captured} bytes in a block that has room for {}",
                total - EMPTY_BLOCK - fixed
            )));
        }
        if captured > known.longest {
            return Err(Fault::malformed(format!(
                "its packet claims {captured} bytes, and no packet has more than {} there",
                known.longest
            )));
        }
        let from = buffer.take(total as usize) + BLOCK_HEAD + fixed as usize;
        Ok(known.record(known.timestamp(time), captured, original, from))
    }

    /// A simple packet: of the first interface, without a time, cut only by the snapshot length.
    fn simple_packet(&self, buffer: &mut Buffer, total: u32) -> Result<Record, Fault> {
        const FIXED: u32 = 4;
        self.whole(buffer, total, EMPTY_BLOCK + FIXED)?;
        let known = self.known(0)?;
        let original = self.order.u32(buffer.ahead(), BLOCK_HEAD);
        let limit = if known.snaplen == 0 { u32::MAX } else { known.snaplen };
        let captured = original.min(limit).min(total - EMPTY_BLOCK - FIXED);
        let from = buffer.take(total as usize) + BLOCK_HEAD + FIXED as usize;
        Ok(known.record(Timestamp::from_nanos(0, 0), captured, original, from))
    }

    #[inline]
    fn known(&self, number: u32) -> Result<&Known, Fault> {
        self.interfaces.get(number as usize).ok_or_else(|| {
            let described = self.interfaces.len();
            Fault::malformed(format!("its packet is of interface {number}, and {described} are described (from 0)"))
        })
    }

    /// An interface description: link type, snapshot length, options.
    fn interface(&mut self, buffer: &mut Buffer, total: u32) -> Result<(), Fault> {
        const FIXED: usize = 16;
        self.whole(buffer, total, 20)?;
        let block = buffer.ahead().get(..total as usize - 4).unwrap_or_default();
        let (link_type, snaplen) = (LinkType(self.order.u16(block, 8)), self.order.u32(block, 12));
        let options = Options::read(self.order, block.get(FIXED..).unwrap_or_default())?;
        let (resolution, digits) = resolution(options.resolution);
        let number = self
            .all
            .add(Interface { name: options.name, link_type, snaplen, digits })
            .ok_or_else(|| Fault::malformed(format!("it describes more than {} interfaces", Interfaces::MAX)))?;
        self.interfaces.push(Known {
            link_type,
            snaplen,
            longest: longest(link_type, snaplen),
            resolution,
            digits,
            offset: i128::from(options.offset) * 1_000_000_000,
            number,
        });
        buffer.take(total as usize);
        Ok(())
    }
}

/// How many bytes a block takes that has this length, which some writers give without the padding.
#[inline]
fn padded_length(total: u32, least: u32) -> Result<u32, Fault> {
    match total.checked_next_multiple_of(4) {
        Some(padded) if padded >= least => Ok(padded),
        _ => Err(Fault::malformed(format!("its block has the length {total}, which no block of that kind can have"))),
    }
}

/// What is needed of an interface's options.
struct Options {
    name: Option<String>,
    resolution: u8,
    offset: i64,
}

impl Options {
    const NAME: u16 = 2;
    const RESOLUTION: u16 = 9;
    const OFFSET: u16 = 14;
    /// No system's interfaces have longer names.
    const MAX_NAME: usize = 256;

    /// Reads them. Each may stand there once; where it is repeated, the first counts, as in Wireshark.
    fn read(order: Order, mut rest: &[u8]) -> Result<Self, Fault> {
        let (mut name, mut resolution, mut offset) = (None, None, None);
        while rest.len() >= 4 {
            let (code, length) = (order.u16(rest, 0), usize::from(order.u16(rest, 2)));
            let Some(value) = rest.get(4..4 + length) else {
                return Err(Fault::malformed(format!(
                    "an option of its interface claims {length} bytes, beyond its block"
                )));
            };
            match (code, value) {
                (0, _) => break,
                (Self::NAME, _) => {
                    let text = String::from_utf8_lossy(value.get(..Self::MAX_NAME).unwrap_or(value));
                    name = name.or_else(|| Some(text.trim_end_matches('\0').to_owned()));
                }
                (Self::RESOLUTION, &[value]) => resolution = resolution.or(Some(value)),
                (Self::OFFSET, _) if length == 8 => offset = offset.or_else(|| Some(order.i64(value, 0))),
                _ => {}
            }
            rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(Self { name, resolution: resolution.unwrap_or(6), offset: offset.unwrap_or(0) })
    }
}

/// `if_tsresol`: the exponent of 10, or of 2 where the highest bit is set.
fn resolution(option: u8) -> (Resolution, u8) {
    let exponent = option & 0x7f;
    if option & 0x80 != 0 {
        return (Resolution::Binary(exponent), 9);
    }
    if exponent <= 9 {
        return (Resolution::Multiply(10_u64.pow(9 - u32::from(exponent))), exponent);
    }
    // Where not even a nanosecond's count fits the field, every time is 0.
    (Resolution::Divide(10_i128.checked_pow(u32::from(exponent) - 9).unwrap_or(i128::MAX)), 9)
}

impl Known {
    /// The record of a packet of this interface, whose bytes stand `from` there on in the buffer.
    #[inline]
    fn record(&self, timestamp: Timestamp, captured: u32, original: u32, from: usize) -> Record {
        Record {
            timestamp,
            link_type: self.link_type,
            original_length: original.max(captured),
            interface: self.number,
            from,
            length: captured as usize,
        }
    }

    #[inline]
    fn timestamp(&self, time: u64) -> Timestamp {
        if let (Resolution::Multiply(unit), 0) = (self.resolution, self.offset)
            && let Some(nanos) = time.checked_mul(unit).and_then(|nanos| i64::try_from(nanos).ok())
        {
            return Timestamp::from_nanos(nanos, self.digits);
        }
        self.odd_timestamp(time)
    }

    /// Of any resolution and offset.
    fn odd_timestamp(&self, time: u64) -> Timestamp {
        let nanos = match self.resolution {
            Resolution::Multiply(unit) => i128::from(time) * i128::from(unit),
            Resolution::Divide(units) => i128::from(time) / units,
            Resolution::Binary(exponent) => (i128::from(time) * 1_000_000_000) >> exponent,
        };
        let nanos = nanos + self.offset;
        let saturated = i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX });
        Timestamp::from_nanos(saturated, self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Times of decimal units are reckoned in 64 bits where those suffice, as those of any unit are.
        #[test]
        fn an_ordinary_time_is_what_any_time_is(
            option in prop_oneof![0..12_u8, any::<u8>()],
            time in prop_oneof![0x0006_0000_0000_0000_u64..0x0006_4000_0000_0000, any::<u64>(), i64::MAX as u64 - 9..=i64::MAX as u64 + 9],
            offset in prop_oneof![Just(0_i64), any::<i64>(), -9..9_i64],
        ) {
            let (resolution, digits) = resolution(option);
            let offset = i128::from(offset) * 1_000_000_000;
            let link_type = LinkType::ETHERNET;
            let known = Known { link_type, snaplen: 0, longest: 0, resolution, digits, offset, number: 0 };
            prop_assert_eq!(known.timestamp(time), known.odd_timestamp(time));
        }
    }
}
