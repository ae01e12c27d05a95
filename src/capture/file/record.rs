//! What both capture formats have in common: a record found in the buffer, or why there is none.
//!
//! This module refuses to know either format.

use crate::packet::{LinkType, Timestamp};
use std::io::{self, ErrorKind};

/// The longest record that is ever believed: 128 MiB, as in libpcap and Wireshark (D-Bus
/// allows messages that long).
pub const MAX_RECORD: u32 = 128 << 20;

/// The longest packet of an ordinary link: the largest snapshot length that tcpdump gives.
pub(in crate::capture) const ORDINARY_RECORD: u32 = 262_144;

/// A packet's record, used up in the buffer and standing there until the next fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub(super) timestamp: Timestamp,
    pub(super) link_type: LinkType,
    pub(super) original_length: u32,
    pub(super) interface: u32,
    /// Where its bytes stand in the buffer, and how many.
    pub(super) from: usize,
    pub(super) length: usize,
}

/// Why there is no record; the reader adds the file, the packet and the offset.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    Cut {
        missing: Option<u64>,
    },
    Malformed(String),
    /// No capture at all.
    Foreign {
        looks_like: String,
        advice: Option<&'static str>,
    },
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        // So do the decompressors say that their input ends too soon.
        if error.kind() == ErrorKind::UnexpectedEof { Self::Cut { missing: None } } else { Self::Io(error) }
    }
}

impl Fault {
    #[cold]
    pub(super) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    #[cold]
    pub(super) fn cut(wanted: usize, there: usize) -> Self {
        Self::Cut { missing: Some(wanted.saturating_sub(there) as u64) }
    }
}

/// The longest record believed on a link: lengths beyond are damage, not packets.
///
/// libpcap and Wireshark refuse packets beyond 262,144 bytes outside USB and D-Bus; a file
/// that itself declares a larger snapshot length, or none, is believed further.
pub(super) fn longest(link_type: LinkType, snaplen: u32) -> u32 {
    const USB_AND_DBUS: [u16; 6] = [189, 220, 231, 249, 266, 279];
    if snaplen == 0 || USB_AND_DBUS.contains(&link_type.0) {
        MAX_RECORD
    } else {
        snaplen.clamp(ORDINARY_RECORD, MAX_RECORD)
    }
}

/// In which order a file writes the bytes of its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    #[inline]
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let raw = chunk(bytes, at);
        match self {
            Self::Little => u16::from_le_bytes(raw),
            Self::Big => u16::from_be_bytes(raw),
        }
    }

    #[inline]
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let raw = chunk(bytes, at);
        match self {
            Self::Little => u32::from_le_bytes(raw),
            Self::Big => u32::from_be_bytes(raw),
        }
    }

    pub(super) fn i64(self, bytes: &[u8], at: usize) -> i64 {
        let raw = chunk(bytes, at);
        match self {
            Self::Little => i64::from_le_bytes(raw),
            Self::Big => i64::from_be_bytes(raw),
        }
    }
}

/// `N` bytes from `at`; zeros where there are fewer, which no caller lets happen.
#[inline]
fn chunk<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}
