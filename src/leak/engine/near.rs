//! Looks for most words only near tokens.
//!
//! Most rules' matches hold a token, with the keyword in it or a little before: sixteen or more
//! letters, digits and the like in a row, one of them a digit at least, or twice as many. Such words are looked for only around tokens, the
//! others everywhere, and both are told in one pass. What is skipped is what no expression could
//! match. It refuses to run expressions.

use super::analysis::{AROUND, LONG, TOKEN};
use super::index::{Hit, Words};
use super::packed::{Masks, Packed, STEP, STEPS};
use super::prefilter::Prefilter;
use super::window::View;
use std::ops::Range;

/// A hit, and for which rules it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) hit: Hit,
    pub(super) to: To,
}

/// For which rules a hit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum To {
    /// For each.
    All,
    /// For those whose matches need not hold a token.
    Bare,
    /// For the others.
    Token,
}

/// Up to where words were looked for in a text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// Those that are looked for everywhere: words that end before this offset.
    pub(super) scanned: u64,
    /// The others.
    pub(super) covered: u64,
    /// Up to where a token that was seen asks to look for the others.
    until: u64,
    /// How many bytes were looked through for those that are looked for everywhere, and for the others.
    bytes: (u64, u64),
    /// How many bytes were looked through for all since it was known that tokens stand close.
    dense: u64,
}

/// After so many bytes it is known whether a text is full of tokens.
const ENOUGH: u64 = 4096;

/// After so many bytes of such a text it is asked again.
const AGAIN: u64 = 64 << 10;

impl Progress {
    /// All words that end before `end` were looked for.
    pub(super) fn reach(&mut self, end: u64) {
        self.dense += end - self.scanned;
        // A token that was not looked for may have ended just now.
        (self.scanned, self.covered, self.until) = (end, end, end + AROUND.1 as u64);
        if self.dense >= AGAIN {
            (self.bytes, self.dense) = ((0, 0), 0);
        }
    }

    /// Whether tokens stand so close, as in a script made small, that to look for all words at once
    /// costs less than to look for tokens first.
    pub(super) fn is_dense(&self) -> bool {
        let (everywhere, around) = self.bytes;
        everywhere >= ENOUGH && around >= everywhere / 2
    }
}

/// Two sets of words.
#[derive(Debug)]
pub(super) struct Near {
    /// Those that are looked for everywhere.
    bare: Packed,
    /// Those that are looked for around tokens.
    token: Prefilter,
    /// Which rules' matches hold a token.
    holds: Vec<bool>,
}

impl Near {
    /// `holds` says of each rule whether its matches hold a token; `everywhere` and `around`
    /// which of the words are for which. `None` where the processor gives no gain.
    pub(super) fn new(
        words: &Words,
        everywhere: impl IntoIterator<Item = u32>,
        around: impl IntoIterator<Item = u32>,
        holds: Vec<bool>,
    ) -> Option<Self> {
        let bare = Packed::new(words, everywhere)?;
        Some(Self { bare, token: Prefilter::of(words, around), holds })
    }

    /// Whether a hit told `to` these counts for the rule with this number.
    pub(super) fn minds(&self, to: To, rule: u32) -> bool {
        let holds = self.holds.get(rule as usize).copied().unwrap_or(false);
        match to {
            To::All => true,
            To::Bare => !holds,
            To::Token => holds,
        }
    }

    /// Adds the hits in what `view` has more of than the last time.
    pub(super) fn scan(&self, view: View<'_>, progress: &mut Progress, told: &mut Vec<Told>) {
        let text = view.bytes;
        let from = view.index(progress.scanned);
        let mut at = from.saturating_sub(LONG.max(self.bare.longest) - 1);
        let (mut everywhere, mut around) = (Vec::new(), Vec::new());
        let mut covered = view.index(progress.covered);
        // Where the words around tokens are to be looked for next.
        let mut open = covered..view.index(progress.until);
        let mut looked = 0;
        let mut rows = Rows::default();
        let mut masks = Masks::default();
        loop {
            let steps = self.bare.masks(text, at, &mut masks);
            self.bare.look(text, at, steps, &mut masks, &(from..text.len()), &mut everywhere);
            let tokens = masks.tokens.get(..steps).unwrap_or_default();
            for (first, (tokens, digits)) in (at..).step_by(STEP).zip(tokens.iter().zip(&masks.digits)) {
                let ends = rows.ends(*tokens, *digits);
                if ends != 0 {
                    // The first token's first byte, and the last one's last.
                    let start = (first + 1 + ends.trailing_zeros() as usize).saturating_sub(LONG);
                    let end = first + STEP - ends.leading_zeros() as usize;
                    let (start, end) = (start.saturating_sub(AROUND.0), end + AROUND.1);
                    if start > open.end {
                        looked += self.around(text, &open, &mut covered, &mut around);
                        open.start = start;
                    }
                    open.end = end;
                }
            }
            at += steps * STEP;
            if steps < STEPS {
                break;
            }
        }
        looked += self.around(text, &open, &mut covered, &mut around);
        progress.bytes.0 += view.end() - progress.scanned;
        progress.bytes.1 += looked as u64;
        progress.scanned = view.end();
        progress.covered = progress.covered.max(view.base + covered as u64);
        progress.until = progress.until.max(view.base + open.end as u64);
        let first = told.len();
        told.extend(everywhere.into_iter().map(|hit| Told { hit, to: To::Bare }));
        told.extend(around.into_iter().map(|hit| Told { hit, to: To::Token }));
        if let Some(new) = told.get_mut(first..) {
            new.sort_unstable();
        }
    }

