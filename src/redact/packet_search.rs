//! The secrets in every disguise that canaries are found in, in all bytes of single packets: also in
//! headers, options, padding, lone fragments and what is not understood.
//!
//! It refuses to know what the bytes are.

use crate::leak::{Canaries, Rules, Run, Scanner, Where};
use crate::packet::{Packet, Place};
use std::ops::Range;
use std::sync::Arc;

/// Looks through bytes that stand alone.
#[derive(Debug)]
pub(super) struct PacketSearch {
    scanner: Scanner,
}

impl PacketSearch {
    pub(super) fn new(canaries: Canaries) -> Self {
        Self { scanner: Scanner::new(Arc::new(Rules::default()), canaries) }
    }

    /// Whether one stands in `bytes`.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        !self.all(bytes, Place::default()).is_empty()
    }

    /// Where they stand in a packet.
    pub(super) fn find(&self, packet: &Packet<'_>) -> Vec<Range<usize>> {
        self.all(packet.data, Place { packet: packet.id, offset: Some(0), time: packet.timestamp })
    }

    fn all(&self, bytes: &[u8], place: Place) -> Vec<Range<usize>> {
        if self.scanner.has_no_canaries() {
            return Vec::new();
        }
        let mut run = Run::default();
        self.scanner.feed_other(&mut run, bytes, place);
        self.scanner.finish_other(&mut run);
        let found = self.scanner.take_other(&mut run, &Where::Packet).into_iter();
        found
            .map(|finding| {
                let end = finding.offset.saturating_add(finding.length);
                let [start, end] = [finding.offset, end].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
                start.min(bytes.len())..end.min(bytes.len())
            })
            .filter(|range| !range.is_empty())
            .collect()
    }
}
