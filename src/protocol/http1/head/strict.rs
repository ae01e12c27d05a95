//! Reads heads, trailers and chunk sizes with httparse, and adds the notes on what it tolerates
//! silently. What it refuses is left to the lenient reader.

use super::super::start_kind::Kind;
use super::survey::Survey;
use crate::http::{Fields, Head, Note, Span, Start, add_note, span_in};
use httparse::{EMPTY_HEADER, Header, ParserConfig, Request, Response, Status};
use memchr::memchr;
use std::mem::MaybeUninit;

/// Longest chunk extension that is read over.
pub(crate) const LONGEST_EXTENSION: u32 = 64 << 10;

/// Most fields that are read here. The array for them stands on the stack and is not initialised.
pub(crate) const MAX_FIELDS: usize = 128;

/// Reads the head that `bytes` are into `head`, which is empty. False where httparse refuses it:
/// then `head` is still empty and nothing was noted.
pub(crate) fn head(kind: Kind, bytes: &[u8], head: &mut Head, notes: &mut Vec<Note>) -> bool {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let whole = match kind {
        Kind::Response => response(bytes, &mut fields, head, notes),
        Kind::Request | Kind::BareRequest => request(bytes, &mut fields, head),
    };
    if whole {
        finish(bytes, head, notes);
    }
    whole
}

/// Reads the trailer section that `bytes` are into `head`, which is empty, as [`head`] does.
pub(crate) fn trailers(bytes: &[u8], head: &mut Head, notes: &mut Vec<Note>) -> bool {
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let Ok(Status::Complete((length, fields))) = httparse::parse_headers(bytes, &mut fields) else { return false };
    if length != bytes.len() {
        return false;
    }
    take_fields(bytes, fields, &mut head.fields);
    finish(bytes, head, notes);
    true
}

/// The room for a head's fields.
type Room<'a> = [MaybeUninit<Header<'a>>];

fn request<'a>(bytes: &'a [u8], room: &mut Room<'a>, head: &mut Head) -> bool {
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, room) {
        Ok(Status::Complete(length)) if length == bytes.len() => {}
        _ => return false,
    }
    let (Some(method), Some(target)) = (request.method, request.path) else { return false };
    let (method, target) = (span_in(bytes, method.as_bytes()), span_in(bytes, target.as_bytes()));
    head.version = target.end + 1..target.end + 1 + VERSION_LENGTH;
    head.start = Start::Request { method, target };
    take_fields(bytes, request.headers, &mut head.fields);
    true
}

fn response<'a>(bytes: &'a [u8], room: &mut Room<'a>, head: &mut Head, notes: &mut Vec<Note>) -> bool {
    let mut response = Response::new(&mut []);
    match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, room) {
        Ok(Status::Complete(length)) if length == bytes.len() => {}
        _ => return false,
    }
    head.version = 0..VERSION_LENGTH;
    let reason = match response.reason {
        Some(reason) if !reason.is_empty() => span_in(bytes, reason.as_bytes()),
        _ => other_reason(bytes, notes),
    };
    head.start = Start::Response { status: response.code, reason: Some(reason) };
    take_fields(bytes, response.headers, &mut head.fields);
    true
}

/// How long `HTTP/1.1` is.
const VERSION_LENGTH: u32 = 8;

/// How long `HTTP/1.1 200` is.
const STATUS_LENGTH: u32 = 12;

/// The reason phrase where httparse gives none: there is none, or it is empty, or it holds bytes
/// beyond ASCII.
fn other_reason(bytes: &[u8], notes: &mut Vec<Note>) -> Span {
    let behind = bytes.get(STATUS_LENGTH as usize);
    if behind != Some(&b' ') {
        if behind == Some(&b'\n') {
            add_note(notes, "bare-lf"); // notes stand in the order of what they are about
        }
        add_note(notes, "no-reason");
        return STATUS_LENGTH..STATUS_LENGTH;
    }
    let rest = bytes.get(STATUS_LENGTH as usize + 1..).unwrap_or_default();
    let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
    span_in(bytes, line.strip_suffix(b"\r").unwrap_or(line))
}

