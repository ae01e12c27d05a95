//! From ranges of streams to bytes of packets: every copy of a byte that was on the wire,
//! retransmitted, mirrored or in fragments.
//!
//! It refuses to know how a capture is read and written.

use super::edit::{Change, Edit, blank, mend_all};
use super::needles::Needles;
use super::sites::Sites;
use super::trace::{Ranges, Tracer};
use crate::decode::layout::{Checksum, DatagramKey, Layout, Part, Whole};
use crate::packet::{Packet, PacketId, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// What is to be done to which packet.
pub(super) type Edits = HashMap<PacketId, Edit>;

/// Finds the edits.
pub(super) struct Cover<'s> {
    sites: &'s Sites,
    ranges: &'s Ranges,
    needles: &'s Needles,
    edits: Edits,
    fragments: Fragments,
    packets: u64,
    /// Whether packets were cut off.
    cuts: bool,
}

/// Fragments of late, by datagram.
#[derive(Default)]
struct Fragments {
    known: HashMap<DatagramKey, Datagram>,
    order: VecDeque<(DatagramKey, u64, Timestamp)>,
}

/// A datagram that came in fragments.
#[derive(Default)]
struct Datagram {
    fragments: Vec<Fragment>,
    /// What was changed of it once it was whole, for copies that come later.
    changes: Vec<Change>,
}

/// A fragment in its packet.
struct Fragment {
    part: Part,
    index: u64,
    /// Secrets that stand whole in it, from its first byte.
    own: Vec<Range<usize>>,
    checksums: Vec<Checksum>,
    done: bool,
}

/// As in the decoder: so many packets and so long, in nanoseconds, fragments belong together.
const AGE: (u64, i64) = (1 << 17, 30_000_000_000);

/// Some bytes of a packet: their offset, and how many.
type Place = (PacketId, usize, usize);

/// Some bytes of a datagram's payload: where that begins, their offset in it, and how many.
type InPayload = (PacketId, usize, usize, usize);

impl<'s> Cover<'s> {
    pub(super) fn new(sites: &'s Sites, ranges: &'s Ranges, needles: &'s Needles) -> Self {
        Self {
            sites,
            ranges,
            needles,
            edits: Edits::default(),
            fragments: Fragments::default(),
            packets: 0,
            cuts: false,
        }
    }

    /// Takes the next packet; the tracer is one that has seen those before.
    pub(super) fn packet(&mut self, tracer: &mut Tracer<'_>, packet: &Packet<'_>) {
        self.packets += 1;
        let mut places: Vec<Place> = Vec::new();
        // Where the first payload in this packet begins: a secret does not stand in headers.
        let mut payload: Option<usize> = None;
        let mut begin = |place: crate::packet::Place| {
            if let Some(at) = place.offset.filter(|_| place.packet == packet.id) {
                payload = Some(payload.map_or(at as usize, |known| known.min(at as usize)));
            }
        };
        let ranges = self.ranges;
        // Payloads that are searched alone, and whether they have headers of their own in front.
        let mut datagrams = Vec::new();
        let mut segments = Vec::new();
        let mut inside = Vec::new();
        tracer.packet(
            packet,
            |segment, located| {
                begin(segment.place);
                segments.push((segment.place, true));
                let (Some(location), Some(at)) = (located, segment.place.offset) else { return };
                let Some((spans, offset)) = ranges.at(&location) else { return };
                // What lies before the first byte known of is in no range.
                let before = usize::try_from(offset.saturating_neg()).unwrap_or(0).min(segment.payload.len());
                let first = u64::try_from(offset).unwrap_or(0);
                let range = first..first.saturating_add((segment.payload.len() - before) as u64);
                for span in spans.within(range) {
                    let at = at as usize + before + (span.start - first) as usize;
                    places.push((segment.place.packet, at, (span.end - span.start) as usize));
                }
            },
            |datagram| datagrams.push((datagram.place, datagram.four_tuple.is_some())),
        );
        for (place, has_headers) in datagrams.into_iter().chain(segments) {
            if has_headers {
                begin(place);
            }
            let sites = self.sites.datagrams.get(&place.packet).into_iter().flatten();
            for (offset, length) in sites {
                let [offset, length] = [*offset, *length].map(|number| usize::try_from(number).unwrap_or(usize::MAX));
                if let Some(at) = place.offset {
                    inside.push((place.packet, at as usize, offset, length));
                }
            }
        }
        let Some(layout) = tracer.front.decoder.layout() else { return };
        self.fragments.expire(self.packets, packet.timestamp, &mut self.edits);
        self.keep_fragments(layout, packet);
        for (number, whole) in layout.joined.iter().enumerate() {
            self.joined(layout, number, whole, &mut places, &mut inside);
        }
        let rest = inside.into_iter().map(|(id, at, offset, length)| (id, at.saturating_add(offset), length));
        places.extend(rest);
        self.plain(layout, packet, payload, places);
    }

