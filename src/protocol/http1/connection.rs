//! Reads the two directions of one stream as HTTP, whatever its port.
//!
//! It knows what was said by whom and in which order; it refuses to know packets. However a
//! direction's bytes are cut, the same messages and notes come out, as long as none were lost:
//! only after a loss is the start of a segment taken for a hint that a message may start there.

use super::exchange::Exchanges;
use super::handover::Handover;
use super::recognize::{begins_request, has_status};
use super::side::{Body, Held, Origin, Side, State};
use super::start_kind::Kind;
use crate::http::{self, BodyState, add_note};
use crate::tcp::{Chunk, Direction, Gap, PerDirection, Source};

/// One stream, read as HTTP where it is.
#[derive(Debug)]
pub struct Connection<S> {
    pub(super) sides: PerDirection<Side>,
    pub(super) exchanges: Exchanges<S>,
}

impl<S> Default for Connection<S> {
    fn default() -> Self {
        Self { sides: PerDirection::default(), exchanges: Exchanges::default() }
    }
}

/// A step that takes no bytes changes the state; more of them in a row than states would
/// be a mistake of ours, and must not hang.
const MOST_TURNS: u32 = 16;

/// Everything that reading a direction needs besides its bytes.
pub(super) struct Turn<'a, O: Handover> {
    pub(super) from: Direction,
    pub(super) alone: bool,
    pub(super) io: http::Context<'a, O>,
    /// Whether the last step only counted bytes.
    pub(super) passed: bool,
}

impl<'a, O: Handover> Turn<'a, O> {
    fn new(from: Direction, alone: bool, cx: &'a mut http::Context<'_, O>) -> Self {
        let io = http::Context::new(cx.settings, &mut *cx.observer);
        Self { from, alone, io, passed: false }
    }

    /// Gives out bytes that were held back and are no HTTP.
    pub(super) fn other(&mut self, held: &Held) {
        for (bytes, source) in held.runs() {
            self.io.observer.other(self.from, bytes, source.place);
        }
    }
}

impl<S: BodyState> Connection<S> {
    /// Makes one that is at rest, or new, one of which nothing was read, or whose messages are all
    /// over, and whose next ones are HTTP again, it seems.
    pub fn begin_again(&mut self, resting: bool) {
        for from in Direction::BOTH {
            self.sides[from].state = if resting { State::Between } else { State::Start };
        }
    }

    /// Whether all its messages are over, so that nothing is kept of them.
    pub fn is_resting(&self) -> bool {
        Direction::BOTH.into_iter().all(|from| self.sides[from].is_between()) && self.exchanges.is_empty()
    }

    /// Memory held, in bytes.
    pub fn weight(&self) -> usize {
        Direction::BOTH.into_iter().map(|from| self.sides[from].weight()).sum::<usize>() + self.exchanges.weight()
    }

    /// The next bytes of a direction. `alone`: the other direction is not captured, so no
    /// message waits for its counterpart. Gives how many of them, from the first on, mattered; the
    /// rest was only counted.
    pub fn data<O: Handover<Body = S>>(&mut self, chunk: Chunk<'_>, cx: &mut http::Context<'_, O>) -> usize {
        let Chunk { from, bytes, source, alone } = chunk;
        let mut context = Turn::new(from, alone, cx);
        self.end_bare_request(from, &mut context);
        self.sides[from].next = Some(source.offset.saturating_add(bytes.len() as u64));
        self.feed(bytes, source, &mut context)
    }

