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

impl Parameters {
    /// What the response with this head began, to `client`; `None` where that is no WebSocket.
    pub(crate) fn accepted(head: &Head, client: Direction) -> Option<Self> {
        let is = |name: &str, word: &str| {
            let value = head.field(name).unwrap_or_default();
            value.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        };
        if head.status() != Some(101) || !is("upgrade", "websocket") {
            return None;
        }
        Some(Self {
            client,
            deflate: is("sec-websocket-extensions", "permessage-deflate"),
            client_keeps_context: !is("sec-websocket-extensions", "client_no_context_takeover"),
            server_keeps_context: !is("sec-websocket-extensions", "server_no_context_takeover"),
        })
    }
}
