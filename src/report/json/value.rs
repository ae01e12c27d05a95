//! JSON's values written straight into a buffer.
//!
//! This module refuses to know which values make a line.

use crate::decode::Endpoint;
use crate::packet::Timestamp;
use crate::report::escape;
use crate::report::page::{Page, WORD};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write as _;
use std::net::IpAddr;
use std::ops::Range;

/// How long a time is up to its seconds, in bytes: nanoseconds since 1970 have room for years of four digits.
const SECOND: usize = "2026-11-23T20:49:53".len();

/// A buffer that JSON is written to, with what makes writing it cheap.
#[derive(Debug, Default)]
pub(in crate::report) struct Buffer {
    pub(in crate::report) bytes: Page,
    /// The second that was written last, up to its digits: most times differ from the one
    /// before in the fraction only.
    second: Option<(i64, [u8; SECOND])>,
    scratch: String,
}

impl Buffer {
    /// Appends bytes that are JSON already. Inlined, as all that takes a separator: where its
    /// length is known, copying it is a few instructions.
    #[inline]
    pub(in crate::report) fn raw(&mut self, json: &str) {
        self.bytes.put(json.as_bytes());
    }

    /// `separator` is what stands before the number: a comma, a key and a colon.
    #[inline]
    pub(in crate::report) fn number(&mut self, separator: &str, number: impl Into<u64>) {
        self.raw(separator);
        self.bytes.number(number.into());
    }

    /// A string that needs no escaping.
    pub(in crate::report) fn plain(&mut self, separator: &str, text: impl std::fmt::Display) {
        self.raw(separator);
        _ = write!(self.bytes, "\"{text}\"");
    }

    /// `"address:port"`. Every line has two of them, nearly all version 4, which are written without `fmt`.
    pub(in crate::report) fn endpoint(&mut self, separator: &str, endpoint: Endpoint) {
        let IpAddr::V4(address) = endpoint.address else { return self.plain(separator, endpoint) };
        self.raw(separator);
        self.bytes.push(b'"');
        let [octets @ .., last] = address.octets();
        for octet in octets {
            self.bytes.octet(octet, b'.');
        }
        self.bytes.octet(last, b':');
        self.bytes.number(endpoint.port.into());
        self.bytes.push(b'"');
    }

    /// A string of bytes that should be UTF-8. What is not becomes U+FFFD, and the answer
    /// is whether all of it was.
    #[inline]
    pub(in crate::report) fn string(&mut self, separator: &str, bytes: &[u8]) -> bool {
        self.raw(separator);
        self.quoted(bytes)
    }

    /// A string that is a part of `source`; `plain` is whether it is known that nothing in it needs
    /// a look. The answer is whether all of it was UTF-8.
    #[inline]
    pub(in crate::report) fn part(&mut self, separator: &str, source: &[u8], part: &Range<u32>, plain: bool) -> bool {
        let part = part.start as usize..part.end as usize;
        if !plain {
            return self.string(separator, source.get(part).unwrap_or_default());
        }
        self.raw(separator);
        self.bytes.push(b'"');
        self.bytes.part(source, part);
        self.bytes.push(b'"');
        true
    }

    /// `[["name","value"],["name","value"]]`, of plain names and values, at least one pair.
    pub(in crate::report) fn plain_pairs(&mut self, source: &[u8], pairs: &[(Range<u32>, Range<u32>)]) {
        let range = |part: &Range<u32>| part.start as usize..part.end as usize;
        for (number, (name, value)) in pairs.iter().enumerate() {
            if number == 0 {
                self.bytes.short(*b"[[\"");
            } else {
                self.bytes.short(*b"\"],[\"");
            }
            self.bytes.part(source, range(name));
            self.bytes.short(*b"\",\"");
            self.bytes.part(source, range(value));
        }
        self.bytes.short(*b"\"]]");
    }

    fn quoted(&mut self, bytes: &[u8]) -> bool {
        self.bytes.push(b'"');
        let exact = self.escaped(bytes);
        self.bytes.push(b'"');
        exact
    }

    /// The bytes in base64, as a string.
    pub(in crate::report) fn base64(&mut self, separator: &str, bytes: &[u8]) {
        self.scratch.clear();
        STANDARD.encode_string(bytes, &mut self.scratch);
        self.raw(separator);
        self.bytes.push(b'"');
        self.bytes.put(self.scratch.as_bytes());
        self.bytes.push(b'"');
    }

