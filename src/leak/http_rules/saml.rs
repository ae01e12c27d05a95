//! SAML responses (SAML 2.0 Bindings §3.5): XML in base64 that logs somebody in.
//!
//! It refuses to verify anything.

use super::authorization::BASE64;
use base64::Engine as _;

/// Whether `value` is XML in base64 that holds an assertion.
pub(super) fn is_assertion(value: &[u8]) -> bool {
    // `<saml`, `<samlp`, `<?xml`, `<Response`, `<Assertion` in base64.
    let begins = ["PHNhbW", "PD94bW", "PFJlc3", "PEFzc2", "PHM6", "PG5zM"].iter();
    value.len() >= 64 && begins.into_iter().any(|start| value.starts_with(start.as_bytes()))
}

/// Issuer, subject and end of an assertion.
pub(super) fn about(value: &[u8]) -> Vec<(String, String)> {
    let plain: Vec<u8> = value.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let Ok(xml) = BASE64.decode(plain) else { return Vec::new() };
    let xml = String::from_utf8_lossy(&xml);
    let content = |name: &str| {
        let (_, rest) = xml.split_once(name)?;
        let (_, rest) = rest.split_once('>')?;
        Some(rest.split('<').next()?.trim().to_owned())
    };
    let attribute = |name: &str| Some(xml.split_once(&format!("{name}=\""))?.1.split('"').next()?.to_owned());
    [("issuer", content("Issuer")), ("subject", content("NameID")), ("expires", attribute("NotOnOrAfter"))]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.filter(|value| !value.is_empty())?)))
        .collect()
}
