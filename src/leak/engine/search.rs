//! The rules, ready to be looked for, and where their words stand.

use super::index::{Hit, Words};
use super::machine::Machine;
use super::near::{Near, Progress, To, Told};
use super::prefilter::Prefilter;
use super::window::View;
use crate::leak::rule::Rule;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Rules, ready to be looked for in any number of texts at once.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    /// Tells engines apart; 0 for those that are empty.
    id: u64,
    pub(super) machines: Vec<Machine>,
    /// For each word, the rules that have it as a keyword, and its number among theirs.
    users: Vec<Vec<(u32, u32)>>,
    words: Words,
    prefilter: Prefilter,
    /// The faster way, made once there is much to look through.
    near: OnceLock<Option<Near>>,
    /// How many bytes were looked through before.
    seen: AtomicUsize,
    /// Rules without keywords.
    pub(super) wordless: Vec<u32>,
    /// Whether matches need to be told with what stands around them.
    has_outside: bool,
    /// Which words are to be noticed although no rule has them.
    pub(super) noticed: Vec<bool>,
    /// Whether all there is to find is near words, and no word has a line feed in it.
    is_of_lines: bool,
}

/// How many engines there were.
static ENGINES: AtomicU64 = AtomicU64::new(0);

/// In place of a rule's number where a word is only noticed.
const NOBODY: u32 = u32::MAX;

/// So many bytes are looked through before it pays to analyse all rules.
const MUCH: usize = 1 << 20;

impl Engine {
    /// Looks for what `rules` describe, and notices where one of the words in `notice` stands.
    pub(crate) fn new(rules: Vec<Rule>, notice: &[&str]) -> Self {
        let mut words: Vec<(&str, u32, u32)> = notice.iter().map(|word| (*word, NOBODY, 0)).collect();
        let mut wordless = Vec::new();
        for (number, rule) in (0..).zip(&rules) {
            words.extend((0..).zip(&rule.keywords).map(|(which, word)| (word.as_str(), number, which)));
            if rule.keywords.is_empty() && !rule.is_of_paths() {
                wordless.push(number);
            }
        }
        words.sort_unstable();
        let mut users = Vec::with_capacity(words.len());
        let mut noticed = Vec::with_capacity(words.len());
        let mut list: Vec<Box<[u8]>> = Vec::with_capacity(words.len());
        for same in words.chunk_by(|one, other| one.0 == other.0) {
            list.extend(same.first().map(|(word, ..)| word.as_bytes().into()));
            noticed.push(same.iter().any(|(_, rule, _)| *rule == NOBODY));
            let of_rules = same.iter().filter(|(_, rule, _)| *rule != NOBODY);
            users.push(of_rules.map(|(_, rule, which)| (*rule, *which)).collect());
        }
        let words: Words = list.into();
        let prefilter = Prefilter::of(&words, 0..words.len() as u32);
        let is_of_lines = wordless.is_empty() && !words.iter().any(|word| word.contains(&b'\n'));
        let has_outside = rules.iter().any(|rule| rule.is_outside || !rule.outside.excuses.is_empty());
        Self {
            id: ENGINES.fetch_add(1, Ordering::Relaxed) + 1,
            machines: rules.into_iter().map(Machine::new).collect(),
            users,
            words,
            prefilter,
            near: OnceLock::new(),
            seen: AtomicUsize::new(0),
            wordless,
            has_outside,
            noticed,
            is_of_lines,
        }
    }

    /// Another number for each engine that has something to look for.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Whether it is the same to look for words in each line of a text as in the whole.
    pub(crate) fn is_of_lines(&self) -> bool {
        self.is_of_lines
    }

    /// Where all rules' words stand in `text`, in order.
    pub(crate) fn words_in(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.prefilter.scan(text, 0..text.len(), &mut hits);
        hits
    }

    /// Adds where words stand in what `view` has more of than the last time.
    pub(super) fn find_words(&self, view: View<'_>, progress: &mut Progress, told: &mut Vec<Told>) {
        if progress.scanned == view.end() {
            return;
        }
        let near = match self.near.get() {
            Some(near) => near.as_ref(),
            None if self.becomes_much(view.bytes.len()) => self.build_token_filter(),
            None => None,
        };
        if let Some(near) = near {
            if !progress.is_dense() {
                return near.scan(view, progress, told);
            }
            near.catch_up(view, progress, told);
        }
        let mut hits = Vec::new();
        self.prefilter.scan(view.bytes, view.index(progress.scanned)..view.bytes.len(), &mut hits);
        told.extend(hits.into_iter().map(|hit| Told { hit, to: To::All }));
        progress.reach(view.end());
    }

    /// Whether with so many bytes more it is much that was looked through: once, so that one thread makes the
    /// faster way and no other waits for that.
    fn becomes_much(&self, bytes: usize) -> bool {
        let before = self.seen.fetch_add(bytes, Ordering::Relaxed);
        before < MUCH && before.saturating_add(bytes) >= MUCH
    }

    /// Makes the faster way to find words.
    fn build_token_filter(&self) -> Option<&Near> {
        let make = || {
            let holds: Vec<bool> = self.machines.iter().map(Machine::holds_token).collect();
            let holds_token = |(rule, _): &(u32, u32)| holds.get(*rule as usize).copied().unwrap_or(false);
            let lists = || (0_u32..).zip(self.users.iter().zip(&self.noticed));
            let everywhere = lists().filter(|(_, (users, noticed))| **noticed || !users.iter().all(holds_token));
            let around = lists().filter(|(_, (users, _))| users.iter().any(holds_token));
            Near::new(&self.words, everywhere.map(|(word, _)| word), around.map(|(word, _)| word), holds.clone())
        };
        self.near.get_or_init(make).as_ref()
    }

    /// The rules that have the word of a hit as a keyword, of those for whom it counts, and its
    /// number among theirs.
    pub(super) fn users(&self, told: Told) -> impl Iterator<Item = (u32, u32)> {
        let near = self.near.get().and_then(Option::as_ref);
        let users = self.users.get(told.hit.word as usize).into_iter().flatten().copied();
        users.filter(move |(rule, _)| told.to == To::All || near.is_some_and(|near| near.minds(told.to, *rule)))
    }

    /// Whether there are rules from outside, which ask for what stands around a match.
    pub(crate) fn has_outside(&self) -> bool {
        self.has_outside
    }

    /// Whether there is nothing to look for.
    pub(crate) fn is_empty(&self) -> bool {
        self.machines.is_empty()
    }

    /// The rule with this number.
    pub(crate) fn rule(&self, number: u32) -> Option<&Rule> {
        self.machines.get(number as usize).map(|machine| &machine.rule)
    }

    /// The rules, in the order in which they were given.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.machines.iter().map(|machine| &machine.rule)
    }
}

#[cfg(test)]
mod tests;
