//! TLS, as far as it shows anything to whoever has no key: its first message, and its records.

mod connection;
mod hello;
mod record_start;
mod records;

pub(crate) use connection::Connection;
pub use hello::{Hello, LONGEST_HELLO, client_hello};
pub(crate) use record_start::begins;
