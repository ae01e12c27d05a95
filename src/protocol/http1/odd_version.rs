//! Request lines whose version is none of HTTP's, as scanners and broken clients send them and
//! servers answer them: `GET / JUNK/1.0`, `GET / HTTP 1.1`, `GET / HTTP/`.
//!
//! Other protocols' lines look alike. So the method is a known one (which the caller checks), the
//! target begins as one of HTTP's does, the version has one of the shapes named here, and a field or a
//! blank line follows.

use super::start_kind::{Kind, Look};
use super::words::{is_token, trim, trim_end};

/// No longer request line has an odd version.
pub(super) const LONGEST_LINE: usize = 3840;

/// No longer field name is waited for behind one.
const LONGEST_NAME: usize = 128;

/// No longer word is a version.
const LONGEST_WORD: usize = 16;

/// Protocols whose messages look like HTTP's, and are not (RFC 2326, 3261, 3507, 4975, 6787).
const OTHERS: [&[u8]; 6] = [b"RTSP", b"SIP", b"SIPS", b"ICAP", b"MSRP", b"MRCP"];

/// The odd version at the end of what stands behind a request line's method, where there is one.
pub(crate) fn odd_version(rest: &[u8]) -> Option<&[u8]> {
    let rest = trim_end(rest);
    let start = [last_word, number_behind_name, version_with_more].into_iter().find_map(|shape| shape(rest))?;
    let (target, version) = (trim(rest.get(..start)?), rest.get(start..)?);
    starts_target(target).then_some(version)
}

/// Whether something begins as a target does that HTTP alone has.
pub(super) fn starts_target(target: &[u8]) -> bool {
    [&b"/"[..], b"http://", b"https://"].into_iter().any(|start| target.starts_with(start))
}

/// What follows a request line with an odd version: a field, a blank line, or too little to tell.
pub(super) fn what_follows(next: &[u8]) -> Look {
    let name = next.iter().take(LONGEST_NAME + 1).take_while(|byte| is_token(**byte)).count();
    match next.get(name..).unwrap_or_default() {
        _ if name > LONGEST_NAME => Look::Not,
        [] => Look::Partial,
        [b'\r'] if name == 0 => Look::Partial,
        [b'\n', ..] | [b'\r', b'\n', ..] if name == 0 => Look::Is(Kind::Request),
        [b':', ..] if name > 0 => Look::Is(Kind::Request),
        _ => Look::Not,
    }
}

/// Where the last word of `rest` starts.
fn word_start(rest: &[u8]) -> usize {
    rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t')).map_or(0, |at| at + 1)
}

/// `HTTP`, alone or with anything but a digit behind its slash, or another name with a number.
fn last_word(rest: &[u8]) -> Option<usize> {
    let start = word_start(rest);
    let word = rest.get(start..).filter(|word| word.len() <= LONGEST_WORD)?;
    if let Some(number) = word.strip_prefix(b"HTTP") {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/' | b'-' | b'_' | b'\\');
        return number.iter().all(is_plain).then_some(start);
    }
    let slash = word.iter().position(|byte| *byte == b'/')?;
    let (name, number) = (word.get(..slash)?, word.get(slash + 1..)?);
    let is_name = name.len() > 1 && name.iter().all(u8::is_ascii_uppercase) && !OTHERS.contains(&name);
    (is_name && is_number(number)).then_some(start)
}

/// `HTTP 1.1`, `HTTP/ 1.1`.
fn number_behind_name(rest: &[u8]) -> Option<usize> {
    let start = word_start(rest);
    let before = trim_end(rest.get(..start)?);
    let name = word_start(before);
    (is_number(rest.get(start..)?) && matches!(before.get(name..)?, b"HTTP" | b"HTTP/")).then_some(name)
}

/// `HTTP/1.1 and more`.
fn version_with_more(rest: &[u8]) -> Option<usize> {
    let at = rest.windows(9).rposition(|window| matches!(window, b" HTTP/1.1" | b" HTTP/1.0"))? + 1;
    matches!(rest.get(at + 8), Some(b' ' | b'\t')).then_some(at)
}

