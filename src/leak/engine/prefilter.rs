//! Finds in one pass where any of many words stands, in any letter case.
//!
//! This is all that most bytes ever meet, so it must cost next to nothing. It refuses to know
//! what the words are for.
//!
//! Every second byte is the start of a probe: three bytes, made one number, pick a byte of a
//! table that fits into the first-level cache, and the fourth byte picks a bit of it. A word of
//! four letters or more is found from either of two neighbouring probes, so that half the bytes
//! suffice. What passes meets a finer sieve, and what passes that is looked up exactly.

use super::commonness::commonness;
use super::index::{Entry, FOLD, Hit, Index, PROBE, SPREAD, Sieve, Words, word_at};
use super::packed::Packed;
use std::ops::Range;

/// Many words, ready to be looked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prefilter {
    /// Where the words are few and the processor can: looks for them in place of the table.
    packed: Option<Packed>,
    /// For each hash of three bytes, a bit for each class of the fourth; empty without words.
    table: Vec<u8>,
    sieve: Sieve,
    index: Index,
    /// Words of fewer than three letters, found by looking at each byte.
    short: Vec<u32>,
    longest: usize,
}

/// So many words can be packed without meeting each other's letters all over.
const FEW: usize = 256;

/// log2 of the table's size in bytes.
const TABLE_BITS: u32 = 15;

/// The place in the table of the first three bytes of `folded`.
fn hash(folded: u32) -> usize {
    ((folded << 8).wrapping_mul(SPREAD) >> (32 - TABLE_BITS)) as usize
}

impl Prefilter {
    /// Looks for `words`, which are found in any case; those that are empty never.
    pub(crate) fn new(words: impl IntoIterator<Item = Box<[u8]>>) -> Self {
        let words: Words = words.into_iter().collect();
        let all = 0..words.len() as u32;
        let packed = (1..=FEW).contains(&words.len()).then(|| Packed::new(&words, all.clone())).flatten();
        Self { packed, ..Self::of(&words, all) }
    }

    /// Looks for those of `words` that have the numbers `which`.
    pub(super) fn of(words: &Words, which: impl IntoIterator<Item = u32>) -> Self {
        let mut new = Self { table: vec![0; 1 << TABLE_BITS], ..Self::default() };
        let mut entries = Vec::with_capacity(words.len());
        for number in which {
            let folded: Vec<u8> = words.get(number as usize).into_iter().flatten().map(|byte| byte | 0x20).collect();
            new.longest = new.longest.max(folded.len());
            match folded.len() {
                0 => {}
                1 | 2 => new.short.push(number),
                3 => entries.extend(three(&mut new.table, number, &folded)),
                _ => entries.extend(longer(&mut new.table, number, &folded)),
            }
        }
        if new.longest == 0 {
            return Self::default();
        }
        new.sieve = Sieve::new(&entries);
        new.index = Index::new(entries, Words::clone(words));
        new
    }

    /// Adds to `hits` each word in `bytes` whose last byte is in `ends`, in order of where they stand.
    pub(crate) fn scan(&self, bytes: &[u8], ends: Range<usize>, hits: &mut Vec<Hit>) {
        let first = hits.len();
        if self.table.is_empty() {
            return;
        }
        match &self.packed {
            Some(packed) => packed.scan(bytes, &ends, hits),
            None if bytes.len() <= SHORT => self.probe::<{ SHORT + 8 }, { SHORT / 2 }>(bytes, &ends, hits),
            None => self.probe::<{ BLOCK + 8 }, { BLOCK / 2 }>(bytes, &ends, hits),
        }
        for &number in &self.short {
            self.look_short(bytes, &ends, number, hits);
        }
        if let Some(new) = hits.get_mut(first..) {
            new.sort_unstable();
        }
        let mut kept = first;
        for at in first..hits.len() {
            if at == first || hits.get(at) != hits.get(at - 1) {
                hits.swap(kept, at);
                kept += 1;
            }
        }
        hits.truncate(kept);
    }

