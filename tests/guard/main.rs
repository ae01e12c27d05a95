//! `plainsight guard` with the real program: this test starts itself as the command that is
//! guarded, and looks at the exit code, the output, and what is left.
//!
//! No libtest here: the command must be able to be this program.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod command;
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
    let refused = scenarios::guard(&[], &["true"]).status.code() == Some(2);
    if refused {
        let output = scenarios::guard(&[], &["true"]);
        println!("NOT RUN: {} ({} scenarios)", String::from_utf8_lossy(&output.stderr), scenarios::ALL.len());
        let required = std::env::var_os("CI").is_some_and(|value| value == "true");
        return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (mut passed, mut failed) = (0, 0);
    for (name, scenario) in scenarios::ALL {
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
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
