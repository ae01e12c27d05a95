//! README's shell examples, run as they stand: real servers, real captures, the real program.
//!
//! The blocks of README that are marked `sh` must be those of [`examples`], line for line. Blocks marked
//! `console` are not run: they build this program or change the machine. The test moves into a network
//! namespace of its own first, so it can capture and take any port without root; that must happen before
//! any thread starts, hence no libtest.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod examples;
#[cfg(target_os = "linux")]
#[path = "../kit/mod.rs"]
mod kit;
#[cfg(target_os = "linux")]
mod shell;

use std::process::ExitCode;

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("NOT RUN: the examples need a network namespace, which Linux has");
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use plainsight::capture::live::{Live, Options};
    use plainsight::confine::namespace::enter_network;

    if examples::is_stand_in() {
        return examples::stand_in();
    }
    kit::runner::main(examples::SCENARIOS, || {
        enter_network().map_err(|refused| refused.to_string())?;
        // Some systems grant the namespace and deny what it is for: only a capture tells.
        Live::open(&Options::default()).map_err(|error| error.to_string())?;
        kit::rights::hand_down();
        Ok(())
    })
}
