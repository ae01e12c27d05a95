//! Looks for secrets in heads, in bodies as they stream, and in what is no HTTP.
//!
//! It brings together what rules and canaries show, and gives each secret one finding. It
//! refuses to know what a secret looks like.

use super::active::Rules;
use super::canary::{self, Canaries};
use super::engine::Sighting;
use super::finding::{Finding, Severity, Side, Where};
use super::found::{Found, Part, Rank, settle};
use super::http_rules::{self, Leak};
use super::lines;
use super::quota::Unkept;
use super::redact::{self, Percent};
use super::rule::{Evidence, Required, Rule};
use super::run::Run;
use super::secret_id::SecretIdKey;
use super::values::{Origin, locate, value_of};
use crate::http::{Head, Message};
use crate::packet::Place;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

/// The name of the rule that canaries are found by.
pub const CANARY_RULE: &str = "canary";

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    canaries: Canaries,
    rules: Arc<Rules>,
    redact: Option<Percent>,
    pub(super) secret_id_key: Option<SecretIdKey>,
    /// What was found and not kept.
    unkept: Cell<Unkept>,
}

impl Scanner {
    /// Looks for these texts, and for what these rules describe.
    pub fn new(rules: Arc<Rules>, canaries: Canaries) -> Self {
        Self { canaries, rules, redact: None, secret_id_key: None, unkept: Cell::default() }
    }

    /// Hides so much of each secret that it finds, in percent; `None` for only those that are to
    /// be hidden whatever is asked.
    #[must_use]
    pub fn redacting(mut self, percent: Option<u8>) -> Self {
        self.redact = percent.map(Percent::new);
        self
    }

    /// Gives each finding an identifier of its secret under this key.
    #[must_use]
    pub fn with_secret_ids(mut self, key: Option<SecretIdKey>) -> Self {
        self.secret_id_key = key;
        self
    }

    /// How much was found so far and not kept.
    pub fn unkept(&self) -> Unkept {
        self.unkept.get()
    }

    fn add_unkept(&self, unkept: Unkept) {
        let mut sum = self.unkept.get();
        sum += unkept;
        self.unkept.set(sum);
    }

    /// Whether there is nothing to look for.
    pub fn is_idle(&self) -> bool {
        self.has_no_canaries() && self.rules.is_empty()
    }

    /// Whether there is nothing to look for in what is no HTTP.
    pub fn has_no_canaries(&self) -> bool {
        self.canaries.is_empty()
    }

    /// Looks through the next slice of a body.
    pub fn feed(&self, run: &mut Run, bytes: &[u8], place: Place) {
        self.feed_other(run, bytes, place);
        let engine = self.rules.engine();
        if !self.rules.is_empty() && !bytes.is_empty() {
            run.feed_rules(engine, bytes, place);
        }
    }

    /// Looks through the next slice of what is no HTTP: for canaries alone.
    pub fn feed_other(&self, run: &mut Run, bytes: &[u8], place: Place) {
        if !self.canaries.is_empty() && !bytes.is_empty() {
            run.feed_canaries(&self.canaries, bytes, place);
        }
    }

    /// Whether there are rules to look for.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Looks for what rules describe in the next slice of a message that is not HTTP's.
    pub(crate) fn feed_message(&self, run: &mut Run, bytes: &[u8], place: Place) {
        if self.has_rules() && !bytes.is_empty() {
            run.feed_rules(self.rules.engine(), bytes, place);
        }
    }

