//! Secrets in WebSocket messages: found at their packet, told with the exchange that opened them, and left out
//! of a redacted copy.

use crate::kit::capture::pcap;
use crate::kit::wire::{ACK, Connection, End, PSH, web_socket};
use crate::tool::{code, json, run, saved, text};
use flate2::{Compress, Compression, FlushCompress};
use serde_json::Value;

const KEY: Option<[u8; 4]> = Some([7, 77, 0x80, 0xff]);
const LOGIN: &str = r#"{"user":"vixen","password":"f1uffy-Den-42x"}"#;
const AWS: &str = "AKIAQ3EGRZPLBYJKW7VX";
const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ2aXhlbiIsImlhdCI6MTc5NTQ2NzAwMH0.\
                   3q2-7wABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs";

/// Frames of packets, and what is said in them.
struct Talk {
    connection: Connection,
    frames: Vec<Vec<u8>>,
}

impl Talk {
    fn open(port: u16) -> Self {
        let mut connection = Connection::between(([10, 0, 0, 1], port), ([10, 0, 0, 2], 80), [1000, 5000]);
        let frames = connection.open().iter().map(|segment| segment.frame()).collect();
        Self { connection, frames }
    }

    fn say(mut self, sender: End, bytes: &[u8]) -> Self {
        self.frames.push(self.connection.send(sender, ACK | PSH, bytes).frame());
        self
    }

    /// A WebSocket after an exchange on another connection, with these extensions.
    fn web_socket(extensions: &str) -> Self {
        let before = Self::open(40000)
            .say(End::Client, b"GET /a HTTP/1.1\r\nHost: fox.example\r\n\r\n")
            .say(End::Server, b"HTTP/1.1 204 No Content\r\n\r\n");
        let request = "GET /den HTTP/1.1\r\nHost: fox.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        let response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Extensions: {extensions}\r\n\r\n"
        );
        let mut talk = Self::open(40001).say(End::Client, request.as_bytes()).say(End::Server, response.as_bytes());
        talk.frames.splice(0..0, before.frames);
        talk
    }

    /// How many packets there are.
    fn packets(&self) -> usize {
        self.frames.len()
    }
}

/// What `permessage-deflate` makes of messages, one after the other.
fn deflated(texts: &[&str]) -> Vec<Vec<u8>> {
    let mut deflate = Compress::new(Compression::best(), false);
    let code = |text: &&str| {
        let mut out = Vec::with_capacity(4096);
        deflate.compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync).unwrap();
        out.truncate(out.len() - 4);
        out
    };
    texts.iter().map(code).collect()
}

fn replayed(talk: &Talk, options: &[&str]) -> (Vec<Value>, i32) {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(&folder, "a.pcap", &pcap(&talk.frames));
    let gate = ["replay", "--format", "json", "--fail-on-leak"];
    let output = run(&[&gate[..], options, &[text(&path)]].concat());
    (json(&output), code(&output))
}

/// Rule, packet, exchange and secret of each finding that stands in a WebSocket.
fn found(talk: &Talk, options: &[&str]) -> Vec<(String, u64, u64, String)> {
    let (lines, _) = replayed(talk, options);
    let findings = lines.iter().filter(|line| line["type"] == "finding");
    findings
        .map(|line| {
            assert_eq!((&line["where"], &line["via"][0]), (&"stream".into(), &"websocket".into()), "{line}");
            let [rule, secret] = ["rule", "secret"].map(|key| line[key].as_str().unwrap().to_owned());
            (rule, line["packet"].as_u64().unwrap(), line["exchange"].as_u64().unwrap(), secret)
        })
        .collect()
}

#[test]
fn passwords_keys_and_tokens_in_messages_are_found() {
    let whole = Talk::web_socket("x")
        .say(End::Client, &web_socket(0x81, LOGIN.as_bytes(), KEY))
        .say(End::Server, &web_socket(0x81, format!("token {JWT}").as_bytes(), None))
        .say(End::Client, &web_socket(0x81, format!("key={AWS} ").as_bytes(), KEY));
    let first = (whole.packets() - 2) as u64;
    for threads in ["1", "2", "8"] {
        let found = found(&whole, &["--threads", threads]);
        let shown: Vec<_> =
            found.iter().map(|(_, packet, exchange, secret)| (*packet, *exchange, secret.as_str())).collect();
        let want = [(first, 2, "f1uffy-Den-42x"), (first + 1, 2, JWT), (first + 2, 2, AWS)];
        assert_eq!(shown, want, "{threads} threads: {found:?}");
    }
    assert_eq!(replayed(&whole, &[]).1, 1);
    assert!(found(&whole, &["--no-leaks"]).is_empty() || replayed(&whole, &["--no-leaks"]).1 == 0);
}

