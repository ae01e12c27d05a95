//! Follows every connection: takes segments, hands on bytes, holes and ends.

use super::counters::Counters;
use super::direction::Direction;
use super::half::{Base, Half};
use super::handler::{Handler, Oddity};
use super::numbering::number;
use super::order::{LARGEST_WINDOW, Told, Wait, acknowledge, deliver, drain, force, suspect, tell_ends};
use super::piece::{Arrival, Needs};
use super::relation::is_answer_after_reset;
use super::sequence::SequenceNumber;
use super::stream::Stream;
use super::table::{Flow, Slot, Table};
use crate::decode::{FourTuple, Segment, TcpFlags};
use std::collections::{BTreeMap, VecDeque};

/// Bounds and waiting times.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory for connections, what waits in them, and what the handler keeps, in bytes.
    pub memory: usize,
    /// After how many packets of the capture a suspect hole is given up.
    pub patience: u64,
    /// How many segments may wait in one direction.
    pub early_segments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 512 << 20, patience: 1024, early_segments: 1 << 18 }
    }
}

/// Every connection of a capture.
#[derive(Debug)]
pub struct Flows<T> {
    pub(super) table: Table<T>,
    pub(super) waits: VecDeque<Wait>,
    pub(super) limits: Limits,
    /// Memory of what waits and of the states.
    pub(super) weight: usize,
    pub(super) told: Told,
    /// The number of the stream of the latest segment.
    pub(super) latest: u64,
    /// The number of that segment in the capture, where somebody counts them.
    serial: u64,
    /// How many streams have a number, with those that a SYN may have opened.
    numbered: u64,
}

/// When the first wait in the queue is over. Waits are given up in this order, whoever else
/// keeps some of the capture's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    /// The index of the packet with which it is given up.
    pub(crate) index: u64,
    /// The number of the segment that it goes back to.
    root: u64,
}

/// Where a segment stands in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    /// The stream's number.
    pub(crate) stream: u64,
    /// Who sent the segment.
    pub(crate) from: Direction,
    /// The offset of its first byte, as far as is known where the direction began; negative before
    /// that.
    pub(crate) offset: i64,
    /// The sequence number of offset 0: it changes while the direction's beginning is not known for
    /// sure.
    pub(crate) start: u32,
}

/// How far from the expected number an RST is believed. Its sender states the number
/// that the other side expects, exactly or within the window.
const RESET_WINDOW: i64 = 1 << 20;

/// Hands out bytes of a segment that its stream has no place for.
fn unclaimed<T>(segment: &Segment<'_>, bytes: &[u8], handler: &mut impl Handler<T>) {
    if !bytes.is_empty() {
        handler.unclaimed(&Segment { payload: bytes, ..*segment });
    }
}

impl<T: Default> Flows<T> {
    /// An empty table.
    pub fn new(limits: Limits) -> Self {
        Self {
            table: Table::new(),
            waits: VecDeque::new(),
            limits,
            weight: 0,
            told: Told::default(),
            latest: 0,
            serial: 0,
            numbered: 0,
        }
    }

    /// What was counted.
    pub fn counters(&self) -> Counters {
        self.told.counters
    }

    /// The number of the stream that the latest segment belongs to.
    pub const fn latest(&self) -> u64 {
        self.latest
    }

    /// How many numbers of streams are taken. A SYN with a foreign number takes one as well, whether
    /// or not it opens a stream in the end.
    pub(crate) const fn numbered(&self) -> u64 {
        self.numbered
    }

    /// Says which of all segments of the capture is the next, where others take some of them.
    pub(crate) const fn number_next(&mut self, serial: u64) {
        self.serial = serial;
    }

    /// Memory in use, in bytes.
    pub fn memory(&self) -> usize {
        self.weight + self.table.len() * Table::<T>::FLOW_COST
    }

    /// Takes the next segment. `index` counts the packets of the capture.
    pub fn segment(&mut self, index: u64, segment: &Segment<'_>, handler: &mut impl Handler<T>) {
        let known = self.table.find(&segment.four_tuple);
        if known.is_none_or(|known| !self.calm_segment(index, known, segment, handler)) {
            self.any_segment(index, known, segment, handler);
        }
    }

    /// As [`Flows::segment`] without its fast path, to compare the two.
    pub(super) fn segment_slowly(&mut self, index: u64, segment: &Segment<'_>, handler: &mut impl Handler<T>) {
        let known = self.table.find(&segment.four_tuple);
        self.any_segment(index, known, segment, handler);
    }

