//! Lays out each event.

use super::paper::{Layout, Paper, ink};
use super::tally::{Repeat, Tally};
use super::{figures, leak, message};
use crate::analyzer::{Event, Exchange, TlsHello};
use crate::decode::Endpoint;
use crate::http::Message;
use crate::leak::{Finding, Severity, StreamFinding, Where};
use crate::packet::{PacketId, Timestamp};
use crate::report::body::body_text;
use crate::report::escape;
use crate::report::format::Report;
use crate::report::sighting::sightings;
use crate::report::summary::Summary;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes text to `out`.
#[derive(Debug)]
pub struct Text<W> {
    out: W,
    paper: Paper,
    files: Vec<String>,
    /// The date of the event before, which is written once for all of the same.
    date: String,
    tally: Tally,
    least: Severity,
}

impl<W: Write> Text<W> {
    /// How much is gathered before it is written, in bytes.
    const FULL: usize = 64 << 10;

    /// A report to `out`. `files` are the captures read as one.
    pub fn new(out: W, layout: Layout, files: Vec<String>) -> Self {
        let files = if files.len() > 1 { files } else { Vec::new() };
        Self {
            out,
            paper: Paper::new(layout),
            files,
            date: String::new(),
            tally: Tally::default(),
            least: Severity::Medium,
        }
    }

    /// Findings below this severity are shown only where everything is, as weaknesses. Default
    /// medium.
    #[must_use]
    pub fn least(mut self, severity: Severity) -> Self {
        self.least = severity;
        self
    }

    fn write_out(&mut self) -> io::Result<()> {
        let written = self.out.write_all(self.paper.text.as_bytes());
        self.paper.text.clear();
        written
    }

    fn exchange(&mut self, exchange: &Exchange, event: &Event) {
        let Some(first) = exchange.request.as_ref().or(exchange.response.as_ref()) else { return };
        self.headline(first.first.time, &asked(exchange), &answered(exchange));
        self.ends(exchange.client, exchange.server, &measure(exchange));
        if self.paper.layout.verbose {
            self.verbose(exchange);
        } else {
            for (message, edge) in [(&exchange.request, "  > "), (&exchange.response, "  < ")] {
                if let Some(message) = message {
                    self.glance(message, edge);
                }
            }
        }
        self.leaks(event);
    }

    /// The line that begins an event: the time, what it is, and at the right how it ended.
    fn headline(&mut self, time: Timestamp, what: &str, outcome: &Outcome) {
        let (date, time) = figures::date_and_time(time);
        if self.date != date {
            self.paper.paint(ink::DIM, &format!("{date} UTC"));
            self.paper.end_line();
            self.date = date;
        }
        let outcome_text = escape::clip(&outcome.text, self.paper.width() / 2);
        let taken = time.len() + 2 + if outcome_text.is_empty() { 0 } else { 2 + escape::width(&outcome_text) };
        let what = escape::clip(what, self.paper.width() - taken);
        let between = self.paper.width() - taken - escape::width(&what);
        self.paper.paint(ink::DIM, &time);
        self.paper.plain("  ");
        self.paper.paint(ink::BOLD, &what);
        if !outcome_text.is_empty() {
            self.paper.plain(&" ".repeat(between + 2));
            self.paper.paint(outcome.ink, &outcome_text);
        }
        self.paper.end_line();
    }

    fn ends(&mut self, client: Endpoint, server: Endpoint, measure: &str) {
        let ends = format!("{client} → {server}");
        let gap = if measure.is_empty() { "" } else { "  " };
        self.paper.wrapped("  ", ink::DIM, &format!("{ends}{gap}{measure}"));
    }

