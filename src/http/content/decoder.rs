//! The chain of content codings of one body.

use super::coding::{self, Coding};
use super::limits::{Limits, UNIT};
use super::stage::{self, Progress, Stage};
use crate::http::message::Note;
use std::borrow::Cow;

/// More codings than this on one body are not removed (as many as curl removes).
const MAX_CODINGS: usize = 5;

/// Decodes the content codings of one body as its bytes arrive.
///
/// An identity body costs nothing: no allocation, bytes are handed on as they came. The others
/// hold at most 64 bytes back until it is clear that the label tells the truth.
#[derive(Debug, Default)]
pub struct Content {
    /// From the wire inwards.
    stages: Vec<Stage>,
    progress: Progress,
}

impl Content {
    /// A decoder for a body whose `Content-Encoding` fields have these values, in the order in
    /// which they stand in the head. `identity` and `chunked` are skipped, so a `Transfer-Encoding`
    /// with codings before `chunked` can be given to a `Content` of its own, in front of this one.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Self {
        let mut content = Self { stages: Vec::new(), progress: Progress::new(limits) };
        for item in values.into_iter().flat_map(coding::items) {
            match Coding::parse(item) {
                Some(_) if content.stages.len() > MAX_CODINGS => {}
                Some(coding) => content.stages.push(Stage::new(coding)),
                None => {
                    // What was applied before an unknown coding is out of reach.
                    content.stages.clear();
                    content.progress.note("unknown-content-coding");
                }
            }
        }
        if content.stages.len() > MAX_CODINGS {
            content.stages.clear();
            content.progress.note("too-many-content-codings");
        }
        content.stages.reverse();
        content
    }

    /// Whether there is no coding to remove: the body's bytes need not come by here at all.
    pub fn is_identity(&self) -> bool {
        self.stages.is_empty()
    }

    /// Takes the next bytes of the body and hands on what they decode to, in slices of at most
    /// 32 KiB that are valid during the call.
    ///
    /// After a failure the rest of the body is discarded, never mixed raw into decoded bytes.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) {
        if self.stages.is_empty() {
            return sink(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = (UNIT - self.progress.wire % UNIT) as usize;
            let (unit, later) = rest.split_at(room.min(rest.len()));
            self.progress.wire += unit.len() as u64;
            stage::feed(&mut self.stages, unit, &mut self.progress, sink);
            rest = later;
        }
    }

    /// The body ended: `complete` by its framing, or because the capture or connection did.
    /// Hands on what was held back, and notes what is missing or wrong at the end.
    ///
    /// Not to be called for messages that have no body by definition (the answer to HEAD, 204,
    /// 304): their `Content-Encoding` speaks of another answer's body.
    pub fn finish(&mut self, complete: bool, sink: &mut dyn FnMut(&[u8])) {
        stage::finish(&mut self.stages, complete, &mut self.progress, sink);
    }

    /// Bytes of the body were lost here. A coded body ends with this, one that turned out not to
    /// be coded goes on.
    pub fn gap(&mut self, sink: &mut dyn FnMut(&[u8])) {
        stage::gap(&mut self.stages, &mut self.progress, sink);
    }

    /// The codings that were really removed, in the order of the field: `gzip`, `deflate, br`…,
    /// or `identity`. Certain after [`Self::finish`].
    pub fn name(&self) -> Cow<'static, str> {
        let mut removed = self.stages.iter().rev().filter_map(Stage::removed).map(Coding::name);
        let Some(first) = removed.next() else { return Cow::Borrowed("identity") };
        removed.fold(Cow::Borrowed(first), |names, name| Cow::Owned(format!("{names}, {name}")))
    }

    /// What was wrong so far, each once.
    pub fn notes(&self) -> impl Iterator<Item = Note> + '_ {
        self.progress.notes.iter().copied()
    }

    /// About how many bytes of memory this holds.
    pub fn memory(&self) -> usize {
        self.stages.iter().map(Stage::memory).sum()
    }
}
