//! Canaries: texts of the user's own that must never pass.
//!
//! Found wherever they stand in a run of bytes, across the borders of the slices in which
//! the bytes come. This module refuses to know what the bytes are of.

use crate::packet::Place;
use memchr::memmem::Finder;
use std::collections::VecDeque;

/// The texts to look for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Canaries {
    finders: Vec<Finder<'static>>,
    longest: usize,
}

/// A canary that stood in a run of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// 0-based offset of its first byte in the run.
    pub(crate) offset: u64,
    /// The bytes as they stood.
    pub(crate) bytes: Vec<u8>,
    /// Where the first of them came from.
    pub(crate) place: Place,
}

/// What is kept of a run of bytes between two slices of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carry {
    offset: u64,
    /// The last bytes, at most one less than the longest canary has.
    tail: Vec<u8>,
    /// Where the tail's bytes came from: the offset in the run and the place of the first byte
    /// of each slice.
    places: VecDeque<(u64, Place)>,
    /// For each text, where its latest sighting ended.
    free: Vec<u64>,
}

impl Canaries {
    /// Looks for these texts; empty ones are left out.
    pub(crate) fn new(texts: &[Vec<u8>]) -> Self {
        let mut texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).filter(|text| !text.is_empty()).collect();
        texts.sort_unstable();
        texts.dedup();
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        Self { finders: texts.into_iter().map(|text| Finder::new(text).into_owned()).collect(), longest }
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.finders.is_empty()
    }

    /// Every sighting in `bytes`, a whole value: offset and length.
    pub(crate) fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.finders.iter().flat_map(move |finder| finder.find_iter(bytes).map(|at| (at, finder.needle().len())))
    }

    /// Looks through the next slice of a run of bytes.
    pub(crate) fn feed(&self, carry: &mut Carry, bytes: &[u8], place: Place, found: &mut Vec<Sighting>) {
        if self.finders.is_empty() || bytes.is_empty() {
            return;
        }
        carry.places.push_back((carry.offset, place));
        let tail_offset = carry.offset - carry.tail.len() as u64;
        // What lies across the border: the tail and the beginning of the slice.
        let tail = carry.tail.len();
        let reach = bytes.len().min(self.longest - 1);
        carry.tail.extend_from_slice(bytes.get(..reach).unwrap_or_default());
        let first_new = found.len();
        for (which, finder) in self.finders.iter().enumerate() {
            let length = finder.needle().len();
            // Overlapping sightings of one text are one: nothing counts before `free`.
            let mut free = carry.free.get(which).copied().unwrap_or(0);
            let before = free;
            let start = usize::try_from(free.saturating_sub(tail_offset)).unwrap_or(usize::MAX);
            let window = carry.tail.get(start..).unwrap_or_default();
            if start < tail {
                let border = finder.find_iter(window).map(|at| at + start).filter(|at| at + length > tail);
                if let Some(at) = border.take_while(|at| *at < tail).last() {
                    let offset = tail_offset + at as u64;
                    found.push(carry.sighting(offset, finder.needle()));
                    free = offset + length as u64;
                }
            }
            let start = usize::try_from(free.saturating_sub(carry.offset)).unwrap_or(usize::MAX);
            for at in finder.find_iter(bytes.get(start..).unwrap_or_default()) {
                let offset = carry.offset + (start + at) as u64;
                found.push(carry.sighting(offset, finder.needle()));
                free = offset + length as u64;
            }
            if free != before {
                carry.free.resize(self.finders.len(), 0);
                if let Some(place) = carry.free.get_mut(which) {
                    *place = free;
                }
            }
        }
        if let Some(new) = found.get_mut(first_new..) {
            new.sort_by_key(|sighting| sighting.offset);
        }
        carry.advance(bytes, self.longest - 1);
    }
}

impl Carry {
    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.tail.capacity() + self.places.capacity() * size_of::<(u64, Place)>() + self.free.capacity() * 8
    }

    fn sighting(&self, offset: u64, bytes: &[u8]) -> Sighting {
        let run = self.places.partition_point(|(first, _)| *first <= offset);
        let place = run
            .checked_sub(1)
            .and_then(|run| self.places.get(run))
            .map_or(Place::default(), |(first, place)| place.advanced((offset - first) as usize));
        Sighting { offset, bytes: bytes.to_vec(), place }
    }

    /// Moves on over `bytes`, keeping the last `keep` bytes.
    fn advance(&mut self, bytes: &[u8], keep: usize) {
        if bytes.len() >= keep {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - keep..]);
        } else {
            // The tail already holds all of `bytes`.
            let surplus = self.tail.len().saturating_sub(keep);
            self.tail.drain(..surplus);
        }
        self.offset += bytes.len() as u64;
        let oldest = self.offset - self.tail.len() as u64;
        while self.places.get(1).is_some_and(|(first, _)| *first <= oldest) {
            self.places.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::PacketId;
    use proptest::prelude::*;

    fn place(packet: u64) -> Place {
        Place { packet: PacketId::new(0, packet), offset: Some(100), ..Place::default() }
    }

    #[test]
    fn a_canary_is_found_across_any_border_at_its_packet_and_offset() {
        let canaries = Canaries::new(&[b"fluffy tail".to_vec()]);
        let text = b"the message is fluffy tail, and again fluffy tail.";
        for size in 1..text.len() {
            let (mut carry, mut found) = (Carry::default(), Vec::new());
            for (n, part) in text.chunks(size).enumerate() {
                canaries.feed(&mut carry, part, place(n as u64 + 1), &mut found);
            }
            let got: Vec<_> = found.iter().map(|s| (s.offset, s.place.packet.number(), s.place.offset)).collect();
            let want: Vec<_> =
                [15u64, 38].map(|at| (at, at / size as u64 + 1, Some(100 + (at % size as u64) as u32))).to_vec();
            assert_eq!(got, want, "slices of {size}");
        }
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            text in prop::collection::vec(prop::sample::select(&b"ab"[..]), 0..60),
            needles in prop::collection::vec(prop::collection::vec(prop::sample::select(&b"ab"[..]), 1..5), 1..4),
            cuts in prop::collection::vec(1usize..9, 1..60),
        ) {
            let canaries = Canaries::new(&needles);
            let run = |cuts: &mut dyn Iterator<Item = usize>| {
                let (mut carry, mut found, mut rest) = (Carry::default(), Vec::new(), &text[..]);
                while !rest.is_empty() {
                    let (part, later) = rest.split_at(cuts.next().unwrap_or(usize::MAX).min(rest.len()));
                    canaries.feed(&mut carry, part, Place::default(), &mut found);
                    rest = later;
                }
                let mut places: Vec<_> = found.into_iter().map(|s| (s.offset, s.bytes)).collect();
                places.sort();
                places
            };
            let mut cuts = cuts.into_iter();
            prop_assert_eq!(run(&mut std::iter::empty()), run(&mut cuts));
        }
    }
}
