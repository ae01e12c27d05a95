//! Makes the copy: reads, marks, writes, and looks into what was written.

use super::cover::{Cover, Edits};
use super::needles::Needles;
use super::packet_search::PacketSearch;
use super::sites::{Sites, is_secret};
use super::texts::Texts;
use super::trace::Tracer;
use super::unsearched::Unsearched;
use crate::analyzer::{Analyzer, Config, Event};
use crate::capture::save::{self, Saver};
use crate::capture::{self, Files, Interface, Interfaces};
use crate::leak::{Canaries, CanaryError, Finding};
use crate::packet::Packet;
use std::collections::HashSet;

/// Secrets found so far that the copy is searched for in every disguise; more would make the
/// search slow.
const MOST_CANARIES: usize = 500;
/// Shorter secrets are not searched for in disguise.
const SHORTEST_CANARY: usize = 6;

/// So often the copy is made again with what was still found in it.
const MOST_ROUNDS: usize = 4;

/// Why no copy can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The capture or its copy cannot be opened again.
    #[error(transparent)]
    Read(#[from] capture::Error),
    /// The copy cannot be written.
    #[error(transparent)]
    Save(#[from] save::Error),
    /// A text cannot be looked for.
    #[error(transparent)]
    Text(#[from] CanaryError),
}

/// Where the capture is read and its copy written and read.
pub trait Place {
    /// The capture, from its beginning.
    ///
    /// # Errors
    /// It cannot be opened.
    fn original(&self) -> Result<Files, capture::Error>;
    /// The copy, empty, with what it says of its interfaces: a list that grows before their packets come.
    ///
    /// # Errors
    /// It cannot be created.
    fn create(&self, interfaces: Interfaces) -> Result<Saver, save::Error>;
    /// The copy that was written last.
    ///
    /// # Errors
    /// It cannot be opened.
    fn copy(&self) -> Result<Files, capture::Error>;
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Findings in the capture.
    pub findings: u64,
    /// Packets in the copy.
    pub packets: u64,
    /// Packets that were changed.
    pub changed: u64,
    /// What is still found in the copy, a line each: nothing, unless something is wrong.
    pub left: Vec<String>,
    /// Where the capture could not be read to its end, a line each.
    pub unread: Vec<String>,
    /// What of the capture, or of its copy, was not searched whole.
    pub unsearched: Unsearched,
}

/// Makes a copy without secrets: those that `config` looks for, and `texts` in place of its
/// canaries.
///
/// # Errors
/// The capture cannot be opened, the copy cannot be written, or a text is too short or too long.
pub fn redact(place: &impl Place, config: &Config, texts: &Texts) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let mut sites = Sites::default();
    let config = &Config { canaries: texts.with(std::iter::empty())?, ..config.clone() };
    (outcome.unread, outcome.unsearched) =
        each(place.original()?, |_| {}, Some((config, &mut |event| sites.event(&event))));
    outcome.findings = sites.findings;
    for _ in 0..MOST_ROUNDS {
        let needles = Needles::new(&sites.secrets, texts);
        let edits = edits(place, config, &sites, &needles)?;
        let packet_search = PacketSearch::new(canaries(texts, &sites)?);
        (outcome.packets, outcome.changed) = write(place, &edits, &needles, &packet_search)?;
        let (left, unsearched) = look(place, config, (texts, &needles, &packet_search), &mut sites)?;
        outcome.unsearched.join(unsearched);
        let same = left == outcome.left;
        outcome.left = left;
        if outcome.left.is_empty() || same {
            break;
        }
    }
    outcome.findings += sites.packets.values().map(|found| found.len() as u64).sum::<u64>();
    Ok(outcome)
}

/// What looks at an analyzer's events, and what the analyzer is asked to do.
type Analysis<'a> = (&'a Config, &'a mut dyn FnMut(Event));

/// Reads a capture to its end; tells where it could not, and what the analysis did not search.
fn each(
    mut files: Files,
    mut with: impl FnMut(&Packet<'_>),
    analysis: Option<Analysis<'_>>,
) -> (Vec<String>, Unsearched) {
    let (mut unread, mut unsearched) = (Vec::new(), Unsearched::default());
    let mut analysis = analysis.map(|(config, sink)| (Analyzer::new(config), sink));
    loop {
        match files.next() {
            Ok(Some(packet)) => {
                with(&packet);
                if let Some((analyzer, sink)) = &mut analysis {
                    analyzer.packet(&packet, &mut *sink);
                    unsearched.at(packet.id, analyzer.unsearched());
                }
            }
            Ok(None) => break,
            Err(error) => unread.push(error.to_string()),
        }
    }
    if let Some((mut analyzer, sink)) = analysis {
        analyzer.finish(sink);
        unsearched.finish(&analyzer.counters().incomplete);
    }
    (unread, unsearched)
}

/// The texts, and the secrets found so far, as canaries.
fn canaries(texts: &Texts, sites: &Sites) -> Result<Canaries, CanaryError> {
    let mut others: Vec<_> = sites.secrets.iter().filter(|text| text.len() >= SHORTEST_CANARY).collect();
    others.sort_unstable_by_key(|text| (std::cmp::Reverse(text.len()), *text));
    others.truncate(MOST_CANARIES);
    texts.with(others.into_iter())
}

/// Finds what is to be done to which packet.
fn edits(place: &impl Place, config: &Config, sites: &Sites, needles: &Needles) -> Result<Edits, Error> {
    let mut tracer = Tracer::new(sites, config.memory);
    each(place.original()?, |packet| tracer.packet(packet, |_, _| {}, |_| {}), None);
    let ranges = tracer.finish();
    // The same again, so that streams are numbered as they were.
    let mut tracer = Tracer::new(sites, config.memory);
    let mut cover = Cover::new(sites, &ranges, needles);
    each(place.original()?, |packet| cover.packet(&mut tracer, packet), None);
    Ok(cover.finish())
}

/// Writes the copy; gives how many packets it has and how many were changed.
fn write(
    place: &impl Place,
    edits: &Edits,
    needles: &Needles,
    packet_search: &PacketSearch,
) -> Result<(u64, u64), Error> {
    let files = place.original()?;
    let (original, interfaces) = (files.interfaces(), Interfaces::default());
    // A name that holds a secret is left out.
    let is_free = |name: &String| needles.find(name.as_bytes(), 0).is_empty() && !packet_search.is_in(name.as_bytes());
    let describe = || {
        interfaces.follow(&original, |interface| Interface { name: interface.name.filter(is_free), ..interface });
    };
    let mut saver = place.create(interfaces.clone())?;
    let (mut changed, mut failed) = (0, None);
    each(
        files,
        |packet| {
            describe();
            let data = edits.get(&packet.id).map(|edit| edit.apply(packet.data));
            changed += u64::from(data.as_deref().is_some_and(|data| data != packet.data));
            let packet = Packet { data: data.as_deref().unwrap_or(packet.data), ..*packet };
            if failed.is_none() {
                failed = saver.packet(&packet).err();
            }
        },
        None,
    );
    describe();
    match failed {
        Some(error) => Err(error.into()),
        None => Ok((saver.finish()?, changed)),
    }
}

/// Looks into the copy for what is left, and takes note of it in `sites`.
fn look(
    place: &impl Place,
    config: &Config,
    (texts, needles, packet_search): (&Texts, &Needles, &PacketSearch),
    sites: &mut Sites,
) -> Result<(Vec<String>, Unsearched), Error> {
    let config = Config { canaries: canaries(texts, sites)?, ..config.clone() };
    let mut left = Vec::new();
    let (mut in_packets, mut strays) = (Vec::new(), Vec::new());
    let mut sink = |event: Event| {
        let before = left.len();
        match &event {
            Event::Exchange(exchange) => left.extend(exchange.findings.iter().filter_map(line)),
            Event::Finding(found) => {
                // What a WebSocket unmasks or inflates marks to is neither a mark nor a secret.
                left.extend(line(&found.finding).filter(|_| !sites.overwrites(found)));
            }
            Event::Tls(_) => {}
        }
        if left.len() > before {
            sites.event(&event);
        }
    };
    let with = |packet: &Packet<'_>| {
        // Headers begin every packet, and 14 bytes are the shortest of the usual ones.
        if !needles.find(packet.data, 14).is_empty() {
            in_packets.push(format!("a secret stands in packet {}", packet.id));
        }
        let found = packet_search.find(packet);
        if !found.is_empty() {
            in_packets.push(format!("a secret stands in disguise in packet {}", packet.id));
            strays.push((packet.id, found));
        }
    };
    let (_, unsearched) = each(place.copy()?, with, Some((&config, &mut sink)));
    for (id, found) in strays {
        sites.packets.entry(id).or_default().extend(found);
    }
    left.extend(in_packets);
    let mut seen = HashSet::new();
    left.retain(|line| seen.insert(line.clone()));
    Ok((left, unsearched))
}

/// What is still found, in words; nothing where only marks are.
fn line(finding: &Finding) -> Option<String> {
    is_secret(finding)
        .then(|| format!("{} in {} from packet {} on", finding.rule, finding.location, finding.place.packet))
}
