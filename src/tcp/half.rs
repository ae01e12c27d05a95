//! One direction of a TCP connection: how far it has been read and what waits.

use super::assembler::Assembler;
use super::piece::{ALLOCATION, Arrival, Needs};
use super::sequence::SequenceNumber;
use std::hash::{BuildHasher as _, Hasher as _};

/// How this side's numbering is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// Nothing is known.
    Unknown,
    /// From the other side's acknowledgements only: bytes before may still come.
    Acknowledged,
    /// From this side's first segment, of which nothing was handed on yet: bytes before may still
    /// come.
    Tentative,
    /// From this side's first segment, its opening not seen.
    MidStream,
    /// From this side's SYN.
    Syn,
}

/// An offset or none, in the size of one: a table of connections holds four for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaybeOffset(u64);

impl MaybeOffset {
    /// The offset, where there is one.
    #[inline]
    pub(crate) const fn get(self) -> Option<u64> {
        if self.0 == u64::MAX { None } else { Some(self.0) }
    }
}

impl From<Option<u64>> for MaybeOffset {
    /// `u64::MAX`, where no stream can reach, counts as none.
    #[inline]
    fn from(offset: Option<u64>) -> Self {
        Self(offset.unwrap_or(u64::MAX))
    }
}

/// One direction, named after its sender.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is a fact of its own
pub(crate) struct Half {
    /// Offset of the next byte to read. Offset 0 is the first byte after the SYN, or the
    /// first one known of.
    pub(crate) next: u64,
    /// The sequence number of that byte; means nothing while `base` is `Unknown`.
    pub(crate) next_sequence: SequenceNumber,
    /// The sequence number of the SYN, where one was seen.
    pub(crate) syn: Option<SequenceNumber>,
    /// The highest offset that the other side acknowledged.
    pub(crate) acknowledged: u64,
    /// Waiting for bytes before this offset was given up.
    pub(crate) excused: u64,
    /// The offset at which the sender ended its data.
    pub(crate) fin: MaybeOffset,
    /// The offset for which a wait is registered, so that each is registered once.
    pub(crate) waits_at: MaybeOffset,
    /// What came early; boxed, since most connections never need it.
    pub(crate) early: Option<Box<Assembler>>,
    pub(crate) base: Base,
    /// Whether the first data may have the SYN's number: nothing came yet from the one after it.
    pub(crate) may_begin_at_syn: bool,
    /// Whether any segment of this sender was seen.
    pub(crate) seen: bool,
    /// Whether waiting for this sender's segments proved vain: it is not captured.
    pub(crate) absent: bool,
    /// How often in a row the other side waited for this sender in vain.
    pub(crate) vain_waits: u8,
    /// Whether its end was told.
    pub(crate) ended: bool,
    /// What was handed on last, so that another copy of it can be compared.
    pub(crate) latest: Latest,
}

/// What is remembered of the bytes that were handed on last: where they stood, modulo 2^32, how
/// many they were, how many mattered, and what those hash to. Of bytes that nobody looked at only
/// the first few are compared, since fetching them all from memory is most of what such a segment
/// costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Latest {
    offset: u32,
    length: u32,
    mattered: u32,
    hash: u32,
}

impl Latest {
    /// So many of the bytes that did not matter are compared.
    const FEW: usize = 16;

    /// Of `bytes` at `offset`, of which the first `mattered` did. `hasher` has a key of its own,
    /// lest a forger know how to make other bytes look alike.
    pub(crate) fn of(offset: u64, bytes: &[u8], mattered: usize, hasher: &foldhash::fast::RandomState) -> Self {
        let (seen, rest) = bytes.split_at_checked(mattered).unwrap_or((bytes, &[]));
        let mut hasher = hasher.build_hasher();
        hasher.write(seen);
        if !rest.is_empty() {
            hasher.write(rest.first_chunk::<{ Self::FEW }>().map_or(rest, |few| few));
        }
        Self {
            offset: offset as u32,
            length: bytes.len() as u32,
            mattered: mattered as u32,
            hash: hasher.finish() as u32,
        }
    }

