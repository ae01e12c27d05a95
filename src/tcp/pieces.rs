//! Pieces in order, kept in short runs, so that one may come anywhere among very many at little
//! cost, and that a single one takes little room.
//!
//! It refuses to know what overlaps: it is told where a piece goes.

use super::piece::Piece;
use std::collections::VecDeque;

/// A longer run is split: moving so many pieces costs less than an allocation.
const LONGEST_RUN: usize = 64;

/// An ordered sequence of pieces.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// None of them is empty.
    runs: VecDeque<VecDeque<Piece>>,
    length: usize,
    /// Room in all runs, in pieces.
    room: usize,
}

/// A place in the sequence: which run, and which piece in it. The end is `(runs, 0)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At(usize, usize);

impl Pieces {
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Memory of the places, besides what the pieces hold themselves, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.room * size_of::<Piece>() + self.runs.capacity() * size_of::<VecDeque<Piece>>()
    }

    pub(crate) fn front(&self) -> Option<&Piece> {
        self.runs.front()?.front()
    }

    pub(crate) fn back(&self) -> Option<&Piece> {
        self.runs.back()?.back()
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Piece> {
        self.runs.iter().flatten()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Piece> {
        self.runs.iter_mut().flatten()
    }

    pub(crate) fn get(&self, At(run, piece): At) -> Option<&Piece> {
        self.runs.get(run)?.get(piece)
    }

    /// Behind the last piece.
    pub(crate) fn end(&self) -> At {
        At(self.runs.len(), 0)
    }

    /// The place of the first piece that ends behind `offset`.
    pub(crate) fn first_behind(&self, offset: u64) -> At {
        let before = |piece: &Piece| piece.end() <= offset;
        let run = self.runs.partition_point(|run| run.back().is_some_and(before));
        At(run, self.runs.get(run).map_or(0, |run| run.partition_point(before)))
    }

    /// The place after `at`.
    pub(crate) fn after(&self, At(run, piece): At) -> At {
        if self.runs.get(run).is_some_and(|run| piece + 1 < run.len()) { At(run, piece + 1) } else { At(run + 1, 0) }
    }

    /// Puts a piece in front of what stands at `at`; returns the place after it.
    pub(crate) fn insert(&mut self, at: At, piece: Piece) -> At {
        let At(mut run, mut index) = at;
        if index == 0 && run > 0 {
            // At the end of the run before, rather than at the start of this one.
            run -= 1;
            index = self.runs.get(run).map_or(0, VecDeque::len);
        }
        if self.runs.get(run).is_some_and(|run| run.len() >= LONGEST_RUN) {
            let behind = if index == LONGEST_RUN { VecDeque::new() } else { self.split(run) };
            if index > LONGEST_RUN / 2 {
                index -= LONGEST_RUN - behind.len();
                run += 1;
                self.runs.insert(run, behind);
            } else {
                self.runs.insert(run + 1, behind);
            }
        } else if self.runs.is_empty() {
            let mut first = VecDeque::new();
            // Where anything waits it is mostly one piece.
            first.reserve_exact(1);
            self.room += first.capacity();
            self.runs.reserve_exact(1);
            self.runs.push_back(first);
        }
        if let Some(run) = self.runs.get_mut(run) {
            let before = run.capacity();
            run.insert(index.min(run.len()), piece);
            self.room += run.capacity() - before;
            self.length += 1;
        }
        self.after(At(run, index))
    }

    /// Takes the second half of a run out of it.
    fn split(&mut self, run: usize) -> VecDeque<Piece> {
        let Some(run) = self.runs.get_mut(run) else { return VecDeque::new() };
        let behind = run.split_off(LONGEST_RUN / 2);
        self.room += behind.capacity();
        behind
    }

    pub(crate) fn pop_front(&mut self) -> Option<Piece> {
        let run = self.runs.front_mut()?;
        let piece = run.pop_front()?;
        if run.is_empty() {
            self.room -= run.capacity();
            self.runs.pop_front();
        }
        self.popped();
        Some(piece)
    }

    pub(crate) fn pop_back(&mut self) -> Option<Piece> {
        let run = self.runs.back_mut()?;
        let piece = run.pop_back()?;
        if run.is_empty() {
            self.room -= run.capacity();
            self.runs.pop_back();
        }
        self.popped();
        Some(piece)
    }

    fn popped(&mut self) {
        self.length -= 1;
        if self.runs.is_empty() {
            // A burst of reordering must not cost its connection memory for ever.
            self.runs.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::piece::Needs;
    use super::*;
    use crate::packet::Place;
    use proptest::prelude::*;

    fn piece(offset: u64) -> Piece {
        Piece { offset, bytes: [0].into(), missing: 0, needs: Needs::Nothing, place: Place::default() }
    }

    #[test]
    fn the_end_is_found_and_reached() {
        let mut pieces = Pieces::default();
        assert_eq!((pieces.first_behind(0), pieces.end()), (At(0, 0), At(0, 0)));
        for offset in 0..200 {
            let after = pieces.insert(pieces.end(), piece(offset));
            assert_eq!(after, pieces.end());
        }
        assert_eq!(pieces.first_behind(200), pieces.end());
        assert!(pieces.runs.iter().all(|run| run.len() <= LONGEST_RUN));
    }

    proptest! {
        /// Against a sorted vector.
        #[test]
        fn agrees_with_a_sorted_vector(steps in prop::collection::vec((0u64..2000, 0u8..8), 0..1500)) {
            let (mut pieces, mut model) = (Pieces::default(), Vec::new());
            for (offset, step) in steps {
                match step {
                    0 => prop_assert_eq!(pieces.pop_front().map(|p| p.offset), (!model.is_empty()).then(|| model.remove(0))),
                    1 => prop_assert_eq!(pieces.pop_back().map(|p| p.offset), model.pop()),
                    _ => {
                        let at = model.partition_point(|held| held < &offset);
                        let place = pieces.first_behind(offset);
                        prop_assert_eq!(pieces.get(place).map(|p| p.offset), model.get(at).copied());
                        if model.get(at) != Some(&offset) {
                            let after = pieces.insert(place, piece(offset));
                            model.insert(at, offset);
                            prop_assert_eq!(pieces.get(after).map(|p| p.offset), model.get(at + 1).copied());
                        }
                    }
                }
                let room: usize = pieces.runs.iter().map(VecDeque::capacity).sum();
                prop_assert_eq!((pieces.len(), pieces.room), (model.len(), room));
                prop_assert!(pieces.runs.iter().all(|run| !run.is_empty()), "an empty run hides what follows");
            }
            prop_assert_eq!(pieces.iter().map(|p| p.offset).collect::<Vec<_>>(), model);
        }
    }
}
