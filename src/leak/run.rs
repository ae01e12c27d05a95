//! What is kept of a run of bytes that is looked through slice by slice: a body, a stream.
//!
//! It refuses to know whose bytes they are.

use super::canary::{self, Canaries};
use super::engine::{Engine, Sighting, Stream, Window};
use super::http_rules;
use super::media;
use super::quota::{Quota, Unkept};
use crate::packet::Place;
use crate::pool::Pool;
use std::cell::RefCell;

/// What is kept of a run of bytes between two slices of it; nothing until the first.
#[derive(Debug, Default)]
pub struct Run(Option<Box<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    canary: canary::Stream,
    canaries: Vec<canary::Sighting>,
    /// Which of the canaries' sightings are kept.
    quota: Quota,
    window: Window,
    stream: Stream,
    found: Vec<(Sighting, Place)>,
    nature: Nature,
    /// The beginning of a body that goes on, where it may have fields.
    beginning: Option<Box<Window>>,
}

/// How thoroughly a body is looked through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Nature {
    /// Not known yet.
    #[default]
    Open,
    /// All of it.
    Text,
    /// An image, a font, sound or film: rules see its beginning, where it describes itself, and
    /// canaries all of it.
    Media,
}

/// So much of a body is looked at before it is taken for an image or the like.
const BEGINNING: usize = 32 << 10;

/// So many bytes are looked through at a time. What is found does not depend on it: each time costs as
/// much as looking through hundreds of bytes.
const SLICE: u64 = 8 << 10;

thread_local! {
    /// For the next runs: most bodies are small, and over before the next one begins.
    static POOL: RefCell<Pool<Inner>> = const { RefCell::new(Pool::new()) };
}

impl Drop for Run {
    fn drop(&mut self) {
        let Some(mut inner) = self.0.take() else { return };
        // During a thread's end there is no pool any more.
        let _ = POOL.try_with(|pool| {
            if let Ok(mut pool) = pool.try_borrow_mut()
                && !pool.is_full()
            {
                inner.clear();
                pool.give(inner);
            }
        });
    }
}

impl Run {
    /// Looks for canaries in the next slice.
    pub(super) fn feed_canaries(&mut self, canaries: &Canaries, bytes: &[u8], place: Place) {
        let inner = self.0.get_or_insert_with(Inner::pooled);
        inner.look_for_canaries(|canary, found| canary.feed(canaries, bytes, place, found));
    }

    /// Takes the next slice, and looks for what rules describe where enough has come.
    pub(super) fn feed_rules(&mut self, engine: &Engine, bytes: &[u8], place: Place) {
        let inner = self.0.get_or_insert_with(Inner::pooled);
        let mut rest = bytes;
        // The decision about a body's nature falls at the same byte however it was cut.
        if inner.nature == Nature::Open {
            let room = BEGINNING.saturating_sub(inner.window.end() as usize);
            let (beginning, after) = rest.split_at(room.min(rest.len()));
            inner.window.push(beginning, place);
            rest = after;
            if inner.window.end() as usize >= BEGINNING {
                if http_rules::is_structured(inner.window.view().bytes) {
                    inner.beginning = Some(Box::new(inner.window.clone()));
                }
                inner.nature = if media::is_media(inner.window.view().bytes) { Nature::Media } else { Nature::Text };
            }
        }
        if inner.nature != Nature::Media {
            inner.window.push(rest, place.advanced(bytes.len() - rest.len()));
            if inner.nature == Nature::Text && inner.window.end() - inner.stream.scanned() >= SLICE {
                inner.advance(engine, false);
            }
        } else if inner.window.end() as usize == BEGINNING {
            inner.advance(engine, true);
            inner.window = Window::default();
        }
    }

    /// The run is over: what canaries still stand in it.
    pub(super) fn finish_canaries(&mut self, canaries: &Canaries) {
        if let Some(inner) = self.0.as_deref_mut() {
            inner.look_for_canaries(|canary, found| canary.finish(canaries, found));
        }
    }

    /// The run is over: what rules still find in it.
    pub(super) fn finish(&mut self, engine: &Engine) {
        if let Some(inner) = self.0.as_deref_mut().filter(|inner| inner.nature != Nature::Media) {
            inner.advance(engine, true);
        }
    }

    /// The body's beginning, whole or at least [`BEGINNING`] bytes of it, and whether words stood
    /// in it that may name a secret.
    pub(super) fn beginning(&self) -> Option<(&Window, bool)> {
        let inner = self.0.as_deref()?;
        let window = match &inner.beginning {
            Some(beginning) => beginning,
            None => &inner.window,
        };
        (window.view().base == 0 && inner.nature != Nature::Media).then_some((window, inner.stream.noticed()))
    }

    /// Takes out the canaries that were found since the last call.
    pub(super) fn take_canaries(&mut self) -> Vec<canary::Sighting> {
        let Some(inner) = &mut self.0 else { return Vec::new() };
        inner.quota.renew();
        std::mem::take(&mut inner.canaries)
    }

    /// Takes out how much was found since the last call and not kept.
    pub(super) fn take_unkept(&mut self) -> Unkept {
        self.0.as_mut().map_or_else(Unkept::default, |inner| {
            let mut unkept = std::mem::take(&mut inner.quota.unkept);
            unkept += inner.stream.take_unkept();
            unkept
        })
    }

    /// Takes out what rules found since the last call, in an order that the slices had no part in.
    pub(super) fn take_found(&mut self) -> Vec<(Sighting, Place)> {
        let mut found = self.0.as_mut().map(|inner| std::mem::take(&mut inner.found)).unwrap_or_default();
        found.sort_by_key(|(sighting, _)| sighting.order());
        found
    }

    /// Whether something was found.
    pub fn has_findings(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| !inner.canaries.is_empty() || !inner.found.is_empty())
    }

    /// Memory held besides `self`, in bytes.
    pub fn weight(&self) -> usize {
        self.0.as_ref().map_or(0, |inner| {
            let secrets: usize = inner.found.iter().map(|(found, _)| size_of_val(found) + found.secret.len()).sum();
            let beginning = inner.beginning.as_ref().map_or(0, |window| size_of::<Window>() + window.weight());
            size_of::<Inner>()
                + inner.canary.weight()
                + inner.quota.weight()
                + inner.window.weight()
                + inner.stream.weight()
                + secrets
                + beginning
        })
    }
}

impl Inner {
    /// One from the pool.
    fn pooled() -> Box<Self> {
        let pooled = POOL.try_with(|pool| pool.try_borrow_mut().ok()?.take()).ok().flatten();
        pooled.unwrap_or_default()
    }

    /// As new, but for a little room.
    fn clear(&mut self) {
        let mut window = std::mem::take(&mut self.window);
        window.clear();
        *self = Self { window, ..Self::default() };
    }

    fn look_for_canaries(&mut self, look: impl FnOnce(&mut canary::Stream, &mut Vec<canary::Sighting>)) {
        let Self { canary, canaries, quota, .. } = self;
        let known = canaries.len();
        look(canary, canaries);
        if canaries.len() > known {
            let mut number = 0;
            canaries.retain(|sighting| {
                number += 1;
                number <= known || quota.admits(sighting.canary as u32)
            });
        }
    }

    fn advance(&mut self, engine: &Engine, ended: bool) {
        let mut found = Vec::new();
        self.stream.advance(engine, self.window.view(), ended, &mut found);
        for sighting in found {
            let place = self.window.place(sighting.span.start);
            self.found.push((sighting, place));
        }
        if self.nature != Nature::Open {
            self.window.forget_before(self.stream.needed(self.window.view()));
        }
    }
}
