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
mod counters;
mod direction;
#[cfg(test)]
mod equal;
mod flows;
#[doc(hidden)]
pub mod fuzz;
mod half;
mod handler;
mod memory;
mod numbering;
mod order;
mod piece;
mod pieces;
mod relation;
mod rival;
mod sequence;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub use counters::Counters;
pub use direction::{Direction, PerDirection};
pub(crate) use flows::{Due, Location};
pub use flows::{Flows, Limits};
pub use handler::{Chunk, Delivered, Gap, Handler, Oddity, Source};
pub(crate) use piece::ALLOCATION;
pub use stream::Stream;
