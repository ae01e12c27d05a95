//! What is to be hidden stands nowhere in what is told, in no field and in no encoding.

#![allow(clippy::expect_used)] // a test says what it expects

mod kit;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::capture::{gzip, packet};
use kit::wire::{ACK, Connection, End};
use plainsight::leak::{Canaries, Canary};
use plainsight::packet::{LinkType, Timestamp};
use plainsight::report::{Json, Report as _};
use plainsight::{Analyzer, Config};

const SECRET: &str = "l1ttl3-Tail/000123";

/// The JSON Lines of one exchange.
fn told(config: &Config, request: &[u8], response: &[u8]) -> String {
    let mut analyzer = Analyzer::new(config);
    let mut out = Vec::new();
    let mut report = Json::new(&mut out, Vec::new());
    let mut connection = Connection::between(([10, 0, 0, 1], 40000), ([10, 0, 0, 2], 80), [1000, 5000]);
    for (number, (sender, payload)) in [(End::Client, request), (End::Server, response)].into_iter().enumerate() {
        let data = connection.send(sender, ACK, payload).frame();
        let time = Timestamp::from_micros(1_795_000_000, number as u32);
        let packet = packet(number as u64 + 1, time, LinkType::ETHERNET, &data);
        analyzer.packet(&packet, |event| report.event(&event).expect("memory"));
    }
    analyzer.finish(|event| report.event(&event).expect("memory"));
    report.flush().expect("memory");
    drop(report);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn response(fields: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fields}\r\n", body.len()).as_bytes(), body].concat()
}

/// Every value of `json` that may be base64 of something, decoded, one after the other.
fn decoded(json: &str) -> Vec<u8> {
    json.split('"').filter_map(|part| STANDARD.decode(part).ok()).flatten().collect()
}

fn holds(json: &str, text: &str) -> bool {
    let plain = json.contains(text) || json.to_lowercase().contains(&text.to_lowercase());
    plain || decoded(json).windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn a_masked_canary_stands_in_no_field() {
    let base64 = STANDARD.encode(format!("user:{SECRET}"));
    let percent: String = SECRET.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
    let request = format!(
        "POST /{SECRET}/a?key={percent} HTTP/1.1\r\nHost: {SECRET}.test\r\nAuthorization: Basic {base64}\r\n\
         X-{SECRET}: {SECRET}\r\nCookie: sid={SECRET}; a={SECRET}\r\nX-Raw: \u{e9}{SECRET}\r\nTransfer-Encoding: chunked\r\n\r\n\
         12\r\n{SECRET}\r\n0\r\nX-Trailer: {SECRET}\r\n\r\n"
    );
    let json = "{\"password\":\"l1ttl3\\u002dTail\\/000123\",\"again\":\"bDF0dGwzLVRhaWwvMDAwMTIz\"}";
    let binary = [b"\x00\x01\xff\xfe".as_slice(), SECRET.as_bytes(), b"\x00".as_slice()].concat();
    for body in [json.as_bytes(), &binary, &gzip(json.as_bytes())] {
        let coding = if body.starts_with(b"\x1f\x8b") { "Content-Encoding: gzip\r\n" } else { "" };
        let answer = response(&format!("{coding}Set-Cookie: sid={SECRET}; Path=/{SECRET}\r\n"), body);
        let canaries = Canaries::new(vec![Canary::secret("SECRET", SECRET)], false).expect("long enough");
        let config = Config { canaries, sha256: true, ..Config::default() };
        let told = told(&config, request.as_bytes(), &answer);
        for hidden in [SECRET, "l1ttl3", "000123", &base64, &percent, "bDF0dGwzLVRhaWwvMDAwMTIz", "\\u002dTail"] {
            assert!(!holds(&told, hidden), "{hidden} in {told}");
        }
        assert_eq!(told.matches("\"sha256\"").count(), 0, "{told}");
        let count = told.matches("\"rule\":\"canary\"").count();
        assert!(count >= 9, "{count} findings in {told}");
        assert_eq!(told.matches("\"redacted\":true").count(), count, "{told}");
    }
}

#[test]
fn what_is_not_to_be_hidden_is_told() {
    let canaries = Canaries::new(vec![Canary::plain(SECRET)], false).expect("long enough");
    let config = Config { canaries, ..Config::default() };
    let told = told(&config, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &response("", SECRET.as_bytes()));
    assert!(holds(&told, SECRET) && !told.contains("\"redacted\""), "{told}");
}

#[test]
fn redaction_hides_every_secret_or_a_part_of_it() {
    let request =
        b"POST /login HTTP/1.1\r\nHost: a\r\nReferer: http://a/?pw=hunter22-Tail\r\nContent-Length: 36\r\n\r\n\
        user=fluffy&password=hunter22%2dTail";
    // What is echoed is no finding of its own, and hidden all the same.
    let answer = response("X-Echo: say hunter22-Tail\r\n", b"you said hunter22-Tail, and aHVudGVyMjItVGFpbA==");
    for (redact, gone, stays) in [
        (None, &[][..], &["hunter22-Tail", "hunter22%2dTail", "X-Echo"][..]),
        (Some(100), &["hunter22", "Tail", "aHVudGVyMjItVGFpbA"], &["fluffy", "X-Echo", "say *************"]),
        (Some(50), &["hunter22-Tail", "Tail", "hunter2", "aHVudGVy"], &["fluffy", "hunter*******"]),
    ] {
        let config = Config { redact, ..Config::default() };
        let told = told(&config, request, &answer);
        for text in gone {
            assert!(!holds(&told, text), "{text} in {told}");
        }
        for text in stays {
            assert!(told.contains(text), "no {text} in {told}");
        }
        let hidden = told.matches("\"redacted\":true").count();
        assert_eq!(hidden, if redact.is_some() { told.matches("\"rule\":\"password-field\"").count() } else { 0 });
    }
}

#[test]
fn a_weakness_is_no_secret() {
    let config = Config { redact: Some(100), ..Config::default() };
    let told = told(&config, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &response("Set-Cookie: theme=dark\r\n", b""));
    assert!(told.contains("\"secret\":\"theme\"") && told.contains("theme=dark"), "{told}");
}
