//! Several cores at work on one capture: the caller's thread takes packets apart, workers follow
//! the connections and read what they say, and one more thread tells it in order.
//!
//! Each connection is one worker's, chosen by a hash of its ends. With two or three workers on a
//! saved capture the caller's thread does the first one's work, too, which has fewer connections
//! then: to take packets apart does not fill its time. What is told, and in which
//! order, is what [`Analyzer`](crate::Analyzer) alone tells of the same packets, as long as
//! nothing was let go for want of memory. This room refuses to know what packets mean and where
//! events go: it holds threads and queues.
//!
//! # Memory
//! Packets wait for the workers in a fixed number of batches. When all of them wait, a capture
//! from a file waits too; a live one goes on and passes whole connections over
//! ([`Pace::Shed`]), so that it never lags behind by more than the batches. Each worker has its
//! share of the memory for connections: what another has to spare it could not give back without
//! the allocator's keeping it.

mod backlog;
mod batch;
mod crew;
#[cfg(test)]
mod equal;
mod intake;
mod merge;
mod shares;
mod shed;
mod threads;
mod worker;

use crate::analyzer::{Config, Counters, Drafter, Event};
use crate::packet::{Packet, Shared};
use crew::Crew;
use intake::Intake;
use shares::Shares;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Hears what packets say, on a thread of its own.
pub trait Listener: Send + 'static {
    /// Takes an event, of which it may keep what it likes. False where no more is wanted.
    fn event(&mut self, event: &mut Event) -> bool;

    /// What is to write drafts where exchanges are read, one for each worker: there a message's bytes
    /// are at hand, and need not go from one processor's cache to another's. `None` where whole events
    /// are wanted.
    fn drafter(&self) -> Option<Drafter> {
        None
    }

    /// Takes an exchange in which nothing was found, of which a drafter wrote `draft`. False where no
    /// more is wanted.
    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> bool {
        let _ = (id, stream, draft);
        true
    }

    /// Some packets' events were told. `idle`: those of all packets that were handed in and
    /// flushed. False where no more is wanted.
    fn pause(&mut self, idle: bool) -> bool;
}

/// What becomes of packets that come faster than they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The caller waits: packets come from a file.
    Wait,
    /// They are passed over, whole connections as far as possible, and counted: packets come
    /// whether anyone is ready or not.
    Shed,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Batches of packets that are being read, or wait for it.
    pub queued: usize,
    /// How many batches there may be.
    pub room: usize,
    /// Memory held by what is buffered, in bytes.
    pub memory: usize,
    /// Packets that were passed over so far.
    pub shed: u64,
}

/// Reads packets with several threads, and tells what they say.
pub struct Engine {
    intake: Intake,
    crew: Crew,
    /// Whether the listener wants no more.
    done: Arc<AtomicBool>,
}

impl Engine {
    /// An engine that has seen nothing yet. Its `workers` start when there is enough for them to
    /// do, or when [`Engine::flush`] asks for it: a short capture is read without them.
    ///
    /// [`Config::trace`] is for one that reads packet by packet; here it does nothing.
    pub fn new(config: &Config, workers: NonZeroUsize, pace: Pace, listener: impl Listener) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let shares = Shares::of(workers.get(), pace);
        let intake = Intake::new(config, shares, pace);
        let crew = Crew::new(config, (workers.get(), shares), pace, Box::new(listener), Arc::clone(&done));
        Self { intake, crew, done }
    }

    /// Takes the next packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        self.shared_packet(packet, None);
    }

    /// Takes the next packet, whose bytes are a part of what is `shared`: they need not be copied then.
    pub fn shared_packet(&mut self, packet: &Packet<'_>, shared: Option<&Shared>) {
        let Self { intake, crew, .. } = self;
        intake.packet(packet, shared, || crew.take());
        if intake.wants_to_look() {
            intake.look(&crew.load());
        }
        if intake.is_full() {
            self.send();
        }
    }

    /// Nothing more has arrived: the packets so far are not to wait for others.
    pub fn flush(&mut self) {
        // Where others wait, it would only take up more of their room.
        if self.intake.has_some() && !self.crew.is_behind() {
            self.send();
        }
        self.intake.look(&self.crew.load());
    }

    /// Says that a second has passed without a packet; see [`crate::Analyzer::quiet`].
    pub fn quiet(&mut self) {
        self.intake.quiet_now();
        self.flush();
    }

    /// The capture is over: tells what is still open, and waits until all is told.
    pub fn finish(&mut self) {
        self.intake.finish();
        if !self.crew.is_gone() {
            let Self { intake, crew, .. } = self;
            let batch = intake.seal(true, || crew.wait());
            crew.finish(batch);
        }
    }

    /// Whether the listener wants no more.
    pub fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// How much there is to do.
    pub fn load(&self) -> Load {
        let Load { queued, room, memory, .. } = self.crew.load();
        Load { queued, room, memory: memory + self.intake.memory(), shed: self.intake.shed() }
    }

    /// What was counted: of packets so far, and once the capture is over, of what they said.
    pub fn counters(&self) -> Counters {
        self.intake.counters(&self.crew.tally())
    }

    fn send(&mut self) {
        let Self { intake, crew, .. } = self;
        if let Some(batch) = intake.seal(false, || crew.take()) {
            crew.send(batch);
        }
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("load", &self.load()).finish_non_exhaustive()
    }
}
