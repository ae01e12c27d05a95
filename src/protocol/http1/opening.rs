//! Where a message may start: its start line is recognised, its head is read, and the search
//! goes on where there is none.

use super::super::classify::classify;
use super::connection::{Connection, Turn};
use super::exchange::Opening;
use super::handover::Handover;
use super::head;
use super::recognize::{begins_request, glued_to_method, recognize, stays_partial};
use super::resync::{Found, find};
use super::side::{Body, Origin, State};
use super::start_kind::{Kind, Look};
use crate::http::{BodyState, Head, Message, Note, add_note};
use crate::protocol::kind::Protocol;
use crate::protocol::successor::Successor;
use crate::tcp::{Direction, Source};

/// So many bytes of junk in front of a connection's first status line are skipped, as Firefox
/// does (Chrome skips four).
const LONGEST_JUNK: usize = 10;

/// How much of a status line is enough to find it behind junk: `HTTP/1`.
const STATUS_START: usize = 6;

/// What bytes are where a message may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Look(Look),
    /// So many bytes of junk stand before a status line.
    Junk(usize),
}

impl<S: BodyState> Connection<S> {
    fn judge(&self, origin: Origin, from: Direction, bytes: &[u8]) -> Verdict {
        let is_asked = origin == Origin::Start && self.exchanges.question(from).is_some();
        Verdict::Look(match classify(bytes, origin == Origin::Start && !is_asked) {
            Look::Is(Kind::BareRequest) if origin == Origin::Lost => Look::Not,
            Look::Not if is_asked => return junk_before_status_line(bytes),
            Look::Is(Kind::Request) if origin == Origin::Lost => match glued_to_method(bytes) {
                Some(count) => return Verdict::Junk(count),
                None => Look::Is(Kind::Request),
            },
            look => look,
        })
    }

    /// Where a message may start.
    pub(super) fn start<O: Handover<Body = S>>(
        &mut self,
        origin: Origin,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let from = context.from;
        let longest = context.io.settings.longest_head;
        if origin == Origin::Start
            && let Some(taken) = self.preamble(bytes, source, context)
        {
            return taken;
        }
        if origin != Origin::Lost {
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank > 0 {
                add_note(&mut self.sides[from].notes, "blank-line-before-message");
                return blank;
            }
        }
        // What lies beyond the longest head is not seen either where it comes in another piece.
        match self.judge(origin, from, bytes.get(..longest).unwrap_or(bytes)) {
            Verdict::Look(Look::Is(kind)) => {
                let Some(end) = head::end(bytes, 0).filter(|end| *end <= longest) else {
                    self.sides[from].state = State::Head(kind);
                    return 0;
                };
                let mut notes = Vec::new();
                let mut message = context.io.observer.spare();
                head::read(kind, bytes.get(..end).unwrap_or_default(), &mut message.head, &mut notes);
                message.head.first_place = source.place;
                (message.first, message.last) = (source.place, source.place.advanced(end - 1));
                self.message(kind, message, notes, source, context);
                end
            }
            Verdict::Look(Look::Partial) => {
                self.sides[from].state = State::Perhaps(origin);
                0
            }
            Verdict::Look(Look::Other(to)) => {
                self.hand_on(to, context);
                0
            }
            Verdict::Look(Look::Not) => {
                self.not_http(origin, source, context);
                if !matches!(self.sides[from].state, State::Lost) {
                    return 0; // whatever it is, it begins with these bytes
                }
                context.io.observer.other(from, bytes, source.place);
                bytes.len()
            }
            Verdict::Junk(count) => {
                self.note_junk(origin, from);
                context.io.observer.other(from, bytes.get(..count).unwrap_or_default(), source.place);
                count
            }
        }
    }

    /// Notes what stands in front of a message. After a loss it is what is left of another one.
    fn note_junk(&mut self, origin: Origin, from: Direction) {
        if origin != Origin::Lost {
            add_note(&mut self.sides[from].notes, "junk-before-message");
        }
    }

    /// Another protocol's from here on, and so is what was held back. The two ends need not speak the same:
    /// a server may answer TLS in the clear.
    fn hand_on<O: Handover<Body = S>>(&mut self, to: Protocol, context: &mut Turn<'_, O>) {
        let both = [context.from, context.from.reverse()];
        for from in both.into_iter().take(if to == Protocol::Tls { 1 } else { 2 }) {
            let side = &mut self.sides[from];
            if matches!(side.state, State::Foreign) {
                continue;
            }
            side.state = State::Foreign;
            side.notes.clear();
            let held = side.take();
            context.io.observer.handed_on(from, Successor::Known(to));
            for (bytes, source) in held.runs() {
                context.io.observer.foreign(from, bytes, source.place);
            }
        }
    }

