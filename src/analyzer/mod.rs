//! Packets in, events out: the sans-IO core, the library's front door.
//!
//! One of each room stands behind it. It has no clock, opens no file and prints nothing.

mod config;
mod counters;
mod event;
#[cfg(test)]
mod framing_tests;
mod front_door;
#[doc(hidden)]
pub mod fuzz;
mod incomplete;
mod origins;
mod outside;
mod shard;
mod streams;
mod trace;

pub use config::Config;
pub use counters::Counters;
pub use event::{Drafter, Event, Exchange, TlsHello};
pub use front_door::Analyzer;
pub use incomplete::{Incomplete, Loss};
pub(crate) use shard::{Moment, Shard, Tally};