    /// The bytes in lower-case hexadecimal, as a string.
    pub(in crate::report) fn hex(&mut self, separator: &str, bytes: &[u8]) {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        self.raw(separator);
        self.bytes.push(b'"');
        for byte in bytes {
            self.bytes.put(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        self.bytes.push(b'"');
    }

    /// A time in RFC 3339, with the capture's own resolution.
    pub(in crate::report) fn time(&mut self, separator: &str, time: Timestamp) {
        const NANOS: i64 = 1_000_000_000;
        let (second, fraction) = (time.nanos().div_euclid(NANOS), time.nanos().rem_euclid(NANOS));
        self.raw(separator);
        if self.second.is_none_or(|(last, _)| last != second) {
            let text = Timestamp::from_nanos(second.saturating_mul(NANOS), 0).to_string();
            self.second = text.as_bytes().first_chunk().map(|text| (second, *text));
        }
        self.bytes.push(b'"');
        if let Some((_, text)) = &self.second {
            self.bytes.put(text);
        }
        if time.digits() > 0 {
            self.bytes.push(b'.');
            self.bytes.fraction(fraction.unsigned_abs(), time.digits());
        }
        self.raw("Z\"");
    }

    /// Appends the inside of a string, a block at a time where nothing in it needs a look, and up to a
    /// word at a time elsewhere.
    fn escaped(&mut self, bytes: &[u8]) -> bool {
        let (mut rest, mut exact) = (bytes, true);
        loop {
            while let Some((block, after)) = rest.split_first_chunk::<BLOCK>().filter(|(block, _)| is_plain(block)) {
                self.bytes.put(block);
                rest = after;
            }
            let (word, have) = first_word(rest);
            let plain = plain_bytes(word).min(have);
            self.bytes.word(word, plain);
            rest = rest.get(plain..).unwrap_or_default();
            if plain == WORD {
                continue;
            }
            match rest.first() {
                None => return exact,
                Some(byte) if byte.is_ascii() => {
                    push_ascii(&mut self.bytes, *byte);
                    rest = rest.get(1..).unwrap_or_default();
                }
                Some(_) => {
                    // A character is all ASCII or has no ASCII in it, so that runs can be judged
                    // by themselves.
                    let run = rest.split(u8::is_ascii).next().unwrap_or_default();
                    exact &= self.characters(run);
                    rest = rest.get(run.len()..).unwrap_or_default();
                }
            }
        }
    }

    /// Appends characters beyond ASCII.
    fn characters(&mut self, bytes: &[u8]) -> bool {
        let mut exact = true;
        for chunk in bytes.utf8_chunks() {
            let text = chunk.valid();
            if text.bytes().any(may_begin_unsafe) {
                for c in text.chars() {
                    self.character(c);
                }
            } else {
                self.raw(text);
            }
            if !chunk.invalid().is_empty() {
                exact = false;
                self.raw("\u{fffd}");
            }
        }
        exact
    }

    fn character(&mut self, c: char) {
        if escape::is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                _ = write!(self.bytes, "\\u{unit:04x}");
            }
        } else {
            self.raw(c.encode_utf8(&mut [0; 4]));
        }
    }
}

/// So many bytes are looked at together.
const BLOCK: usize = 32;

/// Whether all of a block is ASCII that JSON takes as it is. Free of branches, so that many bytes are
/// compared at once.
#[inline]
#[allow(clippy::needless_bitwise_bool)] // branches would look at one byte at a time
fn is_plain(block: &[u8; BLOCK]) -> bool {
    let plain = |byte: u8| (byte.wrapping_sub(b' ') < 0x5f) & (byte != b'"') & (byte != b'\\');
    block.iter().fold(true, |all, byte| all & plain(*byte))
}

/// Whether a character that could drive a terminal, or that is taken for the end of a line by
/// some, can have this first byte in UTF-8. Most letters have others.
const fn may_begin_unsafe(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xcd | 0xd8 | 0xdb | 0xdc | 0xe0..=0xe3 | 0xef | 0xf0 | 0xf3)
}

/// The first eight bytes as a little-endian word, or what there is; and how many they are.
#[inline]
fn first_word(bytes: &[u8]) -> (u64, usize) {
    let four = |bytes: &[u8]| bytes.first_chunk().map_or(0, |four| u64::from(u32::from_le_bytes(*four)));
    match bytes.first_chunk::<WORD>() {
        Some(word) => (u64::from_le_bytes(*word), WORD),
        None if bytes.len() >= 4 => {
            // The last four overlap the first four.
            let last = bytes.last_chunk().map_or(0, |four| u64::from(u32::from_le_bytes(*four)));
            (four(bytes) | last << (8 * (bytes.len() - 4)), bytes.len())
        }
        None => (bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)), bytes.len()),
    }
}