    /// Marks what stands in the packet's own bytes.
    fn plain(&mut self, layout: &Layout, packet: &Packet<'_>, payload: Option<usize>, places: Vec<Place>) {
        let mut blanks: Vec<Range<usize>> = Vec::new();
        let own = places.into_iter().filter(|(id, ..)| *id == packet.id);
        blanks.extend(own.map(|(_, at, length)| at..at.saturating_add(length)));
        if layout.parts.is_empty() {
            let start = payload.unwrap_or(0);
            blanks.extend(self.needles.find(packet.data, start));
            blanks.extend(self.sites.packets.get(&packet.id).into_iter().flatten().cloned());
            // A capture that cuts packets cuts secrets.
            if packet.data.len() < packet.original_length as usize {
                self.cuts = true;
                blanks.extend(self.needles.cut_off(packet.data, start));
            }
            if self.cuts && payload.is_some() {
                blanks.extend(self.needles.going_on(packet.data, start));
            }
        }
        if !blanks.is_empty() {
            let edit = self.edits.entry(packet.id).or_default();
            edit.blanks.extend(blanks);
            if edit.checksums.is_empty() {
                edit.checksums = own_checksums(layout);
            }
        }
    }

    fn keep_fragments(&mut self, layout: &Layout, packet: &Packet<'_>) {
        for part in &layout.parts {
            let here = part.packet == packet.id;
            let bytes = packet.data.get(part.at..part.at.saturating_add(part.length)).filter(|_| here);
            let mut own = bytes.map(|bytes| self.needles.find(bytes, 0)).unwrap_or_default();
            let strays = self.sites.packets.get(&part.packet).into_iter().flatten();
            let inside = strays.filter(|range| here && range.start >= part.at && range.end <= part.at + part.length);
            own.extend(inside.map(|range| range.start - part.at..range.end - part.at));
            let checksums = if here { own_checksums(layout) } else { Vec::new() };
            let fragment = Fragment { part: *part, index: self.packets, own, checksums, done: false };
            self.fragments.add(fragment, packet.timestamp, &mut self.edits);
        }
    }

