//! Looks for canaries in a run of bytes that comes in slices.
//!
//! Each look reaches back as far as the longest disguise of a canary, so that none is missed at a
//! border and what is found does not depend on where the borders are. It refuses to know what the
//! bytes are of.

use super::canaries::{Canaries, Inner};
use super::forms::Form;
use super::lens::{self, Decoded, Kind, Lens};
use crate::leak::engine::Window;
use crate::packet::Place;
use std::ops::Range;

/// A canary that stood in a run of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Which of the canaries.
    pub(crate) canary: usize,
    /// Offsets in the run, of the canary as it stands there, encoded or not.
    pub(crate) span: Range<u64>,
    /// The encodings, from the outside.
    pub(crate) via: Vec<&'static str>,
    /// Where the first byte came from.
    pub(crate) place: Place,
}

/// What is kept of a run between two slices of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    window: Window,
    /// Up to where was looked.
    looked: u64,
    ended: bool,
    /// Which canaries were found where lately: others of the same may not overlap them.
    recent: Vec<(usize, Range<u64>)>,
}

/// The longest disguise of one byte: `\u0041` or `&#x41;` of which each byte is written as `&#x41;`.
const DISGUISE: usize = 36;

/// Shorter pieces than this are not looked at alone where the reach back is long.
const PIECE: u64 = 4096;

impl Stream {
    /// Takes the next slice.
    pub(crate) fn feed(&mut self, canaries: &Canaries, bytes: &[u8], place: Place, found: &mut Vec<Sighting>) {
        let Some(inner) = canaries.0.as_deref() else { return };
        self.window.push(bytes, place);
        let reach = inner.reach() as u64;
        if reach < PIECE / 4 || self.window.end() - self.looked >= PIECE.max(reach) {
            self.look(inner, false, found);
        }
    }

    /// The run is over.
    pub(crate) fn finish(&mut self, canaries: &Canaries, found: &mut Vec<Sighting>) {
        if let Some(inner) = canaries.0.as_deref().filter(|_| !self.ended) {
            self.look(inner, true, found);
            self.ended = true;
        }
    }

    fn look(&mut self, inner: &Inner, ended: bool, found: &mut Vec<Sighting>) {
        let view = self.window.view();
        for (mut sighting, loose) in inner.sightings(view.bytes, view.base) {
            // How its last letter goes on may not be there yet.
            let wait = if loose { DISGUISE as u64 } else { 0 };
            let end = sighting.span.end.saturating_add(wait);
            if end <= self.looked || (end > view.end() && !ended) {
                continue;
            }
            if take(&mut self.recent, sighting.canary, &sighting.span) {
                sighting.place = self.window.place(sighting.span.start);
                if !sighting.via.is_empty() {
                    sighting.place = sighting.place.decoded();
                }
                found.push(sighting);
            }
        }
        self.looked = view.end();
        let needed = view.end().saturating_sub(inner.reach() as u64);
        self.recent.retain(|(_, span)| span.end > needed);
        self.window.forget_before(needed);
    }

    /// Memory held besides `self`, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.window.weight() + self.recent.capacity() * size_of::<(usize, Range<u64>)>()
    }
}

/// Takes the place `span` for a sighting of `canary`; false where another has a part of it.
fn take(taken: &mut Vec<(usize, Range<u64>)>, canary: usize, span: &Range<u64>) -> bool {
    let overlaps = |other: &Range<u64>| other.start < span.end && span.start < other.end;
    let free = !taken.iter().any(|(known, other)| *known == canary && overlaps(other));
    if free {
        taken.push((canary, span.clone()));
    }
    free
}

/// The ways to look; the first three leave the sender a choice.
const LENSES: [Lens; 6] = [lens::escapes, lens::quoted, lens::utf16, lens::unfolded, lens::base64, lens::hexadecimal];

/// A canary, where it stands in what was searched, and the encodings.
#[derive(Debug)]
struct Candidate {
    canary: usize,
    range: Range<usize>,
    via: Vec<&'static str>,
    /// Whether its last letter is only partly its own.
    loose: bool,
    /// Whether a text in UTF-16 begins at an odd offset, which is rare; `None` for others.
    is_odd: Option<bool>,
}

/// Amid a text in UTF-16 the zero bytes belong to either neighbour, so that both orders fit, a byte
/// apart: such a text is taken to begin with its value, or with the run of letters it is encoded in.
fn prefer_even(bytes: &[u8], found: &mut Vec<Candidate>) {
    let zeros = |range: &Range<usize>| bytes.get(range.clone()).map_or(0, |part| memchr::memchr_iter(0, part).count());
    let even: Vec<_> = found
        .iter()
        .filter(|one| one.is_odd == Some(false))
        .map(|one| (one.canary, one.range.clone(), zeros(&one.range)))
        .collect();
    if even.is_empty() {
        return;
    }
    let overlap = |one: &Range<usize>, other: &Range<usize>| one.start < other.end && other.start < one.end;
    found.retain(|one| {
        // A letter that has no zero byte is none.
        let other = |(canary, range, fits): &(usize, Range<usize>, usize)| {
            *canary == one.canary && overlap(range, &one.range) && *fits >= zeros(&one.range)
        };
        one.is_odd != Some(true) || !even.iter().any(other)
    });
}

