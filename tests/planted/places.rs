//! The places: where in what two ends say a text can stand.

use crate::encodings::Text;

/// What a place is part of.
#[derive(Clone, Copy)]
pub enum Kind {
    /// The head of a request; `^` is where the value begins that findings name, `@` the text.
    Request(&'static str),
    /// The same of a response.
    Response(&'static str),
    /// A body: whose, its media type, and what stands around the text. `…` is a few hundred bytes.
    Body(Side, &'static str, &'static str, &'static str),
    /// A field after a chunked body.
    Trailer(Side),
    /// A TCP stream that is not HTTP: what the client says before the text.
    Stream(&'static str),
    /// What comes after HTTP: the request and the response, and who says the text.
    Tunnel(&'static str, &'static str, Side),
    /// The messages of a WebSocket; those of clients are masked.
    WebSocket(Side),
    /// The records of a TLS handshake, which is not encrypted yet.
    Tls,
    /// A UDP datagram.
    Datagram,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Request,
    Response,
}

pub struct Place {
    pub name: &'static str,
    /// As findings name it.
    pub location: &'static str,
    pub kind: Kind,
    allows: fn(u8) -> bool,
}

impl Place {
    /// Whether the text can be written there at all.
    pub fn allows(&self, text: &Text) -> bool {
        // No method is longer than this.
        let short = self.location != "request.method" || text.bytes.len() <= 32;
        short && text.bytes.iter().all(|byte| (self.allows)(*byte))
    }
}

const fn any(_: u8) -> bool {
    true
}

/// Of a field's value (RFC 9110 §5.5).
const fn value(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

/// Of a target, as clients send it.
const fn target(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && byte != b'#'
}

/// Of a name.
const fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

const fn head(name: &'static str, location: &'static str, kind: Kind, allows: fn(u8) -> bool) -> Place {
    Place { name, location, kind, allows }
}

const fn body(name: &'static str, side: Side, media: &'static str, around: (&'static str, &'static str)) -> Place {
    let location = match side {
        Side::Request => "request.body",
        Side::Response => "response.body",
    };
    Place { name, location, kind: Kind::Body(side, media, around.0, around.1), allows: any }
}

use Kind::{Request, Response};

pub const PLACES: &[Place] = &[
    head("method", "request.method", Request("^@ /den HTTP/1.1\r\nHost: burrow.test\r\n\r\n"), word),
    head("query", "request.target", Request("GET ^/den?note=@&a=1 HTTP/1.1\r\nHost: burrow.test\r\n\r\n"), target),
    head("path", "request.target", Request("GET ^/den/@/a HTTP/1.1\r\nHost: burrow.test\r\n\r\n"), target),
    head(
        "header",
        "request.header:x-note",
        Request("GET / HTTP/1.1\r\nX-Note: ^@\r\nHost: burrow.test\r\n\r\n"),
        value,
    ),
    head(
        "cookie",
        "request.header:cookie",
        Request("GET / HTTP/1.1\r\nHost: burrow.test\r\nCookie: ^a=1; theme=@\r\n\r\n"),
        value,
    ),
    head(
        "referer",
        "request.header:referer",
        Request("GET / HTTP/1.1\r\nReferer: ^http://burrow.test/?note=@\r\nHost: burrow.test\r\n\r\n"),
        value,
    ),
    head(
        "authorization",
        "request.header:authorization",
        Request("GET / HTTP/1.1\r\nHost: burrow.test\r\nAuthorization: ^Fox @\r\n\r\n"),
        value,
    ),
    head("header-name", "request.header-name", Request("GET / HTTP/1.1\r\nHost: burrow.test\r\n^X-@: 1\r\n\r\n"), word),
    head("reason", "response.reason", Response("HTTP/1.1 200 ^@\r\nContent-Length: 0\r\n\r\n"), value),
    head(
        "response-header",
        "response.header:x-note",
        Response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Note: ^@\r\n\r\n"),
        value,
    ),
    head(
        "set-cookie",
        "response.header:set-cookie",
        Response(
            "HTTP/1.1 200 OK\r\nSet-Cookie: ^theme=@; Secure; HttpOnly; SameSite=Lax\r\nContent-Length: 0\r\n\r\n",
        ),
        value,
    ),
    head(
        "location",
        "response.header:location",
        Response("HTTP/1.1 302 Found\r\nLocation: ^https://burrow.test/?note=@\r\nContent-Length: 0\r\n\r\n"),
        value,
    ),
    head(
        "response-header-name",
        "response.header-name",
        Response("HTTP/1.1 200 OK\r\n^X-@: 1\r\nContent-Length: 0\r\n\r\n"),
        word,
    ),
    head(
        "interim",
        "response.interim:x-note",
        Response("HTTP/1.1 103 Early Hints\r\nX-Note: ^@\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        value,
    ),
    body("form", Side::Request, "application/x-www-form-urlencoded", ("a=1&text=…&note=", "&b=2&more=…")),
    body(
        "multipart",
        Side::Request,
        "multipart/form-data; boundary=xyz",
        (
            "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n…\r\n--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n",
            "\r\n--xyz\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n…\r\n--xyz--\r\n",
        ),
    ),
    body("json", Side::Request, "application/json", ("{\"a\":\"…\",\"note\":\"", "\",\"b\":[2,\"…\"]}")),
    body(
        "xml",
        Side::Request,
        "application/xml",
        ("<?xml version=\"1.0\"?><den><a>…</a><note>", "</note><b>…</b></den>"),
    ),
    body("text", Side::Request, "text/plain", ("… ", " …")),
    body(
        "response-html",
        Side::Response,
        "text/html",
        ("<!DOCTYPE html><html><body><p>…</p><p>", "</p><p>…</p></body></html>"),
    ),
    body("response-json", Side::Response, "application/json", ("{\"a\":\"…\",\"note\":\"", "\",\"b\":[2,\"…\"]}")),
    body(
        "response-xml",
        Side::Response,
        "application/xml",
        ("<?xml version=\"1.0\"?><den><a>…</a><note>", "</note><b>…</b></den>"),
    ),
    body("response-text", Side::Response, "text/plain", ("… ", " …")),
    body("response-script", Side::Response, "text/javascript", ("/* … */ var note = \"", "\"; // …")),
    body("response-binary", Side::Response, "application/octet-stream", ("\0\u{1}\u{2}…\0\0\u{7f}", "\0\u{3}\0\0…")),
    head("trailer", "request.trailer:x-note", Kind::Trailer(Side::Request), value),
    head("response-trailer", "response.trailer:x-note", Kind::Trailer(Side::Response), value),
    head("stream", "stream", Kind::Stream("*2\r\n$4\r\nAUTH\r\n$128\r\n"), any),
    head("stream-start", "stream", Kind::Stream(""), any),
    head(
        "tunnel",
        "stream",
        Kind::Tunnel(
            "CONNECT burrow.test:25 HTTP/1.1\r\nHost: burrow.test:25\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            Side::Response,
        ),
        any,
    ),
    head(
        "upgrade",
        "stream",
        Kind::Tunnel(
            "GET /den HTTP/1.1\r\nHost: burrow.test\r\nConnection: upgrade\r\nUpgrade: fox\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: fox\r\n\r\n",
            Side::Request,
        ),
        any,
    ),
    head("web-socket", "stream", Kind::WebSocket(Side::Request), any),
    head("web-socket-answer", "stream", Kind::WebSocket(Side::Response), any),
    head("tls", "tls", Kind::Tls, any),
    head("datagram", "datagram", Kind::Datagram, any),
];

/// Of no rule's interest, and of enough words that it can be compressed.
pub const FILLER: &str = "The fox digs a den below the roots of an old oak, where the soil is dry and warm. \
    Three cubs play before it in the evening; the vixen listens for mice under the snow, leaps, and brings \
    them home. When winter comes the tail keeps her nose warm, and nobody passes but the wind and an owl.";

/// A field whose name says that a password stands in it: the place, the encodings that such a field
/// has, and how findings name the field.
pub const FIELDS: &[(Place, &[&str], &str)] = &[
    (
        head(
            "query-password",
            "request.target",
            Request("GET ^/den?a=1&password=@&b=2 HTTP/1.1\r\nHost: burrow.test\r\n\r\n"),
            target,
        ),
        &["plain", "percent", "percent-partial"],
        "query parameter \"password\"",
    ),
    (
        body(
            "form-password",
            Side::Request,
            "application/x-www-form-urlencoded",
            ("a=1&text=…&password=", "&b=2&more=…"),
        ),
        &["plain", "percent", "percent-partial"],
        "form field \"password\"",
    ),
    (
        body(
            "multipart-password",
            Side::Request,
            "multipart/form-data; boundary=xyz",
            (
                "--xyz\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n",
                "\r\n--xyz\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n…\r\n--xyz--\r\n",
            ),
        ),
        &["plain"],
        "multipart field \"password\"",
    ),
    (
        body(
            "json-password",
            Side::Request,
            "application/json",
            ("{\"a\":\"…\",\"user\":{\"password\":\"", "\"},\"b\":[2,\"…\"]}"),
        ),
        &["plain", "json", "json-partial"],
        "json .user.password",
    ),
    (
        body(
            "response-json-password",
            Side::Response,
            "application/json",
            ("{\"a\":\"…\",\"user\":{\"password\":\"", "\"},\"b\":[2,\"…\"]}"),
        ),
        &["plain", "json", "json-partial"],
        "json .user.password",
    ),
    (
        body(
            "xml-password",
            Side::Request,
            "application/xml",
            ("<?xml version=\"1.0\"?><den><a>…</a><password>", "</password><b>…</b></den>"),
        ),
        &["plain", "html-decimal", "html-hex"],
        "xml /den/password",
    ),
];