    /// What came starts no message where one could: says in the state what it is. It may be the
    /// body of an answer without a status line, which is what HTTP/0.9 has (RFC 1945 §6).
    pub(super) fn not_http<O: Handover<Body = S>>(&mut self, origin: Origin, first: Source, context: &mut Turn<'_, O>) {
        let from = context.from;
        if origin == Origin::Start
            && let Some(request) = self.exchanges.question_before(from, first)
            // Where the capture began amid the connection, it is the rest of another body.
            && (!first.midstream || request.version() == "HTTP/0.9")
        {
            let notes = if request.version() == "HTTP/0.9" { Vec::new() } else { vec![Note("no-status-line")] };
            self.sides[from].state = State::Body(Kind::Response, Body::UntilClose);
            let message = context.io.observer.spare().begin(Head::default(), first.place, first.place);
            let (lost_from, other) = (None, self.sides[from.reverse()].unfinished(first.acknowledged));
            let opening = Opening { kind: Kind::Response, message, notes, source: first, lost_from, other };
            self.exchanges.begin(from, opening, &mut context.io);
            return;
        }
        let side = &mut self.sides[from];
        side.notes.clear();
        side.state = match origin {
            Origin::Lost => State::Lost,
            Origin::Switched => {
                let to = self.exchanges.switched_to.unwrap_or(Successor::Known(Protocol::Opaque));
                context.io.observer.handed_on(from, to);
                State::Foreign
            }
            Origin::Start => State::Stray,
            Origin::Between => {
                add_note(&mut side.notes, "junk-before-message");
                State::Stray
            }
        };
    }

    /// Adds to what may be a start line.
    pub(super) fn perhaps<O: Handover<Body = S>>(
        &mut self,
        origin: Origin,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let from = context.from;
        let longest = context.io.settings.longest_head;
        let side = &mut self.sides[from];
        if origin == Origin::Lost && side.lost_from.is_some() && starts_message(bytes) {
            // What came before belongs to what was lost.
            self.let_go(context);
            self.sides[from].state = State::Lost;
            return 0;
        }
        let before = side.buffer.len();
        let taken = side.push_up_to(longest, bytes, source);
        if origin == Origin::Start && self.held_preamble(context) {
            return taken.len();
        }
        let side = &self.sides[from];
        if side.buffer.len() < longest && stays_partial(before, taken) {
            return taken.len();
        }
        match self.judge(origin, from, &self.sides[from].buffer) {
            Verdict::Look(Look::Partial) if self.sides[from].buffer.len() < longest => return taken.len(),
            Verdict::Look(Look::Is(kind)) => {
                // The head's end may lie in what was just added: only up to there is taken.
                self.sides[from].state = State::Head(kind);
                self.sides[from].truncate(before);
                return 0;
            }
            Verdict::Look(Look::Other(to)) => self.hand_on(to, context),
            Verdict::Junk(count) => {
                self.note_junk(origin, from);
                context.other(&self.sides[from].take_front(count));
                let held = self.sides[from].take();
                self.sides[from].state = if origin == Origin::Lost { State::Lost } else { State::Start };
                self.feed_held(&held, context);
            }
            Verdict::Look(Look::Not | Look::Partial) if origin == Origin::Lost && before > 0 => {
                // A message may start with the segment that came now.
                self.sides[from].truncate(before);
                self.let_go(context);
                self.sides[from].state = State::Lost;
                return 0;
            }
            Verdict::Look(Look::Not | Look::Partial) => {
                self.no_start(origin, context);
            }
        }
        taken.len()
    }

    /// What is held back starts no message.
    pub(super) fn no_start<O: Handover<Body = S>>(&mut self, origin: Origin, context: &mut Turn<'_, O>) {
        let held = self.sides[context.from].take();
        self.not_http(origin, held.first(), context);
        if !matches!(self.sides[context.from].state, State::Lost) {
            return self.feed_held(&held, context);
        }
        context.other(&held);
    }

