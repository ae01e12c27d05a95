//! Bytes beyond their sender's FIN belong to no stream, whichever came first: canaries in them are found.

#![allow(missing_docs, clippy::expect_used)]

mod kit;

use kit::capture::packet;
use kit::wire::{ACK, FIN, SYN, Segment};
use plainsight::leak::{Canaries, Canary};
use plainsight::packet::{LinkType, Timestamp};
use plainsight::{Analyzer, Config, Event};

const SECRET: &str = "fluffy tail";
const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);
const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 80);

/// Where the canary is found in what the client sends after its handshake.
fn found(segments: &[Segment<'_>]) -> Vec<String> {
    let open = [
        Segment::between(CLIENT, SERVER).seq(0).flags(SYN).packet(),
        Segment::between(SERVER, CLIENT).seq(0).ack(1).flags(SYN | ACK).packet(),
    ];
    let canaries = Canaries::new(vec![Canary::plain(SECRET)], false).expect("it is long enough");
    let mut analyzer = Analyzer::new(&Config { canaries, ..Config::default() });
    let mut places = Vec::new();
    let mut hear = |event| {
        if let Event::Finding(found) = event {
            places.push(found.finding.location.to_string());
        }
    };
    let packets = open.into_iter().chain(segments.iter().map(|segment| segment.packet()));
    for (number, data) in (1_u64..).zip(packets) {
        let time = Timestamp::from_nanos(number.cast_signed() * 10_000, 9);
        analyzer.packet(&packet(number, time, LinkType::RAW, &data), &mut hear);
    }
    analyzer.finish(&mut hear);
    places
}

#[test]
fn a_canary_beyond_the_end_is_found() {
    let at = |sequence| Segment::between(CLIENT, SERVER).seq(sequence).ack(1).flags(ACK);
    let end = at(9).flags(FIN | ACK);
    let (hello, longer) = (b"\0\x01\x02hello", [&b"\0\x01\x02hello"[..], SECRET.as_bytes()].concat());
    for (case, segments) in [
        ("behind the end", &[at(1).payload(hello), end, at(9).payload(SECRET.as_bytes())][..]),
        ("across the end, which came before", &[end, at(1).payload(&longer)]),
        ("early, and the end after it", &[at(9).payload(SECRET.as_bytes()), end, at(1).payload(hello)]),
        ("early and across the end", &[at(4).payload(&longer[3..]), end, at(1).payload(&hello[..3])]),
    ] {
        assert_eq!(found(segments), ["packet"], "{case}");
    }
    // What stands before the end is the stream's.
    assert_eq!(found(&[at(1).payload(&longer), at(20).flags(FIN | ACK)]), ["stream"]);
}
