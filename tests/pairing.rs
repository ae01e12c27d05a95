//! Which response is shown with which request where packets are missing: never a wrong pair in
//! silence.

#![allow(clippy::expect_used, clippy::unwrap_used)] // a test says what it expects

mod kit;

use kit::capture::packet;
use kit::wire::{ACK, Connection, End, FIN, PSH};
use plainsight::analyzer::Exchange;
use plainsight::http::Message;
use plainsight::packet::{LinkType, Packet, Timestamp};
use plainsight::{Analyzer, Config, Event};
use proptest::prelude::*;

/// The most that a segment carries here.
const SEGMENT: usize = 1460;

/// A connection under way: its frames, each with whether it was captured.
struct Talk {
    connection: Connection,
    frames: Vec<(Vec<u8>, bool)>,
}

impl Talk {
    /// A connection whose opening is in the capture.
    fn open() -> Self {
        let mut talk = Self::midstream();
        let opening = talk.connection.open();
        talk.frames.extend(opening.map(|segment| (segment.frame(), true)));
        talk
    }

    /// A connection that was open when the capture began.
    fn midstream() -> Self {
        let connection = Connection::between(([10, 0, 0, 1], 40000), ([10, 0, 0, 2], 80), [0xffff_ff00, 7000]);
        Self { connection, frames: Vec::new() }
    }

    fn send(mut self, sender: End, bytes: &[u8], captured: bool) -> Self {
        for part in bytes.chunks(SEGMENT) {
            self.frames.push((self.connection.send(sender, PSH | ACK, part).frame(), captured));
        }
        let receiver = if sender == End::Client { End::Server } else { End::Client };
        self.frames.push((self.connection.send(receiver, ACK, b"").frame(), captured));
        self
    }

    fn client(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send(End::Client, bytes.as_ref(), true)
    }

    fn server(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send(End::Server, bytes.as_ref(), true)
    }

    /// The same, not captured.
    fn client_lost(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send(End::Client, bytes.as_ref(), false)
    }

    fn server_lost(self, bytes: impl AsRef<[u8]>) -> Self {
        self.send(End::Server, bytes.as_ref(), false)
    }

    fn close(mut self) -> Self {
        for sender in [End::Client, End::Server] {
            self.frames.push((self.connection.send(sender, FIN | ACK, b"").frame(), true));
        }
        self
    }

    /// The exchanges, where each frame was captured up to `snap` bytes.
    fn exchanges(&self, snap: usize) -> Vec<Exchange> {
        let mut analyzer = Analyzer::new(&Config::default());
        let mut exchanges = Vec::new();
        let mut keep = |event| {
            if let Event::Exchange(exchange) = event {
                exchanges.push(*exchange);
            }
        };
        let captured = self.frames.iter().filter(|(_, captured)| *captured);
        for (number, (frame, _)) in (1..).zip(captured) {
            let time = Timestamp::from_micros(1_000_000 + 100 * i64::try_from(number).expect("a small number"), 0);
            let whole = packet(number, time, LinkType(1), frame);
            let data = frame.get(..snap.min(frame.len())).unwrap_or_default();
            analyzer.packet(&Packet { data, ..whole }, &mut keep);
        }
        analyzer.finish(&mut keep);
        exchanges
    }

    /// Each exchange in short.
    fn pairs(&self) -> Vec<String> {
        self.exchanges(usize::MAX).iter().map(short).collect()
    }
}

/// `GET /1 -> 200 1 (note)`: method and target, status and the response's own mark.
fn short(exchange: &Exchange) -> String {
    let request = exchange.request.as_deref().map_or_else(
        || "-".to_owned(),
        |request| {
            let part = |part: Option<&[u8]>| String::from_utf8_lossy(part.unwrap_or_default()).into_owned();
            format!("{} {}", part(request.head.method()), part(request.head.target()))
        },
    );
    let response = exchange.response.as_deref().map_or_else(
        || "-".to_owned(),
        |response| {
            let status = response.head.status().map_or_else(|| "none".to_owned(), |status| status.to_string());
            format!("{status} {}", mark(response)).trim_end().to_owned()
        },
    );
    let notes: Vec<_> = exchange.notes.iter().map(|note| note.0).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("{request} -> {response}{notes}")
}

/// The mark that says which exchange a message belongs to.
fn mark(message: &Message) -> String {
    String::from_utf8_lossy(message.head.field("x-id").unwrap_or_default()).into_owned()
}

fn get(id: u32) -> String {
    format!("GET /{id} HTTP/1.1\r\nHost: h\r\nX-Id: {id}\r\n\r\n")
}

fn ok(id: u32) -> String {
    format!("HTTP/1.1 200 OK\r\nX-Id: {id}\r\nContent-Length: 2\r\n\r\nok")
}

