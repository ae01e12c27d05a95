//! The parts of a message that HAR wants taken apart: URL, query, cookies.
//!
//! Whatever stood on the wire, the URL is one that a browser takes. This module refuses to
//! know where they are written.

use crate::decode::Endpoint;
use crate::http::Head;
use crate::report::json::value::Buffer;
use std::fmt::Write as _;

/// The absolute URL that was asked for (RFC 9112 §3.3). Bytes that no URL may hold are
/// percent-encoded; a Host that is none is replaced by the server's address.
pub(super) fn url(method: &[u8], host: Option<&[u8]>, server: Endpoint, target: &[u8]) -> String {
    let absolute = target.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"http://"))
        || target.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https://"));
    let mut url = String::new();
    if absolute {
        let (scheme, rest) = target.split_at(target.iter().position(|byte| *byte == b':').unwrap_or(0) + 3);
        let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        encode(&mut url, &scheme.to_ascii_lowercase());
        match authority_of(authority) {
            Some(authority) => url += authority,
            None => _ = write!(url, "{server}"),
        }
        encode(&mut url, path);
        return url;
    }
    url += "http://";
    let authority = if method == b"CONNECT" { Some(target) } else { host };
    match authority.and_then(authority_of) {
        Some(authority) => url += authority,
        None => _ = write!(url, "{server}"),
    }
    // `*`, and whatever else begins with no slash.
    if method == b"CONNECT" || target.first() != Some(&b'/') {
        url.push('/');
    }
    if method != b"CONNECT" {
        encode(&mut url, target);
    }
    url
}

/// A host and perhaps a port, where they are in a shape that every reader takes.
fn authority_of(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (host, port) = match text.rfind(':') {
        Some(colon) if !text.ends_with(']') => (text.get(..colon)?, text.get(colon + 1..)?),
        _ => (text, ""),
    };
    let name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let good_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name(host),
    };
    let good_port = port.is_empty() || port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit());
    (good_host && good_port).then_some(text)
}

