//! What receives the events of an engine.

use crate::analyzer::{Drafter, Event};
use std::ops::ControlFlow;

/// Receives events, on a thread of its own.
///
/// Each call answers whether the run goes on: `Continue` asks for more, `Break` ends it.
pub trait Listener: Send + 'static {
    /// Takes an event, of which it may keep what it likes.
    fn event(&mut self, event: &mut Event) -> ControlFlow<()>;

    /// What is to write drafts where exchanges are read, one for each worker: there a message's bytes
    /// are at hand, and need not go from one processor's cache to another's. `None` where whole events
    /// are wanted.
    fn drafter(&self) -> Option<Drafter> {
        None
    }

    /// Takes an exchange in which nothing was found, of which a drafter wrote `draft`.
    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> ControlFlow<()> {
        let _ = (id, stream, draft);
        ControlFlow::Continue(())
    }

    /// Some packets' events were told. `idle`: those of all packets that were handed in and
    /// flushed.
    fn pause(&mut self, idle: bool) -> ControlFlow<()>;
}
