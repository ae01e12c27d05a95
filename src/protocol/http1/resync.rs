//! Finds the next message among bytes that belong to none: in front of a stream's first message
//! (what SOCKS says, the rest of a body), a body where none may be, a framing that broke.
//!
//! Only what cannot well be anything else counts: a whole status line's beginning, or a whole
//! request line with a known method and a version. It refuses to know what went before.

use super::recognize::{METHODS, recognize};
use super::start_kind::{Kind, Look};
use memchr::{memchr, memchr2_iter, memmem};
use std::sync::LazyLock;

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

/// The beginning of a status line that is looked for.
const STATUS: &[u8] = b"HTTP/1.";

static STATUS_FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(STATUS));

/// How many bytes tell a status line.
const STATUS_LENGTH: usize = 13;

/// What stands between method and target, as far as it is looked for.
const TARGETS: [&[u8]; 3] = [b" /", b" *", b" http://"];

/// The longest method and what stands behind it.
const LONGEST_START: usize = 32;

/// Looks for the start of a message in `bytes`, of which everything up to the last `At` or
/// `NotBefore` was looked at before. However the bytes are cut, the same start is found: a line that
/// is longer than a head may be, `longest_head`, starts none.
pub(crate) fn find(bytes: &[u8], longest_head: usize) -> Found {
    let longest = LONGEST_LINE.min(longest_head.saturating_sub(1));
    let status = STATUS_FINDER.find_iter(bytes).find(|at| is_status(bytes.get(*at..).unwrap_or_default()));
    // A status line may be found before its line is over; so it goes first in it.
    let end = status.unwrap_or(bytes.len());
    let before = bytes.get(..end).unwrap_or_default();
    for at in memchr2_iter(b'/', b'*', before).filter_map(|at| method_before(before, at)) {
        let line = before.get(at..).unwrap_or_default();
        // Looked for no further, or many starts in a long line would cost its length each.
        match memchr(b'\n', line.get(..=longest).unwrap_or(line)) {
            Some(length) if is_request(line.get(..=length).unwrap_or_default()) => return Found::At(at),
            None if status.is_none() && line.len() <= longest && memchr(0, line).is_none() => {
                return Found::NotBefore(at);
            }
            _ => {}
        }
    }
    status.map_or_else(|| Found::NotBefore(bytes.len() - beginning(bytes)), Found::At)
}

/// Whether a line, with its end, is a request's. One with a NUL may be anything else.
fn is_request(line: &[u8]) -> bool {
    memchr(0, line).is_none() && recognize(line) == Look::Is(Kind::Request)
}

/// `HTTP/1.1 200 ` or the same with a line's end.
fn is_status(bytes: &[u8]) -> bool {
    bytes.len() >= STATUS_LENGTH && may_be_status(bytes)
}

/// Whether bytes are that, or the beginning of it.
fn may_be_status(bytes: &[u8]) -> bool {
    bytes.iter().take(STATUS_LENGTH).enumerate().all(|(at, byte)| match at {
        ..7 => STATUS.get(at) == Some(byte),
        7 | 9..12 => byte.is_ascii_digit(),
        8 => *byte == b' ',
        _ => matches!(byte, b' ' | b'\r' | b'\n'),
    })
}

/// Where the method starts behind which, after a space, a target starts whose first `/` or `*`
/// stands at `at`.
fn method_before(bytes: &[u8], at: usize) -> Option<usize> {
    let through = |length: usize| bytes.get(..at + length).unwrap_or_default();
    let target = match bytes.get(at)? {
        b'/' if through(2).ends_with(b" http://") => b" http:".len(),
        _ if through(0).ends_with(b" ") => 1,
        _ => return None,
    };
    let before = bytes.get(..at - target)?;
    // "UNLOCK" ends with "LOCK".
    METHODS.iter().filter(|method| before.ends_with(method.as_bytes())).map(|method| before.len() - method.len()).min()
}

/// How many bytes at the end may be the beginning of what is looked for.
fn beginning(bytes: &[u8]) -> usize {
    // Nothing that is looked for holds another byte than these.
    let may_hold = |byte: u8| {
        byte.is_ascii_uppercase()
            || matches!(byte, b' ' | b'/' | b'*' | b'-' | b'_' | b'.' | b':' | b'0'..=b'9' | b'h' | b't' | b'p')
    };
    let longest = bytes.iter().rev().take(LONGEST_START).take_while(|byte| may_hold(**byte)).count();
    (1..=longest).rev().find(|length| may_start(bytes.get(bytes.len() - length..).unwrap_or_default())).unwrap_or(0)
}

/// Whether `tail` and more bytes could be a status line's beginning, or a method and a target's.
fn may_start(tail: &[u8]) -> bool {
    if !tail.first().is_some_and(u8::is_ascii_uppercase) {
        return false;
    }
    let starts = |method: &&str| {
        let method = method.as_bytes();
        match tail.strip_prefix(method) {
            Some(rest) => TARGETS.iter().any(|target| target.starts_with(rest)),
            None => method.starts_with(tail),
        }
    };
    (tail.len() < STATUS_LENGTH && may_be_status(tail)) || METHODS.iter().any(starts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            (b"helloHTTP/1.1 20", Found::NotBefore(5)),
            (b"hello UNLOC", Found::NotBefore(6)),
            (b"hello UNLOCK http:", Found::NotBefore(6)),
            (b"hello UNLOCK ftp", Found::NotBefore(16)),
            (b"GET /a GET /b HTTP/1.1\r\n", Found::At(0)),
            (b"GET /\0GET /b HTTP/1.1\r\n", Found::At(6)),
            (b"a\nGET /a HTTP/1.1", Found::NotBefore(2)),
            (b"HTTP/1.1 is a protocol\r\n", Found::NotBefore(24)),
            (b"see GET a HTTP/1.1\r\n", Found::NotBefore(20)),
            (b"FOO /a HTTP/1.1\r\n", Found::NotBefore(17)),
            (b"GET /a HTTP/1\x001\r\n", Found::NotBefore(17)),
        ] {
            assert_eq!(find(bytes, 1 << 20), want, "{}", bytes.escape_ascii());
        }
    }

    /// Finds in pieces of `length` bytes.
    fn find_in_pieces(bytes: &[u8], length: usize) -> Option<usize> {
        let mut gone = 0;
        for end in (0..bytes.len()).step_by(length).map(|at| bytes.len().min(at + length)) {
            match find(&bytes[gone..end], 1 << 20) {
                Found::At(at) => return Some(gone + at),
                Found::NotBefore(count) => gone += count,
            }
        }
        None
    }

    proptest! {
        #[test]
        fn cutting_changes_nothing(
            parts in prop::collection::vec(prop::sample::select(vec![
                "GET ", "UNLOCK ", "LOCK", "/", "*", "http://", "HTTP/", "1.", "1", "HTTP/1.1", " ", " 200 ", "\r\n",
                "\n", "\0", "x", "hello",
            ]), 0..12),
            long in prop::option::of(4080..4110_usize),
        ) {
            let mut bytes = parts.concat().into_bytes();
            if let Some(long) = long {
                bytes.splice(bytes.len() / 2..bytes.len() / 2, vec![b'y'; long]);
            }
            let whole = find_in_pieces(&bytes, usize::MAX);
            for length in [1, 2, 3, 7, 4096] {
                prop_assert_eq!(find_in_pieces(&bytes, length), whole, "{} by {}", bytes.escape_ascii(), length);
            }
        }
    }
}
