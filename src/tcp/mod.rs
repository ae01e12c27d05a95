//! From TCP segments to the bytes of each direction of a stream, in order.
//!
//! Handles reordering, retransmission, overlap, wrap-around, captures that start in the
//! middle, holes, and the reuse of a four-tuple (RFC 9293). A SYN with a foreign number does not end
//! a connection by itself: what follows decides. Bytes are handed on in the
//! order of cause and effect: what a sender said after it had received something is read
//! after that something, even where the capture has them the other way round. This room
//! refuses to know what the bytes say.
//!
//! The first copy of a byte counts. That a later copy differs is told where the first one still
//! waits, and where it is what a direction was read up to: bytes that were handed on are not kept,
//! but of the latest run of them a hash is, so that the copy a forger sends right behind a segment
//! is seen. Older ones are not compared, and of what was only counted, such as a body that nobody
//! wants, no more than the first few.

mod assembler;
mod calm;
mod contest;
#[cfg(test)]
mod equal;
mod flows;
#[doc(hidden)]
pub mod fuzz;
mod half;
mod handler;
mod numbering;
mod order;
mod pieces;
mod rival;
mod sequence;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use assembler::ALLOCATION;
pub(crate) use flows::{Due, Location};
pub use flows::{Flows, Limits};
pub use handler::{Chunk, Delivered, Gap, Handler, Oddity, Source};
pub use table::Stream;

/// Which of a connection's two ends sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Sent by the end that opened the connection (as far as was seen).
    FromInitiator,
    /// Sent by the other end.
    FromResponder,
}

impl Direction {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::FromInitiator, Self::FromResponder];

    /// The other direction.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::FromInitiator => Self::FromResponder,
            Self::FromResponder => Self::FromInitiator,
        }
    }
}

/// Two things, one for each direction.
#[derive(Debug, Clone, Copy, Default)]
pub struct PerDirection<T> {
    from_initiator: T,
    from_responder: T,
}

impl<T> std::ops::Index<Direction> for PerDirection<T> {
    type Output = T;

    fn index(&self, direction: Direction) -> &T {
        match direction {
            Direction::FromInitiator => &self.from_initiator,
            Direction::FromResponder => &self.from_responder,
        }
    }
}

impl<T> std::ops::IndexMut<Direction> for PerDirection<T> {
    fn index_mut(&mut self, direction: Direction) -> &mut T {
        match direction {
            Direction::FromInitiator => &mut self.from_initiator,
            Direction::FromResponder => &mut self.from_responder,
        }
    }
}

/// What was let go or refused, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Streams that appeared.
    pub streams: u64,
    /// Streams let go for want of memory before they carried a byte.
    pub silent_streams_let_go: u64,
    /// Streams let go for want of memory that had carried bytes.
    pub idle_streams_let_go: u64,
    /// Segments not kept since their direction had too many in waiting.
    pub early_segments_let_go: u64,
    /// Segments with bytes from beyond their sender's FIN.
    pub segments_after_end: u64,
    /// RST segments outside the window, which a receiver ignores.
    pub resets_ignored: u64,
    /// SYN segments with a foreign number in a connection that went on (RFC 9293 §3.10.7.4).
    pub openings_ignored: u64,
    /// Segments with bytes from before the first that was handed on of a direction whose opening was
    /// not seen.
    pub segments_before_start: u64,
    /// Segments with bytes or an end that belong nowhere: further off than any window.
    pub segments_outside_window: u64,
    /// Segments that brought other bytes than an earlier copy of them.
    pub conflicting_segments: u64,
    /// Bytes lost in holes that nothing filled.
    pub missing_bytes: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        // Taken apart, so that none is forgotten.
        let Self {
            streams,
            silent_streams_let_go,
            idle_streams_let_go,
            early_segments_let_go,
            segments_after_end,
            resets_ignored,
            openings_ignored,
            segments_before_start,
            segments_outside_window,
            conflicting_segments,
            missing_bytes,
        } = other;
        self.streams += streams;
        self.silent_streams_let_go += silent_streams_let_go;
        self.idle_streams_let_go += idle_streams_let_go;
        self.early_segments_let_go += early_segments_let_go;
        self.segments_after_end += segments_after_end;
        self.resets_ignored += resets_ignored;
        self.openings_ignored += openings_ignored;
        self.segments_before_start += segments_before_start;
        self.segments_outside_window += segments_outside_window;
        self.conflicting_segments += conflicting_segments;
        self.missing_bytes += missing_bytes;
    }
}
