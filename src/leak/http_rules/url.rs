//! URLs: credentials, keys and tokens in what is logged, cached and passed on like no other part
//! of a message.
//!
//! It refuses to know where a URL leads.

use super::builtin::{HTTP_REDIRECT, OAUTH_CODE, PRESIGNED, RESET_LINK, URL_CREDENTIALS};
use super::field::{Place, judge};
use super::leak::Leak;
use super::query::{Pair, decode, pairs};
use super::token;
use crate::leak::check::Check;
use crate::leak::literal::{placeholder, url_password};
use std::ops::Range;

/// Where a URL was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A request's target.
    Target,
    /// A Referer header, or a Location that is no redirect.
    Referer,
    /// Where a redirect leads.
    Redirect,
}

pub(super) fn inspect(url: &[u8], source: Source, leaks: &mut Vec<Leak>) {
    let first = leaks.len();
    let scheme = url.get(..14).unwrap_or(url).windows(3).position(|part| part == b"://");
    if let Some(scheme) = scheme {
        authority(url, scheme, leaks);
        let rest = url.get(scheme + 3..).unwrap_or_default();
        if source == Source::Redirect && url.get(..scheme).is_some_and(|name| name.eq_ignore_ascii_case(b"http")) {
            let length = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
            leaks.push(Leak::plain(&HTTP_REDIRECT, url, 0..scheme + 3 + length));
        }
    }
    let fragment = memchr::memchr(b'#', url).unwrap_or(url.len());
    let whole = url.get(..fragment).unwrap_or_default();
    let question = memchr::memchr(b'?', whole).unwrap_or(whole.len());
    let path = whole.get(..question).unwrap_or_default();
    let query = question + 1..whole.len().max(question + 1);
    let query = query.start.min(url.len())..query.end.min(url.len());
    if !presigned(url, &query, leaks) {
        let step = |name: &str| format!("query parameter \"{name}\"");
        parameters(url, path, query.clone(), step, leaks);
        let step = |name: &str| format!("fragment parameter \"{name}\"");
        parameters(url, path, fragment + 1..url.len().max(fragment + 1), step, leaks);
    }
    reset_link(url, path, &query, leaks, first);
}

