//! Pairs each response with the request that it answers, by their order in the stream.

use super::framing::{self, Framing};
use super::start_kind::Kind;
use crate::http::{BodyState, Context, Head, Message, Note, Observer, ParsedExchange, PartialMessage, add_note};
use crate::packet::Place;
use crate::protocol::successor::Successor;
use crate::protocol::web_socket::Parameters;
use crate::tcp::{Direction, PerDirection, Source};
use std::collections::VecDeque;

/// An exchange that is being read.
#[derive(Debug)]
struct Pending<S> {
    request: Option<PartialMessage<S>>,
    response: Option<PartialMessage<S>>,
    interim: Vec<(Head, Place, Place)>,
    notes: Vec<Note>,
    asked: Asked,
}

/// Where a request stands among what both ends said.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    /// The source of its first byte.
    source: Source,
    /// From which offset on requests may be lost in front of it.
    lost_from: Option<u64>,
    /// It is answered already, though its head is not whole yet.
    awaited: bool,
}

impl<S> Default for Pending<S> {
    fn default() -> Self {
        Self { request: None, response: None, interim: Vec::new(), notes: Vec::new(), asked: Asked::default() }
    }
}

impl<S> Pending<S> {
    fn is_done(&self) -> bool {
        self.request_is_over() && self.response.as_ref().is_some_and(|m| m.done)
    }

    /// Whether nothing more of the request is to come.
    fn request_is_over(&self) -> bool {
        !self.asked.awaited && self.request.as_ref().is_none_or(|m| m.done)
    }

    /// Memory of the interim responses that wait for a final one, in bytes.
    fn interim_weight(&self) -> usize {
        let heads: usize = self.interim.iter().map(|(head, ..)| head.weight()).sum();
        heads + self.interim.capacity() * size_of::<(Head, Place, Place)>()
    }
}

/// So many requests without an answer are kept for each direction; more are given out as
/// unanswered, and their answers, when they come, by themselves. Clients pipeline a few; a capture
/// of one direction alone never answers.
const MOST_PENDING: usize = 1024;

/// For so many there is room between two exchanges.
const FEW_PENDING: usize = 4;

/// So many interim responses are kept for each exchange.
const MOST_INTERIM: usize = 32;

/// The exchanges of a stream that are not over.
#[derive(Debug)]
pub(crate) struct Exchanges<S> {
    /// By the direction of the request.
    pending: PerDirection<VecDeque<Pending<S>>>,
    /// Whether a client was seen to send a request before it had an answer to the one before.
    pipelined: PerDirection<bool>,
    /// How many answers are still to come to requests that were given out without them.
    overdue: PerDirection<u64>,
    /// Memory of the messages that are read to the end.
    weight: usize,
    /// What the latest response that switches protocols switches to, where that is known by its head.
    pub(crate) switched_to: Option<Successor>,
}

impl<S> Default for Exchanges<S> {
    fn default() -> Self {
        Self {
            pending: PerDirection::default(),
            pipelined: PerDirection::default(),
            overdue: PerDirection::default(),
            weight: 0,
            switched_to: None,
        }
    }
}

/// A message whose head was read.
pub(crate) struct Opening {
    pub(crate) kind: Kind,
    pub(crate) message: Box<Message>,
    pub(crate) notes: Vec<Note>,
    /// The source of its first byte.
    pub(crate) source: Source,
    /// From which offset on messages of its sender may be lost in front of it.
    pub(crate) lost_from: Option<u64>,
    /// What is known of the other end's next message.
    pub(crate) other: Unfinished,
}

/// What of a direction's next message is known before its head is whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unfinished {
    /// From which offset on messages may be lost in front of it.
    pub(crate) lost_from: Option<u64>,
    /// The source of its first byte, where it seems to be a request.
    pub(crate) request: Option<Source>,
}

impl<S: BodyState> Exchanges<S> {
    /// Whether no exchange is under way.
    pub(crate) fn is_empty(&self) -> bool {
        Direction::BOTH.into_iter().all(|client| self.pending[client].is_empty())
    }

    /// Memory held, in bytes: what was read, and what is being read.
    pub(crate) fn weight(&self) -> usize {
        let mut weight = self.weight;
        for client in Direction::BOTH {
            let queue = &self.pending[client];
            weight += queue.capacity() * size_of::<Pending<S>>();
            let open = [queue.front().and_then(|p| p.response.as_ref()), queue.back().and_then(|p| p.request.as_ref())];
            weight += open.into_iter().flatten().filter(|m| !m.done).map(PartialMessage::weight).sum::<usize>();
            // Only the first exchange has interim responses without a final one.
            weight += queue.front().map_or(0, Pending::interim_weight);
        }
        weight
    }

