//! Workers and who tells what they found, with threads of their own or without.
//!
//! It refuses to know what is in a batch.

use super::backlog::Backlog;
use super::batch::Batch;
use super::listener::Listener;
use super::load::{Load, OverloadPolicy};
use super::merge::Merger;
use super::shares::Shares;
use super::threads::{Threads, start};
use super::worker::{Held, Told, Worker};
use crate::analyzer::{Config, Tally};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

/// How much may wait for the workers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// How many batches there are.
    pub(super) batches: usize,
    /// When one is full, in bytes of payload.
    pub(super) batch: usize,
}

impl Room {
    /// Batches that are used again soon stay in the processor's cache; a live capture has to get
    /// over its reader's pauses.
    pub(super) fn of(config: &Config, policy: OverloadPolicy) -> Self {
        let batches = match policy {
            OverloadPolicy::Block => 16,
            OverloadPolicy::Shed => 64,
        };
        Self { batches, batch: (config.memory / 64 / batches).clamp(4 << 10, 512 << 10) }
    }
}

/// Workers and who tells what they found, at first all here.
pub(super) struct Crew {
    state: State,
    policy: OverloadPolicy,
    room: Room,
    workers: usize,
    shares: Shares,
    held: Arc<Held>,
    backlog: Arc<Backlog>,
    /// Batches that were not made yet.
    spare: usize,
    /// Batches on their way.
    queued: Arc<AtomicUsize>,
}

enum State {
    /// No thread has started. `alone`: none can.
    Here {
        workers: Vec<Worker>,
        merger: Box<Merger>,
        alone: bool,
    },
    Away(Threads),
    Gone(Tally),
}

impl Crew {
    pub(super) fn new(
        config: &Config,
        (workers, shares): (usize, Shares),
        policy: OverloadPolicy,
        listener: Box<dyn Listener>,
        done: Arc<AtomicBool>,
    ) -> Self {
        let room = Room::of(config, policy);
        // Batches, the numbers of streams, and what was found and not heard yet have their share.
        let memory = config.memory_split().connections - config.memory / 5;
        let held = Arc::new(Held::new(workers));
        let worker =
            |number| Worker::new(number, config, shares.memory(number, memory), Arc::clone(&held), listener.drafter());
        let all = (0..workers).map(worker).collect();
        let merger = Box::new(Merger::new(workers, listener, done));
        let state = State::Here { workers: all, merger, alone: false };
        let backlog = Arc::new(Backlog::new(config.memory / 32));
        Self { state, policy, room, workers, shares, held, backlog, spare: room.batches, queued: Arc::default() }
    }

    /// An empty batch, where there is one; from a file there is, if one waits.
    pub(super) fn take(&mut self) -> Option<Batch> {
        self.empty(self.policy == OverloadPolicy::Block)
    }

    /// An empty batch; `None` only where a thread has died.
    pub(super) fn wait(&mut self) -> Option<Batch> {
        self.empty(true)
    }

    fn empty(&mut self, wait: bool) -> Option<Batch> {
        let free = if let State::Away(threads) = &self.state { Some(&threads.free) } else { None };
        let mut batch = match free.map(Receiver::try_recv) {
            Some(Ok(batch)) => batch,
            _ if self.spare > 0 => {
                self.spare -= 1;
                Batch::new(self.workers)
            }
            _ if wait => free?.recv().ok()?,
            _ => return None,
        };
        batch.clear(self.room.batch);
        Some(batch)
    }

    /// Hands a batch to the workers.
    pub(super) fn send(&mut self, batch: Batch) {
        self.start();
        match &mut self.state {
            State::Here { workers, merger, .. } => {
                read(workers, merger, &batch);
                merger.pause(true);
                self.spare += 1;
            }
            State::Away(threads) => {
                self.queued.fetch_add(1, Ordering::Relaxed);
                threads.send(batch);
            }
            State::Gone(_) => {}
        }
    }

    /// Hands over the last batch, and waits until all is told.
    pub(super) fn finish(&mut self, batch: Option<Batch>) {
        match std::mem::replace(&mut self.state, State::Gone(Tally::default())) {
            State::Here { mut workers, mut merger, .. } => {
                if let Some(batch) = batch {
                    read(&mut workers, &mut merger, &batch);
                }
                let last = |worker: &mut Worker| {
                    let mut events = Vec::new();
                    worker.finish(|event| events.push(event));
                    events.into_iter()
                };
                let told = workers.iter_mut().map(last).collect();
                merger.finish(told);
                merger.pause(true);
                self.state = State::Gone(workers.iter().map(Worker::tally).sum());
            }
            State::Away(threads) => {
                self.queued.fetch_add(usize::from(batch.is_some()), Ordering::Relaxed);
                self.state = State::Gone(threads.finish(batch));
            }
            gone @ State::Gone(_) => self.state = gone,
        }
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone(_))
    }

    /// What the workers counted, once they are gone.
    pub(super) fn tally(&self) -> Tally {
        if let State::Gone(tally) = &self.state { *tally } else { Tally::default() }
    }

    /// Whether what comes by itself would have to wait for others.
    pub(super) fn is_behind(&self) -> bool {
        self.policy == OverloadPolicy::Shed && self.queued.load(Ordering::Relaxed) > 1
    }

    /// How much there is to do, and the memory that takes.
    pub(super) fn load(&self) -> Load {
        let queued = self.queued.load(Ordering::Relaxed);
        let memory = self.held.bytes() + queued * self.room.batch + self.backlog.bytes();
        Load { queued, room: self.room.batches, memory, shed: 0 }
    }

    /// Starts the threads, where that was not tried before.
    fn start(&mut self) {
        if !matches!(self.state, State::Here { alone: false, .. }) {
            return;
        }
        let State::Here { workers, merger, .. } = std::mem::replace(&mut self.state, State::Gone(Tally::default()))
        else {
            return;
        };
        self.state = match start(workers.len(), self.shares.has_own()) {
            Ok(started) => State::Away(started.send_off(workers, merger, &self.backlog, &self.queued)),
            Err(_) => State::Here { workers, merger, alone: true },
        };
    }
}

/// Reads a batch without any thread.
fn read(workers: &mut [Worker], merger: &mut Merger, batch: &Batch) {
    let mut told: Vec<Told> = workers
        .iter_mut()
        .map(|worker| {
            let mut told = Told::default();
            worker.work(batch, &mut told);
            told
        })
        .collect();
    merger.merge(&mut told);
}
