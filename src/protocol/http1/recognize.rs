//! Tells whether bytes are the start of an HTTP message, by what they say alone.
//!
//! It refuses to know ports. A yes is a start line; whether the rest of the head is in
//! order is for [`super::head`] to say.

use super::super::http2;
use super::odd_version::{self, odd_version, starts_target};
use super::start_kind::{Kind, Look};
use super::words::{is_token, trim, trim_end};
use memchr::{memchr, memchr2};

/// Methods that are believed without a version: RFC 9110 §9, WebDAV (RFC 4918, 3253,
/// 5323…), and those that other products are known to send.
pub(crate) const METHODS: &[&str] = &[
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "CONNECT",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "SEARCH",
    "REPORT",
    "CHECKOUT",
    "CHECKIN",
    "UNCHECKOUT",
    "MKWORKSPACE",
    "UPDATE",
    "LABEL",
    "MERGE",
    "MKACTIVITY",
    "ORDERPATCH",
    "ACL",
    "BIND",
    "UNBIND",
    "REBIND",
    "MKCALENDAR",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "NOTIFY",
    "M-SEARCH",
    "POLL",
    "BCOPY",
    "BDELETE",
    "BMOVE",
    "BPROPFIND",
    "BPROPPATCH",
    "PURGE",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "CCM_POST",
    "SOURCE",
    "VERSION-CONTROL",
    "BASELINE-CONTROL",
    "LINK",
    "UNLINK",
    "QUERY",
];

/// Longest method that is believed where the method is not a known one.
const LONGEST_METHOD: usize = 32;

/// How much of a first line without its end is read before it counts as no HTTP, where the
/// method is not a known one.
pub(super) const LONGEST_STRANGE_LINE: usize = 4096;

/// Whether bytes that were [`Look::Partial`] still are when `more` of them came. A no is no
/// answer; a yes spares looking at a long line as often as a byte of it comes.
pub(crate) fn stays_partial(before: usize, more: &[u8]) -> bool {
    before > LONGEST_STRANGE_LINE && memchr2(b'\n', 0, more).is_none()
}

/// Looks at `bytes`, which start where a message could.
pub(crate) fn recognize(bytes: &[u8]) -> Look {
    match bytes.first() {
        None => Look::Partial,
        Some(b'H' | b'h') if is_status_start(bytes) => status_line(bytes, b"HTTP/"),
        Some(b'I') if is_prefix(bytes, b"ICY ") => status_line(bytes, b"ICY "),
        Some(byte) if is_token(*byte) => request_line(bytes),
        Some(_) => Look::Not,
    }
}

/// Whether one is the beginning of the other.
fn is_prefix(bytes: &[u8], whole: &[u8]) -> bool {
    bytes.iter().zip(whole).all(|(a, b)| a == b)
}

