//! `plainsight guard`: runs a command and fails if it leaks.
//!
//! It decides what the exit code is; running the command, watching it and telling what leaked
//! are the modules' below.

mod args;
mod run;
#[cfg(target_os = "linux")]
mod supervisor;
#[cfg(target_os = "linux")]
mod tally;
#[cfg(target_os = "linux")]
mod watcher;

pub use args::Args;
pub use run::run;
