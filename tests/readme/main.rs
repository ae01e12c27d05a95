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
#[path = "../common/rights.rs"]
mod rights;
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

    if examples::is_stand_in() {
        return examples::stand_in();
    }
    let entered = plainsight::confine::namespace::enter_network().map_err(|refused| refused.to_string());
    // Some systems grant the namespace and deny what it is for: only a capture tells.
    let ready = entered.and_then(|_| Live::open(&Options::default()).map_err(|error| error.to_string()));
    if let Err(reason) = ready {
        println!("NOT RUN: {reason} (README's examples)");
        let required = std::env::var_os("CI").is_some_and(|value| value == "true");
        return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    rights::hand_down();
    let mut failed = 0;
    let mut passed = 0;
    for (name, scenario) in examples::SCENARIOS {
        let done = std::panic::catch_unwind(scenario).is_ok();
        println!("test {name} ... {}", if done { "ok" } else { "FAILED" });
        if done {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("\ntest result: {}. {passed} passed; {failed} failed", if failed == 0 { "ok" } else { "FAILED" });
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
