//! What is made of each stream: HTTP where it is, a look at TLS's first words, a search for
//! canaries in everything else.

use super::event::{Event, Exchange, TlsHello};
use super::trace::Trace;
use crate::decode::{Datagram, Endpoint, FourTuple, Segment};
use crate::http::{BodyState, Head, Message, Observer, ParsedExchange, Settings};
use crate::leak::{Allowlist, Finding, Found, Run, Scanner, Severity, Side, StreamFinding, Unkept, Where};
use crate::packet::{PacketId, Place};
use crate::pool::Pool;
use crate::protocol::framed::Framed;
use crate::protocol::http1::Connection;
use crate::protocol::tls::{Hello, LONGEST_HELLO, client_hello};
use crate::tcp::{Direction, Handler, Oddity, PerDirection, Source, Stream};

/// What is kept for a stream; nothing until its first byte.
#[derive(Debug, Default)]
pub(crate) struct StreamState {
    inner: Option<Box<Inner>>,
    /// Whether there was more, which told nothing but that the next message may follow.
    resting: bool,
}

impl StreamState {
    fn inner(&mut self, spare: &mut Pool<Inner>) -> &mut Inner {
        let resting = std::mem::take(&mut self.resting);
        self.inner.get_or_insert_with(|| {
            let mut inner = spare.take().unwrap_or_default();
            inner.http.begin_again(resting);
            inner
        })
    }

    /// A message may be over: lets go of what says no more than that, so that an idle connection costs
    /// what the table keeps of it alone.
    fn rest(&mut self, spare: &mut Pool<Inner>) {
        if let Some(inner) = self.inner.take_if(|inner| inner.other.is_none() && inner.http.is_resting()) {
            spare.give(inner);
            self.resting = true;
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    http: Connection<Run>,
    /// What was said that is no HTTP.
    other: Option<Box<Other>>,
}

#[derive(Debug, Default)]
struct Other {
    runs: PerDirection<Run>,
    /// Takes off the frames, where there are some.
    framed: PerDirection<Framed>,
    /// The first bytes of what may be a TLS handshake.
    hello: Vec<u8>,
    hello_place: Place,
    hello_done: bool,
}

/// What all streams share.
#[derive(Debug)]
pub(crate) struct Streams {
    settings: Settings,
    scanner: Scanner,
    allow: Allowlist,
    pub(crate) exchanges: u64,
    pub(crate) findings: [u64; Severity::ALL.len()],
    pub(crate) allowed: u64,
    pub(crate) trace: Trace,
    /// What streams at rest let go of, for those that wake: most exchanges begin and end one at a time.
    spare: Pool<Inner>,
    /// Empty messages, to be read into.
    messages: Pool<Message>,
}

impl Streams {
    pub(crate) fn new(settings: Settings, scanner: Scanner, allow: Allowlist, trace: Trace) -> Self {
        let (spare, messages) = (Pool::new(), Pool::new());
        Self {
            settings,
            scanner,
            allow,
            exchanges: 0,
            findings: [0; Severity::ALL.len()],
            allowed: 0,
            trace,
            spare,
            messages,
        }
    }

    /// What was found and not kept.
    pub(crate) fn unkept(&self) -> Unkept {
        self.scanner.unkept()
    }

    /// Whether there are few messages to read into.
    pub(crate) fn lacks_messages(&self) -> bool {
        self.messages.is_low()
    }

    /// Takes back what was told, to read into it.
    pub(crate) fn reuse(&mut self, event: Event) {
        let Event::Exchange(exchange) = event else { return };
        for message in [exchange.request, exchange.response].into_iter().flatten() {
            if !self.messages.is_full()
                && let Some(message) = message.empty()
            {
                self.messages.give(message);
            }
        }
    }

    /// Joined with somebody to tell.
    pub(crate) fn with<'a, F: FnMut(Event)>(&'a mut self, sink: &'a mut F) -> Teller<'a, F> {
        Teller { streams: self, sink, counted: false }
    }

    /// The findings of an exchange, as they are told: with their fingerprints, their secrets
    /// hidden where they are to be, and without those that are allowed.
    fn settle(
        &mut self,
        mut found: Vec<Found>,
        server: Endpoint,
        request: Option<&mut Message>,
        response: Option<&mut Message>,
    ) -> Vec<Finding> {
        let head = request.as_ref().map(|message| &message.head);
        let host = head.and_then(|head| head.field("host")).map_or_else(|| server.to_string().into(), <[u8]>::to_vec);
        self.scanner.identify(&mut found, &server.to_string(), head);
        let target = head.and_then(Head::target).unwrap_or_default();
        let allowed: Vec<bool> = found.iter().map(|found| self.allow.allows(&found.finding, &host, target)).collect();
        let all = found.len();
        self.scanner.redact(request, response, &mut found);
        let told = found.into_iter().zip(allowed).filter(|(_, allowed)| !allowed);
        let findings: Vec<_> = told.map(|(found, _)| found.finding).collect();
        self.allowed += (all - findings.len()) as u64;
        self.count(&findings);
        findings
    }

    fn count(&mut self, findings: &[Finding]) {
        for finding in findings {
            if let Some(count) = self.findings.get_mut(finding.severity as usize) {
                *count += 1;
            }
        }
    }
}

/// Hears from the tcp room and tells events.
pub(crate) struct Teller<'a, F> {
    streams: &'a mut Streams,
    sink: &'a mut F,
    /// Whether the latest bytes were only counted.
    counted: bool,
}

impl<F: FnMut(Event)> Teller<'_, F> {
    /// A segment in a packet belongs to a stream.
    pub(crate) fn touched(&mut self, packet: PacketId, stream: u64) {
        if self.streams.trace.on {
            self.streams.trace.touched.push((packet, stream));
        }
    }

