//! Packets in, events out: the sans-IO core, the library's front door.
//!
//! One of each room stands behind it. It has no clock, opens no file and prints nothing.

use crate::decode::Endpoint;
use crate::http::Exchange;
use crate::leak::{Severity, StreamFinding};
use std::collections::BTreeMap;

/// What the analyzer is asked to do.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bound on everything that is buffered, in bytes. Default 512 MiB.
    pub memory: usize,
    /// How many decoded bytes of each body are kept for showing. Default 4096.
    pub max_body: usize,
    /// Whether bodies are hashed with SHA-256.
    pub sha256: bool,
    /// Whether secrets are looked for.
    pub leaks: bool,
    /// Texts that must not pass.
    pub canaries: Vec<Vec<u8>>,
    /// Whether segments with a wrong checksum are refused. Off by default: network cards
    /// fill checksums in after a capture has seen the packet.
    pub verify_checksums: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            max_body: 4096,
            sha256: false,
            leaks: true,
            canaries: Vec::new(),
            verify_checksums: false,
        }
    }
}

/// What came out of the packets.
#[derive(Debug)]
pub enum Event {
    /// A request and its response, complete or as far as it was captured.
    Exchange(Box<Exchange>),
    /// A secret outside an exchange.
    Finding(Box<StreamFinding>),
    /// A TLS handshake began: what its client says in the clear.
    Tls(Box<TlsHello>),
}

/// What a TLS client shows to anyone when it opens a connection.
#[derive(Debug, Clone)]
pub struct TlsHello {
    /// The TCP stream's number.
    pub stream: u64,
    /// Who opened the connection.
    pub client: Endpoint,
    /// The other end.
    pub server: Endpoint,
    /// Where the handshake's first byte stood.
    pub place: crate::packet::Place,
    /// The name of the server it asked for, where it said one (RFC 6066 §3).
    pub server_name: Option<String>,
}

/// What was counted, to be told at the end.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Packets handed in.
    pub packets: u64,
    /// Captured bytes of those.
    pub bytes: u64,
    /// TCP streams that appeared.
    pub streams: u64,
    /// Exchanges given out.
    pub exchanges: u64,
    /// Findings given out, by severity, in the order of [`Severity::ALL`].
    pub findings: [u64; Severity::ALL.len()],
    /// Packets that were not understood, by layer and reason.
    pub not_understood: BTreeMap<String, u64>,
    /// What was let go for want of memory or beyond a bound, by reason.
    pub let_go: BTreeMap<String, u64>,
}
