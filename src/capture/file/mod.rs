//! Saved captures: pcap and pcapng, plain or compressed, one or several as one.
//!
//! Packets are lent out of one small buffer, or out of the part of the file that is mapped. This
//! module refuses to know what is in them.

mod buffer;
mod cut;
mod files;
mod foreign;
#[cfg(target_os = "linux")]
mod map;
mod pcap;
mod pcapng;
mod reader;
mod record;
#[cfg(test)]
mod tests;

pub use files::{Files, Progress};
pub use record::MAX_RECORD;
pub(super) use record::ORDINARY_RECORD;