    /// Adds to a head until it is whole.
    pub(super) fn head<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let longest = context.io.settings.longest_head;
        let side = &mut self.sides[context.from];
        let before = side.buffer.len();
        let pushed = side.push_up_to(longest, bytes, source).len();
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
        pushed
    }

    /// The buffer holds a head: whole, or `cut` for the named reason.
    pub(super) fn head_from_buffer<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        cut: Option<&'static str>,
        context: &mut Turn<'_, O>,
    ) {
        let from = context.from;
        let held = self.sides[from].take();
        let mut notes = Vec::new();
        let mut message = context.io.observer.spare();
        let source = held.first();
        head::read(kind, &held.bytes, &mut message.head, &mut notes);
        message.head.set_places(held.places());
        let last = message.head.place(held.bytes.len().saturating_sub(1) as u32);
        (message.first, message.last) = (source.place, last);
        let Some(cut) = cut else {
            self.message(kind, message, notes, source, context);
            return;
        };
        if !held.bytes.contains(&b'\n') {
            notes.retain(|note| note.0 != "no-version"); // it was cut off
        }
        add_note(&mut notes, cut);
        let opening = self.opening(kind, message, notes, (from, source));
        self.exchanges.begin(from, opening, &mut context.io);
        self.exchanges.end((from, kind), false, None, &mut context.io);
        self.sides[from].state = State::Stray;
    }

    /// Adds what was noted in front of a head to what was noted in it.
    fn opening(
        &mut self,
        kind: Kind,
        message: Box<Message>,
        mut notes: Vec<Note>,
        (from, source): (Direction, Source),
    ) -> Opening {
        let side = &mut self.sides[from];
        for note in side.notes.drain(..) {
            add_note(&mut notes, note.0);
        }
        let lost_from = side.lost_from.take();
        let other = self.sides[from.reverse()].unfinished(source.acknowledged);
        Opening { kind, message, notes, source, lost_from, other }
    }

    /// A head is whole: a message begins.
    fn message<O: Handover<Body = S>>(
        &mut self,
        kind: Kind,
        message: Box<Message>,
        notes: Vec<Note>,
        source: Source,
        context: &mut Turn<'_, O>,
    ) {
        let opening = self.opening(kind, message, notes, (context.from, source));
        let framing = self.exchanges.begin(context.from, opening, &mut context.io);
        self.begin_body(kind, framing, context);
    }

    /// Looks for the next message among bytes that belong to none.
    pub(super) fn stray<O: Handover<Body = S>>(
        &mut self,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> usize {
        let from = context.from;
        let side = &mut self.sides[from];
        if side.buffer.is_empty() {
            // Nearly always: nothing needs to be copied.
            let (count, taken) = match find(bytes, context.io.settings.longest_head) {
                Found::At(count) => {
                    side.state = State::Lost;
                    (count, count)
                }
                Found::NotBefore(count) => {
                    side.push(bytes.get(count..).unwrap_or_default(), source.advanced(count));
                    (count, bytes.len())
                }
            };
            if count > 0 {
                context.io.observer.other(from, bytes.get(..count).unwrap_or_default(), source.place);
            }
            return taken;
        }
        side.push(bytes, source);
        let (count, found) = match find(&side.buffer, context.io.settings.longest_head) {
            Found::At(count) => (count, true),
            Found::NotBefore(count) => (count, false),
        };
        context.other(&side.take_front(count));
        if found {
            let held = self.sides[from].take();
            self.sides[from].state = State::Lost;
            self.feed_held(&held, context);
        }
        bytes.len()
    }
}

/// Whether a segment starts with a message for certain.
fn starts_message(bytes: &[u8]) -> bool {
    match recognize(bytes) {
        Look::Is(Kind::Response) => true,
        Look::Is(Kind::Request | Kind::BareRequest) => begins_request(bytes),
        Look::Partial | Look::Other(_) | Look::Not => false,
    }
}

/// Looks for a status line a few bytes further on.
fn junk_before_status_line(bytes: &[u8]) -> Verdict {
    let found = (1..=LONGEST_JUNK).find(|at| match bytes.get(*at..*at + STATUS_START) {
        Some([name @ .., digit]) => name.eq_ignore_ascii_case(b"HTTP/") && digit.is_ascii_digit(),
        _ => false,
    });
    match found {
        Some(at) => Verdict::Junk(at),
        None if bytes.len() < LONGEST_JUNK + STATUS_START => Verdict::Look(Look::Partial),
        None => Verdict::Look(Look::Not),
    }
}
