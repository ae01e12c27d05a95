//! One cell of the matrix: a secret, its place, its disguise, its coding, and where segments and
//! chunks end.

use crate::codings::Coding;
use crate::encodings::{Encoding, Text};
use crate::kit::wire::{End, web_socket};
use crate::places::{FILLER, Kind, Place, Side};
use crate::wire::{Sent, Stream, Wire};
use std::ops::Range;

/// Where segments and chunks end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Border {
    /// Nowhere in the secret.
    None,
    /// A segment (of a datagram, a fragment) ends in it.
    Segment,
    /// Each of its bytes comes in a segment of its own.
    Bytes,
    /// A chunk ends in it.
    Chunk,
    /// A chunk ends in it, and so do segments: one at another byte, one amid the chunk's line.
    Both,
}

pub const BORDERS: [Border; 5] = [Border::None, Border::Segment, Border::Bytes, Border::Chunk, Border::Both];

/// What is planted.
pub struct Secret {
    pub name: &'static str,
    pub rule: &'static str,
    pub text: Vec<u8>,
    /// Whether it is all of a value.
    pub alone: bool,
}

/// A text that can stand anywhere, one with bytes that have to be escaped, a token that a rule knows,
/// and a password, which is one by where it stands.
pub fn secrets() -> [Secret; 4] {
    // In parts, so that nobody takes it for a token that was committed.
    let token = ["ghp", "_OVZnPOZBwDtCC2yB", "PMakCj284vFOif2FR4TZ"].concat();
    [
        Secret { name: "word", rule: "canary", text: b"fluffy-tail-007".to_vec(), alone: false },
        Secret { name: "marks", rule: "canary", text: "Füchse>>>bau???".into(), alone: false },
        Secret { name: "token", rule: "github-personal-access-token", text: token.into_bytes(), alone: false },
        Secret { name: "password", rule: "password-field", text: b"l1ttl3-Tail-99".to_vec(), alone: true },
    ]
}

/// What the program has to say of a planted secret.
pub struct Expected {
    pub cell: String,
    pub rule: &'static str,
    pub location: &'static str,
    pub packet: u64,
    /// Where it stands there verbatim.
    pub packet_offset: Option<usize>,
    pub offset: usize,
    pub length: usize,
    pub via: Vec<&'static str>,
    pub secret: Vec<u8>,
}

/// A cell of the matrix.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    pub secret: &'a Secret,
    pub place: &'a Place,
    pub encodings: &'a [&'a Encoding],
    pub coding: &'a Coding,
    pub border: Border,
    /// How findings name the field that it stands in.
    pub field: Option<&'static str>,
}