/// Whether the text in UTF-16 that is encoded in the base64 or hex at `at` begins at an odd number of
/// bytes after the beginning of the base64 or hex.
fn is_odd_inside(bytes: &[u8], at: usize, base64: bool) -> bool {
    let before = bytes.get(..at).unwrap_or_default().iter().rev();
    let letter = |byte: &&u8| {
        byte.is_ascii_hexdigit()
            || (base64 && (byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')))
    };
    let letters = before.take_while(letter).count();
    let whole = if base64 { (letters * 6).div_ceil(8) } else { letters / 2 };
    !whole.is_multiple_of(2)
}

impl Canaries {
    /// Every sighting in `bytes`, a whole value.
    pub(in crate::leak) fn find(&self, bytes: &[u8]) -> Vec<Sighting> {
        self.0.as_ref().map(|inner| inner.find(bytes)).unwrap_or_default()
    }
}

impl Inner {
    /// How far back the longest disguise of a canary can reach, in bytes.
    fn reach(&self) -> usize {
        (self.longest + 2) * DISGUISE
    }

    /// Every sighting in `bytes`, a whole value, none overlapping another of the same canary.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Sighting> {
        let mut taken = Vec::new();
        let found = self.sightings(bytes, 0).into_iter().map(|(sighting, _)| sighting);
        found.filter(|sighting| take(&mut taken, sighting.canary, &sighting.span)).collect()
    }

    /// Every sighting in `bytes`, whose first has the offset `base`: by where they end, the
    /// shortest and the simplest first.
    fn sightings(&self, bytes: &[u8], base: u64) -> Vec<(Sighting, bool)> {
        let mut found: Vec<Candidate> = Vec::new();
        self.search(bytes, |form, range| {
            let is_odd = match form.via.as_slice() {
                ["utf-16", ..] => Some(!(base + range.start as u64).is_multiple_of(2)),
                [outer, "utf-16"] => Some(is_odd_inside(bytes, range.start, *outer == "base64")),
                _ => None,
            };
            // Of two orders in UTF-16 the one that ends first may not be the right one.
            let loose = form.margin.1 > 0 || is_odd == Some(true);
            found.push(Candidate { canary: form.canary, range, via: form.via.clone(), loose, is_odd });
        });
        for lens in LENSES {
            for decoded in lens(bytes, &self.need) {
                self.deeper(&decoded, base, &mut found);
            }
        }
        prefer_even(bytes, &mut found);
        found.sort_by_key(|one| (one.range.end, one.range.len(), one.via.len(), one.canary));
        let sighting = |Candidate { canary, range, via, loose, .. }| {
            let span = base + range.start as u64..base + range.end as u64;
            (Sighting { canary, span, via, place: Place::default() }, loose)
        };
        found.into_iter().map(sighting).collect()
    }

    /// Looks into what one encoding hid, and into what another hid in it.
    fn deeper(&self, decoded: &Decoded, base: u64, found: &mut Vec<Candidate>) {
        self.search_decoded(decoded, None, base, found);
        // Encodings that give one form were looked for as such, unless case is to be ignored.
        let lenses = if self.ignore_case { LENSES.len() } else { 3 };
        for lens in LENSES.iter().take(lenses) {
            for inner in lens(&decoded.bytes, &self.need) {
                self.search_decoded(&inner, Some(decoded), base, found);
            }
        }
    }

    fn search_decoded(&self, decoded: &Decoded, outer: Option<&Decoded>, base: u64, found: &mut Vec<Candidate>) {
        self.search(&decoded.bytes, |form, range| {
            let mut via = Vec::new();
            let Some(mut span) = decoded.original(&range) else { return };
            let mut is_odd = match form.via.first() {
                Some(&"utf-16") => Some(decoded.is_odd(range.start)),
                _ => None,
            };
            if decoded.kinds.get(range.start) == Some(&Kind::Utf16) {
                is_odd = Some(match outer {
                    Some(outer) => outer.is_odd(span.start),
                    None => !(base + span.start as u64).is_multiple_of(2),
                });
            }
            if let Some(outer) = outer {
                let kinds = outer.kinds.get(span.clone()).unwrap_or_default();
                // What nothing was removed of the first time was found so already.
                if kinds.iter().all(|kind| *kind == Kind::Plain) {
                    return;
                }
                add_names(&mut via, kinds);
                let Some(original) = outer.original(&span) else { return };
                span = original;
                if kinds.first() == Some(&Kind::Utf16) {
                    is_odd = Some(!(base + span.start as u64).is_multiple_of(2));
                }
            }
            // Without a byte that was encoded it stands there plainly, and was found so; so does what
            // has no line's end in it, and only what is encoded is written in lines.
            let kinds = decoded.kinds.get(range.clone()).unwrap_or_default();
            let joined = kinds.contains(&Kind::Folded) && span.len() > range.len() && !form.via.is_empty();
            if kinds.iter().all(|kind| kind.name().is_none()) && !joined {
                return;
            }
            add_names(&mut via, kinds);
            via.extend(&form.via);
            let loose = form.margin.1 > 0 || is_odd == Some(true);
            found.push(Candidate { canary: form.canary, range: span, via, loose, is_odd });
        });
    }

    /// Every form of a canary in `bytes`, and where it stands.
    fn search(&self, bytes: &[u8], mut each: impl FnMut(&Form, Range<usize>)) {
        let mut hits = Vec::new();
        self.prefilter.scan(bytes, 0..bytes.len(), &mut hits);
        for hit in hits {
            let Some(form) = self.forms.get(hit.word as usize) else { continue };
            let end = hit.at + form.needle.len();
            if form.exact && bytes.get(hit.at..end) != Some(&form.needle) {
                continue;
            }
            let start = hit.at.saturating_sub(usize::from(form.margin.0));
            let end = (end + usize::from(form.margin.1)).min(bytes.len());
            each(form, start..end);
        }
    }
}

/// Adds the names of the encodings in `kinds`, each once.
fn add_names(via: &mut Vec<&'static str>, kinds: &[Kind]) {
    let first = via.len();
    for name in kinds.iter().filter_map(|kind| kind.name()) {
        if !via.iter().skip(first).any(|known| *known == name) {
            via.push(name);
        }
    }
}
