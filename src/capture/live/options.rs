//! How to capture.

use std::time::Duration;

/// How to capture.
#[derive(Debug, Clone)]
pub struct Options {
    /// Names of interfaces; `any` is all of them. None: the loopback interface.
    pub interfaces: Vec<String>,
    /// A filter in libpcap's language, run in the kernel.
    pub filter: Option<String>,
    /// The most bytes kept of each packet; 0 for all. Default 262,144.
    pub snaplen: u32,
    /// Size of the kernel's ring of each interface, in bytes. Default 32 MiB.
    pub buffer_size: usize,
    /// Whether to see what is not addressed to this machine, where the interface can.
    /// Default true.
    pub promiscuous: bool,
    /// How long [`Live::next`](super::Live::next) waits for a packet before it says that there is none. Default
    /// 50 ms.
    pub idle: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            filter: None,
            snaplen: 262_144,
            buffer_size: 32 << 20,
            promiscuous: true,
            idle: Duration::from_millis(50),
        }
    }
}
