//! The protocols that streams are told apart by.

use crate::http::Successor;
use std::ops::{AddAssign, Index, IndexMut};

/// A protocol over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// HTTP/0.9 to HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// A WebSocket.
    WebSocket,
    /// TLS.
    Tls,
    /// None of these.
    Opaque,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Http1, Self::Http2, Self::WebSocket, Self::Tls, Self::Opaque];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::WebSocket => "websocket",
            Self::Tls => "tls",
            Self::Opaque => "opaque",
        }
    }
}

impl From<Successor> for Protocol {
    fn from(successor: Successor) -> Self {
        match successor {
            Successor::Http2 => Self::Http2,
            Successor::Tls => Self::Tls,
            Successor::WebSocket(_) => Self::WebSocket,
            Successor::Opaque => Self::Opaque,
        }
    }
}

/// How much of a protocol was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Streams that spoke it, each counted once; one that was handed on counts for both.
    pub streams: u64,
    /// Bytes of both directions.
    pub bytes: u64,
}

/// How much of each protocol was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffics([Traffic; Protocol::ALL.len()]);

impl Traffics {
    /// Those of which something was seen.
    pub fn iter(&self) -> impl Iterator<Item = (Protocol, Traffic)> + '_ {
        Protocol::ALL.into_iter().map(|protocol| (protocol, self[protocol])).filter(|(_, traffic)| traffic.streams > 0)
    }
}

impl Index<Protocol> for Traffics {
    type Output = Traffic;

    fn index(&self, protocol: Protocol) -> &Traffic {
        let [http1, http2, web_socket, tls, opaque] = &self.0;
        match protocol {
            Protocol::Http1 => http1,
            Protocol::Http2 => http2,
            Protocol::WebSocket => web_socket,
            Protocol::Tls => tls,
            Protocol::Opaque => opaque,
        }
    }
}

impl IndexMut<Protocol> for Traffics {
    fn index_mut(&mut self, protocol: Protocol) -> &mut Traffic {
        let [http1, http2, web_socket, tls, opaque] = &mut self.0;
        match protocol {
            Protocol::Http1 => http1,
            Protocol::Http2 => http2,
            Protocol::WebSocket => web_socket,
            Protocol::Tls => tls,
            Protocol::Opaque => opaque,
        }
    }
}

impl AddAssign for Traffics {
    fn add_assign(&mut self, other: Self) {
        for (sum, traffic) in self.0.iter_mut().zip(other.0) {
            sum.streams += traffic.streams;
            sum.bytes += traffic.bytes;
        }
    }
}
