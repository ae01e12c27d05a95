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
mod open;
pub mod save;

pub use error::Error;
pub use file::{Files, MAX_RECORD, Progress};
pub use filter::Filter;
pub use interface::{Interface, Interfaces};
pub use open::open;
pub use save::Saver;
