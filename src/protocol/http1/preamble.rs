//! What is said in front of a connection's first request by whoever passes it on: the header of
//! `HAProxy`'s PROXY protocol (`proxy-protocol.txt` §2), and the client's part of SOCKS (RFC 1928, 1929).
//!
//! How long it is can be told exactly, so that what follows is read as if the connection began there,
//! whatever its method and target.

use super::connection::{Connection, Turn};
use super::handover::Handover;
use super::side::{Origin, State};
use crate::http::{BodyState, add_note};
use crate::tcp::Source;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What a connection's first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// A preamble of so many bytes.
    Whole(usize),
    /// The beginning of one, perhaps.
    Partial,
    /// None.
    Not,
}

/// What version 2 of the PROXY protocol begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const V2_FIXED: usize = 16;
/// The longest line of version 1, with its end.
const V1_LONGEST: usize = 107;

fn measure(bytes: &[u8]) -> Measure {
    match bytes.first() {
        Some(b'\r') => proxy_v2(bytes),
        Some(b'P') => proxy_v1(bytes),
        Some(4) => socks_4(bytes),
        Some(5) => socks_5(bytes),
        _ => Measure::Not,
    }
}

/// Version 2: binary, with a length of all that follows, addresses and whatever else (TLVs).
fn proxy_v2(bytes: &[u8]) -> Measure {
    const VERSION: u8 = 2;
    if !bytes.iter().zip(SIGNATURE).all(|(byte, wanted)| byte == wanted) {
        return Measure::Not;
    }
    if bytes.get(12).is_some_and(|byte| byte >> 4 != VERSION) {
        return Measure::Not;
    }
    let Some(&[.., high, low]) = bytes.first_chunk::<V2_FIXED>() else { return Measure::Partial };
    within(bytes, V2_FIXED + usize::from(u16::from_be_bytes([high, low])))
}

/// Version 1: a line of text.
fn proxy_v1(bytes: &[u8]) -> Measure {
    const START: &[u8] = b"PROXY ";
    if !bytes.iter().zip(START).all(|(byte, wanted)| byte == wanted) {
        return Measure::Not;
    }
    let line = bytes.get(..V1_LONGEST).unwrap_or(bytes);
    match line.windows(2).position(|pair| pair == b"\r\n") {
        Some(end) if is_proxy_line(line.get(START.len()..end).unwrap_or_default()) => Measure::Whole(end + 2),
        None if bytes.len() < V1_LONGEST => Measure::Partial,
        _ => Measure::Not,
    }
}

/// Whether this is the protocol, both addresses and both ports.
fn is_proxy_line(text: &[u8]) -> bool {
    fn ends<A: std::str::FromStr>(words: &[&str]) -> bool {
        let [source, destination, ports @ ..] = words else { return false };
        let are_ports = ports.len() == 2 && ports.iter().all(|port| port.parse::<u16>().is_ok());
        source.parse::<A>().is_ok() && destination.parse::<A>().is_ok() && are_ports
    }
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let words: Vec<&str> = text.split(' ').collect();
    match words.split_first() {
        Some((&"TCP4", rest)) => ends::<Ipv4Addr>(rest),
        Some((&"TCP6", rest)) => ends::<Ipv6Addr>(rest),
        // A receiver ignores what follows.
        Some((&"UNKNOWN", _)) => true,
        _ => false,
    }
}

/// Version 4 of SOCKS: a command, port and address, the user's name, and in version 4A the server's.
fn socks_4(bytes: &[u8]) -> Measure {
    const FIXED: usize = 8;
    const LONGEST: usize = 255;
    if bytes.get(1).is_some_and(|command| *command != 1) {
        return Measure::Not;
    }
    let Some(&[.., a, b, c, d]) = bytes.first_chunk::<FIXED>() else { return Measure::Partial };
    let mut length = FIXED;
    // An address of 0.0.0.x stands for a name.
    for _ in 0..if [a, b, c] == [0; 3] && d != 0 { 2 } else { 1 } {
        let text = bytes.get(length..).unwrap_or_default();
        match text.iter().take(LONGEST + 1).position(|byte| *byte == 0) {
            Some(end) => length += end + 1,
            None if text.len() <= LONGEST => return Measure::Partial,
            None => return Measure::Not,
        }
    }
    within(bytes, length)
}

