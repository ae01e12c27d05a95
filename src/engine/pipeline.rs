//! The engine as its caller sees it: packets in, events to a listener, counters in the end.

use super::crew::Crew;
use super::intake::Intake;
use super::listener::Listener;
use super::load::{Load, OverloadPolicy};
use super::shares::Shares;
use crate::analyzer::{Config, Counters};
use crate::packet::{Packet, Shared};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    pub fn new(config: &Config, workers: NonZeroUsize, policy: OverloadPolicy, listener: impl Listener) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let shares = Shares::of(workers.get(), policy);
        let intake = Intake::new(config, shares, policy);
        let crew = Crew::new(config, (workers.get(), shares), policy, Box::new(listener), Arc::clone(&done));
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
