//! What each place of a message gives away, as tables.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::leak::http_rules::BUILTINS;
use crate::leak::{Rules, rule};
use std::sync::LazyLock;

/// `rule span secret via about` of each leak, one a line.
fn told(leaks: Vec<Leak>) -> Vec<String> {
    let line = |leak: Leak| {
        let about: Vec<_> = leak.about.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let secret = leak.secret.escape_ascii();
        format!("{} {:?} {secret} [{}] {}", leak.rule.id, leak.span, leak.via.join(" > "), about.join(" "))
            .trim_end()
            .to_owned()
    };
    leaks.into_iter().map(line).collect()
}

fn in_header(side: Side, name: &str, value: &str) -> Vec<String> {
    let mut leaks = Vec::new();
    header(side, Some(302), name.as_bytes(), value.as_bytes(), &mut leaks);
    told(leaks)
}

#[test]
fn authorization_headers_name_who_logs_in() {
    let ntlm = "NTLM TlRMTVNTUAADAAAAAAAAAEAAAAAAAAAAQAAAAAYABgBAAAAADAAMAEYAAAAEAAQAUgAAAAAAAABAAAAAAQAAAEwAQQBCAGYAbAB1AGYAZgB5AFAAQwA=";
    for (value, want) in [
        ("Basic Zmx1ZmZ5OnRhaWw=", "http-basic 6..22 fluffy:tail [basic > base64] user=fluffy"),
        ("basic  Zmx1ZmZ5OnRhaWw", "http-basic 7..22 fluffy:tail [basic > base64] user=fluffy"),
        ("Basic !!!", ""),
        ("Basic dXNlcjp4eHh4eHh4eA==", ""),
        ("Bearer q7Zt2LmXv9Ks4Rw8", "http-bearer 7..23 q7Zt2LmXv9Ks4Rw8 [bearer]"),
        ("Bearer xxxxxxxx", ""),
        (
            r#"Digest username="fluffy", realm="burrow, inc", uri="/", response="8ca523f5e9506fed4657c9700eebdbec""#,
            r#"http-digest 7..99 username="fluffy", realm="burrow, inc", uri="/", response="8ca523f5e9506fed4657c9700eebdbec" [digest] user=fluffy realm=burrow, inc"#,
        ),
        (ntlm, &format!("http-ntlm 5..{} {} [ntlm] user=fluffy domain=LAB workstation=PC", ntlm.len(), &ntlm[5..])),
        ("NTLM TlRMTVNTUAABAAAAB4IIAAAAAAAAAAAAAAAAAAAAAAA=", ""),
        (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=fe5f80",
            "aws-signature 17..112 Credential=AKIDEXAMPLE/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=fe5f80 [aws4] access key id=AKIDEXAMPLE date=20260101 region=eu-west-1 service=s3",
        ),
        ("Token q7Zt2LmXv9Ks4Rw8", "http-authorization 6..22 q7Zt2LmXv9Ks4Rw8 [token]"),
        ("q7Zt2LmXv9Ks4Rw8", "http-authorization 0..16 q7Zt2LmXv9Ks4Rw8 []"),
        ("", ""),
    ] {
        let want: Vec<&str> = if want.is_empty() { vec![] } else { vec![want] };
        let got = in_header(Side::Request, "Authorization", value);
        // `escape_ascii` writes quotes with a backslash.
        let got: Vec<_> = got.iter().map(|line| line.replace('\\', "")).collect();
        assert_eq!(got, want, "{value}");
    }
}

