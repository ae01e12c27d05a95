//! Words in their groups, and how they are looked for.

#[cfg(any(test, not(target_arch = "x86_64")))]
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::steps::WideTable;
#[cfg(any(test, not(target_arch = "x86_64")))]
use super::steps::flatten;
use super::steps::{Masks, PLACES, Places, STEP, Table};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::leak::engine::commonness::commonness;
use crate::leak::engine::index::{Entry, Hit, Index, SIEVE_BITS, START, Sieve, Words, word_at};
use std::collections::HashMap;
use std::ops::Range;

/// Some words, ready to be looked for.
#[derive(Debug, Clone)]
pub(in crate::leak::engine) struct Packed {
    tables: [Table; 2],
    step: Step,
    /// The hashes of the first three bytes of all that is in `sieve`: most of what passes the tables
    /// need not be asked for more.
    starts: Vec<u64>,
    sieve: Sieve,
    index: Index,
    /// The length of the longest word.
    pub(in crate::leak::engine) longest: usize,
}

/// How a step is taken.
#[derive(Debug, Clone)]
enum Step {
    /// A byte at a time.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    Portable,
    /// Made only where [`crate::avx2::can`].
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// With tables of its own; made only where [`crate::avx512::can`].
    #[cfg(target_arch = "x86_64")]
    Avx512(Box<[WideTable; 2]>),
}

impl Step {
    /// The fastest that the processor has; `None` where none is faster than the prefilter's table.
    #[cfg(target_arch = "x86_64")]
    fn best(groups: &[Group; 16]) -> Option<Self> {
        Self::wide(groups).or_else(|| can().then_some(Self::Avx2))
    }

    #[cfg(target_arch = "x86_64")]
    fn wide(groups: &[Group; 16]) -> Option<Self> {
        crate::avx512::can().then(|| Self::Avx512(Box::new(tables(groups, |group| group.exact))))
    }

    /// The fastest that the processor has; `None` where none is faster than the prefilter's table.
    #[cfg(not(target_arch = "x86_64"))]
    fn best(_: &[Group; 16]) -> Option<Self> {
        can().then_some(Self::Portable)
    }
}

/// Whether the processor has a step that is faster than the prefilter's table.
#[cfg(target_arch = "x86_64")]
pub(in crate::leak::engine) fn can() -> bool {
    crate::avx2::can()
}

/// Whether the processor has a step that is faster than the prefilter's table.
#[cfg(not(target_arch = "x86_64"))]
pub(in crate::leak::engine) fn can() -> bool {
    false
}

/// How common the bytes with each value of their lowest five bits are, of 1,000: measured on
/// published scripts, pages and data.
const COMMON: [u16; 32] = [
    124, 57, 25, 30, 20, 65, 15, 18, 22, 53, 18, 8, 47, 35, 64, 44, 43, 25, 48, 41, 56, 26, 15, 13, 14, 13, 10, 15, 9,
    17, 4, 7,
];

/// Words that have something in common.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    sets: [(u32, u16); PLACES],
    /// The same bytes by their lowest seven bits, in either letter case.
    exact: [u128; PLACES],
}

impl Group {
    /// How often four bytes pass.
    fn cost(&self) -> f32 {
        self.sets.iter().map(|(_, common)| f32::from(*common) / 1000.0).product()
    }

    /// With these bytes in it, too; where one is missing any will do.
    fn with(mut self, bytes: &[u8]) -> Self {
        for (place, ((set, common), exact)) in self.sets.iter_mut().zip(&mut self.exact).enumerate() {
            *exact |= bytes.get(place).map_or(u128::MAX, |byte| 1 << (byte & 0x7f) | 1 << (byte & 0x7f ^ 0x20));
            match bytes.get(place) {
                Some(byte) if *set >> (byte & 31) & 1 == 0 => {
                    *set |= 1 << (byte & 31);
                    *common += COMMON.get(usize::from(byte & 31)).copied().unwrap_or_default();
                }
                Some(_) => {}
                None => (*set, *common) = (u32::MAX, 1000),
            }
        }
        self
    }
}

/// What it costs to look up a word where four bytes have passed, as a multiple of letting them pass.
const LOOK: f32 = 4.0;

/// How often about the bytes come in a text one after the other: by how often each pair of them does.
fn frequency(bytes: &[u8]) -> f32 {
    // Measured: pairs with the number 0, and how much more often those with the next number come.
    let (never, more) = (1.2e-5_f32, 2.2_f32);
    let pairs = bytes.windows(2).map(|pair| never * more.powi(commonness(pair).cast_signed()));
    let inner = bytes.iter().skip(1).take(bytes.len().saturating_sub(2)).map(|byte| common(*byte));
    pairs.product::<f32>() / inner.product::<f32>()
}

