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

/// What the room to the right does with a stream; `T` is what it keeps for each.
pub trait Handler<T> {
    /// The next bytes of a direction. `alone`: the other direction is not captured. Gives how many
    /// of them, from the first on, mattered: the rest was passed over by count.
    fn data(
        &mut self,
        stream: &Stream,
        state: &mut T,
        from: Direction,
        bytes: &[u8],
        source: Source,
        alone: bool,
    ) -> usize;
    /// The next `length` bytes of a direction are lost. `source` is where that became known.
    fn gap(&mut self, stream: &Stream, state: &mut T, from: Direction, length: u64, source: Source);
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
    /// Whether the bytes that were handed on last were counted and nothing else, so that the stream's
    /// state weighs no more than before.
    fn only_counted(&self) -> bool {
        false
    }
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
