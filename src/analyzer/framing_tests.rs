//! What stands in frames, and which bytes of the stream it was made of.

use super::origins::Origins;
use crate::http::{self, ParsedExchange};
use crate::kit::wire::web_socket as frame;
use crate::packet::Place;
use crate::protocol::{Observer, Payload, Protocol, Reader, WebSocketParameters, tls, web_socket};
use crate::tcp::Direction;
use std::ops::Range;

/// What comes out, and where it came from.
struct Seen {
    bytes: Vec<u8>,
    origins: Origins,
    /// Where messages ended.
    ends: Vec<usize>,
}

impl http::Observer for Seen {
    type Body = ();

    fn body(&mut self, (): &mut (), _: &[u8], _: Place) {}

    fn exchange(&mut self, _: ParsedExchange<()>) {}

    fn other(&mut self, _: Direction, _: &[u8], _: Place) -> bool {
        true
    }
}

impl Observer for Seen {
    fn wants_payloads(&self, _: Protocol) -> bool {
        true
    }

    fn payload(&mut self, payload: &Payload<'_>) {
        self.bytes.extend_from_slice(payload.bytes);
        self.origins.add(payload.bytes.len(), payload.origin.clone());
    }

    fn message_over(&mut self, _: Direction) {
        self.ends.push(self.bytes.len());
    }
}

const CLIENT: Direction = Direction::FromInitiator;

/// Whose frames there are.
enum Kind {
    Tls,
    WebSocket { deflate: bool, keeps_context: bool },
}

const PLAIN: Kind = Kind::WebSocket { deflate: false, keeps_context: true };

/// What comes out, where messages end, and where the bytes at `range` of it came from.
fn unframed(kind: &Kind, bytes: &[u8], piece: usize, range: Range<u64>) -> (Vec<u8>, Vec<usize>, Range<u64>) {
    let mut seen = Seen { bytes: Vec::new(), origins: Origins::new(1 << 20), ends: Vec::new() };
    let parts = bytes.chunks(piece);
    match *kind {
        Kind::Tls => {
            let mut connection = tls::Connection::new(false);
            parts.for_each(|part| _ = connection.data(CLIENT, part, Place::default(), &mut seen));
        }
        Kind::WebSocket { deflate, keeps_context } => {
            let parameters = WebSocketParameters {
                client: CLIENT,
                deflate,
                client_keeps_context: keeps_context,
                server_keeps_context: false,
            };
            let mut connection = web_socket::Connection::new(parameters);
            parts.for_each(|part| _ = connection.data(CLIENT, part, Place::default(), &mut seen));
        }
    }
    let origin = seen.origins.of(&range);
    (seen.bytes, seen.ends, origin)
}

#[test]
fn messages_are_read_over_the_borders_of_frames_and_segments() {
    let key = Some([1, 2, 3, 0x80]);
    let parts = [frame(0x01, b"hello flu", key), frame(0x89, b"", key), frame(0x80, b"ffy tail", key)];
    let bytes = parts.concat();
    for piece in [1, 2, 5, 1000] {
        let (out, ends, origin) = unframed(&PLAIN, &bytes, piece, 6..17);
        assert_eq!((out.as_slice(), ends.as_slice()), (&b"hello fluffy tail"[..], &[17][..]));
        // From the `f` in the first frame to the end of the last.
        assert_eq!(origin, 12..bytes.len() as u64, "{piece}");
    }
    let long = vec![b'x'; 5000];
    let (out, _, origin) = unframed(&PLAIN, &frame(0x82, &long, None), 700, 4500..4501);
    assert_eq!((out, origin), (long, 4504..4505));
}

#[test]
fn compressed_messages_are_inflated() {
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    let mut coded = |text: &[u8]| {
        let mut out = Vec::with_capacity(1000);
        deflate.compress_vec(text, &mut out, flate2::FlushCompress::Sync).unwrap();
        assert!(out.ends_with(&web_socket::TAIL));
        out.truncate(out.len() - 4);
        out
    };
    let text = b"fluffy tail, fluffy tail, fluffy tail";
    let (one, two) = (coded(text), coded(text));
    assert!(two.len() < one.len(), "on what came before");
    let (start, end) = one.split_at(3);
    let key = Some([9, 8, 7, 6]);
    let bytes = [frame(0x41, start, key), frame(0x80, end, key), frame(0xc1, &two, key)].concat();
    for piece in [1, 7, 1000] {
        let kind = Kind::WebSocket { deflate: true, keeps_context: true };
        let (out, ends, _) = unframed(&kind, &bytes, piece, 0..1);
        assert_eq!(out, [&text[..], text].concat(), "{piece}");
        assert_eq!(ends, [text.len(), 2 * text.len()], "{piece}");
    }
}

#[test]
fn records_are_joined() {
    let bytes = [&b"\x16\x03\x01\x00\x04fluf"[..], b"\x16\x03\x03\x00\x07fy tail", b"\x17\x03\x03\x00\x00"].concat();
    for piece in [1, 3, 100] {
        let (out, _, origin) = unframed(&Kind::Tls, &bytes, piece, 0..11);
        assert_eq!((out, origin), (b"fluffy tail".to_vec(), 5..21));
    }
}

#[test]
fn what_has_no_frames_stays_as_it_is() {
    for bytes in [&b"+OK fluffy tail"[..], b"\x16 no record at all", b"\xff\xff\xff fluffy tail"] {
        let (out, ..) = unframed(&Kind::Tls, bytes, 100, 0..1);
        assert!(bytes.ends_with(&out) && out.len() + 5 >= bytes.len(), "{}", bytes.escape_ascii());
    }
    let (out, ..) = unframed(&PLAIN, b"\x8f\x00fluffy tail", 100, 0..1);
    assert_eq!(out, b"fluffy tail");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        piece in 1_usize..40,
        deflate in proptest::bool::ANY,
    ) {
        for kind in [Kind::Tls, Kind::WebSocket { deflate, keeps_context: !deflate }] {
            unframed(&kind, &bytes, piece, 3..9);
        }
    }
}
