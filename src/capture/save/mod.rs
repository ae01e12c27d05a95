//! Saving packets: pcap or pcapng, compressed or not, in one file or in turns.
//!
//! The file's name says how: `.pcapng` and `.ntar` are pcapng, everything else is pcap; `.gz`
//! and `.zst` after that compress. This module refuses to choose which packets are saved.

mod format;
mod name;
mod output;
mod saver;

pub use format::Format;
pub use name::Rotate;
pub use output::Compression;
pub use saver::{Error, Options, Saver};
