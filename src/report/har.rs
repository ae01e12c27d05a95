//! HAR 1.2: exchanges for a browser's developer tools, findings beside them.
//!
//! Times are those of the packets. This module refuses to guess: what a capture does not show
//! (name lookups, connection set-up, the page) is told as unknown.
//!
//! Section names are those of <http://www.softwareishard.com/blog/har-12-spec/>.

mod parts;

use super::body::body_text;
use super::format::Report;
use super::json::lines;
use super::json::value::Buffer;
use super::outbox::Outbox;
use super::summary::Summary;
use crate::analyzer::{Event, Exchange};
use crate::http::{Head, Message};
use crate::leak::{Severity, StreamFinding};
use crate::packet::Place;
use std::io::{self, Write};

const BEGINNING: &str = concat!(
    r#"{"log":{"version":"1.2","creator":{"name":"plainsight","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"entries":["#
);

/// So many bytes of findings outside HTTP wait for the end of the file.
const MOST_WAITING: usize = 16 << 20;

/// Writes an HTTP archive to `out`.
#[derive(Debug)]
pub struct Har<W> {
    out: Outbox<W>,
    buffer: Buffer,
    /// Findings outside HTTP: they stand at the end.
    outside: Buffer,
    left_out: u64,
    files: Vec<String>,
    least: Severity,
    separator: &'static str,
}

impl<W: Write> Har<W> {
    /// A report to `out` with findings at least as bad as `least`. `files` are the captures
    /// read as one.
    pub fn new(out: W, files: Vec<String>, least: Severity) -> Self {
        let mut buffer = Buffer::default();
        buffer.raw(BEGINNING);
        let files = if files.len() > 1 { files } else { Vec::new() };
        let outside = Buffer::default();
        Self { out: Outbox::new(out), buffer, outside, left_out: 0, files, least, separator: "" }
    }

