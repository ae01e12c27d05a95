//! One stream of TLS: what its first message shows, and its records, which nobody here decrypts.

use super::hello::{Hello, LONGEST_HELLO, client_hello};
use super::records::Records;
use crate::http::BodyState;
use crate::packet::Place;
use crate::protocol::framed::Framed;
use crate::protocol::kind::Protocol;
use crate::protocol::observer::Observer;
use crate::protocol::reader::Reader;
use crate::tcp::{Direction, PerDirection};

/// A handshake is how every TLS begins.
const HANDSHAKE: u8 = 22;

/// Two directions of TLS.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    /// `None` where nothing was said yet.
    framed: PerDirection<Option<Framed<Records>>>,
    /// The first bytes of the client, until its first message is read.
    hello: Vec<u8>,
    hello_place: Place,
    hello_done: bool,
}

impl Connection {
    /// One whose first message counts, or not, since something else was said before.
    pub(crate) fn new(first: bool) -> Self {
        Self { hello_done: !first, ..Self::default() }
    }

    /// Adds to what may be the client's first message.
    fn hello(&mut self, from: Direction, bytes: &[u8], place: Place, observer: &mut (impl Observer + ?Sized)) {
        if from != Direction::FromInitiator {
            self.hello_done = self.hello.is_empty();
            return;
        }
        if self.hello.is_empty() {
            self.hello_place = place;
        }
        let room = LONGEST_HELLO.saturating_sub(self.hello.len());
        self.hello.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        match client_hello(&self.hello) {
            Hello::Partial if room > bytes.len() => return,
            Hello::Done { server_name } => observer.client_hello(from, self.hello_place, server_name),
            Hello::Partial | Hello::Not => {}
        }
        self.hello_done = true;
        self.hello = Vec::new();
    }
}

impl<S: BodyState> Reader<S> for Connection {
    fn data(&mut self, from: Direction, bytes: &[u8], place: Place, observer: &mut dyn Observer<Body = S>) -> bool {
        let Some(first) = bytes.first() else { return false };
        let hello_open = !self.hello_done;
        if hello_open {
            self.hello(from, bytes, place, observer);
        }
        observer.framed(from, bytes, place);
        if !observer.wants_payloads(Protocol::Tls) {
            return hello_open;
        }
        let framed = self.framed[from].get_or_insert_with(|| Framed::new((*first == HANDSHAKE).then(Records::default)));
        framed.feed((from, Protocol::Tls), bytes, place, observer);
        true
    }

    fn lost(&mut self, from: Direction) {
        self.framed[from].get_or_insert_with(|| Framed::new(None)).lost();
    }

    fn memory_usage(&self) -> usize {
        size_of::<Self>() + self.hello.capacity()
    }
}

/// A reader of one connection, whose first message counts if it is `first`.
pub(crate) fn reader<S: BodyState>(first: bool) -> Box<dyn Reader<S>> {
    Box::new(Connection::new(first))
}