impl Cell<'_> {
    fn name(&self) -> String {
        let encodings: Vec<_> = self.encodings.iter().map(|one| one.name).collect();
        let Self { secret, place, coding, border, .. } = self;
        format!("{} | {} | {} | {} | {border:?}", secret.name, place.name, encodings.join(" > "), coding.name)
    }

    /// The secret in its disguise; nothing where that cannot be.
    fn text(&self) -> Option<Text> {
        let (before, after) = if self.secret.alone { (&b""[..], &b""[..]) } else { (&b"xx-"[..], &b"-xx"[..]) };
        let bytes = [before, &self.secret.text, after].concat();
        let plain = Text { secret: before.len()..bytes.len() - after.len(), bytes };
        // The innermost first; `encodings` are from the outside.
        let text = self.encodings.iter().rev().try_fold(plain, |text, encoding| encoding.apply(&text))?;
        self.place.allows(&text).then_some(text)
    }

    /// Whether the place has such borders and codings at all.
    fn is_possible(&self) -> bool {
        let whole = self.coding.is_identity();
        match self.place.kind {
            Kind::Body(..) => true,
            Kind::WebSocket(_) | Kind::Tls => whole,
            Kind::Datagram => whole && matches!(self.border, Border::None | Border::Segment),
            _ => whole && matches!(self.border, Border::None | Border::Segment | Border::Bytes),
        }
    }

    /// Puts it on the wire; gives the number of the stream, or none for a datagram.
    pub fn plant(&self, wire: &mut Wire) -> Option<(Option<u64>, Expected)> {
        let text = self.text().filter(|_| self.is_possible())?;
        if let Kind::Datagram = self.place.kind {
            let payload = [b"notes ", &text.bytes[..], b" end"].concat();
            let range = 6 + text.secret.start..6 + text.secret.end;
            // Fragments end at eighths.
            let cut = (8 + range.start + range.len() / 2) / 8 * 8;
            let cuts = if self.border == Border::Segment { vec![cut] } else { Vec::new() };
            let sent = wire.datagram(&payload, &cuts);
            let expected = self.expected(&sent, range.start, true, (range.start, range.len()));
            return Some((None, expected));
        }
        let mut stream = wire.connect();
        let number = stream.number;
        let ask = b"GET / HTTP/1.1\r\nHost: burrow.test\r\n\r\n";
        let expected = match self.place.kind {
            Kind::Request(template) => {
                let (bytes, range, value) = fill(template, &text);
                let sent = wire.say(&mut stream, End::Client, &bytes, &self.cuts(&range));
                wire.say(&mut stream, End::Server, b"HTTP/1.1 204 No Content\r\n\r\n", &[]);
                self.expected(&sent, range.start, true, (range.start - value, range.len()))
            }
            Kind::Response(template) => {
                let (bytes, range, value) = fill(template, &text);
                wire.say(&mut stream, End::Client, ask, &[]);
                let sent = wire.say(&mut stream, End::Server, &bytes, &self.cuts(&range));
                self.expected(&sent, range.start, true, (range.start - value, range.len()))
            }
            Kind::Trailer(side) => {
                let first =
                    if side == Side::Request { "POST / HTTP/1.1\r\nHost: burrow.test" } else { "HTTP/1.1 200 OK" };
                let head = format!(
                    "{first}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Note\r\n\r\n5\r\nhello\r\n0\r\nX-Note: "
                );
                let bytes = [head.as_bytes(), &text.bytes, b"\r\n\r\n"].concat();
                let range = head.len() + text.secret.start..head.len() + text.secret.end;
                if side == Side::Response {
                    wire.say(&mut stream, End::Client, ask, &[]);
                }
                let from = if side == Side::Request { End::Client } else { End::Server };
                let sent = wire.say(&mut stream, from, &bytes, &self.cuts(&range));
                if side == Side::Request {
                    wire.say(&mut stream, End::Server, b"HTTP/1.1 204 No Content\r\n\r\n", &[]);
                }
                self.expected(&sent, range.start, true, (text.secret.start, range.len()))
            }
            Kind::Stream(before) => {
                let bytes = [before.as_bytes(), &text.bytes, b"\r\n"].concat();
                let range = before.len() + text.secret.start..before.len() + text.secret.end;
                let sent = wire.say(&mut stream, End::Client, &bytes, &self.cuts(&range));
                wire.say(&mut stream, End::Server, b"+OK\r\n", &[]);
                self.expected(&sent, range.start, true, (range.start, range.len()))
            }
            Kind::Tunnel(request, response, side) => {
                wire.say(&mut stream, End::Client, request.as_bytes(), &[]);
                wire.say(&mut stream, End::Server, response.as_bytes(), &[]);
                let bytes = [b"hello ", &text.bytes[..], b" end"].concat();
                let range = 6 + text.secret.start..6 + text.secret.end;
                let from = if side == Side::Request { End::Client } else { End::Server };
                let sent = wire.say(&mut stream, from, &bytes, &self.cuts(&range));
                self.expected(&sent, range.start, true, (range.start, range.len()))
            }
            Kind::WebSocket(side) => {
                wire.say(&mut stream, End::Client, UPGRADE.0.as_bytes(), &[]);
                wire.say(&mut stream, End::Server, UPGRADE.1.as_bytes(), &[]);
                let key = (side == Side::Request).then_some([0x37, 0xfa, 0x21, 0x3d]);
                let frames = self.frames(&text, |first, last, part| {
                    // A text message.
                    web_socket(u8::from(first) | if last { 0x80 } else { 0 }, part, key)
                });
                let from = if side == Side::Request { End::Client } else { End::Server };
                self.framed(wire, &mut stream, from, &frames, key.is_none(), Some("websocket"))
            }
            Kind::Tls => {
                let record =
                    |_, _, part: &[u8]| [b"\x16\x03\x01", &(part.len() as u16).to_be_bytes()[..], part].concat();
                let frames = self.frames(&text, record);
                self.framed(wire, &mut stream, End::Client, &frames, true, None)
            }
            Kind::Body(side, media, before, after) => {
                if side == Side::Response {
                    wire.say(&mut stream, End::Client, ask, &[]);
                }
                let mut around = [before, after].map(|part| part.replace('…', FILLER).into_bytes());
                if !around[0].len().is_multiple_of(2) {
                    // A text in UTF-16 begins at an even offset.
                    around[0] = before.replacen('…', &format!("{FILLER}!"), 1).replace('…', FILLER).into_bytes();
                }
                let body = [&around[0][..], &text.bytes, &around[1]].concat();
                let range = around[0].len() + text.secret.start..around[0].len() + text.secret.end;
                let message = self.message(side, media, &body, &range);
                let from = if side == Side::Request { End::Client } else { End::Server };
                let sent = wire.say(&mut stream, from, &message.bytes, &message.cuts);
                if side == Side::Request {
                    wire.say(&mut stream, End::Server, b"HTTP/1.1 204 No Content\r\n\r\n", &[]);
                }
                let first = message.first_packet(self.coding, &sent, range.start);
                self.expected(&sent, first, self.coding.is_identity(), (range.start, range.len()))
            }
            Kind::Datagram => return None,
        };
        wire.close(stream);
        Some((Some(number), expected))
    }

    /// Where segments end, for a secret that stands at `range` of what is sent.
    fn cuts(&self, range: &Range<usize>) -> Vec<usize> {
        match self.border {
            Border::None | Border::Chunk => Vec::new(),
            Border::Segment => vec![range.start + range.len() / 2],
            Border::Bytes => (range.start.saturating_sub(1)..=range.end + 1).collect(),
            Border::Both => vec![range.start + 1, range.start + range.len() * 2 / 3],
        }
    }

    /// The text in frames that `write` makes, given whether each is the first and the last; and where
    /// the secret stands then. A frame ends in it where a chunk would.
    fn frames(&self, text: &Text, write: impl Fn(bool, bool, &[u8]) -> Vec<u8>) -> (Vec<u8>, Range<usize>) {
        let bytes = [b"hello ", &text.bytes[..], b" end"].concat();
        let secret = 6 + text.secret.start..6 + text.secret.end;
        if !matches!(self.border, Border::Chunk | Border::Both) {
            let whole = write(true, true, &bytes);
            let before = whole.len() - bytes.len();
            return (whole, before + secret.start..before + secret.end);
        }
        let (one, two) = bytes.split_at(secret.start + secret.len() / 3);
        let frames = [write(true, false, one), write(false, true, two)];
        let start = frames[0].len() - one.len() + secret.start;
        let end = frames[0].len() + frames[1].len() - (bytes.len() - secret.end);
        (frames.concat(), start..end)
    }

    /// Says frames; `verbatim` is whether what is in them stands there as it is.
    fn framed(
        &self,
        wire: &mut Wire,
        stream: &mut Stream,
        from: End,
        (bytes, range): &(Vec<u8>, Range<usize>),
        verbatim: bool,
        via: Option<&'static str>,
    ) -> Expected {
        let sent = wire.say(stream, from, bytes, &self.cuts(range));
        let mut expected = self.expected(&sent, range.start, verbatim, (range.start, range.len()));
        expected.via.splice(0..0, via);
        expected
    }

    /// A message with that body, coded and framed.
    fn message(&self, side: Side, media: &str, body: &[u8], range: &Range<usize>) -> Message {
        let coded = self.coding.encode(body);
        // Where of the coded bytes the secret is: known where nothing is compressed.
        let inside = if self.coding.is_identity() { range.clone() } else { coded.len() / 3..coded.len() * 2 / 3 };
        let first = if side == Side::Request { "POST /den HTTP/1.1\r\nHost: burrow.test" } else { "HTTP/1.1 200 OK" };
        // Identity is a coding that may be named.
        let head = format!("{first}\r\nContent-Type: {media}\r\nContent-Encoding: {}\r\n", self.coding.name);
        if !matches!(self.border, Border::Chunk | Border::Both) {
            let bytes = [format!("{head}Content-Length: {}\r\n\r\n", coded.len()).as_bytes(), &coded].concat();
            let start = bytes.len() - coded.len();
            let cuts = self.cuts(&(start + inside.start..start + inside.end));
            return Message { bytes, parts: vec![(start, 0..coded.len())], cuts, coded };
        }
        let split = inside.start + inside.len() / 3;
        let mut bytes = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
        let mut parts = Vec::new();
        let mut cuts = Vec::new();
        for part in [0..split, split..coded.len()] {
            let line = format!("{:x};den\r\n", part.len());
            if part.start > 0 && self.border == Border::Both {
                // Amid the chunk's line, and once more in the secret.
                cuts.extend([bytes.len() + 2, bytes.len() + line.len() + inside.len() / 3]);
            }
            bytes.extend(line.as_bytes());
            parts.push((bytes.len(), part.clone()));
            bytes.extend(&coded[part]);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        Message { bytes, parts, cuts, coded }
    }

    /// `at` is where the secret's first byte stood among what was sent; `place` its offset and length in its value.
    fn expected(&self, sent: &[Sent], at: usize, verbatim: bool, place: (usize, usize)) -> Expected {
        let one = sent.iter().find(|one| one.range.contains(&at)).unwrap();
        let verbatim = verbatim && self.encodings.iter().all(|encoding| encoding.via.is_none());
        let coding = (!self.coding.is_identity()).then_some(self.coding.name);
        Expected {
            cell: self.name(),
            rule: self.secret.rule,
            location: self.place.location,
            packet: one.packet,
            packet_offset: verbatim.then(|| one.offset + at - one.range.start),
            offset: place.0,
            length: place.1,
            via: match self.field {
                // What is written with the field's own escapes is in no other encoding.
                Some(field) => coding.into_iter().chain([field]).collect(),
                None => coding.into_iter().chain(self.encodings.iter().filter_map(|encoding| encoding.via)).collect(),
            },
            secret: self.secret.text.clone(),
        }
    }
}

