//! What is to be done with bodies, and how long a head may be.

use super::content::Limits;

/// What is to be done with bodies.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many decoded bytes of each body are kept.
    pub max_body: usize,
    /// Whether bodies are hashed.
    pub sha256: bool,
    /// Whether somebody looks at the decoded bytes.
    pub inspect: bool,
    /// Whether codings are removed; where not, bodies are as they stand in the message without its
    /// chunks. Default true.
    pub decode: bool,
    /// The longest head that is read, in bytes.
    pub longest_head: usize,
    /// Bounds on what bodies decode to.
    pub content: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 4096,
            sha256: false,
            inspect: true,
            decode: true,
            longest_head: 1 << 20,
            content: Limits::default(),
        }
    }
}

impl Settings {
    pub(super) const fn want_bodies(&self) -> bool {
        self.max_body > 0 || self.sha256 || self.inspect
    }
}
