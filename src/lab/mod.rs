//! The lesson: a server that tells a secret, a client that asks for it, and the authority that
//! makes TLS work between them.
//!
//! Everything here is an ordinary program speaking ordinary HTTP. This room refuses to know how
//! packets are captured or read: only `demo` joins the two ends with a sniffer.

pub mod authority;
pub mod client;
mod connection;
pub mod demo;
mod lesson;
pub mod listen;
mod log;
mod printable;
mod runtime;
pub mod server;
pub mod tls;

pub use lesson::{PORT, SECRET};
pub use runtime::runtime;
