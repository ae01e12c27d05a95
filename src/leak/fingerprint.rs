//! A name for a finding that stays the same from run to run.
//!
//! Made of where it is, never of the secret: that could be guessed back, and tokens change. Whoever
//! asks for one masks the secret where it stands in the host, the method or the target.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The fingerprint of a finding by `rule` at `location`, in an exchange with `host`, `method`
/// and `target` (empty where there are none): 16 hexadecimal digits.
pub fn fingerprint(rule: &str, host: &[u8], method: &[u8], target: &[u8], location: &str) -> String {
    let mut hash = Sha256::new();
    let host = host.to_ascii_lowercase();
    let path = general_path(target);
    for part in [rule.as_bytes(), &host, method, &path, location.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    digits(&hash.finalize())
}

/// The first 16 hexadecimal digits of a hash.
pub(super) fn digits(hash: &[u8]) -> String {
    hash.iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The path of a target without its query, with `*` for every part that looks like a number
/// or an identifier.
fn general_path(target: &[u8]) -> Vec<u8> {
    let path = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let mut general = Vec::with_capacity(path.len());
    for (at, part) in path.split(|byte| *byte == b'/').enumerate() {
        if at > 0 {
            general.push(b'/');
        }
        general.extend_from_slice(if is_identifier(part) { b"*" } else { part });
    }
    general
}

/// A number, a UUID, a hash: something with more digits than a word has.
fn is_identifier(part: &[u8]) -> bool {
    let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
    let hex = part.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    !part.is_empty()
        && (digits == part.len() || (hex && part.len() >= 8 && digits > 0) || (part.len() >= 16 && digits >= 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_general() {
        for (target, want) in [
            ("/", "/"),
            ("/users/17/keys?x=1", "/users/*/keys"),
            ("/v1/items", "/v1/items"),
            ("/o/550e8400-e29b-41d4-a716-446655440000/", "/o/*/"),
            ("/c/deadbeef01", "/c/*"),
            ("/decade", "/decade"),
            ("/reset/eyJhbGciOi1J9x2u4", "/reset/*"),
            ("http://a/b/12", "http://a/b/*"),
        ] {
            assert_eq!(String::from_utf8_lossy(&general_path(target.as_bytes())), want);
        }
    }

    #[test]
    fn a_fingerprint_tells_places_apart_and_ignores_what_changes() {
        let of =
            |host: &str, target: &str, at: &str| fingerprint("canary", host.as_bytes(), b"GET", target.as_bytes(), at);
        assert_eq!(of("a", "/x/1?t=1", "response.body"), of("A", "/x/2?t=2", "response.body"));
        assert_ne!(of("a", "/x", "response.body"), of("a", "/y", "response.body"));
        assert_ne!(of("a", "/x", "response.body"), of("a", "/x", "request.body"));
        assert_ne!(of("a", "/x", "response.body"), of("b", "/x", "response.body"));
        assert_eq!(of("a", "/x", "response.body").len(), 16);
    }
}
