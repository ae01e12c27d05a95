//! Reads whole heads in good order in one pass (RFC 9112 §2 to §5).
//!
//! Nearly all heads are such. It refuses whatever wants a note: that is for the lenient reader
//! to name.

mod masks;

use super::message::{Message, Span, Start};
use super::recognize::{LONGEST_STRANGE_LINE, is_token};
use masks::{BLOCK, Masks};
use memchr::memchr;
use std::ops::Range;

/// Most fields that it takes; a head with more is read by the lenient reader.
const MOST_FIELDS: usize = 96;

/// For so many there is room at once.
const USUAL_FIELDS: usize = 12;

/// Longest method that it takes.
const LONGEST_METHOD: usize = 16;

/// Methods that begin other protocols' first lines.
const FOREIGN: [&[u8]; 2] = [b"PRI", b"ICY"];

/// Reads the head that `bytes` begin with, where it is whole, no longer than `longest` and in good
/// order. `spare` gives an empty message for it.
pub(super) fn read(bytes: &[u8], longest: usize, spare: impl FnOnce() -> Box<Message>) -> Option<Box<Message>> {
    let bytes = bytes.get(..longest.min(bytes.len()))?;
    #[cfg(target_arch = "x86_64")]
    if crate::avx512::can() {
        #[allow(unsafe_code)]
        // SAFETY: as below.
        return unsafe { read_with_avx512(bytes, spare) };
    } else if crate::avx2::can() {
        #[allow(unsafe_code)]
        // SAFETY: the processor was just found to have what the function is compiled for, which is
        // all that it asks for: it takes no pointers.
        return unsafe { read_with_avx2(bytes, spare) };
    }
    read_with(bytes, Masks::of, spare)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt")]
fn read_with_avx2(bytes: &[u8], spare: impl FnOnce() -> Box<Message>) -> Option<Box<Message>> {
    read_with(bytes, |block| Masks::with_avx2(block), spare)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx2,bmi1,bmi2,lzcnt")]
fn read_with_avx512(bytes: &[u8], spare: impl FnOnce() -> Box<Message>) -> Option<Box<Message>> {
    read_with(bytes, |block| Masks::with_avx512(block), spare)
}

#[inline(always)]
#[allow(clippy::inline_always)] // so that it is compiled for the processor that its caller knows of
fn read_with(
    bytes: &[u8],
    masks_of: impl Fn(&[u8]) -> Masks,
    spare: impl FnOnce() -> Box<Message>,
) -> Option<Box<Message>> {
    let mut lines = Lines { bytes, from: 0, colon: None, named: true, spare: Some(spare), message: None };
    // Whether the byte in front of the block is a CR; and all quotes and backslashes.
    let (mut returned, mut marks) = (0, 0);
    for (number, block) in bytes.chunks(BLOCK).enumerate() {
        let masks = masks_of(block);
        let after_returns = masks.returns << 1 | returned;
        returned = masks.returns >> (BLOCK - 1);
        // Each line has to end with CR LF, and nothing else may hold one of them.
        let bad = masks.odd | (after_returns ^ masks.line_feeds);
        let last = lines.take(number * BLOCK, &masks)?;
        let of_head = last.map_or(u64::MAX, Masks::up_to);
        if bad & of_head != 0 {
            return None;
        }
        marks |= masks.marks & of_head;
        if let Some(last) = last {
            let whole = bytes.get(..=number * BLOCK + last as usize)?;
            let mut message = lines.message?;
            message.head.bytes.extend_from_slice(whole);
            message.head.plain = marks == 0;
            return Some(message);
        }
    }
    None
}

/// The lines of a head, read as they come.
struct Lines<'a, F> {
    bytes: &'a [u8],
    /// Where the line under way began.
    from: usize,
    /// Its first colon, where that came.
    colon: Option<usize>,
    /// Whether all that came in front of the colon is known to be a name's.
    named: bool,
    spare: Option<F>,
    /// What is being read, once there was a start line.
    message: Option<Box<Message>>,
}

impl<F: FnOnce() -> Box<Message>> Lines<'_, F> {
    /// Takes the block that begins at `base`. Returns the bit of the blank line's end, where that is in it; `None` where
    /// a line is not in good order.
    #[inline(always)]
    #[allow(clippy::option_option)] // what is refused, and where it ends
    #[allow(clippy::inline_always)] // as `read_with`
    fn take(&mut self, base: usize, masks: &Masks) -> Option<Option<u32>> {
        // The block's bytes that no line was made of yet.
        let (mut ends, mut rest) = (masks.line_feeds, u64::MAX);
        while ends != 0 {
            let bit = ends.trailing_zeros();
            ends &= ends - 1;
            let end = (base + bit as usize).checked_sub(1)?;
            if self.from == end {
                return (end > 0).then_some(Some(bit));
            }
            self.part(base, rest & Masks::up_to(bit), masks);
            rest &= !Masks::up_to(bit);
            if self.from == 0 {
                self.start_line(self.bytes.get(..end)?)?;
            } else {
                self.field(end)?;
            }
            (self.from, self.colon, self.named) = (base + bit as usize + 1, None, true);
        }
        self.part(base, rest, masks);
        Some(None)
    }

    /// Looks for the colon among those bytes of the block at `base` that belong to the line.
    #[inline(always)]
    #[allow(clippy::inline_always)] // as `read_with`
    fn part(&mut self, base: usize, of_line: u64, masks: &Masks) {
        if self.colon.is_none() {
            let colons = masks.colons & of_line;
            let before = of_line & (colons & colons.wrapping_neg()).wrapping_sub(1);
            self.named &= before & !masks.name == 0;
            if colons != 0 {
                self.colon = Some(base + colons.trailing_zeros() as usize);
            }
        }
    }

    fn start_line(&mut self, line: &[u8]) -> Option<()> {
        let (start, version) = if line.starts_with(b"HTTP/") { status_line(line)? } else { request_line(line)? };
        let mut message = self.spare.take()?();
        (message.head.start, message.head.version) = (start, version);
        message.head.fields.reserve(USUAL_FIELDS);
        self.message = Some(message);
        Some(())
    }

    /// `Name: value`, a line that ends at `to`, without its CR.
    fn field(&mut self, mut to: usize) -> Option<()> {
        let (name, colon) = (self.from, self.colon?);
        if colon == name || !(self.named || self.bytes.get(name..colon)?.iter().all(|byte| is_token(*byte))) {
            return None;
        }
        let is_space = |at: usize| self.bytes.get(at) == Some(&b' ');
        let mut value = colon + 1;
        while value < to && is_space(value) {
            value += 1;
        }
        while value < to && is_space(to - 1) {
            to -= 1;
        }
        let fields = &mut self.message.as_mut()?.head.fields;
        if fields.spans().len() == MOST_FIELDS {
            return None;
        }
        fields.push(span(name..colon), span(value..to));
        Some(())
    }
}

