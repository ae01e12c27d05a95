//! The secrets themselves, looked for in plain bytes wherever nothing else led to them.
//!
//! It refuses to know whose bytes they are.

use super::sites::SHORTEST;
use super::texts::Texts;
use regex::bytes::{Regex, RegexBuilder};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

/// Texts to look for in bytes.
#[derive(Debug, Default)]
pub(super) struct Needles {
    whole: Option<Regex>,
    /// How they begin and how they end, for where a capture has cut one: without the whole.
    beginnings: HashSet<Vec<u8>>,
    ends: HashSet<Vec<u8>>,
    /// Those that count whatever stands beside them, in lower case.
    given: HashSet<Vec<u8>>,
}

/// More texts than this are not looked for in plain bytes; those that findings led to are
/// overwritten all the same.
const MOST: usize = 20_000;
/// A shorter text counts only where no letter or digit stands beside it.
const CERTAIN: usize = 8;
/// So much of a text that was cut is known again at most.
const LONGEST_PART: usize = 128;

impl Needles {
    /// Looks for these secrets and for what the user gave, the longest of several at one place.
    pub(super) fn new(secrets: &HashSet<Vec<u8>>, given: &Texts) -> Self {
        let Texts { texts: given, ignore_case } = given;
        let mut texts: Vec<_> = secrets.iter().chain(given).filter(|text| text.len() >= SHORTEST).collect();
        texts.sort_unstable_by_key(|text| (std::cmp::Reverse(text.len()), *text));
        texts.dedup();
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
        let compiled = (!texts.is_empty())
            .then(|| RegexBuilder::new(&expression).case_insensitive(*ignore_case).size_limit(1 << 30).build().ok());
        let parts = |part: fn(&[u8], usize) -> Option<&[u8]>| {
            let lengths = |text: &Vec<u8>| SHORTEST..text.len().min(LONGEST_PART + 1);
            let all = texts.iter().flat_map(|text| lengths(text).filter_map(|length| part(text, length)));
            all.map(<[u8]>::to_vec).collect()
        };
        Self {
            whole: compiled.flatten(),
            given: given.iter().map(|text| text.to_ascii_lowercase()).collect(),
            beginnings: parts(|text, length| text.get(..length)),
            ends: parts(|text, length| text.get(text.len().checked_sub(length)?..)),
        }
    }

    /// The beginning of one at the end of `bytes`, from `start` on, the rest of which was cut off.
    pub(super) fn cut_off(&self, bytes: &[u8], start: usize) -> Option<Range<usize>> {
        let most = bytes.len().saturating_sub(start).min(LONGEST_PART);
        let starts = (SHORTEST..=most).rev().filter_map(|length| bytes.len().checked_sub(length));
        let mut starts = starts.filter(|from| bytes.get(*from..).is_some_and(|part| self.beginnings.contains(part)));
        starts.next().map(|from| from..bytes.len())
    }

    /// The end of one at `start`, before which something is missing.
    pub(super) fn going_on(&self, bytes: &[u8], start: usize) -> Option<Range<usize>> {
        let most = bytes.len().saturating_sub(start).min(LONGEST_PART);
        let ends = (SHORTEST..=most).rev().map(|length| start + length);
        let mut ends = ends.filter(|end| bytes.get(start..*end).is_some_and(|part| self.ends.contains(part)));
        ends.next().map(|end| start..end)
    }

    /// Where they stand in `bytes` from `start` on.
    pub(super) fn find(&self, bytes: &[u8], start: usize) -> Vec<Range<usize>> {
        let Some(needles) = &self.whole else { return Vec::new() };
        let within = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
        let mut found = Vec::new();
        let mut at = start;
        while let Some(hit) = (at <= bytes.len()).then(|| needles.find_at(bytes, at)).flatten() {
            let range = hit.range();
            let alone = !within(range.start.checked_sub(1)) && !within(Some(range.end));
            if range.len() >= CERTAIN || alone || self.given.contains(&hit.as_bytes().to_ascii_lowercase()) {
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
        let needles = Needles::new(&texts.into_iter().collect(), &Texts::default());
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
        for (text, cut_off, going_on) in [
            ("pw=hunter2-and-m", Some(3..16), None),
            ("pw=hunter", Some(3..9), None),
            ("pw=hun", None, None),
            ("pw=hunter2", Some(3..10), None),
            ("pw=a.b*", None, None),
            ("d-more&x=1", None, Some(0..6)),
            ("ter2&x=1", None, Some(0..4)),
            ("er2&x=1", None, None),
        ] {
            let text = text.as_bytes();
            assert_eq!((needles.cut_off(text, 0), needles.going_on(text, 0)), (cut_off, going_on));
        }
        let given = Texts { texts: vec![b"Hunter".to_vec()], ignore_case: true };
        let needles = Needles::new(&HashSet::new(), &given);
        assert_eq!(needles.find(b"HUNTER2 hunter", 0), vec![0..6, 8..14]);
        assert!(Needles::new(&HashSet::new(), &Texts::default()).find(b"anything", 0).is_empty());
    }
}