    /// A head was read: where does its body end?
    pub(crate) fn begin(
        &mut self,
        from: Direction,
        opening: Opening,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) -> Framing {
        if opening.kind == Kind::Response {
            self.begin_response(from, opening, cx)
        } else {
            self.begin_request(from, opening, cx)
        }
    }

    fn begin_request(
        &mut self,
        from: Direction,
        opening: Opening,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) -> Framing {
        self.limit_pending(from, cx);
        let Opening { message, mut notes, source, lost_from, .. } = opening;
        let framing = framing::of_request(&message.head, &mut notes);
        let has_body = framing != Framing::Length(0);
        let request = Some(PartialMessage::new(message, cx.settings, has_body));
        let asked = Asked { source, lost_from, awaited: false };
        if let Some(answered) = self.take_awaited(from, source, cx) {
            for note in std::mem::replace(&mut answered.notes, notes) {
                add_note(&mut answered.notes, note.0);
            }
            (answered.request, answered.asked) = (request, asked);
            return framing;
        }
        self.watch_for_pipelining(from, &asked);
        self.pending[from].push_back(Pending { request, notes, asked, ..Pending::default() });
        framing
    }

    fn begin_response(
        &mut self,
        from: Direction,
        opening: Opening,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) -> Framing {
        let client = from.reverse();
        self.pair(client, &opening, cx);
        let Opening { message, notes, .. } = opening;
        let Some(pending) = self.pending[client].front_mut() else { return Framing::UntilClose };
        for note in notes {
            add_note(&mut pending.notes, note.0);
        }
        let request = pending.request.as_ref().map(|request| &request.message.head);
        let framing = framing::of_response(&message.head, request, &mut pending.notes);
        if framing == Framing::Switched {
            self.switched_to = Parameters::accepted(&message.head, client).map(Successor::WebSocket);
        }
        if message.head.status().is_some_and(|status| (100..200).contains(&status) && status != 101) {
            if pending.interim.len() < MOST_INTERIM {
                let Message { head, first, last, .. } = *message;
                pending.interim.push((head, first, last));
            } else {
                add_note(&mut pending.notes, "too-many-interim");
            }
            return framing;
        }
        let has_body = !matches!(framing, Framing::Length(0) | Framing::Tunnel | Framing::Switched);
        let mut response = PartialMessage::new(message, cx.settings, has_body);
        response.message.interim = pending.interim.drain(..).map(|(head, ..)| head).collect();
        pending.response = Some(response);
        framing
    }

    /// The message that `from` is sending.
    fn open(&mut self, from: Direction, kind: Kind) -> Option<(&mut PartialMessage<S>, &mut Vec<Note>)> {
        let pending = match kind {
            Kind::Response => self.pending[from.reverse()].front_mut()?,
            Kind::Request | Kind::BareRequest => self.pending[from].back_mut()?,
        };
        let Pending { request, response, notes, .. } = pending;
        let message = if kind == Kind::Response { response.as_mut()? } else { request.as_mut()? };
        Some((message, notes))
    }

    /// The message that `from` is sending says that it is chunked, and is not: where does it end?
    pub(crate) fn not_chunked(&mut self, (from, kind): (Direction, Kind)) -> Framing {
        let Some((message, notes)) = self.open(from, kind) else { return Framing::Length(0) };
        add_note(notes, "not-chunked");
        framing::without_chunks(&message.message.head, kind == Kind::Response)
    }

    /// The next bytes of the body that `from` is sending; false where they were only counted.
    pub(crate) fn body(
        &mut self,
        (from, kind): (Direction, Kind),
        bytes: &[u8],
        place: Place,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) -> bool {
        let Some((message, _)) = self.open(from, kind) else { return false };
        message.body(bytes, place, cx.settings, |scan, bytes, place| cx.observer.body(scan, bytes, place))
    }

    /// So many bytes of the body that `from` is sending are lost.
    pub(crate) fn body_gap(
        &mut self,
        (from, kind): (Direction, Kind),
        length: u64,
        place: Place,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) {
        if let Some((message, _)) = self.open(from, kind) {
            message.gap(length, place, cx.settings, |scan, bytes, place| cx.observer.body(scan, bytes, place));
        }
    }

    /// The trailer fields of the message that `from` is sending.
    pub(crate) fn trailers(&mut self, (from, kind): (Direction, Kind), trailers: Head, last: Place) {
        if let Some((message, _)) = self.open(from, kind) {
            message.message.trailers = trailers;
            message.message.last = last;
        }
    }

    /// Adds a note to the exchange whose message `from` is sending.
    pub(crate) fn note(&mut self, (from, kind): (Direction, Kind), name: &'static str) {
        if let Some((_, notes)) = self.open(from, kind) {
            add_note(notes, name);
        }
    }

