//! The records of TLS (RFC 8446 §5.1).

use crate::packet::Place;
use crate::protocol::frame::Frame;
use crate::protocol::framed::{Frames, Piece};

/// One direction of TLS.
#[derive(Debug, Default)]
pub(super) struct Records {
    frame: Frame,
}

impl Frames for Records {
    fn step(&mut self, rest: &mut &[u8], place: Place, at: u64, pass: &mut impl FnMut(Piece<'_>)) -> bool {
        if let Some(part) = self.frame.next(rest, usize::MAX) {
            pass(Piece::Other(part, place, at..at.saturating_add(part.len() as u64)));
            return true;
        }
        let ([kind, major, _, high, low, ..], 5) = self.frame.header() else { return true };
        self.frame.begin(u64::from(u16::from_be_bytes([high, low])));
        (20..=24).contains(&kind) && major == 3
    }

    fn memory_usage(&self) -> usize {
        0
    }
}
