//! How matches of an expression begin, and where keywords stand in that.
//!
//! What it cannot tell it leaves open. It refuses to know how a match goes on.

use super::byte_set::{ByteSet, class_set};
use super::parts::LONGEST_LEAD;
use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// An expression that begins in more ways than these is not followed.
const MOST_BEGINNINGS: usize = 600;
/// A class with more letters than this is not followed one by one.
const WIDEST_CLASS: u32 = 26;

/// One way in which a match can begin, in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Beginning {
    bytes: Vec<u8>,
    /// Whether what comes next in the expression comes next in the text.
    open: bool,
}

/// For each keyword, how far into a match of these parts it can stand. `None` where a match need not
/// have one at a place that is known.
pub(super) fn anchors(parts: &[&Hir], keywords: &[String]) -> Option<Vec<Vec<u32>>> {
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
