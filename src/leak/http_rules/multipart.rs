//! `multipart/form-data` bodies (RFC 7578): each field by its name.
//!
//! It refuses to look into files that are uploaded.

use super::field::{Field, Sink};
use memchr::memmem;
use std::ops::Range;

/// A longer value is a file.
const LONGEST_VALUE: usize = 16 << 10;

pub(super) fn inspect(body: &[u8], content_type: &[u8], sink: &mut Sink<'_>) {
    let Some(boundary) = boundary(body, content_type) else { return };
    let finder = memmem::Finder::new(&boundary);
    let mut marks: Vec<usize> = finder.find_iter(body).take(1000).collect();
    marks.push(body.len());
    for pair in marks.windows(2) {
        let &[start, end] = pair else { continue };
        part(body, start + boundary.len()..end, sink);
    }
}

/// `--` and the boundary: from the head, or else the body's first line.
fn boundary(body: &[u8], content_type: &[u8]) -> Option<Vec<u8>> {
    let named = memmem::find(&content_type.to_ascii_lowercase(), b"boundary=").and_then(|at| {
        let value = content_type.get(at + 9..)?.trim_ascii();
        let value = match value.strip_prefix(b"\"") {
            Some(quoted) => quoted.split(|byte| *byte == b'"').next()?,
            None => value.split(|byte| *byte == b';').next()?.trim_ascii(),
        };
        (!value.is_empty()).then(|| [b"--", value].concat())
    });
    named.or_else(|| {
        let line = body.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
        (line.starts_with(b"--") && (3..=74).contains(&line.len())).then(|| line.to_vec())
    })
}

fn part(body: &[u8], range: Range<usize>, sink: &mut Sink<'_>) {
    let Some(text) = body.get(range.clone()) else { return };
    let (head, start) = match (memmem::find(text, b"\r\n\r\n"), memmem::find(text, b"\n\n")) {
        (Some(end), _) => (text.get(..end), end + 4),
        (None, Some(end)) => (text.get(..end), end + 2),
        (None, None) => return,
    };
    let head = String::from_utf8_lossy(head.unwrap_or_default());
    let Some(line) = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:")) else {
        return;
    };
    let Some(name) = parameter(line, "name") else { return };
    if parameter(line, "filename").is_some() {
        return;
    }
    let value = text.get(start..).unwrap_or_default();
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    let value = value.strip_suffix(b"\r").unwrap_or(value);
    if value.len() > LONGEST_VALUE {
        return;
    }
    let span = range.start + start..range.start + start + value.len();
    let step = format!("multipart field \"{name}\"");
    sink.field(Field { name, value, span, step: &step, escaped: false });
}

/// The value of `name="value"` or `name=value` in a header's line.
fn parameter<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}