/// How often a byte's lowest five bits come in a text.
fn common(byte: u8) -> f32 {
    COMMON.get(usize::from(byte & 31)).map_or(0.0, |common| f32::from(*common) / 1000.0)
}

/// The bytes that a word is looked up by, from a place in it on; zeros behind its end.
fn probe_of(bytes: &[u8]) -> [u8; PLACES] {
    let mut probe = [0; PLACES];
    probe.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    probe
}

/// The rarest places of a word that are tried.
const WINDOWS: usize = 6;

impl Packed {
    /// Looks for those of `words` that have the numbers `which`. `None` where the processor
    /// cannot, or one of the words is too short.
    pub(in crate::leak::engine) fn new(words: &Words, which: impl IntoIterator<Item = u32>) -> Option<Self> {
        can().then(|| Self::with(words, which, Step::best)).flatten()
    }

    /// As [`Packed::new`], with the step that `step` gives for the groups.
    fn with(
        words: &Words,
        which: impl IntoIterator<Item = u32>,
        step: impl FnOnce(&[Group; 16]) -> Option<Step>,
    ) -> Option<Self> {
        let mut open = Vec::new();
        for number in which {
            let word: Vec<u8> = words.get(number as usize)?.iter().map(|byte| byte | 0x20).collect();
            if word.len() < PLACES - 1 {
                return None;
            }
            let mut windows: Vec<(f32, usize)> = word.windows(PLACES.min(word.len())).map(frequency).zip(0..).collect();
            windows.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
            windows.truncate(WINDOWS);
            open.push((windows, number, word));
        }
        // Those that are met most often come first, while there is choice.
        let least = |windows: &[(f32, usize)]| windows.first().map_or(0.0, |(frequency, _)| *frequency);
        open.sort_by(|(one, ..), (other, ..)| least(other).total_cmp(&least(one)));
        let mut groups = [Group::default(); 16];
        // How many words are looked up by the same bytes.
        let mut alike: HashMap<[u8; PLACES], u16> = HashMap::new();
        let mut entries = Vec::with_capacity(open.len());
        let mut longest = 0;
        for (windows, number, word) in &open {
            let mut best: Option<(f32, usize, usize, Group)> = None;
            for (frequency, offset) in windows {
                let bytes = word.get(*offset..).unwrap_or_default();
                let others = alike.get(&probe_of(bytes)).copied().unwrap_or(0);
                let looks = f32::from(others + 1) * LOOK * frequency;
                for (which, group) in groups.iter().enumerate() {
                    let with = group.with(bytes);
                    let more = with.cost() - group.cost() + looks;
                    if best.as_ref().is_none_or(|(least, ..)| more < *least) {
                        best = Some((more, *offset, which, with));
                    }
                }
            }
            let (_, offset, which, with) = best?;
            *groups.get_mut(which)? = with;
            let probe = probe_of(word.get(offset..).unwrap_or_default());
            *alike.entry(probe).or_default() += 1;
            entries.push(Entry { probe: u32::from_le_bytes(probe), word: *number, offset: offset as u32 });
            longest = longest.max(word.len());
        }
        let sieve = Sieve::new(&entries);
        let starts = Sieve::set(entries.iter().map(|entry| entry.probe & START));
        let tables = self::tables(&groups, |group| group.sets.map(|(set, _)| u128::from(set)));
        Some(Self {
            tables,
            step: step(&groups)?,
            starts,
            sieve,
            index: Index::new(entries, Words::clone(words)),
            longest,
        })
    }

    /// Looks at `text` from `at` on, so far as [`Masks`] go; says how many steps there were.
    pub(in crate::leak::engine) fn masks(&self, text: &[u8], at: usize, out: &mut Masks) -> usize {
        let text = text.get(at..).unwrap_or_default();
        match &self.step {
            #[cfg(any(test, not(target_arch = "x86_64")))]
            Step::Portable => portable::masks(&self.tables, text, out),
            #[cfg(target_arch = "x86_64")]
            Step::Avx2 => avx2::masks(&self.tables, text, out),
            #[cfg(target_arch = "x86_64")]
            Step::Avx512(tables) => avx512::masks(tables, text, out),
        }
    }

