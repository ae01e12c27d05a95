//! From the bytes of a body to the characters that it says it is made of.
//!
//! A byte order mark counts first, then the charset of the Content-Type (RFC 9110 §8.3),
//! then UTF-8, and for what calls itself text without being UTF-8 what a browser takes:
//! windows-1252. This module refuses to know how a body was framed or compressed.

use crate::http::Message;
use encoding_rs::{DecoderResult, Encoding, UTF_8, WINDOWS_1252};
use std::borrow::Cow;

/// The kept bytes of the body of `message` as text, or `None` where they are not text.
///
/// Where the body goes on after what was kept, text ends with the last whole character.
pub fn body_text(message: &Message) -> Option<Cow<'_, str>> {
    let body = &message.body;
    text(&body.kept, message.head.field("content-type"), body.truncated || !body.complete)
}

/// Decodes `bytes` by what they and `content_type` say; `cut` is whether more followed.
pub fn text<'a>(bytes: &'a [u8], content_type: Option<&[u8]>, cut: bool) -> Option<Cow<'a, str>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode(encoding, bytes.get(mark..)?, cut);
    }
    let content_type = content_type.unwrap_or_default();
    if let Some(encoding) = charset(content_type).and_then(Encoding::for_label_no_replacement) {
        return decode(encoding, bytes, cut);
    }
    decode(UTF_8, bytes, cut).or_else(|| {
        let text = content_type.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/"));
        (text && !bytes.iter().copied().any(is_binary)).then(|| decode(WINDOWS_1252, bytes, cut)).flatten()
    })
}

/// The media type of a Content-Type value, without its parameters.
pub fn media_type(content_type: &[u8]) -> &[u8] {
    content_type.split(|&b| b == b';').next().unwrap_or_default().trim_ascii()
}

/// The charset parameter of a Content-Type value, without its quotes.
fn charset(content_type: &[u8]) -> Option<&[u8]> {
    content_type.split(|&b| b == b';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_at(parameter.iter().position(|&b| b == b'=')?);
        let value = value.get(1..)?.trim_ascii();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        name.trim_ascii().eq_ignore_ascii_case(b"charset").then_some(value)
    })
}

/// A byte that no text has (WHATWG MIME Sniffing, "binary data byte").
fn is_binary(byte: u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)
}

fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8], cut: bool) -> Option<Cow<'a, str>> {
    if encoding == UTF_8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Some(Cow::Borrowed(text)),
            Err(e) if cut && e.error_len().is_none() => {
                bytes.get(..e.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok()).map(Cow::Borrowed)
            }
            Err(_) => None,
        };
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(bytes.len())?);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, !cut).0 {
        DecoderResult::InputEmpty => Some(Cow::Owned(text)),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_decode_by_mark_then_charset_then_utf8_then_windows_1252() {
        for (bytes, content_type, cut, want) in [
            (&b"plain"[..], "", false, Some("plain")),
            ("Füchse".as_bytes(), "application/json", false, Some("Füchse")),
            (b"F\xfcchse", "text/plain; charset=ISO-8859-1", false, Some("Füchse")),
            (b"F\xfcchse", "text/html;version=1; Charset = \"latin1\"", false, Some("Füchse")),
            (b"F\xfcchse", "text/html", false, Some("Füchse")),
            (b"F\xfcchse\0", "text/html", false, None),
            (b"F\xfcchse", "image/png", false, None),
            (b"F\xfcchse", "text/plain; charset=utf-8", false, None),
            (b"F\xfcchse", "text/plain; charset=nonsense", false, Some("Füchse")),
            (b"\xff\xfef\0x\0", "text/plain; charset=utf-8", false, Some("fx")),
            (b"\xef\xbb\xbffx", "", false, Some("fx")),
            (b"\x93\xfa\x96\x7b", "text/html; charset=Shift_JIS", false, Some("日本")),
            // Cut inside the second character: it is left out; uncut it is an error.
            (b"\x93\xfa\x96", "text/html; charset=Shift_JIS", true, Some("日")),
            (b"\x93\xfa\x96", "text/html; charset=Shift_JIS", false, None),
            (b"F\xc3", "", true, Some("F")),
            (b"F\xc3", "", false, None),
            (b"F\xc3(", "", true, None),
            (b"\xff\xfef\0x", "", true, Some("f")),
            (b"+AGE-", "text/plain; charset=utf-7", false, Some("+AGE-")),
        ] {
            let got = text(bytes, Some(content_type.as_bytes()), cut);
            assert_eq!(got.as_deref(), want, "{} as {content_type:?}", bytes.escape_ascii());
        }
        assert_eq!(text(b"\xfc", None, false), None);
    }

    #[test]
    fn a_media_type_stands_before_its_parameters() {
        for (value, want) in [("text/html; charset=x", "text/html"), (" a/b ", "a/b"), ("", ""), (";", "")] {
            assert_eq!(media_type(value.as_bytes()), want.as_bytes());
        }
    }
}
