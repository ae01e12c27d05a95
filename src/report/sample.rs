//! Exchanges to show, for the tests of the reports.

use crate::analyzer::{Event, Exchange};
use crate::decode::Endpoint;
use crate::http::{Body, Head, Message, Span, Start};
use crate::leak::{Finding, Severity, StreamFinding, Where};
use crate::packet::{PacketId, Place, Timestamp};

pub(super) fn endpoint(text: &str) -> Endpoint {
    let socket: std::net::SocketAddr = text.parse().unwrap();
    Endpoint { address: socket.ip(), port: socket.port() }
}

/// A place in the capture whose times begin at 2026-11-23T20:49:53Z.
pub(super) fn place(packet: u64, micros: u32, offset: Option<u32>) -> Place {
    let time = Timestamp::from_micros(1_795_466_993, micros);
    Place { packet: PacketId::new(0, packet), time, offset }
}

/// A head from its lines as they are on the wire; one with no start line begins with `\n`.
pub(super) fn head(lines: &[u8]) -> Head {
    let span = |from: usize, to: usize| -> Span { from as u32..to as u32 };
    let mut head = Head { bytes: lines.to_vec(), ..Head::default() };
    let (mut from, mut fields) = (0, Vec::new());
    for (number, line) in lines.split(|&b| b == b'\n').enumerate() {
        let to = from + line.len();
        let at = |mark: u8| line.iter().position(|&b| b == mark).map_or(to, |at| from + at);
        if number > 0 && !line.is_empty() {
            fields.push((span(from, at(b':')), span((at(b':') + 2).min(to), to)));
        } else if line.starts_with(b"HTTP/") {
            let code =
                line.get(9..12).and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| code.parse().ok());
            head.version = span(0, 8);
            head.start = Start::Response { status: code, reason: Some(span(13.min(to), to)) };
        } else if !line.is_empty() {
            let second = line.iter().rposition(|&b| b == b' ').unwrap_or(to);
            head.version = span(second + 1, to);
            head.start = Start::Request { method: span(0, at(b' ')), target: span(at(b' ') + 1, second) };
        }
        from = to + 1;
    }
    head.fields = fields.into();
    head
}

pub(super) fn body(text: &[u8]) -> Body {
    let length = text.len() as u64;
    let kept = text.to_vec();
    Body { length: Some(length), wire_length: length, complete: true, kept, ..Body::default() }
}

pub(super) fn message(first: Place, last: Place, lines: &[u8], text: &[u8]) -> Box<Message> {
    Box::new(Message { head: head(lines), first, last, body: body(text), ..Message::default() })
}

/// The lesson's exchange.
pub(super) fn lesson() -> Exchange {
    let request =
        message(place(4, 59, Some(66)), place(4, 59, Some(140)), b"GET / HTTP/1.1\nHost: 127.0.0.1:5683", b"");
    let lines = b"HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8";
    let mut response = message(place(6, 1204, Some(66)), place(6, 1259, Some(231)), lines, b"fluffy tail");
    response.body.encoding = "identity".into();
    Exchange {
        id: 1,
        stream: 0,
        client: endpoint("127.0.0.1:44082"),
        server: endpoint("127.0.0.1:5683"),
        request: Some(request),
        response: Some(response),
        findings: Vec::new(),
        notes: Vec::new(),
    }
}

/// What the canary finds in it.
pub(super) fn canary() -> Finding {
    Finding {
        rule: "canary".to_owned(),
        severity: Severity::Critical,
        title: "Canary".to_owned(),
        location: Where::ResponseBody,
        place: place(6, 1259, Some(221)),
        offset: 0,
        length: 11,
        via: Vec::new(),
        secret: b"fluffy tail".to_vec(),
        redacted: false,
        about: Vec::new(),
        fix: "Serve it over HTTPS only.".to_owned(),
        fingerprint: "0123456789abcdef".to_owned(),
        secret_id: None,
        identity: 0,
    }
}

pub(super) fn leaking() -> Exchange {
    Exchange { findings: vec![canary()], ..lesson() }
}

/// A canary in a stream that is not HTTP.
pub(super) fn in_a_stream() -> StreamFinding {
    let finding = Finding { location: Where::Stream, offset: 300, ..canary() };
    StreamFinding {
        stream: Some(3),
        exchange: None,
        client: Some(endpoint("[::1]:50000")),
        server: Some(endpoint("[::1]:6379")),
        finding,
    }
}

/// The lesson, an exchange by someone who knows that it is read, and findings outside HTTP.
pub(super) fn hostile_events() -> Vec<Event> {
    let mut hostile = lesson();
    hostile.id = 2;
    let lines = b"POST /=cmd?q=<\"\x1b[2J\xe2\x80\xae&pw=@SUM(A1) HTTP/1.1\nHost: evil\"><x>\nCookie: sid=a,b; x=\xff\nContent-Type: text/\"html";
    hostile.request = Some(message(place(4, 59, Some(66)), place(5, 100, Some(140)), lines, b"\x00\xff\r\n=1"));
    let lines = b"HTTP/1.1 302 Fo\xfcnd\nLocation: javascript:alert(1)\nSet-Cookie: sid=\x07; Path=/; HttpOnly";
    hostile.response = Some(message(place(6, 1204, Some(66)), place(7, 1259, None), lines, b"</script>\xf0\x9f"));
    let base = Finding { fingerprint: "00000000feed0001".to_owned(), ..canary() };
    hostile.findings = vec![
        Finding {
            rule: "=evil,\"rule\"".to_owned(),
            severity: Severity::High,
            title: "A [title](http://evil) with \u{1b}[31m".to_owned(),
            location: Where::RequestHeader("x-\"\u{202e}".to_owned()),
            secret: b"=HYPERLINK(\"http://evil\",\"\xff\r\n\")".to_vec(),
            via: vec!["gzip".to_owned(), "json .a\"b".to_owned()],
            about: vec![("user\n".to_owned(), "-2+3".to_owned())],
            ..base.clone()
        },
        Finding { place: place(7, 1259, None), secret: b"@\tother".to_vec(), redacted: true, ..base.clone() },
        Finding { severity: Severity::Low, rule: "cookie-without-secure".to_owned(), ..base },
    ];
    let datagram = StreamFinding { stream: None, ..in_a_stream() };
    vec![
        Event::Exchange(Box::new(leaking())),
        Event::Exchange(Box::new(hostile)),
        Event::Exchange(Box::new(Exchange { id: 3, response: None, ..lesson() })),
        Event::Exchange(Box::new(Exchange { id: 4, request: None, ..lesson() })),
        Event::Finding(Box::new(in_a_stream())),
        Event::Finding(Box::new(datagram)),
    ]
}
