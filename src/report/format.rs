//! What a format is to whoever writes events in it.

use super::summary::Summary;
use crate::analyzer::{Drafter, Event};
use std::io;

/// Writes events in one format, in the order in which they came.
pub trait Report {
    /// Writes one event. It may stay in a buffer until [`Report::flush`].
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// What writes down exchanges in which nothing was found, on other threads; `None` where this report
    /// has no use for that.
    fn drafter(&self) -> Option<Drafter> {
        None
    }

    /// Writes an exchange of which a drafter wrote `draft`.
    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> io::Result<()> {
        let _ = (id, stream, draft);
        Ok(())
    }

    /// Hands everything written so far to whoever reads it.
    fn flush(&mut self) -> io::Result<()>;

    /// Writes what belongs at the end, and flushes.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}
