//! Where things stand in a packet that only whoever changes its bytes needs to know: checksums
//! and what they cover, and which part of which datagram a fragment brought.
//!
//! It is written down as a packet is decoded, where that was asked for; it refuses to change
//! anything.

use super::fragment::Key;
use super::view::{Origin, View};
use crate::packet::PacketId;
use std::ops::Range;

/// What fragments of one datagram have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DatagramKey(Key);

/// A checksum of the Internet's kind (RFC 1071) over bytes of a packet or of a joined datagram.
#[derive(Debug, Clone)]
pub(crate) struct Checksum {
    /// The index in [`Layout::joined`] of the datagram it is in; `None` for the packet itself.
    pub(crate) joined: Option<usize>,
    /// Offset of its two bytes.
    pub(crate) field: usize,
    /// The bytes that it covers, which are counted in words from the first of them. Cut to what
    /// was captured.
    pub(crate) covers: Range<usize>,
    /// Whether 0 says that there is none, as in UDP.
    pub(crate) optional: bool,
}

/// A stretch of a datagram's payload as a packet brought it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) key: DatagramKey,
    /// Where it begins in the datagram's payload.
    pub(crate) offset: usize,
    pub(crate) packet: PacketId,
    /// Where it begins in that packet's captured bytes.
    pub(crate) at: usize,
    /// How many of its bytes were captured.
    pub(crate) length: usize,
}

/// A datagram's payload that this packet completed.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) key: DatagramKey,
    pub(crate) bytes: Vec<u8>,
}

/// What was written down of the latest packet.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    /// The outermost first.
    pub(crate) checksums: Vec<Checksum>,
    /// The fragments that it brought.
    pub(crate) parts: Vec<Part>,
    /// The datagrams that it completed.
    pub(crate) joined: Vec<Whole>,
}

impl Layout {
    pub(super) fn clear(&mut self) {
        self.checksums.clear();
        self.parts.clear();
        self.joined.clear();
    }

    /// A checksum whose field stands `field` bytes into `view`, all of which it covers.
    pub(super) fn checksum(&mut self, origin: Origin<'_>, view: View<'_>, field: usize, optional: bool) {
        let joined = match origin {
            Origin::Packet(..) => None,
            // What is decoded now is what was joined last.
            Origin::Joined(..) => self.joined.len().checked_sub(1),
        };
        if view.bytes.get(field..field.saturating_add(2)).is_none() {
            return;
        }
        let covers = view.start..view.start.saturating_add(view.bytes.len());
        self.checksums.push(Checksum { joined, field: view.start.saturating_add(field), covers, optional });
    }

    /// A fragment that begins `offset` bytes into its datagram.
    pub(super) fn part(&mut self, origin: Origin<'_>, view: View<'_>, key: Key, offset: usize) {
        let mut offset = offset;
        origin.runs(view, |run| {
            if let Some(at) = run.place.offset {
                let (packet, length) = (run.place.packet, run.bytes.len());
                self.parts.push(Part { key: DatagramKey(key), offset, packet, at: at as usize, length });
            }
            offset = offset.saturating_add(run.bytes.len()).saturating_add(run.missing);
        });
    }

    pub(super) fn whole(&mut self, key: Key, bytes: &[u8]) {
        self.joined.push(Whole { key: DatagramKey(key), bytes: bytes.to_vec() });
    }
}
