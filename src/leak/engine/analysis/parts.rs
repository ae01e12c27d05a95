//! An expression as the parts that its matches are made of.

use regex_syntax::hir::{Hir, HirKind};
use std::collections::HashMap;
use std::ops::Range;

/// So many bytes of the beginning are looked at.
pub(super) const LONGEST_LEAD: usize = 48;

/// The parts of an expression that follow each other in a match.
#[derive(Debug, Default)]
pub(super) struct Flat<'a> {
    pub(super) parts: Vec<&'a Hir>,
    /// Which of the parts each group is that is in every match.
    pub(super) groups: HashMap<usize, Range<usize>>,
}

impl<'a> Flat<'a> {
    pub(super) fn new(hir: &'a Hir) -> Self {
        let mut flat = Self::default();
        flat.add(hir);
        flat.groups.insert(0, 0..flat.parts.len());
        flat
    }

    fn add(&mut self, hir: &'a Hir) {
        match hir.kind() {
            HirKind::Concat(concat) => concat.iter().for_each(|part| self.add(part)),
            HirKind::Capture(capture) => {
                let first = self.parts.len();
                self.add(&capture.sub);
                self.groups.insert(capture.index as usize, first..self.parts.len());
            }
            _ => self.parts.push(hir),
        }
    }
}
