//! Takes the frames off one direction of a stream, so that what it says is read across their borders.

use super::kind::Protocol;
use super::observer::{Observer, Payload};
use crate::packet::Place;
use crate::tcp::Direction;
use std::ops::Range;

/// What a protocol's frames hold.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    /// The next bytes of a message.
    Message(&'a [u8], Place, Range<u64>),
    /// What a control frame says, or a record, or what is in no frame.
    Other(&'a [u8], Place, Range<u64>),
    /// A message is over.
    End,
}

/// Reads the frames of one direction of a protocol.
pub(super) trait Frames {
    /// Takes the next of `rest`, whose first byte stands at `place` and at offset `at`; false where
    /// this is no frame.
    fn step(&mut self, rest: &mut &[u8], place: Place, at: u64, pass: &mut impl FnMut(Piece<'_>)) -> bool;

    /// Memory held, in bytes.
    fn memory_usage(&self) -> usize;
}

/// One direction whose frames are taken off.
#[derive(Debug, Default)]
pub(super) struct Framed<F> {
    /// `None` where there are no frames, or none that are understood.
    frames: Option<F>,
    /// Bytes taken so far.
    taken: u64,
}

impl<F: Frames> Framed<F> {
    /// A direction with these frames.
    pub(super) const fn new(frames: Option<F>) -> Self {
        Self { frames, taken: 0 }
    }

    /// Memory held besides `self`, in bytes.
    pub(super) fn memory_usage(&self) -> usize {
        self.frames.as_ref().map_or(0, Frames::memory_usage)
    }

    /// Bytes are missing: where the next frame begins is not known any more.
    pub(super) fn lost(&mut self) {
        self.frames = None;
    }

    /// The next bytes of the direction; the observer gets what is in the frames.
    pub(super) fn feed(
        &mut self,
        (from, protocol): (Direction, Protocol),
        bytes: &[u8],
        place: Place,
        observer: &mut (impl Observer + ?Sized),
    ) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let place = place.advanced(bytes.len() - rest.len());
            let before = rest.len();
            let Self { frames, taken } = self;
            let mut pass = |piece: Piece<'_>| match piece {
                Piece::Message(bytes, place, origin) => {
                    observer.payload(&Payload { from, protocol, bytes, place, origin, in_message: true });
                }
                Piece::Other(bytes, place, origin) => {
                    observer.payload(&Payload { from, protocol, bytes, place, origin, in_message: false });
                }
                Piece::End => observer.message_over(from),
            };
            let good = if let Some(frames) = frames {
                frames.step(&mut rest, place, *taken, &mut pass)
            } else {
                let origin = *taken..taken.saturating_add(rest.len() as u64);
                let (bytes, protocol) = (std::mem::take(&mut rest), Protocol::Opaque);
                observer.payload(&Payload { from, protocol, bytes, place, origin, in_message: false });
                true
            };
            *taken = taken.saturating_add((before - rest.len()) as u64);
            if !good {
                *frames = None;
            }
        }
    }
}