    /// Looks at every second place whether it may be within a word. A block has `ROOM` bytes, the
    /// last eight of which belong to the next, and `PLACES` such places.
    fn probe<const ROOM: usize, const PLACES: usize>(&self, bytes: &[u8], ends: &Range<usize>, hits: &mut Vec<Hit>) {
        let Some(table) = self.table.first_chunk::<{ 1 << TABLE_BITS }>() else { return };
        let mut found = [0_u16; PLACES];
        // A word that ends at a place begins no further back than the longest allows.
        let mut at = ends.start.saturating_sub(self.longest.saturating_sub(1));
        let end = ends.end.min(bytes.len());
        while at < end {
            // The last bytes of the input are probed as if zeros followed.
            let mut padded;
            let whole = bytes.get(at..at + ROOM).and_then(|part| part.try_into().ok());
            let block: &[u8; ROOM] = if let Some(block) = whole {
                block
            } else {
                padded = [0; ROOM];
                let rest = bytes.get(at..).unwrap_or_default();
                let rest = rest.get(..ROOM).unwrap_or(rest);
                if let Some(place) = padded.get_mut(..rest.len()) {
                    place.copy_from_slice(rest);
                }
                &padded
            };
            let count = probe_block(table, block, end - at, &mut found);
            let count = keep(&self.sieve, bytes, at, &mut found, count);
            for marked in found.get(..count).unwrap_or_default() {
                let place = at + usize::from(marked >> MARKS);
                for (mark, place) in [(HERE, Some(place)), (BEFORE, place.checked_sub(1))] {
                    if let Some(place) = place.filter(|_| marked & mark != 0) {
                        self.index.look(word_at(bytes, place), bytes, ends, place, hits);
                    }
                }
                for (mark, place) in [(THREE, place), (THREE_NEXT, place + 1)] {
                    if marked & mark != 0 {
                        self.index.look(word_at(bytes, place) & 0x00ff_ffff, bytes, ends, place, hits);
                    }
                }
            }
            at += 2 * PLACES;
        }
    }

    fn look_short(&self, bytes: &[u8], ends: &Range<usize>, number: u32, hits: &mut Vec<Hit>) {
        let word = self.index.word(number);
        let (Some(&head), length) = (word.first(), word.len()) else { return };
        let start = ends.start.saturating_sub(length - 1);
        let rest = bytes.get(start..ends.end.min(bytes.len())).unwrap_or_default();
        for at in memchr::memchr2_iter(head.to_ascii_lowercase(), head.to_ascii_uppercase(), rest) {
            if rest.get(at..at + length).is_some_and(|part| part.eq_ignore_ascii_case(word)) {
                hits.push(Hit { at: start + at, word: number });
            }
        }
    }
}

/// A word of three letters: one probe begins with it, the other with any byte in front of it.
fn three(table: &mut [u8], word: u32, folded: &[u8]) -> Option<Entry> {
    let [a, b, c] = *folded else { return None };
    let probe = u32::from_le_bytes([a, b, c, 0]);
    *table.get_mut(hash(probe))? = 0xff;
    for before in (0..=255).filter(|before| before & 0x20 != 0) {
        *table.get_mut(hash(u32::from_le_bytes([before, a, b, 0])))? |= 1 << (c & 7);
    }
    Some(Entry { probe, word, offset: 0 })
}

/// A longer word: probed at its rarest place, and one byte further on.
fn longer(table: &mut [u8], word: u32, folded: &[u8]) -> Option<Entry> {
    // Each of the two is met as often as its letters are.
    let cost = |at: &usize| {
        let rest = folded.get(*at..).unwrap_or_default();
        commonness(rest) + commonness(rest.get(1..).unwrap_or_default())
    };
    // Where the word is long enough, both probes are to see four bytes of it.
    let last = folded.len().saturating_sub(PROBE + 1);
    let offset = (0..=last).min_by_key(cost)?;
    let four = |at: usize| Some([*folded.get(at)?, *folded.get(at + 1)?, *folded.get(at + 2)?]);
    for offset in [offset, offset + 1] {
        let [a, b, c] = four(offset)?;
        let bit = folded.get(offset + 3).map_or(0xff, |fourth| 1 << (fourth & 7));
        *table.get_mut(hash(u32::from_le_bytes([a, b, c, 0])))? |= bit;
    }
    let [a, b, c] = four(offset)?;
    Some(Entry { probe: u32::from_le_bytes([a, b, c, *folded.get(offset + 3)?]), word, offset: offset as u32 })
}

