//! From the bytes of a stream's two directions to HTTP messages and exchanges.
//!
//! HTTP is recognised by what it says, never by its port. This room refuses to know
//! about packets' insides, sequence numbers or secrets.

pub mod content;
mod message;

pub use message::{Body, Exchange, Head, Message, Note};
pub(crate) use message::{Span, Start};
