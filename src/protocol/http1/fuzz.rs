//! The body of the fuzz target for HTTP/1.x, and of its replay on stable: a plain function over
//! bytes.
//!
//! It is meant for testing alone; what is read of the bytes is not judged, only that it is the
//! same however they are cut.
use super::connection::Connection;
use super::handover::Handover;
use super::side::{Origin, State};
use crate::http::content;
use crate::http::{Context, Head, Message, Note, Observer, ParsedExchange, Settings};
use crate::packet::{PacketId, Place, Timestamp};
use crate::tcp::{Chunk, Direction, Gap, PerDirection, Source};

/// Memory that a connection may hold besides what `Settings` below and the input allow.
const SLACK: usize = 256 << 10;

/// Reads the turns of a conversation from `data` and reads them as HTTP twice: each turn whole,
/// and cut into pieces.
///
/// The first byte sets the pieces' length (bits 0 to 4), whether bodies are looked at (5), whether
/// one direction is not captured (6) and whether heads may be long (7). Each turn is three bytes
/// and what it says: the sender (bit 0), whether the bytes are lost (1), whether the sender
/// ends afterwards (2); how many bytes, in network byte order.
///
/// # Panics
/// If reading whole and in pieces are two things, as long as neither is out of step: there only
/// a segment's start is taken for a message's. If memory outgrows what was said.
pub fn fuzz_http1(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let settings = Settings {
        max_body: 64,
        sha256: first & 4 != 0,
        inspect: first & 32 != 0,
        decode: true,
        longest_head: if first & 128 == 0 { 300 } else { 1 << 20 },
        content: content::Limits { bytes: 1 << 16, ..content::Limits::default() },
    };
    let mut whole = Reader::new(settings, first & 64 != 0);
    let mut pieces = Reader::new(settings, first & 64 != 0);
    let length = usize::from(first & 31) + 1;
    let mut in_step = true;
    for (number, turn) in Turns(rest).enumerate() {
        let place =
            Place { packet: PacketId::new(0, number as u64 + 1), time: Timestamp::default(), offset: Some(1000) };
        whole.turn(&turn, place, turn.bytes.len().max(1));
        let in_pieces = pieces.turn(&turn, place, length);
        in_step &= !whole.is_lost() && in_pieces;
        if in_step {
            assert_eq!(whole.seen, pieces.seen, "read whole and in pieces are two things, by turn {number}");
        }
        for reader in [&whole, &pieces] {
            let weight = reader.connection.weight();
            assert!(weight <= SLACK + 64 * data.len(), "{weight} bytes are held");
        }
    }
    whole.finish();
    pieces.finish();
    if in_step {
        assert_eq!(whole.seen, pieces.seen, "read whole and in pieces are two things at the end");
    }
    assert!(whole.connection.weight() <= SLACK, "memory is held after the end");
}

/// What a sender says, or what is lost of it.
struct Turn<'a> {
    from: Direction,
    lost: bool,
    ends: bool,
    bytes: &'a [u8],
}

struct Turns<'a>(&'a [u8]);

impl<'a> Iterator for Turns<'a> {
    type Item = Turn<'a>;

    fn next(&mut self) -> Option<Turn<'a>> {
        let (&[what, l0, l1], behind) = self.0.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([l0, l1])).min(behind.len());
        let (bytes, rest) = behind.split_at(length);
        self.0 = rest;
        let from = if what & 1 == 0 { Direction::FromInitiator } else { Direction::FromResponder };
        Some(Turn { from, lost: what & 2 != 0, ends: what & 4 != 0, bytes })
    }
}

struct Reader {
    connection: Connection<Vec<u8>>,
    settings: Settings,
    alone: bool,
    ended: [bool; 2],
    /// Offset of the next byte.
    next: PerDirection<u64>,
    seen: Seen,
}

impl Reader {
    fn new(settings: Settings, alone: bool) -> Self {
        Self {
            connection: Connection::default(),
            settings,
            alone,
            ended: [false; 2],
            next: PerDirection::default(),
            seen: Seen::default(),
        }
    }

