//! Whether matches of an expression hold a token, by which they can be found.
//!
//! It only ever rules out. It refuses to know how tokens are found in a text.

use super::byte_set::{ByteSet, class_set};
use super::parts::{Flat, LONGEST_LEAD};
use crate::leak::rule::parse_expression;
use regex_syntax::hir::{Hir, HirKind, Repetition};
use std::ops::Range;
use std::sync::LazyLock;

/// How far behind the beginning of a keyword that is no part of it a match may begin, in bytes.
pub(in crate::leak::engine) const LOOK_AHEAD: u64 = 256;

/// So many letters, digits and other bytes of [`is_token`] in a row are a token where there is a digit
/// among them: names in programs are long, but seldom have one.
pub(in super::super) const TOKEN: usize = 16;

/// So many of them are a token without a digit, too.
pub(in super::super) const LONG: usize = 32;

/// How many bytes before and behind a token words are looked for that tell of it.
pub(in super::super) const AROUND: (usize, usize) = (448, 384);

/// Whether a token can have `byte` in it.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'/' | b'=' | b'_')
}

/// The bytes of tokens.
static TOKENS: LazyLock<ByteSet> = LazyLock::new(|| {
    let mut set = ByteSet::default();
    (0..=255).filter(|byte| is_token(*byte)).for_each(|byte| set.insert(byte));
    set
});

/// Whether every match of `expression` that counts holds a token, and each keyword that tells of one
/// stands at most [`AROUND`] it. `digit_in` is a group that has a digit in all matches that count;
/// `is_anchored` says whether the keyword is part of the match, and is asked only where that decides.
pub(in super::super) fn holds_token(
    expression: &str,
    digit_in: Option<usize>,
    is_anchored: impl FnOnce() -> bool,
) -> bool {
    let Ok(hir) = parse_expression(expression) else { return false };
    let Flat { parts, mut groups } = Flat::new(&hir);
    let group = digit_in.and_then(|group| groups.remove(&group));
    let Some(before) = before_long(&parts).or_else(|| before_mixed(&parts, group?)) else { return false };
    // A keyword that is no part of a match stands up to so far before it, or as far behind its
    // beginning as a match can reach.
    let reach = hir.properties().maximum_len().and_then(|reach| reach.checked_add(LONGEST_LEAD));
    let is_near = before + LOOK_AHEAD as usize <= AROUND.0 && reach.is_some_and(|reach| reach <= AROUND.1);
    is_near || is_anchored()
}

/// The most bytes that these parts match.
fn most(parts: &[&Hir]) -> Option<usize> {
    parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.properties().maximum_len()?))
}

/// How far a match goes on before a long token at most, where all have one: parts in a row of which
/// each byte is one of a token's, or one part with a token somewhere in it.
fn before_long(parts: &[&Hir]) -> Option<usize> {
    let lengths: Vec<Option<usize>> = parts.iter().map(|part| all_token(part)).collect();
    (0..parts.len()).find_map(|at| {
        let (before, rest) = parts.split_at(at);
        let (mut length, mut count) = (0, 0);
        while let Some(Some(more)) = lengths.get(at + count).filter(|_| length < LONG) {
            (length, count) = (length + more, count + 1);
        }
        let within = if length >= LONG {
            0
        } else {
            let part = rest.first().filter(|part| token_in(part) >= LONG)?;
            count = 1;
            part.properties().maximum_len()?
        };
        let [before, after] = [most(before)?, most(rest.get(count..)?)?].map(|length| length.saturating_add(within));
        (before <= AROUND.0 && after <= AROUND.1).then_some(before)
    })
}

/// How far a match goes on before a token with a digit at most, where the parts in `group` are one, of
/// which the last byte may be the only digit.
fn before_mixed(parts: &[&Hir], group: Range<usize>) -> Option<usize> {
    let token = parts.get(group.clone())?;
    let least = token.iter().try_fold(0, |sum, part| Some(sum + all_token(part)?))?;
    let within = most(token)?;
    let (before, after) = (most(parts.get(..group.start)?)?, most(parts.get(group.end..)?)? + within);
    // Twice: a match without a digit may begin so far before one with a digit and hide it, and so has
    // to be tried where that one is.
    let is_near = least >= TOKEN && 2 * before + within <= AROUND.0 && after <= AROUND.1;
    is_near.then_some(before + within)
}

