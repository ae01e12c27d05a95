//! Any cutting, reordering, duplication and overlap of the segments of the same exchanges
//! gives the same messages.

#![allow(clippy::expect_used)] // a test says what it expects

mod kit;

use kit::capture::{gzip, packet};
use kit::wire::{FIN, SYN, Segment};
use plainsight::analyzer::Exchange;
use plainsight::leak::{Canaries, Canary};
use plainsight::packet::{LinkType, Timestamp};
use plainsight::{Analyzer, Config, Event};
use proptest::prelude::*;

/// Who says what, in the order in which it is said.
#[derive(Debug, Clone)]
struct Turn {
    client: bool,
    bytes: Vec<u8>,
}

/// A segment to be: who sends it, where it stands in its direction, and what the other side
/// had sent by then.
#[derive(Debug, Clone)]
struct Piece {
    client: bool,
    offset: usize,
    bytes: Vec<u8>,
    acknowledges: usize,
}

const CLIENT_ISN: u32 = 0xffff_ff00; // wraps within the first exchanges
const SERVER_ISN: u32 = 0x7fff_fff0;

fn segment(piece: &Piece, syn: bool, fin: bool) -> Vec<u8> {
    let (client, server) = (([10, 0, 0, 1], 40000), ([10, 0, 0, 2], 31337));
    let (segment, own, other) = if piece.client {
        (Segment::between(client, server), CLIENT_ISN, SERVER_ISN)
    } else {
        (Segment::between(server, client), SERVER_ISN, CLIENT_ISN)
    };
    let sequence = if syn { own } else { own.wrapping_add(1).wrapping_add(piece.offset as u32) };
    let flags = if syn { SYN } else { 0 } | if fin { FIN } else { 0 };
    let segment = segment.seq(sequence).flags(flags).payload(&piece.bytes);
    if syn && piece.client {
        segment.frame()
    } else {
        segment.ack(other.wrapping_add(1).wrapping_add(piece.acknowledges as u32)).frame()
    }
}

/// What is to be the same, whatever the segments.
fn essence(exchange: &Exchange) -> String {
    let message = |message: Option<&plainsight::http::Message>| {
        message.map(|m| {
            let fields: Vec<_> =
                m.head.fields().map(|(n, v)| format!("{}={}", n.escape_ascii(), v.escape_ascii())).collect();
            let trailers: Vec<_> =
                m.trailers.fields().map(|(n, v)| format!("{}={}", n.escape_ascii(), v.escape_ascii())).collect();
            let interim: Vec<_> = m.interim.iter().map(plainsight::http::Head::status).collect();
            format!(
                "{:?} {:?} {:?} {fields:?} {trailers:?} {interim:?} {:?} {} {} {} {:?} {}",
                m.head.method().map(<[u8]>::escape_ascii).map(|e| e.to_string()),
                m.head.target().map(<[u8]>::escape_ascii).map(|e| e.to_string()),
                m.head.status(),
                m.body.length,
                m.body.wire_length,
                m.body.missing,
                m.body.complete,
                m.body.sha256,
                m.body.kept.escape_ascii(),
            )
        })
    };
    let findings: Vec<_> = exchange
        .findings
        .iter()
        .map(|f| format!("{} {} {} {:?}", f.rule, f.location, f.offset, f.secret.escape_ascii().to_string()))
        .collect();
    format!(
        "{exchange} {:?} {:?} {findings:?} {:?}",
        message(exchange.request.as_deref()),
        message(exchange.response.as_deref()),
        exchange.notes
    )
}

fn analyze(packets: &[Vec<u8>]) -> Vec<String> {
    let config = Config {
        sha256: true,
        canaries: Canaries::new(vec![Canary::plain("fluffy tail")], false).unwrap_or_default(),
        ..Config::default()
    };
    let mut analyzer = Analyzer::new(&config);
    let (mut seen, mut alone) = (Vec::new(), Vec::new());
    let mut sink = |event| match event {
        Event::Exchange(exchange) => seen.push(essence(&exchange)),
        Event::Finding(finding) => {
            let f = &finding.finding;
            let secret = f.secret.escape_ascii().to_string();
            alone.push(format!(
                "{} {} {} {} {} {secret:?}",
                finding.client.expect("an end"),
                f.rule,
                f.location,
                f.offset,
                f.length
            ));
        }
        Event::Tls(_) => {}
    };
    for (at, data) in packets.iter().enumerate() {
        let time = Timestamp::from_micros(1_795_000_000, at as u32 * 10);
        let packet = packet(at as u64 + 1, time, LinkType::ETHERNET, data);
        analyzer.packet(&packet, &mut sink);
    }
    analyzer.finish(&mut sink);
    // Those outside exchanges are told as they are found, which may be sooner or later.
    alone.sort();
    seen.extend(alone);
    seen
}

