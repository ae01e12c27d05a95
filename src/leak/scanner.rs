//! Looks for secrets in heads, in bodies as they stream, and in what is no HTTP.

use super::canary::{Canaries, Carry, Sighting};
use super::finding::{Finding, Severity, Where};
use super::fingerprint::fingerprint;
use crate::http::{Head, Message};
use crate::packet::Place;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    canaries: Canaries,
}

/// Which of an exchange's messages something stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In the request.
    Request,
    /// In the response.
    Response,
}

/// What is kept of a run of bytes that is looked through slice by slice: a body, a stream.
#[derive(Debug, Clone, Default)]
pub struct Run {
    carry: Carry,
    sightings: Vec<Sighting>,
}

/// More sightings than this in one run are not kept.
const MOST_SIGHTINGS: usize = 1000;

impl Run {
    /// Takes out what was found since the last call.
    pub fn take(&mut self, location: &Where) -> Vec<Finding> {
        self.sightings.drain(..).map(|sighting| canary_finding(sighting, location.clone())).collect()
    }

    /// Whether something was found.
    pub fn has_findings(&self) -> bool {
        !self.sightings.is_empty()
    }
}

impl Scanner {
    /// Looks for these texts.
    pub fn new(canaries: &[Vec<u8>]) -> Self {
        Self { canaries: Canaries::new(canaries) }
    }

    /// Whether there is nothing to look for.
    pub fn is_idle(&self) -> bool {
        self.canaries.is_empty()
    }

    /// Looks through the next slice of a run.
    pub fn feed(&self, run: &mut Run, bytes: &[u8], place: Place) {
        if run.sightings.len() < MOST_SIGHTINGS {
            self.canaries.feed(&mut run.carry, bytes, place, &mut run.sightings);
        }
    }

    /// Looks through everything of a message but its body. `run` is what its body showed.
    pub fn message(&self, side: Side, message: &Message, mut run: Run) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.is_idle() {
            return findings;
        }
        self.start_line(side, &message.head, &mut findings);
        for head in &message.interim {
            self.fields(head, &mut findings, |name| match name {
                Some(name) => Where::ResponseInterim(name),
                None => Where::ResponseHeaderName,
            });
        }
        self.fields(&message.head, &mut findings, |name| match (side, name) {
            (Side::Request, Some(name)) => Where::RequestHeader(name),
            (Side::Request, None) => Where::RequestHeaderName,
            (Side::Response, Some(name)) => Where::ResponseHeader(name),
            (Side::Response, None) => Where::ResponseHeaderName,
        });
        let coding = &message.body.encoding;
        for mut finding in run.take(if side == Side::Request { &Where::RequestBody } else { &Where::ResponseBody }) {
            if coding != "identity" {
                finding.via = coding.split(", ").collect::<Vec<_>>().into_iter().rev().map(str::to_owned).collect();
            }
            findings.push(finding);
        }
        self.fields(&message.trailers, &mut findings, |name| match (side, name) {
            (Side::Request, Some(name)) => Where::RequestTrailer(name),
            (Side::Response, Some(name)) => Where::ResponseTrailer(name),
            (Side::Request, None) => Where::RequestHeaderName,
            (Side::Response, None) => Where::ResponseHeaderName,
        });
        findings
    }

    fn start_line(&self, side: Side, head: &Head, findings: &mut Vec<Finding>) {
        let parts = match side {
            Side::Request => [(head.method(), Where::RequestMethod), (head.target(), Where::RequestTarget)],
            Side::Response => [(head.reason(), Where::ResponseReason), (None, Where::ResponseReason)],
        };
        for (value, location) in parts {
            self.value(head, value.unwrap_or_default(), findings, || location.clone());
        }
    }

    fn fields(&self, head: &Head, findings: &mut Vec<Finding>, location: impl Fn(Option<String>) -> Where) {
        for (name, value) in head.fields() {
            self.value(head, name, findings, || location(None));
            self.value(head, value, findings, || location(Some(String::from_utf8_lossy(name).to_ascii_lowercase())));
        }
    }

    /// Looks through one value of a head.
    fn value(&self, head: &Head, value: &[u8], findings: &mut Vec<Finding>, location: impl Fn() -> Where) {
        for (at, length) in self.canaries.find(value) {
            let bytes = value.get(at..at + length).unwrap_or_default().to_vec();
            let sighting = Sighting { offset: at as u64, bytes, place: head.place_of(value, at) };
            findings.push(canary_finding(sighting, location()));
        }
    }
}

/// Gives findings of an exchange their fingerprints.
pub(crate) fn identify(findings: &mut [Finding], host: &[u8], request: Option<&Head>) {
    let method = request.and_then(Head::method).unwrap_or_default();
    let target = request.and_then(Head::target).unwrap_or_default();
    for finding in findings {
        finding.fingerprint = fingerprint(&finding.rule, host, method, target, &finding.location.to_string());
    }
}

fn canary_finding(sighting: Sighting, location: Where) -> Finding {
    Finding {
        rule: "canary".to_owned(),
        severity: Severity::Critical,
        title: "A canary crossed the wire unencrypted".to_owned(),
        location,
        place: sighting.place,
        offset: sighting.offset,
        length: sighting.bytes.len() as u64,
        via: Vec::new(),
        secret: sighting.bytes,
        redacted: false,
        about: Vec::new(),
        fix: "Send it only inside TLS (https://), and change the secret: whoever watched has it.".to_owned(),
        fingerprint: String::new(),
    }
}
