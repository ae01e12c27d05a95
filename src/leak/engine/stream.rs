//! Follows one text through the rules, slice by slice.
//!
//! A keyword makes a candidate; a candidate waits until the text has come as far as a match can
//! reach, so that the answer is the same however the text was cut. It refuses to know what a
//! finding is called.

use super::analysis::{AROUND, LONG};
use super::index::Hit;
use super::machine::{LOOK_BEHIND, MARGIN, Match, Start};
use super::near::{Progress, To, Told};
use super::search::Engine;
use super::window::View;
use crate::leak::quota::{Quota, Unkept};
use std::ops::Range;

/// A secret that stood in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The rule's number.
    pub(crate) rule: u32,
    /// Offsets of the whole match in the text.
    pub(crate) whole: Range<u64>,
    /// Offsets of the secret in the text.
    pub(crate) span: Range<u64>,
    /// The secret.
    pub(crate) secret: Vec<u8>,
    /// What stands around it, where the engine has rules from outside.
    pub(crate) context: Option<Box<Context>>,
    /// What led to it.
    pub(crate) cause: Cause,
}

/// The word that made a rule worth a try: an order of sightings that does not depend on when
/// they were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cause {
    /// Where it stands; behind all where the rule has no words.
    at: u64,
    word: u32,
}

impl Sighting {
    /// What orders sightings in one text.
    pub(crate) fn order(&self) -> (Cause, u32, u64) {
        (self.cause, self.rule, self.whole.start)
    }
}

/// What stands around a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    /// The whole match.
    pub(crate) matched: Vec<u8>,
    /// The lines that the match is part of, so far as they are near.
    pub(crate) lines: Vec<u8>,
    /// How many lines stand before the match in its text.
    pub(crate) line: u64,
    /// How many bytes of its line stand before the match.
    pub(crate) column: u64,
}

/// So much of a line is looked at before and behind a match, in bytes.
const LINE: usize = 256;

/// What is kept of a text between two slices of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    candidates: Vec<Candidate>,
    /// For rules that met a match lately, where their next one may begin.
    free: Vec<(u32, u64)>,
    /// Up to where keywords were looked for.
    progress: Progress,
    /// Up to where rules without keywords were tried.
    tried: u64,
    /// Whether one of the words stood there that are to be noticed.
    noticed: bool,
    lines: Lines,
    /// Which sightings are kept.
    quota: Quota,
}

/// Newlines that were counted.
#[derive(Debug, Clone, Copy, Default)]
struct Lines {
    /// Up to where in the text.
    to: u64,
    count: u64,
    /// Where the line begins that `to` is in.
    start: u64,
}

/// A rule that is to be tried.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    rule: u32,
    start: Start,
    /// Up to where the text must have come.
    end: u64,
    cause: Cause,
}

/// Rules without a keyword are tried at so many places at once.
const STRIDE: u64 = 4096;

/// So much of the text is kept behind what can still be tried: as far as a match may begin
/// before its keyword, the longest keyword, the name that a match may begin in, and a token that
/// begins and tells that a keyword before it counts.
const KEPT: u64 = (LOOK_BEHIND + MARGIN + 128 + LONG + AROUND.0) as u64;

/// More candidates than this at once are not kept: no text has them but one made for it.
const MOST_CANDIDATES: usize = 4096;

impl Engine {
    /// How much more of the text behind a match is waited for than the match itself needs.
    fn margin(&self) -> usize {
        if self.has_outside() { LINE } else { 0 }
    }

    /// Everything in `text`, which is whole and in which words stand where `hits` says. Adds to `unkept`.
    pub(crate) fn find_at(&self, text: &[u8], hits: &[Hit], unkept: &mut Unkept) -> Vec<Sighting> {
        let mut found = Vec::new();
        *unkept += around(self, text, hits, &mut found);
        found
    }

    /// Everything in `text`, which is whole. Adds to `unkept`.
    pub(crate) fn find(&self, text: &[u8], unkept: &mut Unkept) -> Vec<Sighting> {
        let mut found = Vec::new();
        *unkept += whole(self, text, &mut found);
        found
    }
}

