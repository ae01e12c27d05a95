//! What whoever reads a stream hears of it, besides exchanges.

use super::kind::Protocol;
use crate::http;
use crate::packet::Place;
use crate::tcp::Direction;
use std::ops::Range;

/// Bytes that stood in the frames of a protocol.
#[derive(Debug)]
pub struct Payload<'a> {
    /// Who sent them.
    pub from: Direction,
    /// Whose frames they stood in; `Opaque` where frames are not understood any more.
    pub protocol: Protocol,
    /// The bytes, unmasked and inflated.
    pub bytes: &'a [u8],
    /// Where the first of them stood.
    pub place: Place,
    /// Which bytes of the direction they were made of, counted from the first one with frames.
    pub origin: Range<u64>,
    /// Whether they are part of a message, which may have several frames.
    pub in_message: bool,
}

/// Hears what a stream says.
pub trait Observer: http::Observer {
    /// Bytes of a protocol with frames; what stands in them comes next.
    fn framed(&mut self, from: Direction, bytes: &[u8], place: Place) {
        self.other(from, bytes, place);
    }
    /// Bytes that stood in frames. Nothing is done with them unless [`Observer::wants_payloads`].
    fn payload(&mut self, _payload: &Payload<'_>) {}
    /// Whether the payloads of a protocol are of use.
    fn wants_payloads(&self, _of: Protocol) -> bool {
        false
    }
    /// A message of that direction is over.
    fn message_over(&mut self, _from: Direction) {}
    /// A client began TLS at `place` and called a server by this name, if it called one.
    fn client_hello(&mut self, _from: Direction, _place: Place, _server_name: Option<String>) {}
}
