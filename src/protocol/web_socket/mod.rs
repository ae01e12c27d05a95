//! WebSocket (RFC 6455), with compressed messages (RFC 7692).

mod frames;

#[cfg(test)]
pub(crate) use frames::TAIL;
pub(crate) use frames::WebSocket;
