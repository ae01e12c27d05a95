//! Whether matches of an expression hold a token, by which they can be found.
//!
//! It only ever rules out. It refuses to know how tokens are found in a text.

use super::byte_set::{ByteSet, class_set};
use super::{LONGEST_LEAD, flatten};
use crate::leak::engine::machine::LOOK_AHEAD;
use regex_syntax::hir::{Hir, HirKind, Repetition};
use std::sync::LazyLock;

/// So many letters, digits and other bytes of [`is_token`] in a row are a token.
pub(in super::super) const TOKEN: usize = 16;

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

/// Whether every match of `expression` holds a token, and each keyword that tells of one stands at
/// most [`AROUND`] it. `is_anchored` says whether the keyword is part of the match; it is asked
/// only where that decides.
pub(in super::super) fn holds_token(expression: &str, is_anchored: impl FnOnce() -> bool) -> bool {
    let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(expression);
    let Ok(hir) = parsed else { return false };
    let mut parts = Vec::new();
    flatten(&hir, &mut parts);
    let most = |parts: &[&Hir]| -> Option<usize> {
        parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.properties().maximum_len()?))
    };
    // How far a match goes on before and behind a token: parts in a row of which each byte is one
    // of a token's, or one part with a token somewhere in it.
    let lengths: Vec<Option<usize>> = parts.iter().map(|part| all_token(part)).collect();
    let around = (0..parts.len()).find_map(|at| {
        let (before, rest) = parts.split_at(at);
        let (mut length, mut count) = (0, 0);
        while let Some(Some(more)) = lengths.get(at + count).filter(|_| length < TOKEN) {
            (length, count) = (length + more, count + 1);
        }
        let within = if length >= TOKEN {
            0
        } else {
            let part = rest.first().filter(|part| token_in(part) >= TOKEN)?;
            count = 1;
            part.properties().maximum_len()?
        };
        let (before, after) = (most(before)? + within, most(rest.get(count..)?)? + within);
        (before <= AROUND.0 && after <= AROUND.1).then_some((before, after))
    });
    let Some((before, _)) = around else { return false };
    // A keyword that is no part of a match stands up to so far before it, or as far behind its
    // beginning as a match can reach.
    let reach = hir.properties().maximum_len().and_then(|reach| reach.checked_add(LONGEST_LEAD));
    let is_near = before + LOOK_AHEAD as usize <= AROUND.0 && reach.is_some_and(|reach| reach <= AROUND.1);
    is_near || is_anchored()
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
        for (expression, anchored, want) in [
            ("ghp_[A-Za-z0-9]{36}", false, true),
            ("ghp_[A-Za-z0-9]{12}", false, true),
            ("ghp_[A-Za-z0-9]{11}", true, false),
            (r"ghp\.[A-Za-z0-9]{15}", true, false),
            (r"ghp\.[A-Za-z0-9.]{36}", true, false),
            ("(?i:key)=([a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4})", false, true),
            (r"(?:[a-f0-9]{32}|[A-Z]{2}\.[a-z]{20}|x[0-9]{15})\b", false, true),
            (r"(?:[a-f0-9]{32}|[A-Z]{2}\.[a-z]{15})\b", true, false),
            ("key(?:x{16})?", true, false),
            ("key(?:x[0-9]{15}y|:)+", true, false),
            // What goes on too far, unless the keyword is known to stand in it.
            ("key[0-9]{16,400}", false, false),
            ("key[0-9]{16,400}", true, true),
            (r"key[0-9]{16}\.[0-9]{1,383}", true, true),
            (r"key[0-9]{16}\.[0-9]{1,384}", true, false),
            (r"key[.]{400}:[0-9]{16}", true, true),
            (r"key[.]{400}:[0-9]{16}", false, false),
            (r"key[.]{450}:[0-9]{16}", true, false),
            (r"key.*[0-9]{16}", true, false),
            ("(", true, false),
        ] {
            assert_eq!(holds_token(expression, || anchored), want, "{expression} {anchored}");
        }
    }
}
