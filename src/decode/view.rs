//! Captured bytes that know where they stand and how much the capture cut off.
//!
//! Every decoder takes a [`View`] and hands a smaller one inwards; what the bytes
//! mean is no business of this module.

use super::fragment::Piece;
use crate::packet::{PacketId, Place, Timestamp};

/// A run of captured bytes, its position in the buffer that is being decoded, and
/// how many bytes followed it on the wire that were not captured.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) start: usize,
    pub(super) missing: usize,
}

impl View<'_> {
    /// The length on the wire.
    #[inline]
    pub(super) const fn wire_length(self) -> usize {
        self.bytes.len().saturating_add(self.missing)
    }

    /// What follows a header of `count` bytes; `None` when that header was cut.
    #[inline]
    pub(super) fn skip(self, count: usize) -> Option<Self> {
        let bytes = self.bytes.get(count..)?;
        Some(Self { bytes, start: self.start.saturating_add(count), missing: self.missing })
    }

    /// What follows a header of `count` bytes, even when the end of that header was
    /// not captured; `None` when it had no room on the wire either.
    #[inline]
    pub(super) fn skip_cut(self, count: usize) -> Option<Self> {
        if let Some(rest) = self.skip(count) {
            return Some(rest);
        }
        let missing = self.wire_length().checked_sub(count)?;
        Some(Self { bytes: &[], start: self.start.saturating_add(count), missing })
    }

    /// The first `length` bytes: what follows is padding. A length beyond the end is
    /// cut to it.
    #[inline]
    pub(super) fn limit(self, length: usize) -> Self {
        match self.bytes.get(..length) {
            Some(bytes) => Self { bytes, missing: 0, ..self },
            None => Self { missing: self.missing.min(length.saturating_sub(self.bytes.len())), ..self },
        }
    }

    /// All but the last `count` bytes of the wire.
    pub(super) fn trim_end(self, count: usize) -> Self {
        self.limit(self.wire_length().saturating_sub(count))
    }

    #[inline]
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// A 16-bit number in network byte order.
    #[inline]
    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    /// A 32-bit number in network byte order.
    #[inline]
    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    /// The `N` bytes at `at`.
    #[inline]
    pub(super) fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }
}

/// Where the bytes of the buffer that is being decoded came from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A packet as it was captured.
    Packet(PacketId, Timestamp),
    /// A payload put together from fragments.
    Joined(&'a [u8], &'a [Piece]),
}

/// A stretch of a buffer that came from one packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) missing: usize,
    pub(super) place: Place,
}

impl<'a> Origin<'a> {
    /// Hands the bytes of `view`, in order and cut where another packet brought them,
    /// to `each`. An empty view is one empty run.
    pub(super) fn runs(self, view: View<'a>, mut each: impl FnMut(Run<'a>)) {
        match self {
            Self::Packet(packet, time) => {
                let place = Place { packet, time, offset: u32::try_from(view.start).ok() };
                each(Run { bytes: view.bytes, missing: view.missing, place });
            }
            Self::Joined(bytes, pieces) => {
                let end = view.start.saturating_add(view.wire_length());
                let first = pieces.partition_point(|piece| piece.end() <= view.start);
                let mut any = false;
                for piece in pieces.get(first..).unwrap_or_default() {
                    if piece.start() >= end && any {
                        break;
                    }
                    let (from, to) = (view.start.max(piece.start()), end.min(piece.end()));
                    let captured = to.min(piece.captured_end()).max(from);
                    if from > to || (from == to && (any || view.wire_length() > 0)) {
                        continue;
                    }
                    any = true;
                    each(Run {
                        bytes: bytes.get(from..captured).unwrap_or_default(),
                        missing: to - captured,
                        place: piece.place().advanced(from - piece.start()),
                    });
                }
                if !any {
                    let place = pieces.last().map_or_else(Place::default, |last| {
                        last.place().advanced(view.start.saturating_sub(last.start()))
                    });
                    each(Run { bytes: view.bytes, missing: view.missing, place });
                }
            }
        }
    }

    /// Where the first byte of `view` stands.
    pub(super) fn place(self, view: View<'a>) -> Place {
        let mut found = None;
        self.runs(view, |run| {
            found.get_or_insert(run.place);
        });
        found.unwrap_or_default()
    }
}