/// Version 5 of SOCKS: methods, perhaps a name and a password, and the request to connect.
fn socks_5(bytes: &[u8]) -> Measure {
    let at = |at: usize| bytes.get(at).copied();
    let Some(methods) = at(1) else { return Measure::Partial };
    // There are few methods, and none would be chosen of none.
    if !(1..=16).contains(&methods) {
        return Measure::Not;
    }
    let mut length = 2 + usize::from(methods);
    if at(length) == Some(1) {
        let Some(name) = at(length + 1) else { return Measure::Partial };
        let Some(password) = at(length + 2 + usize::from(name)) else { return Measure::Partial };
        length += 3 + usize::from(name) + usize::from(password);
    }
    let request = bytes.get(length..).unwrap_or_default();
    if !request.iter().zip([5, 1, 0]).all(|(byte, wanted)| *byte == wanted) {
        return Measure::Not;
    }
    let address = match (request.get(3), request.get(4)) {
        (Some(1), _) => 4,
        (Some(4), _) => 16,
        (Some(3), Some(name)) => 1 + usize::from(*name),
        (None, _) | (Some(3), None) => return Measure::Partial,
        _ => return Measure::Not,
    };
    within(bytes, length + 4 + address + 2)
}

fn within(bytes: &[u8], length: usize) -> Measure {
    if bytes.len() < length { Measure::Partial } else { Measure::Whole(length) }
}

impl<S: BodyState> Connection<S> {
    /// Passes over what stands in front of the first request: how many of these bytes, with which the
    /// connection begins, were taken. `None` where it begins with a message.
    pub(super) fn preamble<O: Handover<Body = S>>(
        &mut self,
        bytes: &[u8],
        source: Source,
        context: &mut Turn<'_, O>,
    ) -> Option<usize> {
        let from = context.from;
        let bytes = bytes.get(..context.io.settings.longest_head).unwrap_or(bytes);
        match self.measure_preamble(bytes, context) {
            Measure::Not => None,
            Measure::Partial => {
                self.sides[from].state = State::Perhaps(Origin::Start);
                Some(0)
            }
            Measure::Whole(length) => {
                context.io.observer.other(from, bytes.get(..length).unwrap_or_default(), source.place);
                Some(length)
            }
        }
    }

    /// The same for what is held back; whether that was all that is to be done with it for now.
    pub(super) fn held_preamble<O: Handover<Body = S>>(&mut self, context: &mut Turn<'_, O>) -> bool {
        let from = context.from;
        let held = &self.sides[from].buffer;
        match self.measure_preamble(held, context) {
            Measure::Partial => return held.len() < context.io.settings.longest_head,
            Measure::Whole(length) => context.other(&self.sides[from].take_front(length)),
            Measure::Not => {
                // They were held back for what they may have begun.
                let blank = held.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                if blank == 0 {
                    return false;
                }
                add_note(&mut self.sides[from].notes, "blank-line-before-message");
                self.sides[from].take_front(blank);
            }
        }
        let rest = self.sides[from].take();
        self.sides[from].state = State::Start;
        self.feed_held(&rest, context);
        true
    }

