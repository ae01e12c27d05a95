//! Packets in, events out: the sans-IO core, the library's front door.
//!
//! One of each room stands behind it. It has no clock, opens no file and prints nothing.

mod event;
#[cfg(test)]
mod framing_tests;
#[doc(hidden)]
pub mod fuzz;
mod incomplete;
mod origins;
mod outside;
mod shard;
mod streams;
mod trace;

pub use event::{Drafter, Event, Exchange, TlsHello};
pub use incomplete::{Incomplete, Loss};
pub(crate) use shard::{Moment, Shard, Tally};

use crate::decode::{self, Decoder, Unit};
use crate::http::Settings;
use crate::leak::{Allowlist, Canaries, Rules, Scanner, SecretIdKey, Severity};
use crate::packet::{Packet, PacketId, Timestamp};
use crate::protocol::Traffics;
use std::collections::BTreeMap;
use std::sync::Arc;
use streams::Streams;
use trace::Trace;

/// What the analyzer is asked to do.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each is a choice of its own
pub struct Config {
    /// Bound on everything that is buffered, in bytes. Default 512 MiB.
    pub memory: usize,
    /// How many decoded bytes of each body are kept for showing. Default 4096.
    pub max_body: usize,
    /// Whether bodies are hashed with SHA-256.
    pub sha256: bool,
    /// Whether secrets are looked for.
    pub leaks: bool,
    /// What secrets look like; `None` for our own rules.
    pub rules: Option<Arc<Rules>>,
    /// Whether our own rules look for personal data too. Off by default.
    pub personal: bool,
    /// Texts that must not pass.
    pub canaries: Canaries,
    /// How much of each secret is hidden wherever it would be told, in percent; `None` for only
    /// those canaries that are to be hidden always.
    pub redact: Option<u8>,
    /// The key for identifiers of secrets; `None` for findings without them.
    pub secret_id_key: Option<SecretIdKey>,
    /// Findings that are not given out.
    pub allow: Allowlist,
    /// Whether it can be asked which packets belong to which streams. Off by default.
    pub trace: bool,
    /// Whether segments with a wrong checksum are refused. Off by default: network cards
    /// fill checksums in after a capture has seen the packet.
    pub verify_checksums: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            max_body: 4096,
            sha256: false,
            leaks: true,
            rules: None,
            personal: false,
            canaries: Canaries::default(),
            redact: None,
            secret_id_key: None,
            allow: Allowlist::default(),
            trace: false,
            verify_checksums: false,
        }
    }
}

impl Config {
    /// What fragments may take of the memory.
    const fn fragment_memory(&self) -> usize {
        self.memory / 16
    }

    /// What connections may take of it. An eighth is left for the tables' own slack and for what
    /// is on its way out.
    pub(crate) const fn flow_memory(&self) -> usize {
        self.memory - self.memory / 8 - self.fragment_memory()
    }

    /// The analyzer's first stage, from packets to segments.
    pub(crate) fn decoder(&self) -> Decoder {
        Decoder::new(decode::Config {
            verify_checksums: self.verify_checksums,
            fragment_memory: self.fragment_memory(),
            ..decode::Config::default()
        })
    }

    /// Its second stage, from segments to events, with so much memory for connections.
    fn shard(&self, memory: usize) -> Shard {
        let scanner = if self.leaks {
            let rules = self.rules.clone().unwrap_or_else(|| Rules::defaults(self.personal));
            Scanner::new(rules, self.canaries.clone())
                .redacting(self.redact)
                .with_secret_ids(self.secret_id_key.clone())
        } else {
            Scanner::default()
        };
        let settings = Settings {
            max_body: self.max_body,
            sha256: self.sha256,
            inspect: !scanner.is_idle(),
            ..Settings::default()
        };
        Shard::new(Streams::new(settings, scanner, self.allow.clone(), Trace::new(self.trace)), memory)
    }

    /// The second stage where several share it.
    pub(crate) fn shared_shard(&self, memory: usize) -> Shard {
        let mut shard = self.shard(memory);
        shard.streams.trace.forgets = true;
        shard
    }