/// Whether something is digits, perhaps with a point between them.
fn is_number(text: &[u8]) -> bool {
    let is_plain = text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    is_plain && text.len() <= 8 && text.first().is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::super::recognize::recognize;
    use super::*;

    #[test]
    fn odd_versions_are_told_from_other_protocols() {
        for (line, version) in [
            ("GET / JUNK/1.0", "JUNK/1.0"),
            ("POST /a HTTP 1.1", "HTTP 1.1"),
            ("GET /a HTTP/ 1.1", "HTTP/ 1.1"),
            ("GET /a HTTP/", "HTTP/"),
            ("GET /a HTTP", "HTTP"),
            ("GET /a HTTP/x.y", "HTTP/x.y"),
            ("GET /a HTTP1.1", "HTTP1.1"),
            ("GET /a HTTP-1.1 ", "HTTP-1.1"),
            ("GET /a HTTPS/1.1", "HTTPS/1.1"),
            ("GET /a b  JUNK/1", "JUNK/1"),
            ("GET https://a/b JUNK/1.0", "JUNK/1.0"),
            ("GET /a HTTP/1.1 and more", "HTTP/1.1 and more"),
            ("SOURCE /live ICE/1.0", "ICE/1.0"),
        ] {
            let rest = &line[line.find(' ').unwrap()..];
            assert_eq!(
                odd_version(rest.as_bytes()).map(|found| found.escape_ascii().to_string()),
                Some(version.into())
            );
            for (next, want) in [
                ("", Look::Partial),
                ("\r", Look::Partial),
                ("Ho", Look::Partial),
                ("\r\n", Look::Is(Kind::Request)),
                ("\n", Look::Is(Kind::Request)),
                ("Host: a\r\n", Look::Is(Kind::Request)),
                ("Host a\r\n", Look::Not),
                (": a\r\n", Look::Not),
                ("GET /b JUNK/1.0\r\n", Look::Not),
            ] {
                let text = format!("{line}\r\n{next}");
                assert_eq!(recognize(text.as_bytes()), want, "{}", text.escape_debug());
            }
        }
        for line in [
            // Other protocols' with a known method.
            "OPTIONS rtsp://a/b RTSP/1.0",
            "OPTIONS * RTSP/1.0",
            "OPTIONS /b RTSP/1.0",
            "OPTIONS sip:a SIP/2.0",
            "NOTIFY sip:a@b SIP/2.0",
            "SUBSCRIBE /a SIP/2.0",
            "OPTIONS icap://a/b ICAP/1.0",
            "GET key",
            "GET key 1",
            "COPY 2:4 MEETING",
            "SEARCH TEXT /a",
            "LOCK HTTP/",
            // An unknown method, a target that no other has, or no version of these shapes.
            "BREW /pot JUNK/1.0",
            "GET pot JUNK/1.0",
            "GET /a JUNK",
            "GET /a junk/1.0",
            "GET /a JUNK/x",
            "GET /a J/1",
            "GET /a http",
            "GET /a http://b",
            "GET /a b",
            "GET /a 1.1",
            "GET /a/HTTP 1.1",
            "COPY /a /b",
            "MOVE /a B/",
            "GET /a HTTPSERVER-OF-OURS/1.1",
            "OPTIONS JUNK/1.0",
        ] {
            for next in ["\r\n", "CSeq: 1\r\n"] {
                let text = format!("{line}\r\n{next}");
                assert_eq!(recognize(text.as_bytes()), Look::Not, "{}", text.escape_debug());
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_has_no_odd_version() {
        for (length, want) in [(LONGEST_LINE - 14, Look::Is(Kind::Request)), (LONGEST_LINE - 13, Look::Not)] {
            let line = ["GET /", &"a".repeat(length), " JUNK/1.0\r\n\r\n"].concat();
            assert_eq!(recognize(line.as_bytes()), want, "{length}");
        }
        let name = ["GET /a JUNK/1.0\r\n", &"n".repeat(LONGEST_NAME + 1)].concat();
        assert_eq!(recognize(name.as_bytes()), Look::Not);
    }

    #[test]
    fn a_nul_may_stand_in_the_target_of_a_known_method() {
        for (bytes, want) in [
            (&b"GET /a.php\0.jpg HTTP/1.1\r\n"[..], Look::Is(Kind::Request)),
            (b"GET http://a/\0 HTTP/1.1\r\n", Look::Is(Kind::Request)),
            (b"GET /\0 JUNK/1.0\r\n\r\n", Look::Is(Kind::Request)),
            (b"GET /a.php\0.jp", Look::Partial),
            (b"GET /a.php\0.jpg\r\n", Look::Not),
            (b"BREW /a.php\0.jpg HTTP/1.1\r\n", Look::Not),
            (b"GET a.php\0.jpg HTTP/1.1\r\n", Look::Not),
            (b"GET \0/ HTTP/1.1\r\n", Look::Not),
            (b"GET\0/ HTTP/1.1\r\n", Look::Not),
            (&[&b"GET /\0"[..], &[b'a'; 4096]].concat(), Look::Not),
        ] {
            assert_eq!(recognize(bytes), want, "{}", bytes.escape_ascii());
        }
    }
}
