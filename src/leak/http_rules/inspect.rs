//! Which file reads which place of a message.

use super::leak::{Found, Leak};
use super::{authorization, cookie, field, html, json, multipart, query, url, xml};
use crate::leak::engine::Engine;
use crate::leak::finding::Side;

/// What a request's target gives away.
pub(in crate::leak) fn target(target: &[u8], leaks: &mut Vec<Leak>) {
    url::inspect(target, url::Source::Target, leaks);
}

/// What the field `name` with `value` gives away; offsets are in the value.
pub(in crate::leak) fn header(side: Side, status: Option<u16>, name: &[u8], value: &[u8], leaks: &mut Vec<Leak>) {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    match (side, name.len()) {
        (Side::Request, 13) if is("authorization") => authorization::inspect(value, leaks),
        (Side::Request, 19) if is("proxy-authorization") => authorization::inspect(value, leaks),
        (Side::Request, 6) if is("cookie") => cookie::sent(value, leaks),
        (Side::Request, 7) if is("referer") => url::inspect(value, url::Source::Referer, leaks),
        (Side::Response, 10) if is("set-cookie") => cookie::set(value, leaks),
        (Side::Response, 8) if is("location") => {
            let redirect = status.is_some_and(|status| (300..400).contains(&status));
            let source = if redirect { url::Source::Redirect } else { url::Source::Referer };
            url::inspect(value, source, leaks);
        }
        _ => field::header(name, value, leaks),
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Form,
    Json,
    Multipart,
    Xml,
    Html,
}

/// What `body`, or its beginning, gives away. `engine` looks into values that are written with
/// escapes, where it could not see them.
pub(in crate::leak) fn body(side: Side, content_type: &[u8], body: &[u8], engine: &Engine, found: &mut Found) {
    let mut sink = field::Sink::new(side, engine, found);
    match format(side, content_type, body) {
        Some(Format::Form) => query::form(body, &mut sink),
        Some(Format::Json) => json::inspect(body, &mut sink),
        Some(Format::Multipart) => multipart::inspect(body, content_type, &mut sink),
        Some(Format::Xml) => xml::inspect(body, &mut sink),
        Some(Format::Html) if side == Side::Response => html::inspect(body, &mut found.leaks),
        Some(Format::Html) | None => {}
    }
}

/// By the body's beginning, and by what its head says where that is in doubt.
fn format(side: Side, content_type: &[u8], body: &[u8]) -> Option<Format> {
    let says = |word: &str| content_type.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match start.first()? {
        b'{' | b'[' => Some(Format::Json),
        b'-' if says("multipart/") || start.starts_with(b"--") => Some(Format::Multipart),
        _ if says("multipart/") => Some(Format::Multipart),
        b'<' if says("html") || html::begins(start) => Some(Format::Html),
        b'<' => Some(Format::Xml),
        _ if says("x-www-form-urlencoded") => Some(Format::Form),
        _ if side == Side::Request && query::looks_like_form(start) => Some(Format::Form),
        _ => None,
    }
}

/// Whether what a body begins with is worth being kept until its message is whole.
pub(in crate::leak) fn is_structured(beginning: &[u8]) -> bool {
    let start = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    matches!(start.first(), Some(b'{' | b'[' | b'<')) || start.starts_with(b"--") || query::looks_like_form(start)
}

#[cfg(test)]
mod tests;
