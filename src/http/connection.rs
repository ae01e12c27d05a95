//! Reads the two directions of one stream as HTTP, whatever its port.

use super::exchange::{Exchanges, Observer, Opening, Scan};
use super::framing::{Chunks, Framing, Step};
use super::head;
use super::intake::Settings;
use super::message::Note;
use super::recognize::{Kind, Look, recognize};
use crate::packet::Place;
use crate::tcp::{Direction, PerDirection};

/// One stream, read as HTTP where it is.
#[derive(Debug)]
pub struct Connection<S> {
    sides: PerDirection<Side>,
    exchanges: Exchanges<S>,
}

impl<S> Default for Connection<S> {
    fn default() -> Self {
        Self { sides: PerDirection::default(), exchanges: Exchanges::default() }
    }
}

/// What one direction is saying.
#[derive(Debug, Default)]
struct Side {
    state: State,
    /// The beginning of a head, or of trailers, that is not whole yet.
    buffer: Vec<u8>,
    /// Where the buffer's bytes came from.
    places: Vec<(u32, Place)>,
    /// How much of the buffer was searched for the head's end.
    searched: usize,
    /// Leniencies in front of the message that comes next.
    notes: Vec<Note>,
    /// Whether bytes were lost or skipped since the last message.
    after_loss: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum State {
    /// Nothing was said yet.
    #[default]
    Start,
    /// A message is over; the next may follow.
    Between,
    /// In a head, of which the buffer holds the beginning.
    Head(Kind),
    /// In what may be a start line.
    Perhaps(Origin),
    /// In a body.
    Body(Kind, Body),
    /// In the trailers after the last chunk.
    Trailers(Kind),
    /// Out of step: the next segment may start with a message.
    Lost,
    /// Another protocol's for good.
    Foreign,
}

/// Where a message could start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Start,
    Between,
    Lost,
}

#[derive(Debug, Clone, Copy)]
enum Body {
    Length { left: u64, fresh: bool },
    Chunked(Chunks),
    UntilClose,
}

/// Longest trailer section that is read, in bytes.
const LONGEST_TRAILERS: usize = 64 << 10;

/// A step that takes no bytes changes the state; more of them in a row than states would
/// be a mistake of ours, and must not hang.
const MOST_TURNS: u32 = 16;

/// Everything that reading a direction needs besides its bytes.
struct Context<'a, O: Observer> {
    from: Direction,
    alone: bool,
    settings: &'a Settings,
    observer: &'a mut O,
}

impl<S: Scan> Connection<S> {
    /// Memory held, in bytes.
    pub fn weight(&self) -> usize {
        let sides = Direction::BOTH.into_iter().map(|from| {
            let side = &self.sides[from];
            side.buffer.capacity() + side.places.capacity() * size_of::<(u32, Place)>()
        });
        sides.sum::<usize>() + self.exchanges.weight()
    }

