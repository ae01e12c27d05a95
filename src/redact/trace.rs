//! Follows the streams as the analyzer does, and knows of each byte its offset in its stream:
//! turns places in packets and parts of bodies into ranges of streams.
//!
//! It refuses to know what a secret is.

use super::sites::{Body, Sites};
use super::spans::Spans;
use crate::decode::{self, Datagram, Decoder, Segment, Unit};
use crate::http::{BodyState, Context, Observer, ParsedExchange, Settings};
use crate::packet::{Packet, Place};
use crate::pipeline::{Front, MemorySplit};
use crate::protocol::http1::{Connection, Handover};
use crate::tcp::{Chunk, Delivered, Direction, Flows, Gap, Handler, Limits, Location, Oddity, PerDirection, Stream};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// Ranges of streams.
#[derive(Debug, Default)]
pub(super) struct Ranges {
    /// By stream and direction.
    spans: HashMap<(u64, Direction), Spans>,
    /// The sequence number of offset 0 of each, as it was known in the end.
    starts: HashMap<(u64, Direction), u32>,
}

impl Ranges {
    /// What is looked for of a segment's direction, and the offset of its first byte there; negative
    /// before the first byte that was read.
    pub(super) fn at(&self, location: &Location) -> Option<(&Spans, i64)> {
        let key = (location.stream, location.from);
        let start = self.starts.get(&key).copied().unwrap_or(location.start);
        let later = i64::from(location.start.wrapping_sub(start).cast_signed());
        Some((self.spans.get(&key)?, location.offset.saturating_add(later)))
    }
}

/// A part of the bytes handed on is remembered so long: what a head that came in many segments
/// holds back is given out later.
const REMEMBERED: usize = 64;

/// Follows the streams.
pub(super) struct Tracer<'s> {
    pub(super) front: Front,
    flows: Flows<State>,
    watch: Watch<'s>,
}

/// What is kept of a stream.
#[derive(Debug, Default)]
struct State(Option<Box<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    http: Connection<Slices>,
    /// Offset of the next byte of each direction.
    next: PerDirection<u64>,
    recent: PerDirection<Recent>,
    /// What was said that is no HTTP.
    other: PerDirection<Slices>,
}

/// The latest parts of a direction: offset in the stream, place, and length.
#[derive(Debug, Clone, Default)]
struct Recent(VecDeque<(u64, Place, u64)>);

/// Where a body's bytes stand in their direction.
#[derive(Debug, Default)]
struct Slices(Spans);

impl BodyState for Slices {
    fn weight(&self) -> usize {
        self.0.weight()
    }
}

/// What is looked for, and what of it was found.
struct Watch<'s> {
    sites: &'s Sites,
    ranges: Ranges,
    settings: Settings,
}

impl<'s> Tracer<'s> {
    /// A tracer that looks for `sites`, within the memory that the analyzer had.
    pub(super) fn new(sites: &'s Sites, memory: usize) -> Self {
        let MemorySplit { fragments, connections } = MemorySplit::of(memory);
        let config = decode::Config { fragment_memory: fragments, ..decode::Config::default() };
        Self {
            front: Front::new(Decoder::new(config).with_layout()),
            flows: Flows::new(Limits { memory: connections, ..Limits::default() }),
            watch: Watch {
                sites,
                ranges: Ranges::default(),
                settings: Settings { max_body: 0, decode: false, ..Settings::default() },
            },
        }
    }

    /// Takes the next packet. `located` is given each segment, and where it stands where that is
    /// known; `datagram` each datagram.
    pub(super) fn packet(
        &mut self,
        packet: &Packet<'_>,
        mut located: impl FnMut(&Segment<'_>, Option<Location>),
        mut datagram: impl FnMut(&Datagram<'_>),
    ) {
        let Self { front, flows, watch } = self;
        front.packet(packet, flows, watch, |unit, flows, watch| match unit {
            Unit::Segment(segment) => {
                let location = flows.locate(segment);
                if let Some(Location { stream, from, start, .. }) = location {
                    watch.ranges.starts.insert((stream, from), start);
                }
                located(segment, location);
            }
            Unit::Datagram(one) => datagram(one),
        });
    }

    /// The capture is over: gives the ranges that were looked for.
    pub(super) fn finish(mut self) -> Ranges {
        self.flows.finish(&mut self.watch);
        let mut ranges = self.watch.ranges;
        ranges.spans.values_mut().for_each(Spans::sort);
        ranges
    }
}

impl Recent {
    fn push(&mut self, offset: u64, place: Place, length: u64) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((offset, place, length));
    }

    /// The offset of the byte at `place`.
    fn find(&self, place: Place) -> Option<u64> {
        let at = place.offset?;
        self.0.iter().rev().find_map(|(offset, known, length)| {
            let distance = u64::from(at.checked_sub(known.offset?)?);
            (known.packet == place.packet && distance < *length).then_some(offset + distance)
        })
    }
}

impl Watch<'_> {
    fn range(&mut self, stream: &Stream, from: Direction, range: Range<u64>) {
        self.ranges.spans.entry((stream.number, from)).or_default().add(range);
    }