/// Four bytes at the place.
const HERE: u16 = 1;
/// Four bytes, from the one in front of the place.
const BEFORE: u16 = 2;
/// Three bytes at the place.
const THREE: u16 = 4;
/// Three bytes, from the one behind the place.
const THREE_NEXT: u16 = 8;
/// So many low bits say which of these it was.
const MARKS: u16 = 4;

/// Keeps those of the first `count` places in `found`, counted from `base`, at which a word
/// may stand, and marks why; says how many. Free of branches.
fn keep(sieve: &Sieve, bytes: &[u8], base: usize, found: &mut [u16], count: usize) -> usize {
    let (Some(four), Some(three)) = (sieve.four.first_chunk(), sieve.three.first_chunk()) else { return 0 };
    let mut kept = 0;
    for at in 0..count.min(found.len()) {
        let Some(&offset) = found.get(at) else { break };
        let place = base + usize::from(offset);
        let probe = word_at(bytes, place);
        let before = if place == 0 { 0 } else { word_at(bytes, place - 1) };
        let marks = (Sieve::has(four, probe) * HERE)
            | (Sieve::has(four, before) * BEFORE)
            | (Sieve::has(three, probe & 0x00ff_ffff) * THREE)
            | (Sieve::has(three, probe >> 8) * THREE_NEXT);
        if let Some(place) = found.get_mut(kept) {
            *place = offset << MARKS | marks;
        }
        kept += usize::from(marks != 0);
    }
    kept
}

/// So many bytes are looked at before what passed is looked at again.
const BLOCK: usize = 512;

/// In a text that is no longer the block is so long: most lines of heads are short, and to make room
/// for more would cost more than to look.
const SHORT: usize = 64;

/// Writes to `found` which of the probes at 0, 2, 4… pass, of those in front of `end`. Free of
/// branches: what passes is too irregular to be foretold.
#[inline(never)]
fn probe_block<const ROOM: usize, const PLACES: usize>(
    table: &[u8; 1 << TABLE_BITS],
    block: &[u8; ROOM],
    end: usize,
    found: &mut [u16; PLACES],
) -> usize {
    let fold = u64::from(FOLD) << 32 | u64::from(FOLD);
    let mut count = 0_usize;
    for start in (0..end.min(2 * PLACES)).step_by(8) {
        let load = |at: usize| {
            let bytes = block.get(at..at + 8).and_then(|part| part.try_into().ok()).unwrap_or_default();
            u64::from_le_bytes(bytes) | fold
        };
        let (low, high) = (load(start), load(start + 4));
        for (offset, probe) in [(0, low), (2, low >> 16), (4, high), (6, high >> 16)] {
            let probe = probe as u32;
            let bits = table.get(hash(probe)).copied().unwrap_or(0);
            let passes = bits >> ((probe >> 24) & 7) & 1;
            if let Some(place) = found.get_mut(count & (PLACES - 1)) {
                *place = (start + offset) as u16;
            }
            count += usize::from(passes);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(words: &[Vec<u8>], text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (number, word) in (0..).zip(words).filter(|(_, word)| !word.is_empty()) {
            let at = text.windows(word.len()).enumerate().filter(|(_, part)| part.eq_ignore_ascii_case(word));
            hits.extend(at.map(|(at, _)| Hit { at, word: number }));
        }
        hits.sort_unstable();
        hits
    }

    proptest! {
        #[test]
        fn every_word_is_found_and_nothing_else(
            words in prop::collection::vec("[aB_1]{0,6}", 0..12),
            text in "[aAbB_1]{0,20}",
            pad in 0usize..1100,
            from in 0usize..1200,
            near in any::<bool>(),
            beyond in 0usize..12,
        ) {
            let words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
            let mut bytes = vec![b'-'; pad];
            bytes.extend(text.bytes());
            let list: Words = words.iter().map(|word| word.clone().into_boxed_slice()).collect();
            // What matters most is the end.
            let from = if near { bytes.len().saturating_sub(from % 8) } else { from };
            let to = (bytes.len() + 2).saturating_sub(beyond);
            let mut want = plain(&words, &bytes);
            want.retain(|hit| (from..to).contains(&(hit.at + words[hit.word as usize].len() - 1)));
            for prefilter in [Prefilter::of(&list, 0..list.len() as u32), Prefilter::new(list.iter().cloned())] {
                let mut hits = Vec::new();
                prefilter.scan(&bytes, from..to, &mut hits);
                prop_assert_eq!(&hits, &want);
            }
        }
    }
}