/// How many of the first bytes of a little-endian word are ASCII that JSON takes as it is.
///
/// Marks the high bit of each byte that is not: borrows run upwards only, so the lowest
/// mark is always true.
const fn plain_bytes(word: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    let delete = zeros(word ^ (ONES * 0x7f));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    ((quote | backslash | delete | control | word) & HIGH).trailing_zeros() as usize / 8
}

/// Appends an ASCII character, escaped where it has to be.
fn push_ascii(out: &mut Page, byte: u8) {
    match byte {
        b'"' => out.put(b"\\\""),
        b'\\' => out.put(b"\\\\"),
        b'\n' => out.put(b"\\n"),
        b'\r' => out.put(b"\\r"),
        b'\t' => out.put(b"\\t"),
        0x08 => out.put(b"\\b"),
        0x0c => out.put(b"\\f"),
        0..0x20 | 0x7f => _ = write!(out, "\\u{byte:04x}"),
        _ => out.push(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(bytes: &[u8]) -> (String, bool) {
        let mut buffer = Buffer::default();
        let exact = buffer.string("", bytes);
        (String::from_utf8(buffer.bytes.as_slice().to_vec()).unwrap(), exact)
    }

    #[test]
    fn strings_are_escaped_and_say_whether_they_were_utf8() {
        for (bytes, want, exact) in [
            (&b""[..], "\"\"", true),
            (b"fluffy tail", "\"fluffy tail\"", true),
            (b"say \"hi\"\\\r\n\t\x08\x0c", r#""say \"hi\"\\\r\n\t\b\f""#, true),
            (b"\0\x1b[2J\x7f", r#""\u0000\u001b[2J\u007f""#, true),
            ("Füchse 狐 🦊".as_bytes(), "\"Füchse 狐 🦊\"", true),
            // Harmless to JSON, but not to a terminal or to a reader that splits at Unicode's line ends.
            ("\u{85}\u{9b}\u{2028}\u{202e}\u{e0041}".as_bytes(), r#""\u0085\u009b\u2028\u202e\udb40\udc41""#, true),
            (b"caf\xe9 \"\xff", "\"caf\u{fffd} \\\"\u{fffd}\"", false),
            (b"12345678\xe9", "\"12345678\u{fffd}\"", false),
        ] {
            assert_eq!(written(bytes), (want.to_owned(), exact), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn times_keep_their_digits() {
        let mut buffer = Buffer::default();
        for (nanos, digits) in [
            (1_795_467_000_000_059_000, 6),
            (1_795_467_000_100_000_001, 9),
            (1_795_467_000_900_000_001, 0),
            (-1, 3),
            (i64::MIN, 9),
            (i64::MAX, 1),
        ] {
            let time = Timestamp::from_nanos(nanos, digits);
            buffer.bytes.clear();
            buffer.time("", time);
            assert_eq!(String::from_utf8_lossy(buffer.bytes.as_slice()), format!("\"{time}\""));
        }
    }

    #[test]
    fn no_unsafe_character_begins_like_a_safe_one() {
        for c in ('\u{80}'..=char::MAX).filter(|c| escape::is_unsafe(*c)) {
            assert!(may_begin_unsafe(c.encode_utf8(&mut [0; 4]).as_bytes()[0]), "{}", c.escape_unicode());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_read_back_as_what_they_were(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let (json, exact) = written(&bytes);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), String::from_utf8_lossy(&bytes));
            prop_assert_eq!(exact, std::str::from_utf8(&bytes).is_ok());
        }

        #[test]
        fn what_is_known_to_be_plain_is_written_alike(text in "[ !#-\\[\\]-~]{0,100}", from in 0_usize..100, to in 0_usize..100) {
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let part = from.min(to)..from.max(to);
            let mut buffer = Buffer::default();
            buffer.part("", text.as_bytes(), &(part.start as u32..part.end as u32), true);
            let (want, _) = written(&text.as_bytes()[part]);
            prop_assert_eq!(buffer.bytes.as_slice(), want.as_bytes());
        }

        #[test]
        fn any_text_reads_back_on_one_line(text in ".*") {
            let (json, exact) = written(text.as_bytes());
            prop_assert!(exact && !json.chars().any(escape::is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
