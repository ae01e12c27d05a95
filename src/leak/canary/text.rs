//! What a canary is.

use std::fmt;

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
pub(super) const SHORTEST: usize = 4;

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
