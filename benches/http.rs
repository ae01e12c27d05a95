//! Reading messages: whole in a segment, cut, with long bodies and with chunks.
#![allow(missing_docs, clippy::unwrap_used)]

mod measure;

use measure::Case;
use measure::traffic::{REQUEST, RESPONSE};
use plainsight::http::{Context, Observer, ParsedExchange, Settings};
use plainsight::packet::Place;
use plainsight::protocol::http1::{Connection, Handover};
use plainsight::tcp::{Chunk, Direction, Source};
use std::hint::black_box;
use std::process::ExitCode;

/// Looks at nothing.
struct Nobody;

impl Handover for Nobody {}

impl Observer for Nobody {
    type Body = ();

    fn body(&mut self, (): &mut (), bytes: &[u8], _: Place) {
        black_box(bytes);
    }

    fn exchange(&mut self, read: ParsedExchange<()>) {
        black_box(read);
    }

    fn other(&mut self, _: Direction, _: &[u8], _: Place) -> bool {
        true
    }
}

fn main() -> ExitCode {
    let short = [RESPONSE.as_bytes(), &[b'a'; 1000]].concat();
    let head = RESPONSE.replace("1000", "1048576");
    let long = [head.as_bytes(), &vec![b'a'; 1 << 20]].concat();
    let head = RESPONSE.replace("Content-Length: 1000", "Transfer-Encoding: chunked");
    let chunk = [&b"800\r\n"[..], &[b'a'; 0x800], b"\r\n"].concat();
    let chunked = [head.as_bytes(), &chunk.repeat(512), b"0\r\n\r\n"].concat();
    let case = |name, response: &[u8], segment: usize, settings: Settings| {
        let response = response.to_vec();
        Case::new(name, REQUEST.len() + response.len(), move || {
            let mut connection = Connection::default();
            for (from, bytes) in [(Direction::FromInitiator, REQUEST.as_bytes()), (Direction::FromResponder, &response)]
            {
                for part in bytes.chunks(segment) {
                    connection.data(
                        Chunk { from, bytes: part, source: Source::default(), alone: false },
                        &mut Context::new(&settings, &mut Nobody),
                    );
                }
            }
            connection.finish(&mut Context::new(&settings, &mut Nobody));
        })
    };
    let nothing = Settings { max_body: 0, inspect: false, ..Settings::default() };
    measure::main(vec![
        case("an exchange, whole", &short, 1448, nothing),
        case("an exchange, 100 bytes at a time", &short, 100, nothing),
        case("1 MB body, skipped", &long, 1448, nothing),
        case("1 MB body, handed on", &long, 1448, Settings::default()),
        case("1 MB in chunks, handed on", &chunked, 1448, Settings::default()),
    ])
}
