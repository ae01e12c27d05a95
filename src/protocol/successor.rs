//! What a connection is handed on to (RFC 9110 §7.8).

use super::kind::Protocol;
use super::web_socket::Parameters;

/// The protocol that takes a connection, or a direction of one, over from HTTP/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Successor {
    /// One that its first bytes tell, or none that is known here.
    Known(Protocol),
    /// A WebSocket, by the response that accepts it.
    WebSocket(Parameters),
}

impl Successor {
    /// Which protocol that is.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Known(protocol) => protocol,
            Self::WebSocket(_) => Protocol::WebSocket,
        }
    }
}
