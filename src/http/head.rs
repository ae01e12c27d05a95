//! Reads a message's head: its start line and fields (RFC 9112 §2 to §5).
//!
//! A head in good order is read in one pass, elsewhere; anything else here, by a reader as lenient
//! as a browser, which names each leniency.

use super::message::{Head, Note, Span, Start};
use super::quick;
use super::recognize::{Kind, is_token, trim, trim_end, version_of};
use memchr::{memchr, memchr_iter};

/// Finds the end of a head: the index after its blank line. Lines may end with LF alone.
/// `from` is where an earlier search for the same bytes stopped.
pub(crate) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    // The last three bytes of what was searched may be the start of the end.
    let from = from.saturating_sub(3);
    for at in memchr_iter(b'\n', bytes.get(from..)?) {
        let next = from + at + 1;
        match bytes.get(next) {
            Some(b'\n') => return Some(next + 1),
            Some(b'\r') if bytes.get(next + 1) == Some(&b'\n') => return Some(next + 2),
            _ => {}
        }
    }
    None
}

/// Reads the head that `bytes` are, up to and including its blank line (or as far as it
/// came). Leniencies are added to `notes`.
pub(crate) fn parse(kind: Kind, bytes: &[u8], notes: &mut Vec<Note>) -> Head {
    let quick = if kind == Kind::BareRequest { None } else { quick::read(bytes, bytes.len(), Box::default) };
    let whole = quick.map(|message| message.head).filter(|head| head.bytes.len() == bytes.len());
    whole.unwrap_or_else(|| lenient(kind, bytes, notes))
}

/// The lenient reader.
pub(super) fn lenient(kind: Kind, bytes: &[u8], notes: &mut Vec<Note>) -> Head {
    let mut head = Head { bytes: bytes.to_vec(), ..Head::default() };
    let mut lines = Lines { bytes, at: 0 };
    let first = lines.next().unwrap_or(0..0);
    note_end(bytes, first.end, notes);
    let line = bytes.get(first.clone()).unwrap_or_default();
    match kind {
        Kind::Response => status_line(&mut head, line, notes),
        Kind::Request | Kind::BareRequest => request_line(&mut head, line, notes),
    }
    head.fields = fields(&mut head.bytes, lines, notes).into();
    head
}

/// Names a line's end that is not CRLF.
fn note_end(bytes: &[u8], end: usize, notes: &mut Vec<Note>) {
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'\n'), _) => add(notes, "bare-lf"),
        (Some(b'\r'), next) if next != Some(&b'\n') => add(notes, "bare-cr"),
        _ => {}
    }
}

/// Reads trailer fields: a head without its start line (RFC 9112 §7.1.2).
pub(crate) fn trailers(bytes: &[u8], notes: &mut Vec<Note>) -> Head {
    let mut head = Head { bytes: bytes.to_vec(), ..Head::default() };
    head.fields = fields(&mut head.bytes, Lines { bytes, at: 0 }, notes).into();
    head
}

fn request_line(head: &mut Head, line: &[u8], notes: &mut Vec<Note>) {
    let method_end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let start = line.get(method_end..).unwrap_or_default();
    // Of two words the second is the target, whatever it looks like (RFC 9112 §3).
    let version = version_of(start).filter(|version| trim(start).len() > version.len());
    let rest_end = version.map_or(line.len(), |version| line.len() - trailing(line) - version.len());
    let target_start = method_end + start.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let target = trim_end(line.get(target_start..rest_end).unwrap_or_default());
    let target_end = target_start + target.len();
    if target_start > method_end + 1 || rest_end > target_end + 1 || trailing(line) > 0 {
        add(notes, "extra-space-in-start-line");
    }
    if memchr(b'\t', line).is_some() {
        add(notes, "tab-in-start-line");
    }
    if target.iter().any(|byte| matches!(byte, b' ' | b'\t')) {
        add(notes, "space-in-target");
    }
    if target.is_empty() {
        add(notes, "no-target");
    }
    if version.is_none() {
        add(notes, "no-version");
    } else if version.is_some_and(|version| version.len() != 8 || !version.starts_with(b"HTTP/")) {
        add(notes, "odd-version");
    }
    if !line.get(..method_end).unwrap_or_default().iter().all(|byte| is_token(*byte)) {
        add(notes, "odd-method");
    }
    head.start = Start::Request {
        method: Span { start: 0, end: method_end as u32 },
        target: Span { start: target_start as u32, end: target_end as u32 },
    };
    head.version = match version {
        Some(version) => Span { start: rest_end as u32, end: (rest_end + version.len()) as u32 },
        None => Span { start: 0, end: 0 },
    };
}

/// How many bytes of white space end a line.
fn trailing(line: &[u8]) -> usize {
    line.len() - trim_end(line).len()
}

