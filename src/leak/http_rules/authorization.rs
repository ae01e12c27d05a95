//! The Authorization and Proxy-Authorization headers (RFC 9110 §11): who logs in, and with what.
//!
//! It refuses to know schemes that carry no secret.

use super::builtin::{AUTHORIZATION, AWS_SIGNATURE, BASIC, BEARER, DIGEST, NEGOTIATE, NTLM};
use super::leak::Leak;
use super::token;
use crate::leak::check::aws_account;
use crate::leak::literal::placeholder;
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// Base64 as it is sent, padded or not.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn inspect(value: &[u8], leaks: &mut Vec<Leak>) {
    let scheme_end = value.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(0);
    let scheme = value.get(..scheme_end).unwrap_or_default();
    let rest = value.get(scheme_end..).unwrap_or_default();
    let start = scheme_end + (rest.len() - rest.trim_ascii_start().len());
    let span = start..value.len();
    let credentials = value.get(span.clone()).unwrap_or_default();
    if credentials.is_empty() {
        return;
    }
    let is = |name: &str| scheme.eq_ignore_ascii_case(name.as_bytes());
    leaks.extend(if is("basic") {
        basic(credentials, span)
    } else if is("bearer") {
        Some(with_claims(&BEARER, value, span).via("bearer")).filter(|leak| !placeholder(&leak.secret))
    } else if is("digest") {
        digest(value, span)
    } else if is("ntlm") || is("negotiate") {
        negotiate(value, span)
    } else if scheme.len() > 5 && scheme.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"aws4-")) {
        signature_v4(value, span)
    } else if is("aws") {
        let id = text(credentials.split(|byte| *byte == b':').next().unwrap_or_default());
        Some(Leak::plain(&AWS_SIGNATURE, value, span).via("aws").about("access key id", id))
    } else {
        let span = if scheme.is_empty() { 0..value.len() } else { span };
        let secret = value.get(span.clone()).unwrap_or_default();
        let name = text(scheme).to_ascii_lowercase();
        (secret.len() >= 8 && !placeholder(secret)).then(|| {
            let leak = with_claims(&AUTHORIZATION, value, span);
            if name.is_empty() { leak } else { leak.via(name) }
        })
    });
}

fn with_claims(rule: &'static super::builtin::Builtin, value: &[u8], span: Range<usize>) -> Leak {
    let mut leak = Leak::plain(rule, value, span);
    leak.about = token::about(&leak.secret);
    leak
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Basic (RFC 7617 §2): `user:password` in base64.
fn basic(encoded: &[u8], span: Range<usize>) -> Option<Leak> {
    let secret = BASE64.decode(encoded).ok()?;
    let colon = secret.iter().position(|byte| *byte == b':')?;
    let (user, password) = (secret.get(..colon)?, secret.get(colon + 1..)?);
    if password.is_empty() && user.is_empty() || !password.is_empty() && placeholder(password) {
        return None;
    }
    let user = text(user);
    let via = vec!["basic".to_owned(), "base64".to_owned()];
    let leak = Leak { rule: &BASIC, span, secret, via, about: Vec::new() };
    Some(leak.about("user", user))
}

/// Digest (RFC 7616 §3.4): a hash from which the password can be guessed.
fn digest(value: &[u8], span: Range<usize>) -> Option<Leak> {
    let credentials = value.get(span.clone())?;
    parameter(credentials, "response")?;
    let of = |name| parameter(credentials, name).map(text).unwrap_or_default();
    let leak = Leak::plain(&DIGEST, value, span).via("digest");
    Some(leak.about("user", of("username")).about("realm", of("realm")).about("algorithm", of("algorithm")))
}

/// The value of `name=value` or `name="value"` in a list.
fn parameter<'a>(list: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = list;
    loop {
        let equals = rest.iter().position(|byte| *byte == b'=')?;
        let key = rest.get(..equals)?.trim_ascii();
        let value = rest.get(equals + 1..)?.trim_ascii_start();
        let (value, after) = if let Some(quoted) = value.strip_prefix(b"\"") {
            let end = quoted.iter().position(|byte| *byte == b'"')?;
            (quoted.get(..end)?, quoted.get(end + 1..)?)
        } else {
            let end = value.iter().position(|byte| *byte == b',').unwrap_or(value.len());
            (value.get(..end)?.trim_ascii(), value.get(end..)?)
        };
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(value);
        }
        let comma = after.iter().position(|byte| *byte == b',')?;
        rest = after.get(comma + 1..)?;
    }
}

/// NTLM's third message names the user ([MS-NLMP] §2.2.1.3), alone or inside SPNEGO; what else
/// Negotiate carries is a Kerberos ticket (RFC 4559).
fn negotiate(value: &[u8], span: Range<usize>) -> Option<Leak> {
    let decoded = BASE64.decode(value.get(span.clone())?).ok()?;
    let leak = Leak::plain(&NTLM, value, span.clone());
    let Some(at) = decoded.windows(8).position(|part| part == b"NTLMSSP\0") else {
        // A ticket has hundreds of bytes; shorter are the steps of a conversation.
        return (decoded.len() > 200).then(|| Leak::plain(&NEGOTIATE, value, span).via("negotiate"));
    };
    let message = decoded.get(at..)?;
    if message.get(8..12)? != [3, 0, 0, 0] {
        return None;
    }
    let unicode = message.get(60).is_none_or(|flags| flags & 1 == 1);
    let field = |at: usize| {
        let number = |at: usize, count: usize| {
            Some(message.get(at..at + count)?.iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte)))
        };
        let (length, offset) = (number(at, 2)?, number(at + 4, 4)?);
        let bytes = message.get(offset..offset.checked_add(length)?)?;
        if !unicode {
            return Some(text(bytes));
        }
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        Some(char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect::<String>())
    };
    let of = |at| field(at).unwrap_or_default();
    Some(leak.via("ntlm").about("user", of(36)).about("domain", of(28)).about("workstation", of(44)))
}

/// AWS Signature Version 4: the access key's name and a signature that can be used again.
fn signature_v4(value: &[u8], span: Range<usize>) -> Option<Leak> {
    let credentials = value.get(span.clone())?;
    let credential = parameter(credentials, "Credential")?;
    parameter(credentials, "Signature")?;
    let mut parts = credential.split(|byte| *byte == b'/');
    let id = parts.next()?;
    let mut next = || text(parts.next().unwrap_or_default());
    let (date, region, service) = (next(), next(), next());
    let account = aws_account(id).map(|account| format!("{account:012}")).unwrap_or_default();
    let leak = Leak::plain(&AWS_SIGNATURE, value, span).via("aws4").about("access key id", text(id));
    Some(leak.about("account", account).about("date", date).about("region", region).about("service", service))
}