    /// A UDP datagram that is nothing else, or bytes of a packet that holds neither that nor a segment.
    pub(crate) fn datagram(&mut self, datagram: &Datagram<'_>) {
        let location = if datagram.four_tuple.is_some() { Where::Datagram } else { Where::Packet };
        self.look_through(datagram.payload, datagram.place, &location, datagram.four_tuple);
    }

    /// Looks for canaries in bytes that are in no stream.
    fn look_through(&mut self, bytes: &[u8], place: Place, location: &Where, ends: Option<FourTuple>) {
        if self.streams.scanner.has_no_canaries() {
            return;
        }
        let mut run = Run::default();
        self.streams.scanner.feed_other(&mut run, bytes, place);
        self.streams.scanner.finish_other(&mut run);
        let findings = self.streams.scanner.take_other(&mut run, location);
        self.tell_findings(findings, None, ends);
    }

    /// What was found on a stream, `from` one end, since the last call; `framed` took the frames off.
    fn tell_of_stream(&mut self, run: &mut Run, framed: &Framed, stream: &Stream, from: Direction) {
        if !run.has_findings() {
            return;
        }
        let location = if framed.is_tls() { Where::Tls } else { Where::Stream };
        let mut findings = self.streams.scanner.take_other(run, &location);
        for finding in &mut findings {
            let from = framed.origin(&(finding.offset..finding.offset.saturating_add(finding.length)));
            (finding.offset, finding.length) = (from.start, from.end.saturating_sub(from.start));
            finding.via.splice(0..0, framed.name().map(str::to_owned));
        }
        let ends = FourTuple { source: stream.sender(from), destination: stream.sender(from.reverse()) };
        self.tell_findings(findings, Some(stream.number), Some(ends));
    }

    fn tell_findings(&mut self, mut findings: Vec<Finding>, stream: Option<u64>, ends: Option<FourTuple>) {
        if findings.is_empty() {
            return;
        }
        let (client, server) = (ends.map(|ends| ends.source), ends.map(|ends| ends.destination));
        let host = server.map(|server| server.to_string()).unwrap_or_default();
        for finding in &mut findings {
            self.streams.scanner.identify_alone(finding, &host);
        }
        let before = findings.len();
        findings.retain(|finding| !self.streams.allow.allows(finding, host.as_bytes(), b""));
        self.streams.allowed += (before - findings.len()) as u64;
        self.streams.count(&findings);
        for mut finding in findings {
            self.streams.scanner.redact_alone(&mut finding);
            (self.sink)(Event::Finding(Box::new(StreamFinding { stream, client, server, finding })));
        }
    }

