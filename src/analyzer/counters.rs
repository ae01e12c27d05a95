//! What an analyzer counts.

use super::incomplete::Incomplete;
use super::shard::Tally;
use crate::decode;
use crate::leak::Severity;
use crate::protocol::Traffics;
use std::collections::BTreeMap;

/// What was counted, to be told at the end.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Packets handed in.
    pub packets: u64,
    /// Captured bytes of those.
    pub bytes: u64,
    /// TCP streams that appeared.
    pub streams: u64,
    /// Streams and bytes by protocol.
    pub protocols: Traffics,
    /// Exchanges given out.
    pub exchanges: u64,
    /// Findings given out, by severity, in the order of [`Severity::ALL`].
    pub findings: [u64; Severity::ALL.len()],
    /// Findings that the allowlist kept back.
    pub allowed: u64,
    /// Packets that were not understood, by layer and reason.
    pub not_understood: BTreeMap<String, u64>,
    /// What was let go for want of memory or beyond a bound, by reason.
    pub let_go: BTreeMap<String, u64>,
    /// What was not seen of what was captured, in which a secret may have stood.
    pub incomplete: Incomplete,
}

impl Counters {
    /// The sum of what was counted of these packets by the two stages.
    pub(crate) fn sum(packets: u64, bytes: u64, decoder: &decode::Counters, tally: &Tally) -> Self {
        let tcp = tally.tcp;
        let mut let_go = decoder.let_go();
        for (reason, count) in [
            ("silent streams", tcp.silent_streams_let_go),
            ("idle streams", tcp.idle_streams_let_go),
            ("early segments", tcp.early_segments_let_go),
            ("segments after the end", tcp.segments_after_end),
            ("resets outside the window", tcp.resets_ignored),
            ("openings outside the window", tcp.openings_ignored),
            ("segments before the start", tcp.segments_before_start),
            ("segments outside the window", tcp.segments_outside_window),
            ("conflicting segments", tcp.conflicting_segments),
            ("missing bytes", tcp.missing_bytes),
        ] {
            if count > 0 {
                let_go.insert(reason.to_owned(), count);
            }
        }
        Self {
            packets,
            bytes,
            streams: tcp.streams,
            protocols: tally.protocols,
            exchanges: tally.exchanges,
            findings: tally.findings,
            allowed: tally.allowed,
            not_understood: decoder.not_understood(),
            let_go,
            incomplete: Incomplete::of(decoder, &tcp, tally.unkept.sightings, tally.unkept.candidates),
        }
    }
}
