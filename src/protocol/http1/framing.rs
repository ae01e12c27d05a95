//! Where a body ends: length, chunks or the end of the connection (RFC 9112 §6 and §7).
use super::words::trim;
use crate::http::{Head, Note, add_note};

/// How a message's end is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes follow.
    Length(u64),
    /// Chunks follow.
    Chunked,
    /// Everything up to the end of the connection.
    UntilClose,
    /// The connection carries another one from here on (CONNECT).
    Tunnel,
    /// The connection is another protocol's from here on (Upgrade).
    Switched,
}

/// How a request's body is framed (RFC 9112 §6.3, items 3 to 7).
pub(crate) fn of_request(head: &Head, notes: &mut Vec<Note>) -> Framing {
    let coding = transfer_coding(head, notes);
    let length = content_length(head, notes);
    match coding {
        Coding::Chunked => {
            if length != Length::None {
                add_note(notes, "smuggling-te-cl");
            }
            Framing::Chunked
        }
        // A request whose last coding is not chunked has no determinable length; servers
        // refuse it, so what follows is read as if it had no body.
        Coding::Other | Coding::None => {
            if coding == Coding::Other && length != Length::None {
                add_note(notes, "smuggling-te-cl");
            }
            match length {
                Length::Is(length) | Length::Conflict(length) => Framing::Length(length),
                Length::None | Length::Invalid => Framing::Length(0),
            }
        }
    }
}

/// How a response's body is framed (RFC 9112 §6.3). `request` is the one that it answers, where
/// known.
pub(crate) fn of_response(head: &Head, request: Option<&Head>, notes: &mut Vec<Note>) -> Framing {
    let status = head.status().unwrap_or(0);
    let method = request.and_then(Head::method);
    // A server switches only to what it was asked for (RFC 9110 §7.8).
    let asked = request.is_none_or(|request| request.field("upgrade").is_some());
    if status == 101 && asked {
        return Framing::Switched;
    }
    if method == Some(b"CONNECT") && (200..300).contains(&status) {
        return Framing::Tunnel;
    }
    if status == 101 {
        add_note(notes, "unasked-switch");
    } else if (100..200).contains(&status) || matches!(status, 204 | 304) || method == Some(b"HEAD") {
        return Framing::Length(0);
    }
    let coding = transfer_coding(head, notes);
    let length = content_length(head, notes);
    match coding {
        Coding::Chunked => {
            if length != Length::None {
                add_note(notes, "smuggling-te-cl");
            }
            Framing::Chunked
        }
        Coding::Other => Framing::UntilClose,
        Coding::None => match length {
            // Nobody can tell which is meant (RFC 9112 §6.3, item 5); a server that closes the
            // connection afterwards meant everything.
            Length::Conflict(_) if closes(head) => Framing::UntilClose,
            Length::Is(length) | Length::Conflict(length) => Framing::Length(length),
            Length::None | Length::Invalid => Framing::UntilClose,
        },
    }
}

