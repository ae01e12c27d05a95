//! The threads: workers, and one that tells what they found.
//!
//! It refuses to know what is in a batch.

use super::backlog::Backlog;
use super::batch::Batch;
use super::merge::Merger;
use super::worker::{Held, Told, Worker};
use super::{Listener, Load, Pace};
use crate::analyzer::{Config, Event, Tally};
use std::io;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

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
    pub(super) fn of(config: &Config, pace: Pace) -> Self {
        let batches = match pace {
            Pace::Wait => 16,
            Pace::Shed => 64,
        };
        Self { batches, batch: (config.memory / 64 / batches).clamp(4 << 10, 512 << 10) }
    }
}

/// Workers and who tells what they found, at first all here.
pub(super) struct Crew {
    state: State,
    pace: Pace,
    room: Room,
    workers: usize,
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

/// The threads at work.
struct Threads {
    batches: Vec<Sender<Arc<Batch>>>,
    free: Receiver<Batch>,
    workers: Vec<JoinHandle<Tally>>,
    merger: JoinHandle<()>,
}

/// A worker's thread's ends of queues.
struct Desk {
    worker: Worker,
    batches: Receiver<Arc<Batch>>,
    told: Sender<(Arc<Batch>, Told)>,
    /// Where it tells what was open at the end.
    pages: SyncSender<Vec<Event>>,
    /// What was told comes back, to be let go of.
    heard: Receiver<Told>,
    backlog: Arc<Backlog>,
}

/// Those of the thread that tells.
struct Stage {
    merger: Box<Merger>,
    told: Vec<Receiver<(Arc<Batch>, Told)>>,
    pages: Vec<Receiver<Vec<Event>>>,
    heard: Vec<Sender<Told>>,
    free: Sender<Batch>,
    backlog: Arc<Backlog>,
    queued: Arc<AtomicUsize>,
}

impl Crew {
    pub(super) fn new(
        config: &Config,
        workers: usize,
        pace: Pace,
        listener: Box<dyn Listener>,
        done: Arc<AtomicBool>,
    ) -> Self {
        let room = Room::of(config, pace);
        // Batches, the numbers of streams, and what was found and not heard yet have their share.
        let memory = (config.flow_memory() - config.memory / 5) / workers.max(1);
        let held = Arc::new(Held::new(workers));
        let worker = |number| Worker::new(number, config, memory, Arc::clone(&held), listener.drafter());
        let all = (0..workers).map(worker).collect();
        let merger = Box::new(Merger::new(workers, listener, done));
        let state = State::Here { workers: all, merger, alone: false };
        let backlog = Arc::new(Backlog::new(config.memory / 32));
        Self { state, pace, room, workers, held, backlog, spare: room.batches, queued: Arc::default() }
    }

    /// An empty batch, where there is one; from a file there is, if one waits.
    pub(super) fn take(&mut self) -> Option<Batch> {
        self.empty(self.pace == Pace::Wait)
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
                self.state = State::Gone(sum(workers.iter().map(Worker::tally)));
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
        self.pace == Pace::Shed && self.queued.load(Ordering::Relaxed) > 1
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
        self.state = match threads(workers.len()) {
            Ok(started) => State::Away(started.send_off(workers, merger, &self.backlog, &self.queued)),
            Err(_) => State::Here { workers, merger, alone: true },
        };
    }
}

/// Threads that wait for what they are to do.
struct Started {
    workers: Vec<(Sender<Desk>, JoinHandle<Tally>)>,
    merger: (Sender<Stage>, JoinHandle<()>),
}

/// Starts threads for so many workers, and one more. Those that did start end where another
/// cannot.
fn threads(workers: usize) -> io::Result<Started> {
    let worker = |number: usize| {
        let (to, desk) = channel::<Desk>();
        let thread = Builder::new().name(format!("worker {}", number + 1));
        let work = move || desk.recv().map_or_else(|_| Tally::default(), Desk::work);
        Ok((to, thread.spawn(work)?))
    };
    let workers = (0..workers).map(worker).collect::<io::Result<_>>()?;
    let (to, stage) = channel::<Stage>();
    let tell = move || stage.recv().map_or((), Stage::tell);
    Ok(Started { workers, merger: (to, Builder::new().name("report".to_owned()).spawn(tell)?) })
}

impl Started {
    fn send_off(
        self,
        workers: Vec<Worker>,
        merger: Box<Merger>,
        backlog: &Arc<Backlog>,
        queued: &Arc<AtomicUsize>,
    ) -> Threads {
        let (free_to, free) = channel();
        let (backlog_of, queued) = (|| Arc::clone(backlog), Arc::clone(queued));
        let mut stage = Stage {
            merger,
            told: Vec::new(),
            pages: Vec::new(),
            heard: Vec::new(),
            free: free_to,
            backlog: backlog_of(),
            queued,
        };
        let (mut batches, mut handles) = (Vec::new(), Vec::new());
        for ((to, handle), worker) in self.workers.into_iter().zip(workers) {
            let (batches_to, batches_from) = channel();
            let (told, told_from) = channel();
            let (pages, pages_from) = sync_channel(1);
            let (heard_to, heard) = channel();
            _ = to.send(Desk { worker, batches: batches_from, told, pages, heard, backlog: backlog_of() });
            stage.pages.push(pages_from);
            stage.told.push(told_from);
            stage.heard.push(heard_to);
            batches.push(batches_to);
            handles.push(handle);
        }
        let (to, merger) = self.merger;
        _ = to.send(stage);
        Threads { batches, free, workers: handles, merger }
    }
}

impl Threads {
    /// Hands a batch to each worker and keeps no hold of it: the last to have it is the one that
    /// tells, who gives it back.
    fn send(&self, batch: Batch) {
        let shared = Arc::new(batch);
        let holds = std::iter::repeat_n(shared, self.batches.len());
        for (to, hold) in self.batches.iter().zip(holds) {
            // One that has died is noticed in the end.
            _ = to.send(hold);
        }
    }

