//! WebSocket (RFC 6455), with compressed messages (RFC 7692).

mod connection;
mod frames;

pub(crate) use connection::Connection;
#[cfg(test)]
pub(crate) use frames::TAIL;
