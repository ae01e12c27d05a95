//! What a run can still reach once everything it needs is open.
//!
//! It tells `confine` what to leave within reach, and the user what the kernel lacks.

use super::failure::{Failure, say};
use crate::confine::privileges;
use crate::confine::sandbox::Sandbox;

/// Opens what is written with the caller's rights, and gives up for good the privileges that
/// opening a device or someone else's file needed.
pub(super) fn drop_privileges<T>(create: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let drop = || privileges::drop().map_err(|error| Failure::new(error.to_string()));
    if privileges::caller().is_some() {
        // Files belong to who called sudo, and are made only where they may make them.
        drop()?;
        return create();
    }
    // A root who is nobody else may write in anyone's folder until now.
    let created = create()?;
    drop()?;
    Ok(created)
}

/// Confines the process to what is open and what `sandbox` leaves within reach.
pub(super) fn enter_beside(sandbox: &Sandbox, quiet: bool) -> Result<(), Failure> {
    let report = sandbox
        .enter()
        .map_err(|error| Failure::new(format!("cannot confine the process: {error}; --no-sandbox leaves that out")))?;
    if !report.is_complete() && !quiet {
        say(report);
    }
    Ok(())
}