fn span(range: Range<usize>) -> Span {
    range.start as u32..range.end as u32
}

/// How long ` HTTP/1.1` is.
const VERSION: usize = 9;

/// `HTTP/1.1`, of any digits.
fn is_version(text: &[u8]) -> bool {
    matches!(text, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit())
}

/// `GET / HTTP/1.1`
fn request_line(line: &[u8]) -> Option<(Start, Span)> {
    let method = line.iter().take(LONGEST_METHOD + 1).position(|byte| !is_token(*byte))?;
    let version = line.len().checked_sub(VERSION)?;
    let target = line.get(method + 1..version)?;
    // Longer ones are believed of known methods only.
    let good = method > 0
        && line.len() <= LONGEST_STRANGE_LINE
        && line.get(method) == Some(&b' ')
        && line.get(version) == Some(&b' ')
        && !target.is_empty()
        && memchr(b' ', target).is_none()
        && is_version(line.get(version + 1..)?)
        && !FOREIGN.contains(&line.get(..method)?);
    let start = Start::Request { method: span(0..method), target: span(method + 1..version) };
    good.then_some((start, span(version + 1..line.len())))
}

/// `HTTP/1.1 200 OK`
fn status_line(line: &[u8]) -> Option<(Start, Span)> {
    let &[b' ', a, b, c, b' '] = line.get(8..13)?.first_chunk()? else { return None };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let status = digit(a)? * 100 + digit(b)? * 10 + digit(c)?;
    let start = Start::Response { status: Some(status), reason: Some(span(13..line.len())) };
    is_version(line.get(..8)?).then_some((start, span(0..8)))
}

#[cfg(test)]
mod tests {
    use super::super::head::lenient;
    use super::super::message::Head;
    use super::super::recognize::{Kind, Look, recognize};
    use super::*;
    use proptest::prelude::*;

    /// What both readers make of the same bytes, if the quick one takes them.
    fn compare(bytes: &[u8]) -> Option<usize> {
        let quick = read(bytes, 1 << 20, Box::default)?.head;
        let length = quick.bytes.len();
        let kind = if quick.method().is_some() { Kind::Request } else { Kind::Response };
        assert_eq!(recognize(bytes), Look::Is(kind), "{}", bytes.escape_ascii());
        assert_eq!(super::super::head::end(bytes, 0), Some(length), "{}", bytes.escape_ascii());
        let mut notes = Vec::new();
        let slow = lenient(kind, &bytes[..length], &mut notes);
        let fields = |head: &Head| -> Vec<_> { head.fields().map(|(n, v)| (n.to_vec(), v.to_vec())).collect() };
        assert!(notes.is_empty(), "{notes:?} for {}", bytes.escape_ascii());
        assert_eq!((&quick.bytes, fields(&quick)), (&slow.bytes, fields(&slow)));
        assert_eq!((quick.method(), quick.target(), quick.version()), (slow.method(), slow.target(), slow.version()));
        assert_eq!((quick.status(), quick.reason()), (slow.status(), slow.reason()));
        for (name, _) in slow.fields() {
            let name = std::str::from_utf8(name).expect("a token");
            assert_eq!(quick.field(name), slow.field(name));
        }
        Some(length)
    }