impl Stream {
    /// Takes up what `view` has more of than the last time; `ended` where nothing follows.
    pub(crate) fn advance(&mut self, engine: &Engine, view: View<'_>, ended: bool, found: &mut Vec<Sighting>) {
        let mut told: Vec<Told> = Vec::new();
        engine.find_words(view, &mut self.progress, &mut told);
        let mut text = Text { engine, view, ended, found, lines: self.lines };
        // What has waited comes first: it stands before what was found now.
        self.settle(&mut text);
        for told in told {
            self.take(&mut text, told);
        }
        self.without_words(&mut text);
        if engine.has_outside() {
            // What is let go is counted before.
            self.lines = self.lines.on(view, self.needed(view));
        }
    }

    /// From which offset on the text is still needed.
    pub(crate) fn needed(&self, view: View<'_>) -> u64 {
        let oldest = self.candidates.iter().map(|candidate| candidate.start.first()).min();
        let oldest = oldest.unwrap_or(u64::MAX).min(view.end());
        oldest.saturating_sub(KEPT)
    }

    /// Up to where words were looked for.
    pub(crate) fn scanned(&self) -> u64 {
        self.progress.scanned
    }

    /// Whether one of the words that the engine notices stood in the text so far.
    pub(crate) fn noticed(&self) -> bool {
        self.noticed
    }

    /// Takes out how much was found since the last call and not kept.
    pub(crate) fn take_unkept(&mut self) -> Unkept {
        std::mem::take(&mut self.quota.unkept)
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.quota.weight()
            + self.candidates.capacity() * size_of::<Candidate>()
            + self.free.capacity() * size_of::<(u32, u64)>()
    }

    /// Tries what waited and need not wait any longer.
    fn settle(&mut self, text: &mut Text<'_>) {
        if self.candidates.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.candidates);
        waiting.retain(|candidate| {
            let ready = text.ended || candidate.end <= text.view.end();
            if ready {
                self.attempt(text, *candidate);
            }
            !ready
        });
        self.candidates = waiting;
        if self.candidates.is_empty() && self.candidates.capacity() > 64 {
            self.candidates = Vec::new();
        }
    }

    /// A word was found.
    fn take(&mut self, text: &mut Text<'_>, told: Told) {
        let engine = text.engine;
        let at = text.view.base + told.hit.at as u64;
        self.noticed |= engine.noticed.get(told.hit.word as usize).copied().unwrap_or(false);
        for (rule, keyword) in engine.users(told) {
            self.consider(text, (rule, keyword as usize), Cause { at, word: told.hit.word });
        }
    }

    /// One of the rule's keywords stands where `cause` says.
    fn consider(&mut self, text: &mut Text<'_>, (rule, keyword): (u32, usize), cause: Cause) {
        let Some(machine) = text.engine.machines.get(rule as usize) else { return };
        let (view, engine) = (text.view, text.engine);
        machine.starts(
            keyword,
            cause.at,
            |offset| view.from(offset),
            |start| {
                let reach = machine.reach() + MARGIN + engine.margin();
                let end = start.last().saturating_add(reach as u64);
                self.put(text, Candidate { rule, start, end, cause });
            },
        );
    }

    /// Tries a candidate now or later.
    fn put(&mut self, text: &mut Text<'_>, candidate: Candidate) {
        if text.ended || candidate.end <= text.view.end() {
            self.attempt(text, candidate);
        } else if self.candidates.len() < MOST_CANDIDATES {
            self.candidates.push(candidate);
        } else {
            self.quota.unkept.candidates += 1;
        }
    }

    /// Rules without keywords are tried everywhere, a stride at a time.
    fn without_words(&mut self, text: &mut Text<'_>) {
        if text.engine.wordless.is_empty() {
            return;
        }
        while self.tried < text.view.end() {
            let last = self.tried + STRIDE - 1;
            if !text.ended && last >= text.view.end() {
                break;
            }
            for &rule in &text.engine.wordless {
                let reach = text.engine.machines.get(rule as usize).map_or(0, super::machine::Machine::reach);
                let end = last.saturating_add((reach + MARGIN + text.engine.margin()) as u64);
                let cause = Cause { at: u64::MAX, word: 0 };
                self.put(text, Candidate { rule, start: Start::Between(self.tried, last), end, cause });
            }
            self.tried = last + 1;
        }
    }

    /// Runs the expression.
    fn attempt(&mut self, text: &mut Text<'_>, candidate: Candidate) {
        let Some(machine) = text.engine.machines.get(candidate.rule as usize) else { return };
        let base = text.view.base;
        let end = candidate.end.saturating_sub(text.engine.margin() as u64);
        let end = text.view.index(end).min(text.view.bytes.len());
        let Some(bytes) = text.view.bytes.get(..end) else { return };
        let (first, last) = (candidate.start.first(), candidate.start.last());
        let free = self.free.iter().position(|(rule, _)| *rule == candidate.rule);
        let mut at = free.and_then(|free| self.free.get(free)).map_or(first, |(_, free)| first.max(*free));
        if at > last {
            return;
        }
        let starts = text.view.index(last) + 1 - text.view.index(at);
        if !machine.may_match(bytes.get(text.view.index(at)..).unwrap_or_default(), starts) {
            return;
        }
        let before = at;
        while at <= last {
            let starts = text.view.index(at)..text.view.index(last) + 1;
            let Some(found) = machine.find(bytes, starts) else { break };
            let accepted = machine.accepts(bytes, &found);
            if accepted && self.quota.admits(candidate.rule) {
                text.keep(candidate, &found);
            }
            let next = if accepted || machine.rule.is_outside {
                found.whole.end.max(found.whole.start + 1)
            } else {
                // What was no secret may yet name the one behind it: go on inside the match.
                found.secret.start.max(found.whole.start + 1)
            };
            at = base + next as u64;
        }
        if at != before {
            if let Some((_, free)) = free.and_then(|free| self.free.get_mut(free)) {
                *free = at;
            } else {
                // Those that lie behind everything that can still be tried say nothing.
                let oldest = text.view.base;
                self.free.retain(|(_, free)| *free > oldest);
                self.free.push((candidate.rule, at));
            }
        }
    }
}