    /// Whether only a segment's start counts as a message's.
    fn is_lost(&self) -> bool {
        let lost = |from| matches!(self.connection.sides[from].state, State::Lost | State::Perhaps(Origin::Lost));
        Direction::BOTH.into_iter().any(lost)
    }

    /// Takes a turn in pieces of `length` bytes; returns whether it stayed in step throughout.
    fn turn(&mut self, turn: &Turn<'_>, place: Place, length: usize) -> bool {
        let ended = &mut self.ended[turn.from as usize];
        if *ended {
            return true;
        }
        *ended = turn.ends;
        let mut in_step = true;
        let acknowledged = Some(self.next[turn.from.reverse()]);
        let source = Source { place, offset: self.next[turn.from], acknowledged, midstream: false };
        self.next[turn.from] += turn.bytes.len() as u64;
        if turn.lost && !turn.bytes.is_empty() {
            let length = turn.bytes.len() as u64;
            self.connection
                .gap(Gap { from: turn.from, length, source }, &mut Context::new(&self.settings, &mut self.seen));
        } else {
            let mut at = 0;
            for piece in turn.bytes.chunks(length) {
                let source = source.advanced(at);
                self.connection.data(
                    Chunk { from: turn.from, bytes: piece, source, alone: self.alone },
                    &mut Context::new(&self.settings, &mut self.seen),
                );
                at += piece.len();
                in_step &= !self.is_lost();
            }
        }
        if turn.ends {
            self.connection.finish_direction(turn.from, &mut Context::new(&self.settings, &mut self.seen));
        }
        in_step && !self.is_lost()
    }

    fn finish(&mut self) {
        self.connection.finish(&mut Context::new(&self.settings, &mut self.seen));
    }
}

/// A message's essence and its body.
type Heard = (Said, Vec<u8>);

/// What was told, without the seams.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    exchanges: Vec<(Option<Heard>, Option<Heard>, Vec<Note>)>,
    other: [Vec<u8>; 2],
}

impl Handover for Seen {}

impl Observer for Seen {
    type Body = Vec<u8>;

    fn body(&mut self, scan: &mut Vec<u8>, bytes: &[u8], _: Place) {
        scan.extend_from_slice(bytes);
    }

    fn exchange(&mut self, read: ParsedExchange<Vec<u8>>) {
        let said = |part: Option<(Box<Message>, Vec<u8>)>| part.map(|(message, scan)| (said(*message), scan));
        self.exchanges.push((said(read.request), said(read.response), read.notes));
    }

    fn other(&mut self, from: Direction, bytes: &[u8], _: Place) -> bool {
        self.other[from as usize].extend_from_slice(bytes);
        true
    }
}

/// A message, each byte of its head with its own place.
#[derive(Debug, PartialEq)]
struct Said {
    heads: Vec<String>,
    places: Vec<Place>,
    body: String,
}

fn said(message: Message) -> Said {
    let Message { head, first, last, body, trailers, interim } = message;
    let mut heads = vec![shape(&head), shape(&trailers)];
    heads.extend(interim.iter().map(shape));
    let mut places = vec![first, last];
    for head in [&head, &trailers] {
        places.extend((0..head.bytes.len() as u32).map(|at| head.place(at)));
    }
    Said { heads, places, body: format!("{body:?}") }
}

