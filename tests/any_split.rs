//! However the bytes of a conversation are cut, the same exchanges and notes come out; and what
//! comes out is what a second, naive reader of whole messages finds.

#![allow(clippy::expect_used)] // a test says what it expects

use plainsight::http::{Context, Message, Observer, ParsedExchange, Settings};
use plainsight::packet::Place;
use plainsight::protocol::http1::{Connection, Handover};
use plainsight::tcp::{Chunk, Direction, Source};
use proptest::prelude::*;

/// Collects what is read.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    exchanges: Vec<Exchange>,
    /// Bytes that are no HTTP, by direction.
    other: [Vec<u8>; 2],
}

#[derive(Debug, PartialEq)]
struct Exchange {
    request: Option<Told>,
    response: Option<Told>,
    notes: Vec<&'static str>,
}

/// A message: its first line and fields, body, trailers, interim answers, completeness.
#[derive(Debug, PartialEq)]
struct Told {
    first: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    trailers: usize,
    interim: Vec<Option<u16>>,
    complete: bool,
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

impl Told {
    fn of((message, body): (Box<Message>, Vec<u8>)) -> Self {
        let head = &message.head;
        let first = match (head.method(), head.target()) {
            (Some(method), Some(target)) => format!("{} {}", text(method), text(target)),
            _ => format!("{:?} {:?}", head.status(), head.reason().map(text)),
        };
        Self {
            first,
            fields: head.fields().map(|(name, value)| (text(name), text(value))).collect(),
            body,
            trailers: message.trailers.fields().len(),
            interim: message.interim.iter().map(plainsight::http::Head::status).collect(),
            complete: message.body.complete,
        }
    }
}

impl Handover for Seen {}

impl Observer for Seen {
    type Body = Vec<u8>;

    fn body(&mut self, scan: &mut Vec<u8>, bytes: &[u8], _: Place) {
        scan.extend_from_slice(bytes);
    }
    fn exchange(&mut self, read: ParsedExchange<Vec<u8>>) {
        // The order in which notes were added may follow the cuts; which they are may not.
        let mut notes: Vec<_> = read.notes.iter().map(|note| note.0).collect();
        notes.sort_unstable();
        self.exchanges.push(Exchange {
            request: read.request.map(Told::of),
            response: read.response.map(Told::of),
            notes,
        });
    }
    fn other(&mut self, from: Direction, bytes: &[u8], _: Place) -> bool {
        self.other[usize::from(from == Direction::FromResponder)].extend_from_slice(bytes);
        true
    }
}

/// Reads a conversation, whose turns are the client's and the server's by turns, cut into pieces
/// of these lengths.
fn read(turns: &[Vec<u8>], mut length: impl FnMut() -> usize) -> Seen {
    let settings = Settings { longest_head: 600, ..Settings::default() };
    let (mut connection, mut seen) = (Connection::default(), Seen::default());
    for (turn, from) in turns.iter().zip(Direction::BOTH.into_iter().cycle()) {
        let mut rest = &turn[..];
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(length().clamp(1, rest.len()));
            connection.data(
                Chunk { from, bytes: piece, source: Source::default(), alone: false },
                &mut Context::new(&settings, &mut seen),
            );
            rest = later;
        }
    }
    for from in Direction::BOTH {
        connection.finish_direction(from, &mut Context::new(&settings, &mut seen));
    }
    connection.finish(&mut Context::new(&settings, &mut seen));
    seen
}

const REQUESTS: &[&str] = &[
    "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n",
    "get /lower HTTP/1.1\nHost: a\n\n",
    "POST /p HTTP/1.1\r\nContent-Length: 11\r\n\r\nfluffy tail",
    "POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\nfluffy tail",
    "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfluffy\r\n5\r\n tail\r\n0\r\n\r\n",
    "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n1\n.\n0\nT: x\n\n",
    "POST /no HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nDear",
    "PUT /e HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "\r\n\nGET  /two  HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    "GET /bare\r\nHost: a\r\n\r\n",
    "GET /nine\r\n",
    "FROB /unknown HTTP/1.1\r\n\r\n",
    "junk in between",
];

