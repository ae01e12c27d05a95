//! What identifies a stream.

use super::direction::Direction;
use crate::decode::{Endpoint, FourTuple};

/// A TCP stream: one connection, as far as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Streams are counted from 0 in the order in which they appeared.
    pub number: u64,
    /// Source: the end that opened the connection; destination: the other.
    pub ends: FourTuple,
}

impl Stream {
    /// The end that sends in `direction`.
    pub fn sender(&self, direction: Direction) -> Endpoint {
        match direction {
            Direction::FromInitiator => self.ends.source,
            Direction::FromResponder => self.ends.destination,
        }
    }
}
