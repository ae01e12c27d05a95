//! Live capture through libpcap, from one interface or several.
//!
//! Packets are lent out of the kernel's ring. This module refuses to run a thread or to know a
//! clock: whoever calls it decides when to stop.
//!
//! # System calls
//! Everything is opened by [`Live::open`]. Afterwards a confined process needs: `poll` (or
//! `ppoll`) to wait, by us and by libpcap; `getsockopt` for the kernel's drops and the socket's
//! errors; `pread64` for Linux's counters of interfaces; `ioctl` and `getsockname` when an
//! interface goes down; `read` on libpcap's eventfd. libpcap also tries to open
//! `/sys/class/net/…/statistics/…` for its own counters of promiscuous interfaces, and does
//! without them where that is refused with an error. The end needs `munmap`, `close` and
//! `setsockopt`.

mod devices;
mod error;
mod handle;
mod options;
mod source;

pub use devices::{Device, default_interface, devices};
pub use error::Error;
pub use handle::{Live, Poll, Statistics, now};
pub use options::Options;
