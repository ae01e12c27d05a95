//! What an HTTP message is once it has been read: its head, its body's measure and
//! the exchange that it is part of.

use crate::packet::Place;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// A range of bytes inside a [`Head`]'s own buffer.
pub(crate) type Span = Range<u32>;

/// The start line and the fields of a message, as they were sent (RFC 9112 §2).
///
/// All text is kept once, in one buffer; names and values are ranges of it.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: Start,
    pub(crate) version: Span,
    pub(crate) fields: Fields,
    /// Where the first byte came from.
    pub(crate) first_place: Place,
    /// For each further run of bytes that one packet brought: its first index and its place.
    pub(crate) later_places: Vec<(u32, Place)>,
    /// Whether all text is known to be printable ASCII without quotes and backslashes, which
    /// nothing has to be done to before it is written.
    pub(crate) plain: bool,
}

/// The fields of a head, as ranges of its buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    spans: Vec<(Span, Span)>,
    /// Which lengths the names have: bit n for n bytes, the last for more. Most heads lack most of
    /// the fields that they are asked for.
    lengths: u64,
}

/// There is room at once for so many fields.
const USUAL_FIELDS: usize = 12;

impl From<Vec<(Span, Span)>> for Fields {
    fn from(spans: Vec<(Span, Span)>) -> Self {
        let lengths = spans.iter().fold(0, |lengths, (name, _)| lengths | length_bit(name.len()));
        Self { spans, lengths }
    }
}

impl Fields {
    /// Where each name and value stand, in order.
    pub(crate) fn spans(&self) -> &[(Span, Span)] {
        &self.spans
    }

    /// Adds fields behind those that are there.
    pub(crate) fn extend(&mut self, fields: impl ExactSizeIterator<Item = (Span, Span)>) {
        self.spans.reserve_exact(fields.len().max(USUAL_FIELDS));
        let lengths = &mut self.lengths;
        self.spans.extend(fields.inspect(|(name, _)| *lengths |= length_bit(name.len())));
    }

    fn clear(&mut self) {
        self.spans.clear();
        self.lengths = 0;
    }

    /// Those whose name may have this length.
    fn of_length(&self, length: usize) -> &[(Span, Span)] {
        if self.lengths & length_bit(length) == 0 { &[] } else { &self.spans }
    }
}

/// What stands on the first line.
#[derive(Debug, Clone)]
pub(crate) enum Start {
    /// `method target version`
    Request { method: Span, target: Span },
    /// `version status reason`; no status in HTTP/0.9.
    Response { status: Option<u16>, reason: Option<Span> },
}

impl Default for Start {
    fn default() -> Self {
        Self::Response { status: None, reason: None }
    }
}

impl Head {
    pub(crate) fn slice(&self, span: &Span) -> &[u8] {
        self.bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The version as sent, or `HTTP/0.9` where none was.
    pub fn version(&self) -> &str {
        match std::str::from_utf8(self.slice(&self.version)) {
            Ok("") | Err(_) => "HTTP/0.9",
            Ok(version) => version,
        }
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&[u8]> {
        match &self.start {
            Start::Request { method, .. } => Some(self.slice(method)),
            Start::Response { .. } => None,
        }
    }

    /// The target of a request, as sent.
    pub fn target(&self) -> Option<&[u8]> {
        match &self.start {
            Start::Request { target, .. } => Some(self.slice(target)),
            Start::Response { .. } => None,
        }
    }

    /// The status code of a response; none in HTTP/0.9 and in a request.
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => *status,
        }
    }

