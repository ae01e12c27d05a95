//! Each kind of event as its line.

use super::value::Buffer;
use crate::analyzer::{Drafter, Event, Exchange};
use crate::http::{Body, Head, Message, Note, Start};
use crate::leak::{Finding, Severity, StreamFinding};
use crate::packet::PacketId;
use crate::protocol::Traffics;
use crate::report::body::body_text;
use crate::report::format::Report;
use crate::report::outbox::Outbox;
use crate::report::summary::Summary;
use std::io::{self, Write};

/// Writes JSON Lines to `out`.
#[derive(Debug)]
pub struct Json<W> {
    out: Outbox<W>,
    buffer: Buffer,
    files: Vec<String>,
}

impl<W: Write> Json<W> {
    /// A report to `out`. `files` are the captures read as one, so that each packet's number
    /// can say which of them it counts in; with fewer than two there is no need to.
    pub fn new(out: W, files: Vec<String>) -> Self {
        Self {
            out: Outbox::new(out),
            buffer: Buffer::default(),
            files: if files.len() > 1 { files } else { Vec::new() },
        }
    }

    /// What it was written to; what was not flushed is lost.
    pub fn into_inner(self) -> W {
        self.out.into_inner()
    }
}

impl<W: Write> Report for Json<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = Line { json: &mut self.buffer, files: &self.files };
        match event {
            Event::Exchange(exchange) => line.exchange(exchange),
            Event::Finding(finding) => {
                line.stream_finding(finding);
                self.buffer.raw("\n");
            }
            // The contract has no line for what is no result.
            Event::Tls(_) => {}
        }
        self.out.offer(&mut self.buffer.bytes)
    }

    fn drafter(&self) -> Option<Drafter> {
        let (mut buffer, files) = (Buffer::default(), self.files.clone());
        Some(Box::new(move |exchange, draft| {
            Line { json: &mut buffer, files: &files }.rest_of_exchange(exchange);
            draft.extend_from_slice(buffer.bytes.as_slice());
            buffer.bytes.clear();
        }))
    }

    fn drafted(&mut self, id: u64, stream: u64, draft: &[u8]) -> io::Result<()> {
        Line { json: &mut self.buffer, files: &self.files }.numbers(id, stream);
        self.buffer.bytes.put(draft);
        self.out.offer(&mut self.buffer.bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush(&mut self.buffer.bytes)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        Line { json: &mut self.buffer, files: &self.files }.summary(summary);
        self.flush()
    }
}

/// Appends a finding as an object with the contract's keys. `files` are the captures read as
/// one, where there are several.
pub(in crate::report) fn finding(json: &mut Buffer, finding: &Finding, files: &[String]) {
    json.raw("{");
    Line { json, files }.finding(finding);
    json.raw("}");
}

/// Appends a finding outside an exchange, as its line has it.
pub(in crate::report) fn stream_finding(json: &mut Buffer, found: &StreamFinding, files: &[String]) {
    Line { json, files }.stream_finding(found);
}

/// One line being written.
struct Line<'a> {
    json: &'a mut Buffer,
    files: &'a [String],
}