    /// Takes any segment. `known` is where its connection stands in the table, and who sent it.
    pub(super) fn any_segment(
        &mut self,
        index: u64,
        known: Option<(Slot, Direction)>,
        segment: &Segment<'_>,
        handler: &mut impl Handler<T>,
    ) {
        if let Some((slot, from)) = known
            && self.may_be_contested(slot, from, segment)
            && self.contested(index, (slot, from), segment, handler)
        {
            return;
        }
        let (slot, from) = match known {
            Some((slot, from)) if !self.opens_another(slot, from, segment) => (slot, from),
            Some((slot, _)) => {
                self.close(slot, handler);
                self.forget(slot, handler);
                self.open(segment)
            }
            None => self.open(segment),
        };
        let Some(flow) = self.table.get_mut(slot) else { return };
        self.latest = flow.stream.number;
        flow.last = index;
        if flow.closed && is_answer_after_reset(flow, from, segment) {
            flow.reopen(from);
        }
        if !flow.closed {
            flow.closed_at = segment.place.time;
        }
        let flags = segment.flags;
        let half = &mut flow.halves[from];
        let first = !std::mem::replace(&mut half.seen, true);
        half.absent = false;
        half.vain_waits = 0;
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        let (sequence, counted) = number(flow, from, segment, length, self.limits.early_segments);
        if !counted && length > 0 {
            let Flow { stream, state, .. } = flow;
            handler.oddity(stream, state, from, Oddity::SynNotCounted);
        }
        let needs = if flags.has(TcpFlags::ACK) { acknowledge(flow, from, segment) } else { Needs::Nothing };
        if first && flow.halves[from.reverse()].early.is_some() {
            // What waited for this sender to appear at all, and for nothing that it says.
            drain(flow, &mut self.told, handler);
            self.reckon(slot, handler);
        }
        let Some(flow) = self.table.get_mut(slot) else { return };
        let offset = flow.halves[from].offset(sequence);
        if flags.has(TcpFlags::RST) {
            unclaimed(segment, segment.payload, handler);
            self.reset(slot, from, offset, handler);
            self.succeed(index, slot, handler);
            self.keep_bound(handler);
            return;
        }
        let expected = i64::try_from(flow.halves[from].next).unwrap_or(i64::MAX);
        let plausible = offset.saturating_sub(expected).abs() <= LARGEST_WINDOW;
        if !plausible && (length > 0 || flags.has(TcpFlags::FIN)) {
            self.told.counters.segments_outside_window += 1;
            unclaimed(segment, segment.payload, handler);
            return self.keep_bound(handler);
        }
        if flags.has(TcpFlags::FIN) {
            let end = u64::try_from(offset.saturating_add_unsigned(length)).ok();
            let half = &mut flow.halves[from];
            // An end before what was read already is no end.
            half.fin = half.fin.get().or(end.filter(|end| *end >= half.next)).into();
            if let (Some(fin), Some(early)) = (half.fin.get(), &mut half.early) {
                let cut = early.cut(fin, |bytes, place| {
                    if !bytes.is_empty() {
                        handler.unclaimed(&Segment { payload: bytes, place, ..*segment });
                    }
                });
                self.told.counters.segments_outside_window += u64::from(cut);
            }
        }
        if length > 0 && flags.has(TcpFlags::URG) {
            let Flow { stream, state, .. } = flow;
            handler.oddity(stream, state, from, Oddity::Urgent);
        }
        let calm = length == 0 || self.arrive(slot, from, offset, segment, needs, handler);
        self.settle(index, self.serial, slot, calm, handler);
    }

    /// Where a segment that was just taken stands: its stream, who sent it, and the offset of its
    /// first byte in that direction, which for a late copy is before what is read now. `None`
    /// where the stream was let go.
    pub(crate) fn locate(&mut self, segment: &Segment<'_>) -> Option<Location> {
        let (slot, from) = self.table.find(&segment.four_tuple)?;
        let flow = self.table.get(slot)?;
        let syn = u64::from(segment.flags.has(TcpFlags::SYN));
        if let Some((rival, start)) =
            flow.rival.as_ref().and_then(|rival| Some((rival, rival.start_for(segment.place)?)))
        {
            let offset = SequenceNumber(segment.sequence).plus(syn).after(start);
            let stream = rival.number.filter(|_| rival.opener == from)?;
            return Some(Location { stream, from: Direction::FromInitiator, offset, start: start.0 });
        }
        let half = &flow.halves[from];
        if half.base == Base::Unknown {
            return None;
        }
        let offset = half.offset(SequenceNumber(segment.sequence).plus(syn));
        Some(Location { stream: flow.stream.number, from, offset, start: half.start().0 })
    }

