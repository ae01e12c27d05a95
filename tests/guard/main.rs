//! `plainsight guard` with the real program: this test starts itself as the command that is
//! guarded, and looks at the exit code, the output, and what is left.
//!
//! No libtest here: the command must be able to be this program.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod command;
#[cfg(target_os = "linux")]
#[path = "../kit/mod.rs"]
mod kit;
#[cfg(target_os = "linux")]
mod scenarios;

use std::process::ExitCode;

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("NOT RUN: guard needs Linux");
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    if let Some(what) = std::env::var_os(command::WHAT) {
        return command::run(what.to_str().unwrap());
    }
    kit::runner::main(scenarios::ALL, || {
        let output = scenarios::guard(&[], &["true"]);
        let refused = output.status.code() == Some(2);
        if refused { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) } else { Ok(()) }
    })
}
