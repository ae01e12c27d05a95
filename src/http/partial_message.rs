//! Takes in a message's body as it passes: removes its content coding, measures it, keeps
//! its beginning.

use super::content::Content;
use super::message::{Body, Head, Message, Note, add_note};
use super::observer::BodyState;
use super::settings::Settings;
use crate::packet::Place;
use crate::tcp::ALLOCATION;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// A message that is being read. `S` is what the observer keeps for its body.
#[derive(Debug, Default)]
pub(crate) struct PartialMessage<S> {
    pub(crate) message: Box<Message>,
    pub(crate) done: bool,
    /// What it was weighed at, in bytes, once it was read.
    pub(crate) weighed: usize,
    pub(crate) scan: S,
    work: Option<Box<Work>>,
}

/// What only some bodies need.
#[derive(Debug, Default)]
struct Work {
    /// Removes transfer codings other than `chunked`, which are on the outside.
    transfer: Option<Content>,
    /// Whether `transfer` was given something.
    came: bool,
    content: Option<Content>,
    hash: Option<Sha256>,
}

impl<S: BodyState> PartialMessage<S> {
    /// A message whose head was read.
    pub(crate) fn new(mut message: Box<Message>, settings: &Settings, has_body: bool) -> Self {
        message.body.encoding = Cow::Borrowed("identity");
        message.body.length = Some(0);
        let work = if has_body { Self::work(&mut message, settings) } else { None };
        Self { message, done: false, weighed: 0, scan: S::default(), work }
    }

    fn work(message: &mut Message, settings: &Settings) -> Option<Box<Work>> {
        let transfer = settings.decode.then(|| content_decoder(&message.head, "transfer-encoding", settings)).flatten();
        let mut content =
            settings.decode.then(|| content_decoder(&message.head, "content-encoding", settings)).flatten();
        if content.is_some() && !settings.want_bodies() {
            message.body.length = None;
            content = None;
        }
        let hash = settings.sha256.then(Sha256::new);
        let needed = transfer.is_some() || content.is_some() || hash.is_some();
        needed.then(|| Box::new(Work { transfer, came: false, content, hash }))
    }

    /// Takes the next bytes of the body, as they stand in the message without its chunks; false
    /// where they were only counted.
    pub(crate) fn body(
        &mut self,
        bytes: &[u8],
        place: Place,
        settings: &Settings,
        inspect: impl FnMut(&mut S, &[u8], Place),
    ) -> bool {
        self.message.last = place.advanced(bytes.len().saturating_sub(1));
        let (mut sink, work) = self.sink(settings, inspect);
        let Some(Work { transfer, came, content, hash }) = work else {
            sink.body.wire_length += bytes.len() as u64;
            sink.decoded(bytes, place, &mut None);
            return settings.want_bodies();
        };
        *came |= !bytes.is_empty();
        match transfer {
            Some(transfer) => transfer.feed(bytes, &mut |bytes| sink.wire(bytes, place.decoded(), content, hash)),
            None => sink.wire(bytes, place, content, hash),
        }
        true
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
        let (mut sink, work) = self.sink(settings, inspect);
        let Some(Work { transfer, content, hash, .. }) = work else { return };
        if let Some(transfer) = transfer {
            transfer.gap(&mut |bytes| sink.wire(bytes, place.decoded(), content, hash));
        }
        if let Some(content) = content {
            content.gap(&mut |bytes| sink.decoded(bytes, place.decoded(), hash));
        }
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
        self.finish_codings(complete, settings, inspect);
        let body = &mut self.message.body;
        body.complete = complete;
        if let Some(work) = self.work.take() {
            let mut removed = Vec::new();
            for coding in [work.content, work.transfer].into_iter().flatten() {
                removed.extend(Some(coding.name()).filter(|name| name != "identity"));
                for note in coding.notes() {
                    add_note(notes, note.0);
                }
            }
            if let Some(outer) = removed.pop() {
                body.encoding = match removed.pop() {
                    Some(inner) => format!("{inner}, {outer}").into(),
                    None => outer,
                };
            }
            if body.missing == 0 {
                body.sha256 = work.hash.map(|hash| hash.finalize().into());
            }
        }
        if body.missing > 0 {
            add_note(notes, "missing-bytes");
        }
    }