/// The least length of what `hir` matches, where all bytes of it are a token's.
fn all_token(hir: &Hir) -> Option<usize> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(0),
        HirKind::Literal(literal) => literal.0.iter().all(|byte| is_token(*byte)).then_some(literal.0.len()),
        HirKind::Class(class) => class_set(class)?.is_within(&TOKENS).then_some(1),
        HirKind::Repetition(Repetition { min, sub, .. }) => all_token(sub)?.checked_mul(*min as usize),
        HirKind::Capture(capture) => all_token(&capture.sub),
        HirKind::Concat(parts) => parts.iter().try_fold(0, |sum, part| Some(sum + all_token(part)?)),
        HirKind::Alternation(ways) => ways.iter().try_fold(usize::MAX, |least, way| Some(least.min(all_token(way)?))),
    }
}

/// How long a row of a token's bytes is at least somewhere in what `hir` matches.
fn token_in(hir: &Hir) -> usize {
    if let Some(length) = all_token(hir) {
        return length;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => 0,
        HirKind::Repetition(Repetition { min, sub, .. }) => {
            if *min == 0 {
                0
            } else {
                token_in(sub)
            }
        }
        HirKind::Capture(capture) => token_in(&capture.sub),
        HirKind::Concat(parts) => {
            let (mut best, mut row) = (0, 0);
            for part in parts {
                row = all_token(part).map_or(0, |length| row + length);
                best = best.max(row).max(token_in(part));
            }
            best
        }
        HirKind::Alternation(ways) => ways.iter().map(token_in).min().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_matches() {
        for (expression, digit_in, anchored, want) in [
            ("ghp_[A-Za-z0-9]{36}", None, false, true),
            ("ghp_[A-Za-z0-9]{28}", None, false, true),
            ("ghp_[A-Za-z0-9]{27}", None, true, false),
            ("ghp_[A-Za-z0-9]{27}", Some(0), false, true),
            ("ghp_[A-Za-z0-9]{12}", Some(0), false, true),
            ("ghp_[A-Za-z0-9]{11}", Some(0), true, false),
            (r"ghp\.[A-Za-z0-9]{31}", None, true, false),
            (r"ghp\.[A-Za-z0-9]{31}", Some(0), true, false),
            (r"ghp\.([A-Za-z0-9]{16})x", Some(1), true, true),
            (r"ghp\.([A-Za-z0-9]{15})x", Some(1), true, false),
            (r"ghp\.(?:([A-Za-z0-9]{16})|x)", Some(1), true, false),
            (r"ghp\.[A-Za-z0-9.]{36}", Some(0), true, false),
            ("(?i:key)=([a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12})", None, false, true),
            ("(?i:key)=([a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4})", Some(1), false, true),
            (r"(?:[a-f0-9]{32}|[A-Z]{2}\.[a-z]{40}|x[0-9]{31})\b", None, false, true),
            (r"(?:[a-f0-9]{32}|[A-Z]{2}\.[a-z]{31})\b", None, true, false),
            ("key(?:x{32})?", None, true, false),
            ("key(?:x[0-9]{31}y|:)+", None, true, false),
            // What goes on too far, unless the keyword is known to stand in it.
            ("key[0-9]{32,400}", None, false, false),
            ("key[0-9]{32,400}", None, true, true),
            (r"key[0-9]{32}\.[0-9]{1,383}", None, true, true),
            (r"key[0-9]{32}\.[0-9]{1,384}", None, true, false),
            (r"key[.]{400}:[0-9]{32}", None, true, true),
            (r"key[.]{400}:[0-9]{32}", None, false, false),
            (r"key[.]{450}:[0-9]{32}", None, true, false),
            (r"key.*[0-9]{32}", None, true, false),
            // A digit may be the last byte of a long secret, and far from the name.
            (r"key[.]{21}([a-z0-9]{16,400})", Some(1), true, false),
            (r"key[.]{21}([a-z0-9]{16,384})", Some(1), true, true),
            (r"key[.]{30}([a-z0-9]{16,384})", Some(1), true, false),
            (r"key[.]{21}([a-z0-9]{16,380})[.]{9}", Some(1), true, false),
            ("(", None, true, false),
        ] {
            assert_eq!(holds_token(expression, digit_in, || anchored), want, "{expression} {digit_in:?} {anchored}");
        }
    }
}
