//! A worker: reads its own connections' part of each batch.
//!
//! It refuses to know that there are threads, and what the other workers do.

use super::batch::Batch;
use crate::analyzer::{Config, Drafter, Event, Moment, Shard, Tally};
use crate::decode::Unit;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Reads its part.
pub(super) struct Worker {
    number: usize,
    shard: Shard,
    held: Arc<Held>,
    /// What was heard already, one by one to be read into once more: letting go of hundreds at a time
    /// would cost the allocator more than all that it does besides.
    heard: Vec<Event>,
    /// Writes down what can be told by now.
    drafter: Option<Drafter>,
}

/// What is told, and when.
#[derive(Debug)]
pub(super) struct Tale {
    pub(super) moment: Moment,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Event(Event),
    /// An exchange of this stream, and where its draft ends.
    Draft {
        stream: u64,
        end: usize,
    },
}

/// What a worker tells of a batch.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// With which units streams began: its next ones.
    pub(super) begun: Vec<u64>,
    /// In order.
    pub(super) tales: Vec<Tale>,
    /// The drafts, one after the other.
    pub(super) drafts: Vec<u8>,
    /// The streams, by its own count, of which nothing more will be told.
    pub(super) forgotten: Vec<u64>,
    /// What all of it holds, in bytes.
    pub(super) weight: usize,
}

/// So many drafted exchanges wait to be read into once more; those beyond are let go of at once.
const MOST_DRAFTED: usize = 16;

/// So much memory for drafts is kept from batch to batch, in bytes.
const DRAFTS: usize = 1 << 20;

/// What the workers hold in memory, in bytes.
#[derive(Debug)]
pub(super) struct Held(Vec<AtomicUsize>);

impl Held {
    pub(super) fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| AtomicUsize::new(0)).collect())
    }

    /// All of them together.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(|held| held.load(Ordering::Relaxed)).sum()
    }

    fn set(&self, worker: usize, bytes: usize) {
        if let Some(held) = self.0.get(worker) {
            held.store(bytes, Ordering::Relaxed);
        }
    }
}

impl Worker {
    /// A worker with so much memory for its connections, which has drafts written where there is a drafter.
    pub(super) fn new(
        number: usize,
        config: &Config,
        memory: usize,
        held: Arc<Held>,
        drafter: Option<Drafter>,
    ) -> Self {
        Self { number, shard: config.shared_shard(memory), held, heard: Vec::new(), drafter }
    }

    /// Reads its part of the batch. `told` may hold what it told before, which it lets go of.
    pub(super) fn work(&mut self, batch: &Batch, told: &mut Told) {
        let Self { number, shard, held, heard, drafter } = self;
        let Told { begun, tales, drafts, forgotten, weight } = told;
        *weight = 0;
        begun.clear();
        forgotten.clear();
        drafts.clear();
        drafts.shrink_to(DRAFTS);
        heard.extend(
            tales.drain(..).filter_map(|tale| if let What::Event(event) = tale.what { Some(event) } else { None }),
        );
        // What was written down, to be read into once more.
        let drafted = RefCell::new(Vec::new());
        let mut sink = |moment, event: Event| {
            let what = match (&event, drafter.as_mut()) {
                (Event::Exchange(exchange), Some(drafter))
                    if exchange.findings.is_empty() && !exchange.begins_web_socket() =>
                {
                    let before = drafts.len();
                    drafter(exchange, drafts);
                    let draft = What::Draft { stream: exchange.stream, end: drafts.len() };
                    *weight += size_of::<Tale>() + drafts.len() - before;
                    let mut drafted = drafted.borrow_mut();
                    if drafted.len() < MOST_DRAFTED {
                        drafted.push(event);
                    }
                    draft
                }
                _ => {
                    *weight += event.weight();
                    What::Event(event)
                }
            };
            tales.push(Tale { moment, what });
        };
        let mut quiet = batch.quiet.iter().copied().peekable();
        let part = batch.part(*number);
        for (item, next) in part.iter().zip(1..) {
            if let Some(next) = part.get(next) {
                batch.fetch(next);
            }
            drafted.borrow_mut().drain(..).for_each(|event| shard.reuse(event));
            if shard.lacks_messages()
                && let Some(event) = heard.pop()
            {
                shard.reuse(event);
            }
            while let Some(at) = quiet.next_if(|at| *at <= item.packet) {
                shard.quiet(at, &mut sink);
            }
            match batch.unit(item) {
                Unit::Segment(segment) => {
                    if shard.segment(item.packet, item.serial, &segment, &mut sink) {
                        begun.push(item.serial);
                    }
                }
                Unit::Datagram(datagram) => shard.datagram(item.packet, item.serial, &datagram, &mut sink),
            }
        }
        quiet.for_each(|at| shard.quiet(at, &mut sink));
        if let Some(latest) = batch.end.checked_sub(1) {
            shard.expire(latest, &mut sink);
        }
        forgotten.append(&mut shard.take_forgotten());
        drafted.into_inner().into_iter().for_each(|event| shard.reuse(event));
        heard.truncate(tales.len());
        held.set(*number, shard.memory());
    }

    /// The capture is over: tells what was still open, stream by stream in their order.
    pub(super) fn finish(&mut self, mut sink: impl FnMut(Event)) {
        self.heard.clear();
        self.shard.finish(&mut sink);
    }

    pub(super) fn tally(&self) -> Tally {
        self.shard.tally()
    }
}
