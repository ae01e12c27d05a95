//! The row of bytes of one class that no match of an expression can do without.
//!
//! It only ever rules out. It refuses to know how a match begins.

use super::byte_set::{ByteSet, class_set};
use regex_syntax::hir::{Hir, HirKind, Repetition};
use std::ops::Range;

/// A row of bytes of one set.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Whether a byte is of the set.
    pub(super) set: Box<[bool; 256]>,
    /// So many of them stand in a row.
    pub(super) length: usize,
    /// The row ends within so many bytes of where the match begins.
    pub(super) within: usize,
    /// Whether the row, with all that goes on in it, has a digit in each match that counts.
    digit: bool,
}

impl Run {
    /// Whether it stands in `bytes`, where matches begin in the first `starts` of them.
    pub(super) fn stands_in(&self, bytes: &[u8], starts: usize) -> bool {
        let is_of_set = |byte: &u8| self.set.get(usize::from(*byte)).copied().unwrap_or(false);
        let end = self.within.saturating_add(starts.saturating_sub(1));
        let near = bytes.get(..end).unwrap_or(bytes);
        let mut at = 0;
        // From the run's end backwards: what is no part of it is a reason to leap.
        while let Some(part) = near.get(at..at + self.length) {
            if let Some(stranger) = part.iter().rposition(|byte| !is_of_set(byte)) {
                at += stranger + 1;
                continue;
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let row = rest.iter().position(|byte| !is_of_set(byte)).unwrap_or(rest.len());
            if !self.digit || rest.iter().take(row).any(u8::is_ascii_digit) {
                return true;
            }
            at += row + 1;
        }
        false
    }
}

/// The longest run that is in every match of these parts, one after the other, of which those in
/// `digit_in` have a digit somewhere.
pub(super) fn run_of(parts: &[&Hir], digit_in: Option<&Range<usize>>) -> Option<Run> {
    let mut before = Some(0_usize);
    let mut best: Option<(ByteSet, usize, usize, bool)> = None;
    for (number, part) in parts.iter().enumerate() {
        let most = part.properties().maximum_len();
        if let Some((set, length)) = longest_run(part).filter(|(set, length)| *length >= 4 && set.len() <= 128) {
            let is_all = matches!(part.kind(), HirKind::Repetition(Repetition { sub, .. })
                if matches!(sub.kind(), HirKind::Class(_)));
            let end = if is_all { Some(length) } else { most };
            let within = before.and_then(|before| before.checked_add(end?)).unwrap_or(usize::MAX);
            if best.as_ref().is_none_or(|(_, least, ..)| length > *least) {
                let mut others = digit_in.into_iter().flat_map(Range::clone).filter(|other| *other != number);
                let has_digit = is_all
                    && digit_in.is_some_and(|group| group.contains(&number))
                    && !others.any(|other| parts.get(other).is_none_or(|part| may_have_digit(part)));
                best = Some((set, length, within, has_digit));
            }
        }
        before = before.and_then(|before| before.checked_add(most?));
    }
    let (set, length, within, digit) = best?;
    let mut table = Box::new([false; 256]);
    for byte in set.iter() {
        if let Some(is) = table.get_mut(usize::from(byte)) {
            *is = true;
        }
    }
    Some(Run { set: table, length, within, digit })
}

/// Whether a digit can be in a match of `hir`.
fn may_have_digit(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(class) => class_set(class).is_none_or(|set| (b'0'..=b'9').any(|digit| set.contains(digit))),
        HirKind::Repetition(repetition) => may_have_digit(&repetition.sub),
        HirKind::Capture(capture) => may_have_digit(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(may_have_digit),
    }
}

/// The longest run of one class that every match of `hir` has.
fn longest_run(hir: &Hir) -> Option<(ByteSet, usize)> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => None,
        HirKind::Class(class) => Some((class_set(class)?, 1)),
        HirKind::Repetition(Repetition { min, sub, .. }) => {
            if *min == 0 {
                return None;
            }
            let one = match sub.kind() {
                HirKind::Class(class) => return Some((class_set(class)?, *min as usize)),
                _ => longest_run(sub),
            };
            one.filter(|(_, length)| *length > 1)
        }
        HirKind::Capture(capture) => longest_run(&capture.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(longest_run).max_by_key(|(_, length)| *length),
        HirKind::Alternation(ways) => {
            let mut joined: Option<(ByteSet, usize)> = None;
            for way in ways {
                let (set, length) = longest_run(way)?;
                joined = Some(match joined {
                    None => (set, length),
                    Some((mut all, least)) => {
                        all.join(&set);
                        (all, least.min(length))
                    }
                });
            }
            joined
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::leak::engine::analysis::Analysis;

    #[test]
    fn a_run_may_need_a_digit() {
        for (expression, digit_in, text, want) in [
            ("key=([a-z0-9]{4,9})", None, &b"key=abcdef"[..], true),
            ("key=([a-z0-9]{4,9})", Some(1), b"key=abcdef", false),
            ("key=([a-z0-9]{4,9})", Some(1), b"key=abcde7", true),
            ("key=([a-z0-9]{4,9})", Some(1), b"key=abcde-1234", false),
            ("[a-z]{0,9}=([a-z0-9]{4,9})", Some(1), b"key=abcde-1234", true),
            ("[a-z]{0,9}=([a-z0-9]{4,9})", Some(1), b"key=abcde-123-abcd", false),
            ("key=([a-z0-9]{4,9})", Some(2), b"key=abcdef", true),
            ("key=([a-z0-9]{4,9}={0,2})", Some(1), b"key=abcdef", false),
            // The digit may be elsewhere.
            ("key=([a-z0-9]{4,9}[.][0-9])", Some(1), b"key=abcdef.1", true),
            ("key=(1[a-z0-9]{4,9})", Some(1), b"key=1abcdef", true),
            ("key=(?:([a-z0-9]{4,9})|b)[a-z]{3}", Some(1), b"key=abcdef", true),
        ] {
            let analysis = Analysis::new(expression, digit_in, &["key".to_owned()]);
            assert_eq!(analysis.may_match(text, 1), want, "{expression} {digit_in:?} {}", text.escape_ascii());
        }
    }
}
