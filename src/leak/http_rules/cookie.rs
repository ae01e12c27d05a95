//! Cookies (RFC 6265): sessions that are sent, and flags that are missing.
//!
//! A cookie is a session by its name. It refuses to guess by its looks.

use super::builtin::{COOKIE_FLAGS, SESSION_COOKIE};
use super::leak::Leak;
use super::token;
use crate::leak::cookies::session_cookie;
use crate::leak::literal::placeholder;
use std::ops::Range;

/// A shorter value is no session: a flag, a language, a deleted cookie.
const SHORTEST: usize = 8;

/// The ranges of name and value of `name=value` at `range` of `value`.
fn pair(value: &[u8], range: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let part = value.get(range.clone())?;
    let equals = memchr::memchr(b'=', part)?;
    Some((trim(value, range.start..range.start + equals), trim(value, range.start + equals + 1..range.end)))
}

fn trim(value: &[u8], range: Range<usize>) -> Range<usize> {
    let part = value.get(range.clone()).unwrap_or_default();
    let lead = part.len() - part.trim_ascii_start().len();
    let start = range.start + lead;
    start..start + part.trim_ascii().len()
}

/// The ranges between semicolons.
fn parts(value: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    memchr::memchr_iter(b';', value).chain([value.len()]).map(move |end| {
        let range = start..end;
        start = end + 1;
        range
    })
}

fn session(value: &[u8], name: &Range<usize>, content: Range<usize>, leaks: &mut Vec<Leak>) {
    if content.len() < SHORTEST {
        return;
    }
    let name = String::from_utf8_lossy(value.get(name.clone()).unwrap_or_default());
    let Some(by) = session_cookie(&name) else { return };
    let mut leak = Leak::plain(&SESSION_COOKIE, value, content);
    if placeholder(&leak.secret) || leak.secret.eq_ignore_ascii_case(b"deleted") {
        return;
    }
    leak.via.push(format!("cookie \"{name}\""));
    leak.about = token::about(&leak.secret);
    leaks.push(leak.about("set by", by));
}

/// A Cookie header.
pub(super) fn sent(value: &[u8], leaks: &mut Vec<Leak>) {
    for (name, content) in parts(value).filter_map(|range| pair(value, range)) {
        session(value, &name, content, leaks);
    }
}

/// A Set-Cookie header.
pub(super) fn set(value: &[u8], leaks: &mut Vec<Leak>) {
    let mut parts = parts(value);
    let Some((name, content)) = parts.next().and_then(|range| pair(value, range)) else { return };
    let (mut secure, mut http_only, mut same_site, mut deleted) = (false, false, false, content.is_empty());
    for range in parts {
        let attribute = value.get(trim(value, range)).unwrap_or_default();
        let is = |name: &str| {
            attribute.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
                && attribute.get(name.len()).is_none_or(|next| matches!(next, b'=' | b' '))
        };
        secure |= is("secure");
        http_only |= is("httponly");
        same_site |= is("samesite");
        deleted |= attribute.eq_ignore_ascii_case(b"max-age=0");
    }
    if deleted {
        return;
    }
    session(value, &name, content, leaks);
    let missing: Vec<_> = [(secure, "Secure"), (http_only, "HttpOnly"), (same_site, "SameSite")]
        .into_iter()
        .filter_map(|(has, flag)| (!has).then_some(flag))
        .collect();
    if !missing.is_empty() {
        leaks.push(Leak::plain(&COOKIE_FLAGS, value, name).about("missing", missing.join(", ")));
    }
}