/// Whether the sender closes the connection after this message (RFC 9112 §9.6).
fn closes(head: &Head) -> bool {
    head.field("connection").is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Where the body ends of a message that says it is chunked and is not.
pub(crate) fn without_chunks(head: &Head, response: bool) -> Framing {
    match content_length(head, &mut Vec::new()) {
        Length::Is(length) | Length::Conflict(length) => Framing::Length(length),
        Length::None | Length::Invalid if response => Framing::UntilClose,
        Length::None | Length::Invalid => Framing::Length(0),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    None,
    Is(u64),
    /// Several values that contradict each other, this one the first.
    Conflict(u64),
    Invalid,
}

/// What Content-Length says.
fn content_length(head: &Head, notes: &mut Vec<Note>) -> Length {
    let mut length = Length::None;
    let mut count = 0;
    let mut values = head.fields_named("content-length");
    let Some(first) = values.next() else { return length };
    let mut values = values.peekable();
    if let Some(only) = plain_number(first).filter(|_| values.peek().is_none()) {
        return Length::Is(only);
    }
    for value in std::iter::once(first).chain(values).flat_map(|value| value.split(|byte| *byte == b',')) {
        let this = one_length(value, notes);
        count += 1;
        if count == 2 {
            add_note(notes, "duplicate-length");
        }
        match (length, this) {
            (Length::Is(a), Length::Is(b)) if a != b => {
                add_note(notes, "conflicting-length");
                length = Length::Conflict(a);
            }
            (Length::None, this) => length = this,
            (_, Length::Invalid) => length = Length::Invalid,
            _ => {}
        }
    }
    length
}

/// What a few digits and nothing else say.
fn plain_number(value: &[u8]) -> Option<u64> {
    let few = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    few.then(|| value.iter().fold(0, |sum, digit| 10 * sum + u64::from(digit - b'0')))
}

fn one_length(value: &[u8], notes: &mut Vec<Note>) -> Length {
    let value = trim(value);
    let digits = value.strip_prefix(b"+").unwrap_or(value);
    let number = digits.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    });
    match number {
        // Browsers read 64 bits with a sign, and no body is longer: what lies beyond is no length,
        // or whatever followed would be hidden in a body that never ends.
        Some(number) if !digits.is_empty() && i64::try_from(number).is_ok() => {
            if digits.len() < value.len() {
                add_note(notes, "odd-length");
            }
            Length::Is(number)
        }
        _ => {
            add_note(notes, if value.starts_with(b"-") { "negative-length" } else { "invalid-length" });
            Length::Invalid
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    None,
    Chunked,
    Other,
}

/// What Transfer-Encoding says. The last coding should be `chunked` (RFC 9112 §6.1); where
/// `chunked` stands elsewhere in the list, or with something behind it, some recipients see it
/// and some do not. It is believed and named here; bytes that are no chunks contradict it later.
/// With something in front of it (a quote, a form feed) no browser sees it.
fn transfer_coding(head: &Head, notes: &mut Vec<Note>) -> Coding {
    let (mut chunked, mut other, mut count) = (false, false, 0);
    for value in head.fields_named("transfer-encoding") {
        count += 1;
        if count == 2 {
            add_note(notes, "duplicate-transfer-encoding");
        }
        for item in value.split(|byte| *byte == b',').map(trim) {
            let exact = item.eq_ignore_ascii_case(b"chunked");
            let starts = item.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"chunked"));
            if chunked || (!exact && contains_chunked(item)) {
                add_note(notes, "smuggling-te");
            }
            chunked |= starts;
            other |= !exact && !item.is_empty() && !item.eq_ignore_ascii_case(b"identity");
        }
    }
    if count > 0 && head.version() == "HTTP/1.0" {
        add_note(notes, "transfer-encoding-in-1.0");
    }
    match (chunked, other) {
        (true, _) => Coding::Chunked,
        (false, true) => Coding::Other,
        (false, false) => Coding::None,
    }
}

fn contains_chunked(bytes: &[u8]) -> bool {
    bytes.windows(7).any(|window| window.eq_ignore_ascii_case(b"chunked"))
}

#[cfg(test)]
mod tests {
    use super::super::head;
    use super::super::start_kind::Kind;
    use super::*;

