//! What a confined process can and cannot do, tried from inside and judged from outside.
//!
//! The test starts itself again for each scenario: the child confines itself, tries everything,
//! and prints what the system said; the parent compares. Without libtest, since its threads would
//! be running before the child could confine itself.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod attempts;
#[cfg(target_os = "linux")]
#[path = "../kit/mod.rs"]
mod kit;
#[cfg(target_os = "linux")]
mod scenarios;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    scenarios::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    let report = plainsight::confine::sandbox::Sandbox::default().enter().expect("nothing to fail");
    assert!(!report.is_complete(), "{report}");
    assert!(plainsight::confine::namespace::enter().is_err());
    println!("confinement is not available on this system, and says so");
}