    /// Reads bytes that came in one piece; gives how many of them mattered.
    pub(super) fn feed<O: Handover<Body = S>>(
        &mut self,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let (mut at, mut stuck, mut mattered) = (0, 0, 0);
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            context.passed = false;
            let taken = self.step(rest, source.advanced(at), context);
            at += taken;
            if !context.passed {
                mattered = at;
            }
            stuck = if taken == 0 { stuck + 1 } else { 0 };
            if stuck > MOST_TURNS {
                debug_assert!(false, "no progress in {:?}", self.sides[context.from].state);
                self.sides[context.from].lose(source.offset);
                break;
            }
        }
        // Whoever has bytes read again did look at them.
        context.passed = false;
        mattered
    }

    /// Reads again what was held back, now that the state says what it is.
    pub(super) fn feed_held<O: Handover<Body = S>>(&mut self, held: &Held, context: &mut Turn<'_, O>) {
        for (bytes, source) in held.runs() {
            self.feed(bytes, source, context);
        }
    }

    /// Takes the next step into `bytes`; returns how many were taken. Where none are taken
    /// the state has changed.
    fn step<O: Handover<Body = S>>(&mut self, bytes: &[u8], source: Source, context: &mut Turn<'_, O>) -> usize {
        let from = context.from;
        match self.sides[from].state {
            State::Start => self.start(Origin::Start, bytes, source, context),
            State::Between => self.start(Origin::Between, bytes, source, context),
            State::Switched => self.start(Origin::Switched, bytes, source, context),
            State::Lost => self.start(Origin::Lost, bytes, source, context),
            State::Perhaps(origin) => self.perhaps(origin, bytes, source, context),
            State::Head(kind) => self.head(kind, bytes, source, context),
            State::Body(kind, body) => self.body(kind, body, bytes, source, context),
            State::Trailers(kind) => self.trailers(kind, bytes, source, context),
            State::Stray => self.stray(bytes, source, context),
            State::Foreign => {
                context.passed = !context.io.observer.foreign(from, bytes, source.place);
                bytes.len()
            }
        }
    }

    /// The next `length` bytes of a direction are lost.
    pub fn gap<O: Handover<Body = S>>(&mut self, gap: Gap, cx: &mut http::Context<'_, O>) {
        let Gap { from, length, source } = gap;
        let mut context = Turn::new(from, false, cx);
        self.end_bare_request(from, &mut context);
        let end = source.offset.saturating_add(length);
        self.sides[from].next = Some(end);
        // What the capture cut off a segment belongs to what the segment began.
        let lost_from = if source.acknowledged.is_some() { end } else { source.offset };
        self.decide(&mut context);
        match self.sides[from].state {
            State::Start | State::Between | State::Switched | State::Perhaps(_) | State::Stray | State::Lost => {
                self.sides[from].lose(lost_from);
            }
            State::Foreign => context.io.observer.foreign_lost(from),
            State::Head(_) => {
                self.cut_head(&mut context);
                self.sides[from].lose(lost_from);
            }
            State::Trailers(kind) => {
                self.sides[from].lose(lost_from);
                self.end((from, kind), false, None, &mut context);
            }
            State::Body(kind, body) => self.body_gap(kind, body, length, source, &mut context),
        }
    }

    /// A head is cut off where its buffer ends: what came of it is shown, if that is a status or all of its
    /// first line.
    fn cut_head<O: Handover<Body = S>>(&mut self, context: &mut Turn<'_, O>) {
        let side = &mut self.sides[context.from];
        match side.state {
            State::Head(kind) if memchr::memchr(b'\n', &side.buffer).is_some() => {
                self.head_from_buffer(kind, Some("head-cut"), context);
            }
            State::Head(Kind::Response) if has_status(&side.buffer) => {
                self.head_from_buffer(Kind::Response, Some("head-cut"), context);
            }
            _ => self.let_go(context),
        }
    }

    /// What is held back is no HTTP.
    pub(super) fn let_go<O: Handover<Body = S>>(&mut self, context: &mut Turn<'_, O>) {
        context.other(&self.sides[context.from].take());
    }

    /// No more bytes will tell what is held back: it is taken for what it most likely is.
    fn decide<O: Handover<Body = S>>(&mut self, context: &mut Turn<'_, O>) {
        match self.sides[context.from].state {
            State::Perhaps(_) if begins_request(&self.sides[context.from].buffer) => {
                self.head_from_buffer(Kind::Request, Some("head-cut"), context);
            }
            State::Perhaps(origin) => self.no_start(origin, context),
            State::Body(kind, body) => self.decide_body(kind, body, context),
            _ => {}
        }
        if matches!(self.sides[context.from].state, State::Stray) {
            self.let_go(context);
        }
    }

    /// A request line without version stands alone or has fields after it. Once the other
    /// side speaks it is known to have stood alone.
    fn end_bare_request<O: Handover<Body = S>>(&mut self, speaker: Direction, context: &mut Turn<'_, O>) {
        let client = speaker.reverse();
        if matches!(self.sides[client].state, State::Head(Kind::BareRequest)) {
            let from = std::mem::replace(&mut context.from, client);
            self.head_from_buffer(Kind::BareRequest, None, context);
            context.from = from;
        }
    }

    /// A direction ended.
    pub fn finish_direction<O: Handover<Body = S>>(&mut self, from: Direction, cx: &mut http::Context<'_, O>) {
        let mut context = Turn::new(from, false, cx);
        self.end_bare_request(from.reverse(), &mut context);
        self.decide(&mut context);
        match self.sides[from].state {
            State::Head(_) => self.cut_head(&mut context),
            State::Body(kind, Body::UntilClose) | State::Trailers(kind) => {
                self.sides[from].state = State::Between;
                self.end((from, kind), true, None, &mut context);
            }
            State::Body(kind, _) => {
                self.sides[from].state = State::Between;
                self.exchanges.note((from, kind), "incomplete-body");
                self.end((from, kind), false, None, &mut context);
            }
            _ => {}
        }
        self.exchanges.no_more_from(from, cx);
    }

    /// The stream is over: gives out what is left of it.
    pub fn finish<O: Handover<Body = S>>(&mut self, cx: &mut http::Context<'_, O>) {
        for from in Direction::BOTH {
            let mut context = Turn::new(from, false, cx);
            self.end_bare_request(from.reverse(), &mut context);
            self.decide(&mut context);
            if matches!(self.sides[from].state, State::Head(_)) {
                self.cut_head(&mut context);
            }
        }
        self.exchanges.finish(cx);
    }

    /// Adds a note to what a direction is sending, where that is a message.
    pub fn note(&mut self, from: Direction, name: &'static str) {
        match self.sides[from].state {
            State::Body(kind, _) | State::Trailers(kind) => self.exchanges.note((from, kind), name),
            _ => add_note(&mut self.sides[from].notes, name),
        }
    }

    /// Notes something about what a direction said last, where that was not given out yet.
    pub fn note_latest(&mut self, from: Direction, name: &'static str) {
        match self.sides[from].state {
            State::Between => self.exchanges.note((from, Kind::Request), name),
            _ => self.note(from, name),
        }
    }
}