    /// What rules found in such a message, which `side` sent, but for what is a canary.
    pub(crate) fn look_at_message(&self, side: Side, mut run: Run, location: &Where) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut message = Message::default();
        message.body.encoding = "identity".into();
        self.body(side, &message, &mut run, &[], &mut found);
        let is_canary = |finding: &Finding| self.canaries.iter().any(|canary| canary.text == finding.secret);
        let found = settle(found).into_iter().map(|found| found.finding).filter(|finding| !is_canary(finding));
        found.map(|finding| Finding { location: location.clone(), ..finding }).collect()
    }

    /// What is no HTTP is over.
    pub fn finish_other(&self, run: &mut Run) {
        run.finish_canaries(&self.canaries);
    }

    /// Takes out the canaries that were found in what is no HTTP since the last call.
    pub fn take_other(&self, run: &mut Run, location: &Where) -> Vec<Finding> {
        let mut sightings = run.take_canaries();
        self.add_unkept(run.take_unkept());
        // A disguise is known later than the plain text behind it where a slice ends between them.
        sightings.sort_by_key(|sighting| sighting.span.start);
        sightings.into_iter().map(|sighting| self.canary_finding(sighting, location.clone())).collect()
    }

    /// Everything that a message shows. `run` is what its body showed.
    pub fn message(&self, side: Side, message: &Message, run: Run) -> Vec<Finding> {
        let mut found = self.look(side, message, run, message.head.target().unwrap_or_default());
        if found.is_empty() {
            return Vec::new();
        }
        let mut message = message.clone();
        self.redact(Some(&mut message), None, &mut found);
        found.into_iter().map(|found| found.finding).collect()
    }

    /// Hides the secrets that are to be hidden, in the findings and in their messages.
    pub(crate) fn redact(&self, request: Option<&mut Message>, response: Option<&mut Message>, found: &mut [Found]) {
        redact::exchange(request, response, found, self.redact);
    }

    /// As [`Self::redact`], for a finding outside an exchange.
    pub(crate) fn redact_alone(&self, finding: &mut Finding) {
        redact::alone(finding, self.redact);
    }

    /// Everything that a message shows, nothing hidden yet. `target` is the request's, of which a
    /// response has none itself.
    pub(crate) fn look(&self, side: Side, message: &Message, mut run: Run, target: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        if self.is_idle() {
            return Vec::new();
        }
        let outside = self.rules.engine().has_outside();
        let paths = if outside { paths(message, target) } else { Vec::new() };
        for (which, head) in message.interim.iter().enumerate() {
            self.head(head, (Origin::Interim, Part::Interim(which)), &paths, &mut found);
        }
        self.head(&message.head, (Origin::Head(side), Part::Head), &paths, &mut found);
        if side == Side::Request {
            self.path_rules(&message.head, &paths, &mut found);
        }
        self.body(side, message, &mut run, &paths, &mut found);
        self.head(&message.trailers, (Origin::Trailer(side), Part::Trailers), &paths, &mut found);
        settle(found)
    }

    /// What rules say that look at nothing but a path.
    fn path_rules(&self, head: &Head, paths: &[Vec<u8>], found: &mut Vec<Found>) {
        let (Some(target), true) = (head.target(), self.rules.engine().has_outside()) else { return };
        for (number, rule) in (0..).zip(self.rules.iter()) {
            if rule.is_of_paths() && rule.outside.looks_at(paths) {
                let span = head.range_of(target);
                let (secret, whole) = (target.to_vec(), 0..target.len() as u64);
                let sighting = Sighting { rule: number, span: whole.clone(), secret, whole, ..Sighting::default() };
                let spot = (Part::Head, span.start as usize..span.end as usize);
                found.extend(self.rule_found(&sighting, 0, head.place(span.start), Where::RequestTarget, spot));
            }
        }
    }

    /// Which of the sightings in one text count: their rules look at what has these names, nothing
    /// excuses them, and what their rules require stands near by.
    fn counts(&self, sightings: &[&Sighting], paths: &[Vec<u8>]) -> Vec<bool> {
        let engine = self.rules.engine();
        if sightings.is_empty() || !engine.has_outside() {
            return vec![true; sightings.len()];
        }
        let excused = |sighting: &Sighting, rule: &Rule| {
            sighting.context.as_deref().is_some_and(|context| {
                let (secret, matched, line) = (&sighting.secret[..], &context.matched[..], &context.lines[..]);
                rule.outside.excuses(&Evidence { secret, matched, line, paths })
            })
        };
        let stands: Vec<bool> = sightings
            .iter()
            .map(|one| engine.rule(one.rule).is_some_and(|rule| rule.outside.looks_at(paths) && !excused(one, rule)))
            .collect();
        let near = |one: &Sighting, required: &Required| {
            sightings.iter().zip(&stands).any(|(other, stands)| {
                *stands
                    && engine.rule(other.rule).is_some_and(|rule| rule.id == required.id)
                    && is_near(required, one, other)
            })
        };
        let complete = |one: &Sighting, rule: &Rule| rule.outside.required.iter().all(|required| near(one, required));
        sightings
            .iter()
            .zip(&stands)
            .map(|(one, stands)| {
                let rule = engine.rule(one.rule).filter(|rule| *stands && !rule.outside.unreported);
                rule.is_some_and(|rule| complete(one, rule))
            })
            .collect()
    }

    /// Looks through a head.
    fn head(&self, head: &Head, (origin, part): (Origin, Part), paths: &[Vec<u8>], found: &mut Vec<Found>) {
        if head.bytes.is_empty() {
            return;
        }
        for mut sighting in self.canaries.find(&head.bytes) {
            let span = sighting.span.start as usize..sighting.span.end as usize;
            let Some(value) = locate(head, origin, &span) else { continue };
            let place = head.place(span.start as u32);
            sighting.place = if sighting.via.is_empty() { place } else { place.decoded() };
            let start = value.span.start as u64;
            sighting.span = sighting.span.start - start..sighting.span.end - start;
            found.push(self.canary_found(sighting, value.location, (part, span)));
        }
        let engine = self.rules.engine();
        let mut unkept = Unkept::default();
        let survey = lines::survey(engine, origin.side(), head);
        let sightings = match &survey {
            Some(survey) if survey.hits.is_empty() => Vec::new(),
            Some(survey) => engine.find_at(&head.bytes, &survey.hits, &mut unkept),
            None => engine.find(&head.bytes, &mut unkept),
        };
        self.add_unkept(unkept);
        let counts = self.counts(&sightings.iter().collect::<Vec<_>>(), paths);
        for (sighting, _) in sightings.into_iter().zip(counts).filter(|(_, counts)| *counts) {
            let span = sighting.span.start as usize..sighting.span.end as usize;
            let Some(value) = locate(head, origin, &span) else { continue };
            // What names a secret stands in the same line.
            let before = head.bytes.get(sighting.whole.start as usize..span.start).unwrap_or_default();
            if before.contains(&b'\n') {
                continue;
            }
            let place = head.place(span.start as u32);
            let offset = (span.start - value.span.start) as u64;
            found.extend(self.rule_found(&sighting, offset, place, value.location, (part, span)));
        }
        if self.rules.has_builtins() {
            let fields = survey.map_or_else(|| (0..head.fields.spans().len()).collect(), |survey| survey.fields);
            self.head_leaks(head, (origin, part), &fields, found);
        }
    }

    /// What HTTP gives away in a head: in its target and in the fields with the numbers `fields`.
    fn head_leaks(&self, head: &Head, (origin, part): (Origin, Part), fields: &[usize], found: &mut Vec<Found>) {
        let mut leaks = Vec::new();
        let mut keep = |value: &[u8], location: &dyn Fn() -> Where, leaks: &mut Vec<Leak>| {
            let start = head.range_of(value).start;
            for leak in leaks.drain(..).filter(|leak| self.rules.has(leak.rule)) {
                let place = head.place(start + leak.span.start as u32);
                let span = start as usize + leak.span.start..start as usize + leak.span.end;
                found.push(leak_found(leak, place, location(), (part, span)));
            }
        };
        if let (Some(target), Origin::Head(Side::Request)) = (head.target(), origin) {
            http_rules::target(target, &mut leaks);
            keep(target, &|| Where::RequestTarget, &mut leaks);
        }
        for (name, value) in fields.iter().filter_map(|number| head.fields.spans().get(*number)) {
            let (name, value) = (head.slice(name), head.slice(value));
            http_rules::header(origin.side(), head.status(), name, value, &mut leaks);
            if !leaks.is_empty() {
                let location = || value_of(origin, String::from_utf8_lossy(name).to_ascii_lowercase());
                keep(value, &location, &mut leaks);
            }
        }
    }

    /// What a body showed.
    fn body(&self, side: Side, message: &Message, run: &mut Run, paths: &[Vec<u8>], found: &mut Vec<Found>) {
        run.finish(self.rules.engine());
        run.finish_canaries(&self.canaries);
        self.add_unkept(run.take_unkept());
        let location = if side == Side::Request { Where::RequestBody } else { Where::ResponseBody };
        let first = found.len();
        if self.rules.has_builtins() {
            self.body_leaks(side, message, run, &location, found);
        }
        for sighting in run.take_canaries() {
            let span = sighting.span.start as usize..sighting.span.end as usize;
            found.push(self.canary_found(sighting, location.clone(), (Part::Body, span)));
        }
        let sightings = run.take_found();
        let counts = self.counts(&sightings.iter().map(|(sighting, _)| sighting).collect::<Vec<_>>(), paths);
        for ((sighting, place), _) in sightings.into_iter().zip(counts).filter(|(_, counts)| *counts) {
            let span = sighting.span.start as usize..sighting.span.end as usize;
            let offset = sighting.span.start;
            found.extend(self.rule_found(&sighting, offset, place, location.clone(), (Part::Body, span)));
        }
        let coding = &message.body.encoding;
        if found.len() > first && coding != "identity" {
            let via: Vec<_> = coding.split(", ").map(str::to_owned).collect();
            for Found { finding, .. } in found.iter_mut().skip(first) {
                finding.via.splice(0..0, via.iter().rev().cloned());
            }
        }
    }

    /// What HTTP gives away in a body.
    fn body_leaks(&self, side: Side, message: &Message, run: &Run, location: &Where, found: &mut Vec<Found>) {
        // A client's fields are few, and mean something; an answer is read only where it has words
        // for it.
        let Some((window, _)) = run.beginning().filter(|(_, noticed)| side == Side::Request || *noticed) else {
            return;
        };
        let mut given = http_rules::Found::default();
        let content_type = message.head.field("content-type").unwrap_or_default();
        http_rules::body(side, content_type, window.view().bytes, self.rules.engine(), &mut given);
        self.add_unkept(given.unkept);
        for leak in given.leaks.into_iter().filter(|leak| self.rules.has(leak.rule)) {
            let place = window.place(leak.span.start as u64);
            let span = leak.span.clone();
            found.push(leak_found(leak, place, location.clone(), (Part::Body, span)));
        }
        for (sighting, span, step) in given.decoded {
            let place = window.place(span.start as u64).decoded();
            let spot = (Part::Body, span.clone());
            let Some(mut one) = self.rule_found(&sighting, span.start as u64, place, location.clone(), spot) else {
                continue;
            };
            one.finding.length = span.len() as u64;
            one.finding.via.push(step);
            found.push(one);
        }
    }

    fn canary_found(&self, sighting: canary::Sighting, location: Where, spot: (Part, Range<usize>)) -> Found {
        let finding = self.canary_finding(sighting, location);
        let hide_all = finding.redacted;
        Found { finding, rank: Rank::Canary, spots: vec![spot], is_secret: true, hide_all, is_outside: false }
    }

    /// Marked as redacted where it is to be hidden, which it is not yet.
    fn canary_finding(&self, sighting: canary::Sighting, location: Where) -> Finding {
        let canary = self.canaries.get(sighting.canary);
        let masked = canary.is_some_and(|canary| canary.masked);
        let text = canary.map(|canary| canary.text.clone()).unwrap_or_default();
        let name = canary.and_then(|canary| canary.name.clone());
        Finding {
            rule: CANARY_RULE.to_owned(),
            severity: Severity::Critical,
            title: "A canary crossed the wire unencrypted".to_owned(),
            location,
            place: sighting.place,
            offset: sighting.span.start,
            length: sighting.span.end - sighting.span.start,
            via: sighting.via.into_iter().map(str::to_owned).collect(),
            secret: text,
            redacted: masked,
            about: name.map(|name| ("name".to_owned(), name)).into_iter().collect(),
            fix: "Send it only inside TLS (https://), and change the secret: whoever watched has it.".to_owned(),
            fingerprint: String::new(),
            secret_id: None,
            identity: 0,
        }
    }

    fn rule_found(
        &self,
        sighting: &Sighting,
        offset: u64,
        place: Place,
        location: Where,
        spot: (Part, Range<usize>),
    ) -> Option<Found> {
        let rule = self.rules.engine().rule(sighting.rule)?;
        let rank = if rule.family == "generic" || rule.family == "auth" { Rank::Generic } else { Rank::Provider };
        let finding = Finding {
            rule: rule.id.clone(),
            severity: rule.severity,
            title: rule.title.clone(),
            location,
            place,
            offset,
            length: sighting.span.end - sighting.span.start,
            via: Vec::new(),
            secret: sighting.secret.clone(),
            redacted: false,
            about: http_rules::token::about(&sighting.secret),
            fix: rule.fix.clone(),
            fingerprint: String::new(),
            secret_id: None,
            identity: 0,
        };
        let is_outside = rule.is_outside;
        Some(Found { finding, rank, spots: vec![spot], is_secret: true, hide_all: false, is_outside })
    }
}