    /// Whether datagrams are looked at.
    pub(crate) fn reads_datagrams(&self) -> bool {
        self.leaks && !self.canaries.is_empty()
    }
}

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

/// A step of the packets' time this long, in nanoseconds, is a quiet time: what was going to
/// come late has come.
pub(crate) const QUIET: i64 = 1_000_000_000;

/// Reads packets and tells what they say.
#[derive(Debug)]
pub struct Analyzer {
    decoder: Decoder,
    shard: Shard,
    packets: u64,
    bytes: u64,
    latest: Option<Timestamp>,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    pub fn new(config: &Config) -> Self {
        Self {
            decoder: config.decoder(),
            shard: config.shard(config.flow_memory()),
            packets: 0,
            bytes: 0,
            latest: None,
        }
    }

    /// Takes the next packet; `sink` is given what it completes.
    pub fn packet(&mut self, packet: &Packet<'_>, mut sink: impl FnMut(Event)) {
        let Self { decoder, shard: Shard { flows, streams }, .. } = self;
        let index = self.packets;
        self.packets += 1;
        self.bytes += packet.data.len() as u64;
        streams.trace.touched.clear();
        let mut handler = streams.with(&mut sink);
        if self.latest.is_some_and(|latest| packet.timestamp.since(latest) >= QUIET) {
            flows.quiet(&mut handler);
        } else {
            flows.expire(index, &mut handler);
        }
        self.latest = Some(packet.timestamp);
        let fragments = decoder.counters().fragments;
        decoder.packet(packet, &mut |unit| match unit {
            Unit::Segment(segment) => {
                flows.segment(index, &segment, &mut handler);
                handler.touched(segment.place.packet, flows.latest());
            }
            Unit::Datagram(datagram) => handler.datagram(&datagram),
        });
        streams.trace.waits = decoder.counters().fragments > fragments;
    }

    /// The streams that the latest packet belongs to, with its number; and those of earlier
    /// packets that were waiting as fragments until this one came. Nothing without
    /// [`Config::trace`].
    pub fn touched(&self) -> &[(PacketId, u64)] {
        &self.shard.streams.trace.touched
    }

    /// Whether the latest packet is a fragment that waits for others.
    pub const fn waits(&self) -> bool {
        self.shard.streams.trace.waits
    }

    /// The streams that ended since the last call: they show nothing more. Nothing without
    /// [`Config::trace`].
    pub fn closed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.shard.streams.trace.closed)
    }

    /// Says that a second has passed without a packet, so that a live view need not wait for
    /// the next one. It changes when something is told, never what.
    pub fn quiet(&mut self, mut sink: impl FnMut(Event)) {
        let Shard { flows, streams } = &mut self.shard;
        flows.quiet(&mut streams.with(&mut sink));
    }

    /// The capture is over: tells what was still open.
    pub fn finish(&mut self, mut sink: impl FnMut(Event)) {
        self.decoder.finish();
        let Shard { flows, streams } = &mut self.shard;
        flows.finish(&mut streams.with(&mut sink));
    }

    /// Takes back what it told, where that is done with: what comes next is read into it.
    pub fn reuse(&mut self, told: Event) {
        self.shard.reuse(told);
    }

    /// How often captured bytes were not searched so far: the sum of
    /// [`Loss::leaves_captured_bytes_unsearched`], quick enough to be asked after each packet.
    pub(crate) fn unsearched(&self) -> u64 {
        let (tally, decoder) = (self.shard.tally(), self.decoder.counters());
        tally.tcp.idle_streams_let_go
            + tally.tcp.early_segments_let_go
            + decoder.fragments_lost()
            + tally.unkept.sightings
            + tally.unkept.candidates
    }

    /// Memory held by what is buffered, in bytes; never more than [`Config::memory`].
    pub fn memory(&self) -> usize {
        self.shard.memory() + self.decoder.memory()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        Counters::sum(self.packets, self.bytes, self.decoder.counters(), &self.shard.tally())
    }
}