/// Whether bytes start with `HTTP/`, in any letter case as browsers have it, or might.
fn is_status_start(bytes: &[u8]) -> bool {
    // "HEAD" starts with the same letter.
    bytes.len() > 1 && bytes.iter().zip(b"HTTP/").all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn status_line(bytes: &[u8], start: &[u8]) -> Look {
    let Some(rest) = bytes.get(start.len()..) else { return Look::Partial };
    if start == b"HTTP/" && !rest.first().is_none_or(u8::is_ascii_digit) {
        return Look::Not;
    }
    let line = memchr(b'\n', rest).map_or(rest, |end| &rest[..end]);
    // "HTTP/1.1 200": enough to believe it.
    if line.len() < rest.len() || line.len() >= 7 { Look::Is(Kind::Response) } else { Look::Partial }
}

fn request_line(bytes: &[u8]) -> Look {
    if http2::begins(bytes, true) == Some(true) {
        return Look::Not;
    }
    let end = memchr(b'\n', bytes);
    let line = end.map(|end| trim_end(&bytes[..end]));
    let seen = line.unwrap_or(bytes);
    let method_end = seen.iter().take(LONGEST_METHOD + 1).position(|byte| !is_token(*byte));
    let Some(method_end) = method_end else {
        return match end {
            Some(end) => lone_method(seen, &bytes[end + 1..]),
            // The method is not over yet, or too long to be one.
            None if bytes.len() <= LONGEST_METHOD => Look::Partial,
            None => Look::Not,
        };
    };
    let (method, rest) = seen.split_at(method_end);
    if rest == b"\r" && is_known(method) {
        return Look::Partial; // the line's end may come
    }
    if !matches!(rest.first(), Some(b' ' | b'\t')) {
        return Look::Not;
    }
    let known = is_known(method);
    let has_nul = memchr(0, rest).is_some();
    if has_nul && !(known && starts_target(trim(rest))) {
        return Look::Not;
    }
    if (!known || has_nul) && seen.len() > LONGEST_STRANGE_LINE {
        return Look::Not;
    }
    let Some(end) = end else { return Look::Partial };
    match version_of(rest) {
        Some(_) => Look::Is(Kind::Request),
        None if known && is_target(trim(rest)) => Look::Is(Kind::BareRequest),
        None if known && seen.len() <= odd_version::LONGEST_LINE && odd_version(rest).is_some() => {
            odd_version::what_follows(&bytes[end + 1..])
        }
        None => Look::Not,
    }
}

/// Whether bytes begin a request for certain, though its line is not over: a known method and what
/// a target begins with.
pub(crate) fn begins_request(bytes: &[u8]) -> bool {
    let Some(end) = bytes.iter().take(LONGEST_METHOD).position(|byte| *byte == b' ') else { return false };
    let (method, target) = (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default());
    let begins = |scheme: &[u8]| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let is_target = matches!(target.first(), Some(b'/' | b'*')) || begins(b"http://") || begins(b"https://");
    is_known(method)
        && (is_target || (method == b"CONNECT" && !target.is_empty()))
        && !target.iter().any(|byte| is_binary(*byte))
}

/// Whether a status line came up to its status.
pub(crate) fn has_status(bytes: &[u8]) -> bool {
    matches!(bytes.get(8..12), Some([b' ', status @ ..]) if status.iter().all(u8::is_ascii_digit))
}

/// How many bytes of something else stand in front of a known method, where a method that nobody
/// knows ends with one.
pub(crate) fn glued_to_method(bytes: &[u8]) -> Option<usize> {
    let method = bytes.get(..bytes.iter().position(|byte| *byte == b' ')?)?;
    if is_known(method) {
        return None;
    }
    let known = METHODS.iter().filter(|name| method.ends_with(name.as_bytes()));
    Some(method.len() - known.map(|name| name.len()).max()?)
}

/// A line that is one word: a request without a target where the word is a known method and the
/// next line is a Host field, which goes first (RFC 9110 §7.2).
fn lone_method(word: &[u8], next: &[u8]) -> Look {
    const HOST: &[u8] = b"host:";
    if !is_known(word) || !next.iter().zip(HOST).all(|(a, b)| a.eq_ignore_ascii_case(b)) {
        return Look::Not;
    }
    if next.len() < HOST.len() { Look::Partial } else { Look::Is(Kind::BareRequest) }
}

fn is_known(method: &[u8]) -> bool {
    METHODS.iter().any(|name| name.as_bytes() == method)
}

/// The version at the end of a request line's rest, where there is one.
pub(crate) fn version_of(rest: &[u8]) -> Option<&[u8]> {
    // Nearly always.
    if let Some([b' ', version @ ..]) = rest.last_chunk::<9>()
        && matches!(version, b"HTTP/1.1" | b"HTTP/1.0")
    {
        return Some(version);
    }
    let rest = trim_end(rest);
    let start = rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))? + 1;
    let version = rest.get(start..)?;
    let name = version.get(..5)?;
    let digit = version.get(5).is_some_and(u8::is_ascii_digit);
    (name.eq_ignore_ascii_case(b"HTTP/") && digit).then_some(version)
}

/// Whether something is a target that a request without version may have.
fn is_target(target: &[u8]) -> bool {
    let plain = target.iter().all(|byte| !matches!(byte, b' ' | b'\t') && !is_binary(*byte));
    plain && (matches!(target.first(), Some(b'/' | b'*')) || target.starts_with(b"http://"))
}