    /// Lets the decoders give out what they hold back. Where nothing came there was nothing coded.
    fn finish_codings(&mut self, complete: bool, settings: &Settings, inspect: impl FnMut(&mut S, &[u8], Place)) {
        let last = self.message.last.decoded();
        let (mut sink, work) = self.sink(settings, inspect);
        let Some(Work { transfer, came, content, hash }) = work else { return };
        let missing = sink.body.missing > 0;
        if let Some(transfer) = transfer.as_mut().filter(|_| *came || missing) {
            transfer.finish(complete, &mut |bytes| sink.wire(bytes, last, content, hash));
        }
        if let Some(content) = content.as_mut().filter(|_| sink.body.wire_length > 0 || missing) {
            content.finish(complete, &mut |bytes| sink.decoded(bytes, last, hash));
        }
    }

    /// Where the body's bytes go, and what they have to pass before.
    fn sink<'a, F>(&'a mut self, settings: &'a Settings, inspect: F) -> (Sink<'a, S, F>, Option<&'a mut Work>) {
        let sink = Sink { body: &mut self.message.body, scan: &mut self.scan, settings, inspect };
        (sink, self.work.as_deref_mut())
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        // The box, too, with what the allocator adds to it.
        let message = size_of::<Message>() + ALLOCATION + self.message.weight();
        let coding = |content: &Option<Content>| content.as_ref().map_or(0, Content::memory);
        let inside = |work: &Work| size_of::<Work>() + coding(&work.transfer) + coding(&work.content);
        let work = self.work.as_deref().map_or(0, inside);
        message + work + self.scan.weight()
    }
}

/// Where a body's bytes go.
struct Sink<'a, S, F> {
    body: &'a mut Body,
    scan: &'a mut S,
    settings: &'a Settings,
    inspect: F,
}

impl<S, F: FnMut(&mut S, &[u8], Place)> Sink<'_, S, F> {
    /// The next bytes as they stand after the transfer coding.
    fn wire(&mut self, bytes: &[u8], place: Place, content: &mut Option<Content>, hash: &mut Option<Sha256>) {
        self.body.wire_length += bytes.len() as u64;
        match content {
            Some(content) => content.feed(bytes, &mut |bytes| self.decoded(bytes, place.decoded(), hash)),
            None => self.decoded(bytes, place, hash),
        }
    }

    /// The next bytes as they stand after all codings.
    fn decoded(&mut self, bytes: &[u8], place: Place, hash: &mut Option<Sha256>) {
        if let Some(length) = &mut self.body.length {
            *length += bytes.len() as u64;
        }
        if !self.settings.want_bodies() {
            return;
        }
        keep(self.body, bytes, self.settings);
        if let Some(hash) = hash {
            hash.update(bytes);
        }
        if self.settings.inspect {
            (self.inspect)(self.scan, bytes, place);
        }
    }
}

/// What removes the codings that the fields of this name say, where there is one to remove or
/// something to say.
fn content_decoder(head: &Head, name: &str, settings: &Settings) -> Option<Content> {
    let values: Vec<_> = head.fields_named(name).map(without_controls).collect();
    let content = (!values.is_empty()).then(|| Content::new(values.iter().map(AsRef::as_ref), settings.content))?;
    (!content.is_identity() || content.notes().next().is_some()).then_some(content)
}

/// A coding's name that holds control characters is meant to be read by some and not by
/// others; we read it.
fn without_controls(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(u8::is_ascii_control) {
        return value.iter().copied().filter(|byte| !byte.is_ascii_control()).collect::<Vec<u8>>().into();
    }
    value.into()
}