const RESPONSES: &[&str] = &[
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello0x2\r\nhi\r\n0\r\nT: u\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\nbroken",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 8\r\n\r\nAccident",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 204 No\r\n\r\nbody",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nL: m\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
    "http/1.1 200\nContent-Length: 2\n\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "HTTP/1.1 206 Partial\r\nContent-Type: multipart/byteranges; boundary=b\r\nContent-Length: 6\r\n\r\n--b--\n",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "no status line",
    "",
];

/// A conversation that starts in good order; what follows is drawn from the shapes above, with
/// some bytes changed.
fn conversation() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let turn = (prop::sample::select(REQUESTS), prop::sample::select(RESPONSES));
    let change = (any::<prop::sample::Index>(), prop::sample::select(&b"\r\n :;0159aHx,\0"[..]));
    (prop::collection::vec(turn, 1..5), prop::collection::vec(change, 0..4), any::<bool>()).prop_map(
        |(turns, changes, pipelined)| {
            let (mut up, mut down): (Vec<Vec<u8>>, Vec<Vec<u8>>) =
                turns.into_iter().map(|(up, down)| (up.as_bytes().to_vec(), down.as_bytes().to_vec())).unzip();
            for (at, byte) in changes {
                let all: usize = up.iter().chain(&down).map(Vec::len).sum();
                if let Some(place) = up.iter_mut().chain(&mut down).flatten().nth(at.index(all)) {
                    *place = byte;
                }
            }
            if pipelined {
                (up, down) = (vec![up.concat()], vec![down.concat()]);
            }
            let mut turns: Vec<_> = ["GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 204 OK\r\n\r\n"].map(Vec::from).into();
            turns.extend(up.into_iter().zip(down).flat_map(|(up, down)| [up, down]));
            turns
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_exchanges(
        turns in conversation(),
        lengths in prop::collection::vec(1usize..40, 1..12),
    ) {
        let whole = read(&turns, || usize::MAX);
        prop_assert!(!whole.exchanges.is_empty());
        prop_assert_eq!(&read(&turns, || 1), &whole);
        let mut lengths = lengths.iter().copied().cycle();
        prop_assert_eq!(&read(&turns, || lengths.next().unwrap_or(1)), &whole);
    }
}

/// A message as the naive reader finds it: first line, body.
type Plain = (String, Vec<u8>);

/// Reads all messages of one direction, given whole, by splitting strings; `no_body` says which
/// have none whatever their fields say.
fn naive(mut bytes: &[u8], mut no_body: impl FnMut(&str) -> bool) -> Vec<Plain> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let head_end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a head's end") + 4;
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        bytes = &bytes[head_end..];
        let mut lines = head.trim_end().split("\r\n");
        let first = lines.next().expect("a first line").to_owned();
        let (mut length, mut chunked) = (None, false);
        for line in lines {
            let (name, value) = line.split_once(':').expect("a field");
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse::<usize>().ok(),
                "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        let mut body = Vec::new();
        if no_body(&first) {
        } else if chunked {
            loop {
                let line = bytes.windows(2).position(|w| w == b"\r\n").expect("a size");
                let size = std::str::from_utf8(&bytes[..line]).expect("digits");
                let size = usize::from_str_radix(size.split(';').next().expect("a size").trim(), 16).expect("a size");
                bytes = &bytes[line + 2..];
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&bytes[..size]);
                bytes = bytes[size..].strip_prefix(b"\r\n").expect("the chunk's end");
            }
            // Trailers up to the blank line.
            while let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") {
                bytes = &bytes[end + 2..];
                if end == 0 {
                    break;
                }
            }
        } else if let Some(length) = length {
            body.extend_from_slice(&bytes[..length]);
            bytes = &bytes[length..];
        } else if first.starts_with("HTTP/") {
            body.extend_from_slice(bytes);
            bytes = b"";
        }
        messages.push((first, body));
    }
    messages
}