/// `user:password@` (RFC 3986 §3.2.1).
fn authority(url: &[u8], scheme: usize, leaks: &mut Vec<Leak>) {
    let start = scheme + 3;
    let rest = url.get(start..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else { return };
    let Some(credentials) = authority.get(..at).filter(|part| part.contains(&b':') && url_password(part)) else {
        return;
    };
    let user = decode(credentials.split(|byte| *byte == b':').next().unwrap_or_default());
    let user = String::from_utf8_lossy(&user).into_owned();
    let mut leak = Leak::plain(&URL_CREDENTIALS, url, start..start + at).about("user", user);
    leak.secret = decode(credentials).into_owned();
    leaks.push(leak);
}

fn parameters(url: &[u8], path: &[u8], range: Range<usize>, step: impl Fn(&str) -> String, leaks: &mut Vec<Leak>) {
    let Some(query) = url.get(range.clone()).filter(|query| !query.is_empty()) else { return };
    let has = |name: &str| pairs(query, 0).any(|pair| pair.name.eq_ignore_ascii_case(name.as_bytes()));
    for Pair { name, value, span } in pairs(query, range.start) {
        let name = String::from_utf8_lossy(&name);
        let code = name.eq_ignore_ascii_case("code") && value.len() >= 10 && !placeholder(&value);
        let rule = if code && (has("state") || has("session_state") || is_callback(path)) {
            Some(&OAUTH_CODE)
        } else {
            judge(&name, &value, Place::Sent)
        };
        if let Some(rule) = rule {
            let about = token::about(&value);
            leaks.push(Leak { rule, span, secret: value.into_owned(), via: vec![step(&name)], about });
        }
    }
}

fn is_callback(path: &[u8]) -> bool {
    ["callback", "oauth", "oidc", "signin", "sso", "login"].iter().any(|word| contains(path, word))
}

/// Whether `word`, in lower case, stands in `text` in any case.
fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// A query that is signed: by AWS (`X-Amz-Signature`, or `AWSAccessKeyId` and `Signature`), Google
/// (`X-Goog-Signature`), Azure (`sig`) or Amazon's CDN (`Key-Pair-Id`).
fn presigned(url: &[u8], range: &Range<usize>, leaks: &mut Vec<Leak>) -> bool {
    let Some(query) = url.get(range.clone()).filter(|query| !query.is_empty()) else { return false };
    let of = |name: &str| {
        let named = pairs(query, range.start).find(|pair| pair.name.eq_ignore_ascii_case(name.as_bytes()));
        named.map(|pair| (String::from_utf8_lossy(&pair.value).into_owned(), pair.span))
    };
    let text = |name: &str| of(name).map(|(value, _)| value).unwrap_or_default();
    let signed = [
        ("x-amz-signature", "x-amz-credential", "x-amz-expires"),
        ("x-goog-signature", "x-goog-credential", "x-goog-expires"),
        ("signature", "awsaccesskeyid", "expires"),
        ("signature", "googleaccessid", "expires"),
        ("signature", "key-pair-id", "expires"),
        ("sig", "sv", "se"),
    ];
    let found = signed.into_iter().find_map(|(signature, credential, expires)| {
        let (_, span) = of(signature).filter(|(value, _)| value.len() >= 16)?;
        Some((span, of(credential)?, text(expires)))
    });
    let Some((span, (credential, credential_span), expires)) = found else { return false };
    // From the first of what makes it valid to the last.
    let span = span.start.min(credential_span.start)..span.end.max(credential_span.end);
    let id = credential.split('/').next().unwrap_or_default().to_owned();
    let mut leak = Leak::plain(&PRESIGNED, url, span);
    if credential.len() > 8 {
        leak.about.extend(token::about(id.as_bytes()));
        leak = leak.about("access key id", id);
    }
    let date = text("x-amz-date");
    leaks.push(leak.about("signed", date).about("expires", expires));
    true
}

/// A token in a query has at least so many bytes.
const IN_QUERY: usize = 16;

/// A token in a path has at least so many bytes.
const IN_PATH: usize = 20;

/// A link that sets a password or logs in without one.
fn reset_link(url: &[u8], path: &[u8], query: &Range<usize>, leaks: &mut Vec<Leak>, first: usize) {
    if query.len() < IN_QUERY && path.len() < IN_PATH {
        return;
    }
    let has = |words: &[&str]| words.iter().any(|word| contains(path, word));
    let acts = has(&["reset", "recover", "forgot", "magic", "activate", "invit"]);
    if !acts || !has(&["pass", "account", "magic", "user", "login", "invit"]) {
        return;
    }
    let query_text = url.get(query.clone()).unwrap_or_default();
    let by_chance = |text: &[u8]| text.len() >= IN_QUERY && Check::Random.passes(text);
    let span = pairs(query_text, query.start)
        .find(|pair| by_chance(&pair.value))
        .map(|pair| pair.span)
        .or_else(|| token_in_path(path));
    if let Some(span) = span {
        let at = leaks.len().min(first);
        leaks.retain_mut(|leak| leak.span != span);
        leaks.insert(at.min(leaks.len()), Leak::plain(&RESET_LINK, url, span));
    }
}

/// A part of a path that was made by chance: the token of a link.
fn token_in_path(path: &[u8]) -> Option<Range<usize>> {
    let mut start = 0;
    let mut found = None;
    for part in path.split(|byte| *byte == b'/') {
        if part.len() >= IN_PATH && Check::Random.passes(part) {
            found = Some(start..start + part.len());
        }
        start += part.len() + 1;
    }
    found
}
