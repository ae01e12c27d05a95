//! What leaked while the command ran: each finding once with its count, told at the end as a
//! table or as JSON Lines.
//!
//! It refuses to know how anything was captured.

use super::super::failure::say;
use super::super::known;
use super::super::options::Format;
use super::args::Args;
use crate::analyzer::{Event, Exchange, Incomplete};
use crate::decode::Endpoint;
use crate::leak::{CANARY_RULE, Finding, Severity, StreamFinding};
use crate::report::text::figures::count;
use crate::report::{Report, Summary, escape, json_line};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More different findings than this are counted and not kept.
const MOST: usize = 1000;
/// More different secrets than this are not counted.
const MOST_SECRETS: usize = 100_000;
/// Marks for a secret end here.
const MOST_MARKS: usize = 32;

/// What leaked so far.
pub(super) struct Tally {
    entries: Vec<Entry>,
    /// Where in `entries` a finding of this rule, fingerprint, name and secret's identifier stands.
    index: HashMap<(String, String, Option<String>, Option<String>), usize>,
    /// The hosts that each secret crossed the wire to or from.
    secrets: HashSet<(u64, String)>,
    /// Findings that count and were not kept.
    more: u64,
    /// All findings, by severity.
    findings: [u64; Severity::ALL.len()],
    /// Findings that do not count.
    lesser: u64,
    how: How,
    end: End,
    /// Whether it could not be told.
    failed: bool,
}

/// What is known at the end alone.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    /// Findings that the baseline knows.
    pub(super) known: u64,
    /// In how many network namespaces of its own making the command was seen.
    pub(super) namespaces: u16,
}

/// A tally for whoever hears events and for whoever knows the end.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Tally>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report for Shared {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.lock().event(event);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        let mut tally = self.lock();
        // That standard error has lost its reader is a failure too: nobody heard what leaked.
        if let Err(error) = tally.tell(summary) {
            tally.failed = true;
            say(format!("cannot write to standard error: {error}"));
        }
        Ok(())
    }
}

/// How it is told.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // each was asked for by itself
struct How {
    format: Format,
    least: Severity,
    reveal: bool,
    quiet: bool,
    color: bool,
    host: bool,
}

/// A finding and its repeats.
struct Entry {
    finding: Finding,
    told: Told,
    times: u64,
    last: u64,
}

/// Where a finding was, in words.
struct Told {
    /// What was asked, `POST api.test/login`, or the two ends.
    what: String,
    /// The host that was asked: what the Host header says, or the server's address.
    host: String,
    client: String,
    server: String,
}

impl Tally {
    pub(super) fn shared(args: &Args) -> Shared {
        let color = match args.color {
            clap::ColorChoice::Always => true,
            clap::ColorChoice::Never => false,
            clap::ColorChoice::Auto => {
                anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
                    && io::stderr().is_terminal()
            }
        };
        let how = How {
            format: args.format,
            least: args.known.min_severity,
            reveal: args.reveal,
            quiet: args.quiet,
            color,
            host: args.host,
        };
        Shared(Arc::new(Mutex::new(Self {
            entries: Vec::new(),
            index: HashMap::new(),
            secrets: HashSet::new(),
            more: 0,
            findings: Default::default(),
            lesser: 0,
            how,
            end: End::default(),
            failed: false,
        })))
    }

    /// Whether it could not be told.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// What is to be told with the rest.
    pub(super) fn ends_with(&mut self, end: End) {
        self.end = end;
    }

    /// Takes note of what leaked.
    fn event(&mut self, event: &Event) {
        match event {
            Event::Exchange(exchange) => {
                for finding in &exchange.findings {
                    self.add(finding, || Told {
                        what: asked(exchange),
                        host: exchange.host().map_or_else(|| exchange.server.address.to_string(), escape::bytes),
                        client: exchange.client.to_string(),
                        server: exchange.server.to_string(),
                    });
                }
            }
            Event::Finding(found) => {
                let StreamFinding { client, server, finding, .. } = found.as_ref();
                let end = |end: &Option<Endpoint>| end.map(|end| end.to_string()).unwrap_or_default();
                let host = server.map(|end| end.address.to_string()).unwrap_or_default();
                let (client, server) = (end(client), end(server));
                self.add(finding, || Told {
                    what: if server.is_empty() { "no port".to_owned() } else { format!("{client} → {server}") },
                    host,
                    client,
                    server,
                });
            }
            Event::Tls(_) => {}
        }
    }