fn shape(head: &Head) -> String {
    format!("{} {:?} {:?} {:?}", head.bytes.escape_ascii(), head.start, head.version, head.fields.spans())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of turns that are read in pieces of `length` bytes.
    fn read(turns: &[(u8, &[u8])], length: usize) -> Seen {
        let mut reader = Reader::new(Settings::default(), false);
        for (number, (what, bytes)) in turns.iter().enumerate() {
            let head = [&[*what], &(bytes.len() as u16).to_be_bytes()[..]].concat();
            let input = [&head, *bytes].concat();
            let turn = Turns(&input).next().unwrap();
            let packet = PacketId::new(0, number as u64);
            reader.turn(&turn, Place { packet, offset: Some(0), ..Place::default() }, length);
        }
        reader.finish();
        reader.seen
    }

    /// The same, which must be one thing whatever the length.
    fn told(turns: &[(u8, &[u8])]) -> Seen {
        let whole = read(turns, usize::MAX);
        for length in 1..40 {
            let pieces = read(turns, length);
            assert!(pieces == whole, "in pieces of {length} bytes {:?}", notes(&pieces));
        }
        whole
    }

    fn notes(seen: &Seen) -> Vec<Vec<&'static str>> {
        seen.exchanges.iter().map(|(.., notes)| notes.iter().map(|note| note.0).collect()).collect()
    }

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

    #[test]
    fn a_body_that_was_not_sent_is_missed_however_the_next_message_is_cut() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n";
        assert_eq!(notes(&told(&[(1, head), (1, OK)])), [vec!["body-not-sent"], vec![]]);
        // A body that only begins like a message, and ends or is cut before that shows.
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/";
        assert_eq!(notes(&told(&[(1, head), (1, OK)])), [[""; 0], [""; 0]]);
        assert_eq!(notes(&told(&[(1, &head[..head.len() - 2]), (5, b"")])), [["incomplete-body"]]);
        assert_eq!(notes(&told(&[(1, &head[..head.len() - 2]), (3, b"??"), (1, OK)])), [vec!["missing-bytes"], vec![]]);
        let asked = b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n";
        let refused = b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n";
        let seen = told(&[(0, asked), (1, refused), (0, b"GET / HTTP/1.1\r\n\r\n"), (1, OK)]);
        assert_eq!(notes(&seen), [vec!["body-not-sent"], vec![]]);
    }

    #[test]
    fn a_body_that_is_not_chunked_is_read_from_its_first_byte_however_it_is_cut() {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        // White space may stand in front of a size; a size that is too large is told late.
        for body in [&b"  tail"[..], b"12345678901234567\r\n"] {
            let seen = told(&[(0, b"GET / HTTP/1.1\r\n\r\n"), (5, &[head, body].concat())]);
            assert_eq!(seen.exchanges[0].1.as_ref().unwrap().1, body);
        }
        // After a chunk it is a chunked body that broke.
        let broken = [head, &b"2\r\nhi\r\ntail"[..]].concat();
        let seen = told(&[(0, b"GET / HTTP/1.1\r\n\r\n"), (5, &broken)]);
        assert_eq!(seen.exchanges[0].1.as_ref().unwrap().1, b"hi");
    }

    #[test]
    fn a_stream_that_begins_as_something_else_is_read_the_same_however_it_is_cut() {
        // A secret up to what looks like a method and a target is in one piece.
        let strange = b"\x00hello fluffy tail /x HTTP/1.1\r\n\r\n";
        let seen = told(&[(0, strange)]);
        assert_eq!((seen.exchanges.len(), seen.other[0].as_slice()), (0, &strange[..]));
        // SOCKS (RFC 1928), and what is behind it.
        let get = b"GET / HTTP/1.1\r\n\r\n";
        let connect = b"\x05\x01\x00\x01\x0a\x00\x00\x02\x00\x50";
        let bound = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
        let seen = told(&[(0, b"\x05\x01\x00"), (1, b"\x05\x00"), (0, connect), (1, bound), (0, get), (1, OK)]);
        assert_eq!(notes(&seen), [[""; 0]]);
        assert_eq!(seen.exchanges[0].1.as_ref().unwrap().1, b"hi");
        assert_eq!(seen.other, [[&b"\x05\x01\x00"[..], connect].concat(), [&b"\x05\x00"[..], bound].concat()]);
        // What TLS and a WebSocket carry is no message, whatever it looks like.
        let asked = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
        let switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
        for before in [&b"\x17\x03\x03\x00\x50"[..], b"\x81\x50"] {
            let inside = [before, OK].concat();
            let seen = match before.len() {
                5 => told(&[(1, &inside)]),
                _ => told(&[(0, asked), (1, switched), (1, &inside)]),
            };
            assert_eq!((seen.exchanges.len(), &seen.other[1]), (usize::from(before.len() != 5), &inside));
        }
        // Reverse HTTP: the protocol that was switched to is HTTP from its first byte.
        assert_eq!(told(&[(0, asked), (1, switched), (1, get), (0, OK)]).exchanges.len(), 2);
    }
}
