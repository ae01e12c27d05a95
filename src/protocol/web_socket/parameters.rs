//! What a WebSocket's handshake agrees on (RFC 6455 §4.2.2, RFC 7692 §7.1).

use crate::http::Head;
use crate::tcp::Direction;

/// What a WebSocket's handshake agreed on (RFC 7692 §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Who asked for it.
    pub client: Direction,
    /// Whether messages may be compressed.
    pub deflate: bool,
    /// Whether each of the client's compressed messages builds on those before.
    pub client_keeps_context: bool,
    /// The same of the server's.
    pub server_keeps_context: bool,
}

/// Whether the field of this name holds a word, in any case.
fn holds(head: &Head, name: &str, word: &str) -> bool {
    let value = head.field(name).unwrap_or_default();
    value.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

impl Parameters {
    /// Whether the response with this head begins a WebSocket.
    pub(crate) fn are_in(head: &Head) -> bool {
        head.status() == Some(101) && holds(head, "upgrade", "websocket")
    }

    /// What the response with this head began, to `client`; `None` where that is no WebSocket.
    pub(crate) fn accepted(head: &Head, client: Direction) -> Option<Self> {
        let is = |extension| holds(head, "sec-websocket-extensions", extension);
        Self::are_in(head).then(|| Self {
            client,
            deflate: is("permessage-deflate"),
            client_keeps_context: !is("client_no_context_takeover"),
            server_keeps_context: !is("server_no_context_takeover"),
        })
    }
}
