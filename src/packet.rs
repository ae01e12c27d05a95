//! A packet as it was captured: its bytes, its number and its time.
//!
//! This is the leftmost room: everything else takes packets from here, and this
//! module knows nobody. It refuses to know what the bytes mean.

use std::fmt;

/// One captured packet, borrowed from the buffer it was read into.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// Which packet it is: the file and the 1-based number in that file.
    pub id: PacketId,
    /// When it was captured, by the capture's own clock.
    pub timestamp: Timestamp,
    /// What the first byte of `data` is the start of.
    pub link_type: LinkType,
    /// The captured bytes: at most the capture's snapshot length of them.
    pub data: &'a [u8],
    /// How many bytes the packet had on the wire; never less than `data.len()`
    /// in a packet that a capture source hands out.
    pub original_length: u32,
    /// Which interface of the capture it came from, counted from 0.
    pub interface: u32,
}

/// Bytes that packets are lent out of, held together with others as long as anyone needs them.
pub type Shared = std::sync::Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The identity of a packet: its file (from 0) and its 1-based number in it.
///
/// Ordered as the packets are: by file, then by number. Kept in one word, since
/// every buffered byte remembers its packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PacketId(u64);

impl PacketId {
    const NUMBER_BITS: u32 = 48;

    /// The packet with the 1-based `number` in the file with the 0-based index `file`.
    pub const fn new(file: u16, number: u64) -> Self {
        Self(((file as u64) << Self::NUMBER_BITS) | (number & ((1 << Self::NUMBER_BITS) - 1)))
    }

    /// The 0-based index of the file among those read as one capture.
    pub const fn file(self) -> u16 {
        (self.0 >> Self::NUMBER_BITS) as u16
    }

    /// The 1-based number of the packet in its own file, before any filter.
    pub const fn number(self) -> u64 {
        self.0 & ((1 << Self::NUMBER_BITS) - 1)
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// A moment as a capture records it: nanoseconds since 1970 in UTC, and how many
/// digits after the second the capture really knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    nanos: i64,
    digits: u8,
}

impl Timestamp {
    const SECOND: i64 = 1_000_000_000;

    /// From nanoseconds since the epoch, known to `digits` (0 to 9) decimal places.
    pub const fn from_nanos(nanos: i64, digits: u8) -> Self {
        Self { nanos, digits: if digits > 9 { 9 } else { digits } }
    }

    /// From seconds and microseconds since the epoch; saturates at the ends of time.
    pub const fn from_micros(seconds: i64, micros: u32) -> Self {
        Self { nanos: seconds.saturating_mul(Self::SECOND).saturating_add(micros as i64 * 1000), digits: 6 }
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.nanos
    }

    /// How many decimal places of the second are the capture's own.
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// Nanoseconds from `earlier` to `self`; negative when the clock went back.
    pub const fn since(self, earlier: Self) -> i64 {
        self.nanos.saturating_sub(earlier.nanos)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with the capture's own resolution: `2026-11-23T20:49:53.000059Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.nanos.div_euclid(Self::SECOND);
        let fraction = self.nanos.rem_euclid(Self::SECOND);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)?;
        if self.digits > 0 {
            let digits = usize::from(self.digits);
            let cut = fraction / 10_i64.pow(9 - u32::from(self.digits));
            write!(f, ".{cut:0digits$}")?;
        }
        f.write_str("Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01 in the proleptic Gregorian
/// calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + (month <= 2) as i64, month, doy - (153 * mp + 2) / 5 + 1)
}

/// Where a byte of a stream came from: its packet, the packet's time, and, where the
/// byte stands in that packet as it is, its 0-based offset in the captured bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The packet that brought the byte.
    pub packet: PacketId,
    /// The time of that packet.
    pub time: Timestamp,
    /// Offset of the byte in the packet's captured bytes; `None` where it does not
    /// stand there verbatim (it was decoded or decompressed).
    pub offset: Option<u32>,
}

impl Place {
    /// The place `count` bytes further on in the same packet.
    #[must_use]
    pub fn advanced(self, count: usize) -> Self {
        let offset = self.offset.and_then(|at| u32::try_from(count).ok().and_then(|n| at.checked_add(n)));
        Self { offset, ..self }
    }

    /// The same packet and time, without an offset: for bytes that were decoded.
    #[must_use]
    pub const fn decoded(self) -> Self {
        Self { offset: None, ..self }
    }
}

/// What a packet's first byte is the start of: a `LINKTYPE_` number as written in
/// capture files (<https://www.tcpdump.org/linktypes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a four-byte protocol family in host byte order.
    pub const NULL: Self = Self(0);
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Raw IP, version from the first nibble.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: a four-byte protocol family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NULL => f.write_str("NULL"),
            Self::ETHERNET => f.write_str("ETHERNET"),
            Self::RAW => f.write_str("RAW"),
            Self::LOOP => f.write_str("LOOP"),
            Self::LINUX_SLL => f.write_str("LINUX_SLL"),
            Self::LINUX_SLL2 => f.write_str("LINUX_SLL2"),
            Self(other) => write!(f, "LINKTYPE_{other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_print_with_their_own_resolution() {
        for (nanos, digits, want) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1_795_467_000_000_059_000, 6, "2026-11-23T20:50:00.000059Z"),
            (1_795_467_000_000_059_001, 9, "2026-11-23T20:50:00.000059001Z"),
            (-1, 9, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_000, 3, "2000-02-29T00:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_nanos(nanos, digits).to_string(), want);
        }
    }

    #[test]
    fn packet_ids_order_by_file_then_number() {
        let (a, b, c) = (PacketId::new(0, 9), PacketId::new(1, 1), PacketId::new(1, 2));
        assert!(a < b && b < c);
        assert_eq!((c.file(), c.number()), (1, 2));
    }

    #[test]
    fn a_place_moves_within_its_packet_and_never_overflows() {
        let place = Place { offset: Some(u32::MAX - 1), ..Place::default() };
        assert_eq!(place.advanced(1).offset, Some(u32::MAX));
        assert_eq!(place.advanced(2).offset, None);
        assert_eq!(place.decoded().advanced(2).offset, None);
    }
}