/// What begins a WebSocket.
pub const UPGRADE: (&str, &str) = (
    "GET /den HTTP/1.1\r\nHost: burrow.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
);

/// The template's bytes, where in them the secret stands, and where its value begins.
pub fn fill(template: &str, text: &Text) -> (Vec<u8>, Range<usize>, usize) {
    let (before, after) = template.split_once('@').unwrap();
    let value = before.find('^').unwrap();
    let before = before.replace('^', "");
    let start = before.len();
    let bytes = [before.as_bytes(), &text.bytes, after.as_bytes()].concat();
    (bytes, start + text.secret.start..start + text.secret.end, value)
}

/// A message as it is sent.
pub struct Message {
    pub bytes: Vec<u8>,
    /// Where the coded body's parts stand in it.
    pub parts: Vec<(usize, Range<usize>)>,
    pub cuts: Vec<usize>,
    pub coded: Vec<u8>,
}

impl Message {
    /// Where the byte of the message stands that let the body's byte `offset` be known: the first
    /// of the packet that brought it.
    fn first_packet(&self, coding: &Coding, sent: &[Sent], offset: usize) -> usize {
        if coding.is_identity() {
            let (start, part) = self.parts.iter().find(|(_, part)| part.contains(&offset)).unwrap();
            return start + offset - part.start;
        }
        for one in sent {
            let end = one.range.end;
            let known =
                self.parts.iter().map(|(start, part)| end.saturating_sub(*start).min(part.len())).sum::<usize>();
            if coding.decoded_length(&self.coded[..known]) > offset {
                return one.range.start;
            }
        }
        panic!("never decoded");
    }
}
