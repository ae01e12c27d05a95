//! Reads the framing of a chunked body (RFC 9112 §7.1), as leniently as browsers do.
//!
//! It refuses to know what the data is. Each leniency is named in a note; bytes that are no
//! chunk at all are told as [`Step::Broken`].

use super::head::{LONGEST_EXTENSION, chunk_size};
use crate::http::{Note, add_note};

/// What the chunk reader found at the start of the bytes it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many bytes of framing.
    Framing(usize),
    /// So many bytes of the body.
    Data(usize),
    /// So many bytes of framing, the last chunk's: trailers follow.
    Last(usize),
    /// So many bytes could be framing; the next one contradicts the coding.
    Broken(usize),
}

/// Where the reader stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chunks {
    state: State,
    /// The size so far; in the data, how much of it is left.
    size: u64,
    digits: u32,
    /// Bytes of this line besides the digits.
    others: u32,
    /// Whether white space stood after the digits.
    space: bool,
    /// Whether the byte before was a CR.
    carriage: bool,
    /// Whether the first line was a chunk's; until then the body may turn out not to be chunked.
    sure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// In front of or among the digits of the size.
    #[default]
    Size,
    /// After the digits.
    After,
    /// After a semicolon: extensions up to the line's end.
    Extension,
    /// In the data.
    Data,
    /// After the data: its line end.
    Tail,
}

/// Most digits of a size: leading zeros are allowed.
const MOST_DIGITS: u32 = 1024;

/// So many bytes that belong to no chunk size may follow the first one. Browsers that read the
/// size with `strtoul` pass over any number; but a body that is not chunked may start with a
/// hexadecimal digit too.
const MOST_ODD: u32 = 3;

impl Chunks {
    /// Whether a chunk's first line was read: the body is chunked.
    pub(crate) fn is_sure(&self) -> bool {
        self.sure
    }

    /// Whether `count` bytes can be missing without the framing being lost; moves over them.
    pub(crate) fn skip(&mut self, count: u64) -> bool {
        if self.state != State::Data || count > self.size {
            return false;
        }
        self.pass(count);
        true
    }

    /// Moves over data.
    fn pass(&mut self, count: u64) {
        self.size -= count;
        if self.size == 0 {
            self.state = State::Tail;
        }
    }

    /// Takes the next step into `bytes`, which are not empty.
    pub(crate) fn step(&mut self, bytes: &[u8], notes: &mut Vec<Note>) -> Step {
        self.step_by(bytes, notes, chunk_size)
    }