    /// Whether `bytes` at `offset` are a copy of the latest, and another one. A single byte is what
    /// keep-alive probes repeat, and not always truly (RFC 9293 §3.8.4).
    pub(crate) fn is_contradicted_by(self, offset: u64, bytes: &[u8], hasher: &foldhash::fast::RandomState) -> bool {
        bytes.len() > 1
            && self.offset == offset as u32
            && self.length == bytes.len() as u32
            && Self::of(offset, bytes, self.mattered as usize, hasher).hash != self.hash
    }
}

impl Default for Half {
    fn default() -> Self {
        Self {
            next: 0,
            next_sequence: SequenceNumber::default(),
            syn: None,
            acknowledged: 0,
            excused: 0,
            fin: None.into(),
            waits_at: None.into(),
            early: None,
            base: Base::Unknown,
            seen: false,
            may_begin_at_syn: false,
            absent: false,
            vain_waits: 0,
            ended: false,
            latest: Latest::default(),
        }
    }
}

impl Half {
    /// Numbers this side from `sequence`, of which the first data byte is the next.
    pub(crate) fn number_from(&mut self, sequence: SequenceNumber, base: Base) {
        self.next_sequence = sequence;
        self.base = base;
    }

    /// The sequence number of the SYN: as it was seen, or the one before the first byte.
    pub(crate) fn syn_number(&self) -> Option<SequenceNumber> {
        let before = || (self.base != Base::Unknown).then(|| SequenceNumber(self.start().0.wrapping_sub(1)));
        self.syn.or_else(before)
    }

    /// The sequence number of offset 0.
    pub(crate) fn start(&self) -> SequenceNumber {
        SequenceNumber(self.next_sequence.0.wrapping_sub(self.next as u32))
    }

    /// This side, of which nothing was handed on, turned out to have begun `count` bytes earlier.
    pub(crate) fn begin_earlier(&mut self, count: u64) {
        self.next_sequence = SequenceNumber(self.next_sequence.0.wrapping_sub(count as u32));
        self.acknowledged = self.acknowledged.saturating_add(count);
        self.fin = self.fin.get().map(|fin| fin.saturating_add(count)).into();
        if let Some(early) = &mut self.early {
            early.shift(count);
        }
    }

    /// The offset of `sequence`; negative before the first byte known of.
    pub(crate) fn offset(&self, sequence: SequenceNumber) -> i64 {
        i64::try_from(self.next).unwrap_or(i64::MAX).saturating_add(sequence.after(self.next_sequence))
    }

    /// Moves on by `count` bytes.
    pub(crate) fn advance(&mut self, count: u64) {
        self.next = self.next.saturating_add(count);
        self.next_sequence = self.next_sequence.plus(count);
    }

    /// Whether a piece with `needs` may be read, as far as this side is concerned with
    /// being the *other* direction.
    pub(crate) fn satisfies(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Offset(offset) => self.absent || (self.seen && offset <= self.next.max(self.excused)),
        }
    }

    /// Keeps what cannot be read yet; returns whether a byte differs from one held.
    pub(crate) fn keep(&mut self, arrival: Arrival<'_>) -> bool {
        self.early.get_or_insert_default().insert(arrival)
    }

    /// Memory held in waiting pieces.
    pub(crate) fn weight(&self) -> usize {
        self.early.as_ref().map_or(0, |early| early.weight() + size_of::<Assembler>() + ALLOCATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_did_not_matter_only_the_beginning_is_compared() {
        let hasher = foldhash::fast::RandomState::default();
        let sent = [b'a'; 100];
        for (read, changed, contradicted) in [
            (100, 0, true),
            (100, 99, true),
            (40, 39, true),
            (40, 55, true),
            (40, 56, false),
            (0, 0, true),
            (0, 99, false),
            // More than there is.
            (200, 99, true),
        ] {
            let latest = Latest::of(7, &sent, read, &hasher);
            let mut copy = sent;
            assert!(!latest.is_contradicted_by(7, &copy, &hasher), "{read}");
            copy[changed] = b'b';
            assert_eq!(latest.is_contradicted_by(7, &copy, &hasher), contradicted, "{read} {changed}");
            assert!(!latest.is_contradicted_by(8, &copy, &hasher), "{read}");
        }
    }
}
