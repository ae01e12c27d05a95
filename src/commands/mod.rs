//! The subcommands, one file each: they understand their arguments and call the rooms.
//!
//! What the work is like is known elsewhere; here it is only asked for and reported.

use std::fmt;

pub mod client;
pub mod server;

/// Why a command failed: one sentence that says what failed, why, and what to do next.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
