//! Takes the frames off what is no HTTP, so that a text is found across their borders: the messages
//! of a WebSocket (RFC 6455, RFC 7692) and the records of TLS (RFC 8446 §5.1).
//!
//! It knows where in the stream each byte that it gives came from. It refuses to know what is
//! looked for in them, and to decrypt anything.

use super::tls::Records;
use super::web_socket::WebSocket;
use crate::packet::Place;
use std::collections::VecDeque;
use std::ops::Range;

/// One direction of a stream whose frames are taken off.
#[derive(Debug, Default)]
pub(crate) struct Framed {
    framing: Framing,
    /// Bytes taken and given so far.
    taken: u64,
    given: u64,
    /// Where the latest bytes given came from, oldest first.
    parts: VecDeque<Part>,
}

#[derive(Debug, Default)]
enum Framing {
    /// Nothing was said yet.
    #[default]
    Open,
    /// There are no frames, or none that are understood.
    None,
    Tls(Records),
    WebSocket(Box<WebSocket>),
}

/// Bytes that were given, and those of the stream that they were made of.
#[derive(Debug)]
struct Part {
    given: Range<u64>,
    taken: Range<u64>,
}

/// The origin of bytes is remembered so far back, in bytes given: as far as the longest disguise of a
/// canary reaches, and then some.
const REMEMBERED: u64 = 256 << 10;

/// And for so many pieces.
const MOST_PARTS: usize = 4096;

impl Framed {
    /// A direction of a WebSocket; with `deflate` its messages may be compressed, and with
    /// `keeps_context` each on what came before.
    pub(crate) fn web_socket(deflate: bool, keeps_context: bool) -> Self {
        let socket = Box::new(WebSocket::new(deflate, keeps_context));
        Self { framing: Framing::WebSocket(socket), ..Self::default() }
    }

    /// Whether it is TLS.
    pub(crate) const fn is_tls(&self) -> bool {
        matches!(self.framing, Framing::Tls(_))
    }

    /// The coding that findings name, where there is one.
    pub(crate) const fn name(&self) -> Option<&'static str> {
        match self.framing {
            Framing::WebSocket(_) => Some("websocket"),
            _ => None,
        }
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let framing = match &self.framing {
            Framing::WebSocket(socket) => socket.weight(),
            _ => 0,
        };
        framing + self.parts.capacity() * size_of::<Part>()
    }

    /// Bytes are missing: where the next frame begins is not known any more.
    pub(crate) fn lost(&mut self) {
        self.framing = Framing::None;
    }

    /// The next bytes of the direction; `give` gets what is in the frames.
    pub(crate) fn feed(&mut self, bytes: &[u8], place: Place, mut give: impl FnMut(&[u8], Place)) {
        if let (Framing::Open, Some(first)) = (&self.framing, bytes.first()) {
            // A handshake, which is how every TLS begins.
            self.framing = if *first == 22 { Framing::Tls(Records::default()) } else { Framing::None };
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let place = place.advanced(bytes.len() - rest.len());
            let before = rest.len();
            let Self { framing, taken, given, parts } = self;
            let mut pass = |inner: &[u8], place: Place, from: Range<u64>| {
                let end = given.saturating_add(inner.len() as u64);
                remember(parts, Part { given: *given..end, taken: from });
                *given = end;
                give(inner, place);
            };
            let good = match framing {
                Framing::Tls(records) => records.step(&mut rest, place, *taken, &mut pass),
                Framing::WebSocket(socket) => socket.step(&mut rest, place, *taken, &mut pass),
                Framing::Open | Framing::None => {
                    pass(rest, place, *taken..taken.saturating_add(rest.len() as u64));
                    rest = &[];
                    true
                }
            };
            *taken = taken.saturating_add((before - rest.len()) as u64);
            if !good {
                *framing = Framing::None;
            }
        }
    }

    /// Where in the direction the bytes `range`, which are not none, of those given came from.
    pub(crate) fn origin(&self, range: &Range<u64>) -> Range<u64> {
        let part = |at: u64| self.parts.iter().rev().find(|part| part.given.contains(&at));
        let exact = |part: &Part, at: u64| {
            let same = part.given.end - part.given.start == part.taken.end - part.taken.start;
            same.then(|| part.taken.start.saturating_add(at - part.given.start))
        };
        let last = range.end.saturating_sub(1);
        let start = part(range.start).map(|part| exact(part, range.start).unwrap_or(part.taken.start));
        let end = part(last).map(|part| exact(part, last).map_or(part.taken.end, |at| at.saturating_add(1)));
        start.unwrap_or(range.start)..end.unwrap_or(range.end)
    }
}

