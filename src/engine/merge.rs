//! Puts what the workers tell in the order of one thread, and gives streams and exchanges their
//! numbers.
//!
//! It refuses to know what is told.

use super::listener::Listener;
use super::worker::{Told, What};
use crate::analyzer::Event;
use hashbrown::HashMap;
use std::mem::{replace, take};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Merges what is told of each batch.
pub(super) struct Merger {
    listener: Box<dyn Listener>,
    /// Set where the listener wants no more.
    done: Arc<AtomicBool>,
    names: Vec<Names>,
    /// How many streams and exchanges there were.
    streams: u64,
    exchanges: u64,
    /// The exchanges that began a `WebSocket` each, by the streams' numbers.
    switches: HashMap<u64, u64, foldhash::fast::RandomState>,
}

/// The numbers of a worker's streams, by its own count; those of which more may be told.
#[derive(Default)]
struct Names {
    numbers: HashMap<u64, u64, foldhash::fast::RandomState>,
    begun: u64,
}

impl Merger {
    pub(super) fn new(workers: usize, listener: Box<dyn Listener>, done: Arc<AtomicBool>) -> Self {
        let names = (0..workers).map(|_| Names::default()).collect();
        Self { listener, done, names, streams: 0, exchanges: 0, switches: HashMap::default() }
    }

    /// Takes what all workers told of a batch, and tells it. The events are left for who made
    /// them to let go of.
    pub(super) fn merge(&mut self, told: &mut [Told]) {
        self.number_streams(told);
        for (told, names) in told.iter_mut().zip(&self.names) {
            for tale in &mut told.tales {
                let stream = match &mut tale.what {
                    What::Event(event) => stream_of(event),
                    What::Draft { stream, .. } => Some(stream),
                };
                if let Some(stream) = stream {
                    *stream = names.numbers.get(stream).copied().unwrap_or(*stream);
                }
            }
        }
        // Where the next draft of each begins.
        let mut drafts: Vec<(Vec<u8>, usize)> = told.iter_mut().map(|told| (take(&mut told.drafts), 0)).collect();
        in_order(
            told,
            |told| &mut told.tales,
            |tale| tale.moment,
            |worker, tale| match &mut tale.what {
                What::Event(event) => self.tell(event),
                What::Draft { stream, end } => {
                    let draft = drafts.get_mut(worker).and_then(|(text, from)| text.get(replace(from, *end)..*end));
                    self.tell_draft(*stream, draft.unwrap_or_default());
                }
            },
        );
        for (told, (text, _)) in told.iter_mut().zip(drafts) {
            told.drafts = text;
        }
        for (told, names) in told.iter_mut().zip(&mut self.names) {
            for stream in &told.forgotten {
                if let Some(number) = names.numbers.remove(stream) {
                    self.switches.remove(&number);
                }
            }
        }
    }

    /// The capture is over: takes what each worker tells of what was still open, stream by stream
    /// in their order, and tells it so.
    pub(super) fn finish<I: Iterator<Item = Event>>(&mut self, told: Vec<I>) {
        let next = |(events, names): &mut (I, &Names)| {
            let mut event = events.next()?;
            let stream = stream_of(&mut event).map(|stream| {
                *stream = names.numbers.get(stream).copied().unwrap_or(*stream);
                *stream
            });
            Some((stream, event))
        };
        let all_names = std::mem::take(&mut self.names);
        let mut told: Vec<_> = told.into_iter().zip(&all_names).collect();
        let mut heads: Vec<_> = told.iter_mut().map(next).collect();
        loop {
            let some = heads.iter().enumerate().filter_map(|(at, head)| Some((at, head.as_ref()?.0)));
            let Some((at, _)) = some.min_by_key(|(_, stream)| *stream) else { return };
            let (Some(head), Some(told)) = (heads.get_mut(at), told.get_mut(at)) else { return };
            if let Some((_, mut event)) = std::mem::replace(head, next(told)) {
                self.tell(&mut event);
            }
        }
    }

    /// Gives the streams that began their numbers.
    fn number_streams(&mut self, told: &mut [Told]) {
        let (streams, names) = (&mut self.streams, &mut self.names);
        in_order(
            told,
            |told| &mut told.begun,
            |serial| *serial,
            |worker, _| {
                if let Some(names) = names.get_mut(worker) {
                    names.numbers.insert(names.begun, *streams);
                    names.begun += 1;
                }
                *streams += 1;
            },
        );
    }

    fn tell(&mut self, event: &mut Event) {
        if self.done.load(Ordering::Relaxed) {
            return;
        }
        match event {
            Event::Exchange(exchange) => {
                self.exchanges += 1;
                exchange.id = self.exchanges;
                if exchange.begins_web_socket() {
                    self.switches.insert(exchange.stream, exchange.id);
                }
            }
            Event::Finding(found) => {
                found.exchange =
                    found.exchange.and(found.stream).and_then(|stream| self.switches.get(&stream).copied());
            }
            Event::Tls(_) => {}
        }
        let flow = self.listener.event(event);
        self.note(flow);
    }

    fn tell_draft(&mut self, stream: u64, draft: &[u8]) {
        if self.done.load(Ordering::Relaxed) {
            return;
        }
        self.exchanges += 1;
        let flow = self.listener.drafted(self.exchanges, stream, draft);
        self.note(flow);
    }

    /// Between two batches. `idle`: there is no next one yet.
    pub(super) fn pause(&mut self, idle: bool) {
        let flow = self.listener.pause(idle);
        self.note(flow);
    }

    /// Notes whether the listener wants more.
    fn note(&self, flow: ControlFlow<()>) {
        if flow.is_break() {
            self.done.store(true, Ordering::Relaxed);
        }
    }
}

/// The number of the stream that an event is about.
fn stream_of(event: &mut Event) -> Option<&mut u64> {
    match event {
        Event::Exchange(exchange) => Some(&mut exchange.stream),
        Event::Finding(found) => found.stream.as_mut(),
        Event::Tls(hello) => Some(&mut hello.stream),
    }
}

/// Goes through lists that are each in order, as through one. `with` is told whose it is.
fn in_order<L, T, K: Ord>(
    lists: &mut [L],
    list: impl Fn(&mut L) -> &mut Vec<T>,
    key: impl Fn(&mut T) -> K,
    mut with: impl FnMut(usize, &mut T),
) {
    let mut heads: Vec<(usize, Option<K>)> = lists.iter_mut().map(|one| (0, list(one).first_mut().map(&key))).collect();
    loop {
        let some = heads.iter().enumerate().filter_map(|(at, (_, head))| Some((at, head.as_ref()?)));
        let Some((at, _)) = some.min_by(|(_, a), (_, b)| a.cmp(b)) else { return };
        let (Some(one), Some((next, head))) = (lists.get_mut(at), heads.get_mut(at)) else { return };
        let items = list(one);
        if let Some(item) = items.get_mut(*next) {
            with(at, item);
        }
        *next += 1;
        *head = items.get_mut(*next).map(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_order_are_gone_through_as_one() {
        let mut lists = [vec![1, 4, 9], vec![], vec![2, 3, 10, 11], vec![0]];
        let mut seen = Vec::new();
        in_order(&mut lists, |list| list, |item| *item, |at, item| seen.push((at, *item)));
        assert_eq!(seen, [(3, 0), (0, 1), (2, 2), (2, 3), (0, 4), (0, 9), (2, 10), (2, 11)]);
    }
}