    fn add(&mut self, finding: &Finding, told: impl FnOnce() -> Told) {
        for (count, severity) in self.findings.iter_mut().zip(Severity::ALL) {
            *count += u64::from(finding.severity == severity);
        }
        if finding.severity < self.how.least {
            self.lesser += 1;
            return;
        }
        let packet = finding.place.packet.number();
        let told = told();
        // A set that was made very large says no less.
        if self.secrets.len() < MOST_SECRETS {
            self.secrets.insert((finding.identity, told.host.clone()));
        }
        let key = (
            finding.rule.clone(),
            finding.fingerprint.clone(),
            name(finding).map(str::to_owned),
            finding.secret_id.clone(),
        );
        if let Some(entry) = self.index.get(&key).and_then(|at| self.entries.get_mut(*at)) {
            entry.times += 1;
            entry.last = entry.last.max(packet);
            return;
        }
        if self.entries.len() >= MOST {
            self.more += 1;
            return;
        }
        self.index.insert(key, self.entries.len());
        self.entries.push(Entry { finding: finding.clone(), told, times: 1, last: packet });
    }

    /// Tells it all on standard error.
    fn tell(&mut self, summary: &Summary) -> io::Result<()> {
        self.entries.sort_by_key(|entry| std::cmp::Reverse(entry.finding.severity));
        if self.how.quiet {
            return Ok(());
        }
        let text = match self.how.format {
            Format::Text => self.text(summary),
            Format::Json => self.json(summary),
        };
        let mut out = io::stderr().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    fn text(&self, summary: &Summary) -> String {
        let Summary { counters, dropped, .. } = summary;
        let incomplete = summary.incomplete();
        let mut text = String::new();
        let watched = format!(
            "{} watched{}, {} dropped, {} in {}",
            count(counters.packets, "packet", "packets"),
            if self.how.host { "" } else { " in a network of the command's own" },
            dropped.kernel,
            count(counters.exchanges, "HTTP exchange", "HTTP exchanges"),
            count(counters.streams, "TCP stream", "TCP streams"),
        );
        if self.entries.is_empty() {
            let nothing = match (counters.packets, incomplete.is_empty()) {
                (0, _) => "no packet was watched, so no secret was seen".to_owned(),
                (_, true) => self.paint("32", "no secret crossed the wire in the clear"),
                (_, false) => "no secret was seen in what was captured".to_owned(),
            };
            _ = writeln!(text, "plainsight: {nothing} ({watched})");
            text += &unseen(&incomplete, self.end.namespaces);
            return text;
        }
        let headline = count(
            self.secrets.len() as u64,
            "secret crossed the wire in the clear",
            "secrets crossed the wire in the clear",
        );
        _ = writeln!(text, "plainsight: {} ({watched})", self.paint("1;31", &headline));
        text += &self.table();
        if self.more > 0 {
            _ = writeln!(text, "  and {} more", self.more);
        }
        text += &unseen(&incomplete, self.end.namespaces);
        // Those of the environment and of files are shown to nobody.
        if let Some(note) = known::without_ids(summary.baseline_without_ids) {
            _ = writeln!(text, "  {note}.");
        }
        if !self.how.reveal && self.entries.iter().any(|entry| !entry.is_masked()) {
            text += "  Secrets are hidden; --reveal shows them";
            let some = self.entries.iter().any(Entry::is_masked);
            text += if some { ", but for those of --canary-env and --canary-file.\n" } else { ".\n" };
        }
        text
    }

    /// The findings in columns, and how to stop each.
    fn table(&self) -> String {
        let header = ["SEVERITY", "RULE", "WHERE", "IN", "PACKET", "TIMES", "SECRET"].map(str::to_owned);
        let rows: Vec<[String; 7]> = self.entries.iter().map(Entry::row).collect();
        let mut widths = [0; 7];
        for row in std::iter::once(&header).chain(&rows) {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(unicode_width::UnicodeWidthStr::width(cell.as_str()));
            }
        }
        let line = |row: &[String; 7]| {
            let mut line = String::new();
            for (width, cell) in widths.iter().zip(row) {
                let space = width.saturating_sub(unicode_width::UnicodeWidthStr::width(cell.as_str()));
                _ = write!(line, "  {cell}{}", " ".repeat(space));
            }
            line.truncate(line.trim_end().len());
            line
        };
        let mut text = String::new();
        _ = writeln!(text, "{}", self.paint("1", &line(&header)));
        let mut fixes: Vec<(&str, &str)> = Vec::new();
        for (entry, row) in self.entries.iter().zip(&rows) {
            _ = writeln!(text, "{}", line(row));
            if !fixes.iter().any(|(_, fix)| *fix == entry.finding.fix) {
                fixes.push((&entry.finding.title, &entry.finding.fix));
            }
        }
        for (title, fix) in fixes {
            _ = writeln!(text, "  {}: {}", escape::str(title), escape::str(fix));
        }
        text
    }