fn take_fields(bytes: &[u8], from: &[Header<'_>], fields: &mut Fields) {
    fields.extend(from.iter().map(|Header { name, value }| (span_in(bytes, name.as_bytes()), span_in(bytes, value))));
}

/// Keeps the bytes, and looks at them for what httparse does not tell.
fn finish(bytes: &[u8], head: &mut Head, notes: &mut Vec<Note>) {
    let Survey { plain, bare_lf } = Survey::of(bytes);
    if bare_lf {
        add_note(notes, "bare-lf");
    }
    head.plain = plain;
    head.bytes.extend_from_slice(bytes);
}

/// Reads a chunk's first line (RFC 9112 §7.1) where `bytes` begin with a whole one that needs no
/// note: its length with the line's end, and the chunk's size. `None`: the lenient reader has to read it.
pub(crate) fn chunk_size(bytes: &[u8]) -> Option<(usize, u64)> {
    let Ok(Status::Complete((length, size))) = httparse::parse_chunk_size(bytes) else { return None };
    let line = bytes.get(..length.checked_sub(2)?)?;
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let extension = line.get(digits..)?;
    // httparse takes an empty size, white space behind it, and any byte in an extension.
    let ours = digits > 0
        && (extension.is_empty() || extension.starts_with(b";") && memchr(b'\n', extension).is_none())
        && extension.len() < LONGEST_EXTENSION as usize; // the lenient reader counts the CR, too
    ours.then_some((length, size))
}

#[cfg(test)]
mod tests {
    use super::super::super::recognize::recognize;
    use super::super::super::start_kind::Look;
    use super::super::{end, lenient};
    use super::*;
    use proptest::prelude::*;

    /// What httparse accepts of `bytes`' first head, asked for directly.
    fn accepted(kind: Kind, bytes: &[u8]) -> bool {
        let mut fields = [EMPTY_HEADER; MAX_FIELDS];
        let length = match kind {
            Kind::Response => Response::new(&mut fields).parse(bytes),
            Kind::Request | Kind::BareRequest => Request::new(&mut fields).parse(bytes),
        };
        length == Ok(Status::Complete(bytes.len()))
    }

    /// Reads the first head of `bytes` with both readers, and compares what they say. Returns
    /// whether httparse took it, `None` where there is no head.
    fn compare(bytes: &[u8]) -> Option<bool> {
        let Look::Is(kind) = recognize(bytes) else { return None };
        let bytes = &bytes[..end(bytes, 0)?];
        let (mut strict, mut strict_notes, mut notes) = (Head::default(), Vec::new(), Vec::new());
        let taken = head(kind, bytes, &mut strict, &mut strict_notes);
        let shown = bytes.escape_ascii();
        assert_eq!(taken, accepted(kind, bytes), "{shown}");
        if !taken {
            assert!(strict.bytes.is_empty() && strict.fields.spans().is_empty() && strict_notes.is_empty(), "{shown}");
            return Some(false);
        }
        let other = lenient::head(kind, bytes, &mut notes);
        assert_eq!(strict_notes, notes, "{shown}");
        same(&strict, &other);
        assert_eq!(strict.plain, is_plain(bytes), "{shown}");
        Some(true)
    }

    fn same(strict: &Head, lenient: &Head) {
        let shown = lenient.bytes.escape_ascii();
        assert_eq!((&strict.bytes, strict.fields.spans()), (&lenient.bytes, lenient.fields.spans()), "{shown}");
        assert_eq!((strict.method(), strict.target()), (lenient.method(), lenient.target()), "{shown}");
        assert_eq!((&strict.version, strict.status()), (&lenient.version, lenient.status()), "{shown}");
        assert_eq!(strict.reason(), lenient.reason(), "{shown}");
        for (name, _) in lenient.fields() {
            let name = std::str::from_utf8(name).expect("a token");
            assert_eq!(strict.field(name), lenient.field(name), "{shown}");
        }
    }

    fn is_plain(bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
    }

    #[test]
    fn heads_that_httparse_accepts_are_read_as_the_lenient_reader_does() {
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: a\r\nX: \r\nY:z \r\nZ:\r\n\r\n"[..],
            b"POST /a?b HTTP/1.0\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nA:  b  c  \r\n\r\n",
            b"CONNECT a:443 HTTP/1.1\r\n\r\nGET",
            b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
            b"HTTP/1.1 200 \r\nA: b\r\n\r\n",
            b"HTTP/1.1 200\r\nA: b\r\n\r\n",
            b"HTTP/1.1 200\n\n",
            b"HTTP/1.1 404 Not Found at all \r\nA: \"b\\\"\r\n\r\nbody\r\n\r\n",
            b"HTTP/1.1 200 caf\xc3\xa9 \r\n\r\n",
            b"HTTP/1.1 200 caf\xe9\n\n",
            b"BREW /pot HTTP/1.0\r\nA: b:c\r\n\r\n",
            b"GET /caf\xc3\xa9 HTTP/1.1\r\nA: caf\xe9\r\n\r\n",
            b"GET / HTTP/1.1\nA: b\n\n",
            b"GET / HTTP/1.1\r\nA: b\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n\n",
            b"GET / HTTP/1.1\r\nA:\t\t\r\nB: \t b\tc \t\r\n\r\n",
            b"GET / HTTP/1.1\r\nA-name-that-is-longer-than-what-is-looked-at-in-a-step-and-goes-on-behind-it: b\r\n\r\n",
        ] {
            assert_eq!(compare(bytes), Some(true), "{}", bytes.escape_ascii());
        }
        let most = |count: usize| [&b"GET / HTTP/1.1\r\n"[..], &b"A: b\r\n".repeat(count), b"\r\n"].concat();
        assert_eq!(compare(&most(MAX_FIELDS)), Some(true));
        assert_eq!(compare(&most(MAX_FIELDS + 1)), Some(false));
    }

    #[test]
    fn heads_that_httparse_refuses_are_left_to_the_lenient_reader() {
        for bytes in [
            &b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"GET / HTTP/1.1\r\n: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\0\r\n\r\n",
            b"GET / HTTP/1.1 \r\n\r\n",
            b"GET  / HTTP/1.1\r\n\r\n",
            b"GET /a b HTTP/1.1\r\n\r\n",
            b"GET /caf\xe9 HTTP/1.1\r\n\r\n",
            b"GET / http/1.1\r\n\r\n",
            b"GET / HTTP/1.2\r\n\r\n",
            b"GET /\r\n\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1  200 OK\r\n\r\n",
            b"HTTP/11 200 OK\r\n\r\n",
            b"ICY 200 OK\r\n\r\n",
        ] {
            assert_eq!(compare(bytes), Some(false), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn trailers_are_read_as_the_lenient_reader_does() {
        for (bytes, taken) in [
            (&b"A: b\r\n\r\n"[..], true),
            (b"A: b\r\nC:\r\nD: e f \n\r\n", true),
            (b"A: \"b\"\n\n", true),
            (b"A: b\r\n c\r\n\r\n", false),
            (b"A b\r\n\r\n", false),
            (b"A: b\r\n", false),
        ] {
            let (mut strict, mut strict_notes, mut notes) = (Head::default(), Vec::new(), Vec::new());
            assert_eq!(trailers(bytes, &mut strict, &mut strict_notes), taken, "{}", bytes.escape_ascii());
            if taken {
                same(&strict, &lenient::trailers(bytes, &mut notes));
                assert_eq!((strict_notes, strict.plain), (notes, is_plain(bytes)), "{}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn only_chunk_sizes_that_need_no_note_are_taken() {
        for (bytes, want) in [
            (&b"3\r\nabc"[..], Some((3, 3))),
            (b"00fF\r\n", Some((6, 255))),
            (b"ffffffffffffffff\r\n", Some((18, u64::MAX))),
            (b"3;a=\"b c\"\r\n", Some((11, 3))),
            (b"3 ;a\r\n", None),
            (b"3 \r\n", None),
            (b"3\n", None),
            (b"3;a\nb\r\n", None),
            (b"3;a\rb\r\n", None),
            (b"\r\n", None),
            (b";a\r\n", None),
            (b"3", None),
            (b"3\r", None),
            (b"00000000000000003\r\n", None),
            (b"x\r\n", None),
        ] {
            assert_eq!(chunk_size(bytes), want, "{}", bytes.escape_ascii());
        }
        let long = |length: usize| [&b"3;"[..], &b"a".repeat(length - 1), b"\r\n"].concat();
        assert!(chunk_size(&long((64 << 10) - 1)).is_some() && chunk_size(&long(64 << 10)).is_none());
    }

    proptest! {
        /// Lines made of what matters, some in good order.
        #[test]
        fn what_httparse_accepts_the_lenient_reader_reads_the_same(
            start in prop::sample::select(vec![
                "GET / HTTP/1.1", "HTTP/1.1 200 OK", "HTTP/1.0 304 ", "X-Y /a?b=c HTTP/1.0", "PUT * HTTP/9.9",
                "GET /a b HTTP/1.1", "HTTP/1.1 200", "ICY 200 OK", "GET /", "get / HTTP/1.1", "G(T / HTTP/1.1",
                "HTTP/1.1 200 é\t", "GET /é HTTP/1.0",
            ]),
            lines in prop::collection::vec("[A-Za-z:\" \t\r\\\\é\0-]{0,6}: ?[ -~]{0,40}", 0..20),
            ends in prop::collection::vec(prop::sample::select(vec!["\r\n", "\r\n", "\r\n", "\r\n", "\n"]), 22),
            after in "[ -~\r\n]{0,20}",
        ) {
            let mut text = start.to_owned() + ends[0];
            for (line, end) in lines.iter().zip(&ends[1..]) {
                text = text + line + end;
            }
            compare((text + "\r\n" + &after).as_bytes());
        }

        #[test]
        fn lines_in_good_order_are_accepted(
            lines in prop::collection::vec("[A-Za-z-]{1,20}:[ \t]?[!-~é\t ]{0,40}", 0..30),
            end in prop::sample::select(vec!["\r\n", "\n"]),
        ) {
            let mut text = "GET / HTTP/1.1".to_owned() + end;
            for line in lines {
                text = text + &line + end;
            }
            prop_assert_eq!(compare((text + end).as_bytes()), Some(true));
        }

        #[test]
        fn any_bytes_are_read_the_same(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            for start in ["GET / HTTP/1.1\r\nA: ", "HTTP/1.1 200 ", "GET /"] {
                compare(&[start.as_bytes(), &bytes, b" HTTP/1.1\r\n\r\n"].concat());
            }
        }
    }
}