/// Keeps the first of the decoded bytes.
fn keep(body: &mut Body, bytes: &[u8], settings: &Settings) {
    let room = settings.max_body.saturating_sub(body.kept.len());
    let part = bytes.get(..room.min(bytes.len())).unwrap_or_default();
    body.kept.extend_from_slice(part);
    body.truncated |= part.len() < bytes.len();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http1::response_head;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Reads a body of which every `step` bytes come at a time: the message, what was inspected,
    /// and the notes.
    fn read(fields: &str, bytes: &[u8], step: usize, settings: &Settings) -> (Message, Vec<u8>, Vec<&'static str>) {
        let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        let head = response_head(head.as_bytes());
        let message = Box::new(Message { head, ..Message::default() });
        let mut incoming = PartialMessage::<Vec<u8>>::new(message, settings, true);
        let inspect = |seen: &mut Vec<u8>, bytes: &[u8], _: Place| seen.extend_from_slice(bytes);
        for part in bytes.chunks(step) {
            incoming.body(part, Place::default(), settings, inspect);
        }
        let mut notes = Vec::new();
        incoming.finish(true, settings, &mut notes, inspect);
        (*incoming.message, incoming.scan, notes.into_iter().map(|note| note.0).collect())
    }

    #[test]
    fn a_body_is_measured_between_transfer_and_content_coding() {
        let text = b"fluffy tail ".repeat(20);
        let (once, twice) = (gzip(&text), gzip(&gzip(&text)));
        let none = Settings { max_body: 0, inspect: false, ..Settings::default() };
        let kept = Settings { decode: false, ..Settings::default() };
        let (te, ce) = ("Transfer-Encoding: gzip, chunked\r\n", "Content-Encoding: gzip\r\n");
        let both = [te, ce].concat();
        for (fields, bytes, settings, wire, length, encoding) in [
            ("", &text, Settings::default(), text.len(), Some(text.len()), "identity"),
            (te, &once, Settings::default(), text.len(), Some(text.len()), "gzip"),
            (ce, &once, Settings::default(), once.len(), Some(text.len()), "gzip"),
            (&both, &twice, Settings::default(), once.len(), Some(text.len()), "gzip, gzip"),
            // Nobody looks: what is in the transfer coding is counted all the same.
            (te, &once, none, text.len(), Some(text.len()), "gzip"),
            (&both, &twice, none, once.len(), None, "gzip"),
            (ce, &once, none, once.len(), None, "identity"),
            // The codings stay.
            (&both, &twice, kept, twice.len(), Some(twice.len()), "identity"),
        ] {
            for step in [1, 7, usize::MAX] {
                let (message, seen, notes) = read(fields, bytes, step, &settings);
                let body = &message.body;
                let measured = (body.wire_length, body.length, body.encoding.as_ref());
                assert_eq!(measured, (wire as u64, length.map(|length| length as u64), encoding), "{fields:?} {step}");
                assert_eq!(
                    seen.len() as u64,
                    if settings.inspect { body.length.unwrap_or(0) } else { 0 },
                    "{fields:?}"
                );
                assert_eq!(notes, [""; 0], "{fields:?}");
            }
        }
    }

    #[test]
    fn a_coding_that_is_cut_is_named_and_an_empty_body_has_none() {
        let text = b"fluffy tail".repeat(9);
        let fields = "Transfer-Encoding: gzip, chunked\r\nContent-Encoding: gzip\r\n";
        let (message, seen, notes) = read(fields, &[], 1, &Settings::default());
        assert_eq!((message.body.wire_length, message.body.length), (0, Some(0)));
        assert_eq!((seen.as_slice(), notes.as_slice()), (&b""[..], &[][..]));
        let whole = gzip(&gzip(&text));
        let (message, _, notes) = read(fields, whole.get(..whole.len() - 9).unwrap(), 1, &Settings::default());
        assert!(message.body.wire_length > 0 && message.body.wire_length <= gzip(&text).len() as u64);
        assert!(!notes.is_empty());
    }

    #[test]
    fn a_transfer_coding_that_nobody_knows_hides_no_content_coding() {
        let text = b"fluffy tail".repeat(9);
        let fields = "Transfer-Encoding: unheard-of\r\nContent-Encoding: gzip\r\n";
        let (message, seen, notes) = read(fields, &gzip(&text), 5, &Settings::default());
        assert_eq!((seen.as_slice(), message.body.encoding.as_ref()), (text.as_slice(), "gzip"));
        assert_eq!(notes, ["unknown-content-coding"]);
    }
}
