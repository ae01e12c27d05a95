//! Reads off an expression what every match of it must have: how it begins, how long it can be,
//! and a run of letters that it cannot do without.
//!
//! All of it only ever rules out; what it cannot tell it leaves to the expression. It refuses
//! to run expressions.

use super::machine::LOOK_AHEAD;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};
use std::sync::LazyLock;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ByteSet([u64; 4]);

impl ByteSet {
    fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    pub(super) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    fn join(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(word, other)| word & !other == 0)
    }

    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|byte| self.contains(*byte))
    }
}

/// What is known of all matches of an expression.
#[derive(Debug, Clone, Default)]
pub(super) struct Analysis {
    /// The most bytes that a match can have; `None` where there is no bound.
    pub(super) longest: Option<usize>,
    /// What the bytes of a match from its pivot on can be: the place in it that is known best.
    pub(super) lead: Vec<ByteSet>,
    /// How many bytes of a match stand before its pivot: at least, and at most where bounded.
    pub(super) before: (usize, Option<usize>),
    /// A row of bytes that is in every match.
    pub(super) run: Option<Run>,
    /// For each keyword, how far behind the pivot it can stand; `None` where matches need not
    /// have one at a place that is known. Without, the pivot is where a match begins.
    pub(super) anchors: Option<Vec<Vec<u32>>>,
}

/// So many letters, digits and other bytes of [`is_token`] in a row are a token.
pub(super) const TOKEN: usize = 16;

/// How many bytes before and behind a token words are looked for that tell of it.
pub(super) const AROUND: (usize, usize) = (448, 384);

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

/// A row of bytes of one set.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Whether a byte is of the set.
    set: Box<[bool; 256]>,
    /// So many of them stand in a row.
    length: usize,
    /// The row ends within so many bytes of where the match begins.
    within: usize,
}

/// So many bytes of the beginning are looked at.
const LONGEST_LEAD: usize = 48;
/// An expression that begins in more ways than these is not followed.
const MOST_BEGINNINGS: usize = 600;
/// A class with more letters than this is not followed one by one.
const WIDEST_CLASS: u32 = 26;

impl Analysis {
    /// Analyses `expression`, whose rule has `keywords`. An expression that cannot be parsed
    /// is known nothing of.
    pub(super) fn new(expression: &str, keywords: &[String]) -> Self {
        let parsed = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(expression);
        let Ok(hir) = parsed else { return Self::default() };
        let mut parts = Vec::new();
        flatten(&hir, &mut parts);
        // The first part from which on a keyword stands at a known place.
        let pivot = (0..parts.len()).find_map(|at| Some((at, anchors(parts.get(at..)?, keywords)?)));
        let (at, anchors) = pivot.map_or((0, None), |(at, anchors)| (at, Some(anchors)));
        let (front, back) = parts.split_at(at);
        let mut lead = Vec::new();
        let _ = back.iter().all(|part| extend_lead(part, &mut lead));
        let least = front.iter().map(|part| part.properties().minimum_len().unwrap_or(0)).sum();
        let most = front.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.properties().maximum_len()?));
        Self { longest: hir.properties().maximum_len(), lead, before: (least, most), run: run_of(&parts), anchors }
    }

    /// Whether `bytes`, so far as they go, can stand in a match from its pivot on.
    pub(super) fn may_pivot(&self, bytes: &[u8]) -> bool {
        self.lead.iter().zip(bytes).all(|(set, byte)| set.contains(*byte))
    }

    /// Whether the run that every match needs stands in `bytes`, where matches begin in the first
    /// `starts` of them.
    pub(super) fn has_run(&self, bytes: &[u8], starts: usize) -> bool {
        let Some(Run { set, length, within }) = &self.run else { return true };
        let end = within.saturating_add(starts.saturating_sub(1));
        let bytes = bytes.get(..end).unwrap_or(bytes);
        let mut at = 0;
        // From the run's end backwards: what is no part of it is a reason to leap.
        while let Some(part) = bytes.get(at..at + length) {
            match part.iter().rposition(|byte| !set.get(usize::from(*byte)).copied().unwrap_or(false)) {
                Some(stranger) => at += stranger + 1,
                None => return true,
            }
        }
        false
    }
}