    /// What was no HTTP on a stream is over.
    fn finish_other(&mut self, stream: &Stream, state: &mut StreamState) {
        let Some(other) = state.inner.as_deref_mut().and_then(|inner| inner.other.as_deref_mut()) else { return };
        for from in Direction::BOTH {
            let (run, framed) = (&mut other.runs[from], &other.framed[from]);
            self.streams.scanner.finish_other(run);
            self.tell_of_stream(run, framed, stream, from);
        }
    }

    /// Lets the http room act on a stream's state, and hears what it says.
    fn with_http<R>(
        &mut self,
        stream: &Stream,
        state: &mut StreamState,
        act: impl FnOnce(&mut Connection<Run>, &Settings, &mut Watch<'_, F>) -> R,
    ) -> Option<R> {
        let Inner { http, other } = state.inner.as_deref_mut()?;
        let settings = self.streams.settings;
        Some(act(http, &settings, &mut Watch { streams: self.streams, sink: self.sink, stream, other }))
    }
}

impl<F: FnMut(Event)> Handler<StreamState> for Teller<'_, F> {
    fn data(
        &mut self,
        stream: &Stream,
        state: &mut StreamState,
        from: Direction,
        bytes: &[u8],
        source: Source,
        alone: bool,
    ) -> usize {
        state.inner(&mut self.streams.spare);
        let exchanges = self.streams.exchanges;
        let mattered = self
            .with_http(stream, state, |http, settings, watch| http.data(from, bytes, source, alone, settings, watch));
        state.rest(&mut self.streams.spare);
        self.counted = mattered == Some(0) && self.streams.exchanges == exchanges && !state.resting;
        mattered.unwrap_or(bytes.len())
    }

    fn gap(&mut self, stream: &Stream, state: &mut StreamState, from: Direction, length: u64, source: Source) {
        state.inner(&mut self.streams.spare);
        self.with_http(stream, state, |http, settings, watch| http.gap(from, length, source, settings, watch));
    }

    fn oddity(&mut self, _: &Stream, state: &mut StreamState, from: Direction, oddity: Oddity) {
        let http = &mut state.inner(&mut self.streams.spare).http;
        match oddity {
            Oddity::Conflict => http.note(from, "conflicting-overlap"),
            Oddity::Contradiction => http.note_latest(from, "conflicting-overlap"),
            Oddity::Urgent => http.note(from, "urgent-data"),
            Oddity::SynNotCounted => http.note(from, "syn-not-counted"),
        }
    }

    fn end(&mut self, stream: &Stream, state: &mut StreamState, from: Direction) {
        self.with_http(stream, state, |http, settings, watch| http.finish_direction(from, settings, watch));
    }

    fn close(&mut self, stream: &Stream, state: &mut StreamState) {
        self.with_http(stream, state, |http, settings, watch| http.finish(settings, watch));
        self.finish_other(stream, state);
        if self.streams.trace.on {
            self.streams.trace.closed.push(stream.number);
        }
    }

    fn forgotten(&mut self, stream: &Stream) {
        if self.streams.trace.forgets {
            self.streams.trace.forgotten.push(stream.number);
        }
    }

    fn unclaimed(&mut self, segment: &Segment<'_>) {
        self.look_through(segment.payload, segment.place, &Where::Packet, Some(segment.four_tuple));
    }

    fn only_counted(&self) -> bool {
        self.counted
    }

    fn weight(&self, state: &StreamState) -> usize {
        state.inner.as_ref().map_or(0, |inner| {
            let other = inner.other.as_ref().map_or(0, |other| other.weight());
            size_of::<Inner>() + inner.http.weight() + other
        })
    }
}

impl BodyState for Run {
    fn weight(&self) -> usize {
        self.weight()
    }
}

/// Hears from the http room about one stream.
struct Watch<'a, F> {
    streams: &'a mut Streams,
    sink: &'a mut F,
    stream: &'a Stream,
    other: &'a mut Option<Box<Other>>,
}

