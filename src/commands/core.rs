//! What reads the packets: an analyzer alone, or an engine with several threads.
//!
//! It refuses to know where packets come from.

use super::output::Shared;
use crate::analyzer::{Analyzer, Config, Counters, Event};
use crate::engine::{Engine, Load, OverloadPolicy};
use crate::packet::{self, Packet};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// So much of what one packet brought is handed back; more is seldom.
const MOST_TOLD: usize = 16;

/// Reads packets and tells an [`Output`](super::output::Output).
pub(super) enum Core {
    /// `told` is what was told of the packet, on its way back.
    Alone {
        analyzer: Box<Analyzer>,
        output: Shared,
        flow: ControlFlow<()>,
        told: Vec<Event>,
    },
    Many(Workers),
}

/// An engine, once there is one, for the run and for whoever notices that its packets have run
/// dry.
#[derive(Clone, Default)]
pub(super) struct Workers(Arc<OnceLock<Mutex<Engine>>>);

impl Workers {
    /// Lets what has come be told, where there are workers; `None` where there are none, else
    /// whether the run goes on.
    pub(super) fn flush(&self) -> Option<ControlFlow<()>> {
        let mut engine = self.lock()?;
        engine.flush();
        Some(flow(&engine))
    }

    fn lock(&self) -> Option<MutexGuard<'_, Engine>> {
        Some(self.0.get()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether an engine's listener wants more.
fn flow(engine: &Engine) -> ControlFlow<()> {
    if engine.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl Core {
    /// With one of `threads` it is an analyzer; else `workers` become an engine.
    pub(super) fn new(
        asked: &Config,
        threads: NonZeroUsize,
        policy: OverloadPolicy,
        workers: &Workers,
        output: &Shared,
    ) -> Self {
        if threads.get() == 1 {
            let analyzer = Box::new(Analyzer::new(asked));
            return Self::Alone { analyzer, output: output.clone(), flow: ControlFlow::Continue(()), told: Vec::new() };
        }
        workers.0.get_or_init(|| Mutex::new(Engine::new(asked, threads, policy, output.clone())));
        Self::Many(workers.clone())
    }

    /// Takes a packet, which may be a part of what is `shared`. `Break` where nothing more can or may be
    /// shown.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, shared: Option<&packet::Shared>) -> ControlFlow<()> {
        match self {
            Self::Alone { analyzer, output, flow, told } => {
                analyzer.packet(packet, |mut event| {
                    *flow = output.lock().event(&mut event);
                    if told.len() < MOST_TOLD {
                        told.push(event);
                    }
                });
                told.drain(..).for_each(|event| analyzer.reuse(event));
                *flow
            }
            Self::Many(workers) => workers.lock().map_or(ControlFlow::Break(()), |mut engine| {
                engine.shared_packet(packet, shared);
                flow(&engine)
            }),
        }
    }

    /// A second has passed without a packet.
    pub(super) fn quiet(&mut self) {
        match self {
            Self::Alone { analyzer, output, flow, .. } => {
                analyzer.quiet(|mut event| *flow = output.lock().event(&mut event));
            }
            Self::Many(workers) => {
                if let Some(mut engine) = workers.lock() {
                    engine.quiet();
                }
            }
        }
    }

    /// Some packets were taken; `idle` is whether no other has arrived. Whoever waits for a line
    /// gets it. `Break` where nothing more can or may be shown.
    pub(super) fn pause(&mut self, idle: bool) -> ControlFlow<()> {
        match self {
            Self::Alone { output, flow, .. } => {
                let flushed = output.lock().flush(idle);
                if flow.is_continue() {
                    *flow = flushed;
                }
                *flow
            }
            // Lines are flushed by who writes them.
            Self::Many(workers) if idle => workers.flush().unwrap_or(ControlFlow::Break(())),
            Self::Many(workers) => workers.lock().map_or(ControlFlow::Break(()), |engine| flow(&engine)),
        }
    }

    /// The capture is over.
    pub(super) fn finish(&mut self) {
        match self {
            Self::Alone { flow: ControlFlow::Break(()), .. } => {}
            Self::Alone { analyzer, output, flow, .. } => {
                analyzer.finish(|mut event| _ = output.lock().event(&mut event));
                *flow = ControlFlow::Break(());
            }
            Self::Many(workers) => {
                if let Some(mut engine) = workers.lock() {
                    engine.finish();
                }
            }
        }
    }

    /// The analyzer, where it is alone.
    pub(super) fn analyzer(&mut self) -> Option<&mut Analyzer> {
        match self {
            Self::Alone { analyzer, .. } => Some(analyzer),
            Self::Many(_) => None,
        }
    }

    /// What was counted.
    pub(super) fn counters(&self) -> Counters {
        match self {
            Self::Alone { analyzer, .. } => analyzer.counters(),
            Self::Many(workers) => workers.lock().map(|engine| engine.counters()).unwrap_or_default(),
        }
    }

    /// How much there is to do.
    pub(super) fn load(&self) -> Load {
        match self {
            Self::Alone { analyzer, .. } => Load { memory: analyzer.memory(), ..Load::default() },
            Self::Many(workers) => workers.lock().map(|engine| engine.load()).unwrap_or_default(),
        }
    }
}