/// A body with what looks like framing in it.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(prop::sample::select(&b"\r\n0aGET HTTP/1.1 200"[..]), 0..60),
        Just(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".to_vec()),
        Just(b"GET / HTTP/1.1\r\n\r\n0\r\n\r\n".to_vec()),
    ]
}

/// The fields that frame a body, and the body framed.
fn framed() -> impl Strategy<Value = (String, Vec<u8>)> {
    (body(), 0usize..3, 1usize..20, prop::sample::select(&["", ";x", "; a=\"b\""][..])).prop_map(
        |(body, how, size, extension)| match how {
            0 => (format!("Content-Length: {:03}\r\n", body.len()), body),
            1 => (format!("content-length:\t{} \r\n", body.len()), body),
            _ => {
                let mut out = Vec::new();
                for chunk in body.chunks(size) {
                    out.extend(format!("{:X}{extension}\r\n", chunk.len()).bytes());
                    out.extend(chunk);
                    out.extend(b"\r\n");
                }
                out.extend(b"000\r\nTrailer: x\r\n\r\n");
                ("Transfer-Encoding: Chunked\r\n".to_owned(), out)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_naive_reader_finds_the_same_messages(
        exchanges in prop::collection::vec((framed(), framed(), 0u8..6), 1..6),
        lengths in prop::collection::vec(1usize..40, 1..12),
        close in body(),
        until_close in any::<bool>(),
    ) {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for ((up_fields, up_body), (down_fields, down_body), shape) in exchanges {
            let method = ["POST", "PUT", "HEAD", "POST", "GET", "POST"][usize::from(shape)];
            let status = ["200 OK", "404 Not Found", "200 OK", "304 Not Modified", "204 No Content", "500 "][usize::from(shape)];
            up.extend(format!("{method} /x HTTP/1.1\r\n{up_fields}X: y\r\n\r\n").bytes());
            up.extend(up_body);
            down.extend(format!("HTTP/1.1 {status}\r\n{down_fields}\r\n").bytes());
            if !matches!(shape, 2..=4) {
                down.extend(down_body);
            }
        }
        if until_close {
            up.extend(b"GET /last HTTP/1.1\r\n\r\n");
            down.extend(b"HTTP/1.1 200 OK\r\n\r\n");
            down.extend(&close);
        }
        let requests = naive(&up, |_| false);
        let mut methods = requests.iter().map(|(first, _)| first.starts_with("HEAD"));
        let responses = naive(&down, |first| {
            methods.next().unwrap_or_default() || first.contains(" 304 ") || first.contains(" 204 ")
        });

        let mut lengths = lengths.iter().copied().cycle();
        let seen = read(&[up, down], || lengths.next().unwrap_or(1));
        let told = |told: &Option<Told>| told.as_ref().map(|told| (told.first.clone(), told.body.clone()));
        let got: Vec<_> = seen.exchanges.iter().map(|e| (told(&e.request), told(&e.response))).collect();
        let want: Vec<_> = requests
            .into_iter()
            .zip(responses)
            .map(|((request, up), (response, down))| {
                let line = request.trim_end_matches(" HTTP/1.1").to_owned();
                let status: u16 = response[9..12].parse().expect("a status");
                (Some((line, up)), Some((format!("Some({status}) Some({:?})", &response[13..]), down)))
            })
            .collect();
        prop_assert_eq!(got, want);
        prop_assert!(seen.exchanges.iter().all(|e| e.notes.is_empty()), "{:?}", seen.exchanges);
        prop_assert!(seen.other.iter().all(Vec::is_empty), "{:?}", seen.other);
    }
}
