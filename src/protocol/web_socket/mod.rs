//! WebSocket (RFC 6455), with compressed messages (RFC 7692).

mod connection;
mod frames;
mod parameters;

pub(crate) use connection::Connection;
#[cfg(test)]
pub(crate) use frames::TAIL;
pub use parameters::Parameters;