/// What is looked through at the moment.
struct Text<'a> {
    engine: &'a Engine,
    view: View<'a>,
    ended: bool,
    found: &'a mut Vec<Sighting>,
    lines: Lines,
}

impl Text<'_> {
    fn keep(&mut self, candidate: Candidate, found: &Match) {
        let base = self.view.base;
        let span = |range: &Range<usize>| base + range.start as u64..base + range.end as u64;
        let secret = self.view.bytes.get(found.secret.clone()).unwrap_or_default().to_vec();
        let context = self.engine.has_outside().then(|| Box::new(self.context(&found.whole)));
        let (whole, span) = (span(&found.whole), span(&found.secret));
        let Candidate { rule, cause, .. } = candidate;
        self.found.push(Sighting { rule, whole, span, secret, context, cause });
    }

    fn context(&self, whole: &Range<usize>) -> Context {
        let bytes = self.view.bytes;
        let slice = |range: Range<usize>| bytes.get(range).unwrap_or_default();
        let before = slice(whole.start.saturating_sub(LINE)..whole.start);
        let after = slice(whole.end..(whole.end + LINE).min(bytes.len()));
        let before = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let after = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let start = self.view.base + whole.start as u64;
        let lines = self.lines.on(self.view, start);
        Context {
            matched: slice(whole.clone()).to_vec(),
            lines: slice(whole.start - before.len()..whole.end + after.len()).to_vec(),
            line: lines.count,
            column: start.saturating_sub(lines.start),
        }
    }
}

impl Lines {
    /// Counts on up to the offset `to`.
    fn on(self, view: View<'_>, to: u64) -> Self {
        let from = self.to.max(view.base);
        let part = view.bytes.get(view.index(from)..view.index(to).min(view.bytes.len())).unwrap_or_default();
        Self {
            to: to.max(self.to),
            count: self.count + memchr::memchr_iter(b'\n', part).count() as u64,
            start: memchr::memrchr(b'\n', part).map_or(self.start, |at| from + at as u64 + 1),
        }
    }
}

/// Looks through a text that is whole; gives what was not kept.
fn whole(engine: &Engine, text: &[u8], found: &mut Vec<Sighting>) -> Unkept {
    let mut stream = Stream::default();
    stream.advance(engine, View { bytes: text, base: 0 }, true, found);
    stream.take_unkept()
}

/// Looks through a text that is whole and whose words are known; gives what was not kept.
fn around(engine: &Engine, text: &[u8], hits: &[Hit], found: &mut Vec<Sighting>) -> Unkept {
    let (view, lines) = (View { bytes: text, base: 0 }, Lines::default());
    let mut text = Text { engine, view, ended: true, found, lines };
    let mut stream = Stream::default();
    for hit in hits {
        stream.take(&mut text, Told { hit: *hit, to: To::All });
    }
    stream.take_unkept()
}
