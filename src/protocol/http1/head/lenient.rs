//! Reads heads that httparse refuses, as leniently as a browser does (RFC 9112 §2 to §5). Each
//! leniency adds a note.
use super::super::odd_version::odd_version;
use super::super::recognize::version_of;
use super::super::start_kind::Kind;
use super::super::words::{is_token, trim, trim_end};
use crate::http::{Head, Note, Span, Start, add_note};
use memchr::{memchr, memchr_iter};

/// Reads the head that `bytes` are. Leniencies are added to `notes`.
pub(crate) fn head(kind: Kind, bytes: &[u8], notes: &mut Vec<Note>) -> Head {
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

/// Reads trailer fields: a head without its start line (RFC 9112 §7.1.2).
pub(crate) fn trailers(bytes: &[u8], notes: &mut Vec<Note>) -> Head {
    let mut head = Head { bytes: bytes.to_vec(), ..Head::default() };
    head.fields = fields(&mut head.bytes, Lines { bytes, at: 0 }, notes).into();
    head
}

/// Names a line's end that is not CRLF.
fn note_end(bytes: &[u8], end: usize, notes: &mut Vec<Note>) {
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'\n'), _) => add_note(notes, "bare-lf"),
        (Some(b'\r'), next) if next != Some(&b'\n') => add_note(notes, "bare-cr"),
        _ => {}
    }
}

fn request_line(head: &mut Head, line: &[u8], notes: &mut Vec<Note>) {
    let method_end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let start = line.get(method_end..).unwrap_or_default();
    // Of two words the second is the target, whatever it looks like (RFC 9112 §3).
    let version = version_of(start).or_else(|| odd_version(start)).filter(|version| trim(start).len() > version.len());
    let rest_end = version.map_or(line.len(), |version| line.len() - trailing(line) - version.len());
    let target_start = method_end + start.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let target = trim_end(line.get(target_start..rest_end).unwrap_or_default());
    let target_end = target_start + target.len();
    if target_start > method_end + 1 || rest_end > target_end + 1 || trailing(line) > 0 {
        add_note(notes, "extra-space-in-start-line");
    }
    if memchr(b'\t', line).is_some() {
        add_note(notes, "tab-in-start-line");
    }
    if target.iter().any(|byte| matches!(byte, b' ' | b'\t')) {
        add_note(notes, "space-in-target");
    }
    if target.is_empty() {
        add_note(notes, "no-target");
    }
    if version.is_none() {
        add_note(notes, "no-version");
    } else if !version.is_some_and(is_plain_version) {
        add_note(notes, "odd-version");
    }
    if memchr(0, line).is_some() {
        add_note(notes, "nul-in-head");
    }
    if !line.get(..method_end).unwrap_or_default().iter().all(|byte| is_token(*byte)) {
        add_note(notes, "odd-method");
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

/// Whether a version is written as it has to be (RFC 9112 §2.3).
fn is_plain_version(version: &[u8]) -> bool {
    matches!(version, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
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
        add_note(notes, "odd-status");
    }
    if status_start > version_end + 1 {
        add_note(notes, "extra-space-in-start-line");
    }
    let reason_start = status_end + usize::from(line.get(status_end).is_some_and(is_space));
    if reason_start == status_end {
        add_note(notes, "no-reason");
    }
    if version_end != 8 || !line.starts_with(b"HTTP/") {
        add_note(notes, "odd-version");
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
            add_note(notes, "bare-cr");
        }
        if memchr(0, line).is_some() {
            add_note(notes, "nul-in-head");
        }
        let start = range.start as u32;
        let content = trim_end(line);
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((name, value)) = fields.last_mut() {
                add_note(notes, "obs-fold");
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
            add_note(notes, "space-before-field");
        }
        let Some(colon) = memchr(b':', line) else {
            add_note(notes, "field-without-colon");
            let name_end = start + content.len() as u32;
            fields.push((Span { start, end: name_end }, Span { start: name_end, end: name_end }));
            continue;
        };
        let name = line.get(..colon).unwrap_or_default();
        let (lead, name_end) = (name.len() - name.trim_ascii_start().len(), trim_end(name).len());
        if name_end < colon {
            add_note(notes, "space-before-colon");
        }
        if name_end <= lead {
            add_note(notes, "empty-field-name");
        } else if !name.get(lead..name_end).unwrap_or_default().iter().all(|byte| is_token(*byte)) {
            add_note(notes, "odd-field-name");
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
