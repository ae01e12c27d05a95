//! What is handed from thread to thread at a time: what was in some packets, in the order of the
//! capture, apart by worker.
//!
//! It refuses to know who made it and who reads it.

use crate::decode::{Datagram, Segment, Unit};
use crate::packet::Shared;
use crate::processor;
use std::sync::Arc;

/// Segments and datagrams of some packets.
pub(super) struct Batch {
    /// Payloads that had to be copied, one after the other.
    bytes: Vec<u8>,
    /// What others are a part of.
    shared: Vec<Shared>,
    /// Bytes of both.
    size: usize,
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
    /// Where its payload stands, and in which of what is shared; `COPIED` where in none.
    start: u32,
    length: u32,
    shared: u8,
    /// All of it but its payload.
    unit: Unit<'static>,
}

/// A batch is full when it holds so much of what is shared, of which there cannot be much at a time.
const MOST_SHARED: usize = 3;

/// How many lines of its cache the processor is to fetch of a payload ahead of time: they hold a head.
const FETCHED: usize = 6;

/// Stands for nothing that is shared.
const COPIED: u8 = u8::MAX;

impl Batch {
    pub(super) fn new(workers: usize) -> Self {
        let parts = (0..workers).map(|_| Vec::new()).collect();
        Self { bytes: Vec::new(), shared: Vec::new(), size: 0, parts, quiet: Vec::new(), end: 0, last: false, items: 0 }
    }

    /// Makes it as new; of its memory at most `room` bytes are kept for payloads.
    pub(super) fn clear(&mut self, room: usize) {
        self.bytes.clear();
        self.bytes.shrink_to(room);
        self.let_go();
        self.size = 0;
        self.parts.iter_mut().for_each(Vec::clear);
        self.quiet.clear();
        self.last = false;
        self.items = 0;
    }

    /// Whether it holds as much of what is shared as one batch may.
    pub(super) const fn holds_enough(&self) -> bool {
        self.shared.len() >= MOST_SHARED
    }

    /// Lets go of what others hold, too.
    pub(super) fn let_go(&mut self) {
        self.shared.clear();
    }

    /// Bytes of payload.
    pub(super) const fn bytes(&self) -> usize {
        self.size
    }

    /// How many segments and datagrams.
    pub(super) const fn items(&self) -> usize {
        self.items
    }

    /// Adds what worker `worker` is to read. Its payload is held by `shared`, if it is a part of that, or
    /// copied.
    #[inline]
    pub(super) fn push(&mut self, worker: usize, packet: u64, serial: u64, unit: &Unit<'_>, shared: Option<&Shared>) {
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
        let (start, shared) = self.hold(payload, shared);
        let Some(items) = self.parts.get_mut(worker) else { return };
        items.push(Item { packet, serial, start, length: payload.len() as u32, shared, unit });
        self.items += 1;
    }

    /// Sees to it that a payload lasts as long as the batch; says where it is found.
    #[inline]
    fn hold(&mut self, payload: &[u8], shared: Option<&Shared>) -> (u32, u8) {
        self.size += payload.len();
        let within = shared.and_then(|shared| Some((shared, start_in((**shared).as_ref(), payload)?)));
        if let Some((shared, start)) = within {
            if self.shared.last().is_none_or(|last| !Arc::ptr_eq(last, shared)) {
                self.shared.push(Arc::clone(shared));
            }
            // A packet adds one at most, and what is full takes no more.
            return (start, (self.shared.len() - 1) as u8);
        }
        // A batch ends long before 4 GiB.
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(payload);
        (start, COPIED)
    }

    /// What worker `part` is to read.
    pub(super) fn part(&self, part: usize) -> &[Item] {
        self.parts.get(part).map(Vec::as_slice).unwrap_or_default()
    }

    #[inline]
    fn payload(&self, item: &Item) -> &[u8] {
        let bytes = match self.shared.get(usize::from(item.shared)) {
            Some(shared) => (**shared).as_ref(),
            None => &self.bytes,
        };
        let payload = bytes.get(item.start as usize..).and_then(|rest| rest.get(..item.length as usize));
        payload.unwrap_or_default()
    }

    /// Has the processor fetch the beginning of a payload that will be looked at soon.
    #[inline]
    pub(super) fn fetch(&self, item: &Item) {
        processor::fetch_first::<FETCHED>(self.payload(item));
    }

    /// The whole of a segment or datagram.
    #[inline]
    pub(super) fn unit(&self, item: &Item) -> Unit<'_> {
        let payload = self.payload(item);
        match item.unit {
            Unit::Segment(segment) => Unit::Segment(Segment { payload, ..segment }),
            Unit::Datagram(datagram) => Unit::Datagram(Datagram { payload, ..datagram }),
        }
    }
}

/// Where `part` begins in `whole`, if it is a part of it.
#[inline]
fn start_in(whole: &[u8], part: &[u8]) -> Option<u32> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let within = start.checked_add(part.len()).is_some_and(|end| end <= whole.len());
    u32::try_from(start).ok().filter(|_| within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Endpoint, FourTuple, TcpFlags};
    use crate::packet::Place;

    fn segment(payload: &[u8]) -> Unit<'_> {
        let end = Endpoint { address: [10, 0, 0, 1].into(), port: 80 };
        Unit::Segment(Segment {
            four_tuple: FourTuple { source: end, destination: end },
            sequence: 0,
            acknowledgment: 0,
            window: 0,
            flags: TcpFlags(0),
            payload,
            missing: 0,
            place: Place::default(),
        })
    }

    #[test]
    fn payloads_are_held_or_copied_and_found_again() {
        let parts: Vec<Shared> =
            [&b"in plain sight"[..], b"fluffy tail"].map(|part| -> Shared { Arc::new(part.to_vec()) }).into();
        let mut batch = Batch::new(1);
        let part = |which: usize, from: usize, to: usize| &(*parts[which]).as_ref()[from..to];
        let payloads = [
            part(0, 0, 2),
            b"else",
            part(0, 9, 14),
            part(0, 14, 14),
            part(1, 0, 11),
            b"",
            part(0, 3, 8),
            part(1, 7, 11),
        ];
        let shared = [Some(0), Some(0), Some(0), Some(0), Some(1), None, Some(0), Some(0)];
        for (serial, (payload, shared)) in (0..).zip(payloads.iter().zip(shared)) {
            batch.push(0, 1, serial, &segment(payload), shared.map(|which| &parts[which]));
        }
        let found: Vec<_> = batch.part(0).iter().map(|item| batch.unit(item)).collect();
        for (found, wanted) in found.iter().zip(payloads) {
            let Unit::Segment(found) = found else { panic!("a segment") };
            assert_eq!(found.payload, wanted);
        }
        assert_eq!(batch.bytes(), payloads.iter().map(|payload| payload.len()).sum::<usize>());
        assert_eq!(batch.bytes, b"elsetail", "what is no part of what is shared is copied");
        batch.clear(0);
        assert!(parts.iter().all(|part| Arc::strong_count(part) == 1), "nothing is held in vain");
    }
}
