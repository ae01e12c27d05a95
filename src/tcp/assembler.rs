//! Puts one direction's bytes in order: keeps what came early until what is before it came.
//!
//! Works on stream offsets alone; it refuses to know sequence numbers and flags. Where two
//! copies of a byte came, the first wins (as on Linux and BSD receivers for bytes they
//! already hold), and a differing second copy is told.

use super::piece::{Arrival, Needs, Piece};
use super::pieces::{At, Pieces};
use crate::packet::Place;

/// The bytes of one direction that cannot be read yet.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    /// In order of offset, never overlapping.
    pieces: Pieces,
    /// The sum of the pieces' weights.
    weight: usize,
}

impl Assembler {
    /// Memory held, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.weight + self.pieces.weight()
    }

    /// How many pieces wait.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The first piece in waiting.
    pub(crate) fn front(&self) -> Option<&Piece> {
        self.pieces.front()
    }

    pub(crate) fn pop_front(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front()?;
        self.weight = self.weight.saturating_sub(piece.weight());
        Some(piece)
    }

    /// The other direction turned out to have begun `count` bytes earlier.
    pub(crate) fn need_more(&mut self, count: u64) {
        for piece in self.pieces.iter_mut() {
            if let Needs::Offset(offset) = &mut piece.needs {
                *offset = offset.saturating_add(count);
            }
        }
    }

    /// This direction turned out to have begun `count` bytes earlier.
    pub(crate) fn shift(&mut self, count: u64) {
        for piece in self.pieces.iter_mut() {
            piece.offset = piece.offset.saturating_add(count);
        }
    }

    /// Forgets everything from offset `end` on, handing those bytes to `beyond`; returns whether anything
    /// was forgotten.
    pub(crate) fn cut(&mut self, end: u64, mut beyond: impl FnMut(&[u8], Place)) -> bool {
        let mut any = false;
        while self.pieces.back().is_some_and(|piece| piece.end() > end) {
            any = true;
            let Some(piece) = self.pieces.pop_back() else { break };
            self.weight = self.weight.saturating_sub(piece.weight());
            let Piece { offset, bytes, missing, needs, place } = piece;
            let whole = Arrival { offset, bytes: &bytes, missing, needs, place };
            let (rest, tail) = (whole.until(end), whole.from(end));
            beyond(tail.bytes, tail.place);
            if rest.offset < rest.end() {
                self.put(self.pieces.end(), rest);
            }
        }
        any
    }

    /// Keeps what of `arrival` nothing in waiting covers yet. Returns whether a byte that
    /// it brought differs from the one that is held.
    pub(crate) fn insert(&mut self, arrival: Arrival<'_>) -> bool {
        let mut conflict = false;
        let mut rest = arrival;
        // Early segments mostly come at the end.
        let mut at = match self.pieces.back() {
            Some(last) if last.end() <= rest.offset => self.pieces.end(),
            _ => self.pieces.first_behind(rest.offset),
        };
        while rest.offset < rest.end() {
            let Some(next) = self.pieces.get(at) else {
                self.put(at, rest);
                break;
            };
            if rest.offset < next.offset {
                let before = rest.until(next.offset);
                at = self.put(at, before);
                rest = rest.from(before.end());
                continue;
            }
            conflict |= differs(next, &rest);
            rest = rest.from(next.end());
            at = self.pieces.after(at);
        }
        conflict
    }

    /// Puts an arrival that nothing covers at `at`; returns the place after it.
    fn put(&mut self, mut at: At, arrival: Arrival<'_>) -> At {
        let bytes = (!arrival.bytes.is_empty()).then(|| Piece {
            offset: arrival.offset,
            bytes: arrival.bytes.into(),
            missing: 0,
            needs: arrival.needs,
            place: arrival.place,
        });
        let missing = (arrival.missing > 0).then(|| Piece {
            offset: arrival.offset.saturating_add(arrival.bytes.len() as u64),
            bytes: Box::default(),
            missing: arrival.missing,
            needs: arrival.needs,
            place: arrival.place.advanced(arrival.bytes.len()),
        });
        for piece in [bytes, missing].into_iter().flatten() {
            self.weight += piece.weight();
            at = self.pieces.insert(at, piece);
        }
        at
    }
}