    fn paint(&self, ink: &str, text: &str) -> String {
        if self.how.color { format!("\x1b[{ink}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A line for each finding, then the summary, with the names of the contract.
    fn json(&self, summary: &Summary) -> String {
        let Summary { counters, dropped, .. } = summary;
        let mut text = String::new();
        for entry in &self.entries {
            _ = writeln!(text, "{}", json_line(&entry.line()).unwrap_or_default());
        }
        let findings: serde_json::Map<String, Value> = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| {
                let of = |entry: &&Entry| entry.finding.severity == severity;
                (severity.name().to_owned(), self.entries.iter().filter(of).count().into())
            })
            .collect();
        let protocols: serde_json::Map<String, Value> = counters
            .protocols
            .iter()
            .map(|(protocol, traffic)| {
                (protocol.name().to_owned(), json!({"streams": traffic.streams, "bytes": traffic.bytes}))
            })
            .collect();
        let mut line = json!({
            "type": "summary", "packets": counters.packets, "bytes": counters.bytes, "streams": counters.streams,
            "exchanges": counters.exchanges, "findings": findings,
            "more_findings": self.more, "lesser_findings": self.lesser, "known_findings": self.end.known,
            "protocols": protocols, "dropped": {"kernel": dropped.kernel, "interface": dropped.interface},
            "not_understood": counters.not_understood, "let_go": counters.let_go,
        });
        let incomplete = summary.incomplete();
        if !incomplete.is_empty() {
            let counts = incomplete.iter().map(|(loss, count)| (loss.name().to_owned(), count.into()));
            line["incomplete"] = Value::Object(counts.collect());
        }
        if summary.baseline_without_ids > 0 {
            line["baseline_without_ids"] = summary.baseline_without_ids.into();
        }
        if self.end.namespaces > 0 {
            line["namespaces_not_watched"] = self.end.namespaces.into();
        }
        _ = writeln!(text, "{}", json_line(&line).unwrap_or_default());
        text
    }
}

impl Entry {
    /// Its row of the table.
    fn row(&self) -> [String; 7] {
        let finding = &self.finding;
        let mut place = escape::str(&finding.location.to_string());
        for step in &finding.via {
            _ = write!(place, " > {}", escape::str(step));
        }
        let (first, last) = (finding.place.packet.number(), self.last);
        let packets = if first == last { first.to_string() } else { format!("{first}…{last}") };
        let secret = self.secret();
        let what = escape::str(&self.told.what);
        let rule = escape::str(&finding.rule);
        [finding.severity.name().to_owned(), rule, place, what, packets, self.times.to_string(), secret]
    }

    /// Whether its secret is one of the environment or of a file, which nobody is shown.
    fn is_masked(&self) -> bool {
        name(&self.finding).is_some() && self.finding.redacted
    }

    /// The secret, or what it is called, or marks.
    fn secret(&self) -> String {
        if let Some(name) = name(&self.finding).filter(|_| self.finding.redacted) {
            return escape::str(name);
        }
        let secret = &self.finding.secret;
        let end = if self.finding.redacted { secret.len().min(MOST_MARKS) } else { secret.len() };
        escape::bytes(secret.get(..end).unwrap_or_default())
    }

    /// With the names of the contract.
    fn line(&self) -> Value {
        let finding = &self.finding;
        let about: serde_json::Map<String, Value> =
            finding.about.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
        let secret = String::from_utf8_lossy(&finding.secret);
        let mut line = json!({
            "type": "finding", "rule": finding.rule, "severity": finding.severity.name(), "title": finding.title,
            "client": self.told.client, "server": self.told.server, "in": self.told.what,
            "where": finding.location.to_string(), "packet": finding.place.packet.number(), "offset": finding.offset,
            "length": finding.length, "packet_offset": finding.place.offset, "via": finding.via, "secret": secret,
            "redacted": finding.redacted, "about": about, "fix": finding.fix, "fingerprint": finding.fingerprint,
            "times": self.times, "last_packet": self.last,
        });
        if let Some(id) = &finding.secret_id {
            line["secret_id"] = id.as_str().into();
        }
        line
    }
}

/// What a canary is called, such as the variable that holds it.
fn name(finding: &Finding) -> Option<&str> {
    let about = finding.about.iter().filter(|_| finding.rule == CANARY_RULE);
    about.filter(|(key, _)| key == "name").map(|(_, name)| name.as_str()).next()
}

/// What was not seen, in lines of its own.
fn unseen(incomplete: &Incomplete, namespaces: u16) -> String {
    let mut text = String::new();
    if !incomplete.is_empty() {
        let counts: Vec<_> = incomplete.iter().map(|(loss, count)| format!("{} ({count})", loss.name())).collect();
        _ = writeln!(text, "  Not everything was seen: {}", counts.join(", "));
    }
    if namespaces > 0 {
        let made = count(namespaces.into(), "network namespace", "network namespaces");
        _ = writeln!(text, "  The command made {made} for itself; what it sent there was not watched.");
    }
    text
}

/// What was asked: method, host and path, without the query.
fn asked(exchange: &Exchange) -> String {
    let head = exchange.request.as_ref().map(|message| &message.head);
    let Some((method, target)) = head.and_then(|head| Some((head.method()?, head.target()?))) else {
        return format!("answer of {}", exchange.server);
    };
    let path = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let host = exchange.host().map_or_else(|| exchange.server.to_string(), escape::bytes);
    let (method, path) = (String::from_utf8_lossy(method), String::from_utf8_lossy(path));
    if path.starts_with('/') { format!("{method} {host}{path}") } else { format!("{method} {path}") }
}
