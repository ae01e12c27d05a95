//! XML bodies: elements and attributes by their names, SOAP's WS-Security among them.
//!
//! A reader of tags, no more: it refuses to know schemas, entities of one's own, and namespaces.

use super::field::{Field, Sink};
use memchr::memchr;
use std::ops::Range;

/// Deeper nesting than this is not followed.
const DEEPEST: usize = 64;

pub(super) fn inspect(body: &[u8], sink: &mut Sink<'_>) {
    let mut path: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(open) = body.get(at..).and_then(|rest| memchr(b'<', rest)).map(|open| at + open) {
        let Some(close) = body.get(open..).and_then(|rest| memchr(b'>', rest)).map(|close| open + close) else { break };
        let tag = body.get(open + 1..close).unwrap_or_default();
        at = close + 1;
        match tag.first() {
            Some(b'/') => _ = path.pop(),
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                let name_end =
                    tag.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'/').unwrap_or(tag.len());
                let name = local(tag.get(..name_end).unwrap_or_default());
                path.push(name);
                attributes(body, open + 1 + name_end..close, &path, sink);
                if tag.ends_with(b"/") {
                    path.pop();
                } else {
                    content(body, at, &path, sink);
                }
                if path.len() > DEEPEST {
                    return;
                }
            }
        }
    }
}

/// A name without its namespace's prefix.
fn local(name: &[u8]) -> String {
    let name = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    String::from_utf8_lossy(name).into_owned()
}

/// The text that follows a start tag.
fn content(body: &[u8], start: usize, path: &[String], sink: &mut Sink<'_>) {
    let Some(name) = path.last().filter(|name| Sink::cares_for(name)) else { return };
    let Some(length) = body.get(start..).and_then(|rest| memchr(b'<', rest)) else { return };
    let text = body.get(start..start + length).unwrap_or_default();
    let lead = text.len() - text.trim_ascii_start().len();
    let span = start + lead..start + lead + text.trim_ascii().len();
    tell(body, name, span, &format!("xml /{}", path.join("/")), sink);
}

fn attributes(body: &[u8], range: Range<usize>, path: &[String], sink: &mut Sink<'_>) {
    let mut at = range.start;
    while let Some(equals) = body.get(at..range.end).and_then(|rest| memchr(b'=', rest)).map(|equals| at + equals) {
        let before = body.get(at..equals).unwrap_or_default().trim_ascii();
        let name = local(before.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default());
        let rest = body.get(equals + 1..range.end).unwrap_or_default();
        let lead = rest.len() - rest.trim_ascii_start().len();
        let Some(quote @ (b'"' | b'\'')) = rest.get(lead).copied() else { break };
        let start = equals + 1 + lead + 1;
        let Some(length) = body.get(start..range.end).and_then(|rest| memchr(quote, rest)) else { break };
        if Sink::cares_for(&name) {
            tell(body, &name, start..start + length, &format!("xml /{}/@{name}", path.join("/")), sink);
        }
        at = start + length + 1;
    }
}

fn tell(body: &[u8], name: &str, span: Range<usize>, step: &str, sink: &mut Sink<'_>) {
    let raw = body.get(span.clone()).unwrap_or_default();
    let value = unescape(raw);
    let escaped = value.len() != raw.len();
    sink.field(Field { name, value: &value, span, step, escaped });
}

/// The five entities of XML, and characters by number.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        plain.extend_from_slice(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.iter().take(12).position(|byte| *byte == b';').unwrap_or(0);
        let letter = match rest.get(1..end).unwrap_or_default() {
            b"amp" => Some('&'),
            b"lt" => Some('<'),
            b"gt" => Some('>'),
            b"quot" => Some('"'),
            b"apos" => Some('\''),
            [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
            [b'#', digits @ ..] => number(digits, 10),
            _ => None,
        };
        if let Some(letter) = letter {
            plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            rest = rest.get(end + 1..).unwrap_or_default();
        } else {
            plain.push(b'&');
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    plain.extend_from_slice(rest);
    plain
}

fn number(digits: &[u8], base: u32) -> Option<char> {
    char::from_u32(u32::from_str_radix(std::str::from_utf8(digits).ok()?, base).ok()?)
}
