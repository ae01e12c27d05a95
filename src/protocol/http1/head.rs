//! Reads a message's head: its start line and fields (RFC 9112 §2 to §5).
//!
//! httparse reads each head once its end was found. What it refuses is read by a reader that is as
//! lenient as a browser and names each leniency.

mod lenient;
mod strict;
mod survey;
use super::start_kind::Kind;
use crate::http::{Head, Note};

pub(super) use strict::{LONGEST_EXTENSION, chunk_size};
pub(super) use survey::end;

/// Reads the head that `bytes` are, up to and including its blank line (or as far as it came), into
/// `head`, which is empty. Notes on it are added to `notes`.
pub(crate) fn read(kind: Kind, bytes: &[u8], head: &mut Head, notes: &mut Vec<Note>) {
    if !strict::head(kind, bytes, head, notes) {
        *head = lenient::head(kind, bytes, notes);
    }
}

/// Reads a head as [`read`] does, into one of its own.
#[cfg(test)]
pub(crate) fn parse(kind: Kind, bytes: &[u8], notes: &mut Vec<Note>) -> Head {
    let mut head = Head::default();
    read(kind, bytes, &mut head, notes);
    head
}

/// The head of a response.
#[cfg(test)]
pub(crate) fn response_head(bytes: &[u8]) -> Head {
    parse(Kind::Response, bytes, &mut Vec::new())
}

/// Reads trailer fields: a head without its start line (RFC 9112 §7.1.2).
pub(crate) fn trailers(bytes: &[u8], notes: &mut Vec<Note>) -> Head {
    let mut head = Head::default();
    if strict::trailers(bytes, &mut head, notes) { head } else { lenient::trailers(bytes, notes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, bytes: &[u8]) -> (Head, Vec<&'static str>) {
        let mut notes = Vec::new();
        let head = parse(kind, bytes, &mut notes);
        (head, notes.into_iter().map(|note| note.0).collect())
    }

    fn fields_of(head: &Head) -> Vec<(String, String)> {
        head.fields().map(|(n, v)| (n.escape_ascii().to_string(), v.escape_ascii().to_string())).collect()
    }

    #[test]
    fn every_leniency_of_a_request_line_is_named() {
        for (bytes, method, target, version, want) in [
            (&b"GET / HTTP/1.1\n\n"[..], "GET", "/", "HTTP/1.1", &["bare-lf"][..]),
            (b"GET  /  HTTP/1.1\r\n\r\n", "GET", "/", "HTTP/1.1", &["extra-space-in-start-line"]),
            (b"GET /a b HTTP/1.1\r\n\r\n", "GET", "/a b", "HTTP/1.1", &["space-in-target"]),
            (b"GET /a\r\n\r\n", "GET", "/a", "HTTP/0.9", &["no-version"]),
            (b"GET / HTTP/1.1 \r\n\r\n", "GET", "/", "HTTP/1.1", &["extra-space-in-start-line"]),
            (b"OPTIONS HTTP/1.1\r\n\r\n", "OPTIONS", "HTTP/1.1", "HTTP/0.9", &["no-version"]),
            (b"OPTIONS\r\nHost: a\r\n\r\n", "OPTIONS", "", "HTTP/0.9", &["no-target", "no-version"]),
            (b"GET / http/1.1\r\n\r\n", "GET", "/", "http/1.1", &["odd-version"]),
            (b"GET\t/\tHTTP/1.1\r\n\r\n", "GET", "/", "HTTP/1.1", &["tab-in-start-line"]),
        ] {
            let (head, notes) = read(Kind::Request, bytes);
            let text = |part: Option<&[u8]>| part.unwrap_or_default().escape_ascii().to_string();
            let shown = bytes.escape_ascii();
            assert_eq!((text(head.method()).as_str(), text(head.target()).as_str()), (method, target), "{shown}");
            assert_eq!(head.version(), version, "{shown}");
            assert_eq!(notes, want, "{shown}");
        }
    }

    #[test]
    fn every_leniency_of_a_status_line_is_named() {
        for (bytes, status, reason, want) in [
            (&b"HTTP/1.1 200\r\n\r\n"[..], Some(200), "", &["no-reason"][..]),
            (b"HTTP/1.1 200 \r\n\r\n", Some(200), "", &[]),
            (b"http/1.1 200 ok\r\n\r\n", Some(200), "ok", &["odd-version"]),
            (b"HTTP/1.1  200 OK\r\n\r\n", Some(200), "OK", &["extra-space-in-start-line"]),
            (b"HTTP/1.1 20 OK\r\n\r\n", Some(20), "OK", &["odd-status"]),
            (b"HTTP/1.1 abc\r\n\r\n", None, "abc", &["odd-status", "no-reason"]),
            (b"HTTP/1.1\r\n\r\n", None, "", &["odd-status", "no-reason"]),
            (b"HTTP/1.1 99999 X\r\n\r\n", None, "X", &["odd-status"]),
            (b"ICY 200 OK\r\n\r\n", Some(200), "OK", &["odd-version"]),
        ] {
            let (head, notes) = read(Kind::Response, bytes);
            let shown = bytes.escape_ascii();
            assert_eq!(head.status(), status, "{shown}");
            assert_eq!(head.reason().map(|r| r.escape_ascii().to_string()).as_deref(), Some(reason), "{shown}");
            assert_eq!(notes, want, "{shown}");
        }
    }

    #[test]
    fn every_leniency_of_a_field_line_is_named() {
        for (lines, want, notes_wanted) in [
            (&b"A: b\r\n c\r\n\td\r\n"[..], &[("A", "b   c   d")][..], &["obs-fold"][..]),
            (b"A:\r\n b\r\n", &[("A", "b")], &["obs-fold"]),
            (b"A : b\r\n", &[("A", "b")], &["space-before-colon"]),
            (b"no colon\r\nB: c\r\n", &[("no colon", ""), ("B", "c")], &["field-without-colon"]),
            (b": x\r\n", &[("", "x")], &["empty-field-name"]),
            (b"A: b\rc\r\n", &[("A", "b\\rc")], &["bare-cr"]),
            (b"A: b\0c\r\n", &[("A", "b\\x00c")], &["nul-in-head"]),
            (b"A: b\rC: d\r\n", &[("A", "b"), ("C", "d")], &["bare-cr"]),
            (b"A\r\n : b\r\n", &[("A   : b", "")], &["field-without-colon", "obs-fold"]),
            (b"A\r\n :\r\n b\r\nB: c\r\n", &[("A   :   b", ""), ("B", "c")], &["field-without-colon", "obs-fold"]),
            (b"A\r\n \r\n", &[("A", "")], &["field-without-colon", "obs-fold"]),
            (b" A: b\r\n", &[("A", "b")], &["space-before-field"]),
            (b"A(x): b\r\n", &[("A(x)", "b")], &["odd-field-name"]),
            (b"A: b\nB: c\r\n", &[("A", "b"), ("B", "c")], &["bare-lf"]),
            (b"A: b\n\rB: c\r\n", &[("A", "b"), ("B", "c")], &["bare-lf", "bare-cr"]),
        ] {
            let bytes = [&b"GET / HTTP/1.1\r\n"[..], lines, b"\r\n"].concat();
            let (head, notes) = read(Kind::Request, &bytes);
            let got = fields_of(&head);
            let got: Vec<_> = got.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(got, want, "{}", bytes.escape_ascii());
            assert_eq!(notes, notes_wanted, "{}", bytes.escape_ascii());
        }
    }
}
