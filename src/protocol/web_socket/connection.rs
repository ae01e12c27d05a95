//! One stream of a WebSocket.

use super::frames::WebSocket;
use crate::http::{Successor, WebSocketParameters};
use crate::packet::Place;
use crate::protocol::framed::Framed;
use crate::protocol::observer::Observer;
use crate::tcp::{Direction, PerDirection};

/// Two directions of a WebSocket.
#[derive(Debug)]
pub(crate) struct Connection {
    parameters: WebSocketParameters,
    framed: PerDirection<Framed<WebSocket>>,
}

impl Connection {
    /// One on these conditions.
    pub(crate) fn new(parameters: WebSocketParameters) -> Self {
        let WebSocketParameters { client, deflate, client_keeps_context, server_keeps_context } = parameters;
        let mut framed = PerDirection::default();
        for (from, keeps_context) in [(client, client_keeps_context), (client.reverse(), server_keeps_context)] {
            framed[from] = Framed::new(Some(WebSocket::new(deflate, keeps_context)));
        }
        Self { parameters, framed }
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn memory_usage(&self) -> usize {
        Direction::BOTH.into_iter().map(|from| self.framed[from].memory_usage()).sum()
    }

    /// The next bytes of a direction; false where they were only counted.
    pub(crate) fn data(&mut self, from: Direction, bytes: &[u8], place: Place, observer: &mut impl Observer) -> bool {
        observer.framed(from, bytes, place);
        let protocol = Successor::WebSocket(self.parameters);
        if !observer.wants_payloads(protocol) {
            return false;
        }
        self.framed[from].feed((from, protocol), bytes, place, observer);
        true
    }

    /// Bytes of a direction are lost.
    pub(crate) fn lost(&mut self, from: Direction) {
        self.framed[from].lost();
    }
}