    /// The next bytes of a direction. `alone`: the other direction is not captured, so no
    /// message waits for its counterpart.
    pub fn data<O: Observer<Scan = S>>(
        &mut self,
        from: Direction,
        bytes: &[u8],
        place: Place,
        alone: bool,
        settings: &Settings,
        observer: &mut O,
    ) {
        let mut context = Context { from, alone, settings, observer };
        self.end_bare_request(from, &mut context);
        let (mut at, mut stuck) = (0, 0);
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let taken = self.step(rest, place.advanced(at), &mut context);
            at += taken;
            stuck = if taken == 0 { stuck + 1 } else { 0 };
            if stuck > MOST_TURNS {
                debug_assert!(false, "no progress in {:?}", self.sides[from].state);
                self.sides[from].lose();
                break;
            }
        }
    }

    /// Takes the next step into `bytes`; returns how many were taken. Where none are taken
    /// the state has changed.
    fn step<O: Observer<Scan = S>>(&mut self, bytes: &[u8], place: Place, context: &mut Context<'_, O>) -> usize {
        let from = context.from;
        match self.sides[from].state {
            State::Start => self.start(Origin::Start, bytes, place, context),
            State::Between => self.start(Origin::Between, bytes, place, context),
            State::Lost => self.start(Origin::Lost, bytes, place, context),
            State::Perhaps(origin) => self.perhaps(origin, bytes, place, context),
            State::Head(kind) => self.head(kind, bytes, place, context),
            State::Body(kind, body) => self.body(kind, body, bytes, place, context),
            State::Trailers(kind) => self.trailers(kind, bytes, place, context),
            State::Foreign => {
                context.observer.other(from, bytes, place);
                bytes.len()
            }
        }
    }

    /// Where a message may start.
    fn start<O: Observer<Scan = S>>(
        &mut self,
        origin: Origin,
        bytes: &[u8],
        place: Place,
        context: &mut Context<'_, O>,
    ) -> usize {
        let side = &mut self.sides[context.from];
        if origin != Origin::Lost {
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                head::add(&mut side.notes, "blank-line-before-message");
                return blank;
            }
        }
        match recognize(bytes) {
            Look::Is(Kind::BareRequest) if origin == Origin::Lost => self.not_http(origin, bytes, place, context),
            Look::Is(kind) => {
                let Some(end) = head::end(bytes, 0).filter(|end| *end <= context.settings.longest_head) else {
                    self.sides[context.from].state = State::Head(kind);
                    return 0;
                };
                let head = bytes.get(..end).unwrap_or_default();
                let mut notes = Vec::new();
                let mut head = head::parse(kind, head, &mut notes);
                head.places.push((0, place));
                self.message(kind, head, notes, place, place.advanced(end - 1), context);
                end
            }
            Look::Partial => {
                side.state = State::Perhaps(origin);
                0
            }
            Look::Http2 => {
                for direction in Direction::BOTH {
                    self.sides[direction].state = State::Foreign;
                }
                0
            }
            Look::Not => self.not_http(origin, bytes, place, context),
        }
    }

    /// Bytes that start no message where one could.
    fn not_http<O: Observer<Scan = S>>(
        &mut self,
        origin: Origin,
        bytes: &[u8],
        place: Place,
        context: &mut Context<'_, O>,
    ) -> usize {
        let from = context.from;
        let question = self.exchanges.question(from);
        if origin == Origin::Start && question.is_some_and(|request| request.method().is_some()) {
            // An answer without a status line is what HTTP/0.9 has (RFC 1945 §6).
            let expected = question.is_some_and(|request| request.version() == "HTTP/0.9");
            let notes = if expected { Vec::new() } else { vec![Note("no-status-line")] };
            let opening = Opening {
                kind: Kind::Response,
                head: super::message::Head::default(),
                notes,
                first: place,
                last: place,
                after_loss: false,
            };
            self.exchanges.begin(from, opening, context.settings, context.observer);
            self.sides[from].state = State::Body(Kind::Response, Body::UntilClose);
            return 0;
        }
        let side = &mut self.sides[from];
        side.state = if origin == Origin::Start && is_tls(bytes) { State::Foreign } else { State::Lost };
        side.after_loss |= origin != Origin::Start;
        side.notes.clear();
        if origin == Origin::Between {
            head::add(&mut side.notes, "junk-before-message");
        }
        context.observer.other(from, bytes, place);
        bytes.len()
    }

    /// Adds to what may be a start line.
    fn perhaps<O: Observer<Scan = S>>(
        &mut self,
        origin: Origin,
        bytes: &[u8],
        place: Place,
        context: &mut Context<'_, O>,
    ) -> usize {
        let longest = context.settings.longest_head;
        let side = &mut self.sides[context.from];
        let before = side.buffer.len();
        let room = longest.saturating_sub(before);
        let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        side.push(taken, place);
        match recognize(&side.buffer) {
            Look::Partial if side.buffer.len() < longest => taken.len(),
            Look::Is(kind) if !(kind == Kind::BareRequest && origin == Origin::Lost) => {
                // The head's end may lie in what was just added: only up to there is taken.
                side.state = State::Head(kind);
                side.truncate(before);
                0
            }
            Look::Http2 => {
                let (buffer, places) = side.take();
                for direction in Direction::BOTH {
                    self.sides[direction].state = State::Foreign;
                }
                context.observer.other(context.from, &buffer, first_of(&places));
                taken.len()
            }
            _ => {
                let (buffer, places) = side.take();
                side.state = State::Start;
                let first = first_of(&places);
                let used = self.not_http(origin, &buffer, first, context);
                if used == 0 {
                    // It became a body; what was held back is its beginning.
                    let mut at = 0;
                    while at < buffer.len() {
                        at += self.step(buffer.get(at..).unwrap_or_default(), first.advanced(at), context).max(1);
                    }
                }
                taken.len()
            }
        }
    }

    /// Adds to a head until it is whole.
    fn head<O: Observer<Scan = S>>(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        place: Place,
        context: &mut Context<'_, O>,
    ) -> usize {
        let longest = context.settings.longest_head;
        let side = &mut self.sides[context.from];
        let before = side.buffer.len();
        let room = longest.saturating_sub(before);
        side.push(bytes.get(..room.min(bytes.len())).unwrap_or_default(), place);
        if let Some(end) = head::end(&side.buffer, side.searched) {
            let taken = end.saturating_sub(before);
            side.truncate(end);
            self.head_from_buffer(kind, None, context);
            return taken;
        }
        side.searched = side.buffer.len();
        if side.buffer.len() >= longest {
            let taken = side.buffer.len() - before;
            self.head_from_buffer(kind, Some("head-too-long"), context);
            return taken;
        }
        bytes.len()
    }

    /// The buffer holds a head: whole, or `cut` for the named reason.
    fn head_from_buffer<O: Observer<Scan = S>>(
        &mut self,
        kind: Kind,
        cut: Option<&'static str>,
        context: &mut Context<'_, O>,
    ) {
        let from = context.from;
        let (buffer, places) = self.sides[from].take();
        let mut notes = Vec::new();
        let mut head = head::parse(kind, &buffer, &mut notes);
        let first = first_of(&places);
        head.places = places;
        let last = head.place(buffer.len().saturating_sub(1) as u32);
        let Some(cut) = cut else {
            self.message(kind, head, notes, first, last, context);
            return;
        };
        head::add(&mut notes, cut);
        let opening = Opening { kind, head, notes, first, last, after_loss: self.sides[from].after_loss };
        self.exchanges.begin(from, opening, context.settings, context.observer);
        self.exchanges.end((from, kind), false, None, context.settings, context.observer);
        self.sides[from].lose();
    }

    /// A head is whole: a message begins.
    fn message<O: Observer<Scan = S>>(
        &mut self,
        kind: Kind,
        head: super::message::Head,
        mut notes: Vec<Note>,
        first: Place,
        last: Place,
        context: &mut Context<'_, O>,
    ) {
        let from = context.from;
        let side = &mut self.sides[from];
        for note in side.notes.drain(..) {
            head::add(&mut notes, note.0);
        }
        let after_loss = std::mem::take(&mut side.after_loss);
        let opening = Opening { kind, head, notes, first, last, after_loss };
        let framing = self.exchanges.begin(from, opening, context.settings, context.observer);
        self.begin_body(kind, framing, context);
    }

    /// A head is read, or its framing turned out to be another: its body begins.
    fn begin_body<O: Observer<Scan = S>>(&mut self, kind: Kind, framing: Framing, context: &mut Context<'_, O>) {
        let from = context.from;
        self.sides[from].state = match framing {
            Framing::Length(0) => State::Between,
            Framing::Length(left) => State::Body(kind, Body::Length { left, fresh: true }),
            Framing::Chunked => State::Body(kind, Body::Chunked(Chunks::default())),
            Framing::UntilClose => State::Body(kind, Body::UntilClose),
            Framing::Tunnel => State::Start,
        };
        if matches!(framing, Framing::Length(0) | Framing::Tunnel) {
            self.end((from, kind), true, None, context);
        }
        if framing == Framing::Tunnel {
            self.sides[from.reverse()].state = State::Start;
            self.sides[from.reverse()].take();
        }
    }

    /// The message that `who` sends is over.
    fn end<O: Observer<Scan = S>>(
        &mut self,
        who: (Direction, Kind),
        complete: bool,
        last: Option<Place>,
        context: &mut Context<'_, O>,
    ) {
        self.exchanges.end(who, complete, last, context.settings, context.observer);
        if context.alone && who.1 != Kind::Response {
            self.exchanges.no_more_from(who.0.reverse(), context.settings, context.observer);
        }
    }

    /// The next bytes of a body.
    fn body<O: Observer<Scan = S>>(
        &mut self,
        kind: Kind,
        mut body: Body,
        bytes: &[u8],
        place: Place,
        context: &mut Context<'_, O>,
    ) -> usize {
        let who = (context.from, kind);
        let taken = match &mut body {
            Body::UntilClose => {
                self.exchanges.body(who, bytes, place, context.settings, context.observer);
                bytes.len()
            }
            Body::Length { left, fresh } => {
                if std::mem::take(fresh) && self.never_sent(kind, bytes, context) {
                    return 0;
                }
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                let part = bytes.get(..taken).unwrap_or_default();
                self.exchanges.body(who, part, place, context.settings, context.observer);
                if *left == 0 {
                    self.sides[context.from].state = State::Between;
                    self.end(who, true, None, context);
                    return taken;
                }
                taken
            }
            Body::Chunked(chunks) => {
                let fresh = chunks.is_fresh();
                let mut notes = Vec::new();
                let step = chunks.step(bytes, &mut notes);
                for note in notes {
                    self.exchanges.note(who, note.0);
                }
                match step {
                    Step::Framing(count) => count,
                    Step::Data(count) => {
                        let part = bytes.get(..count).unwrap_or_default();
                        self.exchanges.body(who, part, place, context.settings, context.observer);
                        count
                    }
                    Step::Last(count) => {
                        self.sides[context.from].state = State::Trailers(kind);
                        return count;
                    }
                    Step::Broken if fresh => {
                        let framing = self.exchanges.not_chunked(who);
                        self.begin_body(kind, framing, context);
                        return 0;
                    }
                    Step::Broken => {
                        self.sides[context.from].lose();
                        self.end(who, false, None, context);
                        return 0;
                    }
                }
            }
        };
        self.sides[context.from].state = State::Body(kind, body);
        taken
    }

    /// Whether a body that was announced is not there and `bytes` start another message: the
    /// client waited for leave to send it and was refused, or the request, not captured, was HEAD.
    fn never_sent<O: Observer<Scan = S>>(&mut self, kind: Kind, bytes: &[u8], context: &mut Context<'_, O>) -> bool {
        let from = context.from;
        let suspect = match kind {
            Kind::Response => self.exchanges.is_orphan(from),
            Kind::Request | Kind::BareRequest => self.exchanges.was_refused(from),
        };
        let response = kind == Kind::Response;
        if !suspect || !matches!(recognize(bytes), Look::Is(next) if (next == Kind::Response) == response) {
            return false;
        }
        self.exchanges.note((from, kind), "body-not-sent");
        self.sides[from].state = State::Between;
        self.end((from, kind), true, None, context);
        true
    }

    /// Adds to the trailers until their blank line.
    fn trailers<O: Observer<Scan = S>>(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        place: Place,
        context: &mut Context<'_, O>,
    ) -> usize {
        let who = (context.from, kind);
        let side = &mut self.sides[context.from];
        let before = side.buffer.len();
        let room = LONGEST_TRAILERS.saturating_sub(before);
        side.push(bytes.get(..room.min(bytes.len())).unwrap_or_default(), place);
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
                side.lose();
                self.exchanges.note(who, "trailers-too-long");
                self.end(who, false, None, context);
            }
            return room.min(bytes.len());
        };
        let taken = end.saturating_sub(before);
        side.truncate(end);
        let (buffer, places) = side.take();
        side.state = State::Between;
        let last = place.advanced(taken.saturating_sub(1));
        if empty.is_none() {
            let mut notes = Vec::new();
            let mut trailers = head::trailers(&buffer, &mut notes);
            trailers.places = places;
            for note in notes {
                self.exchanges.note(who, note.0);
            }
            self.exchanges.trailers(who, trailers, last);
        }
        self.end(who, true, Some(last), context);
        taken
    }

    /// The next `length` bytes of a direction are lost.
    pub fn gap<O: Observer<Scan = S>>(
        &mut self,
        from: Direction,
        length: u64,
        place: Place,
        settings: &Settings,
        observer: &mut O,
    ) {
        let mut context = Context { from, alone: false, settings, observer };
        self.end_bare_request(from, &mut context);
        match self.sides[from].state {
            State::Start | State::Between | State::Lost => self.sides[from].lose(),
            State::Foreign => {}
            State::Perhaps(_) | State::Head(_) => self.cut_head(&mut context),
            State::Trailers(kind) => {
                self.sides[from].lose();
                self.end((from, kind), false, None, &mut context);
            }
            State::Body(kind, mut body) => {
                let who = (from, kind);
                let goes_on = match &mut body {
                    Body::UntilClose => true,
                    Body::Chunked(chunks) => chunks.skip(length),
                    Body::Length { left, .. } if length <= *left => {
                        *left -= length;
                        true
                    }
                    Body::Length { left, .. } => {
                        let rest = *left;
                        self.exchanges.body_gap(who, rest, place, context.settings, context.observer);
                        self.sides[from].lose();
                        self.end(who, false, None, &mut context);
                        return;
                    }
                };
                if goes_on {
                    self.exchanges.body_gap(who, length, place, context.settings, context.observer);
                    self.sides[from].state = State::Body(kind, body);
                    if matches!(body, Body::Length { left: 0, .. }) {
                        self.sides[from].state = State::Between;
                        self.end(who, false, None, &mut context);
                    }
                } else {
                    self.exchanges.note(who, "missing-bytes");
                    self.sides[from].lose();
                    self.end(who, false, None, &mut context);
                }
            }
        }
    }

    /// A head is cut off where its buffer ends: what came of it is shown, if its first line did.
    fn cut_head<O: Observer<Scan = S>>(&mut self, context: &mut Context<'_, O>) {
        let from = context.from;
        let side = &mut self.sides[from];
        let line_end = memchr::memchr(b'\n', &side.buffer);
        match side.state {
            State::Head(kind) if line_end.is_some() => self.head_from_buffer(kind, Some("head-cut"), context),
            _ => {
                let (buffer, places) = side.take();
                side.lose();
                context.observer.other(from, &buffer, first_of(&places));
            }
        }
    }

    /// A request line without version stands alone or has fields after it. Once the other
    /// side speaks it is known to have stood alone.
    fn end_bare_request<O: Observer<Scan = S>>(&mut self, speaker: Direction, context: &mut Context<'_, O>) {
        let client = speaker.reverse();
        if matches!(self.sides[client].state, State::Head(Kind::BareRequest)) {
            let from = std::mem::replace(&mut context.from, client);
            self.head_from_buffer(Kind::BareRequest, None, context);
            context.from = from;
        }
    }

    /// A direction ended.
    pub fn finish_direction<O: Observer<Scan = S>>(&mut self, from: Direction, settings: &Settings, observer: &mut O) {
        let mut context = Context { from, alone: false, settings, observer };
        self.end_bare_request(from.reverse(), &mut context);
        match self.sides[from].state {
            State::Perhaps(_) | State::Head(_) => self.cut_head(&mut context),
            State::Body(kind, Body::UntilClose) | State::Trailers(kind) => {
                self.sides[from].state = State::Between;
                self.end((from, kind), true, None, &mut context);
            }
            State::Body(kind, _) => {
                self.sides[from].state = State::Between;
                self.exchanges.note((from, kind), "incomplete-body");
                self.end((from, kind), false, None, &mut context);
            }
            State::Start | State::Between | State::Lost | State::Foreign => {}
        }
        self.exchanges.no_more_from(from, settings, observer);
    }

    /// The stream is over: gives out what is left of it.
    pub fn finish<O: Observer<Scan = S>>(&mut self, settings: &Settings, observer: &mut O) {
        for from in Direction::BOTH {
            let mut context = Context { from, alone: false, settings, observer };
            self.end_bare_request(from.reverse(), &mut context);
            if matches!(self.sides[from].state, State::Perhaps(_) | State::Head(_)) {
                self.cut_head(&mut context);
            }
        }
        self.exchanges.finish(settings, observer);
    }

    /// Adds a note to what a direction is sending, where that is a message.
    pub fn note(&mut self, from: Direction, name: &'static str) {
        match self.sides[from].state {
            State::Body(kind, _) | State::Trailers(kind) => self.exchanges.note((from, kind), name),
            _ => head::add(&mut self.sides[from].notes, name),
        }
    }
}

impl Side {
    fn push(&mut self, bytes: &[u8], place: Place) {
        if bytes.is_empty() {
            return;
        }
        self.places.push((self.buffer.len() as u32, place));
        self.buffer.extend_from_slice(bytes);
    }

    /// Forgets what the buffer holds after `length` bytes.
    fn truncate(&mut self, length: usize) {
        self.buffer.truncate(length);
        while self.places.last().is_some_and(|(first, _)| *first as usize >= length) {
            self.places.pop();
        }
    }

    /// Empties the buffer.
    fn take(&mut self) -> (Vec<u8>, Vec<(u32, Place)>) {
        self.searched = 0;
        (std::mem::take(&mut self.buffer), std::mem::take(&mut self.places))
    }

    /// Falls out of step.
    fn lose(&mut self) {
        self.take();
        self.state = State::Lost;
        self.after_loss = true;
    }
}

fn first_of(places: &[(u32, Place)]) -> Place {
    places.first().map_or(Place::default(), |(_, place)| *place)
}

/// Whether bytes start a TLS handshake record (RFC 8446 §5.1).
fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, 0..=4, ..])
}
