//! What HTTP itself gives away: credentials, tokens and keys in the places that its standards and
//! customs give them, and weaknesses of cookies, forms and redirects.
//!
//! Each file reads one such place of a message that is whole. They refuse to know how a message
//! came together and how findings are told.

mod authorization;
mod builtin;
mod cookie;
mod field;
mod html;
mod json;
mod multipart;
mod query;
mod saml;
#[cfg(test)]
mod tests;
pub(super) mod token;
mod url;
mod xml;

pub use builtin::{BUILTINS, Builtin};
pub(super) use query::decode;

use super::engine::{Engine, Sighting};
use super::quota::Unkept;
use super::scanner::Side;
use std::ops::Range;

/// Something that a value gives away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leak {
    /// What it is.
    pub(super) rule: &'static Builtin,
    /// Where in the value it stands, encoded or not.
    pub(super) span: Range<usize>,
    /// The secret itself.
    pub(super) secret: Vec<u8>,
    /// The way to it, from the value inwards.
    pub(super) via: Vec<String>,
    /// What is known of it without using it.
    pub(super) about: Vec<(String, String)>,
}

impl Leak {
    /// A secret that stands at `span` as it is.
    fn plain(rule: &'static Builtin, value: &[u8], span: Range<usize>) -> Self {
        let secret = value.get(span.clone()).unwrap_or_default().to_vec();
        Self { rule, span, secret, via: Vec::new(), about: Vec::new() }
    }

    fn via(mut self, step: impl Into<String>) -> Self {
        self.via.push(step.into());
        self
    }

    fn about(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.about.push((key.to_owned(), value));
        }
        self
    }
}

/// What a request's target gives away.
pub(super) fn target(target: &[u8], leaks: &mut Vec<Leak>) {
    url::inspect(target, url::Source::Target, leaks);
}

/// What the field `name` with `value` gives away; offsets are in the value.
pub(super) fn header(side: Side, status: Option<u16>, name: &[u8], value: &[u8], leaks: &mut Vec<Leak>) {
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

/// What a body gives away.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// What HTTP's own rules see.
    pub(super) leaks: Vec<Leak>,
    /// What other rules see in values that are written with escapes: with the value's place in
    /// the body, and the way to it.
    pub(super) decoded: Vec<(Sighting, Range<usize>, String)>,
    /// What was seen in those and not kept.
    pub(super) unkept: Unkept,
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
pub(super) fn body(side: Side, content_type: &[u8], body: &[u8], engine: &Engine, found: &mut Found) {
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
pub(super) fn is_structured(beginning: &[u8]) -> bool {
    let start = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    matches!(start.first(), Some(b'{' | b'[' | b'<')) || start.starts_with(b"--") || query::looks_like_form(start)
}

/// Words without one of which no response has anything that this module would tell of.
#[rustfmt::skip]
pub(super) const ROOTS: &[&str] = &[
    "passw", "pwd\"", "pwd>", "passphrase", "secret", "token", "api_key", "apikey", "api-key", "accesskey",
    "access_key", "privatekey", "private_key", "jwt\"", "credential", "sessionid", "session_id", "samlresponse",
    "assertion", "kennwort", "senha", "contrase", "motdepasse", "mot_de_passe", "wachtwoord", "haslo", "heslo",
    "losenord", "lösenord", "passord", "adgangskode", "salasana", "parol", "пароль", "密码", "密碼", "パスワード",
    "비밀번호", "action=\"http:", "action='http:", "action=http:",
];
