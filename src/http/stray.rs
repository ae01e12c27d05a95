//! Finds the next message among bytes that belong to none: a body where none may be, a framing
//! that broke.
//!
//! Only what cannot well be anything else counts: a whole status line's beginning, or a whole
//! request line with a known method and a version. It refuses to know what went before.

use super::recognize::{Kind, Look, METHODS, recognize, trim_end, version_of};
use memchr::{memchr_iter, memmem};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A message starts here.
    At(usize),
    /// None yet; what comes before this index is none for certain.
    NotBefore(usize),
}

/// No longer request line is found.
const LONGEST_LINE: usize = 4096;

/// Looks for the start of a message in `bytes`, of which everything up to the last `At` or
/// `NotBefore` was looked at before. However the bytes are cut, the same start is found.
pub(crate) fn find(bytes: &[u8]) -> Found {
    let status = memmem::find_iter(bytes, b"HTTP/1.").find(|at| is_status(bytes.get(*at..).unwrap_or_default()));
    let mut line = 0;
    for end in memchr_iter(b'\n', bytes) {
        // A status line may be found before its line is over; so it goes first in it.
        if status.is_some_and(|status| status < end) {
            break;
        }
        let start = line.max(end.saturating_sub(LONGEST_LINE));
        let whole = |at: &usize| recognize(bytes.get(start + at..=end).unwrap_or_default()) == Look::Is(Kind::Request);
        if let Some(at) = request_in(bytes.get(start..end).unwrap_or_default()).filter(whole) {
            return Found::At(start + at);
        }
        line = end + 1;
    }
    match status {
        Some(status) => Found::At(status),
        // A long line is let go a good part at a time: byte for byte would be dear.
        None if bytes.len() - line < 2 * LONGEST_LINE => Found::NotBefore(line),
        None => Found::NotBefore(bytes.len() - LONGEST_LINE),
    }
}

/// `HTTP/1.1 200 ` or the same with a line's end.
fn is_status(bytes: &[u8]) -> bool {
    match bytes.get(7..13) {
        Some([minor, b' ', status @ .., after]) => {
            minor.is_ascii_digit() && status.iter().all(u8::is_ascii_digit) && matches!(after, b' ' | b'\r' | b'\n')
        }
        _ => false,
    }
}

/// Where a request line that ends with this line starts in it.
fn request_in(line: &[u8]) -> Option<usize> {
    let line = trim_end(line);
    let version = version_of(line)?;
    let before = line.get(..line.len() - version.len())?;
    let starts = |method: &&str| memmem::find_iter(before, *method).find(|at| has_target(before, at + method.len()));
    METHODS.iter().filter_map(starts).min()
}

/// Whether a space and what a target starts with stand at `at`.
fn has_target(line: &[u8], at: usize) -> bool {
    let rest = line.get(at..).unwrap_or_default();
    !rest.contains(&0)
        && rest.first() == Some(&b' ')
        && (matches!(rest.get(1), Some(b'/' | b'*')) || rest.get(1..8) == Some(b"http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_message_is_found_wherever_it_starts() {
        for (bytes, want) in [
            (&b"helloHTTP/1.1 200 OK\r\n"[..], Found::At(5)),
            (b"hello\nHTTP/1.0 404\n", Found::At(6)),
            (b"junkGET /a HTTP/1.1\r\n", Found::At(4)),
            (b"a b\r\nM-SEARCH * HTTP/1.1\r\n", Found::At(5)),
            (b"POST http://a/ HTTP/1.0\n", Found::At(0)),
            (b"GET /a HTTP/1.1\r\nHTTP/1.1 200 OK", Found::At(0)),
            (b"HTTP/1.1 200 GET /a HTTP/1.1\r\n", Found::At(0)),
            // Not yet, and never.
            (b"helloHTTP/1.1 20", Found::NotBefore(0)),
            (b"a\nGET /a HTTP/1.1", Found::NotBefore(2)),
            (b"HTTP/1.1 is a protocol\r\n", Found::NotBefore(24)),
            (b"see GET a HTTP/1.1\r\n", Found::NotBefore(20)),
            (b"FOO /a HTTP/1.1\r\n", Found::NotBefore(17)),
            (b"GET /a HTTP/1\x001\r\n", Found::NotBefore(17)),
        ] {
            assert_eq!(find(bytes), want, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn cutting_changes_nothing() {
        for bytes in
            [&b"some\nhellGET /a HTTP/1.1\r\nHost: a"[..], b"a\r\nbodyHTTP/1.1 200 OK\r\n", b"x\ny\nz HTTP/1.1 x\r\n"]
        {
            let whole = find(bytes);
            for cut in 0..bytes.len() {
                let found = match find(&bytes[..cut]) {
                    Found::At(at) => Found::At(at),
                    Found::NotBefore(from) => match find(&bytes[from..]) {
                        Found::At(at) => Found::At(from + at),
                        Found::NotBefore(at) => Found::NotBefore(from + at),
                    },
                };
                assert_eq!(found, whole, "{} cut at {cut}", bytes.escape_ascii());
            }
        }
    }
}
