//! Canaries: texts of the user's own that must never pass.
//!
//! Found wherever they stand in a run of bytes and in whatever they hide there: as they are, in
//! base64, hex, percent-encoding, JSON and HTML escapes, quoted-printable and UTF-16, two deep.
//! This module refuses to know what the bytes are of.
//!
//! Encodings that give a text one form are made beforehand, and all forms looked for in one pass.
//! Those that leave the sender a choice for each letter are removed where a sign of them stands,
//! and the pass done again over the few bytes around.

mod forms;
mod lens;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use stream::{Sighting, Stream};

use super::engine::Prefilter;
use forms::Form;
use lens::Need;
use std::fmt;
use std::sync::Arc;

/// A text that must not pass.
#[derive(Clone, PartialEq, Eq)]
pub struct Canary {
    /// The text.
    pub text: Vec<u8>,
    /// What it is called, such as the variable that holds it.
    pub name: Option<String>,
    /// Whether it is a secret itself, and so written nowhere.
    pub masked: bool,
}

impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.masked { "***".to_owned() } else { self.text.escape_ascii().to_string() };
        f.debug_struct("Canary").field("text", &text).field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a text cannot be a canary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanaryError {
    /// It would be found everywhere.
    #[error(
        "{} has {length} byte{}: a canary needs at least {SHORTEST}, since shorter texts stand everywhere by chance",
        name.as_ref().map_or_else(|| "the text".to_owned(), Clone::clone),
        if *length == 1 { "" } else { "s" }
    )]
    TooShort {
        /// What it is called.
        name: Option<String>,
        /// How many bytes it has.
        length: usize,
    },
    /// More than the search is made for.
    #[error("{} has {length} bytes: a canary may have {LONGEST}", name.as_ref().map_or_else(|| "the text".to_owned(), Clone::clone))]
    TooLong {
        /// What it is called.
        name: Option<String>,
        /// How many bytes it has.
        length: usize,
    },
}

/// Shorter texts stand everywhere by chance, in bytes.
const SHORTEST: usize = 4;

/// A longer text is a document, in bytes.
const LONGEST: usize = 4096;

impl Canary {
    /// A text that may be shown.
    pub fn plain(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), name: None, masked: false }
    }

    /// The value of what is called `name`, which is to be written nowhere.
    pub fn secret(name: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), name: Some(name.into()), masked: true }
    }

    /// Whether it can be looked for.
    ///
    /// # Errors
    /// Where it is too short or too long.
    pub fn check(&self) -> Result<(), CanaryError> {
        let (name, length) = (self.name.clone(), self.text.len());
        match length {
            0..SHORTEST => Err(CanaryError::TooShort { name, length }),
            SHORTEST..=LONGEST => Ok(()),
            _ => Err(CanaryError::TooLong { name, length }),
        }
    }
}

/// The texts to look for; copies share what was made of them.
#[derive(Debug, Clone, Default)]
pub struct Canaries(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    canaries: Vec<Canary>,
    forms: Vec<Form>,
    prefilter: Prefilter,
    ignore_case: bool,
    need: Need,
    longest: usize,
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
    pub(super) fn get(&self, which: usize) -> Option<&Canary> {
        self.0.as_ref()?.canaries.get(which)
    }

    /// Every sighting in `bytes`, a whole value.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Sighting> {
        self.0.as_ref().map(|inner| inner.find(bytes)).unwrap_or_default()
    }
}
