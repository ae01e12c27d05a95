//! What is known of all matches of one expression.

use super::beginning::anchors;
use super::byte_set::{ByteSet, class_set};
use super::mark::Mark;
use super::parts::{Flat, LONGEST_LEAD};
use super::run::{Run, run_of};
use crate::leak::rule::parse_expression;
use regex_syntax::hir::{Hir, HirKind, Repetition};

/// What is known of all matches of an expression.
#[derive(Debug, Clone, Default)]
pub(in crate::leak::engine) struct Analysis {
    /// The most bytes that a match can have; `None` where there is no bound.
    pub(in crate::leak::engine) longest: Option<usize>,
    /// What the bytes of a match from its pivot on can be: the place in it that is known best.
    pub(in crate::leak::engine) lead: Vec<ByteSet>,
    /// How many bytes of a match stand before its pivot: at least, and at most where bounded.
    pub(in crate::leak::engine) before: (usize, Option<usize>),
    /// A row of bytes that is in every match.
    run: Option<Run>,
    /// A mark that is in every match.
    mark: Option<Mark>,
    /// For each keyword, how far behind the pivot it can stand; `None` where matches need not
    /// have one at a place that is known. Without, the pivot is where a match begins.
    pub(in crate::leak::engine) anchors: Option<Vec<Vec<u32>>>,
}

impl Analysis {
    /// Analyses `expression`, whose rule has `keywords`. `digit_in` is a group that has a digit in all
    /// matches that count. An expression that cannot be parsed is known nothing of.
    pub(in crate::leak::engine) fn new(expression: &str, digit_in: Option<usize>, keywords: &[String]) -> Self {
        let Ok(hir) = parse_expression(expression) else { return Self::default() };
        let Flat { parts, groups } = Flat::new(&hir);
        let group = digit_in.and_then(|group| groups.get(&group));
        // The first part from which on a keyword stands at a known place.
        let pivot = (0..parts.len()).find_map(|at| Some((at, anchors(parts.get(at..)?, keywords)?)));
        let (at, anchors) = pivot.map_or((0, None), |(at, anchors)| (at, Some(anchors)));
        let (front, back) = parts.split_at(at);
        let mut lead = Vec::new();
        let _ = back.iter().all(|part| extend_lead(part, &mut lead));
        let least = front.iter().map(|part| part.properties().minimum_len().unwrap_or(0)).sum();
        let most = front.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.properties().maximum_len()?));
        let (longest, run, mark) = (hir.properties().maximum_len(), run_of(&parts, group), Mark::of(&parts, keywords));
        Self { longest, lead, before: (least, most), run, mark, anchors }
    }

    /// Whether `bytes`, so far as they go, can stand in a match from its pivot on.
    pub(in crate::leak::engine) fn may_pivot(&self, bytes: &[u8]) -> bool {
        self.lead.iter().zip(bytes).all(|(set, byte)| set.contains(*byte))
    }

    /// Whether what every match needs stands in `bytes`, where matches begin in the first `starts` of them.
    pub(in crate::leak::engine) fn may_match(&self, bytes: &[u8], starts: usize) -> bool {
        self.run.as_ref().is_none_or(|run| run.stands_in(bytes, starts))
            && self.mark.is_none_or(|mark| mark.stands_in(bytes, starts))
    }
}

