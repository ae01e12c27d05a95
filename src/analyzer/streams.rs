//! What is made of each stream: HTTP where it is, a look at TLS's first words, a search for
//! canaries in everything else.

use super::event::{Event, Exchange, TlsHello};
use super::outside::Outside;
use super::trace::Trace;
use crate::decode::{Datagram, Endpoint, FourTuple, Segment};
use crate::http::{self, BodyState, Context, Head, Message, ParsedExchange, Settings};
use crate::leak::{Allowlist, Finding, Found, Run, Scanner, Severity, Side, StreamFinding, Unkept, Where};
use crate::packet::{PacketId, Place};
use crate::pool::Pool;
use crate::protocol::{self, Payload, Protocol, Traffic, Traffics};
use crate::tcp::{Chunk, Delivered, Direction, Gap, Handler, Oddity, Stream};

/// What is kept for a stream; nothing until its first byte.
#[derive(Debug, Default)]
pub(crate) struct StreamState {
    inner: Option<Box<Inner>>,
    /// Whether there was more, which told nothing but that the next message may follow.
    resting: bool,
    /// The protocols for which the stream was counted, a bit for each.
    counted: u8,
}

impl StreamState {
    fn inner(&mut self, spare: &mut Pool<Inner>) -> &mut Inner {
        let resting = std::mem::take(&mut self.resting);
        self.inner.get_or_insert_with(|| {
            let mut inner = spare.take().unwrap_or_default();
            inner.stream.begin_again(resting);
            inner
        })
    }

    /// A message may be over: lets go of what says no more than that, so that an idle connection costs
    /// what the table keeps of it alone.
    fn rest(&mut self, spare: &mut Pool<Inner>) {
        if let Some(inner) = self.inner.take_if(|inner| inner.outside.is_none() && inner.stream.is_resting()) {
            spare.give(inner);
            self.resting = true;
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    stream: protocol::Stream<Run>,
    /// What was said outside of HTTP, where somebody looks at that.
    outside: Option<Box<Outside>>,
    /// Bytes of which it is not known yet which protocol they are.
    undecided: u64,
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
    pub(crate) protocols: Traffics,
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
            protocols: Traffics::default(),
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
        Teller { streams: self, sink }
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
        self.tell_findings(findings, (None, None), ends);
    }

    /// What was found outside of HTTP in what `from` said.
    fn tell_of_stream(&mut self, findings: Vec<Finding>, exchange: Option<u64>, stream: &Stream, from: Direction) {
        let ends = FourTuple { source: stream.sender(from), destination: stream.sender(from.reverse()) };
        self.tell_findings(findings, (Some(stream.number), exchange), Some(ends));
    }

    /// Tells what was found in a stream that an exchange switched to another protocol, as far as there
    /// are such.
    fn tell_findings(
        &mut self,
        mut findings: Vec<Finding>,
        (stream, exchange): (Option<u64>, Option<u64>),
        ends: Option<FourTuple>,
    ) {
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
            (self.sink)(Event::Finding(Box::new(StreamFinding { stream, exchange, client, server, finding })));
        }
    }

    /// What was said outside of HTTP on a stream is over.
    fn finish_outside(&mut self, stream: &Stream, state: &mut StreamState) {
        let Some(outside) = state.inner.as_deref_mut().and_then(|inner| inner.outside.as_deref_mut()) else { return };
        for from in Direction::BOTH {
            let findings = outside.finish(from, &self.streams.scanner);
            self.tell_of_stream(findings, outside.exchange(), stream, from);
        }
    }

    /// Lets the readers of protocols act on a stream's state, and hears what they say.
    fn with_readers<R>(
        &mut self,
        stream: &Stream,
        state: &mut StreamState,
        act: impl FnOnce(&mut protocol::Stream<Run>, &mut Context<'_, Watch<'_, F>>) -> R,
    ) -> Option<R> {
        let Inner { stream: reader, outside, .. } = state.inner.as_deref_mut()?;
        let settings = self.streams.settings;
        let mut watch = Watch { streams: self.streams, sink: self.sink, stream, outside };
        Some(act(reader, &mut Context::new(&settings, &mut watch)))
    }

    /// Counts bytes that `from` sent for the protocol that they are of, once that is known.
    fn count_protocol(&mut self, state: &mut StreamState, from: Direction, length: u64) {
        let mut bytes = length;
        let protocol = match state.inner.as_deref_mut() {
            Some(inner) => {
                bytes += std::mem::take(&mut inner.undecided);
                let Some(protocol) = inner.stream.protocol(from) else {
                    inner.undecided = bytes;
                    return;
                };
                protocol
            }
            None => Protocol::Http1,
        };
        let bit = 1 << protocol as u8;
        let streams = u64::from(state.counted & bit == 0);
        state.counted |= bit;
        self.streams.protocols.add(protocol, Traffic { streams, bytes });
    }
}

