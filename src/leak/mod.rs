//! Finds secrets in what passed unencrypted.
//!
//! This room sees messages and body bytes as they pass. It refuses to know how they
//! are shown.

mod finding;

pub use finding::{Finding, Severity, StreamFinding, Where};
