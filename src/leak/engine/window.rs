//! The part of a text that streams by which may still be of use: its last bytes, and where
//! they came from.
//!
//! It refuses to know what is looked for in them.

use crate::packet::Place;
use std::collections::VecDeque;

/// The last bytes of a text. Offsets count from the text's first byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    /// Offset of the first byte held.
    base: u64,
    /// Where the bytes came from: offset and place of the first byte of each slice.
    places: VecDeque<(u64, Place)>,
}

impl Window {
    /// Adds the next slice of the text.
    pub(crate) fn push(&mut self, bytes: &[u8], place: Place) {
        if !bytes.is_empty() {
            self.places.push_back((self.end(), place));
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Offset behind the last byte held.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// What is held.
    pub(crate) fn view(&self) -> View<'_> {
        View { bytes: &self.bytes, base: self.base }
    }

    /// Where the byte at `offset` came from.
    pub(crate) fn place(&self, offset: u64) -> Place {
        let run = self.places.partition_point(|(first, _)| *first <= offset);
        let run = run.checked_sub(1).and_then(|run| self.places.get(run));
        run.map_or(Place::default(), |(first, place)| place.advanced((offset - first) as usize))
    }

    /// Lets go of what stands before `offset`.
    pub(crate) fn forget_before(&mut self, offset: u64) {
        let surplus = self.view().index(offset).min(self.bytes.len());
        self.bytes.drain(..surplus);
        self.base += surplus as u64;
        while self.places.get(1).is_some_and(|(first, _)| *first <= self.base) {
            self.places.pop_front();
        }
        // One large need should not be held for ever.
        if self.bytes.capacity() > 16 << 10 && self.bytes.len() < 4 << 10 {
            self.bytes.shrink_to(4 << 10);
        }
    }

    /// Lets go of everything, and of all but a little room.
    pub(crate) fn clear(&mut self) {
        if self.bytes.capacity() > 4 << 10 || self.places.capacity() > 16 {
            *self = Self::default();
        }
        self.bytes.clear();
        self.places.clear();
        self.base = 0;
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.capacity() + self.places.capacity() * size_of::<(u64, Place)>()
    }
}

/// Bytes of a text, and where in it they stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// Offset of the first of them.
    pub(crate) base: u64,
}

impl<'a> View<'a> {
    /// Offset behind the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Where in `bytes` the byte at `offset` stands, or would.
    pub(crate) fn index(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX)
    }

    /// The bytes from `offset` on.
    pub(crate) fn from(&self, offset: u64) -> &'a [u8] {
        self.bytes.get(self.index(offset)..).unwrap_or_default()
    }
}
