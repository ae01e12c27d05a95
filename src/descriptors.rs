//! How many file descriptors the process may have.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// How many it may have now, and how many it may ask for; `None` where the system does not say.
pub(crate) fn limits() -> Option<(u64, u64)> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some((number(soft), number(hard)))
}

/// How many it may have, once it has asked for as many as it is allowed to; `None` where the system does
/// not say.
pub(crate) fn raise() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    // macOS refuses more than a limit of its own.
    let raised = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok();
    Some(number(if raised { hard } else { soft }))
}

/// FreeBSD counts with a sign.
#[allow(clippy::unnecessary_fallible_conversions, clippy::useless_conversion)]
fn number(limit: rlim_t) -> u64 {
    u64::try_from(limit).unwrap_or(u64::MAX)
}
