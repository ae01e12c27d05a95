//! Which packets belong to which streams, for whoever keeps the packets of some.
//!
//! It refuses to keep a packet: it tells of the latest only.

use crate::packet::PacketId;

/// What is traced. Nothing where nobody asked.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) on: bool,
    /// Packets, and the streams that segments in them belong to: the latest, and those whose
    /// fragments it completed.
    pub(crate) touched: Vec<(PacketId, u64)>,
    /// Streams that ended.
    pub(crate) closed: Vec<u64>,
    /// Whether streams are named whose places were given up, and those.
    pub(crate) forgets: bool,
    pub(crate) forgotten: Vec<u64>,
    /// Whether the latest packet waits for other fragments.
    pub(crate) waits: bool,
}

impl Trace {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, ..Self::default() }
    }
}