fn status_line(head: &mut Head, line: &[u8], notes: &mut Vec<Note>) {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let version_end = line.iter().position(is_space).unwrap_or(line.len());
    let status_start =
        version_end + line.get(version_end..).unwrap_or_default().iter().take_while(|byte| is_space(byte)).count();
    let digits = line.get(status_start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let status_end = status_start + digits;
    let status =
        line.get(status_start..status_end).and_then(|text| std::str::from_utf8(text).ok()).and_then(|t| t.parse().ok());
    if digits != 3 {
        add(notes, "odd-status");
    }
    if status_start > version_end + 1 {
        add(notes, "extra-space-in-start-line");
    }
    let reason_start = status_end + usize::from(line.get(status_end).is_some_and(is_space));
    if reason_start == status_end {
        add(notes, "no-reason");
    }
    if version_end != 8 || !line.starts_with(b"HTTP/") {
        add(notes, "odd-version");
    }
    head.version = Span { start: 0, end: version_end as u32 };
    head.start = Start::Response {
        status,
        reason: Some(Span { start: reason_start as u32, end: line.len().max(reason_start) as u32 }),
    };
}

/// Reads field lines. A folded value's line breaks become spaces in `buffer`, a copy of
/// the bytes that the lines are of (RFC 9112 §5.2).
fn fields(buffer: &mut [u8], lines: Lines<'_>, notes: &mut Vec<Note>) -> Vec<(Span, Span)> {
    let bytes = lines.bytes;
    let mut fields: Vec<(Span, Span)> = Vec::new();
    for range in lines {
        let line = bytes.get(range.clone()).unwrap_or_default();
        note_end(bytes, range.end, notes);
        if line.is_empty() {
            // A CR in front of a field is no blank line.
            if bytes.get(range.end) == Some(&b'\r') && bytes.get(range.end + 1) != Some(&b'\n') {
                continue;
            }
            break;
        }
        if memchr(b'\r', line).is_some() {
            add(notes, "bare-cr");
        }
        if memchr(0, line).is_some() {
            add(notes, "nul-in-head");
        }
        let start = range.start as u32;
        let content = trim_end(line);
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((name, value)) = fields.last_mut() {
                add(notes, "obs-fold");
                // Only a value can be folded (RFC 9112 §5.2): what follows a line without a colon
                // belongs to it and makes no field of it, whatever it says.
                if name.end == value.start {
                    buffer.get_mut(name.end as usize..range.start).unwrap_or_default().fill(b' ');
                    if !content.is_empty() {
                        name.end = start + content.len() as u32;
                        *value = Span { start: name.end, end: name.end };
                    }
                    continue;
                }
                let first = line.len() - line.trim_ascii_start().len();
                let fold = buffer.get_mut(value.end as usize..range.start + first).unwrap_or_default();
                fold.fill(b' ');
                if !content.is_empty() {
                    // A value that is empty before the fold begins after it.
                    if value.start == value.end {
                        value.start = start + first as u32;
                    }
                    value.end = start + content.len() as u32;
                }
                continue;
            }
            add(notes, "space-before-field");
        }
        let Some(colon) = memchr(b':', line) else {
            add(notes, "field-without-colon");
            let name_end = start + content.len() as u32;
            fields.push((Span { start, end: name_end }, Span { start: name_end, end: name_end }));
            continue;
        };
        let name = line.get(..colon).unwrap_or_default();
        let (lead, name_end) = (name.len() - name.trim_ascii_start().len(), trim_end(name).len());
        if name_end < colon {
            add(notes, "space-before-colon");
        }
        if name_end <= lead {
            add(notes, "empty-field-name");
        } else if !name.get(lead..name_end).unwrap_or_default().iter().all(|byte| is_token(*byte)) {
            add(notes, "odd-field-name");
        }
        let after = line.get(colon + 1..).unwrap_or_default();
        let value_start = colon + 1 + after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let value_end = content.len().max(value_start);
        fields.push((
            Span { start: start + lead.min(name_end) as u32, end: start + name_end as u32 },
            Span { start: start + value_start as u32, end: start + value_end as u32 },
        ));
    }
    fields
}

/// The lines of a head as ranges without their ends.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = std::ops::Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..length).unwrap_or_default();
        // A lone CR ends a line for browsers, not for RFC 9112 §2.2; it is taken for an end
        // where a field follows.
        for at in memchr_iter(b'\r', line) {
            if line.get(at + 1..).is_some_and(starts_field) {
                self.at = start + at + 1;
                return Some(start..start + at);
            }
        }
        self.at = start + length + 1;
        let carriage = line.last() == Some(&b'\r');
        Some(start..start + length - usize::from(carriage))
    }
}

/// Whether bytes start with a field name and its colon.
fn starts_field(bytes: &[u8]) -> bool {
    let name = bytes.iter().take_while(|byte| is_token(**byte)).count();
    name > 0 && bytes.get(name) == Some(&b':')
}

/// Adds a note once.
pub(crate) fn add(notes: &mut Vec<Note>, name: &'static str) {
    if !notes.iter().any(|note| note.0 == name) {
        notes.push(Note(name));
    }
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

    #[test]
    fn the_end_is_found_however_it_came() {
        for (bytes, want) in [
            (&b"A\r\n\r\nB"[..], Some(5)),
            (b"A\n\nB", Some(3)),
            (b"A\n\r\nB", Some(4)),
            (b"A\r\n\r", None),
            (b"A\r\n", None),
        ] {
            for from in 0..bytes.len() {
                if want.is_none_or(|want| from < want) {
                    assert_eq!(end(bytes, from), want, "{} from {from}", bytes.escape_ascii());
                }
            }
        }
    }
}