    fn names(notes: &[Note]) -> Vec<&'static str> {
        notes.iter().map(|note| note.0).collect()
    }

    #[test]
    fn a_request_is_framed_as_rfc_9112_6_3_says() {
        for (fields, want, notes_wanted) in [
            ("", Framing::Length(0), &[][..]),
            ("Content-Length: 5\r\n", Framing::Length(5), &[]),
            ("Content-Length: 005\r\n", Framing::Length(5), &[]),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", Framing::Length(5), &["duplicate-length"]),
            ("Content-Length: 5, 5\r\n", Framing::Length(5), &["duplicate-length"]),
            (
                "Content-Length: 5\r\nContent-Length: 6\r\n",
                Framing::Length(5),
                &["duplicate-length", "conflicting-length"],
            ),
            ("Content-Length: -1\r\n", Framing::Length(0), &["negative-length"]),
            ("Content-Length: +5\r\n", Framing::Length(5), &["odd-length"]),
            ("Content-Length: 5x\r\n", Framing::Length(0), &["invalid-length"]),
            ("Content-Length: 99999999999999999999\r\n", Framing::Length(0), &["invalid-length"]),
            ("Transfer-Encoding: chunked\r\n", Framing::Chunked, &[]),
            ("Transfer-Encoding: gzip, chunked\r\n", Framing::Chunked, &[]),
            ("Transfer-Encoding: CHUNKED\r\n", Framing::Chunked, &[]),
            ("Content-Length: 9223372036854775807\r\n", Framing::Length(i64::MAX as u64), &[]),
            ("Content-Length: 9223372036854775808\r\n", Framing::Length(0), &["invalid-length"]),
            ("Transfer-Encoding: \"chunked\"\r\n", Framing::Length(0), &["smuggling-te"]),
            ("Transfer-Encoding: \x0bchunked\r\n", Framing::Length(0), &["smuggling-te"]),
            ("Transfer-Encoding: xchunked\r\n", Framing::Length(0), &["smuggling-te"]),
            ("Transfer-Encoding: chunked;\r\n", Framing::Chunked, &["smuggling-te"]),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
                Framing::Chunked,
                &["duplicate-transfer-encoding", "smuggling-te"],
            ),
            (
                "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
                Framing::Chunked,
                &["duplicate-transfer-encoding"],
            ),
            ("Content-Length: ,5\r\n", Framing::Length(0), &["invalid-length", "duplicate-length"]),
            ("Transfer-Encoding: chunked, identity\r\n", Framing::Chunked, &["smuggling-te"]),
            ("Transfer-Encoding: identity\r\nContent-Length: 3\r\n", Framing::Length(3), &[]),
            ("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", Framing::Chunked, &["smuggling-te-cl"]),
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked, &["smuggling-te-cl"]),
        ] {
            let bytes = format!("POST / HTTP/1.1\r\n{fields}\r\n");
            let head = head::parse(Kind::Request, bytes.as_bytes(), &mut Vec::new());
            let mut notes = Vec::new();
            assert_eq!(of_request(&head, &mut notes), want, "{fields:?}");
            assert_eq!(names(&notes), notes_wanted, "{fields:?}");
        }
    }

    #[test]
    fn a_response_is_framed_as_rfc_9112_6_3_says() {
        for (status, method, fields, want) in [
            (200, "GET", "", Framing::UntilClose),
            (200, "GET", "Content-Length: 5\r\n", Framing::Length(5)),
            (200, "HEAD", "Content-Length: 5\r\n", Framing::Length(0)),
            (204, "GET", "Content-Length: 5\r\n", Framing::Length(0)),
            (304, "GET", "Transfer-Encoding: chunked\r\n", Framing::Length(0)),
            (100, "POST", "", Framing::Length(0)),
            (101, "GET", "", Framing::Switched),
            (200, "CONNECT", "Content-Length: 5\r\n", Framing::Tunnel),
            (407, "CONNECT", "Content-Length: 5\r\n", Framing::Length(5)),
            (200, "GET", "Content-Length: x\r\n", Framing::UntilClose),
            (200, "GET", "Content-Length: 5\r\nContent-Length: 6\r\n", Framing::Length(5)),
            (200, "GET", "Connection: close\r\nContent-Length: 5\r\nContent-Length: 6\r\n", Framing::UntilClose),
            (200, "GET", "Transfer-Encoding: gzip\r\n", Framing::UntilClose),
        ] {
            let bytes = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
            let head = head::parse(Kind::Response, bytes.as_bytes(), &mut Vec::new());
            let request = format!("{method} / HTTP/1.1\r\nUpgrade: x\r\n\r\n");
            let request = head::parse(Kind::Request, request.as_bytes(), &mut Vec::new());
            assert_eq!(of_response(&head, Some(&request), &mut Vec::new()), want, "{status} {method} {fields:?}");
        }
    }
}
