//! Removes encodings that leave the sender a choice, and tells where each byte came from.
//!
//! Works on a piece of text wherever it was cut: what is no whole escape stays as it is. It
//! refuses to know what is looked for in the result.

use std::ops::Range;

/// Bytes, and where in the original each came from.
#[derive(Debug, Clone, Default)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// For each byte the range in the original that it was made of.
    pub(super) spans: Vec<(u32, u32)>,
    /// For each byte the encoding that it was in.
    pub(super) kinds: Vec<Kind>,
}

/// The encoding of one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Percent,
    Json,
    Html,
    Quoted,
    Base64,
    Hex,
    Utf16,
    Folded,
}

impl Kind {
    /// As findings name it.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain | Self::Folded => None,
            Self::Percent => Some("percent"),
            Self::Json => Some("json"),
            Self::Html => Some("html"),
            Self::Quoted => Some("quoted-printable"),
            Self::Base64 => Some("base64"),
            Self::Hex => Some("hex"),
            Self::Utf16 => Some("utf-16"),
        }
    }
}

impl Decoded {
    fn push(&mut self, byte: u8, start: usize, end: usize, kind: Kind) {
        self.bytes.push(byte);
        self.spans.push((start as u32, end as u32));
        self.kinds.push(kind);
    }

    /// The range in the original of a range that is not empty.
    pub(super) fn original(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let (first, last) = (self.spans.get(range.start)?, self.spans.get(range.end.checked_sub(1)?)?);
        Some(first.0 as usize..last.1 as usize)
    }
}

impl Decoded {
    /// Whether the byte at `at` is an odd number of bytes behind the beginning of what is encoded
    /// there, single bytes that are not among it.
    pub(super) fn is_odd(&self, at: usize) -> bool {
        let plain = |at: usize| self.kinds.get(at) == Some(&Kind::Plain);
        let mut start = at;
        while start > 0 && !(plain(start) && plain(start - 1)) {
            start -= 1;
        }
        // What stands plainly before all that is encoded is no part of it, unless all letters do.
        if start < at && plain(start) && !plain(start + 1) && !plain(start + 2) {
            start += 1;
        }
        !(at - start).is_multiple_of(2)
    }
}

/// One way to look at bytes: nothing where there is no sign of its encoding.
pub(super) type Lens = fn(&[u8], &Need) -> Vec<Decoded>;

/// What is looked for, so far as lenses need to know.
#[derive(Debug, Clone)]
pub(super) struct Need {
    /// The least number of bytes that stand in base64 or hex as a whole.
    pub(super) shortest: usize,
    /// Which bytes can be of use once decoded: escapes of others are left as they are.
    pub(super) useful: [bool; 256],
}

impl Need {
    fn has(&self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.useful.get(usize::from(*byte)).is_some_and(|useful| *useful))
    }
}

fn hex(bytes: Option<&[u8]>) -> Option<u32> {
    let bytes = bytes?;
    bytes.iter().try_fold(0_u32, |sum, byte| Some(sum << 4 | char::from(*byte).to_digit(16)?))
}

/// Percent-encoding, JSON's and HTML's escapes, all of them or some.
pub(super) fn escapes(text: &[u8], need: &Need) -> Vec<Decoded> {
    let mut signs = memchr::memchr3_iter(b'%', b'\\', b'&', text);
    let Some((first, mut escape)) = signs.find_map(|at| Some((at, escape(text, at, need)?))) else {
        return Vec::new();
    };
    let mut out = Decoded::default();
    let mut at = 0;
    let mut sign = first;
    loop {
        for (at, byte) in (at..sign).zip(text.get(at..sign).unwrap_or_default()) {
            out.push(*byte, at, at + 1, Kind::Plain);
        }
        let (bytes, length, kind) = escape;
        for byte in bytes {
            out.push(byte, sign, sign + length, kind);
        }
        at = sign + length;
        let next = signs.find_map(|sign| Some((sign, self::escape(text, sign, need)?)).filter(|_| sign >= at));
        let Some((next, found)) = next else { break };
        (sign, escape) = (next, found);
    }
    for (at, byte) in (at..).zip(text.get(at..).unwrap_or_default()) {
        out.push(*byte, at, at + 1, Kind::Plain);
    }
    vec![out]
}

/// The escape at `at`, where its result is of use.
fn escape(text: &[u8], at: usize, need: &Need) -> Option<Escape> {
    let found = match text.get(at)? {
        b'%' => hex(text.get(at + 1..at + 3)).map(|value| (vec![value as u8], 3, Kind::Percent)),
        b'\\' => backslash(text, at),
        b'&' => entity(text, at),
        _ => None,
    };
    found.filter(|(bytes, ..)| need.has(bytes) || (is_line_end(bytes) && ends_softly(text, at)))
}

