//! One stream of a WebSocket.

use super::frames::WebSocket;
use super::parameters::Parameters;
use crate::http::BodyState;
use crate::packet::Place;
use crate::protocol::framed::Framed;
use crate::protocol::kind::Protocol;
use crate::protocol::observer::Observer;
use crate::protocol::reader::Reader;
use crate::tcp::{Direction, PerDirection};

/// Two directions of a WebSocket.
#[derive(Debug)]
pub(crate) struct Connection {
    framed: PerDirection<Framed<WebSocket>>,
}

impl Connection {
    /// One on these conditions.
    pub(crate) fn new(parameters: Parameters) -> Self {
        let Parameters { client, deflate, client_keeps_context, server_keeps_context } = parameters;
        let mut framed = PerDirection::default();
        for (from, keeps_context) in [(client, client_keeps_context), (client.reverse(), server_keeps_context)] {
            framed[from] = Framed::new(Some(WebSocket::new(deflate, keeps_context)));
        }
        Self { framed }
    }
}

impl<S: BodyState> Reader<S> for Connection {
    fn data(&mut self, from: Direction, bytes: &[u8], place: Place, observer: &mut dyn Observer<Body = S>) -> bool {
        observer.framed(from, bytes, place);
        if !observer.wants_payloads(Protocol::WebSocket) {
            return false;
        }
        self.framed[from].feed((from, Protocol::WebSocket), bytes, place, observer);
        true
    }

    fn lost(&mut self, from: Direction) {
        self.framed[from].lost();
    }

    fn memory_usage(&self) -> usize {
        let directions = Direction::BOTH.into_iter().map(|from| self.framed[from].memory_usage());
        size_of::<Self>() + directions.sum::<usize>()
    }
}