    /// Adds to `hits` each word in `text` whose last byte is in `ends`.
    pub(in crate::leak::engine) fn scan(&self, text: &[u8], ends: &Range<usize>, hits: &mut Vec<Hit>) {
        let mut at = ends.start.saturating_sub(self.longest.saturating_sub(1));
        let mut masks = Masks::default();
        while at < ends.end {
            let steps = self.masks(text, at, &mut masks);
            self.look(text, at, steps, &mut masks, ends, hits);
            at += steps.max(1) * STEP;
        }
    }

    /// Adds to `hits` the words at the places in `masks`, of which the first so many steps begin at
    /// `at`, whose last byte is in `ends`.
    pub(in crate::leak::engine) fn look(
        &self,
        text: &[u8],
        at: usize,
        steps: usize,
        masks: &mut Masks,
        ends: &Range<usize>,
        hits: &mut Vec<Hit>,
    ) {
        let (Some(starts), Some(four), Some(three)) =
            (self.starts.first_chunk(), self.sieve.four.first_chunk(), self.sieve.three.first_chunk())
        else {
            return;
        };
        let Masks { words, places: found, .. } = masks;
        let words = words.get(..steps).unwrap_or_default();
        let count = match &self.step {
            #[cfg(any(test, not(target_arch = "x86_64")))]
            Step::Portable => flatten(words, found),
            #[cfg(target_arch = "x86_64")]
            Step::Avx2 | Step::Avx512(_) => avx2::places(words, found),
        };
        let kept = sieve(starts, text.get(at..).unwrap_or_default(), found, count);
        for place in found.get(..kept).unwrap_or_default() {
            let place = at + usize::from(*place);
            let probe = word_at(text, place);
            for (set, probe) in [(four, probe), (three, probe & START)] {
                if Sieve::has(set, probe) != 0 {
                    self.index.look(probe, text, ends, place, hits);
                }
            }
        }
    }
}

/// Which hashes of three bytes there are, a bit for each.
type Starts = [u64; 1 << (SIEVE_BITS - 6)];

/// Keeps of the first `count` places those at which a word may begin; says how many they are. Free of
/// branches: it cannot be foretold.
fn sieve(starts: &Starts, text: &[u8], found: &mut Places, count: usize) -> usize {
    let mut kept = 0;
    for next in 0..count {
        let Some(place) = found.get(next).copied() else { break };
        let start = word_at(text, usize::from(place)) & START;
        if let Some(to) = found.get_mut(kept) {
            *to = place;
        }
        kept += usize::from(Sieve::has(starts, start));
    }
    kept
}

