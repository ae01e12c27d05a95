//! The threads: most workers', and that of the one that tells what they found.
//!
//! It refuses to know what is in a batch.

use super::backlog::Backlog;
use super::batch::Batch;
use super::merge::Merger;
use super::worker::{Told, Worker};
use crate::analyzer::{Event, Tally};
use std::io;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

/// The threads at work.
pub(super) struct Threads {
    /// Where workers with a thread of their own get batches.
    batches: Vec<Sender<Arc<Batch>>>,
    /// The first worker, where whoever hands the batches over does its work.
    own: Option<Box<Desk>>,
    pub(super) free: Receiver<Batch>,
    workers: Vec<JoinHandle<Tally>>,
    merger: JoinHandle<()>,
}

/// A worker and its ends of queues.
struct Desk {
    worker: Worker,
    /// How many batches it read.
    read: u64,
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

/// A worker's thread, that waits for the worker, and where it gets batches.
struct Post {
    desk: Sender<Desk>,
    batches: Sender<Arc<Batch>>,
    thread: JoinHandle<Tally>,
}

/// Threads that wait for what they are to do.
pub(super) struct Started {
    /// Each worker's, where it has one.
    workers: Vec<Option<Post>>,
    merger: (Sender<Stage>, JoinHandle<()>),
}

/// Starts threads for so many workers, and one more; `own`: none for the first of them. Those that did
/// start end where another cannot.
pub(super) fn start(workers: usize, own: bool) -> io::Result<Started> {
    let worker = |number: usize| {
        if own && number == 0 {
            return Ok(None);
        }
        let ((desk, desk_from), (batches, batches_from)) = (channel::<Desk>(), channel());
        let work = move || desk_from.recv().map_or_else(|_| Tally::default(), |desk| desk.work(batches_from));
        let thread = Builder::new().name(format!("worker {}", number + 1)).spawn(work)?;
        Ok(Some(Post { desk, batches, thread }))
    };
    let workers = (0..workers).map(worker).collect::<io::Result<_>>()?;
    let (to, stage) = channel::<Stage>();
    let tell = move || stage.recv().map_or((), Stage::tell);
    Ok(Started { workers, merger: (to, Builder::new().name("report".to_owned()).spawn(tell)?) })
}

impl Started {
    /// Sends all to work.
    pub(super) fn send_off(
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
        let (mut batches, mut handles, mut own) = (Vec::new(), Vec::new(), None);
        for (post, worker) in self.workers.into_iter().zip(workers) {
            let (told, told_from) = channel();
            let (pages, pages_from) = sync_channel(1);
            let (heard_to, heard) = channel();
            stage.pages.push(pages_from);
            stage.told.push(told_from);
            stage.heard.push(heard_to);
            let desk = Desk { worker, read: 0, told, pages, heard, backlog: backlog_of() };
            if let Some(post) = post {
                _ = post.desk.send(desk);
                batches.push(post.batches);
                handles.push(post.thread);
            } else {
                own = Some(Box::new(desk));
            }
        }
        let (to, merger) = self.merger;
        _ = to.send(stage);
        Threads { batches, own, free, workers: handles, merger }
    }
}

impl Threads {
    /// Hands a batch to each worker and keeps no hold of it: the last to have it is the one that
    /// tells, who gives it back.
    pub(super) fn send(&mut self, batch: Batch) {
        let Self { batches, own, .. } = self;
        let holds = batches.len() + usize::from(own.is_some());
        let mut holds = std::iter::repeat_n(Arc::new(batch), holds);
        for (to, hold) in batches.iter().zip(&mut holds) {
            // One that has died is noticed in the end.
            _ = to.send(hold);
        }
        if let (Some(own), Some(hold)) = (own, holds.next()) {
            // How it ends, it knows itself.
            _ = own.read(hold);
        }
    }

    /// Hands over the last batch, and waits until all is told.
    pub(super) fn finish(mut self, batch: Option<Batch>) -> Tally {
        if let Some(batch) = batch {
            self.send(batch);
        }
        let Self { batches, own, free, workers, merger } = self;
        // What ends the workers, and they the one that tells.
        drop(batches);
        let own = own.map(|own| own.worker.tally());
        let tallies = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let tally = own.into_iter().chain(tallies).sum();
        merger.join().unwrap_or_else(|panic| resume_unwind(panic));
        drop(free);
        tally
    }
}

impl Desk {
    /// How many events of the end are told at a time, and how many bytes.
    const PAGE: (usize, usize) = (256, 256 << 10);

    /// Reads all batches.
    fn work(mut self, batches: Receiver<Arc<Batch>>) -> Tally {
        for batch in batches {
            // After the last one nobody may wait for what this worker has told to its end.
            if self.read(batch).is_break() {
                break;
            }
        }
        self.worker.tally()
    }

    /// Reads its part of a batch; `Break` where there is nothing more to do: it was the last, or nobody
    /// listens.
    fn read(&mut self, batch: Arc<Batch>) -> ControlFlow<()> {
        self.backlog.wait_for(self.read);
        self.read += 1;
        let mut told = self.heard.try_recv().unwrap_or_default();
        self.worker.work(&batch, &mut told);
        self.backlog.add(told.weight);
        let last = batch.last;
        let listens = self.told.send((batch, told)).is_ok();
        if listens && last {
            self.finish();
        }
        if listens && !last { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// Tells what is still open at the end.
    fn finish(&mut self) {
        let Self { worker, pages, .. } = self;
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