#[test]
fn cookies_are_sessions_by_name_and_lack_flags() {
    for (side, name, value, want) in [
        (
            Side::Request,
            "cookie",
            "theme=dark; PHPSESSID=q7zt2lmxv9ks4rw8; lang=en",
            &[r#"session-cookie 22..38 q7zt2lmxv9ks4rw8 [cookie "PHPSESSID"] set by=PHP"#][..],
        ),
        (Side::Request, "Cookie", "theme=q7zt2lmxv9ks4rw8; PHPSESSID=deleted", &[]),
        (
            Side::Response,
            "Set-Cookie",
            "sessionid = q7zt2lmxv9ks4rw8 ; Path=/; HttpOnly; SameSite=Lax",
            &[
                r#"session-cookie 12..28 q7zt2lmxv9ks4rw8 [cookie "sessionid"] set by=Django"#,
                "cookie-flags 0..9 sessionid [] missing=Secure",
            ],
        ),
        (Side::Response, "Set-Cookie", "a=b", &["cookie-flags 0..1 a [] missing=Secure, HttpOnly, SameSite"]),
        (Side::Response, "Set-Cookie", "a=b; secure; httponly; samesite=none", &[]),
        (Side::Response, "Set-Cookie", "sessionid=; Max-Age=0", &[]),
        (Side::Response, "Cookie", "sessionid=q7zt2lmxv9ks4rw8", &[]),
    ] {
        assert_eq!(in_header(side, name, value), want, "{value}");
    }
}

#[test]
fn urls_carry_what_they_should_not() {
    let amz = "/o?X-Amz-Credential=AKIDEXAMPLE%2F20260101&X-Amz-Expires=60&X-Amz-Signature=fe5f80fe5f80fe5f80";
    for (url, want) in [
        ("/login?user=a&password=l1ttl3%21", &[r#"password-field 23..32 l1ttl3! [query parameter "password"]"#][..]),
        ("/x?password=xxxx&pw=&api_key=q7Zt2LmX", &[r#"key-field 29..37 q7Zt2LmX [query parameter "api_key"]"#]),
        ("/cb?code=4/0AX4XfWh-q7Zt&state=1", &[r#"oauth-code 9..24 4/0AX4XfWh-q7Zt [query parameter "code"]"#]),
        ("/shop?code=4/0AX4XfWh-q7Zt", &[]),
        ("/#access_token=q7Zt2LmXv9Ks", &[r#"token-field 15..27 q7Zt2LmXv9Ks [fragment parameter "access_token"]"#]),
        ("http://fluffy:t%41il9@h/x", &["url-credentials 7..21 fluffy:tAil9 [] user=fluffy"]),
        ("http://h:80/x@y", &[]),
        (amz, &[&format!("presigned-url 20..{} {} [] access key id=AKIDEXAMPLE expires=60", amz.len(), &amz[20..])]),
        ("/account/reset/3e0f1c7d92ab48d56c1290fe", &["password-reset-link 15..39 3e0f1c7d92ab48d56c1290fe []"]),
        ("/reset-password?t=3e0f1c7d92ab48d56c12", &["password-reset-link 18..38 3e0f1c7d92ab48d56c12 []"]),
        ("/reset-counters/3e0f1c7d92ab48d56c1290fe", &[]),
        ("/?q=password", &[]),
        ("*", &[]),
        ("", &[]),
    ] {
        let mut leaks = Vec::new();
        target(url.as_bytes(), &mut leaks);
        assert_eq!(told(leaks), want, "{url}");
    }
    let location = |value| in_header(Side::Response, "Location", value);
    assert_eq!(location("http://h/x"), ["http-redirect 0..8 http://h []"]);
    assert!(location("https://h/x").is_empty() && location("/x").is_empty());
    assert_eq!(in_header(Side::Request, "Referer", "https://h/?pwd=hunter2").len(), 1);
}

#[test]
fn other_headers_are_known_by_name() {
    for (name, value, want) in [
        ("X-Api-Key", "q7Zt2LmXv9Ks", "key-header 0..12 q7Zt2LmXv9Ks []"),
        ("x-auth-token", "Bearer q7Zt2LmX", "token-header 7..15 q7Zt2LmX []"),
        ("X-Request-Id", "q7Zt2LmXv9Ks", ""),
        ("X-Api-Key", "xxxxxxxxxx", ""),
        ("Host", "q7Zt2LmXv9Ks", ""),
    ] {
        let want: Vec<&str> = if want.is_empty() { vec![] } else { vec![want] };
        assert_eq!(in_header(Side::Request, name, value), want, "{name}: {value}");
    }
}

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(rule::defaults().unwrap(), BUILTINS.to_vec()));

fn in_body(side: Side, content_type: &str, text: &str) -> Vec<String> {
    let mut found = Found::default();
    body(side, content_type.as_bytes(), text.as_bytes(), RULES.engine(), &mut found);
    let rule = |number| RULES.engine().rule(number).unwrap().id.clone();
    let decoded = found.decoded.iter().map(|(sighting, span, step)| {
        format!("{} {span:?} {} [{step}]", rule(sighting.rule), sighting.secret.escape_ascii())
    });
    let decoded: Vec<_> = decoded.collect();
    told(found.leaks).into_iter().chain(decoded).collect()
}

#[test]
fn fields_of_requests_are_secrets_by_name() {
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nfluffy\r\n--b\r\nContent-Disposition: form-data; name=\"pw\"\r\n\r\nl1ttl3 tail\r\n--b\r\nContent-Disposition: form-data; name=\"password\"; filename=\"x\"\r\n\r\nhunter2\r\n--b--\r\n";
    for (content_type, text, want) in [
        (
            "application/x-www-form-urlencoded",
            "user=a&password=hunter2",
            &[r#"password-field 16..23 hunter2 [form field "password"]"#][..],
        ),
        (
            "",
            "user=a&Mot%20de%20passe=p%40ss9%21&x=1",
            &[r#"password-field 24..34 p@ss9! [form field "Mot de passe"]"#],
        ),
        (
            "",
            "user[password]=tail9&otp=123456\r\n",
            &[
                r#"password-field 15..20 tail9 [form field "user[password]"]"#,
                r#"one-time-code 25..31 123456 [form field "otp"]"#,
            ],
        ),
        ("", "password=xxxx&password2=&token=abc", &[]),
        (
            "application/json",
            r#"{"user":{"name":"a","password":"t\u00e4il9"}}"#,
            &[r"password-field 32..42 t\xc3\xa4il9 [json .user.password]"],
        ),
        (
            "text/plain",
            "  [{\"a b\":{\"pwd\":90210347}},\n{\"pwd\":null}]",
            &[r#"password-field 17..25 90210347 [json [0]["a b"].pwd]"#],
        ),
        ("application/json", r#"{"password":"cut off her"#, &[]),
        (
            "application/json",
            "{\"password\":\"hunter2\"}\n{\"password\":\"hunter3\"}",
            &["password-field 13..20 hunter2 [json .password]", "password-field 36..43 hunter3 [json .password]"],
        ),
        (
            "multipart/form-data; boundary=b",
            multipart,
            &[r#"password-field 110..121 l1ttl3 tail [multipart field "pw"]"#],
        ),
        ("", multipart, &[r#"password-field 110..121 l1ttl3 tail [multipart field "pw"]"#]),
        (
            "text/xml",
            "<?xml?><s:Envelope><o:Username>a</o:Username><o:Password Type=\"T\">t&amp;il9</o:Password></s:Envelope>",
            &["password-field 66..75 t&il9 [xml /Envelope/Password]"],
        ),
        ("", "<login password='hunter2'/>", &["password-field 17..24 hunter2 [xml /login/@password]"]),
        ("text/plain", "password is what you need", &[]),
        ("application/octet-stream", "", &[]),
    ] {
        let got: Vec<_> = in_body(Side::Request, content_type, text);
        let got: Vec<_> = got.iter().map(|line| line.replace("\\'", "'")).collect();
        assert_eq!(got, want, "{text}");
    }
}

#[test]
fn answers_are_believed_less() {
    for (content_type, text, want) in [
        ("application/json", r#"{"password":"Password is required","token":"abc"}"#, &[][..]),
        ("application/json", r#"{"apiKey":"q7Zt2LmXv9Ks4Rw8"}"#, &["key-field 11..27 q7Zt2LmXv9Ks4Rw8 [json .apiKey]"]),
        (
            "application/json",
            r#"{"access_token":"q7Zt2LmXv9Ks4Rw8"}"#,
            &["token-field 17..33 q7Zt2LmXv9Ks4Rw8 [json .access_token]"],
        ),
        (
            "text/html",
            "<form action='http://h/login' method=post><input name=p type = \"password\"></form>",
            &[
                "http-form 14..28 http://h/login [html]",
                r#"password-form 42..74 <input name=p type = \"password\"> [html] posts to=http://h/login"#,
            ],
        ),
        ("text/html", "<!-- <input type=password> --><script>'<input type=password>'</script><input type=text>", &[]),
        ("text/plain", "password=hunter2", &[]),
    ] {
        assert_eq!(in_body(Side::Response, content_type, text), want, "{text}");
    }
}

#[test]
fn saml_shows_who_it_is_for() {
    use base64::Engine as _;
    let xml = r#"<samlp:Response><saml:Issuer>https://idp</saml:Issuer><saml:NameID F="x">fluffy</saml:NameID><saml:Conditions NotOnOrAfter="2026-11-23T20:50:00Z"/></samlp:Response>"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(xml);
    let body = format!("SAMLResponse={}", encoded.replace('+', "%2B").replace('=', "%3D"));
    let got = in_body(Side::Request, "", &body);
    assert_eq!(got.len(), 1, "{got:?}");
    assert!(got[0].starts_with("saml-assertion 13.."), "{got:?}");
    assert!(
        got[0].ends_with(
            "[form field \"SAMLResponse\" > base64] issuer=https://idp subject=fluffy expires=2026-11-23T20:50:00Z"
        ),
        "{got:?}"
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(text in "[ -~\\n\"{}<>&=%:;\\\\/]{0,200}", kind in 0usize..6) {
        let kinds = ["", "application/json", "multipart/form-data; boundary=\"", "text/xml", "text/html", "x-www-form-urlencoded"];
        for side in [Side::Request, Side::Response] {
            for start in ["", "{", "--", "<", "a="] {
                let mut found = Found::default();
                body(side, kinds[kind].as_bytes(), format!("{start}{text}").as_bytes(), &crate::leak::engine::Engine::default(), &mut found);
                for leak in found.leaks {
                    proptest::prop_assert!(leak.span.start <= leak.span.end && leak.span.end <= start.len() + text.len());
                }
            }
            for name in ["authorization", "cookie", "set-cookie", "location", "referer", "x-api-key"] {
                let mut leaks = Vec::new();
                header(side, Some(302), name.as_bytes(), text.as_bytes(), &mut leaks);
                for leak in leaks {
                    proptest::prop_assert!(leak.span.start <= leak.span.end && leak.span.end <= text.len());
                }
            }
        }
    }
}