impl<F: FnMut(Event)> Observer for Watch<'_, F> {
    type Body = Run;

    fn body(&mut self, scan: &mut Run, bytes: &[u8], place: Place) {
        self.streams.scanner.feed(scan, bytes, place);
    }

    fn exchange(&mut self, read: ParsedExchange<Run>) {
        let ParsedExchange { client, request, response, notes } = read;
        let scanner = &self.streams.scanner;
        let mut found = Vec::new();
        let mut request = request.map(|(message, run)| {
            let target = message.head.target().unwrap_or_default();
            found.append(&mut scanner.look(Side::Request, &message, run, target));
            message
        });
        let mut response = response.map(|(message, run)| {
            let target = request.as_ref().and_then(|request| request.head.target()).unwrap_or_default();
            found.append(&mut scanner.look(Side::Response, &message, run, target));
            message
        });
        if let Some(message) = response.as_ref().filter(|_| !scanner.has_no_canaries()) {
            self.frames_follow(client, &message.head);
        }
        let server = self.stream.sender(client.reverse());
        let findings = if found.is_empty() {
            Vec::new()
        } else {
            self.streams.settle(found, server, request.as_deref_mut(), response.as_deref_mut())
        };
        self.streams.exchanges += 1;
        (self.sink)(Event::Exchange(Box::new(Exchange {
            id: self.streams.exchanges,
            stream: self.stream.number,
            client: self.stream.sender(client),
            server,
            request,
            response,
            findings,
            notes,
        })));
    }

    fn other(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool {
        let hello_open = self.other.as_ref().is_none_or(|other| !other.hello_done);
        if self.streams.scanner.has_no_canaries() && !hello_open {
            return false;
        }
        let other = self.other.get_or_insert_default();
        if hello_open {
            other.hello(from, bytes, place, self.stream, self.sink);
        }
        let (run, framed) = (&mut other.runs[from], &mut other.framed[from]);
        let scanner = &self.streams.scanner;
        framed.feed(bytes, place, |inner, place| scanner.feed_other(run, inner, place));
        if run.has_findings() {
            let mut teller = Teller { streams: self.streams, sink: self.sink, counted: false };
            teller.tell_of_stream(run, framed, self.stream, from);
        }
        true
    }

    fn spare(&mut self) -> Box<Message> {
        self.streams.messages.take().unwrap_or_default()
    }

    fn other_lost(&mut self, from: Direction) {
        if let Some(other) = self.other.as_deref_mut() {
            other.framed[from].lost();
        }
    }
}

impl<F: FnMut(Event)> Watch<'_, F> {
    /// Where a response begins a WebSocket (RFC 6455 §4.2.2), what follows has frames.
    fn frames_follow(&mut self, client: Direction, head: &Head) {
        let is = |name: &str, word: &str| {
            let value = head.field(name).unwrap_or_default();
            value.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        };
        if head.status() != Some(101) || !is("upgrade", "websocket") {
            return;
        }
        let deflate = is("sec-websocket-extensions", "permessage-deflate");
        let other = self.other.get_or_insert_default();
        for (from, forgets) in
            [(client, "client_no_context_takeover"), (client.reverse(), "server_no_context_takeover")]
        {
            other.framed[from] = Framed::web_socket(deflate, !is("sec-websocket-extensions", forgets));
        }
    }
}

impl Other {
    fn weight(&self) -> usize {
        let runs = Direction::BOTH.into_iter().map(|from| self.runs[from].weight() + self.framed[from].weight());
        size_of::<Self>() + self.hello.capacity() + runs.sum::<usize>()
    }

    /// Adds to what may be a TLS client's first message.
    fn hello(&mut self, from: Direction, bytes: &[u8], place: Place, stream: &Stream, sink: &mut impl FnMut(Event)) {
        if from != Direction::FromInitiator {
            self.hello_done = self.hello.is_empty();
            return;
        }
        if self.hello.is_empty() {
            self.hello_place = place;
        }
        let room = LONGEST_HELLO.saturating_sub(self.hello.len());
        self.hello.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        match client_hello(&self.hello) {
            Hello::Partial if room > bytes.len() => return,
            Hello::Done { server_name } => sink(Event::Tls(Box::new(TlsHello {
                stream: stream.number,
                client: stream.sender(from),
                server: stream.sender(from.reverse()),
                place: self.hello_place,
                server_name,
            }))),
            Hello::Partial | Hello::Not => {}
        }
        self.hello_done = true;
        self.hello = Vec::new();
    }
}

#[cfg(test)]
mod tests;
