//! Of bytes that were taken out of frames: which bytes of their direction they were made of.

use std::collections::VecDeque;
use std::ops::Range;

/// Bytes that were given, and those of the direction that they were made of.
#[derive(Debug)]
struct Part {
    given: Range<u64>,
    taken: Range<u64>,
}

impl Part {
    const fn is_verbatim(&self) -> bool {
        self.given.end - self.given.start == self.taken.end - self.taken.start
    }
}

/// So many pieces are remembered at most.
const MOST_PARTS: usize = 4096;

/// Where the latest bytes given came from, oldest first.
#[derive(Debug)]
pub(super) struct Origins {
    /// Bytes given so far.
    given: u64,
    parts: VecDeque<Part>,
    /// How far back an origin is remembered, in bytes given.
    reach: u64,
}

impl Origins {
    /// One that remembers `reach` bytes.
    pub(super) const fn new(reach: u64) -> Self {
        Self { given: 0, parts: VecDeque::new(), reach }
    }

    /// Memory held besides `self`, in bytes.
    pub(super) fn memory_usage(&self) -> usize {
        self.parts.capacity() * size_of::<Part>()
    }

    /// So many bytes were given, made of those at `taken`.
    pub(super) fn add(&mut self, length: usize, taken: Range<u64>) {
        let part = Part { given: self.given..self.given.saturating_add(length as u64), taken };
        self.given = part.given.end;
        match self.parts.back_mut() {
            // What goes on without a frame between is one.
            Some(back) if back.taken.end == part.taken.start && back.is_verbatim() && part.is_verbatim() => {
                back.given.end = part.given.end;
                back.taken.end = part.taken.end;
            }
            _ => self.parts.push_back(part),
        }
        let needed = self.given.saturating_sub(self.reach);
        while self.parts.len() > MOST_PARTS || self.parts.front().is_some_and(|front| front.given.end < needed) {
            self.parts.pop_front();
        }
    }

    /// Where in the direction the bytes `range` of those given, which are not none, came from.
    pub(super) fn of(&self, range: &Range<u64>) -> Range<u64> {
        let part = |at: u64| self.parts.iter().rev().find(|part| part.given.contains(&at));
        let exact =
            |part: &Part, at: u64| part.is_verbatim().then(|| part.taken.start.saturating_add(at - part.given.start));
        let last = range.end.saturating_sub(1);
        let start = part(range.start).map(|part| exact(part, range.start).unwrap_or(part.taken.start));
        let end = part(last).map(|part| exact(part, last).map_or(part.taken.end, |at| at.saturating_add(1)));
        start.unwrap_or(range.start)..end.unwrap_or(range.end)
    }
}