    /// Adds the hits in what was looked at and may be near a token that comes yet: from then on all
    /// words can be looked for at once.
    pub(super) fn catch_up(&self, view: View<'_>, progress: &mut Progress, told: &mut Vec<Told>) {
        let (mut covered, scanned) = (view.index(progress.covered), view.index(progress.scanned));
        let mut hits = Vec::new();
        self.around(view.bytes, &(covered..scanned), &mut covered, &mut hits);
        told.extend(hits.into_iter().map(|hit| Told { hit, to: To::Token }));
        progress.covered = progress.scanned;
    }

    /// Looks for the words around tokens that end in `open` and were not looked for; says through how
    /// many bytes.
    fn around(&self, text: &[u8], open: &Range<usize>, covered: &mut usize, hits: &mut Vec<Hit>) -> usize {
        let ends = open.start.max(*covered)..open.end.min(text.len());
        let length = ends.len();
        if length > 0 {
            *covered = ends.end;
            self.token.scan(text, ends, hits);
        }
        length
    }
}

/// Finds where so many bits in a row are set as a token has bytes.
#[derive(Debug, Default)]
struct Rows {
    /// The numbers before.
    tokens: u64,
    digits: u64,
}

impl Rows {
    /// The bits of the next number at which a token ends, or goes on.
    fn ends(&mut self, tokens: u64, digits: u64) -> u64 {
        const { assert!(TOKEN == 16 && LONG == 32) };
        let both = |next: u64, before: u64| u128::from(next) << 64 | u128::from(before);
        let mut row = 0;
        if has_full_byte(tokens) || has_full_byte(self.tokens) {
            row = both(tokens, self.tokens);
            for length in [1, 2, 4, 8] {
                row &= row << length;
            }
        }
        let ends = (row >> 64) as u64;
        let ends = if ends == 0 {
            0
        } else {
            let mut any = both(digits, self.digits);
            for length in [1, 2, 4, 8] {
                any |= any << length;
            }
            let long = row & row << TOKEN;
            ends & (any >> 64) as u64 | (long >> 64) as u64
        };
        (self.tokens, self.digits) = (tokens, digits);
        ends
    }
}

/// Whether all bits of one of the number's eight bytes are set: one is within any sixteen set bits in a
/// row, and most text has none.
const fn has_full_byte(bits: u64) -> bool {
    const LOWEST: u64 = u64::MAX / 0xff;
    (!bits).wrapping_sub(LOWEST) & bits & LOWEST << 7 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_seen_across_numbers(lengths in prop::collection::vec((0usize..60, 1usize..5, 0usize..120), 1..20)) {
            let (mut bits, mut digits) = (Vec::new(), Vec::new());
            for (set, clear, digit) in lengths {
                bits.extend(std::iter::repeat_n(true, set));
                bits.extend(std::iter::repeat_n(false, clear));
                digits.extend((0..set + clear).map(|at| at < set && at == digit));
            }
            bits.resize(bits.len().next_multiple_of(STEP), false);
            digits.resize(bits.len(), false);
            let mut rows = Rows::default();
            let number = |bits: &[bool]| bits.iter().rev().fold(0, |sum, bit| sum << 1 | u64::from(*bit));
            for (first, (part, with)) in (0..).step_by(STEP).zip(bits.chunks(STEP).zip(digits.chunks(STEP))) {
                let ends = rows.ends(number(part), number(with));
                for at in 0..STEP {
                    let whole = first + at + 1;
                    let row = |length: usize| whole >= length && bits[whole - length..whole].iter().all(|bit| *bit);
                    let want = row(LONG) || row(TOKEN) && digits[whole - TOKEN..whole].contains(&true);
                    prop_assert_eq!(ends >> at & 1 == 1, want);
                }
            }
        }
    }
}