    fn open(&mut self, segment: &Segment<'_>) -> (Slot, Direction) {
        let answers = segment.flags.has(TcpFlags::SYN) && segment.flags.has(TcpFlags::ACK);
        let mut ends = segment.four_tuple;
        let mut from = Direction::FromInitiator;
        if answers {
            std::mem::swap(&mut ends.source, &mut ends.destination);
            from = Direction::FromResponder;
        }
        let number = self.next_number();
        (self.table.insert(Stream { number, ends }), from)
    }

    pub(super) const fn next_number(&mut self) -> u64 {
        self.told.counters.streams += 1;
        self.numbered += 1;
        self.numbered - 1
    }

    /// Takes a segment's payload; returns whether all of it was handed on in order.
    fn arrive(
        &mut self,
        slot: Slot,
        from: Direction,
        offset: i64,
        segment: &Segment<'_>,
        needs: Needs,
        handler: &mut impl Handler<T>,
    ) -> bool {
        let Some(flow) = self.table.get_mut(slot) else { return false };
        let half = &flow.halves[from];
        // What lies before the first byte known of cannot be placed.
        let before = usize::try_from(offset.saturating_neg()).unwrap_or(0);
        let cut = before.min(segment.payload.len());
        // A keep-alive probe repeats one byte and brings nothing.
        if cut > 1 && half.base == Base::MidStream && !flow.closed {
            self.told.counters.segments_before_start += 1;
        }
        unclaimed(segment, segment.payload.get(..cut).unwrap_or_default(), handler);
        let arrival = Arrival {
            offset: u64::try_from(offset).unwrap_or(0),
            bytes: segment.payload.get(cut..).unwrap_or_default(),
            missing: u64::from(segment.missing).saturating_sub((before - cut) as u64),
            needs,
            place: segment.place.advanced(cut),
        };
        if arrival.end() <= half.next {
            let Arrival { offset, bytes, .. } = arrival;
            if !flow.closed && half.latest.is_contradicted_by(offset, bytes, &self.told.hasher) {
                self.told.counters.conflicting_segments += 1;
                let Flow { stream, state, .. } = flow;
                handler.oddity(stream, state, from, Oddity::Contradiction);
            }
            return false; // seen before
        }
        let end = arrival.end();
        let arrival = arrival.from(half.next).until(half.fin.get().unwrap_or(u64::MAX));
        if half.ended || arrival.offset >= arrival.end() {
            self.told.counters.segments_after_end += 1;
            unclaimed(segment, segment.payload, handler);
            return false;
        }
        if arrival.end() < end {
            // It goes on behind the end: what is before that is read all the same.
            self.told.counters.segments_after_end += 1;
            unclaimed(segment, segment.payload, handler);
        }
        // Bytes after an RST: the reset was not believed, or not meant for this connection.
        flow.closed = false;
        let free = half.early.as_ref().is_none_or(|early| early.is_empty());
        if free
            && half.base != Base::Tentative
            && arrival.offset == half.next
            && flow.halves[from.reverse()].satisfies(needs)
        {
            deliver(flow, from, arrival, &mut self.told, handler);
            return true;
        }
        let held = flow.halves[from].early.as_ref().map_or(0, |early| early.len());
        if held >= self.limits.early_segments {
            self.told.counters.early_segments_let_go += 1;
            return false;
        }
        if flow.halves[from].keep(arrival) {
            self.told.counters.conflicting_segments += 1;
            let Flow { stream, state, .. } = flow;
            handler.oddity(stream, state, from, Oddity::Conflict);
        }
        false
    }

    /// After a change: hands on what can be, registers what must wait, tells ends.
    /// `calm`: the segment itself left nothing to wait for.
    fn settle(&mut self, index: u64, root: u64, slot: Slot, calm: bool, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let idle = |half: &Half| half.early.is_none() && half.fin.get().is_none();
        if !(calm && Direction::BOTH.into_iter().all(|from| idle(&flow.halves[from]))) {
            drain(flow, &mut self.told, handler);
            for direction in Direction::BOTH {
                if let Some(wait) = suspect(flow, slot, direction, index, root) {
                    self.waits.push_back(wait);
                }
            }
            tell_ends(flow, handler);
        }
        self.reckon(slot, handler);
        self.succeed(index, slot, handler);
        self.keep_bound(handler);
    }

