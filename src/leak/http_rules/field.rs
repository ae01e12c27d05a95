//! Names and values: whether a field is a secret by what it is called.
//!
//! It refuses to know how fields are written.

use super::builtin::{Builtin, CODE, KEY, KEY_HEADER, PASSWORD, SAML, TOKEN, TOKEN_HEADER};
use super::leak::{Found, Leak};
use super::{saml, token};
use crate::leak::check::Check;
use crate::leak::engine::Engine;
use crate::leak::finding::Side;
use crate::leak::literal::placeholder;
use crate::leak::names::{self, Kind};
use std::ops::Range;
use std::sync::LazyLock;

/// Whether a value was sent by a client, who means it, or stands in an answer, where much is
/// text about secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sent,
    Shown,
}

/// A longer value is a document.
const LONGEST: usize = 16 << 10;

/// What a value is by its name, where it is worth telling.
pub(super) fn judge(name: &str, value: &[u8], place: Place) -> Option<&'static Builtin> {
    if value.is_empty() || value.len() > LONGEST {
        return None;
    }
    let sent = place == Place::Sent;
    match names::field(name)? {
        Kind::Password if sent => (!placeholder(value) && !is_switch(value)).then_some(&PASSWORD),
        Kind::Password => Check::Password.passes(value).then_some(&PASSWORD),
        Kind::Code => {
            let short = (3..=12).contains(&value.len()) && value.iter().all(u8::is_ascii_alphanumeric);
            (sent && short && value.iter().any(u8::is_ascii_digit)).then_some(&CODE)
        }
        Kind::Key if sent => (value.len() >= 8 && Check::Literal.passes(value)).then_some(&KEY),
        Kind::Key => (value.len() >= 16 && Check::Opaque.passes(value)).then_some(&KEY),
        Kind::Token if saml::is_assertion(value) => Some(&SAML),
        Kind::Token => {
            let opaque = Check::Random.passes(value) || Check::Jwt.passes(value);
            let enough = value.len() >= if sent { 8 } else { 16 };
            (enough && opaque && !placeholder(value) && (sent || !is_uuid(value))).then_some(&TOKEN)
        }
    }
}

/// Whether a value is a UUID: in answers most often the name of a thing.
fn is_uuid(value: &[u8]) -> bool {
    let digit = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    value.len() == 36 && value.iter().enumerate().all(digit)
}

/// Whether a value only says yes or no.
fn is_switch(value: &[u8]) -> bool {
    ["true", "false", "on", "off", "yes", "no", "null", "undefined", "none"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
}

/// A bit for each hash of a name that is in the list, so that most headers cost one look.
static SECRET_HEADERS: LazyLock<[u64; 16]> = LazyLock::new(|| {
    let mut bits = [0_u64; 16];
    for name in names::SECRET_HEADERS {
        let hash = hash(name.as_bytes());
        if let Some(word) = bits.get_mut(hash >> 6) {
            *word |= 1 << (hash & 63);
        }
    }
    bits
});

fn hash(name: &[u8]) -> usize {
    let fold = |byte: Option<&u8>| usize::from(byte.map_or(0, |byte| byte | 0x20));
    let middle = name.get(name.len() / 2);
    (name.len() * 37 + fold(name.first()) * 5 + fold(name.last()) * 11 + fold(middle) * 3) & 1023
}

/// A header that is neither of those with a form of their own.
pub(super) fn header(name: &[u8], value: &[u8], leaks: &mut Vec<Leak>) {
    let hash = hash(name);
    if SECRET_HEADERS.get(hash >> 6).is_none_or(|word| word >> (hash & 63) & 1 == 0) {
        return;
    }
    let Ok(name) = std::str::from_utf8(name) else { return };
    if !names::secret_header(name) || value.len() < 8 || placeholder(value) {
        return;
    }
    let name = name.to_ascii_lowercase();
    let session = ["token", "session", "jwt", "auth", "assertion", "cookie"].iter().any(|word| name.contains(word));
    let rule = if session { &TOKEN_HEADER } else { &KEY_HEADER };
    // Some carry a scheme, as Authorization does.
    let start = ["Bearer ", "Token ", "Basic "]
        .iter()
        .find(|scheme| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes())));
    let start = start.map_or(0, |scheme| scheme.len());
    let mut leak = Leak::plain(rule, value, start..value.len());
    leak.about = token::about(&leak.secret);
    leaks.push(leak);
}

/// A field of a body.
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    /// The value without its escapes.
    pub(super) value: &'a [u8],
    /// Where it stands in the body, with them.
    pub(super) span: Range<usize>,
    /// The way to it: `form field "pw"`.
    pub(super) step: &'a str,
    /// Whether the value has escapes.
    pub(super) escaped: bool,
}

/// Takes the fields of a body and keeps what they give away.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    place: Place,
    engine: &'a Engine,
    found: &'a mut Found,
}

impl<'a> Sink<'a> {
    pub(super) fn new(side: Side, engine: &'a Engine, found: &'a mut Found) -> Self {
        Self { place: if side == Side::Request { Place::Sent } else { Place::Shown }, engine, found }
    }

    /// Whether a value with this name could be told of: for readers that can spare the rest.
    pub(super) fn cares_for(name: &str) -> bool {
        names::field(name).is_some()
    }

    pub(super) fn field(&mut self, field: Field<'_>) {
        let Field { name, value, span, step, escaped } = field;
        if let Some(rule) = judge(name, value, self.place) {
            let about = if rule == &SAML { saml::about(value) } else { token::about(value) };
            let mut via = vec![step.to_owned()];
            if rule == &SAML {
                via.push("base64".to_owned());
            }
            self.found.leaks.push(Leak { rule, span: span.clone(), secret: value.to_vec(), via, about });
        }
        if escaped && (8..=LONGEST).contains(&value.len()) {
            for sighting in self.engine.find(value, &mut self.found.unkept) {
                self.found.decoded.push((sighting, span.clone(), step.to_owned()));
            }
        }
    }
}
