//! Gives findings their names: fingerprints of their places and identifiers of their secrets.
//!
//! A fingerprint is made of the masked request, so that it tests no guess of a secret.

use super::canary::{Canaries, Canary};
use super::finding::{Finding, Where};
use super::fingerprint::fingerprint;
use super::found::{Found, Part};
use super::redact::is_of_request;
use super::scanner::Scanner;
use crate::http::Head;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::sync::LazyLock;

/// Keyed, so that a number gives nothing away of its secret.
static IDENTITIES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Scanner {
    /// Names the findings of an exchange. `server` stands in where the request names no host.
    pub(crate) fn identify(&self, found: &mut [Found], server: &str, request: Option<&Head>) {
        if found.is_empty() {
            return;
        }
        let place = Masked::of(found, server, request);
        for Found { finding, .. } in found {
            self.name(finding, &place);
        }
    }

    /// Names a finding outside an exchange.
    pub(crate) fn identify_alone(&self, finding: &mut Finding, server: &str) {
        self.name(finding, &Masked { host: server.into(), ..Masked::default() });
    }

    fn name(&self, finding: &mut Finding, place: &Masked) {
        let Masked { host, method, target, .. } = place;
        finding.identity = IDENTITIES.hash_one(&finding.secret);
        finding.secret_id = self.secret_id_key.as_ref().map(|key| key.id(&finding.secret));
        finding.fingerprint = fingerprint(&finding.rule, host, method, target, &place.location(&finding.location));
    }
}

/// What a fingerprint is made of, with `*` for each secret of the exchange, however long that is.
#[derive(Debug, Default)]
struct Masked {
    host: Vec<u8>,
    method: Vec<u8>,
    target: Vec<u8>,
    /// The secrets in any case: findings name fields in lower case, and hosts have none.
    any_case: Canaries,
}

impl Masked {
    fn of(found: &[Found], server: &str, request: Option<&Head>) -> Self {
        let method = request.and_then(Head::method).unwrap_or_default();
        let target = request.and_then(Head::target).unwrap_or_default();
        let named = request.and_then(|head| head.field("host"));
        let host = named.unwrap_or(server.as_bytes());
        let names = found.iter().filter_map(|found| found.finding.location.name()).map(str::len);
        let any_case = secrets(found, names.chain([host.len()]).max().unwrap_or_default(), true);
        let exact = secrets(found, method.len().max(target.len()), false);
        // Where in `part` of the request's head a secret was found, whatever it is called.
        let seen = |part: &[u8]| -> Vec<Range<usize>> {
            let Some(head) = request.filter(|_| !part.is_empty()) else { return Vec::new() };
            let part = head.range_of(part);
            let (start, end) = (part.start as usize, part.end as usize);
            let secrets = found.iter().filter(|one| one.is_secret && is_of_request(&one.finding.location));
            let spots = secrets.flat_map(|one| &one.spots).filter(|(kind, _)| *kind == Part::Head);
            let within = spots.filter(|(_, spot)| spot.start < end && spot.end > start);
            within.map(|(_, spot)| spot.start.max(start) - start..spot.end.min(end) - start).collect()
        };
        Self {
            host: masked(host, named.map(seen).unwrap_or_default(), &any_case),
            method: masked(method, seen(method), &exact),
            target: masked(target, seen(target), &exact),
            any_case,
        }
    }

    fn location(&self, location: &Where) -> String {
        let mut location = location.clone();
        if let Some(name) = location.name_mut() {
            *name = String::from_utf8_lossy(&masked(name.as_bytes(), Vec::new(), &self.any_case)).into_owned();
        }
        location.to_string()
    }
}

/// The secrets that may stand in a text of `most` bytes.
fn secrets(found: &[Found], most: usize, ignore_case: bool) -> Canaries {
    let secrets = found.iter().filter(|one| one.is_secret && one.finding.secret.len() <= most);
    let canaries = secrets.map(|one| Canary::plain(one.finding.secret.clone())).filter(|one| one.check().is_ok());
    Canaries::new(canaries.collect(), ignore_case).unwrap_or_default()
}

/// `text` with one `*` for each stretch that `spans` and what is found of `secrets` cover.
fn masked(text: &[u8], mut spans: Vec<Range<usize>>, secrets: &Canaries) -> Vec<u8> {
    if !secrets.is_empty() {
        spans.extend(secrets.find(text).into_iter().map(|one| one.span.start as usize..one.span.end as usize));
    }
    spans.sort_by_key(|span| span.start);
    let mut masked = Vec::with_capacity(text.len());
    let mut end = 0;
    for span in spans.into_iter().filter(|span| !span.is_empty()) {
        if span.start > end || masked.is_empty() {
            masked.extend_from_slice(text.get(end..span.start).unwrap_or_default());
            masked.push(b'*');
        }
        end = end.max(span.end);
    }
    masked.extend_from_slice(text.get(end..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_of_secrets_is_one_mark() {
        let secrets = |text: &str| Canaries::new(vec![Canary::plain(text.as_bytes())], false).unwrap();
        for (text, spans, secret, want) in [
            ("/reset/correcthorse", &[][..], "correcthorse", "/reset/*"),
            ("/reset/correcthorse", &[(7, 19)], "elsewhere", "/reset/*"),
            ("/reset/correcthorse", &[(10, 19), (7, 12)], "correcthorse", "/reset/*"),
            ("correcthorse.example", &[], "correcthorse", "*.example"),
            ("/a/b3ther/b3ther", &[(3, 9)], "b3ther", "/a/*/*"),
            ("/a/**/c", &[], "correcthorse", "/a/**/c"),
            ("/reset", &[(3, 3)], "correcthorse", "/reset"),
            ("", &[], "correcthorse", ""),
        ] {
            let spans = spans.iter().map(|(start, end): &(usize, usize)| *start..*end).collect();
            let masked = masked(text.as_bytes(), spans, &secrets(secret));
            assert_eq!(String::from_utf8_lossy(&masked), want, "{text}");
        }
    }
}