    fn finish(self, batch: Option<Batch>) -> Tally {
        if let Some(batch) = batch {
            self.send(batch);
        }
        let Self { batches, free, workers, merger } = self;
        // What ends the workers, and they the one that tells.
        drop(batches);
        let tally = sum(workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))));
        merger.join().unwrap_or_else(|panic| resume_unwind(panic));
        drop(free);
        tally
    }
}

impl Desk {
    /// How many events of the end are told at a time, and how many bytes.
    const PAGE: (usize, usize) = (256, 256 << 10);

    fn work(self) -> Tally {
        let Self { mut worker, batches, told: to, pages, heard, backlog } = self;
        for (number, batch) in (0..).zip(batches) {
            backlog.wait_for(number);
            let mut told = heard.try_recv().unwrap_or_default();
            worker.work(&batch, &mut told);
            backlog.add(told.weight);
            let last = batch.last;
            if to.send((batch, told)).is_err() {
                break;
            }
            if last {
                let (mut page, mut weight) = (Vec::new(), 0);
                worker.finish(|event| {
                    weight += event.weight();
                    page.push(event);
                    if page.len() >= Self::PAGE.0 || weight >= Self::PAGE.1 {
                        // Waits until the one before is told.
                        _ = pages.send(std::mem::take(&mut page));
                        weight = 0;
                    }
                });
                _ = pages.send(page);
            }
        }
        worker.tally()
    }
}

/// However the thread that tells ends, nobody waits for it then.
struct Ending<'a>(&'a Backlog);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Stage {
    fn tell(self) {
        let Self { mut merger, told: from, pages, heard, free, backlog, queued } = self;
        let _end = Ending(&backlog);
        let mut all = Vec::with_capacity(from.len());
        loop {
            let mut batch = None;
            for from in &from {
                let Ok((shared, told)) = from.recv() else { return };
                batch = Some(shared);
                all.push(told);
            }
            merger.merge(&mut all);
            backlog.heard(all.iter().map(|told| told.weight).sum());
            for (told, to) in all.drain(..).zip(&heard) {
                // Once a worker has ended, what it told is let go of here.
                _ = to.send(told);
            }
            let last = batch.as_ref().is_some_and(|batch| batch.last);
            if last {
                merger.finish(pages.into_iter().map(|pages| pages.into_iter().flatten()).collect());
                queued.fetch_sub(1, Ordering::Relaxed);
                merger.pause(true);
                return;
            }
            // The other workers gave theirs back before.
            if let Some(mut batch) = batch.and_then(Arc::into_inner) {
                batch.let_go();
                _ = free.send(batch);
            }
            let others = queued.fetch_sub(1, Ordering::Relaxed) > 1;
            merger.pause(!others);
        }
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

fn sum(tallies: impl Iterator<Item = Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut sum, tally| {
        sum += tally;
        sum
    })
}