    /// An RST: believed only within the window.
    fn reset(&mut self, slot: Slot, from: Direction, offset: i64, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get(slot) else { return };
        let half = &flow.halves[from];
        let distance = offset.saturating_sub(i64::try_from(half.next).unwrap_or(i64::MAX));
        if half.base == Base::Syn || flow.carried {
            let near = (-RESET_WINDOW..=RESET_WINDOW).contains(&distance);
            // The receiver expects at least what it acknowledged.
            let old = offset < i64::try_from(half.acknowledged).unwrap_or(i64::MAX);
            if !near || old {
                self.told.counters.resets_ignored += 1;
                return;
            }
        }
        self.close(slot, handler);
    }

    /// Gives up every suspect hole whose time has come by packet `index`.
    pub fn expire(&mut self, index: u64, handler: &mut impl Handler<T>) {
        while let Some(due) = self.first_due() {
            if index < due.index {
                break;
            }
            self.give_up_first(due.index, handler);
        }
    }

    /// When the first wait is over.
    pub(crate) fn first_due(&self) -> Option<Due> {
        let wait = self.waits.front()?;
        Some(Due { index: wait.since.saturating_add(self.limits.patience), root: wait.root })
    }

    /// How many waits there are, counting those that came to nothing.
    pub(crate) fn waiting(&self) -> usize {
        self.waits.len()
    }

    /// Gives up what the first wait is for, as of packet `index`.
    pub(crate) fn give_up_first(&mut self, index: u64, handler: &mut impl Handler<T>) {
        if let Some(wait) = self.waits.pop_front() {
            self.give_up(wait, index, handler);
        }
    }

    /// The same in a quiet time: what shows up by that is as old as what was given up.
    pub(crate) fn give_up_first_as_old(&mut self, handler: &mut impl Handler<T>) {
        if let Some(wait) = self.waits.pop_front() {
            self.give_up(wait, wait.since, handler);
        }
    }

    /// A second passed without a packet: gives up every suspect hole.
    pub fn quiet(&mut self, handler: &mut impl Handler<T>) {
        // Giving one up may show the next; each advances its stream, so this ends.
        while !self.waits.is_empty() {
            self.give_up_first_as_old(handler);
        }
    }

    fn give_up(&mut self, wait: Wait, index: u64, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(wait.slot) else { return };
        if flow.generation != wait.generation || !flow.live || flow.closed {
            return;
        }
        let half = &mut flow.halves[wait.from];
        if half.waits_at.get() != Some(wait.at) || half.next != wait.at {
            return;
        }
        half.waits_at = None.into();
        force(flow, wait.from, &mut self.told, handler);
        self.settle(index, wait.root, wait.slot, false, handler);
    }

    /// Hands on everything that a connection still holds, and tells its end.
    pub(super) fn close(&mut self, slot: Slot, handler: &mut impl Handler<T>) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        if flow.closed {
            return;
        }
        loop {
            drain(flow, &mut self.told, handler);
            let waiting = |from| flow.halves[from].early.as_ref().is_some_and(|early| !early.is_empty());
            let Some(from) = Direction::BOTH.into_iter().find(|from| waiting(*from)) else { break };
            force(flow, from, &mut self.told, handler);
        }
        tell_ends(flow, handler);
        if !flow.closed {
            flow.closed = true;
            let Flow { stream, state, .. } = flow;
            handler.close(stream, state);
        }
        flow.state = T::default();
        for from in Direction::BOTH {
            flow.halves[from].early = None;
        }
        self.reckon(slot, handler);
    }

    pub(super) fn forget(&mut self, slot: Slot, handler: &mut impl Handler<T>) {
        self.refute(slot, handler);
        if let Some(flow) = self.table.get(slot) {
            handler.forgotten(&flow.stream);
            self.weight = self.weight.saturating_sub(flow.weight);
            self.table.remove(slot);
        }
    }

    /// The capture is over: tells the end of every stream, in their order.
    pub fn finish(&mut self, handler: &mut impl Handler<T>) {
        let open = self.table.slots().filter(|(_, flow)| !flow.closed);
        let mut order: BTreeMap<u64, FourTuple> =
            open.map(|(_, flow)| (flow.stream.number, flow.stream.ends)).collect();
        while let Some((_, ends)) = order.pop_first() {
            let Some((slot, _)) = self.table.find(&ends) else { continue };
            let Some(last) = self.table.get(slot).filter(|flow| flow.rival.is_some()).map(|flow| flow.last) else {
                self.close(slot, handler);
                continue;
            };
            // Nothing refuted the opening: it is a stream as well.
            self.promote(last, slot, handler);
            let Some((slot, _)) = self.table.find(&ends) else { continue };
            order.extend(self.table.get(slot).filter(|flow| !flow.closed).map(|flow| (flow.stream.number, ends)));
        }
        self.waits.clear();
    }
}
