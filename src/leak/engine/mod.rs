//! Runs the rules over text that streams: words first, expressions only where a word stands.
//!
//! What it finds does not depend on how the text was cut. It refuses to know HTTP.

mod analysis;
mod machine;
mod prefilter;
mod stream;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use prefilter::{Hit, Prefilter};
pub(crate) use stream::{Sighting, Stream};
pub(crate) use window::{View, Window};

use super::rule::Rule;
use machine::Machine;

/// Rules, ready to be looked for in any number of texts at once.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    machines: Vec<Machine>,
    /// For each word, the rules that have it as a keyword, and its number among theirs.
    users: Vec<Vec<(u32, u32)>>,
    prefilter: Prefilter,
    /// Rules without keywords.
    wordless: Vec<u32>,
    /// Whether matches need to be told with what stands around them.
    has_outside: bool,
    /// Which words are to be noticed although no rule has them.
    noticed: Vec<bool>,
}

/// In place of a rule's number where a word is only noticed.
const NOBODY: u32 = u32::MAX;

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
        let prefilter = Prefilter::new(list);
        let has_outside = rules.iter().any(|rule| rule.is_outside || !rule.outside.excuses.is_empty());
        Self {
            machines: rules.into_iter().map(Machine::new).collect(),
            users,
            prefilter,
            wordless,
            has_outside,
            noticed,
        }
    }

    /// Whether there are rules from outside, which ask for what stands around a match.
    pub(crate) fn has_outside(&self) -> bool {
        self.has_outside
    }

    /// How much more of the text behind a match is waited for than the match itself needs.
    fn margin(&self) -> usize {
        if self.has_outside { stream::LINE } else { 0 }
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

    /// Everything in `text`, which is whole.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Sighting> {
        let mut found = Vec::new();
        stream::whole(self, text, &mut found);
        found
    }
}