/// What rules call the place of a message: the path of its request without the first slash, and
/// the name of the file that it is or brings.
fn paths(message: &Message, target: &[u8]) -> Vec<Vec<u8>> {
    let path = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let path = http_rules::decode(path);
    let mut paths = vec![path.strip_prefix(b"/").unwrap_or(&path).to_vec()];
    let disposition = message.head.field("content-disposition").map(String::from_utf8_lossy);
    let name = disposition.as_deref().and_then(|line| line.split_once("filename=")).map(|(_, name)| name);
    paths.extend(name.map(|name| name.split(';').next().unwrap_or_default().trim().trim_matches('"').into()));
    paths
}

fn leak_found(leak: Leak, place: Place, location: Where, spot: (Part, Range<usize>)) -> Found {
    let Leak { rule, span, secret, via, about } = leak;
    // What was decoded does not stand there as it is.
    let place = if secret.len() == span.len() { place } else { place.decoded() };
    let finding = Finding {
        rule: rule.id.to_owned(),
        severity: rule.severity,
        title: rule.title.to_owned(),
        location,
        place,
        offset: span.start as u64,
        length: span.len() as u64,
        via,
        secret,
        redacted: false,
        about,
        fix: rule.fix.to_owned(),
        fingerprint: String::new(),
        secret_id: None,
        identity: 0,
    };
    let rank = if rule.strong { Rank::Scheme } else { Rank::Http };
    Found { finding, rank, spots: vec![spot], is_secret: rule.is_secret, hide_all: false, is_outside: false }
}

/// Whether `other`, which is of the required rule, is near enough to `one`.
fn is_near(required: &Required, one: &Sighting, other: &Sighting) -> bool {
    let (Some(one), Some(other)) = (&one.context, &other.context) else { return false };
    required.within_lines.is_none_or(|most| one.line.abs_diff(other.line) <= most)
        && required.within_columns.is_none_or(|most| one.column.abs_diff(other.column) <= most)
}
