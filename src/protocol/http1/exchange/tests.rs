//! Which response is told with which request, and what waits for that.

use super::super::connection::Connection;
use super::super::handover::Handover;
use super::*;
use crate::http::{Note, Observer, ParsedExchange, Settings};
use crate::tcp::Chunk;

/// Which methods were answered with which status, in the order in which that was told.
#[derive(Default)]
struct Pairs(Vec<(Option<Vec<u8>>, Option<u16>)>, Vec<Note>);

impl Handover for Pairs {}

impl Observer for Pairs {
    type Body = ();

    fn body(&mut self, (): &mut (), _: &[u8], _: Place) {}

    fn exchange(&mut self, read: ParsedExchange<()>) {
        let target = read.request.and_then(|(message, ())| message.head.target().map(<[u8]>::to_vec));
        self.1.extend(read.notes);
        self.0.push((target, read.response.and_then(|(message, ())| message.head.status())));
    }

    fn other(&mut self, _: Direction, _: &[u8], _: Place) -> bool {
        true
    }
}

#[test]
fn where_nobody_seems_to_answer_the_latest_request_waits() {
    let (a, b) = (&b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"[..], &b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n"[..]);
    let (mut connection, mut pairs, settings) = (Connection::default(), Pairs::default(), Settings::default());
    let mut says = |from, bytes, alone| {
        connection
            .data(Chunk { from, bytes, source: Source::default(), alone }, &mut Context::new(&settings, &mut pairs));
        pairs.0.len()
    };
    assert_eq!(says(Direction::FromInitiator, a, true), 0);
    assert_eq!(says(Direction::FromInitiator, b, true), 1);
    assert_eq!(says(Direction::FromResponder, b"HTTP/1.1 204 No Content\r\n\r\n", false), 2);
    assert_eq!(pairs.0, [(Some(b"/a".to_vec()), None), (Some(b"/b".to_vec()), Some(204))]);
}

#[test]
fn what_is_noted_late_belongs_to_what_was_said_last() {
    for (late, want) in [(false, &[][..]), (true, &[Note("late")][..])] {
        let (mut connection, mut pairs, settings) = (Connection::default(), Pairs::default(), Settings::default());
        let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        connection.data(
            Chunk { from: Direction::FromInitiator, bytes: request, source: Source::default(), alone: false },
            &mut Context::new(&settings, &mut pairs),
        );
        if late {
            connection.note_latest(Direction::FromInitiator, "late");
        }
        let response = b"HTTP/1.1 204 No Content\r\n\r\n";
        connection.data(
            Chunk { from: Direction::FromResponder, bytes: response, source: Source::default(), alone: false },
            &mut Context::new(&settings, &mut pairs),
        );
        assert_eq!(pairs.1, want);
    }
}

#[test]
fn interim_responses_are_weighed_while_they_wait_and_not_after() {
    let (mut connection, mut pairs, settings) = (Connection::default(), Pairs::default(), Settings::default());
    let mut says = |from, bytes: &[u8]| {
        connection.data(
            Chunk { from, bytes, source: Source::default(), alone: false },
            &mut Context::new(&settings, &mut pairs),
        );
        connection.weight()
    };
    let asked = says(Direction::FromInitiator, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let hint = [&b"HTTP/1.1 103 Early Hints\r\nLink: "[..], &[b'a'; 10_000], b"\r\n\r\n"].concat();
    for count in 1..=MOST_INTERIM {
        let weight = says(Direction::FromResponder, &hint);
        assert!(weight >= asked + count * hint.len(), "{weight} with {count}");
    }
    let full = says(Direction::FromResponder, b"");
    assert!(says(Direction::FromResponder, &hint) <= full, "beyond the bound none is kept");
    assert!(says(Direction::FromResponder, b"HTTP/1.1 204 No Content\r\n\r\n") < asked + hint.len());
    assert_eq!(pairs.0.len(), 1);
}

#[test]
fn an_interim_response_beyond_the_bound_counts_with_its_final_one() {
    const MORE: usize = 3;
    let (mut connection, mut pairs, settings) = (Connection::default(), Pairs::default(), Settings::default());
    let mut says = |from, bytes: &[u8]| {
        connection.data(
            Chunk { from, bytes, source: Source::default(), alone: false },
            &mut Context::new(&settings, &mut pairs),
        )
    };
    for number in 0..MOST_PENDING + MORE {
        let request = format!("GET /{number} HTTP/1.1\r\nHost: x\r\n\r\n");
        says(Direction::FromInitiator, request.as_bytes());
    }
    for number in 0..MOST_PENDING + MORE {
        let response = format!("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\nX: {number}\r\n\r\n");
        says(Direction::FromResponder, response.as_bytes());
    }
    let answered = |pair: &&(Option<Vec<u8>>, Option<u16>)| pair.1.is_some();
    let answered: Vec<_> = pairs.0.iter().filter(answered).map(|(target, _)| target.clone()).collect();
    let late = (0..MORE).map(|_| None);
    let paired = (MORE..MOST_PENDING + MORE).map(|number| Some(format!("/{number}").into_bytes()));
    assert_eq!(answered, late.chain(paired).collect::<Vec<_>>());
}
