//! What was found in all: each finding once with how often, by severity and host.
//!
//! It refuses to remember secrets: a hash tells two apart.

use super::leak;
use super::paper::{Paper, ink};
use crate::leak::Severity;
use crate::packet::PacketId;
use crate::report::escape;
use crate::report::sighting::Sighting;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::hash::BuildHasher;

/// So many different findings are listed; more are counted.
const MOST: usize = 10_000;
/// So many hosts have a line in the table.
const MOST_HOSTS: usize = 25;

/// All findings so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    groups: Vec<Group>,
    /// Where in `groups` a fingerprint stands.
    index: HashMap<String, usize>,
    hasher: foldhash::quality::RandomState,
    /// Findings that are not listed.
    more: u64,
}

/// One finding and its repeats.
#[derive(Debug)]
struct Group {
    severity: Severity,
    host: String,
    title: String,
    rule: String,
    /// The request and the value in which it stood.
    place: String,
    fingerprint: String,
    count: u64,
    first: PacketId,
    last: PacketId,
    /// The exchange or stream in which it was shown, and the hashes of what was shown there.
    home: Home,
    secrets: Vec<u64>,
}

/// What a finding was first shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Exchange(u64),
    Outside(Option<u64>),
}

/// A finding was shown before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeat {
    /// How often it was seen with this one.
    pub(super) count: u64,
    pub(super) first: PacketId,
}

impl Tally {
    /// Adds a finding. It is a repeat where its fingerprint was shown in an earlier exchange, or
    /// the very secret in the same; other secrets of one exchange are worth a look each.
    pub(super) fn add(&mut self, sighting: &Sighting<'_>) -> Option<Repeat> {
        let finding = sighting.finding;
        let packet = finding.place.packet;
        let home = sighting.exchange.map_or(Home::Outside(sighting.stream), |exchange| Home::Exchange(exchange.id));
        let hash = self.hasher.hash_one(&finding.secret);
        if let Some(group) = self.index.get(&finding.fingerprint).and_then(|at| self.groups.get_mut(*at)) {
            group.count += 1;
            group.first = group.first.min(packet);
            group.last = group.last.max(packet);
            group.severity = group.severity.max(finding.severity);
            if group.home == home && !group.secrets.contains(&hash) && group.secrets.len() < MOST {
                group.secrets.push(hash);
                return None;
            }
            return Some(Repeat { count: group.count, first: group.first });
        }
        if self.groups.len() >= MOST {
            self.more += 1;
            return None;
        }
        let asked = escape::bytes(sighting.method()) + " " + &escape::bytes(path(sighting.target()));
        let location = escape::str(&finding.location.to_string());
        let place = if sighting.exchange.is_some() { format!("{location} of {}", asked.trim()) } else { location };
        self.index.insert(finding.fingerprint.clone(), self.groups.len());
        self.groups.push(Group {
            severity: finding.severity,
            host: escape::clip(&sighting.host(), 60),
            title: escape::str(&finding.title),
            rule: escape::str(&finding.rule),
            place: escape::clip(&place, 200),
            fingerprint: escape::str(&finding.fingerprint),
            count: 1,
            first: packet,
            last: packet,
            home,
            secrets: vec![hash],
        });
        None
    }

    /// Writes the list and the table; nothing where nothing was found.
    pub(super) fn draw(&mut self, paper: &mut Paper, files: &[String]) {
        if self.groups.is_empty() {
            return;
        }
        // Stable: what was seen first stands first.
        self.groups.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.host.cmp(&b.host)));
        paper.end_line();
        paper.paint(ink::BOLD, "Leaks by severity and host");
        paper.end_line();
        let mut before = None;
        for group in &self.groups {
            let here = (group.severity, group.host.as_str());
            if before != Some(here) {
                paper.paint(ink::ALARM, &format!("  {}", group.severity));
                paper.plain("  ");
                paper.paint(ink::BOLD, &group.host);
                paper.end_line();
                before = Some(here);
            }
            paper.wrapped("    ", ink::DIM, &format!("{} ({}), {}", group.title, group.rule, seen(group, files)));
            paper.wrapped("      ", ink::DIM, &format!("{}; fingerprint {}", group.place, group.fingerprint));
        }
        if self.more > 0 {
            paper.wrapped("  ", ink::DIM, &format!("and {} more that are not listed", self.more));
        }
        self.table(paper);
    }

    /// How many different ones, each host with its line.
    fn table(&self, paper: &mut Paper) {
        let mut rows: BTreeMap<&str, [u64; Severity::ALL.len()]> = BTreeMap::new();
        let mut all = [0; Severity::ALL.len()];
        for group in &self.groups {
            for row in [rows.entry(&group.host).or_default(), &mut all] {
                if let Some(count) = row.get_mut(group.severity as usize) {
                    *count += 1;
                }
            }
        }
        let columns: Vec<Severity> =
            Severity::ALL.into_iter().rev().filter(|severity| all.get(*severity as usize) > Some(&0)).collect();
        let mut rows: Vec<_> = rows.into_iter().collect();
        // The worst first.
        rows.sort_by(|(_, a), (_, b)| b.iter().rev().cmp(a.iter().rev()));
        let hidden = rows.len().saturating_sub(MOST_HOSTS);
        rows.truncate(MOST_HOSTS);
        let wide = rows.iter().map(|(host, _)| escape::width(host)).max().unwrap_or(0).max("all hosts".len());
        paper.end_line();
        let mut heading = format!("  {:wide$}", "");
        for severity in &columns {
            _ = write!(heading, "  {severity:>8}");
        }
        paper.paint(ink::DIM, &heading);
        paper.end_line();
        let several = rows.len() > 1;
        for (host, counts) in rows.into_iter().chain(several.then_some(("all hosts", all))) {
            let mut line = format!("  {host}{}", " ".repeat(wide - escape::width(host)));
            for severity in &columns {
                _ = write!(line, "  {:>8}", counts.get(*severity as usize).copied().unwrap_or(0));
            }
            paper.plain(&line);
            paper.end_line();
        }
        if hidden > 0 {
            paper.wrapped("  ", ink::DIM, &format!("and {hidden} more hosts"));
        }
    }
}

/// How often and where.
fn seen(group: &Group, files: &[String]) -> String {
    let file = |packet: PacketId| files.get(usize::from(packet.file())).map(String::as_str);
    let first = leak::packet(group.first, file(group.first));
    if group.count == 1 {
        return format!("packet {first}");
    }
    if group.first == group.last {
        return format!("{} times, packet {first}", group.count);
    }
    let last = leak::packet(group.last, file(group.last));
    format!("{} times, packets {first} to {last}", group.count)
}

/// A target without its query, which differs from time to time.
fn path(target: &[u8]) -> &[u8] {
    target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
}