    /// Takes the next step. `chunk_size` reads whole first lines that need no note; all others are
    /// read byte by byte.
    fn step_by(
        &mut self,
        bytes: &[u8],
        notes: &mut Vec<Note>,
        chunk_size: impl Fn(&[u8]) -> Option<(usize, u64)>,
    ) -> Step {
        if self.state == State::Data {
            let length = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len());
            self.pass(length as u64);
            return Step::Data(length);
        }
        for (at, byte) in bytes.iter().enumerate() {
            if self.is_fresh()
                && let Some((length, size)) = chunk_size(bytes.get(at..).unwrap_or_default())
            {
                self.size = size;
                return self.size_is_known(at + length);
            }
            let carriage = std::mem::replace(&mut self.carriage, *byte == b'\r');
            if carriage && *byte != b'\n' {
                add_note(notes, "bare-cr");
            }
            if self.state == State::Tail {
                match byte {
                    b'\r' => {}
                    b'\n' => self.line_is_over(carriage, notes),
                    _ => {
                        add_note(notes, "chunk-without-end");
                        self.state = State::Size;
                        return Step::Framing(at);
                    }
                }
            } else if *byte == b'\n' && self.digits > 0 {
                return self.size_is_over(at + 1, carriage, notes);
            } else if !self.size_line(*byte, notes) {
                return Step::Broken(at);
            }
        }
        Step::Framing(bytes.len())
    }

    /// Takes a byte of the line with the size; returns whether it can be one.
    fn size_line(&mut self, byte: u8, notes: &mut Vec<Note>) -> bool {
        if self.state == State::Size {
            if let Some(digit) = (byte as char).to_digit(16) {
                return self.digit(digit, notes);
            }
            if self.digits == 1 && self.size == 0 && matches!(byte, b'x' | b'X') {
                add_note(notes, "odd-chunk-size");
                return true;
            }
            if self.digits > 0 {
                self.state = State::After;
            } else if matches!(byte, b' ' | b'\t' | 0x0b | 0x0c) {
                add_note(notes, "odd-chunk-size");
            } else {
                add_note(notes, "invalid-chunk-size");
                return false;
            }
        }
        self.others += 1;
        if self.others > LONGEST_EXTENSION {
            add_note(notes, "chunk-extension-too-long");
            return false;
        }
        if self.state == State::After {
            match byte {
                b';' => (self.state, self.sure) = (State::Extension, true),
                b' ' | b'\t' => self.space = true,
                b'\r' => {}
                _ => {
                    add_note(notes, "odd-chunk-size");
                    if !self.sure && self.others > MOST_ODD {
                        add_note(notes, "invalid-chunk-size");
                        return false;
                    }
                }
            }
        }
        true
    }

    fn digit(&mut self, digit: u32, notes: &mut Vec<Note>) -> bool {
        let Some(size) = self.size.checked_mul(16).and_then(|size| size.checked_add(digit.into())) else {
            add_note(notes, "chunk-size-overflow");
            return false;
        };
        self.size = size;
        self.digits += 1;
        if self.digits > MOST_DIGITS {
            add_note(notes, "invalid-chunk-size");
        }
        self.digits <= MOST_DIGITS
    }

    /// A line ended: with LF alone?
    fn line_is_over(&mut self, carriage: bool, notes: &mut Vec<Note>) {
        if !carriage {
            add_note(notes, "bare-lf");
        }
        self.carriage = false;
        self.state = State::Size;
    }

    fn size_is_over(&mut self, consumed: usize, carriage: bool, notes: &mut Vec<Note>) -> Step {
        // White space is allowed in front of an extension only (RFC 9112 §7.1.1).
        if self.space && self.state == State::After {
            add_note(notes, "odd-chunk-size");
        }
        self.line_is_over(carriage, notes);
        self.size_is_known(consumed)
    }

    /// Whether a line with a size begins with the next byte.
    fn is_fresh(&self) -> bool {
        self.state == State::Size && self.digits == 0 && self.others == 0 && !self.carriage
    }

    fn size_is_known(&mut self, consumed: usize) -> Step {
        (self.digits, self.others, self.space, self.sure) = (0, 0, false, true);
        if self.size == 0 {
            return Step::Last(consumed);
        }
        self.state = State::Data;
        Step::Framing(consumed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(notes: &[Note]) -> Vec<&'static str> {
        notes.iter().map(|note| note.0).collect()
    }

    /// The body that chunks carry, the bytes after them, and what was noted.
    fn unchunk(bytes: &[u8], cut: usize) -> (Vec<u8>, Option<usize>, Vec<&'static str>) {
        read(bytes, cut, chunk_size)
    }

    fn read(
        bytes: &[u8],
        cut: usize,
        chunk_size: impl Fn(&[u8]) -> Option<(usize, u64)>,
    ) -> (Vec<u8>, Option<usize>, Vec<&'static str>) {
        let (mut chunks, mut notes, mut body, mut at) = (Chunks::default(), Vec::new(), Vec::new(), 0);
        while at < bytes.len() {
            let end = if at < cut { cut } else { bytes.len() };
            match chunks.step_by(&bytes[at..end], &mut notes, &chunk_size) {
                Step::Framing(n) => at += n,
                Step::Data(n) => {
                    body.extend(&bytes[at..at + n]);
                    at += n;
                }
                Step::Last(n) => return (body, Some(at + n), names(&notes)),
                Step::Broken(_) => return (body, None, names(&notes)),
            }
        }
        (body, None, names(&notes))
    }

    #[test]
    fn chunks_are_read_however_they_are_cut() {
        for (bytes, body, whole, notes) in [
            (&b"3\r\nabc\r\n0\r\n"[..], &b"abc"[..], true, &[][..]),
            (b"003;x=y\r\nabc\r\n0\r\n", b"abc", true, &[]),
            (b"3 ; x\r\nabc\r\n0\r\n", b"abc", true, &[]),
            (b"3 \r\nabc\r\n0\r\n", b"abc", true, &["odd-chunk-size"]),
            (b"3\nabc\n0\n", b"abc", true, &["bare-lf"]),
            (b"3\r\r\nabc\r\n0\r\n", b"abc", true, &["bare-cr"]),
            (b"3\r\nabc\r\r\n0\r\n", b"abc", true, &["bare-cr"]),
            (b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0;e\r\n", b"01234567890123456789a", true, &[]),
            (b" 3\r\nabc\r\n0\r\n", b"abc", true, &["odd-chunk-size"]),
            (b"0x3\r\nabc\r\n0\r\n", b"abc", true, &["odd-chunk-size"]),
            (b"3x\r\nabc\r\n0\r\n", b"abc", true, &["odd-chunk-size"]),
            (b"\x0b3\x0c\r\nabc\r\n0\r\n", b"abc", true, &["odd-chunk-size"]),
            (b"3\r\nabc0\r\n", b"abc", true, &["chunk-without-end"]),
            (b"xyz\r\n", b"", false, &["invalid-chunk-size"]),
            (b"Dear sir\r\n", b"", false, &["odd-chunk-size", "invalid-chunk-size"]),
            (b"3\r\nabc\r\nx\r\n", b"abc", false, &["invalid-chunk-size"]),
            (b"-1\r\n", b"", false, &["invalid-chunk-size"]),
            (b"\r\n", b"", false, &["invalid-chunk-size"]),
            (b"fffffffffffffffff\r\n", b"", false, &["chunk-size-overflow"]),
        ] {
            for cut in 0..bytes.len() {
                let shown = bytes.escape_ascii();
                let end = whole.then_some(bytes.len());
                assert_eq!(unchunk(bytes, cut), (body.to_vec(), end, notes.to_vec()), "{shown} cut at {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn httparse_reads_sizes_as_they_are_read_byte_by_byte(
            parts in prop::collection::vec(prop::sample::select(vec![
                "0", "3", "0a", "ffffffffffffffff", "00000000000000001", "x", ";a=b", ";", " ", "\t", "\r\n", "\r\n", "\n",
                "\r", "abc", "abc\r\n3\r\n", "0\r\n",
            ]), 0..12),
            cut in 0..20_usize,
        ) {
            let bytes = parts.concat().into_bytes();
            let slow = read(&bytes, 0, |_| None);
            prop_assert_eq!(&unchunk(&bytes, cut.min(bytes.len())), &slow, "{}", bytes.escape_ascii());
        }

        #[test]
        fn an_extension_is_too_long_for_both_at_once(length in 65_530..65_540_usize) {
            let bytes = [&b"3;"[..], &b"a".repeat(length), b"\r\nabc\r\n0\r\n"].concat();
            let slow = read(&bytes, 0, |_| None);
            prop_assert_eq!(unchunk(&bytes, 0), slow);
        }
    }
}
