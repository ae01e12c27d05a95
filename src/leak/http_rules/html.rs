//! Pages: forms that ask for a password, and where forms post to.
//!
//! Scripts, styles and comments are no forms. It refuses to know anything else of HTML.

use super::builtin::{HTTP_FORM, PASSWORD_FORM};
use super::leak::Leak;
use memchr::{memchr, memmem};
use std::ops::Range;

/// Whether a body that begins like this is a page.
pub(super) fn begins(start: &[u8]) -> bool {
    let is = |word: &str| start.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    is("<!doctype html") || is("<html") || is("<head") || is("<body") || is("<form")
}

pub(super) fn inspect(body: &[u8], leaks: &mut Vec<Leak>) {
    let mut at = 0;
    let mut action = String::new();
    while let Some(open) = body.get(at..).and_then(|rest| memchr(b'<', rest)).map(|open| at + open) {
        let rest = body.get(open..).unwrap_or_default();
        if rest.starts_with(b"<!--") {
            at = open + memmem::find(rest, b"-->").map_or(rest.len(), |end| end + 3);
            continue;
        }
        let Some(length) = memchr(b'>', rest) else { break };
        let tag = rest.get(1..length).unwrap_or_default();
        at = open + length + 1;
        let is = |name: &str| {
            tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
                && tag.get(name.len()).is_none_or(|next| next.is_ascii_whitespace() || *next == b'/')
        };
        if let Some(end) = ["script", "style", "textarea", "template"].into_iter().find(|name| is(name)) {
            at += close(body.get(at..).unwrap_or_default(), end);
        } else if is("form") {
            action.clear();
            if let Some(range) = attribute(tag, "action") {
                let value = tag.get(range.clone()).unwrap_or_default();
                action = String::from_utf8_lossy(value).into_owned();
                if action.len() > 7 && action.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("http://")) {
                    let span = open + 1 + range.start..open + 1 + range.end;
                    leaks.push(Leak::plain(&HTTP_FORM, body, span).via("html"));
                }
            }
        } else if is("input") {
            let kind = attribute(tag, "type").and_then(|range| tag.get(range)).unwrap_or_default();
            if kind.eq_ignore_ascii_case(b"password") {
                let leak = Leak::plain(&PASSWORD_FORM, body, open..at).via("html");
                leaks.push(leak.about("posts to", action.clone()));
            }
        }
    }
}

/// Where `</name` begins in `text`.
fn close(text: &[u8], name: &str) -> usize {
    let ends = memmem::find_iter(text, b"</");
    let is = |at: &usize| {
        text.get(at + 2..at + 2 + name.len()).is_some_and(|part| part.eq_ignore_ascii_case(name.as_bytes()))
    };
    ends.into_iter().find(is).unwrap_or(text.len())
}

/// Where in `tag` the value of the attribute `name` stands.
fn attribute(tag: &[u8], name: &str) -> Option<Range<usize>> {
    let mut at = 0;
    while let Some(equals) = tag.get(at..).and_then(|rest| memchr(b'=', rest)).map(|equals| at + equals) {
        let before = tag.get(at..equals)?.trim_ascii();
        let key = before.rsplit(u8::is_ascii_whitespace).next()?;
        let rest = tag.get(equals + 1..)?;
        let lead = rest.len() - rest.trim_ascii_start().len();
        let start = equals + 1 + lead;
        let (start, length) = if let Some(quote @ (b'"' | b'\'')) = rest.get(lead) {
            (start + 1, memchr(*quote, tag.get(start + 1..)?)?)
        } else {
            let rest = tag.get(start..)?;
            (start, rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()))
        };
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(start..start + length);
        }
        at = start + length + 1;
    }
    None
}
