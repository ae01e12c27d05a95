//! Where HTTP/1 ends and another protocol goes on.

use crate::http::Observer;
use crate::packet::Place;
use crate::protocol::successor::Successor;
use crate::tcp::Direction;

/// Takes over what HTTP/1 hands on. Whoever does not care has the bytes as those of no protocol.
pub trait Handover: Observer {
    /// A direction is another protocol's from here on.
    fn handed_on(&mut self, _from: Direction, _to: Successor) {}
    /// Bytes of a direction that was handed on; false where they do not matter.
    fn foreign(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool {
        self.other(from, bytes, place)
    }
    /// Some of those that came next were lost.
    fn foreign_lost(&mut self, _from: Direction) {}
}
