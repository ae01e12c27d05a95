//! JSON bodies (RFC 8259): each string and number with the path to it.
//!
//! Reads what is there and stops where it stops being JSON; a body may be cut. It refuses to
//! build a tree.

use super::field::{Field, Sink};
use std::fmt::Write as _;
use std::ops::Range;

/// Deeper nesting than this is read, but not named.
const DEEPEST: usize = 64;

pub(super) fn inspect(body: &[u8], sink: &mut Sink<'_>) {
    let mut reader = Reader { body, at: 0, path: Vec::new() };
    while reader.skip_space().is_some() {
        if reader.value(sink, 0).is_none() {
            break;
        }
        // One value a line (JSON Lines) is read like one after the other.
        if reader.skip_space() == Some(b',') {
            reader.at += 1;
        }
    }
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    path: Vec<Step>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Reader<'_> {
    fn skip_space(&mut self) -> Option<u8> {
        while self.body.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    /// Reads one value. `None` where the body ends or is no JSON.
    fn value(&mut self, sink: &mut Sink<'_>, depth: usize) -> Option<()> {
        match self.skip_space()? {
            b'{' => self.object(sink, depth),
            b'[' => self.array(sink, depth),
            b'"' => {
                let (span, escaped) = self.string()?;
                self.tell(span, escaped, sink);
                Some(())
            }
            _ => {
                let start = self.at;
                let rest = self.body.get(start..)?;
                let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
                let length = end.unwrap_or(rest.len());
                if length == 0 {
                    return None;
                }
                self.at += length;
                let number = rest.get(..length)?.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
                if number {
                    self.tell(start..self.at, false, sink);
                }
                Some(())
            }
        }
    }

    fn object(&mut self, sink: &mut Sink<'_>, depth: usize) -> Option<()> {
        self.at += 1;
        loop {
            match self.skip_space()? {
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => self.at += 1,
                b'"' => {
                    let (span, _) = self.string()?;
                    let key = unescape(self.body.get(span)?);
                    if self.skip_space()? != b':' {
                        return None;
                    }
                    self.at += 1;
                    self.nested(Step::Key(String::from_utf8_lossy(&key).into_owned()), sink, depth)?;
                }
                _ => return None,
            }
        }
    }

    fn array(&mut self, sink: &mut Sink<'_>, depth: usize) -> Option<()> {
        self.at += 1;
        let mut index = 0;
        loop {
            match self.skip_space()? {
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                b',' => {
                    self.at += 1;
                    index += 1;
                }
                _ => self.nested(Step::Index(index), sink, depth)?,
            }
        }
    }

    fn nested(&mut self, step: Step, sink: &mut Sink<'_>, depth: usize) -> Option<()> {
        if depth >= DEEPEST {
            return None;
        }
        self.path.push(step);
        let read = self.value(sink, depth + 1);
        self.path.pop();
        read
    }

    /// Reads a string; where its content stands, and whether it has escapes.
    fn string(&mut self) -> Option<(Range<usize>, bool)> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.body.get(at..)?)?;
            if self.body.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Some((start..at, escaped));
            }
            escaped = true;
            at += 2;
        }
    }

    /// Hands on the value at `span`: under the nearest key.
    fn tell(&self, span: Range<usize>, escaped: bool, sink: &mut Sink<'_>) {
        let key = self.path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        let name = key.unwrap_or_default();
        if !escaped && !Sink::cares_for(name) {
            return;
        }
        let raw = self.body.get(span.clone()).unwrap_or_default();
        let value = if escaped { unescape(raw) } else { raw.to_vec() };
        let step = format!("json {}", self.name());
        sink.field(Field { name, value: &value, span, step: &step, escaped });
    }

    /// The path as `jq` writes it: `.user.password`, `.users[0].password`.
    fn name(&self) -> String {
        let mut name = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => {
                    name.push('.');
                    name.push_str(key);
                }
                Step::Key(key) => {
                    name.push_str("[\"");
                    name.push_str(key);
                    name.push_str("\"]");
                }
                Step::Index(index) => _ = write!(name, "[{index}]"), // cannot fail
            }
        }
        if name.is_empty() { ".".to_owned() } else { name }
    }
}

/// A string's content without its escapes.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            plain.push(*first);
            continue;
        }
        let [kind, after @ ..] = rest else { break };
        rest = after;
        match kind {
            b'n' => plain.push(b'\n'),
            b't' => plain.push(b'\t'),
            b'r' => plain.push(b'\r'),
            b'b' => plain.push(8),
            b'f' => plain.push(12),
            b'u' => {
                let unit = |text: &[u8]| {
                    let digits = std::str::from_utf8(text.get(..4)?).ok()?;
                    u16::from_str_radix(digits, 16).ok()
                };
                let Some(first) = unit(rest) else { continue };
                rest = rest.get(4..).unwrap_or_default();
                let second = rest.strip_prefix(b"\\u").and_then(unit).filter(|unit| (0xdc00..0xe000).contains(unit));
                let second = second.filter(|_| (0xd800..0xdc00).contains(&first));
                if second.is_some() {
                    rest = rest.get(6..).unwrap_or_default();
                }
                for letter in char::decode_utf16([first].into_iter().chain(second)) {
                    let mut bytes = [0; 4];
                    let letter = letter.unwrap_or(char::REPLACEMENT_CHARACTER);
                    plain.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
                }
            }
            other => plain.push(*other),
        }
    }
    plain
}
