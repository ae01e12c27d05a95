//! From the bytes of a stream's two directions to HTTP messages and exchanges.
//!
//! HTTP is recognised by what it says, never by its port. This room refuses to know
//! about packets' insides, sequence numbers or secrets.

mod body;
pub mod charset;
mod chunks;
mod connection;
pub mod content;
mod exchange;
mod framing;
#[doc(hidden)]
pub mod fuzz;
mod head;
mod intake;
#[cfg(test)]
mod leniencies;
mod message;
mod odd_version;
mod opening;
mod preamble;
mod recognize;
mod side;
mod stray;

pub use connection::Connection;
pub use exchange::{Observer, Read, Scan};
pub use intake::Settings;
#[cfg(test)]
pub(crate) use message::Span;
pub(crate) use message::Start;
pub use message::{Body, Head, Message, Note};