/// Whether the bytes that both have differ.
fn differs(held: &Piece, arrival: &Arrival<'_>) -> bool {
    let (Ok(in_held), Ok(in_arrival)) = (
        usize::try_from(arrival.offset.saturating_sub(held.offset)),
        usize::try_from(held.offset.saturating_sub(arrival.offset)),
    ) else {
        return false;
    };
    let held = held.bytes.get(in_held..).unwrap_or_default();
    let came = arrival.bytes.get(in_arrival..).unwrap_or_default();
    held.iter().zip(came).any(|(a, b)| a != b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::piece::ALLOCATION;
    use proptest::prelude::*;

    fn arrival(offset: u64, bytes: &[u8]) -> Arrival<'_> {
        Arrival { offset, bytes, missing: 0, needs: Needs::Nothing, place: Place::default() }
    }

    fn pieces(assembler: &Assembler) -> Vec<(u64, Vec<u8>, u64)> {
        assembler.pieces.iter().map(|p| (p.offset, p.bytes.to_vec(), p.missing)).collect()
    }

    #[test]
    fn early_pieces_are_kept_in_order_and_never_overlap() {
        let mut a = Assembler::default();
        assert!(!a.insert(arrival(10, b"klm")));
        assert!(!a.insert(arrival(4, b"ef")));
        assert_eq!(pieces(&a), [(4, b"ef".to_vec(), 0), (10, b"klm".to_vec(), 0)]);
    }

    #[test]
    fn the_first_copy_wins_and_a_differing_second_is_told() {
        let mut a = Assembler::default();
        a.insert(arrival(4, b"ef"));
        assert!(a.insert(arrival(3, b"DXXG")));
        assert_eq!(pieces(&a), [(3, b"D".to_vec(), 0), (4, b"ef".to_vec(), 0), (6, b"G".to_vec(), 0)]);
        assert!(!a.insert(arrival(3, b"DefG")), "the same bytes again are no conflict");
    }

    #[test]
    fn contained_and_empty_arrivals_change_nothing() {
        let mut a = Assembler::default();
        a.insert(arrival(4, b"efgh"));
        let weight = a.weight();
        a.insert(arrival(5, b"f"));
        a.insert(arrival(9, b""));
        assert_eq!((a.weight(), pieces(&a).len()), (weight, 1));
    }

    #[test]
    fn bytes_cut_off_by_the_capture_are_a_piece_without_bytes() {
        let mut a = Assembler::default();
        a.insert(Arrival { missing: 3, ..arrival(2, b"cd") });
        assert_eq!(pieces(&a), [(2, b"cd".to_vec(), 0), (4, vec![], 3)]);
        a.insert(arrival(5, b"fgh"));
        assert_eq!(pieces(&a)[2], (7, b"h".to_vec(), 0), "what was cut off was there first");
    }

    #[test]
    fn what_lies_behind_an_end_is_forgotten() {
        let mut a = Assembler::default();
        for (offset, bytes) in [(2, &b"cd"[..]), (5, b"fgh"), (9, b"jk")] {
            a.insert(arrival(offset, bytes));
        }
        let mut beyond = Vec::new();
        assert!(!a.cut(11, |bytes, _| beyond.push(bytes.to_vec())));
        assert!(a.cut(6, |bytes, _| beyond.push(bytes.to_vec())));
        assert_eq!(pieces(&a), [(2, b"cd".to_vec(), 0), (5, b"f".to_vec(), 0)]);
        assert!(a.cut(0, |bytes, _| beyond.push(bytes.to_vec())));
        assert_eq!((a.weight, a.len()), (0, 0));
        assert_eq!(beyond, [&b"jk"[..], b"gh", b"f", b"cd"], "each byte is handed out once");
    }

    #[test]
    fn a_single_piece_costs_no_more_than_it_must() {
        let mut a = Assembler::default();
        assert_eq!(a.weight(), 0);
        a.insert(arrival(1, &[0; 200]));
        assert!(a.weight() <= 200 + ALLOCATION + size_of::<Piece>() + 32, "{}", a.weight());
        a.insert(arrival(300, b"x"));
        assert!(a.weight() >= 201 + 2 * ALLOCATION + 2 * size_of::<Piece>(), "the room for more is counted");
    }

    #[test]
    fn popping_gives_the_memory_back() {
        let mut a = Assembler::default();
        for n in 0..100 {
            a.insert(arrival(n * 2, b"x"));
        }
        while a.pop_front().is_some() {}
        assert_eq!(a.weight, 0);
        assert_eq!(a.weight(), 0);
    }

    proptest! {
        /// Against a plain map from offset to byte, in which the first writer wins.
        #[test]
        fn agrees_with_a_map_of_bytes(
            arrivals in prop::collection::vec((0u64..60, prop::collection::vec(0u8..3, 0..12), 0u64..4), 0..40)
        ) {
            let mut model = std::collections::BTreeMap::new();
            let mut assembler = Assembler::default();
            for (offset, bytes, missing) in &arrivals {
                let mut conflict = false;
                for (i, byte) in bytes.iter().map(|b| Some(*b)).chain((0..*missing).map(|_| None)).enumerate() {
                    let held = *model.entry(offset + i as u64).or_insert(byte);
                    conflict |= matches!((held, byte), (Some(a), Some(b)) if a != b);
                }
                let told = assembler.insert(Arrival { missing: *missing, ..arrival(*offset, bytes) });
                prop_assert_eq!(told, conflict);
            }
            let mut held = std::collections::BTreeMap::new();
            let mut end = 0;
            while let Some(piece) = assembler.pop_front() {
                prop_assert!(piece.offset >= end, "pieces overlap");
                end = piece.end();
                for (i, byte) in piece.bytes.iter().enumerate() {
                    held.insert(piece.offset + i as u64, Some(*byte));
                }
                for i in 0..piece.missing {
                    held.insert(piece.offset + i, None);
                }
            }
            prop_assert_eq!(held, model);
            prop_assert_eq!(assembler.weight, 0);
        }
    }
}
