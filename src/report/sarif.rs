//! SARIF 2.1.0: findings for code scanning (GitHub, GitLab, editors).
//!
//! One result for each finding; the same secret in the same place is told once. This module
//! refuses to keep results: each is written as it comes, the rules at the end.
//!
//! Section numbers are those of
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>.

use super::escape;
use super::format::Report;
use super::json::value::Buffer;
use super::outbox::Outbox;
use super::sighting::{Sighting, sightings};
use super::summary::Summary;
use crate::analyzer::Event;
use crate::leak::{Finding, SARIF_FINGERPRINT, SARIF_SECRET_ID, Severity};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::io::{self, Write};

const BEGINNING: &str = concat!(
    r#"{"$schema":"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json","#,
    r#""version":"2.1.0","runs":[{"results":["#
);

/// So many different findings are remembered, to be told once; beyond that each is told.
const MOST_REMEMBERED: usize = 1 << 20;

/// Writes a SARIF log to `out`.
#[derive(Debug)]
pub struct Sarif<W> {
    out: Outbox<W>,
    buffer: Buffer,
    /// The captures, as URIs.
    artifacts: Vec<String>,
    least: Severity,
    /// The rules that found something, in the order of their first results.
    rules: Vec<Rule>,
    by_id: HashMap<String, usize>,
    seen: HashSet<u64, foldhash::quality::RandomState>,
    /// How many different secrets one fingerprint has had.
    ordinals: HashMap<String, u32>,
    /// What stands before the next result.
    separator: &'static str,
}

/// What is told of a rule.
#[derive(Debug)]
struct Rule {
    id: String,
    title: String,
    fix: String,
    severity: Severity,
}

impl<W: Write> Sarif<W> {
    /// A report to `out` of findings at least as bad as `least`. `files` are the captures read
    /// as one, or what a live capture is saved as; relative to the project they belong to,
    /// since viewers take nothing else.
    pub fn new(out: W, files: &[String], least: Severity) -> Self {
        let mut buffer = Buffer::default();
        buffer.raw(BEGINNING);
        let mut artifacts: Vec<_> = files.iter().map(|file| uri(file)).collect();
        if artifacts.is_empty() {
            artifacts.push("live-capture".to_owned());
        }
        Self {
            out: Outbox::new(out),
            buffer,
            artifacts,
            least,
            rules: Vec::new(),
            by_id: HashMap::new(),
            seen: HashSet::default(),
            ordinals: HashMap::new(),
            separator: "",
        }
    }

