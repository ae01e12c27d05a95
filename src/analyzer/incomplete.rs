//! Whether the answer is complete: what a run did not see in which a secret may have stood.
//!
//! It alone decides that, from what the decoder and the TCP room counted and what the capture lost.
//! Connections evicted before they carried a byte, resets and segments that no receiver accepts, and
//! copies that differ leave nothing unseen: the bytes of such segments are searched for canaries.

use crate::{decode, tcp};
use std::collections::BTreeMap;

/// Why something was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// Nothing was captured where something was to be watched.
    NothingCaptured,
    /// Packets that the kernel dropped since its buffer was full.
    DroppedByKernel,
    /// Packets that the interface or its driver dropped.
    DroppedByInterface,
    /// Packets that were passed over since they came faster than they were read.
    DroppedByQueue,
    /// The input, or a part of it, that is damaged or cut off, in files.
    DamagedInput,
    /// Packets of a link type or in an encapsulation that is not read, or with a damaged header.
    NotRead,
    /// Datagrams of which some fragments are missing.
    FragmentsLost,
    /// Connections with bytes that were evicted for want of memory.
    StreamsEvicted,
    /// Early segments that were not kept for want of memory.
    SegmentsEvicted,
    /// Bytes that were not captured, in holes or cut off by the snap length.
    MissingBytes,
    /// Secrets beyond the first thousand in one text.
    Sightings,
    /// Places in a text that might have held a secret, beyond the thousands that are tried at once.
    Candidates,
}

impl Loss {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingCaptured => "nothing captured",
            Self::DroppedByKernel => "packets dropped by the kernel",
            Self::DroppedByInterface => "packets dropped by the interface",
            Self::DroppedByQueue => "packets dropped by the queue",
            Self::DamagedInput => "damaged input",
            Self::NotRead => "packets not read",
            Self::FragmentsLost => "datagrams with fragments missing",
            Self::StreamsEvicted => "streams evicted",
            Self::SegmentsEvicted => "early segments evicted",
            Self::MissingBytes => "missing bytes",
            Self::Sightings => "sightings beyond 1,000 in a text",
            Self::Candidates => "candidates beyond 4,096 in a text",
        }
    }

    /// Whether bytes that were captured, and so are in every copy of the capture, were not searched as
    /// what they are: as a stream, a whole datagram, or a whole text. Bytes that were not captured are
    /// in no copy, damage ends the copy too, and packets that are not read are searched as they stand.
    pub const fn leaves_captured_bytes_unsearched(self) -> bool {
        match self {
            Self::FragmentsLost | Self::StreamsEvicted | Self::SegmentsEvicted | Self::Sightings | Self::Candidates => {
                true
            }
            Self::NothingCaptured
            | Self::DroppedByKernel
            | Self::DroppedByInterface
            | Self::DroppedByQueue
            | Self::DamagedInput
            | Self::NotRead
            | Self::MissingBytes => false,
        }
    }

    /// Whether packets were dropped.
    pub const fn is_drop(self) -> bool {
        matches!(self, Self::DroppedByKernel | Self::DroppedByInterface | Self::DroppedByQueue)
    }
}

/// What a run did not see, by reason; empty for a complete one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incomplete {
    counts: BTreeMap<Loss, u64>,
    /// What [`Loss::NotRead`] is made of, by layer and reason.
    not_read: BTreeMap<String, u64>,
}

impl Incomplete {
    /// Adds to what was not seen; a count of 0 is nothing.
    pub fn add(&mut self, loss: Loss, count: u64) {
        if count > 0 {
            let sum = self.counts.entry(loss).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Whether everything was seen.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Each reason, with how often.
    pub fn iter(&self) -> impl Iterator<Item = (Loss, u64)> {
        self.counts.iter().map(|(loss, count)| (*loss, *count))
    }

    /// The packets of [`Loss::NotRead`], by layer and reason.
    pub const fn not_read(&self) -> &BTreeMap<String, u64> {
        &self.not_read
    }

    /// What the two stages of the analyzer did not see.
    pub(super) fn of(decoder: &decode::Counters, tcp: &tcp::Counters, sightings: u64, candidates: u64) -> Self {
        // Taken apart, so that each counter is either a loss or none.
        let tcp::Counters {
            streams: _,
            silent_streams_let_go: _,
            idle_streams_let_go,
            early_segments_let_go,
            segments_after_end: _,
            resets_ignored: _,
            openings_ignored: _,
            segments_before_start: _,
            segments_outside_window: _,
            conflicting_segments: _,
            missing_bytes,
        } = *tcp;
        let not_read = decoder.not_read();
        let mut incomplete = Self::default();
        for (loss, count) in [
            (Loss::NotRead, not_read.values().sum()),
            (Loss::FragmentsLost, decoder.fragments_lost()),
            (Loss::StreamsEvicted, idle_streams_let_go),
            (Loss::SegmentsEvicted, early_segments_let_go),
            (Loss::MissingBytes, missing_bytes.saturating_add(decoder.bytes_cut)),
            (Loss::Sightings, sightings),
            (Loss::Candidates, candidates),
        ] {
            incomplete.add(loss, count);
        }
        Self { not_read, ..incomplete }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of counters of the TCP room.
    fn of(tcp: tcp::Counters) -> Vec<(Loss, u64)> {
        Incomplete::of(&decode::Counters::default(), &tcp, 0, 0).iter().collect()
    }

    #[test]
    fn what_leaves_nothing_unseen_is_no_loss() {
        let tcp = tcp::Counters {
            streams: 1,
            silent_streams_let_go: 2,
            segments_after_end: 3,
            resets_ignored: 4,
            openings_ignored: 8,
            segments_before_start: 7,
            segments_outside_window: 5,
            conflicting_segments: 6,
            ..tcp::Counters::default()
        };
        assert_eq!(of(tcp), []);
    }

    #[test]
    fn what_was_not_seen_is_told_by_reason() {
        let tcp =
            tcp::Counters { idle_streams_let_go: 1, early_segments_let_go: 2, missing_bytes: 3, ..Default::default() };
        assert_eq!(of(tcp), [(Loss::StreamsEvicted, 1), (Loss::SegmentsEvicted, 2), (Loss::MissingBytes, 3)]);
        let mut decoder = decode::Counters::default();
        (decoder.fragments_evicted, decoder.fragments_unfinished, decoder.bytes_cut) = (1, 1, 7);
        let all: Vec<_> = Incomplete::of(&decoder, &tcp::Counters::default(), 4, 5).iter().collect();
        let want = [(Loss::FragmentsLost, 2), (Loss::MissingBytes, 7), (Loss::Sightings, 4), (Loss::Candidates, 5)];
        assert_eq!(all, want);
    }
}
