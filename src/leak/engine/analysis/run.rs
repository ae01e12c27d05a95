//! The row of bytes of one class that no match of an expression can do without.
//!
//! It only ever rules out. It refuses to know how a match begins.

use super::byte_set::{ByteSet, class_set};
use regex_syntax::hir::{Hir, HirKind, Repetition};

/// A row of bytes of one set.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// Whether a byte is of the set.
    pub(super) set: Box<[bool; 256]>,
    /// So many of them stand in a row.
    pub(super) length: usize,
    /// The row ends within so many bytes of where the match begins.
    pub(super) within: usize,
}

impl Run {
    /// Whether it stands in `bytes`, where matches begin in the first `starts` of them.
    pub(super) fn stands_in(&self, bytes: &[u8], starts: usize) -> bool {
        let Self { set, length, within } = self;
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
pub(super) fn run_of(parts: &[&Hir]) -> Option<Run> {
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
