//! What every reader of a protocol does.

use super::observer::Observer;
use crate::http::BodyState;
use crate::packet::Place;
use crate::tcp::Direction;
use std::fmt::Debug;

/// Reads a protocol that took over from HTTP/1; `S` is what the observer keeps for a body.
pub(crate) trait Reader<S: BodyState>: Debug + Send {
    /// The next bytes of a direction; false where they were only counted.
    fn data(&mut self, from: Direction, bytes: &[u8], place: Place, observer: &mut dyn Observer<Body = S>) -> bool;
    /// Bytes of a direction are lost.
    fn lost(&mut self, from: Direction);
    /// Memory held, in bytes.
    fn memory_usage(&self) -> usize;
}

/// Reads nothing: the bytes are given out as they are.
#[derive(Debug)]
pub(super) struct Raw;

impl<S: BodyState> Reader<S> for Raw {
    fn data(&mut self, from: Direction, bytes: &[u8], place: Place, observer: &mut dyn Observer<Body = S>) -> bool {
        observer.other(from, bytes, place)
    }

    fn lost(&mut self, _: Direction) {}

    fn memory_usage(&self) -> usize {
        0
    }
}
