//! How much has been found that nobody has heard yet: a worker whose finds would pile up waits.
//!
//! It refuses to know what was found.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What waits to be heard.
#[derive(Debug)]
pub(super) struct Backlog {
    /// Beyond so many bytes only the batch that is to be heard next is read.
    most: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: usize,
    /// How many batches were heard.
    batches: u64,
    /// Whether nobody listens any more.
    over: bool,
}

impl Backlog {
    pub(super) fn new(most: usize) -> Self {
        Self { most, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until the batch with this number, counted from 0, may be read. What is heard next is
    /// never waited with, so that there is always something that goes on.
    pub(super) fn wait_for(&self, batch: u64) {
        let mut state = self.lock();
        while state.bytes > self.most && batch > state.batches && !state.over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// So many bytes were found.
    pub(super) fn add(&self, bytes: usize) {
        self.lock().bytes += bytes;
    }

    /// A batch was heard, and so many bytes with it.
    pub(super) fn heard(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.batches += 1;
        self.changed.notify_all();
    }

    /// Nobody will listen any more.
    pub(super) fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// How much waits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    #[test]
    fn what_is_not_heard_next_waits() {
        let backlog = Arc::new(Backlog::new(100));
        backlog.add(150);
        backlog.wait_for(0);
        let (to, from) = channel();
        let waits = [1, 2].map(|batch| {
            let (backlog, to) = (Arc::clone(&backlog), to.clone());
            std::thread::spawn(move || {
                backlog.wait_for(batch);
                _ = to.send(batch);
            })
        });
        assert!(from.try_recv().is_err());
        backlog.heard(10); // the next is the one with number 1
        assert_eq!(from.recv(), Ok(1));
        assert!(from.try_recv().is_err());
        backlog.end();
        assert_eq!(from.recv(), Ok(2));
        assert_eq!(backlog.bytes(), 140);
        for thread in waits {
            thread.join().unwrap();
        }
    }
}
