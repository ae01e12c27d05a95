//! Bytes of one direction as they arrive, and as they are kept until they can be read.

use crate::packet::Place;

/// What an allocation costs besides its bytes: the allocator's own word and rounding.
pub(crate) const ALLOCATION: usize = 24;

/// Bytes that came before those in front of them.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Offset of the first byte in the stream.
    pub(crate) offset: u64,
    /// The bytes; empty where `missing` is not 0.
    pub(crate) bytes: Box<[u8]>,
    /// Bytes that were on the wire and that the capture cut off.
    pub(crate) missing: u64,
    /// How far the other direction must have been read before this makes sense: the
    /// sender had received that much when it sent this.
    pub(crate) needs: Needs,
    /// Where the first byte stood.
    pub(crate) place: Place,
}

/// What must have been read of the other direction before a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Needs {
    /// Nothing: the sender acknowledged nothing.
    Nothing,
    /// The other direction up to this offset.
    Offset(u64),
}

impl Piece {
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(self.length())
    }

    pub(crate) fn length(&self) -> u64 {
        self.bytes.len() as u64 + self.missing
    }

    /// The piece as it came.
    pub(crate) fn as_arrival(&self) -> Arrival<'_> {
        let Self { offset, bytes, missing, needs, place } = self;
        Arrival { offset: *offset, bytes, missing: *missing, needs: *needs, place: *place }
    }

    /// What it costs besides its place among the pieces.
    pub(crate) fn weight(&self) -> usize {
        if self.bytes.is_empty() { 0 } else { self.bytes.len() + ALLOCATION }
    }
}

/// Bytes handed to [`Assembler::insert`](super::assembler::Assembler::insert).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
    /// Cut off by the capture, after `bytes`.
    pub(crate) missing: u64,
    pub(crate) needs: Needs,
    pub(crate) place: Place,
}

impl Arrival<'_> {
    /// A hole of `length` bytes at `offset`, known by what stands at `place`.
    pub(crate) const fn hole(offset: u64, length: u64, place: Place) -> Self {
        Arrival { offset, bytes: &[], missing: length, needs: Needs::Nothing, place }
    }
}

impl<'a> Arrival<'a> {
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64).saturating_add(self.missing)
    }

    /// What remains from `offset` on.
    pub(crate) fn from(self, offset: u64) -> Self {
        let skip = offset.saturating_sub(self.offset);
        let held = usize::try_from(skip).unwrap_or(usize::MAX).min(self.bytes.len());
        Arrival {
            offset: self.offset.saturating_add(skip),
            bytes: self.bytes.get(held..).unwrap_or_default(),
            missing: self.missing.saturating_sub(skip - held as u64),
            place: self.place.advanced(held),
            ..self
        }
    }

    /// What lies before `offset`.
    pub(crate) fn until(self, offset: u64) -> Arrival<'a> {
        let keep = offset.saturating_sub(self.offset);
        let held = usize::try_from(keep).unwrap_or(usize::MAX).min(self.bytes.len());
        Arrival {
            bytes: self.bytes.get(..held).unwrap_or_default(),
            missing: self.missing.min(keep - held as u64),
            ..self
        }
    }
}
