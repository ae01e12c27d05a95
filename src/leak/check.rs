//! Decides whether text that has the shape of a secret can be a real one.
//!
//! Checksums, structure and the looks of chance: pure functions over bytes that never panic.
//! It refuses to know where the text stood and which rule brought it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::str::FromStr;

/// A test that a secret must pass beyond its rule's expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// `PREFIX_` + body + 6 characters: CRC-32 of the body in base 62 (GitHub, npm).
    Crc32Base62,
    /// `PREFIX_BODY_` + 8 hex digits: CRC-32 of what stands before, little-endian (Grafana).
    Crc32Hex,
    /// A GitLab routable token: length and CRC-32 in base 36 at its end.
    GitlabRoutable,
    /// A compact JWS or JWE whose header is a JSON object.
    Jwt,
    /// Base64 of `user:password`.
    Basic,
    /// Made by a machine: digits among letters.
    Random,
    /// `Random`, and without a word of programs: for names that any value could follow.
    Opaque,
    /// Chosen by a person, and literal: no code, no label, no name of a field.
    Password,
    /// Any value written out: weaker than `Password`, for where only a secret can stand.
    Literal,
    /// The `password` or `user:password` of a URL.
    UrlPassword,
    /// A payment card number: a known range and Luhn's check digit.
    Card,
    /// An international bank account number: ISO 13616 length and modulus 97.
    Iban,
    /// A US social security number that can have been given out.
    Ssn,
    /// A telephone number as E.164 writes it, with a country code that exists.
    Phone,
}

impl Check {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Crc32Base62,
        Self::Crc32Hex,
        Self::GitlabRoutable,
        Self::Jwt,
        Self::Basic,
        Self::Random,
        Self::Opaque,
        Self::Password,
        Self::Literal,
        Self::UrlPassword,
        Self::Card,
        Self::Iban,
        Self::Ssn,
        Self::Phone,
    ];

    /// The name that rule files use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32Base62 => "crc32-base62",
            Self::Crc32Hex => "crc32-hex",
            Self::GitlabRoutable => "gitlab-routable",
            Self::Jwt => "jwt",
            Self::Basic => "basic",
            Self::Random => "random",
            Self::Opaque => "opaque",
            Self::Password => "password",
            Self::Literal => "literal",
            Self::UrlPassword => "url-password",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Phone => "phone",
        }
    }

    /// Whether nothing passes without a digit.
    pub(super) const fn needs_digit(self) -> bool {
        matches!(self, Self::Random | Self::Opaque)
    }

    /// Whether `secret` passes.
    pub fn passes(self, secret: &[u8]) -> bool {
        match self {
            Self::Crc32Base62 => crc32_base62(secret),
            Self::Crc32Hex => crc32_hex(secret),
            Self::GitlabRoutable => gitlab_routable(secret),
            Self::Jwt => jwt(secret),
            Self::Basic => basic(secret),
            Self::Random => random(secret, 10),
            Self::Opaque => random(secret, 6) && !super::literal::wordy(secret),
            Self::Password => super::literal::password(secret),
            Self::Literal => super::literal::literal(secret),
            Self::UrlPassword => super::literal::url_password(secret),
            Self::Card => super::personal::card(secret),
            Self::Iban => super::personal::iban(secret),
            Self::Ssn => super::personal::ssn(secret),
            Self::Phone => super::personal::phone(secret),
        }
    }
}

impl FromStr for Check {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|check| check.name() == name).ok_or_else(|| format!("no check is named {name:?}"))
    }
}

/// Shannon entropy of `text` in bits a byte; 0 where it is empty.
pub fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &byte in text {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    }
    let length = text.len() as f64;
    counts.iter().filter(|&&count| count > 0).fold(0.0, |sum, &count| {
        let share = f64::from(count) / length;
        sum - share * share.log2()
    })
}

/// Digits of GitHub's base 62, the least first.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `number` in `base` (2 to 62), in at least `width` digits.
fn digits(mut number: u32, base: u32, width: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(width);
    while number > 0 {
        text.extend(BASE62.get((number % base) as usize));
        number /= base;
    }
    text.resize(text.len().max(width), b'0');
    text.reverse();
    text
}

fn crc32_base62(token: &[u8]) -> bool {
    let body = token.rsplit(|&byte| byte == b'_').next().unwrap_or(token);
    let Some((body, sum)) = body.split_last_chunk::<6>() else { return false };
    digits(crc32fast::hash(body), 62, 6) == *sum
}