/// Appends what a URL may hold as it is and the rest percent-encoded (RFC 3986 §2). A percent
/// sign that begins no triplet is encoded, too.
fn encode(out: &mut String, bytes: &[u8]) {
    for (at, byte) in bytes.iter().enumerate() {
        let triplet =
            || matches!(bytes.get(at + 1..at + 3), Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        match byte {
            b'%' if !triplet() => *out += "%25",
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(*byte as char),
            _ if b"-._~:/?@!$&'()*+,;=%".contains(byte) => out.push(*byte as char),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
}

/// The parameters of a target's query, decoded as forms are (URL Standard §5.1).
pub(super) fn query(target: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let query = target.iter().position(|byte| *byte == b'?').and_then(|at| target.get(at + 1..)).unwrap_or_default();
    let query = query.split(|byte| *byte == b'#').next().unwrap_or_default();
    query
        .split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = split_at(pair, b'=');
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(bytes: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16)).and_then(|n| u8::try_from(n).ok());
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (byte, hex(bytes.get(at)), hex(bytes.get(at + 1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out
}

/// The cookies that a request sends (RFC 6265 §4.2).
pub(super) fn cookies(head: &Head) -> impl Iterator<Item = (&[u8], &[u8])> {
    let values = head.fields_named("cookie");
    values.flat_map(|value| value.split(|byte| *byte == b';')).filter(|pair| !pair.trim_ascii().is_empty()).map(
        |pair| {
            let (name, value) = split_at(pair, b'=');
            (name.trim_ascii(), value.trim_ascii())
        },
    )
}

/// A cookie that a response sets (RFC 6265 §4.1), with the attributes that HAR has.
pub(super) fn set_cookie(json: &mut Buffer, separator: &str, value: &[u8]) {
    let mut parts = value.split(|byte| *byte == b';');
    let (name, value) = split_at(parts.next().unwrap_or_default(), b'=');
    json.raw(separator);
    json.string(r#"{"name":"#, name.trim_ascii());
    json.string(r#","value":"#, value.trim_ascii());
    let (mut path, mut domain, mut http_only, mut secure) = (None, None, false, false);
    for part in parts {
        let (name, value) = split_at(part, b'=');
        match name.trim_ascii().to_ascii_lowercase().as_slice() {
            b"path" => path = Some(value.trim_ascii()),
            b"domain" => domain = Some(value.trim_ascii()),
            b"httponly" => http_only = true,
            b"secure" => secure = true,
            _ => {}
        }
    }
    for (key, value) in [(r#","path":"#, path), (r#","domain":"#, domain)] {
        if let Some(value) = value {
            json.string(key, value);
        }
    }
    json.raw(&format!(r#","httpOnly":{http_only},"secure":{secure}}}"#));
}

fn split_at(bytes: &[u8], mark: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == mark) {
        Some(at) => (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default()),
        None => (bytes, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use proptest::prelude::*;

    #[test]
    fn urls_are_absolute_and_whole() {
        let server = sample::endpoint("10.0.0.1:8080");
        for (method, host, target, want) in [
            ("GET", Some(&b"fox.example"[..]), &b"/den?a=1&b[]=%41"[..], "http://fox.example/den?a=1&b%5B%5D=%41"),
            ("GET", Some(b"fox.example:81"), b"/", "http://fox.example:81/"),
            ("GET", None, b"/", "http://10.0.0.1:8080/"),
            ("GET", Some(b"[::1]:80"), b"/", "http://[::1]:80/"),
            ("GET", Some(b"fox\"><script>"), b"/", "http://10.0.0.1:8080/"),
            ("GET", Some(b"a:b:c"), b"/", "http://10.0.0.1:8080/"),
            ("GET", Some(b"a:99999"), b"/", "http://10.0.0.1:8080/"),
            ("GET", Some(b"fox"), b"http://Fox.example/x y", "http://Fox.example/x%20y"),
            ("GET", Some(b"fox"), b"HTTPS://a@b/x", "https://10.0.0.1:8080/x"),
            ("GET", Some(b"fox"), b"http://", "http://10.0.0.1:8080"),
            ("OPTIONS", Some(b"fox"), b"*", "http://fox/*"),
            ("CONNECT", Some(b"fox"), b"den.example:443", "http://den.example:443/"),
            ("GET", Some(b"fox"), b"/100%/caf\xe9\x1b#x", "http://fox/100%25/caf%E9%1B%23x"),
            ("GET", Some(b"fox"), b"javascript:alert(1)", "http://fox/javascript:alert(1)"),
        ] {
            assert_eq!(url(method.as_bytes(), host, server, target), want);
        }
    }

    #[test]
    fn queries_and_cookies_are_taken_apart() {
        let pair = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        assert_eq!(
            query(b"/x?a=1&b=%20+%zz&&c&=d#e=f"),
            [pair("a", "1"), pair("b", "  %zz"), pair("c", ""), pair("", "d")]
        );
        assert_eq!(query(b"/x"), []);
        let head = sample::head(b"GET / HTTP/1.1\nCookie: a=1; b=x=y;; c\nCookie: d=2");
        let cookies: Vec<_> = cookies(&head).map(|(name, value)| pair_text(name, value)).collect();
        assert_eq!(cookies, ["a|1", "b|x=y", "c|", "d|2"]);
        let mut json = Buffer::default();
        set_cookie(&mut json, "", b"sid=fluffy; Path=/; secure; HTTPONLY; Max-Age=9");
        assert_eq!(
            String::from_utf8(json.bytes.as_slice().to_vec()).unwrap(),
            r#"{"name":"sid","value":"fluffy","path":"/","httpOnly":true,"secure":true}"#
        );
    }

    fn pair_text(name: &[u8], value: &[u8]) -> String {
        format!("{}|{}", name.escape_ascii(), value.escape_ascii())
    }

    proptest! {
        #[test]
        fn a_url_holds_nothing_that_needs_encoding(
            host in proptest::collection::vec(any::<u8>(), 0..12),
            target in proptest::collection::vec(any::<u8>(), 0..30),
        ) {
            let url = url(b"GET", Some(&host), sample::endpoint("[::1]:80"), &target);
            prop_assert!(url.starts_with("http://") || url.starts_with("https://"));
            prop_assert!(url.bytes().all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b)), "{url}");
        }
    }
}
