//! Overwrites secrets in what is told: in findings, and in the messages that they stood in.
//!
//! Each secret that is to be hidden is looked for again in every value of the exchange, in each
//! of its encodings. It refuses to touch packets: a copy of a capture is another matter.

use super::canary::{Canaries, Canary};
use super::finding::{Finding, Where};
use super::found::{Found, Part};
use crate::http::{Body, Head, Message};
use std::ops::Range;

/// The mark that takes a byte's place.
const MARK: u8 = b'*';

/// How much of each secret is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Percent(u8);

impl Percent {
    pub(super) const ALL: Self = Self(100);

    pub(super) fn new(percent: u8) -> Self {
        Self(percent.min(100))
    }

    /// Overwrites the end of `secret`.
    fn hide(self, secret: &mut [u8]) {
        let shown = secret.len() * usize::from(100 - self.0) / 100;
        // No letter is left in half.
        let shown = (0..=shown).rev().find(|at| secret.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80)).unwrap_or(0);
        secret.iter_mut().skip(shown).for_each(|byte| *byte = MARK);
    }

    fn hide_range(self, bytes: &mut [u8], range: Range<usize>) {
        let end = range.end.min(bytes.len());
        if let Some(part) = bytes.get_mut(range.start.min(end)..end) {
            self.hide(part);
        }
    }
}

/// What is to be hidden.
#[derive(Debug)]
struct Hidden {
    canaries: Canaries,
    /// The same in any case: findings name fields in lower case.
    any_case: Canaries,
    percent: Percent,
}

impl Hidden {
    fn new(secrets: Vec<Vec<u8>>, percent: Percent) -> Self {
        let canaries: Vec<_> = secrets.into_iter().map(Canary::plain).filter(|one| one.check().is_ok()).collect();
        let any_case = Canaries::new(canaries.clone(), true).unwrap_or_default();
        Self { canaries: Canaries::new(canaries, false).unwrap_or_default(), any_case, percent }
    }

    /// Overwrites each of the secrets in `bytes`; whether there was one.
    fn hide_in(&self, bytes: &mut [u8]) -> bool {
        let found = self.canaries.find(bytes);
        for sighting in &found {
            // Of what is encoded, a part of the letters may be more than that part of the secret.
            let percent = if sighting.via.is_empty() { self.percent } else { Percent::ALL };
            percent.hide_range(bytes, sighting.span.start as usize..sighting.span.end as usize);
        }
        !found.is_empty()
    }

    fn hide_in_text(&self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        self.hide_in(&mut bytes);
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }

    fn hide_in_name(&self, location: &mut Where) {
        let Some(name) = location.name_mut() else { return };
        let mut bytes = std::mem::take(name).into_bytes();
        for sighting in self.any_case.find(&bytes) {
            Percent::ALL.hide_range(&mut bytes, sighting.span.start as usize..sighting.span.end as usize);
        }
        *name = String::from_utf8_lossy(&bytes).into_owned();
    }

    fn hide_in_head(&self, head: &mut Head) {
        self.hide_in(&mut head.bytes);
    }

    fn hide_in_body(&self, body: &mut Body) {
        if self.hide_in(&mut body.kept) {
            body.sha256 = None;
        }
    }
}

/// Overwrites the secrets of those findings that are marked as redacted, and with `percent` those
/// of all.
pub(super) fn exchange(
    mut request: Option<&mut Message>,
    mut response: Option<&mut Message>,
    found: &mut [Found],
    percent: Option<Percent>,
) {
    for found in found.iter_mut().filter(|found| found.is_secret) {
        found.finding.redacted |= percent.is_some();
    }
    if !found.iter().any(|found| found.finding.redacted) {
        return;
    }
    // A canary that is a secret itself is hidden as a whole.
    let of = |whole: bool| {
        let secrets = found.iter().filter(|found| found.finding.redacted && found.hide_all == whole);
        secrets.map(|found| found.finding.secret.clone()).collect::<Vec<_>>()
    };
    let hidden = [Hidden::new(of(true), Percent::ALL), Hidden::new(of(false), percent.unwrap_or(Percent::ALL))];
    for found in found.iter().filter(|found| found.finding.redacted) {
        let percent = if found.hide_all { Percent::ALL } else { percent.unwrap_or(Percent::ALL) };
        let of_request = is_of_request(&found.finding.location);
        let message = if of_request { request.as_deref_mut() } else { response.as_deref_mut() };
        let Some(message) = message else { continue };
        for (part, range) in &found.spots {
            let percent = if range.len() == found.finding.secret.len() { percent } else { Percent::ALL };
            match part {
                Part::Head => percent.hide_range(&mut message.head.bytes, range.clone()),
                Part::Trailers => percent.hide_range(&mut message.trailers.bytes, range.clone()),
                Part::Interim(which) => {
                    if let Some(head) = message.interim.get_mut(*which) {
                        percent.hide_range(&mut head.bytes, range.clone());
                    }
                }
                Part::Body => {
                    percent.hide_range(&mut message.body.kept, range.clone());
                    message.body.sha256 = None;
                }
            }
        }
    }
    for hidden in hidden.iter().filter(|hidden| !hidden.canaries.is_empty()) {
        for message in [request.as_deref_mut(), response.as_deref_mut()].into_iter().flatten() {
            hidden.hide_in_head(&mut message.head);
            hidden.hide_in_head(&mut message.trailers);
            message.interim.iter_mut().for_each(|head| hidden.hide_in_head(head));
            hidden.hide_in_body(&mut message.body);
        }
        for Found { finding, .. } in found.iter_mut() {
            hidden.hide_in_name(&mut finding.location);
            finding.via.iter_mut().for_each(|step| hidden.hide_in_text(step));
            finding.about.iter_mut().for_each(|(_, value)| hidden.hide_in_text(value));
        }
    }
    for found in found.iter_mut().filter(|found| found.finding.redacted) {
        let percent = if found.hide_all { Percent::ALL } else { percent.unwrap_or(Percent::ALL) };
        percent.hide(&mut found.finding.secret);
    }
}

/// As [`exchange`], for a finding outside one.
pub(super) fn alone(finding: &mut Finding, percent: Option<Percent>) {
    let whole = finding.redacted;
    finding.redacted |= percent.is_some();
    if finding.redacted {
        let percent = if whole { Percent::ALL } else { percent.unwrap_or(Percent::ALL) };
        percent.hide(&mut finding.secret);
    }
}

/// Whether a value is the request's.
pub(super) fn is_of_request(location: &Where) -> bool {
    matches!(
        location,
        Where::RequestMethod
            | Where::RequestTarget
            | Where::RequestHeader(_)
            | Where::RequestHeaderName
            | Where::RequestBody
            | Where::RequestTrailer(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_secret_is_hidden() {
        for (secret, percent, want) in [
            ("hunter2", 100, "*******"),
            ("hunter22", 50, "hunt****"),
            ("hunter2", 0, "hunter2"),
            ("käse1", 80, "k*****"),
            ("", 100, ""),
        ] {
            let mut bytes = secret.as_bytes().to_vec();
            Percent::new(percent).hide(&mut bytes);
            assert_eq!(String::from_utf8_lossy(&bytes), want, "{secret} by {percent}");
        }
    }
}