fn crc32_hex(token: &[u8]) -> bool {
    let Some(([body @ .., b'_'], sum)) = token.split_last_chunk::<8>() else { return false };
    let want = crc32fast::hash(body).swap_bytes();
    std::str::from_utf8(sum).is_ok_and(|sum| u32::from_str_radix(sum, 16) == Ok(want))
}

/// `PREFIX-PAYLOAD.` + (version `01.`) + 2 digits of the payload's length + 7 of the CRC-32 of
/// all that stands before, both in base 36 (GitLab, "Routable tokens").
fn gitlab_routable(token: &[u8]) -> bool {
    let Some((head, sum)) = token.split_last_chunk::<7>() else { return false };
    let Some((before, length)) = head.split_last_chunk::<2>() else { return false };
    let before = before.strip_suffix(b".").unwrap_or(before);
    let before = before.strip_suffix(b".01").unwrap_or(before);
    let prefix = match before.iter().position(|&byte| byte == b'-') {
        Some(at) => at.saturating_add(1),
        None => return false,
    };
    // Runner tokens carry their kind (`t1_`) between prefix and payload.
    let payload = before.get(prefix..).unwrap_or_default();
    let kind = if payload.first() == Some(&b't') && payload.get(2) == Some(&b'_') { 3 } else { 0 };
    let radix36 = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| u32::from_str_radix(text, 36).ok());
    let fits = |skip: usize| radix36(length) == u32::try_from(payload.len().saturating_sub(skip)).ok();
    (fits(0) || fits(kind)) && radix36(sum) == Some(crc32fast::hash(head))
}

/// The JSON header of a compact JWS or JWE: an object with an `alg`.
pub fn jwt_part(part: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn jwt(token: &[u8]) -> bool {
    token.split(|&byte| byte == b'.').next().and_then(jwt_part).is_some_and(|header| header.contains_key("alg"))
}

fn basic(encoded: &[u8]) -> bool {
    let end = encoded.iter().rposition(|&byte| byte != b'=').map_or(0, |at| at.saturating_add(1));
    let Some(decoded) = encoded.get(..end).and_then(|text| STANDARD_NO_PAD.decode(text).ok()) else { return false };
    let Some(colon) = decoded.iter().position(|&byte| byte == b':') else { return false };
    let (user, password) = decoded.split_at(colon);
    let password = password.get(1..).unwrap_or_default();
    std::str::from_utf8(&decoded).is_ok_and(|text| !text.chars().any(char::is_control))
        && user.len().saturating_add(password.len()) >= 3
        && !super::literal::placeholder(password)
}

/// Which alphabet a character is from.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Class {
    Lower,
    Upper,
    Digit,
    Other,
}

const fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' => Class::Lower,
        b'A'..=b'Z' => Class::Upper,
        b'0'..=b'9' => Class::Digit,
        _ => Class::Other,
    }
}

/// A machine changes between digits and letters (or small and capital) every other character;
/// a word or a name hardly ever does. One change in `every` characters is asked for.
fn random(text: &[u8], every: usize) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    // A capital that begins a word is no change, nor is a mark between words.
    let change = |pair: &&[u8]| match (class(pair[0]), class(pair[1])) {
        (Class::Other, _) | (_, Class::Other) | (Class::Upper, Class::Lower) => false,
        (one, other) => one != other,
    };
    let changes = text.windows(2).filter(change).count();
    digits > 0 && letters > 0 && changes.saturating_mul(every) >= text.len()
}