/// For each place and each of `N` values which groups have it, by the bits that `sets` gives of a group.
fn tables<const N: usize>(groups: &[Group; 16], sets: impl Fn(&Group) -> [u128; PLACES]) -> [[[u8; N]; PLACES]; 2] {
    let mut tables = [[[0; N]; PLACES]; 2];
    for (which, group) in groups.iter().enumerate() {
        let Some(table) = tables.get_mut(which / 8) else { continue };
        for (place, set) in table.iter_mut().zip(sets(group)) {
            for (value, bits) in place.iter_mut().enumerate() {
                *bits |= u8::from(set >> value & 1 == 1) << (which % 8);
            }
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::leak::engine::packed::steps::STEPS;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_word_is_found_and_nothing_else(
            words in prop::collection::vec("[aB_1é]{3,9}", 0..12),
            text in "[aAbB_1é ]{0,40}",
            pad in 0usize..2200,
            from in 0usize..2200,
        ) {
            let words: Words = words.into_iter().map(|word| word.into_bytes().into_boxed_slice()).collect();
            let text = [vec![b'-'; pad], text.into_bytes()].concat();
            let mut want = Vec::new();
            for (number, word) in (0..).zip(words.iter()) {
                let at = text.windows(word.len()).enumerate().filter(|(_, part)| part.eq_ignore_ascii_case(word));
                want.extend(at.map(|(at, _)| Hit { at, word: number }).filter(|hit| hit.at + word.len() > from));
            }
            want.sort_unstable();
            for packed in ways(&words) {
                let (mut hits, mut masks) = (Vec::new(), Masks::default());
                for at in (0..text.len()).step_by(STEP * STEPS) {
                    let steps = packed.masks(&text, at, &mut masks);
                    packed.look(&text, at, steps, &mut masks, &(from..text.len()), &mut hits);
                    for (place, byte) in (0..steps * STEP).zip(&text[at..]) {
                        let is_token = byte.is_ascii_alphanumeric() || b"+-/=_".contains(byte);
                        prop_assert_eq!(masks.tokens[place / STEP] >> (place % STEP) & 1 == 1, is_token);
                    }
                }
                let mut again = Vec::new();
                packed.scan(&text, &(from..text.len()), &mut again);
                hits.sort_unstable();
                again.sort_unstable();
                prop_assert_eq!(&again, &hits);
                prop_assert_eq!(&hits, &want);
            }
        }
    }

    /// In each way that this processor can, the portable one first.
    fn ways(words: &Words) -> Vec<Packed> {
        let with = |step: fn(&[Group; 16]) -> Option<Step>| Packed::with(words, 0..words.len() as u32, step);
        let portable = with(|_| Some(Step::Portable));
        #[cfg(target_arch = "x86_64")]
        let vectors = [with(|_| can().then_some(Step::Avx2)), with(Step::wide)];
        #[cfg(not(target_arch = "x86_64"))]
        let vectors = [];
        std::iter::once(portable).chain(vectors).flatten().collect()
    }

    proptest! {
        /// AVX2 sees of each byte what the portable step does, AVX-512 may tell more apart; each says
        /// the same of tokens and digits.
        #[test]
        fn vectors_see_what_the_portable_step_sees(
            words in prop::collection::vec("[aB_1é]{3,9}", 0..40),
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b'B'), Just(b'_')], 0..1200),
        ) {
            let words: Words = words.into_iter().map(|word| word.into_bytes().into_boxed_slice()).collect();
            let ways = ways(&words);
            let mut want = Masks::default();
            let steps = ways[0].masks(&text, 0, &mut want);
            prop_assert_eq!(steps, text.len().div_ceil(STEP).min(STEPS));
            let bits: usize = want.words.iter().map(|mask| mask.count_ones() as usize).sum();
            prop_assert_eq!(flatten(&want.words, &mut want.places), bits);
            for packed in &ways[1..] {
                let mut masks = Masks::default();
                prop_assert_eq!(packed.masks(&text, 0, &mut masks), steps);
                prop_assert_eq!((masks.tokens, masks.digits), (want.tokens, want.digits));
                for (mask, want) in masks.words.iter().zip(&want.words) {
                    match packed.step {
                        #[cfg(target_arch = "x86_64")]
                        Step::Avx512(_) => prop_assert_eq!(mask & !want, 0),
                        _ => prop_assert_eq!(mask, want),
                    }
                }
            }
        }

        #[test]
        #[cfg(target_arch = "x86_64")]
        fn the_wide_step_sees_what_the_portable_one_sees_in_its_tables(
            words in prop::collection::vec("[aB_1é]{3,9}", 0..40),
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(b'B'), Just(b'_')], 0..1200),
        ) {
            let words: Words = words.into_iter().map(|word| word.into_bytes().into_boxed_slice()).collect();
            if let Some(Packed { step: Step::Avx512(tables), .. }) = Packed::with(&words, 0..words.len() as u32, Step::wide) {
                let (mut masks, mut want) = (Masks::default(), Masks::default());
                prop_assert_eq!(avx512::masks(&tables, &text, &mut masks), portable::masks(&tables, &text, &mut want));
                prop_assert_eq!(masks.words, want.words);
            }
        }

        #[test]
        #[cfg(target_arch = "x86_64")]
        fn places_are_the_same_with_the_processors_own_instructions(masks: [u64; STEPS], and: [u64; STEPS]) {
            if can() {
                let sparse: Vec<u64> = masks.iter().zip(and).map(|(mask, and)| mask & and & and.rotate_left(7)).collect();
                for masks in [&masks[..], &sparse] {
                    let (mut places, mut want) = (Masks::default().places, Masks::default().places);
                    let count = flatten(masks, &mut want);
                    prop_assert_eq!(avx2::places(masks, &mut places), count);
                    prop_assert_eq!(&places[..count], &want[..count]);
                }
            }
        }
    }

    #[test]
    fn each_byte_is_known_for_a_part_of_a_token_or_not() {
        let text: Vec<u8> = (0..=255).collect();
        for packed in ways(&Words::default()) {
            let mut masks = Masks::default();
            assert_eq!(packed.masks(&text, 0, &mut masks), 4);
            for byte in &text {
                let want = byte.is_ascii_alphanumeric() || b"+-/=_".contains(byte);
                let is = |masks: &[u64]| masks[usize::from(*byte) / STEP] >> (byte % 64) & 1 == 1;
                assert_eq!((is(&masks.tokens), is(&masks.digits)), (want, byte.is_ascii_digit()), "{byte}");
            }
        }
    }
}