fn remember(parts: &mut VecDeque<Part>, part: Part) {
    let (given, taken) = (part.given.clone(), part.taken.clone());
    match parts.back_mut() {
        // What goes on without a frame between is one.
        Some(back) if back.taken.end == taken.start && same_length(back) && same_length(&part) => {
            back.given.end = given.end;
            back.taken.end = taken.end;
        }
        _ => parts.push_back(part),
    }
    let needed = given.end.saturating_sub(REMEMBERED);
    while parts.len() > MOST_PARTS || parts.front().is_some_and(|front| front.given.end < needed) {
        parts.pop_front();
    }
}

const fn same_length(part: &Part) -> bool {
    part.given.end - part.given.start == part.taken.end - part.taken.start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::wire::web_socket as frame;
    use crate::protocol::web_socket::TAIL;

    /// What comes out, and where the bytes at `range` of it came from.
    fn unframed(mut framed: Framed, bytes: &[u8], piece: usize, range: Range<u64>) -> (Vec<u8>, Range<u64>) {
        let mut out = Vec::new();
        for part in bytes.chunks(piece) {
            framed.feed(part, Place::default(), |inner, _| out.extend_from_slice(inner));
        }
        (out, framed.origin(&range))
    }

    #[test]
    fn messages_are_read_over_the_borders_of_frames_and_segments() {
        let key = Some([1, 2, 3, 0x80]);
        let parts = [frame(0x01, b"hello flu", key), frame(0x89, b"", key), frame(0x80, b"ffy tail", key)];
        let bytes = parts.concat();
        for piece in [1, 2, 5, 1000] {
            let (out, origin) = unframed(Framed::web_socket(false, true), &bytes, piece, 6..17);
            assert_eq!(out, b"hello fluffy tail");
            // From the `f` in the first frame to the end of the last.
            assert_eq!(origin, 12..bytes.len() as u64, "{piece}");
        }
        let long = vec![b'x'; 5000];
        let (out, origin) = unframed(Framed::web_socket(false, true), &frame(0x82, &long, None), 700, 4500..4501);
        assert_eq!((out, origin), (long, 4504..4505));
    }

    #[test]
    fn compressed_messages_are_inflated() {
        let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
        let mut coded = |text: &[u8]| {
            let mut out = Vec::with_capacity(1000);
            deflate.compress_vec(text, &mut out, flate2::FlushCompress::Sync).unwrap();
            assert!(out.ends_with(&TAIL));
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
            let (out, _) = unframed(Framed::web_socket(true, true), &bytes, piece, 0..1);
            assert_eq!(out, [&text[..], text].concat(), "{piece}");
        }
    }

    #[test]
    fn records_are_joined() {
        let bytes =
            [&b"\x16\x03\x01\x00\x04fluf"[..], b"\x16\x03\x03\x00\x07fy tail", b"\x17\x03\x03\x00\x00"].concat();
        for piece in [1, 3, 100] {
            let (out, origin) = unframed(Framed::default(), &bytes, piece, 0..11);
            assert_eq!((out, origin), (b"fluffy tail".to_vec(), 5..21));
        }
    }

    #[test]
    fn what_has_no_frames_stays_as_it_is() {
        for bytes in [&b"+OK fluffy tail"[..], b"\x16 no record at all", b"\xff\xff\xff fluffy tail"] {
            let mut framed = Framed::default();
            let mut out = Vec::new();
            framed.feed(bytes, Place::default(), |inner, _| out.extend_from_slice(inner));
            assert!(bytes.ends_with(&out) && out.len() + 5 >= bytes.len(), "{}", bytes.escape_ascii());
        }
        let (out, _) = unframed(Framed::web_socket(false, true), b"\x8f\x00fluffy tail", 100, 0..1);
        assert_eq!(out, b"fluffy tail");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            piece in 1_usize..40,
            deflate in proptest::bool::ANY,
        ) {
            for framed in [Framed::default(), Framed::web_socket(deflate, !deflate)] {
                unframed(framed, &bytes, piece, 3..9);
            }
        }
    }
}
