//! Looks up words exactly, by three or four of their bytes.
//!
//! What a cheaper look let pass comes here. It refuses to know how it was let pass.

use std::ops::Range;
use std::sync::Arc;

/// Where a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    /// Index of its first byte in what was searched.
    pub(crate) at: usize,
    /// The word's number in the list that the prefilter was made of.
    pub(crate) word: u32,
}

/// Words, by number.
pub(super) type Words = Arc<[Box<[u8]>]>;

/// Some of a list's words, to be looked up by the bytes at a place that was chosen for each.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// Open addressing: the bytes of a probe, and where its words are in `entries`.
    slots: Vec<Slot>,
    entries: Vec<Candidate>,
    words: Words,
}

/// A word, and what rules it out at little cost: up to eight bytes of it, around its probe.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    entry: Entry,
    /// How far into the word the bytes stand.
    from: u32,
    /// The bytes, folded.
    bytes: u64,
    /// Ones where there are such.
    mask: u64,
}

impl Candidate {
    fn new(entry: Entry, word: &[u8]) -> Self {
        let from = (entry.offset as usize).min(word.len().saturating_sub(size_of::<u64>()));
        let part = word.iter().skip(from).take(size_of::<u64>());
        let mask = u64::MAX.checked_shr(64 - 8 * part.len() as u32).unwrap_or(0);
        let bytes = part.rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Self { entry, from: from as u32, bytes: (bytes | FOLD_EIGHT) & mask, mask }
    }

    /// Whether the word may begin at `start`.
    fn may_stand(&self, bytes: &[u8], start: usize) -> bool {
        let near = bytes.get(start + self.from as usize..).and_then(|rest| rest.first_chunk());
        // At the very end the exact look decides.
        near.is_none_or(|near| (u64::from_le_bytes(*near) | FOLD_EIGHT) & self.mask == self.bytes)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Never 0 where the slot is in use: folding sets bits.
    probe: u32,
    /// The first of the entries with this probe; the others follow it.
    first: u32,
}

/// A word, the bytes by which it is looked up, folded, and how far into it they stand. Four
/// bytes, or the three of a word that has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) probe: u32,
    pub(super) word: u32,
    pub(super) offset: u32,
}

/// A probe reads so many bytes.
pub(super) const PROBE: usize = 4;

/// A multiplier whose product's high bits depend on all bits of the factor (Fibonacci hashing).
pub(super) const SPREAD: u32 = 0x9E37_79B1;

/// Both cases of a letter made one; other bytes may fall together, which the exact look sorts out.
pub(super) const FOLD: u32 = 0x2020_2020;

/// The same for eight bytes.
const FOLD_EIGHT: u64 = 0x2020_2020_2020_2020;

fn hash(folded: u32, bits: u32) -> usize {
    (folded.wrapping_mul(SPREAD) >> (32 - bits)) as usize
}

/// The probe at `at`; what is missing at the end counts as zeros.
pub(super) fn word_at(bytes: &[u8], at: usize) -> u32 {
    if let Some(Ok(probe)) = bytes.get(at..at + PROBE).map(TryInto::try_into) {
        return u32::from_le_bytes(probe) | FOLD;
    }
    let mut probe = [0; PROBE];
    for (to, from) in probe.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    u32::from_le_bytes(probe) | FOLD
}

impl Index {
    /// Of `words`, those that `entries` are of.
    pub(super) fn new(mut entries: Vec<Entry>, words: Words) -> Self {
        entries.sort_unstable();
        entries.dedup();
        let slots = slots(&entries);
        let word = |number: u32| words.get(number as usize).map_or(&[][..], AsRef::as_ref);
        let entries = entries.into_iter().map(|entry| Candidate::new(entry, word(entry.word))).collect();
        Self { slots, entries, words }
    }

    /// The word with this number.
    pub(super) fn word(&self, number: u32) -> &[u8] {
        self.words.get(number as usize).map_or(&[], AsRef::as_ref)
    }

    /// Looks which words really have `probe` at `at`, of those whose last byte is in `ends`.
    pub(super) fn look(&self, probe: u32, bytes: &[u8], ends: &Range<usize>, at: usize, hits: &mut Vec<Hit>) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash(probe, 16) & mask;
        let found = loop {
            match self.slots.get(slot) {
                Some(found) if found.probe == probe => break found,
                Some(found) if found.probe != 0 => slot = (slot + 1) & mask,
                _ => return,
            }
        };
        let entries = self.entries.get(found.first as usize..).unwrap_or_default();
        for candidate in entries.iter().take_while(|candidate| candidate.entry.probe == probe) {
            let entry = candidate.entry;
            let start = at.checked_sub(entry.offset as usize).filter(|start| candidate.may_stand(bytes, *start));
            let Some(start) = start else { continue };
            let word = self.word(entry.word);
            let end = start + word.len();
            if ends.contains(&end.wrapping_sub(1))
                && bytes.get(start..end).is_some_and(|part| part.eq_ignore_ascii_case(word))
            {
                hits.push(Hit { at: start, word: entry.word });
            }
        }
    }
}

fn slots(entries: &[Entry]) -> Vec<Slot> {
    let mut slots = vec![Slot::default(); (entries.len() * 2).next_power_of_two().max(16)];
    let mask = slots.len() - 1;
    let mut first = 0;
    for group in entries.chunk_by(|one, other| one.probe == other.probe) {
        let Some(probe) = group.first().map(|entry| entry.probe) else { continue };
        let mut at = hash(probe, 16) & mask;
        while slots.get(at).is_some_and(|slot| slot.probe != 0) {
            at = (at + 1) & mask;
        }
        if let Some(slot) = slots.get_mut(at) {
            *slot = Slot { probe, first };
        }
        first += group.len() as u32;
    }
    slots
}

/// Two sets of hashes, of four bytes and of three: what the table lets pass by accident seldom
/// is in one of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Sieve {
    pub(super) four: Vec<u64>,
    pub(super) three: Vec<u64>,
}

/// log2 of the bits in each of a sieve's sets.
pub(super) const SIEVE_BITS: u32 = 15;

/// The first three bytes of a probe.
pub(super) const START: u32 = 0x00ff_ffff;

impl Sieve {
    pub(super) fn new(entries: &[Entry]) -> Self {
        let (three, four): (Vec<u32>, Vec<u32>) =
            entries.iter().map(|entry| entry.probe).partition(|probe| *probe & START == *probe);
        Self { four: Self::set(four), three: Self::set(three) }
    }

    /// The set of the hashes of `probes`.
    pub(super) fn set(probes: impl IntoIterator<Item = u32>) -> Vec<u64> {
        let mut set = vec![0; 1 << (SIEVE_BITS - 6)];
        for bit in probes.into_iter().map(Self::bit) {
            if let Some(word) = set.get_mut(bit >> 6) {
                *word |= 1 << (bit & 63);
            }
        }
        set
    }

    pub(super) fn bit(bytes: u32) -> usize {
        (bytes.wrapping_mul(0x85EB_CA6B) >> (32 - SIEVE_BITS)) as usize
    }

    pub(super) fn has(set: &[u64; 1 << (SIEVE_BITS - 6)], bytes: u32) -> u16 {
        let bit = Self::bit(bytes);
        (set.get(bit >> 6).copied().unwrap_or(0) >> (bit & 63) & 1) as u16
    }
}