    /// The reason phrase of a response, where there was a status line.
    pub fn reason(&self) -> Option<&[u8]> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { reason, .. } => reason.as_ref().map(|span| self.slice(span)),
        }
    }

    /// All fields in order: name and value, obsolete folds made spaces.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.fields.spans().iter().map(|(name, value)| (self.slice(name), self.slice(value)))
    }

    fn empty(&mut self) {
        let Self { bytes, start, version, fields, first_place, later_places, plain } = self;
        bytes.clear();
        fields.clear();
        later_places.clear();
        (*start, *version, *first_place, *plain) = (Start::default(), 0..0, Place::default(), false);
    }

    /// Says where its bytes came from: for each run of bytes that one packet brought its first
    /// index and its place.
    pub(crate) fn set_places(&mut self, mut places: Vec<(u32, Place)>) {
        if !places.is_empty() {
            self.first_place = places.remove(0).1;
            self.later_places = places;
        }
    }

    /// The value of the first field named `name`, in any letter case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields_named(name).next()
    }

    /// Where the value of the first field named `name` stands in the buffer.
    pub(crate) fn field_span(&self, name: &str) -> Option<&Span> {
        self.spans_named(name).next()
    }

    /// The values of all fields named `name`, in any letter case.
    pub(crate) fn fields_named(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.spans_named(name).map(|value| self.slice(value))
    }

    fn spans_named(&self, name: &str) -> impl Iterator<Item = &Span> {
        let same =
            move |span: &Span| span.len() == name.len() && self.slice(span).eq_ignore_ascii_case(name.as_bytes());
        self.fields.of_length(name.len()).iter().filter(move |(name, _)| same(name)).map(|(_, value)| value)
    }

    /// Memory held, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.capacity()
            + self.fields.spans.capacity() * size_of::<(Span, Span)>()
            + self.later_places.capacity() * size_of::<(u32, Place)>()
    }

    /// Where `value`, which is a part of this head, stands in its buffer.
    pub(crate) fn range_of(&self, value: &[u8]) -> Span {
        span_in(&self.bytes, value)
    }

    /// Where the byte at `index` of this head's buffer came from.
    pub(crate) fn place(&self, index: u32) -> Place {
        let run = self.later_places.partition_point(|(first, _)| *first <= index);
        match run.checked_sub(1).and_then(|run| self.later_places.get(run)) {
            Some((first, place)) => place.advanced((index - first) as usize),
            None => self.first_place.advanced(index as usize),
        }
    }
}

/// Where `part`, a slice of `whole`, stands in it.
#[inline]
pub(crate) fn span_in(whole: &[u8], part: &[u8]) -> Span {
    // Heads are far shorter than 4 GiB (`Settings::longest_head`).
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize) as u32;
    start..start.wrapping_add(part.len() as u32)
}

/// What most messages hold, in bytes.
const USUAL_WEIGHT: usize = 16 << 10;

/// The bit of a name's length.
const fn length_bit(length: usize) -> u64 {
    1 << if length < 63 { length } else { 63 }
}

/// What is known of a body (RFC 9112 §6).
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// Bytes after removing the transfer coding and the content coding; `None` where a
    /// coded body had no reason to be decoded.
    pub length: Option<u64>,
    /// Bytes after removing the transfer coding only.
    pub wire_length: u64,
    /// Bytes that were lost in holes of the capture.
    pub missing: u64,
    /// The codings that were removed, in the order in which they were applied: `identity`, `gzip`,
    /// `gzip, br`…; a transfer coding other than `chunked` stands last.
    pub encoding: Cow<'static, str>,
    /// Whether the body was seen to its end.
    pub complete: bool,
    /// SHA-256 of the decoded body, where asked for and nothing is missing.
    pub sha256: Option<[u8; 32]>,
    /// The first bytes of the decoded body, at most as many as were asked for.
    pub kept: Vec<u8>,
    /// Whether the decoded body goes on after `kept`.
    pub truncated: bool,
}

/// A request or a response.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Start line and fields.
    pub head: Head,
    /// Where its first byte stood.
    pub first: Place,
    /// Where its last byte stood.
    pub last: Place,
    /// Its body's measure.
    pub body: Body,
    /// Trailer fields (RFC 9112 §7.1.2), in the shape of a head without a start line.
    pub trailers: Head,
    /// The interim responses (1xx) that came before a final one.
    pub interim: Vec<Head>,
}

/// A named remark on an exchange: a leniency, or something lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Note(pub &'static str);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Message {
    /// A message with this head and nothing else yet.
    pub(crate) fn begin(mut self: Box<Self>, head: Head, first: Place, last: Place) -> Box<Self> {
        self.head = head;
        (self.first, self.last) = (first, last);
        self
    }

    /// Empties one that was told, so that another may be read into it; `None` where it holds more
    /// memory than most need.
    pub(crate) fn empty(mut self: Box<Self>) -> Option<Box<Self>> {
        let Self { head, body, trailers, interim, .. } = &mut *self;
        let usual = head.weight() + body.kept.capacity() <= USUAL_WEIGHT;
        if !usual || trailers.weight() > 0 || interim.capacity() > 0 {
            return None;
        }
        head.empty();
        let mut kept = std::mem::take(&mut body.kept);
        kept.clear();
        *body = Body { kept, ..Body::default() };
        Some(self)
    }

    /// Memory held beyond its own size, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let heads = [&self.head, &self.trailers].into_iter().chain(&self.interim);
        let interim = self.interim.capacity() * size_of::<Head>();
        heads.map(Head::weight).sum::<usize>() + interim + self.body.kept.capacity()
    }
}
/// Adds a note once.
pub(crate) fn add_note(notes: &mut Vec<Note>, name: &'static str) {
    if !notes.iter().any(|note| note.0 == name) {
        notes.push(Note(name));
    }
}
