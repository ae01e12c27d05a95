//! Finds secrets in what passed unencrypted.
//!
//! This room sees messages and body bytes as they pass. It refuses to know how they
//! are shown.

mod active;
mod allow;
mod baseline;
mod canary;
pub mod check;
pub mod cookies;
mod engine;
mod finding;
mod fingerprint;
mod found;
pub mod gitleaks;
mod http_rules;
mod identify;
mod lines;
mod literal;
mod media;
pub mod names;
mod personal;
mod quota;
mod redact;
pub mod rule;
mod run;
mod scanner;
mod secret_id;
mod values;

pub use active::Rules;
pub use allow::{Allowlist, AllowlistError};
pub use baseline::{Baseline, BaselineError};
pub(crate) use baseline::{SARIF_FINGERPRINT, SARIF_SECRET_ID};
pub use canary::{Canaries, Canary, CanaryError};
pub use finding::{Finding, Severity, Side, StreamFinding, Where};
pub use fingerprint::fingerprint;
pub(crate) use found::Found;
pub use http_rules::{BUILTINS, Builtin};
pub use quota::Unkept;
pub use run::Run;
pub use scanner::{CANARY_RULE, Scanner};
pub use secret_id::SecretIdKey;
