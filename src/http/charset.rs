//! Makes UTF-8 of a text body, whatever charset it is in, so that it can be shown.
//!
//! This module refuses to guess: bytes that their declared charset does not allow, and
//! undeclared ones that are no UTF-8, are no text.

use crate::processor;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// How far into a page the declaration of its charset is looked for (HTML §13.2.3.2).
const PRESCAN: usize = 1024;

/// The text of a body in UTF-8; `None` where it is binary.
///
/// The charset is taken, as browsers do, from a byte order mark, which is left out of the text;
/// from the `charset` of `content_type`; from what an HTML page, an XML document or a style sheet
/// says of itself at its beginning; or is UTF-8. `truncated` tells that `bytes` is only the
/// beginning of the body: then a character cut at the end is left out.
///
/// Control characters other than those that text needs (tab, line feed, form feed, carriage
/// return, escape) mean binary, as in the MIME Sniffing Standard §3.
///
/// ```
/// use plainsight::http::charset::to_text;
///
/// let kind = Some(&b"text/plain; charset=ISO-8859-1"[..]);
/// assert_eq!(to_text(b"caf\xe9", kind, false).as_deref(), Some("café"));
/// assert_eq!(to_text(b"caf\xe9", None, false), None);
/// ```
pub fn to_text<'a>(bytes: &'a [u8], content_type: Option<&[u8]>, truncated: bool) -> Option<Cow<'a, str>> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, bytes.get(length..).unwrap_or_default()),
        None => (declared(bytes, content_type).unwrap_or(UTF_8), bytes),
    };
    let text = decode(bytes, encoding, truncated)?;
    (!is_binary(text.as_bytes())).then_some(text)
}

/// Whether there is a control character that text does not need. Without a way out in the
/// middle of a chunk many bytes are looked at at once; which control characters they are is asked
/// only where there is one.
#[allow(clippy::needless_bitwise_bool)] // branches would look at one byte at a time
fn is_binary(text: &[u8]) -> bool {
    let control =
        |byte| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != 0x0c) & (byte != b'\r') & (byte != 0x1b);
    processor::best(|| {
        text.chunks(256).any(|chunk| {
            chunk.iter().fold(u8::MAX, |least, &byte| least.min(byte)) < 0x20
                && chunk.iter().fold(false, |any, &byte| any | control(byte))
        })
    })
}

fn decode<'a>(bytes: &'a [u8], encoding: &'static Encoding, truncated: bool) -> Option<Cow<'a, str>> {
    if encoding == UTF_8 || (encoding.is_ascii_compatible() && bytes.is_ascii()) {
        return match simdutf8::compat::from_utf8(bytes) {
            Ok(text) => Some(Cow::Borrowed(text)),
            Err(error) if truncated && error.error_len().is_none() => {
                let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(whole).ok().map(Cow::Borrowed)
            }
            Err(_) => None,
        };
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, !truncated) {
        (DecoderResult::InputEmpty, _) => Some(Cow::Owned(text)),
        // There is room enough.
        (DecoderResult::Malformed(..) | DecoderResult::OutputFull, _) => None,
    }
}

/// The charset that a body's head or beginning declares, where it is a known one.
fn declared(bytes: &[u8], content_type: Option<&[u8]>) -> Option<&'static Encoding> {
    content_type.and_then(parameter).and_then(encoding).or_else(|| {
        let start = bytes.get(..bytes.len().min(PRESCAN)).unwrap_or_default();
        let inside = in_xml(start).or_else(|| in_css(start)).or_else(|| {
            let tags = start.get(memchr::memchr(b'<', start)?..)?;
            let html = content_type.is_none_or(|kind| find(kind, b"html").is_some());
            if html { in_html(tags) } else { None }
        });
        // Who can be read as ASCII is not in UTF-16 (HTML §13.2.3.2).
        inside.map(|encoding| if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
    })
}

/// By its label, in any letter case and with space around it (Encoding Standard §4.2).
fn encoding(label: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_label_no_replacement(label)
}

/// The value of `charset` in a Content-Type (RFC 9110 §8.3.1), without quotes of either kind.
fn parameter(content_type: &[u8]) -> Option<&[u8]> {
    content_type.split(|&byte| matches!(byte, b';' | b',')).skip(1).find_map(|parameter| {
        let at = parameter.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (parameter.get(..at)?, parameter.get(at + 1..)?);
        let value = value.trim_ascii();
        let value = match value {
            [quote @ (b'"' | b'\''), rest @ ..] => rest.split(|byte| byte == quote).next()?,
            _ => value,
        };
        name.trim_ascii().eq_ignore_ascii_case(b"charset").then_some(value)
    })
}

/// `<?xml version="1.0" encoding="…"?>` (XML §4.3.3).
fn in_xml(start: &[u8]) -> Option<&'static Encoding> {
    let rest = start.strip_prefix(b"<?xml")?;
    let declaration = rest.get(..find(rest, b"?>")?)?;
    encoding(value_after(declaration, b"encoding")?)
}

/// `@charset "…";` (CSS Syntax §3.2).
fn in_css(start: &[u8]) -> Option<&'static Encoding> {
    encoding(start.strip_prefix(b"@charset \"")?.split(|&byte| byte == b'"').next()?)
}

/// `<meta charset=…>` or `<meta http-equiv=… content="…; charset=…">` outside of comments
/// (HTML §13.2.3.2).
fn in_html(start: &[u8]) -> Option<&'static Encoding> {
    let mut rest = start;
    while let Some(at) = memchr::memchr(b'<', rest) {
        rest = rest.get(at + 1..)?;
        if let Some(comment) = rest.strip_prefix(b"!--") {
            rest = comment.get(find(comment, b"-->")?..)?;
        } else if rest.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"meta"))
            && rest.get(4).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/')
        {
            let tag = rest.get(..memchr::memchr(b'>', rest)?)?;
            if let Some(found) = value_after(tag, b"charset").and_then(encoding) {
                return Some(found);
            }
        }
    }
    None
}

/// In `name = value` the value, which ends with its quote, or at a space, quote or `;`.
fn value_after<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = text.get(find(text, name)? + name.len()..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let value = match value {
        [b'"' | b'\'', rest @ ..] => rest,
        _ => value,
    };
    value.split(|byte| matches!(byte, b'"' | b'\'' | b';' | b'/') || byte.is_ascii_whitespace()).next()
}

/// Where `needle` stands, in any letter case.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
#[path = "charset_tests.rs"]
mod tests;
