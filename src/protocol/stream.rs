//! One stream: HTTP/1 until its bytes, or a switch of protocols, hand it on.
//!
//! HTTP/1 looks at each direction first, since it may start behind bytes of anything else. What
//! [`classify`](super::classify) knows for another protocol, and what a response switches to, goes to that
//! protocol's own reader from its first byte on, through [`Router`].

use super::http1::{self, Handover};
use super::kind::Protocol;
use super::observer::Observer;
use super::reader::Reader;
use super::successor::Successor;
use super::{registry, web_socket};
use crate::http::{self, BodyState, Context, Message, ParsedExchange};
use crate::packet::Place;
use crate::tcp::{Chunk, Direction, Gap, PerDirection};

/// What reads a stream.
#[derive(Debug)]
pub struct Stream<S: BodyState> {
    http1: http1::Connection<S>,
    /// What took over from HTTP/1, and which directions of it.
    next: Option<Box<Next<S>>>,
    /// Whether HTTP/1 was spoken.
    had_http1: bool,
    /// Whether something was said outside of HTTP/1.
    had_other: bool,
}

/// What took over from HTTP/1.
#[derive(Debug)]
struct Next<S: BodyState> {
    reader: Box<dyn Reader<S>>,
    /// To what each direction was handed on.
    directions: PerDirection<Option<Protocol>>,
}

impl<S: BodyState> Default for Stream<S> {
    fn default() -> Self {
        Self { http1: http1::Connection::default(), next: None, had_http1: false, had_other: false }
    }
}

impl<S: BodyState> Stream<S> {
    /// Makes one of which nothing was read as new, or as one that is at rest.
    pub fn begin_again(&mut self, resting: bool) {
        self.http1.begin_again(resting);
        (self.next, self.had_http1, self.had_other) = (None, resting, false);
    }

    /// Whether all that was said is over and the next message may follow, so that nothing is kept.
    pub fn is_resting(&self) -> bool {
        self.next.is_none() && !self.had_other && self.http1.is_resting()
    }

    /// The protocol that `from` speaks; `None` as long as its first bytes may become anything.
    pub fn protocol(&self, from: Direction) -> Option<Protocol> {
        match self.next.as_ref().and_then(|next| next.directions[from]) {
            Some(protocol) => Some(protocol),
            None if self.had_http1 => Some(Protocol::Http1),
            None => self.had_other.then_some(Protocol::Opaque),
        }
    }

    /// Memory held besides `self`, in bytes.
    pub fn memory_usage(&self) -> usize {
        let next = self.next.as_ref().map_or(0, |next| size_of::<Next<S>>() + next.reader.memory_usage());
        self.http1.weight() + next
    }

    /// The next bytes of a direction; how many of them, from the first on, were looked at.
    pub fn data(&mut self, chunk: Chunk<'_>, cx: &mut Context<'_, impl Observer<Body = S>>) -> usize {
        self.with_http1(cx, |http1, cx| http1.data(chunk, cx))
    }

    /// Bytes of a direction are lost.
    pub fn gap(&mut self, gap: Gap, cx: &mut Context<'_, impl Observer<Body = S>>) {
        self.with_http1(cx, |http1, cx| http1.gap(gap, cx));
    }

    /// A direction ended.
    pub fn finish_direction(&mut self, from: Direction, cx: &mut Context<'_, impl Observer<Body = S>>) {
        self.with_http1(cx, |http1, cx| http1.finish_direction(from, cx));
    }

    /// The stream is over.
    #[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
    pub fn finish(&mut self, cx: &mut Context<'_, impl Observer<Body = S>>) {
        self.with_http1(cx, |http1, cx| http1.finish(cx));
    }

    /// Adds a note to what a direction is sending, where that is a message.
    pub fn note(&mut self, from: Direction, name: &'static str) {
        self.http1.note(from, name);
    }

    /// Adds a note to what a direction said last, where that was not given out yet.
    pub fn note_latest(&mut self, from: Direction, name: &'static str) {
        self.http1.note_latest(from, name);
    }

    fn with_http1<O: Observer<Body = S>, R>(
        &mut self,
        cx: &mut Context<'_, O>,
        act: impl FnOnce(&mut http1::Connection<S>, &mut Context<'_, Router<'_, O>>) -> R,
    ) -> R {
        let Self { http1, next, had_http1, had_other } = self;
        let mut router = Router { next, had_http1, had_other, observer: &mut *cx.observer };
        act(http1, &mut Context::new(cx.settings, &mut router))
    }
}

/// Passes on what HTTP/1 tells, and hands what is another protocol's to its reader.
struct Router<'a, O: Observer> {
    next: &'a mut Option<Box<Next<O::Body>>>,
    had_http1: &'a mut bool,
    had_other: &'a mut bool,
    observer: &'a mut O,
}

impl<O: Observer> http::Observer for Router<'_, O> {
    type Body = O::Body;

    fn body(&mut self, state: &mut O::Body, bytes: &[u8], place: Place) {
        self.observer.body(state, bytes, place);
    }

    fn exchange(&mut self, parsed: ParsedExchange<O::Body>) {
        self.observer.exchange(parsed);
    }

    fn other(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool {
        *self.had_other = true;
        self.observer.other(from, bytes, place)
    }

    fn spare(&mut self) -> Box<Message> {
        // Whoever reads a head asks for a message to read it into.
        *self.had_http1 = true;
        self.observer.spare()
    }
}

impl<O: Observer> Handover for Router<'_, O> {
    fn handed_on(&mut self, from: Direction, to: Successor) {
        let first = !*self.had_other;
        let next = self.next.get_or_insert_with(|| {
            let reader = match to {
                Successor::Known(protocol) => registry::reader(protocol, first),
                Successor::WebSocket(parameters) => Box::new(web_socket::Connection::new(parameters)),
            };
            Box::new(Next { reader, directions: PerDirection::default() })
        });
        next.directions[from] = Some(to.protocol());
    }

    fn foreign(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool {
        *self.had_other = true;
        match self.next {
            Some(next) => next.reader.data(from, bytes, place, self.observer),
            None => self.observer.other(from, bytes, place),
        }
    }

    fn foreign_lost(&mut self, from: Direction) {
        if let Some(next) = self.next {
            next.reader.lost(from);
        }
    }
}
