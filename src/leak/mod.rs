//! Finds secrets in what passed unencrypted.
//!
//! This room sees messages and body bytes as they pass. It refuses to know how they
//! are shown.

mod allow;
mod baseline;
mod canary;
pub mod check;
pub mod cookies;
mod finding;
mod fingerprint;
mod literal;
pub mod names;
mod personal;
pub mod rule;
mod scanner;

pub use allow::{Allowlist, AllowlistError};
pub(crate) use baseline::SARIF_FINGERPRINT;
pub use baseline::{Baseline, BaselineError};
pub use finding::{Finding, Severity, StreamFinding, Where};
pub use fingerprint::fingerprint;
pub(crate) use scanner::identify;
pub use scanner::{Run, Scanner, Side};