/// The longest run that is in every match of these parts, one after the other.
fn run_of(parts: &[&Hir]) -> Option<Run> {
    let mut before = Some(0_usize);
    let mut best: Option<(ByteSet, usize, usize)> = None;
    for part in parts {
        let most = part.properties().maximum_len();
        if let Some((set, length)) = longest_run(part).filter(|(set, length)| *length >= 4 && set.len() <= 128) {
            let is_all = matches!(part.kind(), HirKind::Repetition(Repetition { sub, .. })
                if matches!(sub.kind(), HirKind::Class(_)));
            let end = if is_all { Some(length) } else { most };
            let within = before.and_then(|before| before.checked_add(end?)).unwrap_or(usize::MAX);
            if best.as_ref().is_none_or(|(_, least, _)| length > *least) {
                best = Some((set, length, within));
            }
        }
        before = before.and_then(|before| before.checked_add(most?));
    }
    let (set, length, within) = best?;
    let mut table = Box::new([false; 256]);
    for byte in set.iter() {
        if let Some(is) = table.get_mut(usize::from(byte)) {
            *is = true;
        }
    }
    Some(Run { set: table, length, within })
}

fn class_set(class: &Class) -> Option<ByteSet> {
    let mut set = ByteSet::default();
    match class {
        Class::Bytes(class) => {
            for range in class.ranges() {
                (range.start()..=range.end()).for_each(|byte| set.insert(byte));
            }
        }
        Class::Unicode(class) => {
            for range in class.ranges() {
                let (start, end) = (u8::try_from(range.start()).ok()?, u8::try_from(range.end()).ok()?);
                if !end.is_ascii() {
                    return None;
                }
                (start..=end).for_each(|byte| set.insert(byte));
            }
        }
    }
    Some(set)
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

/// Whether every match of `expression` holds a token, and each keyword that tells of one stands at
/// most [`AROUND`] it. `is_anchored` says whether the keyword is part of the match; it is asked
/// only where that decides.
pub(super) fn holds_token(expression: &str, is_anchored: impl FnOnce() -> bool) -> bool {
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

/// One way in which a match can begin, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Beginning {
    bytes: Vec<u8>,
    /// Whether what comes next in the expression comes next in the text.
    open: bool,
}

/// The parts of `hir` that follow each other in a match.
fn flatten<'a>(hir: &'a Hir, parts: &mut Vec<&'a Hir>) {
    match hir.kind() {
        HirKind::Concat(concat) => concat.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        _ => parts.push(hir),
    }
}

fn anchors(parts: &[&Hir], keywords: &[String]) -> Option<Vec<Vec<u32>>> {
    let mut beginnings = vec![Beginning { bytes: Vec::new(), open: true }];
    for part in parts {
        if beginnings.iter().any(|beginning| beginning.open) {
            follow(part, &mut beginnings)?;
        }
    }
    let mut anchors = vec![Vec::new(); keywords.len()];
    for beginning in &beginnings {
        // Any keyword in the beginning will do; the first in it is taken.
        let places = keywords.iter().enumerate().filter_map(|(number, keyword)| {
            let keyword = keyword.as_bytes();
            // Both are in lower case.
            Some((memchr::memmem::find(&beginning.bytes, keyword)?, number))
        });
        let (at, number) = places.min()?;
        let offsets = anchors.get_mut(number)?;
        let at = at as u32;
        if !offsets.contains(&at) {
            offsets.push(at);
        }
    }
    Some(anchors)
}

/// Follows `hir` from each of the beginnings. `None` where there are too many.
fn follow(hir: &Hir, beginnings: &mut Vec<Beginning>) -> Option<()> {
    if beginnings.len() > MOST_BEGINNINGS {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => append(beginnings, &literal.0),
        HirKind::Class(class) => follow_class(class, beginnings),
        HirKind::Repetition(Repetition { min: 0, max: Some(1), sub, .. }) => {
            let mut with = beginnings.clone();
            follow(sub, &mut with)?;
            beginnings.append(&mut with);
            distinct(beginnings);
        }
        HirKind::Repetition(Repetition { min, max, sub, .. }) => {
            for _ in 0..(*min).min(LONGEST_LEAD as u32) {
                follow(sub, beginnings)?;
            }
            if Some(*min) != *max {
                close(beginnings);
            }
        }
        HirKind::Capture(capture) => follow(&capture.sub, beginnings)?,
        HirKind::Concat(parts) => {
            for part in parts {
                if beginnings.iter().all(|beginning| !beginning.open) {
                    break;
                }
                follow(part, beginnings)?;
            }
        }
        HirKind::Alternation(ways) => {
            let mut all = Vec::new();
            for way in ways {
                let mut with = beginnings.clone();
                follow(way, &mut with)?;
                all.append(&mut with);
            }
            *beginnings = all;
            distinct(beginnings);
        }
    }
    (beginnings.len() <= MOST_BEGINNINGS).then_some(())
}