    fn result(&mut self, sighting: &Sighting<'_>) {
        let finding = sighting.finding;
        let Some(ordinal) = self.first_of_its_kind(finding) else { return };
        let rule = self.rule(finding);
        let json = &mut self.buffer;
        json.raw(std::mem::replace(&mut self.separator, ","));
        json.string(r#"{"ruleId":"#, finding.rule.as_bytes());
        json.number(r#","ruleIndex":"#, rule as u64);
        json.plain(r#","level":"#, level(finding.severity));
        json.string(r#","message":{"text":"#, message(sighting).as_bytes());
        json.raw(r#"},"locations":["#);
        let file = usize::from(finding.place.packet.file());
        let file = if file < self.artifacts.len() { file } else { 0 };
        location(json, sighting, file, self.artifacts.get(file).map_or("live-capture", String::as_str));
        json.plain(r#"],"partialFingerprints":{"#, SARIF_FINGERPRINT);
        json.string(":", finding.fingerprint.as_bytes());
        json.string(r#","primaryLocationLineHash":"#, format!("{}:{ordinal}", finding.fingerprint).as_bytes());
        if let Some(id) = &finding.secret_id {
            json.plain(",", SARIF_SECRET_ID);
            json.string(":", id.as_bytes());
        }
        json.raw("}");
        properties(json, sighting);
        json.raw("}");
    }

    /// Which of the secrets with its fingerprint a finding shows, counted from 1; `None` where
    /// it was told already.
    fn first_of_its_kind(&mut self, finding: &Finding) -> Option<u32> {
        if self.seen.len() < MOST_REMEMBERED {
            let hash =
                self.seen.hasher().hash_one((&finding.fingerprint, &finding.rule, &finding.secret, &finding.secret_id));
            if !self.seen.insert(hash) {
                return None;
            }
        }
        if self.ordinals.len() >= MOST_REMEMBERED && !self.ordinals.contains_key(&finding.fingerprint) {
            return Some(1);
        }
        let ordinal = self.ordinals.entry(finding.fingerprint.clone()).or_default();
        *ordinal = ordinal.saturating_add(1);
        Some(*ordinal)
    }

    /// The index of a finding's rule.
    fn rule(&mut self, finding: &Finding) -> usize {
        if let Some(at) = self.by_id.get(&finding.rule) {
            return *at;
        }
        let at = self.rules.len();
        self.rules.push(Rule {
            id: finding.rule.clone(),
            title: finding.title.clone(),
            fix: finding.fix.clone(),
            severity: finding.severity,
        });
        self.by_id.insert(finding.rule.clone(), at);
        at
    }
}

/// One sentence for people: what, where, on the way to whom.
fn message(sighting: &Sighting<'_>) -> String {
    let finding = sighting.finding;
    let mut text = escape::str(&finding.title);
    let place = escape::str(&finding.location.to_string());
    let packet = finding.place.packet;
    if sighting.exchange.is_some() {
        let (method, path) = (escape::bytes(sighting.method()), escape::bytes(path(sighting.target())));
        let asked = format!("{method} {}{path}", sighting.host());
        _ = write!(text, ", in {place} of {}, packet {packet}.", asked.trim());
    } else {
        _ = write!(text, ", in a {place}");
        if let Some(server) = sighting.server {
            _ = write!(text, " to {server}");
        }
        _ = write!(text, ", packet {packet}.");
    }
    for (key, value) in &finding.about {
        _ = write!(text, " {}: {}.", escape::str(key), escape::str(value));
    }
    text + " " + &escape::str(&finding.fix)
}

/// A target without its query, which may hold what nobody should keep.
fn path(target: &[u8]) -> &[u8] {
    target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
}

/// `location` (§3.28): the capture, and the packet as its line.
fn location(json: &mut Buffer, sighting: &Sighting<'_>, file: usize, artifact: &str) {
    let finding = sighting.finding;
    json.string(r#"{"physicalLocation":{"artifactLocation":{"uri":"#, artifact.as_bytes());
    json.number(r#","index":"#, file as u64);
    // Lines and columns are counted from 1.
    let line = finding.place.packet.number().max(1);
    let column = u64::from(finding.place.offset.unwrap_or(0)) + 1;
    json.number(r#"},"region":{"startLine":"#, line);
    json.number(r#","startColumn":"#, column);
    json.number(r#","endLine":"#, line);
    json.number(r#","endColumn":"#, column.saturating_add(finding.length.max(1)).min(u64::from(u32::MAX)));
    json.string(r#","snippet":{"text":"#, sighting.secret().as_bytes());
    json.raw(r#"}}},"logicalLocations":[{"#);
    let (method, path) = (escape::bytes(sighting.method()), escape::bytes(path(sighting.target())));
    let asked = format!("{method} {}{path} {}", sighting.host(), escape::str(&finding.location.to_string()));
    json.string(r#""fullyQualifiedName":"#, asked.trim_start().as_bytes());
    json.raw(r#","kind":"member"}]}"#);
}

/// What SARIF has no key for (§3.8).
fn properties(json: &mut Buffer, sighting: &Sighting<'_>) {
    let finding = sighting.finding;
    json.plain(r#","properties":{"severity":"#, finding.severity);
    json.string(r#","where":"#, finding.location.to_string().as_bytes());
    json.number(r#","offset":"#, finding.offset);
    json.number(r#","length":"#, finding.length);
    if let Some(stream) = sighting.stream {
        json.number(r#","stream":"#, stream);
    }
    if let Some(exchange) = sighting.exchange {
        json.number(r#","exchange":"#, exchange.id);
    }
    for (key, end) in [(r#","client":"#, sighting.client), (r#","server":"#, sighting.server)] {
        if let Some(end) = end {
            json.endpoint(key, end);
        }
    }
    json.time(r#","time":"#, finding.place.time);
    if !finding.via.is_empty() {
        json.string(r#","via":"#, finding.via.join(" > ").as_bytes());
    }
    json.raw(if finding.redacted { r#","redacted":true}"# } else { "}" });
}

/// `reportingDescriptor` (§3.49).
fn descriptor(json: &mut Buffer, separator: &str, rule: &Rule) {
    let Rule { id, title, fix, severity } = rule;
    json.raw(separator);
    json.string(r#"{"id":"#, id.as_bytes());
    let (title, fix) = (escape::str(title), escape::str(fix));
    // A name that says what the identifier says is worth nothing (rule SARIF1001 of Microsoft's validator).
    let name = pascal(id);
    if !name.eq_ignore_ascii_case(id) {
        json.string(r#","name":"#, name.as_bytes());
    }
    json.string(r#","shortDescription":{"text":"#, sentence(&title).as_bytes());
    let full =
        format!("{} It was read from captured network traffic, where anyone on the way could.", sentence(&title));
    json.string(r#"},"fullDescription":{"text":"#, full.as_bytes());
    json.string(r#"},"help":{"text":"#, format!("How to stop it: {fix}").as_bytes());
    json.string(r#","markdown":"#, format!("**How to stop it:** {}", markdown(&fix)).as_bytes());
    json.plain(r#"},"defaultConfiguration":{"level":"#, level(*severity));
    json.plain(r#"},"properties":{"security-severity":"#, security_severity(*severity));
    json.raw(r#","precision":"high","tags":["security","secret","cleartext"]}}"#);
}

/// Ends with a full stop.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches(['.', ' ']))
}

/// Text that Markdown shows as it is.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!' | '&' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `http-basic` as `HttpBasic`, the usual shape of a rule's name.
fn pascal(id: &str) -> String {
    id.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>())
        })
        .collect()
}

/// §3.27.10
const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// GitHub's scale: above 9.0 critical, from 7.0 high, from 4.0 medium, above 0.0 low.
const fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.1",
    }
}

/// A relative reference (RFC 3986 §4.2) for a file's path: what no segment may hold is
/// percent-encoded, and a colon in the first would make a scheme of it.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    if out.is_empty() { "capture".to_owned() } else { out }
}

impl<W: Write> Report for Sarif<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        for sighting in sightings(event, self.least) {
            self.result(&sighting);
        }
        self.out.offer(&mut self.buffer.bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush(&mut self.buffer.bytes)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let json = &mut self.buffer;
        json.raw(r#"],"artifacts":["#);
        let mut separator = "";
        for artifact in &self.artifacts {
            json.raw(separator);
            json.string(r#"{"location":{"uri":"#, artifact.as_bytes());
            json.raw(r#"},"roles":["analysisTarget"]}"#);
            separator = ",";
        }
        json.raw(r#"],"columnKind":"utf16CodeUnits","properties":{"#);
        json.number(r#""packets":"#, summary.counters.packets);
        json.number(r#","streams":"#, summary.counters.streams);
        json.number(r#","exchanges":"#, summary.counters.exchanges);
        json.raw(r#"},"tool":{"driver":{"name":"plainsight","#);
        json.plain(r#""version":"#, env!("CARGO_PKG_VERSION"));
        json.plain(r#","semanticVersion":"#, env!("CARGO_PKG_VERSION"));
        json.raw(r#","rules":["#);
        let mut separator = "";
        for rule in &self.rules {
            descriptor(json, separator, rule);
            separator = ",";
        }
        json.raw("]}}}]}\n");
        self.flush()
    }
}

#[cfg(test)]
mod tests;