    /// The message that `from` is sending ended where `last` is: `complete` by its framing.
    pub(crate) fn end(
        &mut self,
        (from, kind): (Direction, Kind),
        complete: bool,
        last: Option<Place>,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) {
        let Some((message, notes)) = self.open(from, kind) else { return };
        if message.done {
            return;
        }
        if let Some(last) = last {
            message.message.last = last;
        }
        message.finish(complete, cx.settings, notes, |scan, bytes, place| cx.observer.body(scan, bytes, place));
        let client = if kind == Kind::Response { from.reverse() } else { from };
        while self.pending[client].front().is_some_and(Pending::is_done) {
            self.give_out_front(client, cx);
        }
        // Only what has to wait is weighed.
        if let Some((message, _)) = self.open(from, kind)
            && message.done
            && message.weighed == 0
        {
            message.weighed = message.weight();
            self.weight += message.weighed;
        }
    }

    /// Gives out the first exchange of a client, whatever was read of it.
    fn give_out_front(&mut self, client: Direction, cx: &mut Context<'_, impl Observer<Body = S>>) {
        let Some(mut pending) = self.pending[client].pop_front() else { return };
        let Pending { request, response, interim, notes, .. } = &mut pending;
        for message in [request.as_mut(), response.as_mut()].into_iter().flatten() {
            let open = !message.done;
            message.finish(false, cx.settings, notes, |scan, bytes, place| cx.observer.body(scan, bytes, place));
            if open {
                add_note(notes, "incomplete-body");
            } else {
                self.weight = self.weight.saturating_sub(message.weighed);
            }
        }
        if response.is_none()
            && let Some((head, first, last)) = interim.pop()
        {
            add_note(notes, "no-final-response");
            let mut only = PartialMessage::new(Box::<Message>::default().begin(head, first, last), cx.settings, false);
            only.message.interim = interim.drain(..).map(|(head, ..)| head).collect();
            only.message.body.complete = true;
            *response = Some(only);
        }
        if self.pending[client].is_empty() && self.pending[client].capacity() > FEW_PENDING {
            self.pending[client].shrink_to(FEW_PENDING);
        }
        let taken = |message: Option<PartialMessage<S>>| message.map(|message| (message.message, message.scan));
        cx.observer.exchange(ParsedExchange {
            client,
            request: taken(pending.request),
            response: taken(pending.response),
            notes: pending.notes,
        });
    }

    /// Whether the request that `from` is sending asked for leave to send its body, and was
    /// answered instead (RFC 9110 §10.1.1).
    pub(crate) fn was_refused(&self, from: Direction) -> bool {
        let Some(pending) = self.pending[from].back() else { return false };
        let asked = pending.request.as_ref().is_some_and(|request| request.message.head.field("expect").is_some());
        asked && pending.response.is_some()
    }

    /// Whether the response that `from` is sending answers a request that was not captured.
    pub(crate) fn is_orphan(&self, from: Direction) -> bool {
        self.pending[from.reverse()].front().is_some_and(|pending| pending.request.is_none())
    }

    /// The request that `from` would answer next.
    pub(crate) fn question(&self, from: Direction) -> Option<&Head> {
        let pending = self.pending[from.reverse()].front()?;
        pending.response.is_none().then_some(&pending.request.as_ref()?.message.head)
    }

    /// The same, where `from` may have said what comes from `source` in answer to it: the client had
    /// not received it before it asked.
    pub(crate) fn question_before(&self, from: Direction, source: Source) -> Option<&Head> {
        let asked = self.pending[from.reverse()].front()?.asked;
        let received = asked.source.acknowledged.is_some_and(|received| received > source.offset);
        if received { None } else { self.question(from) }
    }

    /// `from` will send nothing more: what waits for its answers is given out.
    pub(crate) fn no_more_from(&mut self, from: Direction, cx: &mut Context<'_, impl Observer<Body = S>>) {
        let client = from.reverse();
        while self.pending[client].front().is_some_and(Pending::request_is_over) {
            self.give_out_front(client, cx);
        }
    }

    /// Gives out a client's first exchanges until so many are left.
    pub(crate) fn give_out_until(
        &mut self,
        left: usize,
        client: Direction,
        cx: &mut Context<'_, impl Observer<Body = S>>,
    ) {
        while self.pending[client].len() > left {
            self.give_out_front(client, cx);
        }
    }

    /// The stream is over: everything is given out.
    pub(crate) fn finish(&mut self, cx: &mut Context<'_, impl Observer<Body = S>>) {
        for client in Direction::BOTH {
            self.give_out_until(0, client, cx);
        }
    }
}

mod pairing;
#[cfg(test)]
mod tests;