impl<F: FnMut(Event)> Handler<StreamState> for Teller<'_, F> {
    fn data(&mut self, stream: &Stream, state: &mut StreamState, chunk: Chunk<'_>) -> Delivered {
        state.inner(&mut self.streams.spare);
        let exchanges = self.streams.exchanges;
        let inspected = self.with_readers(stream, state, |reader, cx| reader.data(chunk, cx));
        state.rest(&mut self.streams.spare);
        self.count_protocol(state, chunk.from, chunk.bytes.len() as u64);
        let inspected = inspected.unwrap_or(chunk.bytes.len());
        Delivered { inspected, changed: inspected > 0 || self.streams.exchanges != exchanges || state.resting }
    }

    fn gap(&mut self, stream: &Stream, state: &mut StreamState, gap: Gap) {
        state.inner(&mut self.streams.spare);
        self.with_readers(stream, state, |reader, cx| reader.gap(gap, cx));
    }

    fn oddity(&mut self, _: &Stream, state: &mut StreamState, from: Direction, oddity: Oddity) {
        let reader = &mut state.inner(&mut self.streams.spare).stream;
        match oddity {
            Oddity::Conflict => reader.note(from, "conflicting-overlap"),
            Oddity::Contradiction => reader.note_latest(from, "conflicting-overlap"),
            Oddity::Urgent => reader.note(from, "urgent-data"),
            Oddity::SynNotCounted => reader.note(from, "syn-not-counted"),
        }
    }

    fn end(&mut self, stream: &Stream, state: &mut StreamState, from: Direction) {
        self.with_readers(stream, state, |reader, cx| reader.finish_direction(from, cx));
    }

    #[allow(clippy::redundant_closure_for_method_calls)] // the method is not general enough
    fn close(&mut self, stream: &Stream, state: &mut StreamState) {
        self.with_readers(stream, state, |reader, cx| reader.finish(cx));
        self.finish_outside(stream, state);
        if state.inner.as_ref().is_some_and(|inner| inner.undecided > 0) {
            self.count_protocol(state, Direction::FromInitiator, 0);
        }
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

    fn weight(&self, state: &StreamState) -> usize {
        state.inner.as_ref().map_or(0, |inner| {
            let outside = inner.outside.as_ref().map_or(0, |outside| size_of::<Outside>() + outside.memory_usage());
            size_of::<Inner>() + inner.stream.memory_usage() + outside
        })
    }
}

impl BodyState for Run {
    fn weight(&self) -> usize {
        self.weight()
    }
}

/// Hears from the readers of protocols about one stream.
struct Watch<'a, F> {
    streams: &'a mut Streams,
    sink: &'a mut F,
    stream: &'a Stream,
    outside: &'a mut Option<Box<Outside>>,
}

impl<F: FnMut(Event)> http::Observer for Watch<'_, F> {
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
        let server = self.stream.sender(client.reverse());
        let findings = if found.is_empty() {
            Vec::new()
        } else {
            self.streams.settle(found, server, request.as_deref_mut(), response.as_deref_mut())
        };
        self.streams.exchanges += 1;
        let exchange = Box::new(Exchange {
            id: self.streams.exchanges,
            stream: self.stream.number,
            client: self.stream.sender(client),
            server,
            request,
            response,
            findings,
            notes,
        });
        if exchange.begins_web_socket() && !self.streams.scanner.is_idle() {
            self.outside.get_or_insert_default().opened_by(exchange.id, client);
        }
        (self.sink)(Event::Exchange(exchange));
    }

    fn other(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool {
        if self.streams.scanner.has_no_canaries() {
            return false;
        }
        let outside = self.outside.get_or_insert_default();
        let findings = outside.raw(from, bytes, place, &self.streams.scanner);
        self.tell(findings, from);
        true
    }

    fn spare(&mut self) -> Box<Message> {
        self.streams.messages.take().unwrap_or_default()
    }
}

impl<F: FnMut(Event)> protocol::Observer for Watch<'_, F> {
    fn framed(&mut self, from: Direction, bytes: &[u8], _: Place) {
        if !self.streams.scanner.is_idle() {
            self.outside.get_or_insert_default().framed(from, bytes);
        }
    }

    fn wants_payloads(&self, of: Protocol) -> bool {
        let scanner = &self.streams.scanner;
        !scanner.has_no_canaries() || (of == Protocol::WebSocket && scanner.has_rules())
    }

    fn payload(&mut self, payload: &Payload<'_>) {
        let findings = self.outside.get_or_insert_default().payload(payload, &self.streams.scanner);
        self.tell(findings, payload.from);
    }

    fn message_over(&mut self, from: Direction) {
        let findings = self.outside.get_or_insert_default().message_over(from, &self.streams.scanner);
        self.tell(findings, from);
    }

    fn client_hello(&mut self, from: Direction, place: Place, server_name: Option<String>) {
        (self.sink)(Event::Tls(Box::new(TlsHello {
            stream: self.stream.number,
            client: self.stream.sender(from),
            server: self.stream.sender(from.reverse()),
            place,
            server_name,
        })));
    }
}

impl<F: FnMut(Event)> Watch<'_, F> {
    fn tell(&mut self, findings: Vec<Finding>, from: Direction) {
        if !findings.is_empty() {
            let exchange = self.outside.as_ref().and_then(|outside| outside.exchange());
            let mut teller = Teller { streams: self.streams, sink: self.sink };
            teller.tell_of_stream(findings, exchange, self.stream, from);
        }
    }
}

#[cfg(test)]
mod tests;
