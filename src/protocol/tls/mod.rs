//! TLS, as far as it shows anything to who has no key: its first message, and its records.

mod hello;
mod records;

pub use hello::{Hello, LONGEST_HELLO, client_hello};
pub(crate) use records::Records;
