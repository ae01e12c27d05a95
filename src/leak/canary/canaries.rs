//! The canaries, and what is made of them to look for them.

use super::forms::{self, Form};
use super::lens::Need;
use super::text::{Canary, CanaryError};
use crate::leak::engine::Prefilter;
use std::sync::Arc;

/// The texts to look for; copies share what was made of them.
#[derive(Debug, Clone, Default)]
pub struct Canaries(pub(super) Option<Arc<Inner>>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) canaries: Vec<Canary>,
    pub(super) forms: Vec<Form>,
    pub(super) prefilter: Prefilter,
    pub(super) ignore_case: bool,
    pub(super) need: Need,
    pub(super) longest: usize,
}

impl Canaries {
    /// Looks for these texts; with `ignore_case` in any case of their ASCII letters.
    ///
    /// # Errors
    /// Where one of them is too short or too long.
    pub fn new(mut canaries: Vec<Canary>, ignore_case: bool) -> Result<Self, CanaryError> {
        canaries.iter().try_for_each(Canary::check)?;
        // A text that is given twice is one, and masked if either is.
        canaries.sort_by(|one, other| one.text.cmp(&other.text).then(other.masked.cmp(&one.masked)));
        canaries.dedup_by(|later, first| later.text == first.text);
        if canaries.is_empty() {
            return Ok(Self(None));
        }
        let forms: Vec<Form> = canaries
            .iter()
            .enumerate()
            .flat_map(|(which, canary)| forms::of(which, &canary.text, ignore_case))
            .collect();
        let prefilter = Prefilter::new(forms.iter().map(|form| form.needle.clone()));
        let lengths = || canaries.iter().map(|canary| canary.text.len());
        let longest = lengths().max().unwrap_or(0);
        // What is hidden in base64 or hex alone has forms of its own; another encoding within adds
        // two bytes or more.
        let shortest = lengths().min().unwrap_or(0) + if ignore_case { 0 } else { 2 };
        let mut useful = [false; 256];
        let letters = forms.iter().flat_map(|form| form.needle.iter());
        for &byte in letters.chain(b"%\\&=#;ux0123456789abcdefABCDEF") {
            for byte in [byte, byte.to_ascii_uppercase(), byte.to_ascii_lowercase()] {
                if let Some(useful) = useful.get_mut(usize::from(byte)) {
                    *useful = true;
                }
            }
        }
        let need = Need { shortest, useful };
        Ok(Self(Some(Arc::new(Inner { canaries, forms, prefilter, ignore_case, need, longest }))))
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Canary> {
        self.0.iter().flat_map(|inner| &inner.canaries)
    }

    /// The one with this number.
    pub(in crate::leak) fn get(&self, which: usize) -> Option<&Canary> {
        self.0.as_ref()?.canaries.get(which)
    }
}

#[cfg(test)]
mod tests;
