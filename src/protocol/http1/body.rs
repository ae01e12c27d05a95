//! Reads a body up to its end: as long as announced, chunk by chunk, or until the connection
//! closes (RFC 9112 §6), and the trailers after the last chunk.

use super::chunks::{Chunks, Step};
use super::connection::{Connection, Turn};
use super::framing::Framing;
use super::handover::Handover;
use super::head;
use super::recognize::recognize;
use super::side::{Body, State};
use super::start_kind::{Kind, Look};
use crate::http::BodyState;
use crate::packet::Place;
use crate::tcp::{Direction, Source};

/// Longest trailer section that is read, in bytes.
const LONGEST_TRAILERS: usize = 64 << 10;

/// So many bytes of a body that may never have been sent are held back until they tell.
const LONGEST_DOUBT: usize = 4096;

impl<S: BodyState> Connection<S> {
    /// A head is read, or its framing turned out to be another: its body begins.
    pub(super) fn begin_body<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        framing: Framing,
        context: &mut Turn<'_, O>,
    ) {
        let from = context.from;
        self.sides[from].state = match framing {
            Framing::Length(0) => State::Between,
            Framing::Length(left) => State::Body(kind, Body::Length { left, fresh: true }),
            Framing::Chunked => State::Body(kind, Body::Chunked(Chunks::default())),
            Framing::UntilClose => State::Body(kind, Body::UntilClose),
            Framing::Tunnel => State::Start,
            Framing::Switched => State::Switched,
        };
        if matches!(framing, Framing::Length(0) | Framing::Tunnel | Framing::Switched) {
            self.end((from, kind), true, None, context);
        }
        if matches!(framing, Framing::Tunnel | Framing::Switched) {
            self.open_tunnel(context);
        }
    }

    /// The answer handed the connection over: what the client says from here on is a new
    /// beginning, and so is what it had said already and that was no message.
    fn open_tunnel<O: Handover<Body = S>>(&mut self, context: &mut Turn<'_, O>) {
        let client = context.from.reverse();
        let state = self.sides[context.from].state;
        let side = &mut self.sides[client];
        if matches!(side.state, State::Start | State::Between | State::Perhaps(_) | State::Stray | State::Lost) {
            side.state = state;
            side.notes.clear();
            let held = side.take();
            let from = std::mem::replace(&mut context.from, client);
            self.feed_held(&held, context);
            context.from = from;
        }
    }

    /// The message that `who` sends is over.
    pub(super) fn end<O: Handover<Body = S>>(
        &mut self,
        who: (Direction, Kind),
        complete: bool,
        last: Option<Place>,
        context: &mut Turn<'_, O>,
    ) {
        self.exchanges.end(who, complete, last, &mut context.io);
        if context.alone && who.1 != Kind::Response {
            // The latest waits: its answer may still show that the other direction is captured.
            self.exchanges.give_out_until(1, who.0, &mut context.io);
        }
    }

    /// The next bytes of a body.
    pub(super) fn body<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        body: Body,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let who = (context.from, kind);
        match body {
            Body::UntilClose => {
                context.passed = !self.exchanges.body(who, bytes, source.place, &mut context.io);
                bytes.len()
            }
            Body::Length { left, fresh: true } if self.may_be_missing(kind, context) => {
                self.doubtful(kind, left, bytes, source, context)
            }
            Body::Length { left, .. } => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - taken as u64;
                let part = bytes.get(..taken).unwrap_or_default();
                context.passed = !self.exchanges.body(who, part, source.place, &mut context.io);
                self.sides[context.from].state = State::Body(kind, Body::Length { left, fresh: false });
                if left == 0 {
                    self.sides[context.from].state = State::Between;
                    self.end(who, true, None, context);
                }
                taken
            }
            Body::Chunked(chunks) => self.chunked(kind, chunks, bytes, source, context),
        }
    }

    /// Whether an announced body is perhaps not there: the client waited for leave to send it
    /// and was refused, or the request, not captured, was HEAD.
    fn may_be_missing<O: Handover<Body = S>>(&self, kind: Kind, context: &Turn<'_, O>) -> bool {
        let from = context.from;
        let suspect = match kind {
            Kind::Response => self.exchanges.is_orphan(from),
            Kind::Request | Kind::BareRequest => self.exchanges.was_refused(from),
        };
        suspect || !self.sides[from].buffer.is_empty()
    }

    /// The first bytes of a body that may not be there: where they start another message, it is
    /// not.
    fn doubtful<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        left: u64,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let from = context.from;
        let side = &mut self.sides[from];
        side.push(bytes, source);
        let response = kind == Kind::Response;
        // A body shorter than a start line is no more certain than a longer one.
        let hope = !response || matches!(side.buffer.first(), Some(b'H' | b'h' | b'I'));
        match recognize(side.buffer.get(..LONGEST_DOUBT).unwrap_or(&side.buffer)) {
            Look::Is(next) if (next == Kind::Response) == response => {
                let held = side.take();
                self.exchanges.note((from, kind), "body-not-sent");
                self.sides[from].state = State::Between;
                self.end((from, kind), true, None, context);
                self.feed_held(&held, context);
            }
            Look::Partial if hope && side.buffer.len() < LONGEST_DOUBT => {}
            _ => {
                let held = side.take();
                side.state = State::Body(kind, Body::Length { left, fresh: false });
                self.feed_held(&held, context);
            }
        }
        bytes.len()
    }

    /// The next bytes of a chunked body.
    fn chunked<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        mut chunks: Chunks,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let from = context.from;
        let who = (from, kind);
        let mut notes = Vec::new();
        let step = chunks.step(bytes, &mut notes);
        for note in notes {
            self.exchanges.note(who, note.0);
        }
        let side = &mut self.sides[from];
        side.state = State::Body(kind, Body::Chunked(chunks));
        match step {
            Step::Framing(count) if !chunks.is_sure() => {
                side.push(bytes.get(..count).unwrap_or_default(), source);
                count
            }
            Step::Framing(count) => {
                side.take();
                count
            }
            Step::Data(count) => {
                let part = bytes.get(..count).unwrap_or_default();
                context.passed = !self.exchanges.body(who, part, source.place, &mut context.io);
                count
            }
            Step::Last(count) => {
                side.take();
                side.state = State::Trailers(kind);
                count
            }
            Step::Broken(count) if !chunks.is_sure() => {
                side.push(bytes.get(..count).unwrap_or_default(), source);
                self.not_chunked(kind, context);
                count
            }
            Step::Broken(count) => {
                side.state = State::Stray;
                self.end(who, false, None, context);
                count
            }
        }
    }

    /// A body that was said to be chunked is not: it ends as if that had not been said.
    fn not_chunked<O: Handover<Body = S>>(&mut self, kind: Kind, context: &mut Turn<'_, O>) {
        let held = self.sides[context.from].take();
        let framing = self.exchanges.not_chunked((context.from, kind));
        self.begin_body(kind, framing, context);
        self.feed_held(&held, context);
    }

    /// No more bytes will tell what the body's first ones are.
    pub(super) fn decide_body<O: Handover<Body = S>>(&mut self, kind: Kind, body: Body, context: &mut Turn<'_, O>) {
        if self.sides[context.from].buffer.is_empty() {
            return;
        }
        match body {
            Body::Length { left, .. } => {
                let held = self.sides[context.from].take();
                self.sides[context.from].state = State::Body(kind, Body::Length { left, fresh: false });
                self.feed_held(&held, context);
            }
            Body::Chunked(_) => self.not_chunked(kind, context),
            Body::UntilClose => {}
        }
    }

    /// The next `length` bytes are lost, in a body.
    pub(super) fn body_gap<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        mut body: Body,
        length: u64,
        source: Source,
        context: &mut Turn<'_, O>,
    ) {
        let from = context.from;
        let who = (from, kind);
        let (lost, goes_on) = match &mut body {
            Body::UntilClose => (length, true),
            Body::Chunked(chunks) => {
                if chunks.skip(length) {
                    (length, true)
                } else {
                    (0, false)
                }
            }
            Body::Length { left, .. } if length <= *left => {
                *left -= length;
                (length, true)
            }
            Body::Length { left, .. } => (*left, false),
        };
        if kind == Kind::Response && self.exchanges.is_orphan(from) {
            // Its request may have been HEAD: then this is no body, and what is lost may be messages.
            self.sides[from].lost_from.get_or_insert(source.offset);
        }
        if lost > 0 {
            self.exchanges.body_gap(who, lost, source.place, &mut context.io);
        } else {
            self.exchanges.note(who, "missing-bytes");
        }
        self.sides[from].state = State::Body(kind, body);
        if !goes_on {
            self.sides[from].lose(source.offset.saturating_add(lost));
            self.end(who, false, None, context);
        } else if matches!(body, Body::Length { left: 0, .. }) {
            self.sides[from].state = State::Between;
            self.end(who, false, None, context);
        }
    }

    /// Adds to the trailers until their blank line.
    pub(super) fn trailers<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let who = (context.from, kind);
        let side = &mut self.sides[context.from];
        let before = side.buffer.len();
        let pushed = side.push_up_to(LONGEST_TRAILERS, bytes, source).len();
        // An empty section is a blank line at once.
        let empty = if side.buffer.starts_with(b"\r\n") {
            Some(2)
        } else if side.buffer.starts_with(b"\n") {
            Some(1)
        } else {
            None
        };
        let Some(end) = empty.or_else(|| head::end(&side.buffer, side.searched)) else {
            side.searched = side.buffer.len();
            if side.buffer.len() >= LONGEST_TRAILERS {
                side.take();
                side.state = State::Stray;
                self.exchanges.note(who, "trailers-too-long");
                self.end(who, false, None, context);
            }
            return pushed;
        };
        let taken = end.saturating_sub(before);
        side.truncate(end);
        let held = side.take();
        side.state = State::Between;
        let last = source.place.advanced(taken.saturating_sub(1));
        if empty == Some(1) {
            self.exchanges.note(who, "bare-lf");
        }
        if empty.is_none() {
            let mut notes = Vec::new();
            let mut trailers = head::trailers(&held.bytes, &mut notes);
            trailers.set_places(held.places());
            for note in notes {
                self.exchanges.note(who, note.0);
            }
            self.exchanges.trailers(who, trailers, last);
        }
        self.end(who, true, Some(last), context);
        taken
    }
}