    /// Notes what of the secrets begins in bytes that are handed on now.
    fn begin(&mut self, stream: &Stream, from: Direction, offset: u64, place: Place, length: u64) {
        let sites = self.sites;
        let (Some(known), Some(at)) = (sites.stream.get(&place.packet), place.offset) else { return };
        for (start, size) in known {
            if let Some(distance) = start.checked_sub(at).map(u64::from).filter(|distance| *distance < length) {
                self.range(stream, from, offset + distance..offset.saturating_add(distance).saturating_add(*size));
            }
        }
    }
}

impl Handler<State> for Watch<'_> {
    fn data(&mut self, stream: &Stream, state: &mut State, chunk: Chunk<'_>) -> Delivered {
        let Inner { http, next, recent, other } = &mut **state.0.get_or_insert_default();
        let Chunk { from, bytes, source, .. } = chunk;
        let place = source.place;
        let (offset, length) = (next[from], bytes.len() as u64);
        next[from] = offset.saturating_add(length);
        recent[from].push(offset, place, length);
        self.begin(stream, from, offset, place, length);
        let settings = self.settings;
        let mut reading = Reading { watch: self, stream, from, recent, other };
        Delivered::whole(http.data(chunk, &mut Context::new(&settings, &mut reading)))
    }

    fn gap(&mut self, stream: &Stream, state: &mut State, gap: Gap) {
        let Inner { http, next, recent, other } = &mut **state.0.get_or_insert_default();
        let Gap { from, length, .. } = gap;
        next[from] = next[from].saturating_add(length);
        let settings = self.settings;
        let mut reading = Reading { watch: self, stream, from, recent, other };
        http.gap(gap, &mut Context::new(&settings, &mut reading));
    }

    fn oddity(&mut self, _: &Stream, _: &mut State, _: Direction, _: Oddity) {}

    fn end(&mut self, stream: &Stream, state: &mut State, from: Direction) {
        let Some(Inner { http, recent, other, .. }) = state.0.as_deref_mut() else { return };
        let settings = self.settings;
        let mut reading = Reading { watch: self, stream, from, recent, other };
        http.finish_direction(from, &mut Context::new(&settings, &mut reading));
    }

    fn close(&mut self, stream: &Stream, state: &mut State) {
        let Some(Inner { http, recent, other, .. }) = state.0.as_deref_mut() else { return };
        let settings = self.settings;
        let from = Direction::FromInitiator;
        let mut reading = Reading { watch: self, stream, from, recent, other };
        http.finish(&mut Context::new(&settings, &mut reading));
        let sites = self.sites;
        for (client, offset, length) in sites.others.get(&stream.number).into_iter().flatten() {
            for from in Direction::BOTH.into_iter().filter(|from| stream.sender(*from) == *client) {
                for range in other[from].0.of_text(*offset, *length) {
                    self.range(stream, from, range);
                }
            }
        }
    }

    fn weight(&self, state: &State) -> usize {
        state.0.as_ref().map_or(0, |inner| {
            let other = Direction::BOTH.into_iter().map(|from| inner.other[from].weight());
            size_of::<Inner>() + inner.http.weight() + other.sum::<usize>()
        })
    }
}

/// Hears from the http room about one stream.
struct Reading<'a, 's> {
    watch: &'a mut Watch<'s>,
    stream: &'a Stream,
    /// Who sends what is read now.
    from: Direction,
    recent: &'a PerDirection<Recent>,
    other: &'a mut PerDirection<Slices>,
}

impl Reading<'_, '_> {
    /// Where bytes at `place`, sent by `from` or by the other end, stand in their direction.
    fn range(&self, from: Direction, place: Place, length: usize) -> Option<Range<u64>> {
        let offset = self.recent[from].find(place)?;
        Some(offset..offset.saturating_add(length as u64))
    }
}

impl Handover for Reading<'_, '_> {}

impl Observer for Reading<'_, '_> {
    type Body = Slices;

    fn body(&mut self, slices: &mut Slices, bytes: &[u8], place: Place) {
        let either = [self.from, self.from.reverse()];
        if let Some(range) = either.into_iter().find_map(|from| self.range(from, place, bytes.len())) {
            slices.0.add(range);
        }
    }

    fn exchange(&mut self, read: ParsedExchange<Slices>) {
        for (message, from) in [(read.request, read.client), (read.response, read.client.reverse())] {
            let Some((message, slices)) = message else { continue };
            let first = message.first;
            let Some(body) = first.offset.and_then(|at| self.watch.sites.bodies.get(&(first.packet, at))) else {
                continue;
            };
            match body {
                Body::Whole => slices.0.iter().for_each(|range| self.watch.range(self.stream, from, range)),
                Body::Parts(parts) => {
                    for (offset, length) in parts {
                        for range in slices.0.of_text(*offset, *length) {
                            self.watch.range(self.stream, from, range);
                        }
                    }
                }
            }
        }
    }

    fn other(&mut self, from: Direction, bytes: &[u8], place: Place) -> bool {
        if let Some(range) = self.range(from, place, bytes.len()) {
            self.other[from].0.add(range);
        }
        true
    }
}
