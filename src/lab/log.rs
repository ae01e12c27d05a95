//! The access log.

use crate::packet::Timestamp;
use std::fmt;
use std::io::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the access log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Log {
    /// One line a request on stderr.
    #[default]
    Stderr,
    /// Nowhere.
    Silent,
}

impl Log {
    pub(crate) fn line(self, line: fmt::Arguments<'_>) {
        if self == Self::Silent {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        // One write, so that lines of several programs on one terminal stay whole; a closed
        // stderr is no reason to stop serving.
        let text = format!("{} {line}\n", Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000), 0));
        let _ = io::stderr().write_all(text.as_bytes());
    }
}