#[test]
fn a_burst_that_takes_a_response_and_the_next_request_shifts_no_pair() {
    let talk = Talk::open().client(get(1)).server_lost(ok(1)).client_lost(get(2)).server(ok(2));
    let talk = talk.client(get(3)).server(ok(3)).close();
    assert_eq!(talk.pairs(), ["GET /1 -> - (response-lost)", "- -> 200 2", "GET /3 -> 200 3"]);
    // The same where nothing follows.
    let talk = Talk::open().client(get(1)).server_lost(ok(1)).client_lost(get(2)).server(ok(2)).close();
    assert_eq!(talk.pairs(), ["GET /1 -> - (response-lost)", "- -> 200 2"]);
}

#[test]
fn the_rest_of_a_body_is_not_glued_to_the_next_request() {
    let post = format!("POST /1 HTTP/1.1\r\nContent-Length: 1471\r\n\r\n{}", "z".repeat(1471));
    let (head, tail) = post.split_at(post.len() - 11);
    let head_request = "HEAD /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    let answers = "HTTP/1.1 200 OK\r\nX-Id: 2\r\nContent-Length: 5000\r\n\r\n";
    let talk = Talk::open().client_lost(head).client(tail).server(ok(1)).client(head_request).server(answers);
    let talk = talk.client(get(3)).server(ok(3)).close();
    assert_eq!(talk.pairs(), ["- -> 200 1", "HEAD /2 -> 200 2", "GET /3 -> 200 3"]);
    // The same in one segment.
    let talk = Talk::open().client_lost(head).client(format!("{tail}{}", get(2))).server(ok(2)).close();
    assert_eq!(talk.pairs(), ["GET /2 -> 200 2"]);
}

#[test]
fn a_hole_counted_as_the_body_of_an_answer_to_head_shifts_nothing() {
    let head = "HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n";
    let to_head = "HTTP/1.1 200 OK\r\nX-Id: 1\r\nContent-Length: 5000\r\n\r\n";
    let talk = Talk::open().client(get(0)).server(ok(0)).client_lost(head).server(to_head);
    let talk = talk.client(get(2)).server_lost(ok(2)).client(get(3)).server(ok(3)).client(get(4)).server(ok(4)).close();
    let want = [
        "GET /0 -> 200 0",
        "- -> 200 1 (body-not-sent, missing-bytes)",
        "GET /2 -> - (response-lost)",
        "GET /3 -> 200 3",
        "GET /4 -> 200 4",
    ];
    assert_eq!(talk.pairs(), want);
}

#[test]
fn an_answer_before_the_head_is_whole_belongs_to_that_request() {
    let answer = |status: u16| format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
    // The head is whole later, or never, or not even its line is.
    let talk = Talk::open().client("GET /big HTTP/1.1\r\nA: b\r\n").server(answer(431)).client("B: c\r\n\r\n").close();
    assert_eq!(talk.pairs(), ["GET /big -> 431"]);
    let talk = Talk::open().client(get(1)).server(ok(1)).client("POST /login HTTP/1.1\r\nHost: h\r\n");
    let talk = talk.server(answer(408)).close();
    assert_eq!(talk.pairs(), ["GET /1 -> 200 1", "POST /login -> 408 (head-cut)"]);
    let talk = Talk::open().client("GET /endless").server(answer(414)).close();
    assert_eq!(talk.pairs(), ["GET /endless -> 414 (head-cut)"]);
    // The server closes first.
    let mut talk = Talk::open().client("GET /big HTTP/1.1\r\nA: b\r\n").server(answer(431));
    talk.frames.push((talk.connection.send(End::Server, FIN | ACK, b"").frame(), true));
    assert_eq!(talk.client("B: c\r\n\r\n").pairs(), ["GET /big -> 431"]);
}

#[test]
fn a_request_line_that_never_ends_is_shown() {
    assert_eq!(Talk::open().client("GET /endless?a=b").close().pairs(), ["GET /endless?a=b -> - (head-cut)"]);
    assert_eq!(Talk::open().client("hello /endless").close().pairs(), [""; 0]);
}

#[test]
fn the_rest_of_a_body_at_a_midstream_start_is_no_answer() {
    let talk = Talk::midstream().server("lorem ipsum dolor").client(get(1)).server(ok(1)).client(get(2)).server(ok(2));
    assert_eq!(talk.pairs(), ["GET /1 -> 200 1", "GET /2 -> 200 2"]);
    // The request was sent before the rest came.
    let talk = Talk::midstream().client(get(1)).server("lorem ipsum dolor").server(ok(1)).client(get(2)).server(ok(2));
    assert_eq!(talk.pairs(), ["GET /1 -> 200 1", "GET /2 -> 200 2"]);
    // An answer of HTTP/0.9 is one still.
    let talk = Talk::open().client("GET /\r\n").server("lorem ipsum dolor").close();
    assert_eq!(talk.pairs(), ["GET / -> none (no-version)"]);
}