fn chunked(body: &[u8], size: usize, trailer: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size.max(1)) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(format!("0\r\n{trailer}\r\n").bytes());
    out
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"fluffy tail".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
        // What must not be taken for a message.
        Just(b"HTTP/1.1 200 OK\r\n\r\nGET / HTTP/1.1\r\n\r\n".to_vec()),
        (0usize..30, 0usize..30).prop_map(|(a, b)| [&vec![b'a'; a][..], b"fluffy tail", &vec![b'b'; b][..]].concat()),
    ]
}

/// An exchange: what the client says and what the server says.
fn exchange() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    (body(), body(), 0usize..7, 1usize..20).prop_map(|(up, down, shape, chunk)| {
        let request = match shape % 3 {
            0 => b"GET /a?b HTTP/1.1\r\nHost: example\r\nX-Note: fluffy tail\r\n\r\n".to_vec(),
            1 => {
                [format!("POST /p HTTP/1.1\r\nHost: example\r\nContent-Length: {}\r\n\r\n", up.len()).into_bytes(), up]
                    .concat()
            }
            _ => [
                b"PUT /c HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                chunked(&up, chunk, ""),
            ]
            .concat(),
        };
        let length = |body: &[u8], more: &str| {
            [format!("HTTP/1.1 200 OK\r\n{more}Content-Length: {}\r\n\r\n", body.len()).into_bytes(), body.to_vec()]
                .concat()
        };
        let response = match shape {
            0 => length(&down, ""),
            1 => [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                chunked(&down, chunk, "T: fluffy tail\r\n"),
            ]
            .concat(),
            2 => length(&gzip(&down), "Content-Encoding: gzip\r\n"),
            3 => b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n".to_vec(),
            4 => [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".to_vec(), length(&down, "")].concat(),
            5 => [
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
                chunked(&gzip(&down), chunk, ""),
            ]
            .concat(),
            _ => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        };
        (request, response)
    })
}

/// A conversation: exchanges one after the other, or pipelined.
fn conversation() -> impl Strategy<Value = Vec<Turn>> {
    (prop::collection::vec(exchange(), 1..5), any::<bool>()).prop_map(|(exchanges, pipelined)| {
        let (requests, responses): (Vec<_>, Vec<_>) = exchanges.into_iter().unzip();
        if pipelined {
            vec![Turn { client: true, bytes: requests.concat() }, Turn { client: false, bytes: responses.concat() }]
        } else {
            requests
                .into_iter()
                .zip(responses)
                .flat_map(|(up, down)| [Turn { client: true, bytes: up }, Turn { client: false, bytes: down }])
                .collect()
        }
    })
}

/// The segments of a conversation, cut into pieces of these lengths.
fn pieces(turns: &[Turn], mut length: impl FnMut() -> usize) -> Vec<Piece> {
    let (mut sent, mut pieces) = ([0, 0], Vec::new());
    for turn in turns {
        let (own, other) = (usize::from(turn.client), usize::from(!turn.client));
        let mut rest = &turn.bytes[..];
        while !rest.is_empty() {
            let (part, later) = rest.split_at(length().clamp(1, rest.len()));
            pieces.push(Piece {
                client: turn.client,
                offset: sent[own],
                bytes: part.to_vec(),
                acknowledges: sent[other],
            });
            sent[own] += part.len();
            rest = later;
        }
    }
    pieces
}

fn opening() -> Vec<Vec<u8>> {
    let empty = |client| Piece { client, offset: 0, bytes: Vec::new(), acknowledges: 0 };
    vec![segment(&empty(true), true, false), segment(&empty(false), true, false)]
}