/// Adds what the first bytes of a match of `hir` can be. False where what comes after it cannot
/// be told a place.
fn extend_lead(hir: &Hir, lead: &mut Vec<ByteSet>) -> bool {
    if lead.len() >= LONGEST_LEAD {
        return false;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            for byte in &literal.0 {
                let mut set = ByteSet::default();
                set.insert(*byte);
                lead.push(set);
            }
            true
        }
        HirKind::Class(class) => class_set(class).is_some_and(|set| {
            lead.push(set);
            true
        }),
        HirKind::Repetition(Repetition { min, max, sub, .. }) => {
            (0..*min).all(|_| extend_lead(sub, lead)) && Some(*min) == *max
        }
        HirKind::Capture(capture) => extend_lead(&capture.sub, lead),
        HirKind::Concat(parts) => parts.iter().all(|part| extend_lead(part, lead)),
        HirKind::Alternation(ways) => {
            let mut joined: Option<Vec<ByteSet>> = None;
            let mut whole = true;
            for way in ways {
                let mut sets = Vec::new();
                whole &= extend_lead(way, &mut sets);
                match &mut joined {
                    None => joined = Some(sets),
                    Some(joined) => {
                        whole &= joined.len() == sets.len();
                        joined.truncate(sets.len());
                        for (set, other) in joined.iter_mut().zip(&sets) {
                            set.join(other);
                        }
                    }
                }
            }
            lead.extend(joined.unwrap_or_default());
            whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn where_keywords_stand_in_matches() {
        for (expression, keywords, want) in [
            ("ghp_[A-Za-z0-9]{36}", &["ghp_"][..], Some(vec![vec![0]])),
            (r"\b(AKIA|ASIA)[A-Z0-9]{16}\b", &["akia", "asia"], Some(vec![vec![0], vec![0]])),
            ("-----BEGIN PRIVATE KEY-----[A-Z]*", &["begin private key"], Some(vec![vec![5]])),
            ("(?i:ab?c)x", &["abc", "ac"], Some(vec![vec![0], vec![0]])),
            ("(?i)[a-z]{2,9}secret", &["secret"], Some(vec![vec![0]])),
            ("(?i)(?:[a-z]{2,9}secret|x)y", &["secret"], None),
            ("SK[0-9a-f]{32}", &["sk0", "sk1"], None),
            ("SK[01][0-9a-f]{31}", &["sk0", "sk1"], Some(vec![vec![0], vec![0]])),
            ("(?:x|yz)key", &["key"], Some(vec![vec![1, 2]])),
            ("", &["key"], None),
        ] {
            assert_eq!(Analysis::new(expression, None, &words(keywords)).anchors, want, "{expression}");
        }
    }

    #[test]
    fn beginnings_and_runs_rule_out() {
        let analysis = Analysis::new(r"pat([A-Za-z0-9]{14}\.[a-f0-9]{64})\b", None, &words(&["pat"]));
        assert_eq!(analysis.longest, Some(82));
        assert!(analysis.may_pivot(b"patABCDEFGHIJKLMN.a0"));
        assert!(analysis.may_pivot(b"pat"));
        assert!(!analysis.may_pivot(b"pattern. More"));
        assert!(analysis.may_match(&[b'a'; 64], 1));
        assert!(!analysis.may_match(&[b'a'; 63], 1));
        let mut text = vec![b'a'; 200];
        text[70] = b'-';
        text[135] = b'-';
        assert!(analysis.may_match(&text, 1));
        text[20] = b'-';
        text[190] = b'-';
        assert!(analysis.may_match(&text[71..135], 1) && !analysis.may_match(&text[72..135], 1));
        // The run ends 82 bytes behind the beginning: a match must begin near enough.
        assert!(!analysis.may_match(&text, 53) && analysis.may_match(&text, 54));
    }

    #[test]
    fn a_pivot_may_stand_inside() {
        let analysis = Analysis::new(
            r"(?:^|\n)[ ]{0,8}(?:export )?[A-Z_]{0,40}(?:TOKEN|API_?KEY)=(\S{8})",
            None,
            &words(&["token", "api_key", "apikey"]),
        );
        assert_eq!(analysis.before, (0, Some(56)));
        assert_eq!(analysis.anchors, Some(vec![vec![0], vec![0], vec![0]]));
        assert!(analysis.may_pivot(b"TOKEN=x"));
        assert!(!analysis.may_pivot(b"token=x"));
    }

    #[test]
    fn an_alternative_without_a_run_needs_none() {
        assert!(Analysis::new("a|[0-9]{20}", None, &[]).run.is_none());
        let either = Analysis::new("x(?:[a-f]{8}|[0-9]{20})", None, &[]).run;
        let count = |run: Run| run.set.iter().filter(|is| **is).count();
        assert_eq!(either.map(|run| (run.length, run.within, count(run))), Some((8, 21, 16)));
        let later = Analysis::new("x*[0-9]{20}", None, &[]).run;
        assert_eq!(later.map(|run| (run.length, run.within)), Some((20, usize::MAX)));
    }
}
