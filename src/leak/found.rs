//! What was found in a message, and which of several findings at one place is told.
//!
//! It refuses to know how anything is found.

use super::finding::Finding;
use std::ops::Range;

/// A finding, how much it says compared with others at the same place, and what it takes to hide
/// its secret.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) finding: Finding,
    pub(super) rank: Rank,
    /// Where in the message it stands.
    pub(super) spots: Vec<(Part, Range<usize>)>,
    /// Whether there is something to hide; a weakness has nothing.
    pub(super) is_secret: bool,
    /// Whether it is hidden as a whole, whatever else is to be shown.
    pub(super) hide_all: bool,
    /// Whether it is by a rule from outside.
    pub(super) is_outside: bool,
}

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Head,
    Trailers,
    /// The interim response with this number.
    Interim(usize),
    Body,
}

/// Of two findings at one place the one that says more is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A name followed by a value.
    Generic,
    /// What HTTP gives away.
    Http,
    /// A secret with the shape of a provider's.
    Provider,
    /// What HTTP gives away, and says more of than the secret's own shape.
    Scheme,
    /// A text of the user's own.
    Canary,
}

/// One finding for each secret, in the order of the values and of their bytes.
pub(super) fn settle(found: Vec<Found>) -> Vec<Found> {
    if found.len() < 2 {
        return found;
    }
    let mut order: Vec<(usize, Found)> = found.into_iter().enumerate().collect();
    // The best first; of equals the worse, then the longer.
    order.sort_by(|(_, one), (_, other)| {
        let key = |ranked: &Found| (ranked.rank, ranked.finding.severity, ranked.finding.length);
        key(other).cmp(&key(one))
    });
    let mut kept: Vec<(usize, Found)> = Vec::with_capacity(order.len());
    for (number, one) in order {
        let overlaps = |(_, other): &&mut (usize, Found)| {
            // Others' rules may say more than one thing of a secret; a generic one says nothing new
            // of what another found as a whole.
            if one.is_outside && other.is_outside && one.finding.rule != other.finding.rule {
                let inside = memchr::memmem::find(&other.finding.secret, &one.finding.secret).is_some();
                if one.rank == other.rank || !inside {
                    return false;
                }
            }
            let (one, other) = (&one.finding, &other.finding);
            other.location == one.location
                && other.offset < one.offset + one.length
                && one.offset < other.offset + other.length
        };
        match kept.iter_mut().find(overlaps) {
            Some((_, other)) => other.absorb(one),
            None => kept.push((number, one)),
        }
    }
    kept.sort_by_key(|(number, _)| *number);
    // Within one value by offset; values keep the order in which they were looked through.
    for same in kept.chunk_by_mut(|(_, one), (_, other)| one.finding.location == other.finding.location) {
        same.sort_by_key(|(_, found)| found.finding.offset);
    }
    kept.into_iter().map(|(_, found)| found).collect()
}

impl Found {
    /// Takes in another that says less of the same place.
    fn absorb(&mut self, other: Self) {
        if other.is_secret {
            self.spots.extend(other.spots);
        }
        // A field or a scheme around a canary is a part of the way to it.
        let (one, other, rank) = (&mut self.finding, other.finding, other.rank);
        let around = self.rank == Rank::Canary && matches!(rank, Rank::Http | Rank::Scheme);
        if around && !other.via.is_empty() && !one.via.starts_with(&other.via) {
            let inner = std::mem::replace(&mut one.via, other.via);
            let more: Vec<_> = inner.into_iter().filter(|step| !one.via.contains(step)).collect();
            one.via.extend(more);
            one.about.extend(other.about);
        }
    }
}
