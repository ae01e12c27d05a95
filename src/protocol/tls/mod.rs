//! TLS, as far as it shows anything to whoever has no key: its first message, and its records.

mod connection;
mod hello;
mod record_start;
mod records;

#[cfg(test)]
pub(crate) use connection::Connection;
pub(crate) use connection::reader;
pub use hello::{Hello, LONGEST_HELLO, client_hello};
pub(crate) use record_start::begins;
