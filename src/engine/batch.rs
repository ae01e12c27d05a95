//! What is handed from thread to thread at a time: what was in some packets, in the order of the
//! capture, apart by worker.
//!
//! It refuses to know who made it and who reads it.

use crate::decode::{Datagram, Segment, Unit};

/// Segments and datagrams of some packets.
#[derive(Debug)]
pub(super) struct Batch {
    /// The payloads, one after the other.
    bytes: Vec<u8>,
    /// For each worker what it is to read, in order.
    parts: Vec<Vec<Item>>,
    /// Before which packets there was a quiet time, in order. The packet may be the one after
    /// the last.
    pub(super) quiet: Vec<u64>,
    /// How many packets of the capture came, up to the last of these.
    pub(super) end: u64,
    /// Whether no other will come.
    pub(super) last: bool,
    items: usize,
}

/// A segment or a datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    /// The packet that it was in, counted from 0.
    pub(super) packet: u64,
    /// Its number among all of the capture.
    pub(super) serial: u64,
    /// Where its payload stands.
    start: u32,
    length: u32,
    /// All of it but its payload.
    unit: Unit<'static>,
}

impl Batch {
    pub(super) fn new(workers: usize) -> Self {
        let parts = (0..workers).map(|_| Vec::new()).collect();
        Self { bytes: Vec::new(), parts, quiet: Vec::new(), end: 0, last: false, items: 0 }
    }

    /// Makes it as new; of its memory at most `room` bytes are kept for payloads.
    pub(super) fn clear(&mut self, room: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(room);
        self.parts.iter_mut().for_each(Vec::clear);
        self.quiet.clear();
        self.last = false;
        self.items = 0;
    }

    /// Bytes of payload.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many segments and datagrams.
    pub(super) const fn items(&self) -> usize {
        self.items
    }

    /// Adds what worker `part` is to read.
    #[inline]
    pub(super) fn push(&mut self, part: usize, packet: u64, serial: u64, unit: &Unit<'_>) {
        let (payload, unit) = match *unit {
            Unit::Segment(Segment { four_tuple, sequence, acknowledgment, window, flags, payload, missing, place }) => {
                let rest =
                    Segment { four_tuple, sequence, acknowledgment, window, flags, payload: &[], missing, place };
                (payload, Unit::Segment(rest))
            }
            Unit::Datagram(Datagram { four_tuple, payload, missing, place }) => {
                (payload, Unit::Datagram(Datagram { four_tuple, payload: &[], missing, place }))
            }
        };
        let Some(part) = self.parts.get_mut(part) else { return };
        // A batch ends long before 4 GiB.
        let (start, length) = (self.bytes.len() as u32, payload.len() as u32);
        self.bytes.extend_from_slice(payload);
        part.push(Item { packet, serial, start, length, unit });
        self.items += 1;
    }

    /// What worker `part` is to read.
    pub(super) fn part(&self, part: usize) -> &[Item] {
        self.parts.get(part).map(Vec::as_slice).unwrap_or_default()
    }

    /// The whole of a segment or datagram.
    #[inline]
    pub(super) fn unit(&self, item: &Item) -> Unit<'_> {
        let payload = self.bytes.get(item.start as usize..).and_then(|rest| rest.get(..item.length as usize));
        let payload = payload.unwrap_or_default();
        match item.unit {
            Unit::Segment(segment) => Unit::Segment(Segment { payload, ..segment }),
            Unit::Datagram(datagram) => Unit::Datagram(Datagram { payload, ..datagram }),
        }
    }
}
