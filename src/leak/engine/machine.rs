//! One rule, ready to be tried where one of its keywords stands.
//!
//! Most rules never meet their keyword: each is analysed when it first does, and compiled when
//! the analysis cannot rule the text out. It refuses to know where the text came from.

use super::analysis::{Analysis, LOOK_AHEAD, holds_token};
use crate::leak::rule::{MAX_REACH, Rule, named};
use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};
use std::ops::Range;
use std::sync::OnceLock;

/// A rule and what was made of it so far.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) rule: Rule,
    analysis: OnceLock<Facts>,
    compiled: OnceLock<Option<Compiled>>,
}

/// What is known of a rule's matches.
#[derive(Debug)]
struct Facts {
    analysis: Analysis,
    /// The most bytes a match can have.
    reach: usize,
}

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    allow: Option<Regex>,
}

/// What the beginning of a match can look back at, and its end ahead, in bytes: `\b` and the
/// like see one, and whether a name goes on.
pub(super) const MARGIN: usize = 4;

/// A match, and the secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) whole: Range<usize>,
    pub(super) secret: Range<usize>,
}

/// Where a rule is worth a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Matches begin exactly here.
    At(u64),
    /// Matches begin at the earliest and at the latest here.
    Between(u64, u64),
}

impl Machine {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule, analysis: OnceLock::new(), compiled: OnceLock::new() }
    }

    fn facts(&self) -> &Facts {
        self.analysis.get_or_init(|| {
            let analysis = Analysis::new(&self.rule.expression, self.digit_in(), &self.rule.keywords);
            let reach = analysis.longest.map_or(MAX_REACH, |longest| longest.min(MAX_REACH));
            Facts { analysis, reach }
        })
    }

    /// The group that has a digit in all matches that count, where there is one.
    fn digit_in(&self) -> Option<usize> {
        self.rule.needs_digit().then_some(self.rule.secret_group)
    }

    /// The most bytes a match can have.
    pub(super) fn reach(&self) -> usize {
        self.facts().reach
    }

    /// Whether every match that counts holds a token, with its keyword near by.
    pub(super) fn holds_token(&self) -> bool {
        self.rule.holds_token.unwrap_or_else(|| self.analyse_token())
    }

    /// As [`Self::holds_token`], found out by reading the expression: for hundreds of them that takes
    /// longer than most captures.
    pub(super) fn analyse_token(&self) -> bool {
        holds_token(&self.rule.expression, self.digit_in(), || self.facts().analysis.anchors.is_some())
    }

    /// Where matches can begin that have keyword number `keyword` at `at`. `text` gives the bytes
    /// from an offset on, so far as there are any.
    pub(super) fn starts<'a>(
        &self,
        keyword: usize,
        at: u64,
        text: impl Fn(u64) -> &'a [u8],
        mut each: impl FnMut(Start),
    ) {
        let Facts { analysis, reach } = self.facts();
        let Some(anchors) = &analysis.anchors else {
            let first = at.saturating_sub((*reach).min(LOOK_BEHIND) as u64);
            return each(Start::Between(first, at.saturating_add(LOOK_AHEAD)));
        };
        for offset in anchors.get(keyword).into_iter().flatten() {
            let Some(pivot) = at.checked_sub(u64::from(*offset)) else { continue };
            let (least, most) = analysis.before;
            let Some(last) = pivot.checked_sub(least as u64) else { continue };
            if analysis.may_pivot(text(pivot)) {
                let most = most.unwrap_or(LOOK_BEHIND).min(LOOK_BEHIND) as u64;
                each(if most == 0 { Start::At(last) } else { Start::Between(pivot.saturating_sub(most), last) });
            }
        }
    }

    /// Whether a match can begin in the first `starts` of `bytes`.
    pub(super) fn may_match(&self, bytes: &[u8], starts: usize) -> bool {
        self.facts().analysis.may_match(bytes, starts)
    }

    fn compiled(&self) -> Option<&Compiled> {
        let build = |expression: &str, prefilter: bool| {
            Regex::builder()
                .syntax(syntax::Config::new().unicode(false).utf8(false))
                .configure(
                    Config::new()
                        .utf8_empty(false)
                        .auto_prefilter(prefilter)
                        .nfa_size_limit(Some(COMPILED_LIMIT))
                        .onepass(false)
                        .hybrid_cache_capacity(STATES_LIMIT),
                )
                .build(expression)
                .ok()
        };
        self.compiled
            .get_or_init(|| {
                let anchored = self.facts().analysis.anchors.is_some() && self.facts().analysis.before.1 == Some(0);
                let regex = build(&self.rule.expression, !anchored)?;
                let allow = match &self.rule.allow {
                    Some(allow) => Some(build(allow, true)?),
                    None => None,
                };
                Some(Compiled { regex, allow })
            })
            .as_ref()
    }

    /// The first match in `text` that begins in `starts` and ends where `text` does or before.
    /// With a range of one place the expression is tried there alone.
    pub(super) fn find(&self, text: &[u8], starts: Range<usize>) -> Option<Match> {
        let Compiled { regex, .. } = self.compiled()?;
        if starts.start >= starts.end || starts.start > text.len() {
            return None;
        }
        let anchored = if starts.len() == 1 { Anchored::Yes } else { Anchored::No };
        let input = Input::new(text).range(starts.start..).anchored(anchored);
        if self.rule.secret_group == 0 && (!self.rule.is_outside || regex.captures_len() == 1) {
            let whole = regex.search(&input)?.range();
            let secret = if self.rule.is_outside { without_newlines(text, whole.clone()) } else { whole.clone() };
            return starts.contains(&whole.start).then_some(Match { whole, secret });
        }
        // Groups cost more; most text that is tried does not match at all.
        regex.search_half(&input)?;
        let mut groups = regex.create_captures();
        regex.search_captures(&input, &mut groups);
        let whole = groups.get_group(0)?.range();
        let group = if self.rule.is_outside && self.rule.secret_group == 0 {
            groups.iter().skip(1).flatten().find(|group| !group.is_empty())
        } else {
            groups.get_group(self.rule.secret_group)
        };
        let secret = group.map_or_else(|| without_newlines(text, whole.clone()), |group| group.range());
        starts.contains(&whole.start).then_some(Match { whole, secret })
    }

    /// Whether the match is a secret: not excused, rich enough, no placeholder, its check passed.
    pub(super) fn accepts(&self, text: &[u8], found: &Match) -> bool {
        let slice = |range: Range<usize>| text.get(range).unwrap_or_default();
        let excused = || {
            let allow = self.compiled().and_then(|compiled| compiled.allow.as_ref());
            allow.is_some_and(|allow| allow.is_match(slice(named(text, &found.whole))))
        };
        self.rule.accepts(slice(found.secret.clone())) && !excused()
    }
}

/// `range` without the newlines at its ends.
fn without_newlines(text: &[u8], range: Range<usize>) -> Range<usize> {
    let part = text.get(range.clone()).unwrap_or_default();
    let first = part.iter().position(|byte| *byte != b'\n').unwrap_or(0);
    let last = part.iter().rposition(|byte| *byte != b'\n').map_or(first, |last| last + 1);
    range.start + first..range.start + last
}

/// The most memory that one expression may take, compiled.
const COMPILED_LIMIT: usize = 10 << 20;

/// The most memory for the states of one expression that were met, in each thread: where they do
/// not fit, they are made again and again. Only expressions that are tried on much text come near it.
const STATES_LIMIT: usize = 1 << 20;

/// How far in front of a keyword a match may begin, in bytes.
pub(super) const LOOK_BEHIND: usize = 512;

impl Start {
    /// The latest place.
    pub(super) const fn last(self) -> u64 {
        match self {
            Self::At(at) | Self::Between(_, at) => at,
        }
    }

    /// The earliest place.
    pub(super) const fn first(self) -> u64 {
        match self {
            Self::At(at) | Self::Between(at, _) => at,
        }
    }
}