    /// A server that was asked has nothing to say in front of its answer.
    fn measure_preamble<O: Handover<Body = S>>(&self, bytes: &[u8], context: &Turn<'_, O>) -> Measure {
        if self.exchanges.question(context.from).is_some() { Measure::Not } else { measure(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Context;
    use crate::http::Observer;
    use crate::http::{Message, ParsedExchange, Settings};
    use crate::packet::Place;
    use crate::tcp::Chunk;
    use crate::tcp::Direction;
    use proptest::prelude::*;

    /// A header of version 2 with this behind its fixed part.
    fn v2(rest: &[u8]) -> Vec<u8> {
        [SIGNATURE, &[0x21, 0x11][..], &(rest.len() as u16).to_be_bytes(), rest].concat()
    }

    /// Preambles, each in what the client says by turns of the server's.
    fn preambles() -> Vec<Vec<u8>> {
        let tlvs =
            [&[10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 80][..], &[2, 0, 3], b"h.e", &[4, 1, 4], &[b' '; 260]].concat();
        vec![
            b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 3128\r\n".to_vec(),
            b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 80\r\n".to_vec(),
            b"PROXY UNKNOWN\r\n".to_vec(),
            b"PROXY UNKNOWN what nobody reads\r\n".to_vec(),
            v2(&tlvs[..12]),
            v2(&tlvs),
            v2(&[]),
            v2(&[b'\n'; 5000]),
            v2(&[b'x'; 5000]),
            [SIGNATURE, &[0x20, 0, 0, 0][..]].concat(),
            // One proxy behind another.
            [b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 3128\r\n", &v2(&tlvs)[..]].concat(),
            b"\x04\x01\x00\x50\x0a\x00\x00\x01\x00".to_vec(),
            b"\x04\x01\x00\x50\x00\x00\x00\x01user\x00example.com\x00".to_vec(),
            b"\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50".to_vec(),
            b"\x05\x02\x00\x02\x01\x04user\x04pass\x05\x01\x00\x03\x0bexample.com\x00\x50".to_vec(),
            [&b"\x05\x01\x00\x05\x01\x00\x04"[..], &[0xfe; 18]].concat(),
        ]
    }

    #[test]
    fn a_preamble_is_as_long_as_it_says() {
        for preamble in preambles() {
            let first = match measure(&preamble) {
                Measure::Whole(first) => first,
                other => panic!("{}: {other:?}", preamble.escape_ascii()),
            };
            assert!(first == preamble.len() || preamble.starts_with(b"PROXY TCP4"), "{}", preamble.escape_ascii());
            for cut in 1..first {
                assert_eq!(measure(&preamble[..cut]), Measure::Partial, "{} {cut}", preamble.escape_ascii());
            }
            let more = [&preamble[..first], b"\r\n\r\n"].concat();
            assert_eq!(measure(&more), Measure::Whole(first), "{}", preamble.escape_ascii());
        }
        for other in [
            &b"PROXY TCP4 192.0.2.1 192.0.2.2 40000\r\n"[..],
            b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 70000\r\n",
            b"PROXY TCP4 192.0.2.1 2001:db8::2 1 2\r\n",
            b"PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"PROXY /a HTTP/1.1\r\n",
            &[&b"PROXY UNKNOWN "[..], &[b'x'; 93]].concat(),
            b"POST / HTTP/1.1\r\n",
            b"\r\nGET / HTTP/1.1\r\n",
            b"\r\n\r\n\0\r\nQUIT\n\x11",
            b"\x04\x02\x00\x50\x0a\x00\x00\x01\x00",
            &[&b"\x04\x01\x00\x50\x0a\x00\x00\x01"[..], &[b'x'; 256]].concat(),
            b"\x05\x00\x0b\x03\x10",
            b"\x05\x01\x00\x05\x03",
            b"\x05\x01\x00\x05\x01\x00\x02",
            b"\x05\x01\x00GET",
            b"GET / HTTP/1.1\r\n",
            b"",
        ] {
            assert_eq!(measure(other), Measure::Not, "{}", other.escape_ascii());
        }
    }

    /// What is read, in short.
    #[derive(Debug, Default, PartialEq)]
    struct Seen {
        exchanges: Vec<String>,
        other: [Vec<u8>; 2],
    }

    impl Handover for Seen {}

    impl Observer for Seen {
        type Body = Vec<u8>;

        fn body(&mut self, scan: &mut Vec<u8>, bytes: &[u8], _: Place) {
            scan.extend_from_slice(bytes);
        }

        fn exchange(&mut self, read: ParsedExchange<Vec<u8>>) {
            let text = |bytes: Option<&[u8]>| bytes.unwrap_or_default().escape_ascii().to_string();
            let said = |message: Box<Message>| {
                let head = &message.head;
                let fields = head.field("proxy-authorization").map(|value| value.escape_ascii().to_string());
                format!("{} {} {:?} {fields:?}", text(head.method()), text(head.target()), head.status())
            };
            let [request, response] = [read.request, read.response]
                .map(|message| message.map(|(message, body)| format!("{} {}", said(message), body.escape_ascii())));
            self.exchanges.push(format!("{request:?} {response:?} {:?}", read.notes));
        }

        fn other(&mut self, from: Direction, bytes: &[u8], _: Place) -> bool {
            self.other[from as usize].extend_from_slice(bytes);
            true
        }
    }

    /// Reads turns that begin with the client's, in pieces of so many bytes.
    fn read(turns: &[&[u8]], piece: usize) -> Seen {
        let (mut connection, mut seen, settings) = (Connection::default(), Seen::default(), Settings::default());
        for (turn, from) in turns.iter().zip(Direction::BOTH.into_iter().cycle()) {
            for bytes in turn.chunks(piece) {
                connection.data(
                    Chunk { from, bytes, source: Source::default(), alone: false },
                    &mut Context::new(&settings, &mut seen),
                );
            }
        }
        for from in Direction::BOTH {
            connection.finish_direction(from, &mut Context::new(&settings, &mut seen));
        }
        connection.finish(&mut Context::new(&settings, &mut seen));
        seen
    }

    const REQUESTS: [&[u8]; 6] = [
        b"CONNECT h:443 HTTP/1.1\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
        b"GET https://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET ?query HTTP/1.1\r\nHost: h\r\n\r\n",
        b"FROB h HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /a JUNK/1.0\r\nHost: h\r\n\r\n",
        b"\r\nPOST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    ];
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    #[test]
    fn a_request_behind_a_preamble_is_read_as_if_that_were_not_there() {
        for request in REQUESTS {
            let want = read(&[request, ANSWER], usize::MAX);
            assert_eq!(want.exchanges.len(), 1, "{}", request.escape_ascii());
            for preamble in preambles() {
                for piece in [usize::MAX, 1, 2, 3, 7, 50, 4999] {
                    let seen = read(&[&[&preamble, request].concat(), ANSWER], piece);
                    let shown = preamble.escape_ascii();
                    assert_eq!(seen.exchanges, want.exchanges, "{shown}, {piece} bytes at a time");
                    assert_eq!(seen.other[0], preamble, "{shown}, {piece} bytes at a time");
                }
            }
        }
    }

    #[test]
    fn an_answer_has_no_preamble() {
        for line in [&b"PROXY UNKNOWN\r\nHTTP/1.1 200 OK\r\n\r\n"[..], &v2(b"")] {
            let seen = read(&[b"GET /a\r\n", line], usize::MAX);
            assert_eq!(seen.exchanges.len(), 1);
            assert!(seen.other[1].is_empty(), "{}", seen.other[1].escape_ascii());
        }
    }

    proptest! {
        /// What begins like a preamble, or nearly, is read the same however it is cut.
        #[test]
        fn cutting_changes_nothing(
            preamble in prop::sample::select(preambles()),
            damage in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
            keep in prop::option::of(any::<prop::sample::Index>()),
            request in prop::sample::select(&REQUESTS[..]),
            piece in 1..60_usize,
        ) {
            let mut bytes = [&preamble, request].concat();
            if let Some((at, byte)) = damage {
                let at = at.index(preamble.len());
                bytes[at] = byte;
            }
            if let Some(keep) = keep {
                bytes.truncate(keep.index(bytes.len() + 1));
            }
            prop_assert_eq!(read(&[&bytes, ANSWER], piece), read(&[&bytes, ANSWER], usize::MAX));
        }
    }
}