impl Line<'_> {
    fn exchange(&mut self, exchange: &Exchange) {
        self.numbers(exchange.id, exchange.stream);
        self.rest_of_exchange(exchange);
    }

    /// What stands in front of all that is known before an exchange has its number.
    fn numbers(&mut self, id: u64, stream: u64) {
        self.json.number(r#"{"type":"exchange","id":"#, id);
        self.json.number(r#","stream":"#, stream);
    }

    fn rest_of_exchange(&mut self, exchange: &Exchange) {
        self.json.endpoint(r#","client":"#, exchange.client);
        self.json.endpoint(r#","server":"#, exchange.server);
        match &exchange.request {
            Some(request) => self.request(request),
            None => self.json.raw(r#","request":null"#),
        }
        match &exchange.response {
            Some(response) => self.response(response),
            None => self.json.raw(r#","response":null"#),
        }
        self.list(r#","findings":["#, &exchange.findings, |line, comma, found| {
            line.json.raw(comma);
            finding(line.json, found, line.files);
        });
        self.list(r#","notes":["#, &exchange.notes, |line, comma, Note(name)| {
            line.json.plain(comma, name);
        });
        self.json.raw("}\n");
    }

    fn stream_finding(&mut self, found: &StreamFinding) {
        self.json.raw(r#"{"type":"finding","#);
        if let Some(stream) = found.stream {
            self.json.number(r#""stream":"#, stream);
            self.json.raw(",");
        }
        if let Some(exchange) = found.exchange {
            self.json.number(r#""exchange":"#, exchange);
            self.json.raw(",");
        }
        for (key, end) in [(r#""client":"#, found.client), (r#""server":"#, found.server)] {
            if let Some(end) = end {
                self.json.endpoint(key, end);
                self.json.raw(",");
            }
        }
        self.finding(&found.finding);
        self.json.raw("}");
    }

    fn request(&mut self, request: &Message) {
        let head = &request.head;
        self.packet(r#","request":{"packet":"#, request.first.packet);
        self.times(request);
        self.version(head);
        let (method, target) = match &head.start {
            Start::Request { method, target } => (method, target),
            Start::Response { .. } => (&(0..0), &(0..0)),
        };
        self.json.part(r#","method":"#, &head.bytes, method, head.plain);
        if !self.json.part(r#","target":"#, &head.bytes, target, head.plain) {
            self.json.base64(r#","target_base64":"#, head.slice(target));
        }
        match head.field_span("host") {
            Some(host) => _ = self.json.part(r#","host":"#, &head.bytes, host, head.plain),
            None => self.json.raw(r#","host":null"#),
        }
        self.headers(head);
        self.rest(request);
    }

    fn response(&mut self, response: &Message) {
        let head = &response.head;
        self.packet(r#","response":{"packet":"#, response.first.packet);
        self.times(response);
        self.version(head);
        self.status(r#","status":"#, head);
        match &head.start {
            Start::Response { reason: Some(reason), .. } => {
                self.json.part(r#","reason":"#, &head.bytes, reason, head.plain);
            }
            _ => self.json.raw(r#","reason":null"#),
        }
        self.headers(head);
        self.list(r#","interim":["#, &response.interim, |line, comma, head| {
            line.json.raw(comma);
            line.status(r#"{"status":"#, head);
            line.headers(head);
            line.json.raw("}");
        });
        self.rest(response);
    }

    fn version(&mut self, head: &Head) {
        if head.plain {
            self.json.part(r#","version":"#, &head.bytes, &head.version, true);
        } else {
            self.json.string(r#","version":"#, head.version().as_bytes());
        }
    }

    fn times(&mut self, message: &Message) {
        self.json.time(r#","time":"#, message.first.time);
        self.json.time(r#","end":"#, message.last.time);
    }

    /// What both end with.
    fn rest(&mut self, message: &Message) {
        if message.trailers.fields().len() > 0 {
            self.json.raw(r#","trailers":"#);
            self.fields(&message.trailers);
        }
        self.body(message);
        self.json.raw("}");
    }

    /// A packet's number, and where there are several files the name of its own.
    fn packet(&mut self, separator: &str, packet: PacketId) {
        self.json.number(separator, packet.number());
        if let Some(file) = self.files.get(usize::from(packet.file())) {
            self.json.string(r#","file":"#, file.as_bytes());
        }
    }

    fn status(&mut self, separator: &str, head: &Head) {
        if let Some(status) = head.status() {
            self.json.number(separator, status);
        } else {
            self.json.raw(separator);
            self.json.raw("null");
        }
    }

    fn headers(&mut self, head: &Head) {
        self.json.raw(r#","headers":"#);
        self.fields(head);
    }

    /// `[["Name","value"],…]`, with the value's base64 as a third where it is not UTF-8.
    fn fields(&mut self, head: &Head) {
        if head.fields().len() == 0 {
            return self.json.raw("[]");
        }
        if head.plain {
            return self.json.plain_pairs(&head.bytes, head.fields.spans());
        }
        let mut separator = "[[";
        for (name, value) in head.fields() {
            self.json.string(separator, name);
            if !self.json.string(",", value) {
                self.json.base64(",", value);
            }
            separator = "],[";
        }
        self.json.raw("]]");
    }

    fn body(&mut self, message: &Message) {
        let body = &message.body;
        self.json.raw(r#","body":{"#);
        if let Some(length) = body.length {
            self.json.number(r#""length":"#, length);
            self.json.raw(",");
        }
        let identity = matches!(body.encoding.as_ref(), "" | "identity");
        let travelled = body.wire_length > 0 || !identity;
        if travelled {
            self.json.number(r#""wire_length":"#, body.wire_length);
            self.json.raw(",");
        }
        if body.missing > 0 {
            self.json.number(r#""missing":"#, body.missing);
            self.json.raw(",");
        }
        if identity && travelled {
            self.json.raw(r#""encoding":"identity","#);
        } else if travelled {
            self.json.string(r#""encoding":"#, body.encoding.as_bytes());
            self.json.raw(",");
        }
        self.json.raw(if body.complete { r#""complete":true"# } else { r#""complete":false"# });
        if let Some(sha256) = &body.sha256 {
            self.json.hex(r#","sha256":"#, sha256);
        }
        self.content(message, body);
        self.json.raw("}");
    }

    fn content(&mut self, message: &Message, body: &Body) {
        if !body.kept.is_empty() {
            match body_text(message) {
                Some(text) => _ = self.json.string(r#","text":"#, text.as_bytes()),
                None => self.json.base64(r#","base64":"#, &body.kept),
            }
        }
        if body.truncated {
            self.json.raw(r#","truncated":true"#);
        }
    }

    /// The keys of a finding, without the braces around them.
    fn finding(&mut self, finding: &Finding) {
        self.json.string(r#""rule":"#, finding.rule.as_bytes());
        self.json.plain(r#","severity":"#, finding.severity.name());
        self.json.string(r#","title":"#, finding.title.as_bytes());
        self.json.string(r#","where":"#, finding.location.to_string().as_bytes());
        self.packet(r#","packet":"#, finding.place.packet);
        self.json.number(r#","offset":"#, finding.offset);
        self.json.number(r#","length":"#, finding.length);
        if let Some(offset) = finding.place.offset {
            self.json.number(r#","packet_offset":"#, offset);
        }
        self.list(r#","via":["#, &finding.via, |line, comma, coding| _ = line.json.string(comma, coding.as_bytes()));
        if !self.json.string(r#","secret":"#, &finding.secret) {
            self.json.base64(r#","secret_base64":"#, &finding.secret);
        }
        if finding.redacted {
            self.json.raw(r#","redacted":true"#);
        }
        let mut separator = r#","about":{"#;
        for (key, value) in &finding.about {
            self.json.string(separator, key.as_bytes());
            self.json.string(":", value.as_bytes());
            separator = ",";
        }
        self.json.raw(if finding.about.is_empty() { "" } else { "}" });
        self.json.string(r#","fix":"#, finding.fix.as_bytes());
        self.json.string(r#","fingerprint":"#, finding.fingerprint.as_bytes());
        if let Some(id) = &finding.secret_id {
            self.json.string(r#","secret_id":"#, id.as_bytes());
        }
    }

    /// Streams and bytes of each protocol that was seen.
    fn protocols(&mut self, protocols: &Traffics) {
        self.json.raw(r#","protocols":{"#);
        let mut quote = "\"";
        for (protocol, traffic) in protocols.iter() {
            self.json.raw(quote);
            self.json.raw(protocol.name());
            self.json.number(r#"":{"streams":"#, traffic.streams);
            self.json.number(r#","bytes":"#, traffic.bytes);
            self.json.raw("}");
            quote = ",\"";
        }
        self.json.raw("}");
    }

    fn summary(&mut self, summary: &Summary) {
        let counters = &summary.counters;
        self.json.number(r#"{"type":"summary","packets":"#, counters.packets);
        self.json.number(r#","bytes":"#, counters.bytes);
        self.json.number(r#","streams":"#, counters.streams);
        self.protocols(&counters.protocols);
        self.json.number(r#","exchanges":"#, counters.exchanges);
        self.json.raw(r#","findings":"#);
        let mut separator = '{';
        for (severity, count) in Severity::ALL.iter().zip(counters.findings).rev() {
            self.json.number(&format!("{separator}\"{severity}\":"), count);
            separator = ',';
        }
        self.json.number(r#"},"dropped":{"kernel":"#, summary.dropped.kernel);
        self.json.number(r#","interface":"#, summary.dropped.interface);
        if summary.dropped.queue > 0 {
            self.json.number(r#","queue":"#, summary.dropped.queue);
        }
        for (key, counts) in [("not_understood", &counters.not_understood), ("let_go", &counters.let_go)] {
            self.json.raw(&format!("}},\"{key}\":{{"));
            let mut comma = "";
            for (reason, count) in counts {
                self.json.string(comma, reason.as_bytes());
                self.json.number(":", *count);
                comma = ",";
            }
        }
        let mut opening = r#"},"incomplete":{"#;
        for (loss, count) in summary.incomplete().iter() {
            self.json.string(opening, loss.name().as_bytes());
            self.json.number(":", count);
            opening = ",";
        }
        self.json.raw("}");
        if summary.baseline_without_ids > 0 {
            self.json.number(r#","baseline_without_ids":"#, summary.baseline_without_ids);
        }
        self.json.raw("}\n");
    }

    /// A key with its list, left out where the list is empty.
    fn list<T>(&mut self, opening: &str, items: &[T], mut write: impl FnMut(&mut Self, &str, &T)) {
        if items.is_empty() {
            return;
        }
        let mut separator = opening;
        for item in items {
            write(self, separator, item);
            separator = ",";
        }
        self.json.raw("]");
    }
}

#[cfg(test)]
mod equal;
#[cfg(test)]
mod tests;
