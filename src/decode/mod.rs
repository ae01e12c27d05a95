//! From a captured packet to the TCP segments and UDP datagrams inside it.
//!
//! This room peels link layers, tunnels and IP, and puts fragments together. It
//! refuses to know what a stream is, let alone HTTP. `docs/headers.md` says which header is read
//! with `etherparse`, which by hand, and why.

mod config;
mod counters;
mod decoder;
mod endpoint;
mod fragment;
mod fragments;
#[doc(hidden)]
pub mod fuzz;
mod ip;
pub(crate) mod layout;
mod link;
mod reassembly;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod transport;
mod tunnel;
mod unit;
mod view;
mod walk;

pub use config::Config;
pub use counters::Counters;
pub use decoder::Decoder;
pub use endpoint::{Endpoint, FourTuple};
pub use unit::{Datagram, Segment, TcpFlags, Unit};