fn closing(turns: &[Turn]) -> Vec<Vec<u8>> {
    let sent = |client| turns.iter().filter(|turn| turn.client == client).map(|turn| turn.bytes.len()).sum();
    let end = |client: bool| Piece { client, offset: sent(client), bytes: Vec::new(), acknowledges: sent(!client) };
    vec![segment(&end(true), false, true), segment(&end(false), false, true)]
}

/// What happens to a segment on its way: how far it is overtaken, whether it is sent twice,
/// and how many bytes of what came before it brings along again.
type Fate = (usize, bool, usize);

/// What may be said where nobody knows what is said.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    const SAID: [&[u8]; 20] = [
        b"fluffy tail",
        b"fluffy ta",
        b"il /x HTTP/1.1\r\n\r\n",
        b"ilGET /x HTTP/1.1\r\n\r\n",
        b"il HTTP/1.0 404 No\r\n\r\n",
        b"GET ",
        b"GET /fluffy tail HTTP/1.1\r\n",
        b"OPTIONS\r\nHost: a\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"Content-Length: 3\r\n",
        b"\r\n",
        b"\n",
        b" ",
        b"\0",
        b"UNLOCK /",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x00\x05",
        b"\x05\x01\x00",
        b"CONNECT a:80 HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ];
    let part = prop_oneof![
        prop::sample::select(&SAID[..]).prop_map(<[u8]>::to_vec),
        prop::sample::select(&SAID[..]).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..9)
    ];
    prop::collection::vec(part, 1..9).prop_map(|parts| parts.concat())
}

/// The same conversation, each turn in one segment.
fn whole(turns: &[Turn]) -> Vec<Vec<u8>> {
    let pieces = pieces(turns, || usize::MAX);
    opening().into_iter().chain(pieces.iter().map(|piece| segment(piece, false, false))).chain(closing(turns)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_segmentation_gives_the_same_messages(
        turns in conversation(),
        lengths in prop::collection::vec(1usize..50, 1..20),
        fates in prop::collection::vec((0usize..12, any::<bool>(), 0usize..20), 1..20),
    ) {
        let want = analyze(&whole(&turns));
        prop_assert!(!want.is_empty());

        let mut lengths = lengths.iter().copied().cycle();
        let mut fates = fates.iter().copied().cycle();
        let streams = [false, true].map(|client| turns.iter().filter(|t| t.client == client).flat_map(|t| t.bytes.clone()).collect::<Vec<u8>>());
        let mut sent: Vec<(usize, Vec<u8>)> = Vec::new();
        for (at, piece) in pieces(&turns, || lengths.next().unwrap_or(1)).into_iter().enumerate() {
            let (delay, twice, again): Fate = fates.next().unwrap_or_default();
            let start = piece.offset.saturating_sub(again);
            let end = piece.offset + piece.bytes.len();
            let bytes = streams[usize::from(piece.client)][start..end].to_vec();
            let packet = segment(&Piece { offset: start, bytes, ..piece.clone() }, false, false);
            sent.push((at + delay, packet.clone()));
            if twice {
                sent.push((at + delay / 2, packet));
            }
        }
        sent.sort_by_key(|(at, _)| *at);
        let mangled: Vec<_> = opening().into_iter().chain(sent.into_iter().map(|(_, p)| p)).chain(closing(&turns)).collect();
        prop_assert_eq!(analyze(&mangled), want);
    }

    #[test]
    fn any_segmentation_of_any_bytes_gives_the_same_findings(
        said in prop::collection::vec(anything(), 1..5),
        client_first in any::<bool>(),
        lengths in prop::collection::vec(1usize..9, 1..9),
    ) {
        let turns: Vec<_> =
            said.into_iter().enumerate().map(|(at, bytes)| Turn { client: (at % 2 == 0) == client_first, bytes }).collect();
        let want = analyze(&whole(&turns));
        let mut lengths = lengths.iter().copied().cycle();
        for cut in [pieces(&turns, || 1), pieces(&turns, || lengths.next().unwrap_or(1))] {
            let cut = cut.iter().map(|piece| segment(piece, false, false));
            let cut: Vec<_> = opening().into_iter().chain(cut).chain(closing(&turns)).collect();
            prop_assert_eq!(analyze(&cut), want.clone());
        }
    }
}