/// The AWS account in an access key id of the newer kind, whose fifth character is past `Q`:
/// 40 of the 80 bits that follow the four letters hold it. `None` where the id is not one.
pub fn aws_account(id: &[u8]) -> Option<u64> {
    if id.len() != 20 {
        return None;
    }
    let bits = id.get(4..14)?.iter().try_fold(0_u64, |bits, &byte| {
        let five = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'2'..=b'7' => byte - b'2' + 26,
            _ => return None,
        };
        Some((bits << 5) | u64::from(five))
    })?;
    // 50 bits are read; the account is bits 1 to 40 of the first 48.
    let account = ((bits >> 2) & 0x7fff_ffff_ff80) >> 7;
    (*id.get(4)? >= b'Q').then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(check: Check, cases: &[(&str, bool)]) {
        for (text, want) in cases {
            assert_eq!(check.passes(text.as_bytes()), *want, "{} on {text:?}", check.name());
        }
    }

    #[test]
    fn crc32_in_base_62_closes_a_token() {
        run(
            Check::Crc32Base62,
            &[
                // The format's published dummy.
                ("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", true),
                ("npm_qkJaB6MffYVzZXWqmcoF49yrUxP3wf0LsakQ", false),
                ("npm_qkJaB6MffYVzZXWqmcoF49yrUxP3wg0LsakP", false),
                ("npm_", false),
                ("", false),
            ],
        );
    }

    #[test]
    fn crc32_in_hex_closes_a_token() {
        run(
            Check::Crc32Hex,
            &[
                // From Grafana's documentation.
                ("glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_fcaaf58a", true),
                ("glsa_yscW25imSKJIuav8zF37RZmnbiDvB05G_8af5aafc", false),
                ("glsa_yscW25imSKJIuav8zF37RZmnbiDvB05Gfcaaf58a", false),
                ("fcaaf58a", false),
                ("_fcaaf58a", false),
                ("", false),
            ],
        );
    }

    #[test]
    fn a_routable_token_tells_its_length_and_checksum() {
        let payload = "bzoxCnU6MQpQ7pQmZJ9GkTqvXw8yB3sRLxA";
        for prefix in ["glpat-", "glrt-t1_"] {
            let mut head = format!("{prefix}{payload}.01.0z").into_bytes();
            assert_eq!(payload.len(), 35);
            let sum = digits(crc32fast::hash(&head), 36, 7).to_ascii_lowercase();
            head.extend(sum);
            assert!(Check::GitlabRoutable.passes(&head), "{}", head.escape_ascii());
            if let Some(last) = head.last_mut() {
                *last = if *last == b'0' { b'1' } else { b'0' };
            }
            assert!(!Check::GitlabRoutable.passes(&head), "{}", head.escape_ascii());
        }
        run(Check::GitlabRoutable, &[("", false), ("glpat-", false), ("123456789", false)]);
    }

    #[test]
    fn a_jwt_has_a_json_header_with_an_algorithm() {
        run(
            Check::Jwt,
            &[
                ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", true),
                ("eyJhbGciOiJub25lIn0.e30.", true),
                ("eyJ0eXAiOiJKV1QifQ.e30.c2ln", false),
                ("eyJhbGciOiJIUzI1NiJ.e30.c2ln", false),
                ("...", false),
            ],
        );
    }

    #[test]
    fn basic_credentials_decode_to_a_user_and_a_password() {
        run(
            Check::Basic,
            &[
                ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", true),
                ("QWxhZGRpbjpvcGVuIHNlc2FtZQ", true),
                ("Og==", false),
                ("YWxhZGRpbg==", false),
                ("dXNlcjp4eHh4eHh4eA==", false),
                ("====", false),
                ("", false),
            ],
        );
    }

    #[test]
    fn chance_looks_different_from_words() {
        run(
            Check::Random,
            &[
                ("9f86d081884c7d659a2feaa0c55ad015", true),
                ("aZ3kQ9xTb2LmWv7R", true),
                ("authentication_backend2", false),
                ("getElementById", false),
                ("1234567890123456", false),
                ("", false),
            ],
        );
    }

    #[test]
    fn entropy_counts_bits() {
        for (text, want) in [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("0123456789abcdef", 4.0)] {
            assert!((entropy(text.as_bytes()) - want).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn an_access_key_id_names_its_account() {
        // The worked example of those who took the format apart.
        assert_eq!(aws_account(b"ASIAQNZGKIQY56JQ7WML"), Some(29_608_264_753));
        assert_eq!(aws_account(b"AKIAIOSFODNN7EXAMPLE"), None);
        assert_eq!(aws_account(b"ASIAQNZGKIQY56JQ7WM"), None);
        assert_eq!(aws_account(b"ASIAQNZGK1QY56JQ7WML"), None);
    }

    #[test]
    fn names_are_read_back() {
        for check in Check::ALL {
            assert_eq!(check.name().parse(), Ok(check));
        }
        assert!("luhnatic".parse::<Check>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_a_check_panic(text in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            for check in Check::ALL {
                let _ = check.passes(&text);
            }
            let _ = aws_account(&text);
        }
    }
}
