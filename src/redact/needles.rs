//! The secrets themselves, looked for in plain bytes wherever nothing else led to them.
//!
//! It refuses to know whose bytes they are.

use super::sites::SHORTEST;
use regex::bytes::{Regex, RegexBuilder};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

/// Texts to look for in bytes.
#[derive(Debug, Default)]
pub(super) struct Needles(Option<Regex>);

/// More texts than this are not looked for in plain bytes; those that findings led to are
/// overwritten all the same.
const MOST: usize = 20_000;
/// A shorter text counts only where no letter or digit stands beside it.
const CERTAIN: usize = 8;

impl Needles {
    /// Looks for these texts, the longest of several at one place.
    pub(super) fn new(texts: &HashSet<Vec<u8>>) -> Self {
        let mut texts: Vec<_> = texts.iter().filter(|text| text.len() >= SHORTEST).collect();
        texts.sort_unstable_by_key(|text| (std::cmp::Reverse(text.len()), *text));
        texts.truncate(MOST);
        let mut expression = String::from("(?s-u)");
        for (number, text) in texts.iter().enumerate() {
            if number > 0 {
                expression.push('|');
            }
            for byte in *text {
                _ = write!(expression, "\\x{byte:02x}");
            }
        }
        let compiled = (!texts.is_empty()).then(|| RegexBuilder::new(&expression).size_limit(1 << 30).build().ok());
        Self(compiled.flatten())
    }

    /// Where they stand in `bytes` from `start` on.
    pub(super) fn find(&self, bytes: &[u8], start: usize) -> Vec<Range<usize>> {
        let Some(needles) = &self.0 else { return Vec::new() };
        let within = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let mut found = Vec::new();
        let mut at = start;
        while let Some(hit) = (at <= bytes.len()).then(|| needles.find_at(bytes, at)).flatten() {
            let range = hit.range();
            let alone = !within(range.start.checked_sub(1)) && !within(Some(range.end));
            if range.len() >= CERTAIN || alone {
                at = range.end;
                found.push(range);
            } else {
                at = range.start + 1;
            }
        }
        found
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)] // one range is meant
mod tests {
    use super::*;

    #[test]
    fn the_longest_at_a_place_and_short_ones_alone() {
        let texts = ["hunter2", "hunter2-and-more", "a.b*", "x"].map(|text| text.as_bytes().to_vec());
        let needles = Needles::new(&texts.into_iter().collect());
        for (text, want) in [
            ("pw=hunter2&", vec![3..10]),
            ("pw=hunter2-and-more.", vec![3..19]),
            ("xhunter2", vec![]),
            ("hunter2x", vec![]),
            ("xhunter2-and-morex", vec![1..17]),
            ("hunter2 hunter2", vec![0..7, 8..15]),
            ("-a.b*- axb*", vec![1..5]),
            ("x", vec![]),
        ] {
            assert_eq!(needles.find(text.as_bytes(), 0), want, "{text}");
        }
        assert_eq!(needles.find(b"hunter2 hunter2", 1), vec![8..15]);
        assert!(Needles::new(&HashSet::new()).find(b"anything", 0).is_empty());
    }
}
