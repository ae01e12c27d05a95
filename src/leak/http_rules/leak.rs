//! What is given away.

use super::builtin::Builtin;
use crate::leak::engine::Sighting;
use crate::leak::quota::Unkept;
use std::ops::Range;

/// Something that a value gives away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::leak) struct Leak {
    /// What it is.
    pub(in crate::leak) rule: &'static Builtin,
    /// Where in the value it stands, encoded or not.
    pub(in crate::leak) span: Range<usize>,
    /// The secret itself.
    pub(in crate::leak) secret: Vec<u8>,
    /// The way to it, from the value inwards.
    pub(in crate::leak) via: Vec<String>,
    /// What is known of it without using it.
    pub(in crate::leak) about: Vec<(String, String)>,
}

impl Leak {
    /// A secret that stands at `span` as it is.
    pub(super) fn plain(rule: &'static Builtin, value: &[u8], span: Range<usize>) -> Self {
        let secret = value.get(span.clone()).unwrap_or_default().to_vec();
        Self { rule, span, secret, via: Vec::new(), about: Vec::new() }
    }

    pub(super) fn via(mut self, step: impl Into<String>) -> Self {
        self.via.push(step.into());
        self
    }

    pub(super) fn about(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.about.push((key.to_owned(), value));
        }
        self
    }
}

/// What a body gives away.
#[derive(Debug, Default)]
pub(in crate::leak) struct Found {
    /// What HTTP's own rules see.
    pub(in crate::leak) leaks: Vec<Leak>,
    /// What other rules see in values that are written with escapes: with the value's place in
    /// the body, and the way to it.
    pub(in crate::leak) decoded: Vec<(Sighting, Range<usize>, String)>,
    /// What was seen in those and not kept.
    pub(in crate::leak) unkept: Unkept,
}
