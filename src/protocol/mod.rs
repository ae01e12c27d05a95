//! What a stream says: each protocol in a folder of its own.
//!
//! A stream begins as HTTP/1, which is looked for wherever it may start. What `classify` knows to be
//! another protocol, and what a response switches to, is handed on to that protocol's reader.

mod classify;
mod frame;
mod framed;
pub mod http1;
mod http2;
mod kind;
mod observer;
mod reader;
mod registry;
mod stream;
mod successor;
pub mod tls;
pub(crate) mod web_socket;

pub use kind::{Protocol, Traffic, Traffics};
pub use observer::{Observer, Payload};
#[cfg(test)]
pub(crate) use reader::Reader;
pub use stream::Stream;
pub use successor::Successor;
pub use web_socket::Parameters as WebSocketParameters;