#[test]
fn start_lines_that_the_snap_length_cuts_are_shown_as_far_as_they_came() {
    let request = |id: u32| format!("GET /a/long/target/{id} HTTP/1.1\r\nHost: h\r\n\r\n");
    let talk = Talk::open().client(request(1)).server(ok(1)).client(request(2)).server(ok(2)).close();
    let pairs: Vec<_> = talk.exchanges(68).iter().map(short).collect();
    assert_eq!(pairs, ["GET /a/long/ta -> 200 (head-cut)"; 2]);
}

#[test]
fn more_pipelined_requests_than_are_kept_shift_no_pair() {
    let requests: String = (0..1030).map(get).collect();
    let answers: String = (0..1030).map(ok).collect();
    let talk = Talk::open().client(requests).server(answers).close();
    let exchanges = talk.exchanges(usize::MAX);
    let paired = exchanges.iter().filter_map(|e| Some((mark(e.request.as_deref()?), mark(e.response.as_deref()?))));
    let paired: Vec<_> = paired.collect();
    assert!(paired.len() >= 1024 && paired.iter().all(|(request, response)| request == response));
    let alone = exchanges.iter().filter(|e| e.request.is_none() || e.response.is_none());
    assert!(alone.clone().all(|e| e.notes.iter().any(|note| note.0 == "too-many-pipelined")));
    assert_eq!(alone.count(), 2 * (1030 - paired.len()));
}

#[test]
fn a_loss_among_pipelined_requests_is_told_as_uncertain() {
    let talk = Talk::open().client(get(1) + &get(2) + &get(3)).server_lost(ok(1)).server(ok(2)).server(ok(3)).close();
    let exchanges = talk.exchanges(usize::MAX);
    let wrong = |e: &&Exchange| {
        e.request
            .as_deref()
            .zip(e.response.as_deref())
            .is_some_and(|(request, response)| mark(request) != mark(response))
    };
    assert!(exchanges.iter().filter(wrong).all(|e| e.notes.iter().any(|note| note.0 == "pairing-uncertain")));
}

/// A request and its response: what is asked, how long the request's body is, and the response's, and
/// whether it is chunked.
fn exchange(id: usize, (method, asked, answered, chunked): &(u8, usize, usize, bool)) -> (String, String) {
    let method = ["GET", "HEAD", "POST"][usize::from(*method)];
    let (body, answer) = ("z".repeat(*asked), "y".repeat(*answered));
    let request = match method {
        "POST" => format!("POST /{id} HTTP/1.1\r\nX-Id: {id}\r\nContent-Length: {asked}\r\n\r\n{body}"),
        _ => format!("{method} /{id} HTTP/1.1\r\nX-Id: {id}\r\n\r\n"),
    };
    let response = if *chunked && method != "HEAD" && *answered > 0 {
        format!(
            "HTTP/1.1 200 OK\r\nX-Id: {id}\r\nTransfer-Encoding: chunked\r\n\r\n{answered:x}\r\n{answer}\r\n0\r\n\r\n"
        )
    } else {
        let answer = if method == "HEAD" { "" } else { &answer };
        format!("HTTP/1.1 200 OK\r\nX-Id: {id}\r\nContent-Length: {answered}\r\n\r\n{answer}")
    };
    (request, response)
}

proptest! {
    /// Whatever single packets and bursts are lost: without pipelining no pair is wrong, unless it is
    /// told that it may be.
    #[test]
    fn no_loss_makes_a_wrong_pair_in_silence(
        exchanges in prop::collection::vec((0..3_u8, 0..4000_usize, 0..5000_usize, any::<bool>()), 2..12),
        losses in prop::collection::vec((any::<prop::sample::Index>(), 1..8_usize), 1..4),
    ) {
        let mut talk = Talk::open();
        for (id, said) in exchanges.iter().enumerate() {
            let (request, response) = exchange(id, said);
            talk = talk.client(request).server(response);
        }
        let mut talk = talk.close();
        for (at, count) in losses {
            let first = at.index(talk.frames.len());
            talk.frames.iter_mut().skip(first).take(count).for_each(|(_, captured)| *captured = false);
        }
        for exchange in talk.exchanges(usize::MAX) {
            let (Some(request), Some(response)) = (&exchange.request, &exchange.response) else { continue };
            let marks = (mark(request), mark(response));
            let cut = marks.0.is_empty() || marks.1.is_empty();
            let told = exchange.notes.iter().any(|note| note.0 == "pairing-uncertain");
            prop_assert!(cut || told || marks.0 == marks.1, "{}", short(&exchange));
        }
    }
}
