//! What the room to the right is told of a stream.

use super::direction::Direction;
use super::stream::Stream;
use crate::decode::Segment;
use crate::packet::Place;

/// Where bytes of a stream came from, and what their sender had received when it sent them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Source {
    /// Where the first byte stood.
    pub place: Place,
    /// Offset of the first byte in its direction.
    pub offset: u64,
    /// Up to which offset of the other direction the sender had acknowledged; `None` where it
    /// acknowledged nothing, and for a hole, of which no segment came.
    pub acknowledged: Option<u64>,
    /// Whether the capture began amid this direction: its SYN was not seen.
    pub midstream: bool,
}

impl Source {
    /// The source of the byte that stands `count` bytes further on.
    #[must_use]
    pub fn advanced(self, count: usize) -> Self {
        Self { place: self.place.advanced(count), offset: self.offset.saturating_add(count as u64), ..self }
    }
}

/// Bytes of a direction, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// Who sent them.
    pub from: Direction,
    /// At least one.
    pub bytes: &'a [u8],
    /// Where they came from.
    pub source: Source,
    /// Whether the other direction is not captured.
    pub alone: bool,
}

/// Bytes of a direction that are lost.
#[derive(Debug, Clone, Copy)]
pub struct Gap {
    /// Who sent them.
    pub from: Direction,
    /// How many.
    pub length: u64,
    /// Where it became known that they are lost.
    pub source: Source,
}

/// What a handler did with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// How many of them, from the first on, were looked at; the rest was only counted.
    pub inspected: usize,
    /// Whether the stream's state may hold more memory than before.
    pub changed: bool,
}

impl Delivered {
    /// All of so many bytes were looked at.
    pub const fn whole(length: usize) -> Self {
        Self { inspected: length, changed: true }
    }
}

/// What the room to the right does with a stream; `T` is what it keeps for each.
pub trait Handler<T> {
    /// The next bytes of a direction.
    fn data(&mut self, stream: &Stream, state: &mut T, chunk: Chunk<'_>) -> Delivered;
    /// The next bytes of a direction are lost.
    fn gap(&mut self, stream: &Stream, state: &mut T, gap: Gap);
    /// Something that some receivers read otherwise than others.
    fn oddity(&mut self, stream: &Stream, state: &mut T, from: Direction, oddity: Oddity);
    /// The direction ended: nothing more will come.
    fn end(&mut self, stream: &Stream, state: &mut T, from: Direction);
    /// The stream is over.
    fn close(&mut self, stream: &Stream, state: &mut T);
    /// Nothing more is told of the stream: its place in the table is given up.
    fn forgotten(&mut self, _stream: &Stream) {}
    /// A segment with bytes that no stream has a place for: outside the window, after the end, in a reset,
    /// or before the first byte known of.
    fn unclaimed(&mut self, _segment: &Segment<'_>) {}
    /// Memory that `state` holds beyond its own size, in bytes.
    fn weight(&self, state: &T) -> usize;
}

/// What makes a stream's bytes a matter of opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// Other bytes came for a place in the stream that had been filled; the first ones count.
    Conflict,
    /// Other bytes came for the place of those that were handed on last.
    Contradiction,
    /// A segment with urgent data. It is read in line as RFC 6093 asks for; most receivers, by
    /// default, take its last byte out of the stream.
    Urgent,
    /// The first data has the SYN's own number. It is read whole; a receiver takes the first byte
    /// for the SYN's and drops it (RFC 9293 §3.4).
    SynNotCounted,
}
