//! Secrets planted in every place, disguise, content coding and border there is, each looked for
//! by the real program in its default configuration: the rule, the value, the packet and the byte.
//!
//! The matrix is computed: what a place can hold is planted there, and each cell must be found.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod codings;
mod encodings;
mod places;
mod wire;

use codings::{CODINGS, Coding};
use encodings::{ENCODINGS, Encoding, Text};
use places::{FIELDS, FILLER, Kind, PLACES, Place, Side};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::process::Command;
use wire::{From, Sent, Stream, Wire};

/// Where segments and chunks end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Border {
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

const BORDERS: [Border; 5] = [Border::None, Border::Segment, Border::Bytes, Border::Chunk, Border::Both];

/// What is planted.
struct Secret {
    name: &'static str,
    rule: &'static str,
    text: Vec<u8>,
    /// Whether it is all of a value.
    alone: bool,
}

/// A text that can stand anywhere, one with bytes that have to be escaped, a token that a rule knows,
/// and a password, which is one by where it stands.
fn secrets() -> [Secret; 4] {
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
struct Expected {
    cell: String,
    rule: &'static str,
    location: &'static str,
    packet: u64,
    /// Where it stands there verbatim.
    packet_offset: Option<usize>,
    offset: usize,
    length: usize,
    via: Vec<&'static str>,
    secret: Vec<u8>,
}

/// A cell of the matrix.
#[derive(Clone, Copy)]
struct Cell<'a> {
    secret: &'a Secret,
    place: &'a Place,
    encodings: &'a [&'a Encoding],
    coding: &'a Coding,
    border: Border,
    /// How findings name the field that it stands in.
    field: Option<&'static str>,
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
    fn plant(&self, wire: &mut Wire) -> Option<(Option<u64>, Expected)> {
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
                let sent = wire.say(&mut stream, From::Client, &bytes, &self.cuts(&range));
                wire.say(&mut stream, From::Server, b"HTTP/1.1 204 No Content\r\n\r\n", &[]);
                self.expected(&sent, range.start, true, (range.start - value, range.len()))
            }
            Kind::Response(template) => {
                let (bytes, range, value) = fill(template, &text);
                wire.say(&mut stream, From::Client, ask, &[]);
                let sent = wire.say(&mut stream, From::Server, &bytes, &self.cuts(&range));
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
                    wire.say(&mut stream, From::Client, ask, &[]);
                }
                let from = if side == Side::Request { From::Client } else { From::Server };
                let sent = wire.say(&mut stream, from, &bytes, &self.cuts(&range));
                if side == Side::Request {
                    wire.say(&mut stream, From::Server, b"HTTP/1.1 204 No Content\r\n\r\n", &[]);
                }
                self.expected(&sent, range.start, true, (text.secret.start, range.len()))
            }
            Kind::Stream(before) => {
                let bytes = [before.as_bytes(), &text.bytes, b"\r\n"].concat();
                let range = before.len() + text.secret.start..before.len() + text.secret.end;
                let sent = wire.say(&mut stream, From::Client, &bytes, &self.cuts(&range));
                wire.say(&mut stream, From::Server, b"+OK\r\n", &[]);
                self.expected(&sent, range.start, true, (range.start, range.len()))
            }
            Kind::Tunnel(request, response, side) => {
                wire.say(&mut stream, From::Client, request.as_bytes(), &[]);
                wire.say(&mut stream, From::Server, response.as_bytes(), &[]);
                let bytes = [b"hello ", &text.bytes[..], b" end"].concat();
                let range = 6 + text.secret.start..6 + text.secret.end;
                let from = if side == Side::Request { From::Client } else { From::Server };
                let sent = wire.say(&mut stream, from, &bytes, &self.cuts(&range));
                self.expected(&sent, range.start, true, (range.start, range.len()))
            }
            Kind::WebSocket(side) => {
                wire.say(&mut stream, From::Client, UPGRADE.0.as_bytes(), &[]);
                wire.say(&mut stream, From::Server, UPGRADE.1.as_bytes(), &[]);
                let key = (side == Side::Request).then_some([0x37, 0xfa, 0x21, 0x3d]);
                let frames = self.frames(&text, |first, last, part| frame(first, last, part, key));
                let from = if side == Side::Request { From::Client } else { From::Server };
                self.framed(wire, &mut stream, from, &frames, key.is_none(), Some("websocket"))
            }
            Kind::Tls => {
                let record =
                    |_, _, part: &[u8]| [b"\x16\x03\x01", &(part.len() as u16).to_be_bytes()[..], part].concat();
                let frames = self.frames(&text, record);
                self.framed(wire, &mut stream, From::Client, &frames, true, None)
            }
            Kind::Body(side, media, before, after) => {
                if side == Side::Response {
                    wire.say(&mut stream, From::Client, ask, &[]);
                }
                let mut around = [before, after].map(|part| part.replace('…', FILLER).into_bytes());
                if !around[0].len().is_multiple_of(2) {
                    // A text in UTF-16 begins at an even offset.
                    around[0] = before.replacen('…', &format!("{FILLER}!"), 1).replace('…', FILLER).into_bytes();
                }
                let body = [&around[0][..], &text.bytes, &around[1]].concat();
                let range = around[0].len() + text.secret.start..around[0].len() + text.secret.end;
                let message = self.message(side, media, &body, &range);
                let from = if side == Side::Request { From::Client } else { From::Server };
                let sent = wire.say(&mut stream, from, &message.bytes, &message.cuts);
                if side == Side::Request {
                    wire.say(&mut stream, From::Server, b"HTTP/1.1 204 No Content\r\n\r\n", &[]);
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
        from: From,
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
const UPGRADE: (&str, &str) = (
    "GET /den HTTP/1.1\r\nHost: burrow.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
);

/// A frame of a text message (RFC 6455 §5.2).
fn frame(first: bool, last: bool, payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let mut bytes = vec![u8::from(first) | if last { 0x80 } else { 0 }];
    if payload.len() < 126 {
        bytes.push(mask | payload.len() as u8);
    } else {
        bytes.push(mask | 0x7e);
        bytes.extend((payload.len() as u16).to_be_bytes());
    }
    bytes.extend(key.iter().flatten());
    let key = key.unwrap_or_default();
    bytes.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    bytes
}

/// The template's bytes, where in them the secret stands, and where its value begins.
fn fill(template: &str, text: &Text) -> (Vec<u8>, Range<usize>, usize) {
    let (before, after) = template.split_once('@').unwrap();
    let value = before.find('^').unwrap();
    let before = before.replace('^', "");
    let start = before.len();
    let bytes = [before.as_bytes(), &text.bytes, after.as_bytes()].concat();
    (bytes, start + text.secret.start..start + text.secret.end, value)
}

/// A message as it is sent.
struct Message {
    bytes: Vec<u8>,
    /// Where the coded body's parts stand in it.
    parts: Vec<(usize, Range<usize>)>,
    cuts: Vec<usize>,
    coded: Vec<u8>,
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

/// Everything that is planted.
struct Field {
    wire: Wire,
    by_stream: HashMap<u64, Expected>,
    by_packet: HashMap<u64, Expected>,
    /// The cells that were planted, by what makes them.
    cells: BTreeSet<(&'static str, &'static str, String, &'static str, String)>,
}

impl Field {
    fn plant(&mut self, cell: Cell<'_>) {
        let Some((stream, expected)) = cell.plant(&mut self.wire) else { return };
        let encodings: Vec<_> = cell.encodings.iter().map(|one| one.name).collect();
        self.cells.insert((
            cell.secret.name,
            cell.place.name,
            encodings.join(" > "),
            cell.coding.name,
            format!("{:?}", cell.border),
        ));
        match stream {
            Some(stream) => self.by_stream.insert(stream, expected),
            None => self.by_packet.insert(expected.packet, expected),
        };
    }
}

fn field() -> Field {
    let mut field =
        Field { wire: Wire::new(), by_stream: HashMap::new(), by_packet: HashMap::new(), cells: BTreeSet::new() };
    let [word, marks, token, password] = &secrets();
    let identity = &CODINGS[0];
    let plain = &ENCODINGS[0];
    for place in PLACES {
        for border in BORDERS {
            for coding in CODINGS {
                for encoding in ENCODINGS {
                    // Once in full; of what was compressed and of the other text fewer borders.
                    if coding.is_identity() || border != Border::Bytes {
                        field.plant(Cell { secret: word, place, encodings: &[encoding], coding, border, field: None });
                    }
                    if coding.is_identity() && border == Border::Segment {
                        field.plant(Cell { secret: marks, place, encodings: &[encoding], coding, border, field: None });
                    }
                }
                // Rules look into what is HTTP.
                if !matches!(place.location, "stream" | "datagram" | "tls") {
                    field.plant(Cell { secret: token, place, encodings: &[plain], coding, border, field: None });
                }
            }
        }
    }
    for (place, names, name) in FIELDS {
        for encoding in ENCODINGS.iter().filter(|encoding| names.contains(&encoding.name)) {
            for (coding, border) in CODINGS.iter().flat_map(|coding| BORDERS.map(|border| (coding, border))) {
                let encodings: &[_] = &[encoding];
                field.plant(Cell { secret: password, place, encodings, coding, border, field: Some(name) });
            }
        }
    }
    // Two deep: each in each.
    for name in ["response-text", "header"] {
        let place = PLACES.iter().find(|place| place.name == name).unwrap();
        for outer in &ENCODINGS[1..] {
            for inner in &ENCODINGS[1..] {
                if is_undecidable(outer, inner) {
                    continue;
                }
                for (secret, border) in [(word, Border::Segment), (marks, Border::None)] {
                    field.plant(Cell {
                        secret,
                        place,
                        encodings: &[outer, inner],
                        coding: identity,
                        border,
                        field: None,
                    });
                }
            }
        }
    }
    field
}

/// Whether two readings of what comes out are as good as each other: where some letters of a text in
/// UTF-16 are escaped, or it is in UTF-16 once more, the zero bytes may belong to either neighbour.
fn is_undecidable(outer: &Encoding, inner: &Encoding) -> bool {
    inner.via == Some("utf-16") && (outer.name.ends_with("-partial") || outer.via == Some("utf-16"))
}

/// The findings that the program has of the capture: by stream, and those of datagrams by packet.
fn findings(field: &Field) -> (HashMap<u64, Vec<Value>>, HashMap<u64, Vec<Value>>) {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("planted.pcap");
    std::fs::write(&capture, field.wire.file()).unwrap();
    let [word, marks, ..] = secrets().map(|secret| String::from_utf8(secret.text).unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_plainsight"))
        .args(["replay", "--quiet", "--format", "json", "--canary", &word, "--canary", &marks])
        .arg(&capture)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut by_stream, mut by_packet) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).unwrap();
        let found = match line["type"].as_str().unwrap() {
            "exchange" => line["findings"].as_array().cloned().unwrap_or_default(),
            "finding" => vec![line.clone()],
            _ => continue,
        };
        let counts = |finding: &Value| !matches!(finding["severity"].as_str(), Some("info" | "low"));
        for finding in found.into_iter().filter(counts) {
            match line["stream"].as_u64() {
                Some(stream) => by_stream.entry(stream).or_default().push(finding),
                None => by_packet.entry(finding["packet"].as_u64().unwrap()).or_default().push(finding),
            }
        }
    }
    (by_stream, by_packet)
}

/// What is wrong with what was found of a planted secret.
fn judge(expected: &Expected, found: &[Value]) -> Option<String> {
    let [finding] = found else {
        let seen: Vec<_> = found.iter().map(|one| format!("{} in {}", one["rule"], one["where"])).collect();
        return Some(format!("{} findings: {}", found.len(), seen.join(", ")));
    };
    let via: Vec<_> =
        finding["via"].as_array().map(|all| all.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
    let secret = String::from_utf8_lossy(&expected.secret);
    // The scheme of an Authorization is a part of the way.
    let way: Vec<_> = via.iter().copied().filter(|step| *step != "fox").collect();
    let pairs = [
        ("rule", finding["rule"].to_string(), format!("{:?}", expected.rule)),
        ("where", finding["where"].to_string(), format!("{:?}", expected.location)),
        ("packet", finding["packet"].to_string(), expected.packet.to_string()),
        ("offset", finding["offset"].to_string(), expected.offset.to_string()),
        ("length", finding["length"].to_string(), expected.length.to_string()),
        (
            "packet_offset",
            finding["packet_offset"].to_string(),
            expected.packet_offset.map_or("null".into(), |at| at.to_string()),
        ),
        ("secret", finding["secret"].as_str().unwrap_or_default().to_owned(), secret.into_owned()),
        ("via", way.join(" > "), expected.via.join(" > ")),
    ];
    let wrong: Vec<_> = pairs.iter().filter(|(_, got, want)| got != want).collect();
    let told: Vec<_> = wrong.iter().map(|(what, got, want)| format!("{what} {got} for {want}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

#[test]
fn every_planted_secret_is_found_where_it_is() {
    let field = field();
    let (by_stream, by_packet) = findings(&field);
    let mut wrong = BTreeMap::new();
    let none = Vec::new();
    for (planted, found) in [(&field.by_stream, &by_stream), (&field.by_packet, &by_packet)] {
        for (at, expected) in planted {
            if let Some(reason) = judge(expected, found.get(at).unwrap_or(&none)) {
                wrong.insert(expected.cell.clone(), reason);
            }
        }
    }
    let strangers = by_stream.keys().filter(|stream| !field.by_stream.contains_key(stream)).count()
        + by_packet.keys().filter(|packet| !field.by_packet.contains_key(packet)).count();
    assert_eq!(strangers, 0, "found where nothing was planted");
    let planted = field.by_stream.len() + field.by_packet.len();
    let told: Vec<_> = wrong.iter().take(60).map(|(cell, reason)| format!("{cell}: {reason}")).collect();
    assert!(wrong.is_empty(), "{} of {planted} wrong:\n{}", wrong.len(), told.join("\n"));
    assert!(planted >= 300, "{planted}");
}

/// No cell is missing: what is planted is what the product of places, encodings, codings and borders
/// has, less what cannot be written.
#[test]
fn the_matrix_is_whole() {
    let cells = field().cells;
    let has = |place: &Place, encoding: &str, coding: &str, border: Border| {
        let cell = ("word", place.name, encoding.to_owned(), coding, format!("{border:?}"));
        cells.contains(&cell)
    };
    let mut missing = Vec::new();
    for place in PLACES {
        let codings = if matches!(place.kind, Kind::Body(..)) { CODINGS } else { &CODINGS[..1] };
        let borders = match place.kind {
            Kind::Body(..) | Kind::WebSocket(_) | Kind::Tls => &BORDERS[..],
            Kind::Datagram => &BORDERS[..2],
            _ => &BORDERS[..3],
        };
        let mut held = 0;
        for encoding in ENCODINGS {
            let mut whole = true;
            for (coding, border) in
                codings.iter().flat_map(|coding| borders.iter().map(move |border| (coding, *border)))
            {
                // Of what is compressed no byte of the secret has a segment of its own.
                let needed = coding.is_identity() || border != Border::Bytes;
                if needed && !has(place, encoding.name, coding.name, border) {
                    whole = false;
                    missing.push(format!("{} | {} | {} | {border:?}", place.name, encoding.name, coding.name));
                }
            }
            held += usize::from(whole);
        }
        // Names hold letters and digits; other parts of a head neither zero bytes nor ends of lines.
        let least = match place.location {
            "request.method" | "request.header-name" | "response.header-name" => 3,
            location if location.contains(".body") || !location.contains('.') => ENCODINGS.len(),
            _ => ENCODINGS.len() - 5,
        };
        assert!(held >= least, "{} holds {held} encodings: {missing:?}", place.name);
        // What is missing there cannot be written.
        missing.clear();
    }
    let pairs: BTreeSet<_> = cells.iter().filter(|cell| cell.2.contains(" > ")).map(|cell| cell.2.clone()).collect();
    let all = ENCODINGS.iter().skip(1).flat_map(|outer| ENCODINGS.iter().skip(1).map(move |inner| (outer, inner)));
    assert_eq!(pairs.len(), all.filter(|(outer, inner)| !is_undecidable(outer, inner)).count());
}
