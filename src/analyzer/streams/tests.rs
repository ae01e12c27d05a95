//! What streams keep, and what of it matters.

use super::*;
use crate::decode::FourTuple;
use crate::tcp::Source;

/// A stream of which nothing came, and what reads it.
fn begin(settings: Settings) -> (Streams, StreamState, Stream) {
    let streams = Streams::new(settings, Scanner::default(), Allowlist::default(), Trace::new(false));
    let end = |last, port| Endpoint { address: [10, 0, 0, last].into(), port };
    let ends = FourTuple { source: end(1, 1000), destination: end(2, 80) };
    (streams, StreamState::default(), Stream { number: 0, ends })
}

fn chunk(from: Direction, bytes: &[u8]) -> Chunk<'_> {
    Chunk { from, bytes, source: Source::default(), alone: false }
}

#[test]
fn a_connection_at_rest_keeps_nothing_and_reads_on() {
    let (mut streams, mut state, stream) = begin(Settings::default());
    let mut told = Vec::new();
    for _ in 0..3 {
        for (from, bytes, rests) in [
            (Direction::FromInitiator, &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], false),
            (Direction::FromResponder, b"HTTP/1.1 204 No Content\r\n", false),
            (Direction::FromResponder, b"\r\n", true),
        ] {
            let mut sink = |event| told.push(event);
            streams.with(&mut sink).data(&stream, &mut state, chunk(from, bytes));
            assert_eq!(state.inner.is_none(), rests);
        }
    }
    assert_eq!(told.len(), 3);
}

#[test]
fn what_is_only_counted_weighs_nothing_more() {
    let silent = Settings { max_body: 0, inspect: false, ..Settings::default() };
    let (mut streams, mut state, stream) = begin(silent);
    let mut weight = 0;
    for (from, bytes, counted) in [
        (Direction::FromInitiator, "GET / HTTP/1.1\r\n\r\n", false),
        (Direction::FromInitiator, "GET / HTTP/1.1\r\n\r\n", false),
        (Direction::FromResponder, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false),
        (Direction::FromResponder, "def", true),
        (Direction::FromResponder, "ghi", false),
        (Direction::FromResponder, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n", false),
        (Direction::FromResponder, "abc", true),
        (Direction::FromResponder, "defghi\r\n0\r\n\r\n", false),
    ] {
        let mut sink = |_| {};
        let mut teller = streams.with(&mut sink);
        let delivered = teller.data(&stream, &mut state, chunk(from, bytes.as_bytes()));
        assert_eq!(delivered.changed, !counted, "{bytes:?}");
        let now = teller.weight(&state);
        assert!(!counted || now == weight, "{bytes:?}");
        weight = now;
    }
}

#[test]
fn what_is_only_counted_does_not_matter() {
    let (request, head) = ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    let silent = Settings { max_body: 0, inspect: false, ..Settings::default() };
    for (settings, whole) in [(silent, false), (Settings::default(), true)] {
        let (mut streams, mut state, stream) = begin(settings);
        let mut mattered = |from, bytes: &str| {
            let mut sink = |_| {};
            streams.with(&mut sink).data(&stream, &mut state, chunk(from, bytes.as_bytes())).inspected
        };
        assert_eq!(mattered(Direction::FromInitiator, request), request.len());
        assert_eq!(mattered(Direction::FromResponder, &format!("{head}abc")), head.len() + if whole { 3 } else { 0 });
        assert_eq!(mattered(Direction::FromResponder, "def"), if whole { 3 } else { 0 });
        assert_eq!(mattered(Direction::FromResponder, &format!("ghi{head}")), 3 + head.len());
    }
}
