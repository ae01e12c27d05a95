//! What the first bytes of a message may be.

use crate::protocol::kind::Protocol;

/// A request or a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Starts with a request line.
    Request,
    /// Starts with a request line that names no version (HTTP/0.9, or a lax client).
    BareRequest,
    /// Starts with a status line.
    Response,
}

/// What the first bytes of something say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The start line of a message.
    Is(Kind),
    /// A start line so far; more bytes will tell.
    Partial,
    /// The start of another protocol.
    Other(Protocol),
    /// No HTTP.
    Not,
}