    #[test]
    fn heads_in_good_order_are_taken_and_read_as_the_lenient_reader_does() {
        for bytes in [
            &b"GET / HTTP/1.1\r\nHost: a\r\nX: \r\nY:z \r\nZ:\r\n\r\n"[..],
            b"POST /a?b HTTP/1.0\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nA:  b  c  \r\n\r\n",
            b"CONNECT a:443 HTTP/1.1\r\n\r\nGET",
            b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
            b"HTTP/1.1 200 \r\nA: b\r\n\r\n",
            b"HTTP/1.1 404 Not Found at all \r\nA: \"b\\\"\r\n\r\nbody\r\n\r\n",
            b"BREW /pot HTTP/1.0\r\nA: b:c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA-name-that-is-longer-than-what-is-looked-at-in-a-step-and-goes-on-behind-it: b\r\n\r\n",
        ] {
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
            assert_eq!(compare(bytes), end, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn whatever_wants_a_note_is_left_to_the_lenient_reader() {
        for bytes in [
            &b""[..],
            b"\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n",
            b"GET / HTTP/1.1\n\n",
            b"GET / HTTP/1.1\r\n\n",
            b"GET / HTTP/1.1\nA: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            b"GET / HTTP/1.1\r\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"GET / HTTP/1.1\r\n: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nA\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: caf\xc3\xa9\r\n\r\n",
            b"GET / HTTP/1.1\r\nA: b\0\r\n\r\n",
            b"GET / HTTP/1.1 \r\n\r\n",
            b"GET  / HTTP/1.1\r\n\r\n",
            b"GET /a b HTTP/1.1\r\n\r\n",
            b"GET / http/1.1\r\n\r\n",
            b"GET / HTTP/1.1x\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET  HTTP/1.1\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"ICY / HTTP/1.0\r\n\r\n",
            b"HTTP/1.1 200\r\n\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1  200 OK\r\n\r\n",
            b"HTTP/11 200 OK\r\n\r\n",
            b"GET / HTTP/1.1\r\nA name-that-is-longer-than-what-is-looked-at-in-a-step-and-goes-on-behind-it: b\r\n\r\n",
        ] {
            assert_eq!(compare(bytes), None, "{}", bytes.escape_ascii());
        }
        let strange = [&b"BREW /"[..], &[b'a'; LONGEST_STRANGE_LINE], b" HTTP/1.1\r\n\r\n"].concat();
        assert_eq!((compare(&strange), recognize(&strange)), (None, Look::Not));
        let long = [&b"GET / HTTP/1.1\r\n"[..], &b"A: b\r\n".repeat(MOST_FIELDS + 1), b"\r\n"].concat();
        assert!(read(&long, 1 << 20, Box::default).is_none());
        assert!(read(b"GET / HTTP/1.1\r\n\r\n", 17, Box::default).is_none());
    }

    #[test]
    fn only_heads_without_anything_to_escape_are_plain() {
        for (value, want) in
            [(&b"a b~!"[..], Some(true)), (b"", Some(true)), (b"say \"hi\"", Some(false)), (b"a\\b", Some(false))]
        {
            let bytes = [b"GET / HTTP/1.1\r\nA: ", value, b"\r\n\r\n"].concat();
            assert_eq!(
                read(&bytes, 1 << 20, Box::default).map(|message| message.head.plain),
                want,
                "{}",
                value.escape_ascii()
            );
        }
    }

    proptest! {
        /// Lines made of what matters, some in good order.
        #[test]
        fn what_it_takes_it_reads_as_the_lenient_reader_does(
            start in proptest::sample::select(vec![
                "GET / HTTP/1.1", "HTTP/1.1 200 OK", "HTTP/1.0 304 ", "X-Y /a?b=c HTTP/1.0", "PUT * HTTP/9.9",
                "GET /a b HTTP/1.1", "HTTP/1.1 200", "ICY 200 OK", "GET /", "get / HTTP/1.1", "G(T / HTTP/1.1",
            ]),
            lines in proptest::collection::vec("[A-Za-z:\" \t\r\\\\é\0-]{0,6}: ?[ -~]{0,40}", 0..20),
            ends in proptest::collection::vec(proptest::sample::select(vec!["\r\n", "\r\n", "\r\n", "\r\n", "\n"]), 22),
            after in "[ -~\r\n]{0,20}",
        ) {
            let mut text = start.to_owned() + ends[0];
            for (line, end) in lines.iter().zip(&ends[1..]) {
                text = text + line + end;
            }
            compare((text + "\r\n" + &after).as_bytes());
        }

        #[test]
        fn any_lines_in_good_order_are_taken(
            lines in proptest::collection::vec("[A-Za-z-]{1,20}: ?[!-~]{0,40}", 0..30),
        ) {
            let text = "GET / HTTP/1.1\r\n".to_owned() + &lines.join("\r\n");
            let text = text + if lines.is_empty() { "\r\n" } else { "\r\n\r\n" };
            prop_assert_eq!(compare(text.as_bytes()), Some(text.len()));
        }
    }
}
