//! HTTP/1 (RFC 9112), by what it says and never by its port: from the bytes of a stream's two directions
//! to messages and exchanges.

mod body;
mod chunks;
mod connection;
mod exchange;
mod framing;
#[doc(hidden)]
pub mod fuzz;
mod handover;
mod head;
#[cfg(test)]
mod leniencies;
mod odd_version;
mod opening;
mod preamble;
pub(super) mod recognize;
mod resync;
mod side;
pub(super) mod start_kind;
mod words;

pub use connection::Connection;
pub use handover::Handover;
#[cfg(test)]
pub(crate) use head::response_head;