    /// A datagram is whole: marks what stands in it, in every fragment that brought some of it.
    /// What of `places` and of `payloads` is in it is taken out.
    fn joined(
        &mut self,
        layout: &Layout,
        number: usize,
        whole: &Whole,
        places: &mut Vec<Place>,
        payloads: &mut Vec<InPayload>,
    ) {
        let Some(datagram) = self.fragments.known.get_mut(&whole.key) else { return };
        let mut new = whole.bytes.clone();
        let inside = |id: PacketId, at: usize| {
            datagram.fragments.iter().find_map(|fragment| {
                let Part { packet, at: start, length, offset, .. } = fragment.part;
                (packet == id && (start..start + length).contains(&at)).then(|| offset + (at - start))
            })
        };
        let mut spans: Vec<Range<usize>> = Vec::new();
        places.retain(|(id, at, length)| match inside(*id, *at) {
            Some(offset) => {
                spans.push(offset..offset.saturating_add(*length));
                false
            }
            None => true,
        });
        payloads.retain(|(id, at, offset, length)| match inside(*id, *at) {
            Some(start) => {
                let start = start.saturating_add(*offset);
                spans.push(start..start.saturating_add(*length));
                false
            }
            None => true,
        });
        for fragment in &datagram.fragments {
            let offset = fragment.part.offset;
            spans.extend(fragment.own.iter().map(|range| offset + range.start..offset + range.end));
        }
        spans.extend(self.needles.find(&whole.bytes, 0));
        for span in spans {
            blank(&mut new, span);
        }
        mend_all(&whole.bytes, &mut new, layout.checksums.iter().filter(|one| one.joined == Some(number)));
        let bytes = whole.bytes.iter().zip(&new).enumerate();
        datagram.changes = bytes
            .filter(|(_, (old, new))| old != new)
            .map(|(at, (old, new))| Change { at, old: *old, new: *new })
            .collect();
        let Datagram { fragments, changes } = datagram;
        for fragment in fragments {
            fragment.change(changes, &mut self.edits);
        }
    }

    /// The capture is over: gives all edits.
    pub(super) fn finish(mut self) -> Edits {
        let Fragments { known, .. } = &mut self.fragments;
        for fragment in known.values_mut().flat_map(|datagram| &mut datagram.fragments) {
            fragment.alone(&mut self.edits);
        }
        self.edits
    }
}

fn own_checksums(layout: &Layout) -> Vec<Checksum> {
    layout.checksums.iter().filter(|checksum| checksum.joined.is_none()).cloned().collect()
}

impl Fragments {
    fn add(&mut self, mut fragment: Fragment, time: Timestamp, edits: &mut Edits) {
        let key = fragment.part.key;
        self.order.push_back((key, fragment.index, time));
        let datagram = self.known.entry(key).or_default();
        // A late copy of what was put together already.
        let changes = std::mem::take(&mut datagram.changes);
        fragment.change(&changes, edits);
        datagram.changes = changes;
        datagram.fragments.push(fragment);
    }

    /// Lets go of what is too old to belong to what comes.
    fn expire(&mut self, index: u64, time: Timestamp, edits: &mut Edits) {
        while let Some((key, since, when)) = self.order.front().copied() {
            if index.saturating_sub(since) <= AGE.0 && time.since(when) <= AGE.1 {
                return;
            }
            self.order.pop_front();
            let Some(datagram) = self.known.get_mut(&key) else { continue };
            for old in datagram.fragments.iter_mut().filter(|fragment| fragment.index <= since) {
                old.alone(edits);
            }
            datagram.fragments.retain(|fragment| fragment.index > since);
            if datagram.fragments.is_empty() {
                self.known.remove(&key);
            }
        }
    }
}

impl Fragment {
    /// Makes the changes to the whole datagram that are in this part of it.
    fn change(&mut self, changes: &[Change], edits: &mut Edits) {
        let Part { offset, at, length, packet, .. } = self.part;
        let inside = changes.iter().filter(|change| (offset..offset + length).contains(&change.at));
        let patch: Vec<_> = inside.map(|change| Change { at: change.at - offset + at, ..*change }).collect();
        if !patch.is_empty() {
            self.done = true;
            self.edit(packet, edits).patches.push(patch);
        }
    }

    /// The datagram was never whole: marks what stands in this part alone.
    fn alone(&mut self, edits: &mut Edits) {
        if !self.done && !self.own.is_empty() {
            self.done = true;
            let own = std::mem::take(&mut self.own);
            let at = self.part.at;
            let blanks = own.into_iter().map(|range| at + range.start..at + range.end);
            self.edit(self.part.packet, edits).blanks.extend(blanks);
        }
    }

    fn edit<'e>(&self, packet: PacketId, edits: &'e mut Edits) -> &'e mut Edit {
        let edit = edits.entry(packet).or_default();
        if edit.checksums.is_empty() {
            edit.checksums.clone_from(&self.checksums);
        }
        edit
    }
}