/// A control character that no target of a request without version holds.
fn is_binary(byte: u8) -> bool {
    (byte < 0x20 && !matches!(byte, b'\t' | b'\r')) || byte == 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::{BareRequest, Request, Response};
    use Look::{Is, Not, Partial};

    #[test]
    fn start_lines_are_told_from_other_protocols() {
        for (bytes, want) in [
            (&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], Is(Request)),
            (b"get / HTTP/1.1\n", Is(Request)),
            (b"BREW /pot HTTP/1.0\r\n", Is(Request)),
            (b"GET http://a/b c HTTP/1.1\r\n", Is(Request)),
            (b"GET  /two-spaces  HTTP/1.1\r\n", Is(Request)),
            (b"OPTIONS * HTTP/1.1\r\n", Is(Request)),
            (b"CONNECT a:443 HTTP/1.1\r\n", Is(Request)),
            (b"GET / http/1.1\r\n", Is(Request)),
            (b"GET /\r\n", Is(BareRequest)),
            (b"GET /\n", Is(BareRequest)),
            (b"OPTIONS\nHost:", Is(BareRequest)),
            (b"GET \r\nhost: a\r\n\r\n", Is(BareRequest)),
            (b"GET\r", Partial),
            (b"BREW\r", Not),
            (b"GET\r\n", Partial),
            (b"GET\r\nHos", Partial),
            (b"GET\r\nX: y\r\n", Not),
            (b"GET\r\n\r\n", Not),
            (b"NOOP\r\n", Not),
            (b"BREW\r\nHost: a\r\n", Not),
            (b"HTTP/1.1 200 OK\r\n", Is(Response)),
            (b"HTTP/1.0 200", Is(Response)),
            (b"HTTP/1.1\r\n", Is(Response)),
            (b"ICY 200 OK\r\n", Is(Response)),
            (b"http/1.1 200 ok\r\n", Is(Response)),
            (b"http/", Partial),
            (b"http://a/ is no status line\r\n", Not),
            (b"G", Partial),
            (b"GET", Partial),
            (b"GET /abc", Partial),
            (b"H", Partial),
            (b"HE", Partial),
            (b"HTT", Partial),
            (b"HTTP/1.", Partial),
            (b"BREW /po", Partial),
            (b"ge", Partial),
            (b"get /a", Partial),
            (b"GET /\x01 HT", Partial),
            (b"GET /\x01 HTTP/1.1\r\n", Is(Request)),
            (b"hello", Partial),
            (b"", Partial),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Not),
            (b"PRI * HT", Partial),
            (b"OPTIONS rtsp://a/b RTSP/1.0\r\n", Not),
            (b"INVITE sip:a SIP/2.0\r\n", Not),
            (b"\x16\x03\x01\x02\x00", Not),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Not),
            (b"220 mail.example.com ESMTP\r\n", Not),
            (b"EHLO example.com\r\n", Not),
            (b"USER anonymous\r\n", Not),
            (b"GET key\r\n", Not),
            (b"GET \x00\x01\x02", Not),
            (b"HTTPS is not\r\n", Not),
            (b"HTTP/x\r\n", Not),
            (b"hello world\r\n", Not),
            (b"{\"a\":1}", Not),
        ] {
            assert_eq!(recognize(bytes), want, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_long_line_is_told_when_it_ends() {
        for end in [&b" HTTP/1.1\r\n"[..], b"\n", b"\0", b"x"] {
            let line = [&b"GET /"[..], &vec![b'a'; 5000]].concat();
            assert_eq!(recognize(&line), Partial);
            let whole = [&line, end].concat();
            assert_eq!(stays_partial(line.len(), end), recognize(&whole) == Partial, "{}", end.escape_ascii());
            assert!(!stays_partial(100, end));
        }
    }

    #[test]
    fn a_prefix_of_a_message_is_never_refused() {
        for message in [
            &b"GET /a?b=c HTTP/1.1\r\n"[..],
            b"HTTP/1.1 200 OK\r\n",
            b"http/1.0 200 OK\r\n",
            b"HEAD / HTTP/1.0\r\n",
            b"post /x\x7f HTTP/1.1\r\n",
            b"X-y_z! /x HTTP/1.1\r\n",
            b"OPTIONS\r\nHost: a\r\n",
            b"GET /a\0b HTTP/1.1\r\n",
            b"GET /a JUNK/1.0\r\nHost: a\r\n",
            b"GET /a HTTP 1.1\r\n\r\n",
        ] {
            for cut in 0..message.len() {
                assert_ne!(recognize(&message[..cut]), Not, "{}", message[..cut].escape_ascii());
            }
        }
    }
}
