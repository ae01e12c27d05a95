//! A mark that no match of an expression can do without: the `@` of a URL with a password.
//!
//! It only ever rules out. It refuses to know what else a match needs.

use regex_syntax::hir::{Hir, HirKind};

/// A mark, and within how many bytes of a match's beginning it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    byte: u8,
    within: usize,
}

/// What is rare enough in texts to be worth a look.
const RARE: &[u8] = b"@%#$~^|";

impl Mark {
    /// The first rare mark that every match of these parts has, one after the other, at a bounded place.
    pub(super) fn of(parts: &[&Hir], keywords: &[String]) -> Option<Self> {
        let mut before = 0_usize;
        for part in parts {
            if let HirKind::Literal(literal) = part.kind() {
                let rare = |byte: &u8| {
                    RARE.contains(byte) && !keywords.iter().any(|keyword| keyword.as_bytes().contains(byte))
                };
                if let Some(at) = literal.0.iter().position(rare) {
                    let byte = *literal.0.get(at)?;
                    return Some(Self { byte, within: before.checked_add(at)?.checked_add(1)? });
                }
            }
            before = before.checked_add(part.properties().maximum_len()?)?;
        }
        None
    }

    /// Whether it stands in `bytes`, where matches begin in the first `starts` of them.
    pub(super) fn stands_in(self, bytes: &[u8], starts: usize) -> bool {
        let end = self.within.saturating_add(starts.saturating_sub(1));
        memchr::memchr(self.byte, bytes.get(..end).unwrap_or(bytes)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::leak::engine::analysis::Analysis;

    #[test]
    fn marks_rule_out() {
        let keywords = ["://".to_owned()];
        for (expression, text, starts, want) in [
            (r"(?:https?|ftp)://([a-z]{1,8}:[a-z]{3,9})@x", &b"https://fox:tail@x"[..], 1, true),
            (r"(?:https?|ftp)://([a-z]{1,8}:[a-z]{3,9})@x", b"https://fox:tail/x", 1, false),
            // Behind 26 bytes at most.
            (r"(?:https?|ftp)://([a-z]{1,8}:[a-z]{3,9})@x", b"https://..................@", 1, true),
            (r"(?:https?|ftp)://([a-z]{1,8}:[a-z]{3,9})@x", b"https://...................@", 1, false),
            (r"(?:https?|ftp)://([a-z]{1,8}:[a-z]{3,9})@x", b"https://...................@", 2, true),
            // Not in every match, at no bounded place, in the keyword.
            ("://x@?", b"://x", 1, true),
            ("://(?:@|x)", b"://x", 1, true),
            ("://x*@", b"://x", 1, true),
            ("://x/", b"://x", 1, true),
        ] {
            let analysis = Analysis::new(expression, None, &keywords);
            assert_eq!(analysis.may_match(text, starts), want, "{expression} {}", text.escape_ascii());
        }
        assert!(Analysis::new("@[a-z]", None, &["@".to_owned()]).may_match(b"", 1));
    }
}
