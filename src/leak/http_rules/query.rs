//! `name=value&name=value` as in queries and forms (WHATWG URL §5.1).
//!
//! It refuses to know what names mean.

use super::field::{Field, Sink};
use std::borrow::Cow;
use std::ops::Range;

/// One pair: where its value stands, and both parts decoded.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    pub(super) name: Cow<'a, [u8]>,
    pub(super) value: Cow<'a, [u8]>,
    pub(super) span: Range<usize>,
}

/// The pairs of `text`, whose first byte stands at `start`.
pub(super) fn pairs(text: &[u8], start: usize) -> impl Iterator<Item = Pair<'_>> {
    let mut at = start;
    text.split(|byte| matches!(byte, b'&' | b';')).filter_map(move |part| {
        let begin = at;
        at += part.len() + 1;
        let equals = part.iter().position(|byte| *byte == b'=')?;
        let value = part.get(equals + 1..)?;
        let span = begin + equals + 1..begin + part.len();
        Some(Pair { name: decode(part.get(..equals)?), value: decode(value), span })
    })
}

/// Percent-encoding and `+` removed.
pub(in crate::leak) fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high << 4 | low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => plain.push(b' '),
            _ => plain.push(byte),
        }
        at += 1;
    }
    Cow::Owned(plain)
}

/// A form's body.
pub(super) fn form(body: &[u8], sink: &mut Sink<'_>) {
    // What is left of the body's end is no value.
    let end = body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |at| at + 1);
    for pair in pairs(body.get(..end).unwrap_or_default(), 0) {
        let name = String::from_utf8_lossy(&pair.name).into_owned();
        let step = format!("form field \"{name}\"");
        let escaped = matches!(pair.value, Cow::Owned(_));
        sink.field(Field { name: &name, value: &pair.value, span: pair.span, step: &step, escaped });
    }
}

/// Whether `start` reads like a form although nothing says that it is one.
pub(super) fn looks_like_form(start: &[u8]) -> bool {
    let name = start.iter().take(64).take_while(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%' | b'$')
    });
    let length = name.count();
    length > 0
        && start.get(length) == Some(&b'=')
        && start.iter().take(256).all(|byte| byte.is_ascii_graphic() || matches!(byte, b'\r' | b'\n'))
}
