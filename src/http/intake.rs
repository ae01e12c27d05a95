//! Takes in a message's body as it passes: removes its content coding, measures it, keeps
//! its beginning.

use super::content::{Content, Limits};
use super::exchange::Scan;
use super::head::add;
use super::message::{Head, Message, Note};
use crate::packet::Place;
use crate::tcp::ALLOCATION;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// What is to be done with bodies.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many decoded bytes of each body are kept.
    pub max_body: usize,
    /// Whether bodies are hashed.
    pub sha256: bool,
    /// Whether somebody looks at the decoded bytes.
    pub inspect: bool,
    /// Whether content codings are removed; where not, bodies are as they stand after the transfer
    /// coding. Default true.
    pub decode: bool,
    /// The longest head that is read, in bytes.
    pub longest_head: usize,
    /// Bounds on what bodies decode to.
    pub content: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 4096,
            sha256: false,
            inspect: true,
            decode: true,
            longest_head: 1 << 20,
            content: Limits::default(),
        }
    }
}

impl Settings {
    fn want_bodies(&self) -> bool {
        self.max_body > 0 || self.sha256 || self.inspect
    }
}

/// A message that is being read. `S` is what the observer keeps for its body.
#[derive(Debug, Default)]
pub(crate) struct Incoming<S> {
    pub(crate) message: Box<Message>,
    pub(crate) done: bool,
    /// What it was weighed at, in bytes, once it was read.
    pub(crate) weighed: usize,
    pub(crate) scan: S,
    work: Option<Box<Work>>,
}

/// What only some bodies need.
#[derive(Debug)]
struct Work {
    content: Option<Content>,
    hash: Option<Sha256>,
}

impl<S: Scan> Incoming<S> {
    /// A message whose head was read.
    pub(crate) fn new(mut message: Box<Message>, settings: &Settings, has_body: bool) -> Self {
        message.body.encoding = Cow::Borrowed("identity");
        message.body.length = Some(0);
        let work = if has_body { Self::work(&mut message, settings) } else { None };
        Self { message, done: false, weighed: 0, scan: S::default(), work }
    }

    fn work(message: &mut Message, settings: &Settings) -> Option<Box<Work>> {
        let codings = message.head.fields_named("content-encoding");
        let transfer = message.head.fields_named("transfer-encoding");
        // Transfer codings before `chunked` are removed like content codings; they are on the
        // outside, so they stand last in the order in which codings were applied.
        let values: Vec<_> = codings.chain(transfer).map(without_controls).collect();
        let content = (settings.decode && !values.is_empty())
            .then(|| Content::new(values.iter().map(AsRef::as_ref), settings.content))
            .filter(|content| !content.is_identity() || content.notes().next().is_some());
        if content.is_some() && !settings.want_bodies() {
            message.body.length = None;
            return None;
        }
        let hash = settings.sha256.then(Sha256::new);
        (content.is_some() || hash.is_some()).then(|| Box::new(Work { content, hash }))
    }

    /// Takes the next bytes of the body, as they stand after the transfer coding.
    pub(crate) fn body(
        &mut self,
        bytes: &[u8],
        place: Place,
        settings: &Settings,
        mut inspect: impl FnMut(&mut S, &[u8], Place),
    ) {
        let body = &mut self.message.body;
        body.wire_length += bytes.len() as u64;
        self.message.last = place.advanced(bytes.len().saturating_sub(1));
        if !settings.want_bodies() {
            if let Some(length) = &mut body.length {
                *length += bytes.len() as u64;
            }
            return;
        }
        let Some(Work { content, hash }) = self.work.as_deref_mut() else {
            keep(body, bytes, settings);
            if settings.inspect {
                inspect(&mut self.scan, bytes, place);
            }
            return;
        };
        let scan = &mut self.scan;
        let mut sink = |bytes: &[u8], place| {
            keep(body, bytes, settings);
            if let Some(hash) = hash {
                hash.update(bytes);
            }
            if settings.inspect {
                inspect(scan, bytes, place);
            }
        };
        match content {
            Some(content) => content.feed(bytes, &mut |bytes| sink(bytes, place.decoded())),
            None => sink(bytes, place),
        }
    }

    /// So many bytes of the body are lost.
    pub(crate) fn gap(
        &mut self,
        length: u64,
        place: Place,
        settings: &Settings,
        inspect: impl FnMut(&mut S, &[u8], Place),
    ) {
        self.message.body.missing = self.message.body.missing.saturating_add(length);
        self.flush(place, settings, inspect, |content, sink| content.gap(sink));
    }

    /// The body is over: `complete` by its framing.
    pub(crate) fn finish(
        &mut self,
        complete: bool,
        settings: &Settings,
        notes: &mut Vec<Note>,
        inspect: impl FnMut(&mut S, &[u8], Place),
    ) {
        if self.done {
            return;
        }
        self.done = true;
        if self.message.body.wire_length > 0 || self.message.body.missing > 0 {
            self.flush(self.message.last, settings, inspect, |content, sink| content.finish(complete, sink));
        }
        let body = &mut self.message.body;
        body.complete = complete;
        if let Some(work) = self.work.take() {
            if let Some(content) = work.content {
                body.encoding = content.name();
                for note in content.notes() {
                    add(notes, note.0);
                }
            }
            if body.missing == 0 {
                body.sha256 = work.hash.map(|hash| hash.finalize().into());
            }
        }
        if body.missing > 0 {
            add(notes, "missing-bytes");
        }
    }

    /// Lets the content decoder give out what it holds back.
    fn flush(
        &mut self,
        place: Place,
        settings: &Settings,
        mut inspect: impl FnMut(&mut S, &[u8], Place),
        mut act: impl FnMut(&mut Content, &mut dyn FnMut(&[u8])),
    ) {
        let Some(Work { content: Some(content), hash }) = self.work.as_deref_mut() else { return };
        let (body, scan) = (&mut self.message.body, &mut self.scan);
        act(content, &mut |bytes| {
            keep(body, bytes, settings);
            if let Some(hash) = hash {
                hash.update(bytes);
            }
            if settings.inspect {
                inspect(scan, bytes, place.decoded());
            }
        });
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let message = &self.message;
        // The box, too, with what the allocator adds to it.
        let own = size_of::<Message>() + ALLOCATION;
        let head = own + message.head.weight() + message.interim.iter().map(Head::weight).sum::<usize>();
        let work =
            self.work.as_ref().map_or(0, |work| size_of::<Work>() + work.content.as_ref().map_or(0, Content::memory));
        head + message.body.kept.capacity() + work + self.scan.weight()
    }
}

/// A coding's name that holds control characters is meant to be read by some and not by
/// others; we read it.
fn without_controls(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(u8::is_ascii_control) {
        return value.iter().copied().filter(|byte| !byte.is_ascii_control()).collect::<Vec<u8>>().into();
    }
    value.into()
}

/// Counts decoded bytes and keeps the first of them.
fn keep(body: &mut super::message::Body, bytes: &[u8], settings: &Settings) {
    if let Some(length) = &mut body.length {
        *length += bytes.len() as u64;
    }
    let room = settings.max_body.saturating_sub(body.kept.len());
    let part = bytes.get(..room.min(bytes.len())).unwrap_or_default();
    body.kept.extend_from_slice(part);
    body.truncated |= part.len() < bytes.len();
}