#[test]
fn a_message_is_read_over_its_frames_and_segments() {
    let (start, rest) = LOGIN.split_at(30);
    let (middle, end) = rest.split_at(6);
    // A ping stands between the frames, and the last one comes in two segments.
    let last = web_socket(0x80, end.as_bytes(), KEY);
    let talk = Talk::web_socket("x")
        .say(End::Client, &web_socket(0x01, start.as_bytes(), KEY))
        .say(End::Client, &[web_socket(0x89, b"still there?", KEY), web_socket(0x00, middle.as_bytes(), KEY)].concat())
        .say(End::Client, &last[..3])
        .say(End::Client, &last[3..]);
    let found = found(&talk, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].1, found[0].3.as_str()), (talk.packets() as u64 - 3, "f1uffy-Den-42x"));
}

#[test]
fn compressed_messages_are_inflated_one_on_another() {
    let [first, second] = &deflated(&[r#"{"user":"vixen","password":""}"#, LOGIN])[..] else { unreachable!() };
    let talk = Talk::web_socket("permessage-deflate")
        .say(End::Client, &web_socket(0xc1, first, KEY))
        .say(End::Client, &web_socket(0xc1, second, KEY));
    let found = found(&talk, &[]);
    let shown: Vec<_> =
        found.iter().map(|(_, packet, exchange, secret)| (*packet, *exchange, secret.as_str())).collect();
    assert_eq!(shown, [(talk.packets() as u64, 2, "f1uffy-Den-42x")]);
}

#[test]
fn what_is_no_secret_is_silent_and_a_canary_is_told_once() {
    let talk = Talk::web_socket("x")
        .say(End::Client, &web_socket(0x81, br#"{"user":"vixen","note":"the den is dry"}"#, KEY))
        .say(End::Client, &web_socket(0x81, LOGIN.as_bytes(), KEY));
    let found = found(&talk, &["--canary", "f1uffy-Den-42x"]);
    let rules: Vec<_> = found.iter().map(|(rule, packet, ..)| (rule.as_str(), *packet)).collect();
    assert_eq!(rules, [("canary", talk.packets() as u64)]);
}

#[test]
fn a_redacted_copy_holds_no_secret_of_a_message() {
    let [coded] = &deflated(&[LOGIN])[..] else { unreachable!() };
    for (extensions, message) in
        [("x", web_socket(0x81, LOGIN.as_bytes(), KEY)), ("permessage-deflate", web_socket(0xc1, coded, KEY))]
    {
        let talk = Talk::web_socket(extensions).say(End::Client, &message);
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (saved(&folder, "a.pcap", &pcap(&talk.frames)), folder.path().join("b.pcap"));
        let output = run(&["redact", text(&path), text(&copy)]);
        assert_eq!(code(&output), 0, "{output:?}");
        let lines = json(&run(&["replay", "--format", "json", "--canary", "f1uffy-Den-42x", text(&copy)]));
        let left = lines.iter().any(|line| line.to_string().contains("f1uffy"));
        assert!(!left, "{extensions}: {lines:?}");
    }
}

#[test]
fn the_summary_counts_streams_and_bytes_by_protocol() {
    let message = web_socket(0x81, b"hello", KEY);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let hello = b"\x16\x03\x01\x00\x04\x01\x00\x00\x00";
    let mut talk = Talk::web_socket("x").say(End::Client, &message);
    let http1: usize = 38 + 27 + 83 + 126;
    for (port, bytes) in [(40002, &preface[..]), (40003, hello), (40004, b"SSH-2.0-fox\r\n")] {
        // Cut where nothing is decided yet.
        let (start, rest) = bytes.split_at(2);
        talk.frames.extend(Talk::open(port).say(End::Client, start).say(End::Client, rest).frames);
    }
    let (lines, _) = replayed(&talk, &[]);
    let protocols = &lines.last().unwrap()["protocols"];
    for (name, streams, bytes) in
        [("websocket", 1, message.len()), ("http2", 1, preface.len()), ("tls", 1, hello.len()), ("opaque", 1, 13)]
    {
        assert_eq!(protocols[name], serde_json::json!({ "streams": streams, "bytes": bytes }), "{name}");
    }
    assert_eq!(protocols["http1"]["streams"], 2);
    assert!(protocols["http1"]["bytes"].as_u64().unwrap() > http1 as u64 - 40, "{protocols}");
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["replay", text(&saved(&folder, "a.pcap", &pcap(&talk.frames)))]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("1 HTTP/2 stream, 33 B, not read"), "{told}");
}
