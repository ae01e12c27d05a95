//! The signals that ask a run to end: Ctrl-C, SIGTERM, and those of a terminal that is closed or
//! wants the program to quit.

use super::failure::Failure;
use nix::libc::{self, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The signals that end a run. One that was ignored when the program was started, as SIGHUP is
/// under `nohup`, stays ignored.
pub(super) fn ending() -> impl Iterator<Item = c_int> {
    // A shell lets background jobs ignore SIGINT; it ends them nevertheless, as it always did.
    let always = [libc::SIGINT, libc::SIGTERM];
    always.into_iter().chain([libc::SIGHUP, libc::SIGQUIT].into_iter().filter(|signal| !is_ignored(*signal)))
}

/// A flag that those signals set. The first asks the run to end, a second ends it at once.
pub(super) fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in ending() {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    }
    Ok(stop)
}

/// Whether the run was asked to end.
pub(super) fn stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

/// Whether the process ignores a signal.
#[allow(unsafe_code)] // nix cannot ask without setting
fn is_ignored(signal: c_int) -> bool {
    // SAFETY: all zeros are a valid `sigaction`: no flags, an empty mask, the default action.
    let mut now: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: nothing is set, and `now` lives until the call returns.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut now) };
    asked == 0 && now.sa_sigaction == libc::SIG_IGN
}