const fn is_line_end(bytes: &[u8]) -> bool {
    matches!(bytes, b"\r" | b"\n")
}

/// Whether what stands before `at` makes a line's end there a soft one of quoted-printable: an `=`
/// and perhaps a carriage return, in whatever encoding. Other ends of lines are of no use, and many.
fn ends_softly(text: &[u8], at: usize) -> bool {
    const RETURNS: [&[u8]; 8] = [b"\r", b"%0d", b"\\r", b"\\u000d", b"&#13;", b"&#xd;", b"=0d", b"\\x0d"];
    const EQUALS: [&[u8]; 7] = [b"=", b"%3d", b"\\u003d", b"&#61;", b"&#x3d;", b"=3d", b"\\x3d"];
    fn strip(text: &[u8], end: &[u8]) -> Option<usize> {
        let start = text.len().checked_sub(end.len())?;
        text.get(start..).is_some_and(|last| last.eq_ignore_ascii_case(end)).then_some(start)
    }
    // A line may end softly amid that.
    let joined = |text| strip(text, b"=\r\n").and_then(|end| text.get(..end)).unwrap_or(text);
    let before = joined(text.get(..at).unwrap_or_default());
    let before = joined(RETURNS.iter().find_map(|end| before.get(..strip(before, end)?)).unwrap_or(before));
    EQUALS.iter().any(|end| strip(before, end).is_some())
}

type Escape = (Vec<u8>, usize, Kind);

/// JSON's escapes (RFC 8259 §7), and `\x41` of scripts.
fn backslash(text: &[u8], at: usize) -> Option<Escape> {
    let one = |byte: u8| Some((vec![byte], 2, Kind::Json));
    match text.get(at + 1)? {
        b'u' => {
            let unit = |at: usize| hex(text.get(at..at + 4)).map(|value| value as u16);
            let first = unit(at + 2)?;
            let pair = (0xd800..0xdc00).contains(&first) && text.get(at + 6..at + 8) == Some(b"\\u");
            let second = if pair { unit(at + 8) } else { None };
            let length = if second.is_some() { 12 } else { 6 };
            let letter = char::decode_utf16([first].into_iter().chain(second)).next()?.ok()?;
            Some((letter.encode_utf8(&mut [0; 4]).as_bytes().to_vec(), length, Kind::Json))
        }
        b'x' => Some((vec![hex(text.get(at + 2..at + 4))? as u8], 4, Kind::Json)),
        byte @ (b'/' | b'"' | b'\\' | b'\'') => one(*byte),
        b'n' => one(b'\n'),
        b't' => one(b'\t'),
        b'r' => one(b'\r'),
        _ => None,
    }
}

/// HTML's and XML's character references: by number, and the five names that every writer uses.
fn entity(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at + 1..)?;
    let end = rest.iter().take(10).position(|byte| *byte == b';')?;
    let letter = match rest.get(..end)? {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() => char::from_u32(hex(Some(digits))?)?,
        [b'#', digits @ ..] => char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((letter.encode_utf8(&mut [0; 4]).as_bytes().to_vec(), end + 2, Kind::Html))
}

/// Quoted-printable (RFC 2045 §6.7): `=41`, and lines that go on behind `=`.
pub(super) fn quoted(text: &[u8], need: &Need) -> Vec<Decoded> {
    // The byte, if any, and how much of the text it was.
    let escape = |at: usize| match *text.get(at + 1..)? {
        [b'\r', b'\n', ..] => Some((None, 3)),
        [b'\n', ..] => Some((None, 2)),
        [_, _, ..] => {
            let value = hex(text.get(at + 1..at + 3))? as u8;
            let useful = need.has(&[value]) || (is_line_end(&[value]) && ends_softly(text, at));
            useful.then_some((Some(value), 3))
        }
        _ => None,
    };
    if !memchr::memchr_iter(b'=', text).any(|at| escape(at).is_some()) {
        return Vec::new();
    }
    let mut out = Decoded::default();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match escape(at).filter(|_| byte == b'=') {
            Some((Some(value), length)) => {
                out.push(value, at, at + length, Kind::Quoted);
                at += length;
            }
            Some((None, length)) => {
                // What follows a soft break begins with it.
                let start = at;
                at += length;
                if let Some(&next) = text.get(at).filter(|next| **next != b'=') {
                    out.push(next, start, at + 1, Kind::Quoted);
                    at += 1;
                }
            }
            None => {
                out.push(byte, at, at + 1, Kind::Plain);
                at += 1;
            }
        }
    }
    vec![out]
}

