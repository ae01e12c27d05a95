//! What a token says of itself to anyone who can read it.
//!
//! It refuses to verify anything.

use crate::leak::check::{aws_account, jwt_part};
use crate::packet::Timestamp;
use serde_json::Value;

/// What can be told of `secret`: the claims of a JWT, the account of an AWS key.
pub(in crate::leak) fn about(secret: &[u8]) -> Vec<(String, String)> {
    if secret.starts_with(b"eyJ") {
        return jwt(secret);
    }
    let account = aws_account(secret).map(|account| ("account".to_owned(), format!("{account:012}")));
    account.into_iter().collect()
}

/// Algorithm, issuer, subject and times of a JWT (RFC 7519 §4.1).
fn jwt(token: &[u8]) -> Vec<(String, String)> {
    let mut parts = token.split(|byte| *byte == b'.');
    let mut about = Vec::new();
    let header = parts.next().and_then(jwt_part).unwrap_or_default();
    let claims = parts.next().and_then(jwt_part).unwrap_or_default();
    for (name, value) in [
        ("algorithm", header.get("alg")),
        ("key id", header.get("kid")),
        ("issuer", claims.get("iss")),
        ("subject", claims.get("sub")),
        ("audience", claims.get("aud")),
    ] {
        if let Some(text) = value.and_then(text) {
            about.push((name.to_owned(), text));
        }
    }
    for (name, claim) in [("issued", "iat"), ("expires", "exp")] {
        let seconds = claims.get(claim).and_then(|value| value.as_i64().or_else(|| Some(value.as_f64()? as i64)));
        if let Some(seconds) = seconds {
            about.push((name.to_owned(), Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000), 0).to_string()));
        }
    }
    about
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(values) => {
            let texts: Vec<_> = values.iter().filter_map(text).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn a_jwt_shows_its_claims() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let claims = r#"{"iss":"https://id.example","sub":"fluffy","aud":["a","b"],"exp":1795467000,"x":{}}"#;
        let token = format!("{}.{}.c2ln", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(claims));
        let want = [
            ("algorithm", "HS256"),
            ("issuer", "https://id.example"),
            ("subject", "fluffy"),
            ("audience", "a, b"),
            ("expires", "2026-11-23T20:50:00Z"),
        ];
        let got = about(token.as_bytes());
        assert_eq!(got.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect::<Vec<_>>(), want);
        assert!(about(b"eyJ").is_empty() && about(b"x").is_empty() && about(b"eyJ.eyJ.eyJ").is_empty());
    }
}