    /// `entries`
    fn entry(&mut self, exchange: &Exchange) {
        let Some(first) = exchange.request.as_ref().or(exchange.response.as_ref()) else { return };
        let json = &mut self.buffer;
        json.raw(std::mem::replace(&mut self.separator, ","));
        json.time(r#"{"startedDateTime":"#, first.first.time);
        let timings = Timings::of(exchange);
        json.raw(&format!(r#","time":{}"#, milliseconds(timings.send + timings.wait + timings.receive)));
        request(json, exchange);
        response(json, exchange);
        json.raw(&format!(
            r#","cache":{{}},"timings":{{"blocked":-1,"dns":-1,"connect":-1,"ssl":-1,"send":{},"wait":{},"receive":{}}}"#,
            milliseconds(timings.send),
            milliseconds(timings.wait),
            milliseconds(timings.receive)
        ));
        json.plain(r#","serverIPAddress":"#, exchange.server.address);
        json.plain(r#","connection":"#, exchange.stream);
        json.number(r#","_exchange":"#, exchange.id);
        json.endpoint(r#","_client":"#, exchange.client);
        json.endpoint(r#","_server":"#, exchange.server);
        let mut separator = r#","_findings":["#;
        for finding in exchange.findings.iter().filter(|finding| finding.severity >= self.least) {
            json.raw(separator);
            lines::finding(json, finding, &self.files);
            separator = ",";
        }
        json.raw(if separator == "," { "]" } else { "" });
        if !exchange.notes.is_empty() {
            let notes: Vec<_> = exchange.notes.iter().map(|note| note.0).collect();
            json.string(r#","comment":"#, notes.join(", ").as_bytes());
        }
        json.raw("}");
    }

    fn outside(&mut self, found: &StreamFinding) {
        if found.finding.severity < self.least {
            return;
        }
        if self.outside.bytes.len() >= MOST_WAITING {
            self.left_out += 1;
            return;
        }
        let separator = if self.outside.bytes.is_empty() { "" } else { "," };
        self.outside.raw(separator);
        lines::stream_finding(&mut self.outside, found, &self.files);
    }
}

/// How long each part took, in nanoseconds by the packets' own times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Timings {
    /// From the request's first byte to its last.
    send: i64,
    /// From there to the response's first byte.
    wait: i64,
    /// From there to its last.
    receive: i64,
}

impl Timings {
    /// The parts follow one another and are never negative: where an answer began before its
    /// request ended, sending ends there.
    fn of(exchange: &Exchange) -> Self {
        let since = |place: &Place, earlier: &Place| place.time.since(earlier.time).max(0);
        let receive = exchange.response.as_ref().map_or(0, |response| since(&response.last, &response.first));
        let Some(request) = &exchange.request else { return Self { receive, ..Self::default() } };
        let mut send = since(&request.last, &request.first);
        let mut wait = 0;
        if let Some(response) = &exchange.response {
            send = send.min(since(&response.first, &request.first));
            wait = since(&response.first, &request.first) - send;
        }
        Self { send, wait, receive }
    }
}

/// Nanoseconds as a JSON number of milliseconds, exactly.
fn milliseconds(nanos: i64) -> String {
    let (whole, rest) = (nanos / 1_000_000, nanos % 1_000_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:06}").trim_end_matches('0').to_owned() }
}

/// `request`: one that was not captured is told by its `comment`.
fn request(json: &mut Buffer, exchange: &Exchange) {
    let none = Message::default();
    let message = exchange.request.as_deref().unwrap_or(&none);
    let head = &message.head;
    json.string(r#","request":{"method":"#, head.method().unwrap_or_default());
    let target = head.target().unwrap_or(b"/");
    let url = parts::url(head.method().unwrap_or_default(), exchange.host(), exchange.server, target);
    json.string(r#","url":"#, url.as_bytes());
    json.string(r#","httpVersion":"#, head.version().as_bytes());
    pairs(json, r#","cookies":["#, parts::cookies(head));
    headers(json, head);
    pairs(json, r#","queryString":["#, parts::query(target));
    if !message.body.kept.is_empty() {
        let kind = head.field("content-type").unwrap_or_default();
        json.string(r#","postData":{"mimeType":"#, kind);
        // There is no place for bytes that are no text but one of our own.
        match body_text(message) {
            Some(text) => _ = json.string(r#","text":"#, text.as_bytes()),
            None => json.base64(r#","text":"","_base64":"#, &message.body.kept),
        }
        comment(json, message);
        json.raw("}");
    }
    sizes(json, message);
    if exchange.request.is_none() {
        json.raw(r#","comment":"not captured""#);
    }
    json.raw("}");
}

/// `response`: one that never came has the status 0, as in browsers.
fn response(json: &mut Buffer, exchange: &Exchange) {
    let none = Message::default();
    let message = exchange.response.as_deref().unwrap_or(&none);
    let (head, body) = (&message.head, &message.body);
    // HTTP/0.9 has no status and never fails.
    let status = head.status().unwrap_or(if exchange.response.is_some() { 200 } else { 0 });
    json.number(r#","response":{"status":"#, status);
    json.string(r#","statusText":"#, head.reason().unwrap_or_default());
    json.string(r#","httpVersion":"#, head.version().as_bytes());
    let mut separator = r#","cookies":["#;
    for value in head.fields_named("set-cookie") {
        parts::set_cookie(json, separator, value);
        separator = ",";
    }
    json.raw(if separator == "," { "]" } else { r#","cookies":[]"# });
    headers(json, head);
    let length = body.length.unwrap_or(body.wire_length);
    json.number(r#","content":{"size":"#, length);
    if length > body.wire_length {
        json.number(r#","compression":"#, length - body.wire_length);
    }
    let kind = head.field("content-type").filter(|kind| !kind.is_empty()).unwrap_or(b"x-unknown");
    json.string(r#","mimeType":"#, kind);
    if !body.kept.is_empty() {
        if let Some(text) = body_text(message) {
            json.string(r#","text":"#, text.as_bytes());
        } else {
            json.base64(r#","text":"#, &body.kept);
            json.raw(r#","encoding":"base64""#);
        }
    }
    comment(json, message);
    json.string(r#"},"redirectURL":"#, head.field("location").unwrap_or_default());
    sizes(json, message);
    if exchange.response.is_none() {
        json.raw(r#","_error":"no response was captured""#);
    }
    json.raw("}");
}

fn headers(json: &mut Buffer, head: &Head) {
    pairs(json, r#","headers":["#, head.fields());
}

/// A list of names and values.
fn pairs<N: AsRef<[u8]>, V: AsRef<[u8]>>(json: &mut Buffer, opening: &str, pairs: impl IntoIterator<Item = (N, V)>) {
    json.raw(opening);
    let mut separator = "";
    for (name, value) in pairs {
        json.raw(separator);
        json.string(r#"{"name":"#, name.as_ref());
        json.string(r#","value":"#, value.as_ref());
        json.raw("}");
        separator = ",";
    }
    json.raw("]");
}

/// What the kept bytes of a body are not.
fn comment(json: &mut Buffer, message: &Message) {
    let body = &message.body;
    let said = match (body.truncated, body.missing) {
        (_, 1..) => format!("{} bytes were lost in the capture", body.missing),
        (true, 0) => format!("the first {} bytes", body.kept.len()),
        (false, 0) if !body.complete && body.wire_length > 0 => "cut off".to_owned(),
        (false, 0) => return,
    };
    json.string(r#","comment":"#, said.as_bytes());
}

/// Bytes on the wire: those of a head that was not captured are unknown.
fn sizes(json: &mut Buffer, message: &Message) {
    let head = message.head.bytes.len();
    if head == 0 {
        json.raw(r#","headersSize":-1"#);
    } else {
        json.number(r#","headersSize":"#, head as u64);
    }
    json.number(r#","bodySize":"#, message.body.wire_length);
}

impl<W: Write> Report for Har<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Exchange(exchange) => self.entry(exchange),
            Event::Finding(found) => self.outside(found),
            Event::Tls(_) => {}
        }
        self.out.offer(&mut self.buffer.bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush(&mut self.buffer.bytes)
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        let json = &mut self.buffer;
        json.raw("]");
        if !self.outside.bytes.is_empty() {
            json.raw(r#","_findings":["#);
            json.bytes.put(self.outside.bytes.as_slice());
            self.outside.bytes.clear();
            json.raw("]");
        }
        if self.left_out > 0 {
            json.number(r#","_findingsLeftOut":"#, self.left_out);
        }
        json.raw("}}\n");
        self.flush()
    }
}

#[cfg(test)]
mod tests;