/// What was told apart only before is one.
fn distinct(beginnings: &mut Vec<Beginning>) {
    beginnings.sort_unstable();
    beginnings.dedup();
}

fn close(beginnings: &mut [Beginning]) {
    for beginning in beginnings {
        beginning.open = false;
    }
}

fn append(beginnings: &mut [Beginning], bytes: &[u8]) {
    for beginning in beginnings.iter_mut().filter(|beginning| beginning.open) {
        beginning.bytes.extend(bytes.iter().map(u8::to_ascii_lowercase));
        beginning.open = beginning.bytes.len() < LONGEST_LEAD;
    }
}

fn follow_class(class: &Class, beginnings: &mut Vec<Beginning>) {
    let mut folded = ByteSet::default();
    if let Some(set) = class_set(class) {
        set.iter().for_each(|byte| folded.insert(byte.to_ascii_lowercase()));
    }
    let open = beginnings.iter().filter(|beginning| beginning.open).count();
    let width = folded.len();
    if width == 0 || width > WIDEST_CLASS || open * width as usize > MOST_BEGINNINGS {
        close(beginnings);
        return;
    }
    if let (Some(byte), 1) = (folded.iter().next(), width) {
        return append(beginnings, &[byte]);
    }
    let mut all = Vec::with_capacity(beginnings.len() * width as usize);
    for beginning in beginnings.drain(..) {
        if !beginning.open {
            all.push(beginning);
            continue;
        }
        for byte in folded.iter() {
            let mut with = beginning.clone();
            with.bytes.push(byte);
            with.open = with.bytes.len() < LONGEST_LEAD;
            all.push(with);
        }
    }
    *beginnings = all;
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
            assert_eq!(Analysis::new(expression, &words(keywords)).anchors, want, "{expression}");
        }
    }

    #[test]
    fn beginnings_and_runs_rule_out() {
        let analysis = Analysis::new(r"pat([A-Za-z0-9]{14}\.[a-f0-9]{64})\b", &words(&["pat"]));
        assert_eq!(analysis.longest, Some(82));
        assert!(analysis.may_pivot(b"patABCDEFGHIJKLMN.a0"));
        assert!(analysis.may_pivot(b"pat"));
        assert!(!analysis.may_pivot(b"pattern. More"));
        assert!(analysis.has_run(&[b'a'; 64], 1));
        assert!(!analysis.has_run(&[b'a'; 63], 1));
        let mut text = vec![b'a'; 200];
        text[70] = b'-';
        text[135] = b'-';
        assert!(analysis.has_run(&text, 1));
        text[20] = b'-';
        text[190] = b'-';
        assert!(analysis.has_run(&text[71..135], 1) && !analysis.has_run(&text[72..135], 1));
        // The run ends 82 bytes behind the beginning: a match must begin near enough.
        assert!(!analysis.has_run(&text, 53) && analysis.has_run(&text, 54));
    }

    #[test]
    fn a_pivot_may_stand_inside() {
        let analysis = Analysis::new(
            r"(?:^|\n)[ ]{0,8}(?:export )?[A-Z_]{0,40}(?:TOKEN|API_?KEY)=(\S{8})",
            &words(&["token", "api_key", "apikey"]),
        );
        assert_eq!(analysis.before, (0, Some(56)));
        assert_eq!(analysis.anchors, Some(vec![vec![0], vec![0], vec![0]]));
        assert!(analysis.may_pivot(b"TOKEN=x"));
        assert!(!analysis.may_pivot(b"token=x"));
    }

    #[test]
    fn an_alternative_without_a_run_needs_none() {
        assert!(Analysis::new("a|[0-9]{20}", &[]).run.is_none());
        let either = Analysis::new("x(?:[a-f]{8}|[0-9]{20})", &[]).run;
        let count = |run: Run| run.set.iter().filter(|is| **is).count();
        assert_eq!(either.map(|run| (run.length, run.within, count(run))), Some((8, 21, 16)));
        let later = Analysis::new("x*[0-9]{20}", &[]).run;
        assert_eq!(later.map(|run| (run.length, run.within)), Some((20, usize::MAX)));
    }
}
