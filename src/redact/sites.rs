//! What is to be overwritten, as findings tell it: places in packets, parts of bodies, and the
//! secrets themselves.
//!
//! It refuses to know where else on the wire the same bytes stand.

use crate::analyzer::{Event, Exchange};
use crate::http::Message;
use crate::leak::{Finding, Where};
use crate::packet::{PacketId, Place};
use std::collections::{HashMap, HashSet};

/// A shorter secret stands in packets by chance.
pub(super) const SHORTEST: usize = 4;

/// Everything that is to be overwritten.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// By the packet of the first byte: its offset there, and how many bytes of the stream from
    /// there on.
    pub(super) stream: HashMap<PacketId, Vec<(u32, u64)>>,
    /// The same, of bytes of a datagram.
    pub(super) datagrams: HashMap<PacketId, Vec<(u32, u64)>>,
    /// By the place of the message's first byte: what of its body.
    pub(super) bodies: HashMap<(PacketId, u32), Body>,
    /// The secrets as they were found.
    pub(super) secrets: HashSet<Vec<u8>>,
    pub(super) findings: u64,
}

/// What of a body is to be overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// All of it: a secret stood in what it was compressed from.
    Whole,
    /// Offset and length after the transfer coding.
    Parts(Vec<(u64, u64)>),
}

/// Codings that are compressions: what is inside has no place outside.
const COMPRESSIONS: [&str; 10] =
    ["gzip", "x-gzip", "deflate", "zlib", "br", "brotli", "zstd", "compress", "x-compress", "lzw"];

impl Sites {
    /// Takes note of an event's secrets.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Exchange(exchange) => {
                for finding in &exchange.findings {
                    self.in_exchange(exchange, finding);
                }
            }
            Event::Finding(found) => {
                let finding = &found.finding;
                self.secret(finding);
                let datagram = finding.location == Where::Datagram && found.stream.is_none();
                let sites = if datagram { &mut self.datagrams } else { &mut self.stream };
                add(sites, finding.place, finding.length);
            }
            Event::Tls(_) => {}
        }
    }

    fn in_exchange(&mut self, exchange: &Exchange, finding: &Finding) {
        self.secret(finding);
        let message = match finding.location {
            Where::RequestBody => exchange.request.as_ref(),
            Where::ResponseBody => exchange.response.as_ref(),
            _ => {
                add(&mut self.stream, finding.place, finding.length);
                return;
            }
        };
        let Some(Message { first, body, .. }) = message else { return };
        let Some(offset) = first.offset else { return };
        let compressed = body.encoding != "identity"
            || finding.via.iter().any(|step| COMPRESSIONS.contains(&step.to_ascii_lowercase().as_str()));
        let site = self.bodies.entry((first.packet, offset)).or_insert_with(|| Body::Parts(Vec::new()));
        match site {
            _ if compressed => *site = Body::Whole,
            Body::Parts(parts) => parts.push((finding.offset, finding.length)),
            Body::Whole => {}
        }
    }

    fn secret(&mut self, finding: &Finding) {
        self.findings += 1;
        if !finding.redacted && finding.secret.len() >= SHORTEST && !is_marked(&finding.secret) {
            self.secrets.insert(finding.secret.clone());
        }
    }
}

fn add(sites: &mut HashMap<PacketId, Vec<(u32, u64)>>, place: Place, length: u64) {
    if let Some(offset) = place.offset
        && length > 0
    {
        let all = sites.entry(place.packet).or_default();
        if !all.contains(&(offset, length)) {
            all.push((offset, length));
        }
    }
}

/// Whether nothing is left of a secret but marks.
pub(super) fn is_marked(secret: &[u8]) -> bool {
    secret.iter().all(|byte| *byte == super::MARK)
}
