//! Where packets come from and where they are saved: devices, files, pipes.
//!
//! The only packet IO of the program. This room refuses to know what is in a packet.
//!
//! ```no_run
//! let mut capture = plainsight::capture::open("secret.pcap")?;
//! while let Some(packet) = capture.next()? {
//!     println!("{} {} bytes", packet.timestamp, packet.data.len());
//! }
//! # Ok::<(), plainsight::capture::Error>(())
//! ```

mod error;
mod file;
pub mod filter;
pub mod fuzz;
mod interface;
#[cfg(unix)]
pub mod live;
pub mod save;

pub use error::Error;
pub use file::{Files, MAX_RECORD, Progress};
pub use filter::Filter;
pub use interface::{Interface, Interfaces};
pub use save::Saver;

use std::path::Path;

/// Opens one saved capture: pcap or pcapng, plain or compressed with gzip or zstd;
/// `-` is standard input.
///
/// Nothing is read yet: what the file is shows with the first [`Files::next`].
///
/// # Errors
/// [`Error::Open`] where the file cannot be opened, [`Error::NotACapture`] for a directory.
pub fn open(path: impl AsRef<Path>) -> Result<Files, Error> {
    Files::open([path])
}
