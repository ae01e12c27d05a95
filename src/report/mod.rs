//! What people and programs read: events written out as text, JSON Lines, SARIF, CSV or HAR.
//!
//! Each format is one [`Report`] in one file. This room refuses to know where the
//! packets came from and where its bytes go.

mod csv;
mod digits;
pub mod escape;
mod har;
mod json;
mod outbox;
mod page;
#[cfg(test)]
mod sample;
mod sarif;
mod sighting;
pub mod text;

pub use csv::Csv;
pub use har::Har;
pub use json::Json;
#[cfg(feature = "cli")]
pub(crate) use json::json_line;
pub use sarif::Sarif;
pub use text::{Layout, Text};

use crate::analyzer::{Counters, Drafter, Event, Incomplete, Loss};
use crate::http::{Message, charset};
use std::borrow::Cow;
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

/// What is told once everything was read.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// What the analyzer counted.
    pub counters: Counters,
    /// What the capture lost; nothing where it was replayed.
    pub dropped: Dropped,
    /// Entries of the baseline without a `secret_id`: they match any secret at their place.
    pub baseline_without_ids: u64,
}

impl Summary {
    /// What was not seen, the packets that the capture lost among it.
    pub fn incomplete(&self) -> Incomplete {
        let Dropped { kernel, interface, queue } = self.dropped;
        let mut incomplete = self.counters.incomplete.clone();
        incomplete.add(Loss::DroppedByKernel, kernel);
        incomplete.add(Loss::DroppedByInterface, interface);
        incomplete.add(Loss::DroppedByQueue, queue);
        incomplete
    }
}

/// Packets that a capture lost before anyone could look at them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// By the kernel, whose buffer was full.
    pub kernel: u64,
    /// By the interface or its driver.
    pub interface: u64,
    /// By ourselves, whose queue had no room for them.
    pub queue: u64,
}

/// The kept bytes of a body as text, up to the last whole character; `None` where they are
/// not text.
fn body_text(message: &Message) -> Option<Cow<'_, str>> {
    let body = &message.body;
    charset::to_text(&body.kept, message.head.field("content-type"), body.truncated || !body.complete)
}