    /// The beginning of a body's text on one line.
    fn glance(&mut self, message: &Message, edge: &str) {
        let Some(text) = body_text(message) else { return };
        let columns = self.paper.width() - edge.len();
        let mut line = String::new();
        for word in text.split_ascii_whitespace() {
            // A byte of escaped text takes at most one column, so this many are enough.
            if escape::width(&line) > columns {
                break;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            word.chars().take(columns + 1).for_each(|c| escape::push_char(&mut line, c));
        }
        if message.body.truncated {
            line.push('…');
        }
        if !line.is_empty() {
            self.paper.paint(ink::DIM, edge);
            self.paper.plain(&escape::clip(&line, columns));
            self.paper.end_line();
        }
    }

    fn verbose(&mut self, exchange: &Exchange) {
        if let Some(request) = &exchange.request {
            message::draw(&mut self.paper, request, "  > ", ink::CYAN);
        }
        if let Some(response) = &exchange.response {
            message::draw(&mut self.paper, response, "  < ", ink::GREEN);
        }
        if !exchange.notes.is_empty() {
            let notes: Vec<_> = exchange.notes.iter().map(ToString::to_string).collect();
            self.paper.wrapped("  ", ink::DIM, &format!("notes: {}", notes.join(", ")));
        }
    }

    fn stream_finding(&mut self, found: &StreamFinding, event: &Event) {
        let what = match (&found.finding.location, found.stream) {
            (Where::Tls, _) => "TLS handshake".to_owned(),
            (_, Some(stream)) => format!("TCP stream {stream}, not HTTP"),
            (Where::Packet, None) => "packet of no stream".to_owned(),
            (_, None) => "UDP datagram".to_owned(),
        };
        self.headline(found.finding.place.time, &what, &Outcome::default());
        if let (Some(client), Some(server)) = (found.client, found.server) {
            self.ends(client, server, "");
        }
        self.leaks(event);
    }

    /// One line, where the ends have room beside the name.
    fn tls(&mut self, hello: &TlsHello) {
        let to = hello.server_name.as_deref().map_or_else(|| hello.server.to_string(), escape::str);
        let what = format!("TLS to {to}: nothing else readable");
        let ends = format!("{} → {}", hello.client, hello.server);
        let (_, time) = figures::date_and_time(hello.place.time);
        if time.len() + 2 + escape::width(&what) + 2 + escape::width(&ends) <= self.paper.width() {
            self.headline(hello.place.time, &what, &Outcome { text: ends, ink: ink::DIM });
        } else {
            self.headline(hello.place.time, &what, &Outcome::default());
            self.ends(hello.client, hello.server, "");
        }
    }

    /// Whether a finding is shown.
    fn shows(&self, finding: &Finding) -> bool {
        finding.severity >= self.least || self.paper.layout.verbose
    }

    /// A box for each finding of an event, a line where it was shown before.
    fn leaks(&mut self, event: &Event) {
        for sighting in sightings(event, Severity::Info) {
            let finding = sighting.finding;
            if !self.shows(finding) {
                continue;
            }
            let counts = finding.severity >= self.least;
            let repeat = if counts { self.tally.add(&sighting) } else { None };
            let file = |packet: PacketId| self.files.get(usize::from(packet.file())).map(String::as_str);
            if let Some(Repeat { count, first }) = repeat {
                leak::again(&mut self.paper, finding, count, &leak::packet(first, file(first)));
            } else {
                let packet = leak::packet(finding.place.packet, file(finding.place.packet));
                leak::draw(&mut self.paper, finding, sighting.exchange, &packet, counts);
            }
        }
    }
}

impl<W: Write> Report for Text<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Exchange(exchange) => self.exchange(exchange, event),
            Event::Finding(found) if self.shows(&found.finding) => self.stream_finding(found, event),
            Event::Finding(_) => {}
            Event::Tls(hello) => self.tls(hello),
        }
        if self.paper.text.len() >= Self::FULL { self.write_out() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.paper.text.is_empty() {
            self.write_out()?;
        }
        self.out.flush()
    }

    /// All findings, by severity and host. The other numbers of the summary are no result; they
    /// are told beside the report.
    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        self.tally.draw(&mut self.paper, &self.files);
        self.flush()
    }
}

/// How something ended, and its colour.
#[derive(Default)]
struct Outcome {
    text: String,
    ink: &'static str,
}

/// What was asked: `GET 127.0.0.1:5683/`.
fn asked(exchange: &Exchange) -> String {
    let Some(head) = exchange.request.as_ref().map(|request| &request.head) else {
        return "(request not captured)".to_owned();
    };
    let target = head.target().unwrap_or_default();
    let mut text = escape::bytes(head.method().unwrap_or_default()) + " ";
    if target.starts_with(b"/") {
        match head.field("host") {
            Some(host) if !host.is_empty() => escape::push_bytes(&mut text, host),
            _ => text += &exchange.server.to_string(),
        }
    }
    escape::push_bytes(&mut text, target);
    text
}

/// What came of it: `200 OK`.
fn answered(exchange: &Exchange) -> Outcome {
    let Some(head) = exchange.response.as_ref().map(|response| &response.head) else {
        return Outcome { text: "no answer".to_owned(), ink: ink::YELLOW };
    };
    let Some(status) = head.status() else {
        return Outcome { text: escape::str(head.version()), ink: ink::GREEN };
    };
    let reason = escape::bytes(head.reason().unwrap_or_default());
    let ink = match status {
        500.. => ink::RED,
        400..500 => ink::YELLOW,
        300..400 => ink::CYAN,
        _ => ink::GREEN,
    };
    Outcome { text: format!("{status} {reason}").trim_end().to_owned(), ink }
}

/// Size, type, coding and duration: `11 B text/html in 1.2 ms`.
fn measure(exchange: &Exchange) -> String {
    let mut text = String::new();
    let posted = exchange.request.as_ref().filter(|request| request.body.wire_length > 0);
    if let Some(request) = posted {
        text += &content(request);
        text += if exchange.response.is_some() { " sent, " } else { " sent" };
    }
    if let Some(response) = &exchange.response {
        text += &content(response);
    }
    if let (Some(request), Some(response)) = (&exchange.request, &exchange.response)
        && let Ok(nanos) = u64::try_from(response.last.time.since(request.first.time))
    {
        _ = write!(text, " in {}", figures::duration(nanos));
    }
    text
}

/// A body's size and type: `4.5 kB text/html (1.2 kB as gzip)`.
fn content(message: &Message) -> String {
    let body = &message.body;
    let mut text = figures::size(body.length.unwrap_or(body.wire_length));
    if body.wire_length > 0 || body.missing > 0 {
        let media_type = media_type(message.head.field("content-type").unwrap_or_default());
        if !media_type.is_empty() {
            _ = write!(text, " {}", escape::clip(&escape::bytes(media_type), 40));
        }
    }
    if !matches!(body.encoding.as_ref(), "" | "identity") {
        let coded = escape::clip(&escape::str(&body.encoding), 20);
        _ = write!(text, " ({} as {coded})", figures::size(body.wire_length));
    }
    if body.missing > 0 {
        _ = write!(text, ", {} lost,", figures::size(body.missing));
    } else if !body.complete {
        text += ", cut off,";
    }
    text
}

/// The media type of a Content-Type value, without its parameters (RFC 9110 §8.3.1).
fn media_type(content_type: &[u8]) -> &[u8] {
    content_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests;
