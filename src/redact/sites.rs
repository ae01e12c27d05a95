//! What is to be overwritten, as findings tell it: places in packets, parts of bodies, and the
//! secrets themselves.
//!
//! It refuses to know where else on the wire the same bytes stand.

use crate::analyzer::{Event, Exchange};
use crate::decode::Endpoint;
use crate::http::{Head, Message};
use crate::leak::{BUILTINS, Finding, StreamFinding, Where};
use crate::packet::{PacketId, Place};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A shorter secret stands in packets by chance.
pub(super) const SHORTEST: usize = 4;

/// Everything that is to be overwritten.
#[derive(Debug, Default)]
pub(super) struct Sites {
    /// By the packet of the first byte: its offset there, and how many bytes of the stream from
    /// there on.
    pub(super) stream: HashMap<PacketId, Vec<(u32, u64)>>,
    /// By the number of the stream: who sent it, and offset and length in what that end said that
    /// is no HTTP.
    pub(super) others: HashMap<u64, Vec<(Endpoint, u64, u64)>>,
    /// By the packet of the first byte of a datagram, or of bytes that are in no stream: offset and length.
    pub(super) datagrams: HashMap<PacketId, Vec<(u64, u64)>>,
    /// By the place of the message's first byte: what of its body.
    pub(super) bodies: HashMap<(PacketId, u32), Body>,
    /// By packet: what of all its bytes, headers and padding too, whatever they belong to.
    pub(super) packets: HashMap<PacketId, Vec<Range<usize>>>,
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

/// Whether a finding points at a secret, of which something is left: some rules find weaknesses,
/// and what they point at gives nothing away.
pub(super) fn is_secret(finding: &Finding) -> bool {
    let weakness = BUILTINS.iter().any(|rule| rule.id == finding.rule && !rule.is_secret);
    finding.length > 0 && !weakness && !is_marked(&finding.secret)
}

impl Sites {
    /// Takes note of an event's secrets.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Exchange(exchange) => {
                for finding in exchange.findings.iter().filter(|finding| is_secret(finding)) {
                    self.in_exchange(exchange, finding);
                }
            }
            Event::Finding(found) => {
                let finding = &found.finding;
                if !is_secret(finding) {
                    return;
                }
                self.secret(finding);
                let part = (finding.offset, finding.length);
                match found.stream {
                    Some(stream) if finding.location == Where::Stream => {
                        self.others.entry(stream).or_default().extend(found.client.map(|end| (end, part.0, part.1)));
                    }
                    Some(_) => add(&mut self.stream, finding.place, finding.length),
                    None => self.datagrams.entry(finding.place.packet).or_default().push(part),
                }
            }
            Event::Tls(_) => {}
        }
    }

    /// Whether every byte of a finding in a stream is one that is to be overwritten already.
    pub(super) fn overwrites(&self, found: &StreamFinding) -> bool {
        let StreamFinding { stream, client, finding, .. } = found;
        let end = finding.offset.saturating_add(finding.length);
        let known = stream.and_then(|stream| self.others.get(&stream)).into_iter().flatten();
        finding.location == Where::Stream
            && known.into_iter().any(|(sender, offset, length)| {
                Some(*sender) == *client && *offset <= finding.offset && end <= offset.saturating_add(*length)
            })
    }

    fn in_exchange(&mut self, exchange: &Exchange, finding: &Finding) {
        self.secret(finding);
        let (message, in_body) = match finding.location {
            Where::RequestBody => (exchange.request.as_ref(), true),
            Where::ResponseBody => (exchange.response.as_ref(), true),
            Where::RequestMethod
            | Where::RequestTarget
            | Where::RequestHeader(_)
            | Where::RequestHeaderName
            | Where::RequestTrailer(_) => (exchange.request.as_ref(), false),
            _ => (exchange.response.as_ref(), false),
        };
        let Some(message) = message else { return };
        if !in_body {
            if finding.place.offset.is_some() {
                add(&mut self.stream, finding.place, finding.length);
            } else {
                // It did not stand there as it is, but what it was decoded from did.
                for place in in_head(message, finding) {
                    add(&mut self.stream, place, finding.length);
                }
            }
            return;
        }
        let (first, body) = (message.first, &message.body);
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
        if !finding.redacted && finding.secret.len() >= SHORTEST {
            self.secrets.insert(finding.secret.clone());
            // A user name is no secret; the password may stand elsewhere without it.
            let colon =
                memchr::memchr(b':', &finding.secret).filter(|_| finding.via.iter().any(|step| step == "basic"));
            let password = colon.and_then(|at| finding.secret.get(at + 1..)).unwrap_or_default();
            if password.len() >= SHORTEST {
                self.secrets.insert(password.to_vec());
            }
        }
    }
}

/// Where the bytes stand that a finding in a message's head spans. Where several fields have one
/// name, each that could be meant.
fn in_head(message: &Message, finding: &Finding) -> Vec<Place> {
    let Message { head, trailers, interim, .. } = message;
    let named = |head: &Head, name: &str| {
        let fields = head.fields().filter(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes()));
        fields.map(|(_, value)| head.range_of(value)).collect::<Vec<_>>()
    };
    let values: Vec<(&Head, Vec<Range<u32>>)> = match &finding.location {
        Where::RequestMethod => vec![(head, head.method().map(|value| head.range_of(value)).into_iter().collect())],
        Where::RequestTarget => vec![(head, head.target().map(|value| head.range_of(value)).into_iter().collect())],
        Where::ResponseReason => vec![(head, head.reason().map(|value| head.range_of(value)).into_iter().collect())],
        Where::RequestHeader(name) | Where::ResponseHeader(name) => vec![(head, named(head, name))],
        Where::RequestTrailer(name) | Where::ResponseTrailer(name) => vec![(trailers, named(trailers, name))],
        Where::ResponseInterim(name) => interim.iter().map(|head| (head, named(head, name))).collect(),
        _ => {
            let names = |head: &Head| head.fields().map(|(name, _)| head.range_of(name)).collect();
            [head, trailers].into_iter().chain(interim).map(|head| (head, names(head))).collect()
        }
    };
    let mut places = Vec::new();
    for (head, ranges) in values {
        for range in ranges {
            let start = u64::from(range.start).saturating_add(finding.offset);
            let inside = start.saturating_add(finding.length) <= u64::from(range.end);
            let place = head.place(u32::try_from(start).unwrap_or(u32::MAX));
            if inside && place.packet == finding.place.packet {
                places.push(place);
            }
        }
    }
    places
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
fn is_marked(secret: &[u8]) -> bool {
    secret.iter().all(|byte| *byte == super::texts::MARK)
}
