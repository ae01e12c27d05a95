//! What is looked for besides what rules find, and what takes its place.

use crate::leak::{Canaries, Canary, CanaryError};

/// What a secret is overwritten by.
pub const MARK: u8 = b'*';

/// Texts that count as secrets wherever they stand, in whatever disguise.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// The texts.
    pub texts: Vec<Vec<u8>>,
    /// Whether in any case of their ASCII letters.
    pub ignore_case: bool,
}

impl Texts {
    /// As canaries, and others with them: those among `others` that can be.
    pub(super) fn with<'t>(&self, others: impl Iterator<Item = &'t Vec<u8>>) -> Result<Canaries, CanaryError> {
        let others = others.map(|text| Canary::plain(text.as_slice())).filter(|canary| canary.check().is_ok());
        Canaries::new(
            self.texts.iter().map(|text| Canary::plain(text.as_slice())).chain(others).collect(),
            self.ignore_case,
        )
    }
}