/// UTF-16 of either order and from either byte on, made UTF-8. Its sign are three letters of
/// ASCII in a row: every other byte is zero.
pub(super) fn utf16(text: &[u8], _: &Need) -> Vec<Decoded> {
    let sign = |part: &[u8]| matches!(part, [a, 0, b, 0, c, 0] | [0, a, 0, b, 0, c] if *a != 0 && *b != 0 && *c != 0);
    if !memchr::memchr_iter(0, text).any(|at| text.get(at.saturating_sub(1)..at + 5).is_some_and(sign)) {
        return Vec::new();
    }
    let mut all = Vec::with_capacity(4);
    for phase in 0..2 {
        for order in [u16::from_le_bytes as fn([u8; 2]) -> u16, u16::from_be_bytes] {
            let pairs = text.get(phase..).unwrap_or_default().chunks_exact(2);
            let units = pairs.map(|pair| order([pair[0], pair[1]]));
            let mut out = Decoded::default();
            let mut at = phase;
            for letter in char::decode_utf16(units) {
                let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
                let end = at + letter.len_utf16() * 2;
                for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                    out.push(byte, at, end, Kind::Utf16);
                }
                at = end;
            }
            all.push(out);
        }
    }
    all
}

fn base64_value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The stretches of `text` whose bytes all pass `test`, at least `least` long.
fn stretches(text: &[u8], least: usize, test: impl Fn(u8) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    // From the end of the shortest stretch backwards: what is no part of it is a reason to leap.
    while let Some(part) = text.get(at..at + least) {
        if let Some(stranger) = part.iter().rposition(|byte| !test(*byte)) {
            at += stranger + 1;
            continue;
        }
        let rest = text.get(at + least..).unwrap_or_default();
        let end = at + least + rest.iter().position(|byte| !test(*byte)).unwrap_or(rest.len());
        found.push((at, end));
        at = end;
    }
    found
}

/// Stretches of base64, decoded from each of four letters on: a stretch may begin with what is
/// no part of it.
pub(super) fn base64(text: &[u8], need: &Need) -> Vec<Decoded> {
    // Of the first and the last letter only some bits may be the text's.
    let least = (need.shortest * 4).div_ceil(3).saturating_sub(1).max(6);
    let mut all = Vec::new();
    for (start, end) in stretches(text, least, |byte| base64_value(byte).is_some()) {
        for phase in 0..4 {
            let mut out = Decoded::default();
            let (mut bits, mut held) = (0_u32, 0);
            let mut first = start + phase;
            for at in start + phase..end {
                let Some(value) = text.get(at).copied().and_then(base64_value) else { break };
                bits = bits << 6 | u32::from(value);
                held += 6;
                if held >= 8 {
                    held -= 8;
                    out.push((bits >> held) as u8, first, at + 1, Kind::Base64);
                    first = if held == 0 { at + 1 } else { at };
                }
            }
            all.push(out);
        }
    }
    all
}

/// Stretches of hexadecimal digits, decoded from either of two on.
pub(super) fn hexadecimal(text: &[u8], need: &Need) -> Vec<Decoded> {
    let mut all = Vec::new();
    for (start, end) in stretches(text, need.shortest * 2, |byte| byte.is_ascii_hexdigit()) {
        for phase in 0..2 {
            let mut out = Decoded::default();
            let mut at = start + phase;
            while let Some(value) = text.get(at..at + 2).filter(|_| at + 2 <= end).and_then(|pair| hex(Some(pair))) {
                out.push(value as u8, at, at + 2, Kind::Hex);
                at += 2;
            }
            all.push(out);
        }
    }
    all
}

/// Base64 in lines, made one line.
pub(super) fn unfolded(text: &[u8], _: &Need) -> Vec<Decoded> {
    // A line of it is at least as long as a short comment.
    const LINE: usize = 20;
    let wrapped = memchr::memchr_iter(b'\n', text).any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let before = before.strip_suffix(b"\r").unwrap_or(before);
        before.len() >= LINE && before.iter().rev().take(LINE).all(|byte| base64_value(*byte).is_some())
    });
    if !wrapped {
        return Vec::new();
    }
    let mut out = Decoded::default();
    for (at, &byte) in text.iter().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')) {
        out.push(byte, at, at + 1, Kind::Folded);
    }
    vec![out]
}
