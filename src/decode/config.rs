//! How packets are decoded.

/// What a [`Decoder`](super::Decoder) is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Config {
    /// Whether packets with a wrong checksum are refused. Off by default: network cards
    /// fill checksums in after a capture has seen the packet.
    pub verify_checksums: bool,
    /// Bound on the fragments, of IP and 802.11, that wait for others, in bytes. Default 16 MiB.
    pub fragment_memory: usize,
    /// How long a fragment waits, in nanoseconds by the packets' own timestamps. Default
    /// 30 seconds, as in Linux.
    pub fragment_age_nanos: i64,
    /// How many packets a fragment waits. Default 131,072: IPv4 identifications come again
    /// after 65,536 datagrams.
    pub fragment_age_packets: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            verify_checksums: false,
            fragment_memory: 16 << 20,
            fragment_age_nanos: 30_000_000_000,
            fragment_age_packets: 1 << 17,
        }
    }
}
