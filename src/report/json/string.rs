//! Strings of any bytes, with what JSON, a terminal or a reader of lines would trip over escaped.
//!
//! This module refuses to know what they mean.

use super::value::Buffer;
use crate::processor;
use crate::report::escape;
use std::io::Write as _;
use wide::i8x16;

/// So many bytes are looked at together.
const BLOCK: usize = 32;

/// A block and as much behind it: a block that begins at any byte of the first lies within.
type Window = [u8; 2 * BLOCK];

impl Buffer {
    /// A string of bytes that should be UTF-8. What is not becomes U+FFFD, and the answer
    /// is whether all of it was.
    #[inline]
    pub(in crate::report) fn string(&mut self, separator: &str, bytes: &[u8]) -> bool {
        self.raw(separator);
        self.quoted(bytes)
    }

    fn quoted(&mut self, bytes: &[u8]) -> bool {
        self.bytes.push(b'"');
        let exact = self.escaped(bytes);
        self.bytes.push(b'"');
        exact
    }

    /// Appends the inside of a string.
    pub(super) fn escaped(&mut self, bytes: &[u8]) -> bool {
        let (mut rest, mut exact) = (bytes, true);
        while !rest.is_empty() {
            let (plain, after) = rest.split_at(plain(rest));
            self.bytes.put(plain);
            rest = after;
            let mut padded = [0; 2 * BLOCK];
            let window = rest.first_chunk().unwrap_or_else(|| {
                padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                &padded
            });
            let have = rest.len().min(BLOCK);
            let done = self.ascii(window, have);
            rest = rest.get(done..).unwrap_or_default();
            if done < have {
                // A character is all ASCII or has no ASCII in it, so that runs can be judged
                // by themselves.
                let run = rest.split(u8::is_ascii).next().unwrap_or_default();
                exact &= self.characters(run);
                rest = rest.get(run.len()..).unwrap_or_default();
            }
        }
        exact
    }

    /// Appends what of the first `have` bytes stands before a character beyond ASCII; says how many
    /// they are.
    #[inline]
    fn ascii(&mut self, window: &Window, have: usize) -> usize {
        // The bit behind the last ends the search.
        let mut marked = window.first_chunk().map_or(0, marked) | 1 << have;
        let mut at = 0;
        loop {
            let next = marked.trailing_zeros() as usize;
            if let Some(block) = window.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
                self.bytes.block(block, next.saturating_sub(at));
            }
            let byte = window.get(next).copied().unwrap_or_default();
            if next >= have || !byte.is_ascii() {
                return next.min(have);
            }
            let escape = ESCAPES.get(usize::from(byte)).copied().unwrap_or_default();
            self.bytes.word(escape, (escape >> COUNT) as usize);
            at = next + 1;
            marked &= marked - 1;
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

/// How many bytes JSON takes as they are, in whole windows.
#[inline]
#[allow(clippy::needless_bitwise_bool)] // branches would look at one byte at a time
fn plain(bytes: &[u8]) -> usize {
    let (windows, _) = bytes.as_chunks::<{ 2 * BLOCK }>();
    if windows.is_empty() {
        return 0;
    }
    // Without a way out in the middle of a window all its bytes are looked at at once.
    let is_odd = |byte: u8| !(b' '..=b'~').contains(&byte) | (byte == b'"') | (byte == b'\\');
    let count = processor::best(|| {
        windows.iter().position(|window| window.iter().fold(false, |any, &byte| any | is_odd(byte)))
    });
    count.unwrap_or(windows.len()) * 2 * BLOCK
}

/// Which of a block's bytes JSON doesn't take as they are, or are not ASCII: bit n stands for byte n.
#[inline]
fn marked(block: &[u8; BLOCK]) -> u64 {
    let (parts, _) = block.as_chunks();
    parts.iter().rev().fold(0, |bits, part| bits << 16 | u64::from(marks(part).to_bitmask()))
}

/// Those of a part's bytes, as lanes of ones.
#[inline]
fn marks(part: &[u8; 16]) -> i8x16 {
    // As signed numbers all that is not ASCII is below it.
    let bytes = i8x16::from(part.map(u8::cast_signed));
    let all = |byte: u8| i8x16::splat(byte.cast_signed());
    let control = all(b' ').simd_gt(bytes) | bytes.simd_eq(all(0x7f));
    control | bytes.simd_eq(all(b'"')) | bytes.simd_eq(all(b'\\'))
}

/// Where the length of an escape begins in its word.
const COUNT: u32 = 56;

/// What is written for each ASCII character that JSON does not take as it is: a little-endian word, with
/// the length in its highest byte.
const ESCAPES: [u64; 128] = {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < table.len() {
        let short = match byte as u8 {
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' => b'"',
            b'\\' => b'\\',
            _ => 0,
        };
        table[byte] = u64::from_le_bytes(match short {
            0 => [b'\\', b'u', b'0', b'0', HEX[byte >> 4], HEX[byte & 15], 0, 6],
            _ => [b'\\', short, 0, 0, 0, 0, 0, 2],
        });
        byte += 1;
    }
    table
};

/// Whether a character that could drive a terminal, or that is taken for the end of a line by
/// some, can have this first byte in UTF-8. Most letters have others.
const fn may_begin_unsafe(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xcd | 0xd8 | 0xdb | 0xdc | 0xe0..=0xe3 | 0xef | 0xf0 | 0xf3)
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
    fn every_character_at_every_place() {
        for c in ('\0'..='\u{2fff}').chain(['\u{feff}', '🦊', '\u{e0041}']) {
            for at in [0, 1, 7, 15, 30, 31, 32, 33, 63, 64, 65, 95] {
                let text = "x".repeat(at) + &c.to_string() + &"y".repeat(95 - at);
                let (json, exact) = written(text.as_bytes());
                assert!(exact && !json.chars().any(escape::is_unsafe), "{} at {at}", c.escape_unicode());
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            }
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
        fn any_bytes_read_back_as_what_they_were(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x20_u8..0x7f], 0..200)) {
            let (json, exact) = written(&bytes);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), String::from_utf8_lossy(&bytes));
            prop_assert_eq!(exact, std::str::from_utf8(&bytes).is_ok());
        }

        #[test]
        fn many_bytes_at_a_time_are_judged_as_each_by_itself(
            bytes in proptest::collection::vec(prop_oneof![1 => any::<u8>(), 200 => 0x20_u8..0x7f], 0..400),
        ) {
            let is_odd = |byte: &u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\');
            let windows = bytes.as_chunks::<{ 2 * BLOCK }>().0;
            let want = windows.iter().take_while(|window| !window.iter().any(is_odd)).count();
            prop_assert_eq!(plain(&bytes), want * 2 * BLOCK);
        }

        #[test]
        fn a_blocks_marks_are_those_of_its_bytes(block: [u8; BLOCK]) {
            let is = |byte: u8| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\');
            let want = (0..).zip(block).fold(0, |bits, (at, byte)| bits | u64::from(is(byte)) << at);
            prop_assert_eq!(marked(&block), want);
        }

        #[test]
        fn any_text_reads_back_on_one_line(text in ".*") {
            let (json, exact) = written(text.as_bytes());
            prop_assert!(exact && !json.chars().any(escape::is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
