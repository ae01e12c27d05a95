//! The report for people: each exchange at a glance, each leak impossible to miss.
//!
//! Everything that came from the wire is escaped before it is laid out. This module
//! refuses to know whether it writes to a terminal.

pub mod figures;
mod leak;
mod message;
mod paper;
mod tally;
mod writer;

pub use paper::Layout;
pub use writer::Text;
