//! The disguises: each takes a text with a secret in it and says where the secret went.

#![allow(clippy::unnecessary_wraps, clippy::format_collect)] // all encodings have one form

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::ops::Range;

/// A text, and where in it the secret stands.
#[derive(Clone)]
pub struct Text {
    pub bytes: Vec<u8>,
    pub secret: Range<usize>,
}

/// One disguise.
#[derive(Clone, Copy)]
pub struct Encoding {
    /// As the matrix names it.
    pub name: &'static str,
    /// As findings name it.
    pub via: Option<&'static str>,
    /// `None` where the text cannot be written so.
    apply: fn(&Text) -> Option<Text>,
}

impl Encoding {
    pub fn apply(&self, text: &Text) -> Option<Text> {
        (self.apply)(text)
    }
}

/// All of them, the plain text first.
pub const ENCODINGS: &[Encoding] = &[
    Encoding { name: "plain", via: None, apply: |text| Some(text.clone()) },
    Encoding { name: "base64+0", via: Some("base64"), apply: |text| base64(text, 0, false) },
    Encoding { name: "base64+1", via: Some("base64"), apply: |text| base64(text, 1, false) },
    Encoding { name: "base64+2", via: Some("base64"), apply: |text| base64(text, 2, false) },
    Encoding { name: "base64url+0", via: Some("base64"), apply: |text| base64(text, 0, true) },
    Encoding { name: "base64url+1", via: Some("base64"), apply: |text| base64(text, 1, true) },
    Encoding { name: "base64url+2", via: Some("base64"), apply: |text| base64(text, 2, true) },
    Encoding { name: "hex", via: Some("hex"), apply: |text| each(text, |byte, _| format!("{byte:02x}")) },
    Encoding { name: "hex-upper", via: Some("hex"), apply: |text| each(text, |byte, _| format!("{byte:02X}")) },
    Encoding { name: "percent", via: Some("percent"), apply: |text| each(text, |byte, _| format!("%{byte:02X}")) },
    Encoding { name: "percent-partial", via: Some("percent"), apply: |text| some(text, |byte| format!("%{byte:02x}")) },
    Encoding { name: "json", via: Some("json"), apply: |text| letters(text, |letter, _| json(letter)) },
    Encoding {
        name: "json-partial",
        via: Some("json"),
        apply: |text| {
            let must = |letter| matches!(letter, '\\' | '"' | '\0'..=' ');
            letters(text, |letter, at| if at % 3 == 0 || must(letter) { json(letter) } else { letter.into() })
        },
    },
    Encoding {
        name: "html-decimal",
        via: Some("html"),
        apply: |text| letters(text, |letter, _| format!("&#{};", letter as u32)),
    },
    Encoding {
        name: "html-hex",
        via: Some("html"),
        apply: |text| letters(text, |letter, _| format!("&#x{:X};", letter as u32)),
    },
    Encoding {
        name: "quoted-printable",
        via: Some("quoted-printable"),
        apply: |text| each(text, |byte, _| format!("={byte:02X}")),
    },
    Encoding {
        name: "quoted-printable-lines",
        via: Some("quoted-printable"),
        apply: |text| each(text, |byte, at| format!("{}={byte:02X}", if at % 5 == 4 { "=\r\n" } else { "" })),
    },
    Encoding { name: "utf-16le", via: Some("utf-16"), apply: |text| utf16(text, u16::to_le_bytes) },
    Encoding { name: "utf-16be", via: Some("utf-16"), apply: |text| utf16(text, u16::to_be_bytes) },
];

/// `text` in base64 behind `before` other bytes.
fn base64(text: &Text, before: usize, url: bool) -> Option<Text> {
    // An even number, since a text in UTF-16 begins at an even one; 4 is as good as 1.
    let before = [0, 4, 2][before];
    let plain = [&b"~~~~"[..before], &text.bytes, b"."].concat();
    let (start, end) = (before + text.secret.start, before + text.secret.end);
    let letters = if url { URL_SAFE_NO_PAD.encode(plain) } else { STANDARD.encode(plain) };
    // Every letter that holds a bit of the secret.
    Some(Text { bytes: letters.into_bytes(), secret: start * 8 / 6..(end * 8).div_ceil(6) })
}

fn pieces<T: Copy>(units: &[(T, usize)], secret: &Range<usize>, write: impl Fn(T, usize) -> Vec<u8>) -> Text {
    let (mut bytes, mut at) = (Vec::new(), 0);
    let (mut start, mut end) = (0, 0);
    // How many units of the secret were written.
    let mut inside = 0;
    for (unit, width) in units {
        if at == secret.start {
            start = bytes.len();
        }
        bytes.extend(write(*unit, inside));
        inside += usize::from(secret.contains(&at));
        at += width;
        if at == secret.end {
            end = bytes.len();
        }
    }
    Text { bytes, secret: start..end }
}

fn each(text: &Text, write: impl Fn(u8, usize) -> String) -> Option<Text> {
    let units: Vec<_> = text.bytes.iter().map(|byte| (*byte, 1)).collect();
    Some(pieces(&units, &text.secret, |byte, at| write(byte, at).into_bytes()))
}

/// Escapes what most programs do, and every fourth byte besides.
fn some(text: &Text, write: impl Fn(u8) -> String) -> Option<Text> {
    let units: Vec<_> = text.bytes.iter().map(|byte| (*byte, 1)).collect();
    let plain = |byte: u8, at: usize| byte.is_ascii_alphanumeric() && at % 4 != 1;
    Some(pieces(&units, &text.secret, |byte, at| if plain(byte, at) { vec![byte] } else { write(byte).into_bytes() }))
}

fn letters(text: &Text, write: impl Fn(char, usize) -> String) -> Option<Text> {
    let units: Vec<_> = std::str::from_utf8(&text.bytes).ok()?.chars().map(|one| (one, one.len_utf8())).collect();
    Some(pieces(&units, &text.secret, |letter, at| write(letter, at).into_bytes()))
}

fn json(letter: char) -> String {
    letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn utf16(text: &Text, order: fn(u16) -> [u8; 2]) -> Option<Text> {
    let units: Vec<_> = std::str::from_utf8(&text.bytes).ok()?.chars().map(|one| (one, one.len_utf8())).collect();
    let write = |letter: char, _| letter.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| order(*unit)).collect();
    Some(pieces(&units, &text.secret, write))
}
