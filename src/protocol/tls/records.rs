//! The records of TLS (RFC 8446 §5.1).

use crate::packet::Place;
use crate::protocol::frame::Frame;
use std::ops::Range;

/// One direction of TLS.
#[derive(Debug, Default)]
pub(crate) struct Records {
    frame: Frame,
}

impl Records {
    /// Takes the next of `rest`; false where this is no record.
    pub(crate) fn step(
        &mut self,
        rest: &mut &[u8],
        place: Place,
        at: u64,
        pass: &mut impl FnMut(&[u8], Place, Range<u64>),
    ) -> bool {
        if let Some(part) = self.frame.next(rest, usize::MAX) {
            pass(part, place, at..at.saturating_add(part.len() as u64));
            return true;
        }
        let ([kind, major, _, high, low, ..], 5) = self.frame.header() else { return true };
        self.frame.begin(u64::from(u16::from_be_bytes([high, low])));
        (20..=24).contains(&kind) && major == 3
    }
}
