//! Packets in, events out: the sans-IO core, the library's front door.
//!
//! One of each room stands behind it. It has no clock, opens no file and prints nothing.

mod event;
#[doc(hidden)]
pub mod fuzz;
mod streams;
mod trace;

pub use event::{Event, Exchange, TlsHello};

use crate::decode::{self, Decoder, Unit};
use crate::http::Settings;
use crate::leak::{Allowlist, Canaries, Rules, Scanner, Severity};
use crate::packet::{Packet, PacketId, Timestamp};
use crate::tcp::{Flows, Limits};
use std::collections::BTreeMap;
use std::sync::Arc;
use streams::{StreamState, Streams};
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
            allow: Allowlist::default(),
            trace: false,
            verify_checksums: false,
        }
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
}

/// A step of the packets' time this long, in nanoseconds, is a quiet time: what was going to
/// come late has come.
const QUIET: i64 = 1_000_000_000;

/// Reads packets and tells what they say.
#[derive(Debug)]
pub struct Analyzer {
    decoder: Decoder,
    flows: Flows<StreamState>,
    streams: Streams,
    packets: u64,
    bytes: u64,
    latest: Option<Timestamp>,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    pub fn new(config: &Config) -> Self {
        let fragments = config.memory / 16;
        let scanner = if config.leaks {
            let rules = config.rules.clone().unwrap_or_else(|| Rules::defaults(config.personal));
            Scanner::new(rules, config.canaries.clone()).redacting(config.redact)
        } else {
            Scanner::default()
        };
        let settings = Settings {
            max_body: config.max_body,
            sha256: config.sha256,
            inspect: !scanner.is_idle(),
            ..Settings::default()
        };
        Self {
            decoder: Decoder::new(decode::Config {
                verify_checksums: config.verify_checksums,
                fragment_memory: fragments,
                ..decode::Config::default()
            }),
            // An eighth is left for the tables' own slack and for what is on its way out.
            flows: Flows::new(Limits { memory: config.memory - config.memory / 8 - fragments, ..Limits::default() }),
            streams: Streams::new(settings, scanner, config.allow.clone(), Trace::new(config.trace)),
            packets: 0,
            bytes: 0,
            latest: None,
        }
    }

    /// Takes the next packet; `sink` is given what it completes.
    pub fn packet(&mut self, packet: &Packet<'_>, mut sink: impl FnMut(Event)) {
        let Self { decoder, flows, streams, .. } = self;
        let index = self.packets;
        self.packets += 1;
        self.bytes += packet.data.len() as u64;
        streams.trace.touched.clear();
        let mut handler = streams.with(&mut sink);
        if self.latest.is_some_and(|latest| packet.timestamp.since(latest) >= QUIET) {
            flows.quiet(index, &mut handler);
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
        &self.streams.trace.touched
    }

    /// Whether the latest packet is a fragment that waits for others.
    pub const fn waits(&self) -> bool {
        self.streams.trace.waits
    }

    /// The streams that ended since the last call: they show nothing more. Nothing without
    /// [`Config::trace`].
    pub fn closed(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.streams.trace.closed)
    }

    /// Says that a second has passed without a packet, so that a live view need not wait for
    /// the next one. It changes when something is told, never what.
    pub fn quiet(&mut self, mut sink: impl FnMut(Event)) {
        self.flows.quiet(self.packets, &mut self.streams.with(&mut sink));
    }

    /// The capture is over: tells what was still open.
    pub fn finish(&mut self, mut sink: impl FnMut(Event)) {
        self.decoder.finish();
        self.flows.finish(&mut self.streams.with(&mut sink));
    }

    /// Memory held by what is buffered, in bytes; never more than [`Config::memory`].
    pub fn memory(&self) -> usize {
        self.flows.memory() + self.decoder.memory()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        let tcp = self.flows.counters();
        let mut let_go = self.decoder.counters().let_go();
        for (reason, count) in [
            ("silent streams", tcp.silent_streams_let_go),
            ("idle streams", tcp.idle_streams_let_go),
            ("early segments", tcp.early_segments_let_go),
            ("segments after the end", tcp.segments_after_end),
            ("resets outside the window", tcp.resets_ignored),
            ("segments outside the window", tcp.segments_outside_window),
            ("conflicting segments", tcp.conflicting_segments),
            ("missing bytes", tcp.missing_bytes),
        ] {
            if count > 0 {
                let_go.insert(reason.to_owned(), count);
            }
        }
        Counters {
            packets: self.packets,
            bytes: self.bytes,
            streams: tcp.streams,
            exchanges: self.streams.exchanges,
            findings: self.streams.findings,
            allowed: self.streams.allowed,
            not_understood: self.decoder.counters().not_understood(),
            let_go,
        }
    }
}
