use super::*;
use crate::analyzer::{Counters, Incomplete, TlsHello};
use crate::http::Start;
use crate::packet::{PacketId, Place};
use crate::protocol::{Protocol, Traffic, Traffics};
use crate::report::sample;
use crate::report::summary::Dropped;

fn written(files: &[&str], events: &[Event]) -> String {
    let mut out = Vec::new();
    let mut json = Json::new(&mut out, files.iter().map(ToString::to_string).collect());
    for event in events {
        json.event(event).unwrap();
    }
    json.flush().unwrap();
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    }
    text
}

fn exchange(exchange: Exchange) -> Event {
    Event::Exchange(Box::new(exchange))
}

#[test]
fn an_exchange_has_the_keys_of_the_contract_in_its_order() {
    let mut full = sample::leaking();
    if let Some(response) = &mut full.response {
        response.body.sha256 = Some([0xab; 32]);
        response.interim.push(sample::head(b"HTTP/1.1 103 Early Hints\nLink: </fox.css>"));
        response.trailers = sample::head(b"\nExpires: never");
        response.body.missing = 2;
        response.body.truncated = true;
    }
    full.findings[0].via = vec!["gzip".to_owned(), "base64".to_owned()];
    full.findings[0].about = vec![("user".to_owned(), "fox".to_owned()), ("expired".to_owned(), "no".to_owned())];
    full.findings[0].redacted = true;
    full.notes = vec![Note("obs-fold"), Note("lf-only")];
    insta::assert_snapshot!(written(&[], &[exchange(full)]).replace(",\"", ",\n\""), @r#"
    {"type":"exchange",
    "id":1,
    "stream":0,
    "client":"127.0.0.1:44082",
    "server":"127.0.0.1:5683",
    "request":{"packet":4,
    "time":"2026-11-23T20:49:53.000059Z",
    "end":"2026-11-23T20:49:53.000059Z",
    "version":"HTTP/1.1",
    "method":"GET",
    "target":"/",
    "host":"127.0.0.1:5683",
    "headers":[["Host",
    "127.0.0.1:5683"]],
    "body":{"length":0,
    "complete":true}},
    "response":{"packet":6,
    "time":"2026-11-23T20:49:53.001204Z",
    "end":"2026-11-23T20:49:53.001259Z",
    "version":"HTTP/1.1",
    "status":200,
    "reason":"OK",
    "headers":[["Content-Type",
    "text/html; charset=utf-8"]],
    "interim":[{"status":103,
    "headers":[["Link",
    "</fox.css>"]]}],
    "trailers":[["Expires",
    "never"]],
    "body":{"length":11,
    "wire_length":11,
    "missing":2,
    "encoding":"identity",
    "complete":true,
    "sha256":"abababababababababababababababababababababababababababababababab",
    "text":"fluffy tail",
    "truncated":true}},
    "findings":[{"rule":"canary",
    "severity":"critical",
    "title":"Canary",
    "where":"response.body",
    "packet":6,
    "offset":0,
    "length":11,
    "packet_offset":221,
    "via":["gzip",
    "base64"],
    "secret":"fluffy tail",
    "redacted":true,
    "about":{"user":"fox",
    "expired":"no"},
    "fix":"Serve it over HTTPS only.",
    "fingerprint":"0123456789abcdef"}],
    "notes":["obs-fold",
    "lf-only"]}
    "#);
}

#[test]
fn empty_lists_are_left_out() {
    insta::assert_snapshot!(written(&["one.pcap"], &[exchange(sample::lesson())]), @r#"{"type":"exchange","id":1,"stream":0,"client":"127.0.0.1:44082","server":"127.0.0.1:5683","request":{"packet":4,"time":"2026-11-23T20:49:53.000059Z","end":"2026-11-23T20:49:53.000059Z","version":"HTTP/1.1","method":"GET","target":"/","host":"127.0.0.1:5683","headers":[["Host","127.0.0.1:5683"]],"body":{"length":0,"complete":true}},"response":{"packet":6,"time":"2026-11-23T20:49:53.001204Z","end":"2026-11-23T20:49:53.001259Z","version":"HTTP/1.1","status":200,"reason":"OK","headers":[["Content-Type","text/html; charset=utf-8"]],"body":{"length":11,"wire_length":11,"encoding":"identity","complete":true,"text":"fluffy tail"}}}"#);
}

#[test]
fn bytes_that_are_not_utf8_stand_beside_in_base64() {
    let mut odd = sample::lesson();
    let at = sample::place(4, 0, None);
    odd.request = Some(sample::message(at, at, b"GET /caf\xe9 HTTP/1.1\nX-Name: caf\xe9", b"\x00\xff"));
    odd.response = None;
    insta::assert_snapshot!(written(&[], &[exchange(odd)]), @r#"{"type":"exchange","id":1,"stream":0,"client":"127.0.0.1:44082","server":"127.0.0.1:5683","request":{"packet":4,"time":"2026-11-23T20:49:53.000000Z","end":"2026-11-23T20:49:53.000000Z","version":"HTTP/1.1","method":"GET","target":"/caf�","target_base64":"L2NhZuk=","host":null,"headers":[["X-Name","caf�","Y2Fm6Q=="]],"body":{"length":2,"wire_length":2,"encoding":"identity","complete":true,"base64":"AP8="}},"response":null}"#);
}

#[test]
fn http_09_has_neither_status_nor_reason() {
    let mut old = sample::lesson();
    old.request = None;
    if let Some(response) = &mut old.response {
        response.head = Head { start: Start::Response { status: None, reason: None }, ..Head::default() };
    }
    insta::assert_snapshot!(written(&[], &[exchange(old)]), @r#"{"type":"exchange","id":1,"stream":0,"client":"127.0.0.1:44082","server":"127.0.0.1:5683","request":null,"response":{"packet":6,"time":"2026-11-23T20:49:53.001204Z","end":"2026-11-23T20:49:53.001259Z","version":"HTTP/0.9","status":null,"reason":null,"headers":[],"body":{"length":11,"wire_length":11,"encoding":"identity","complete":true,"text":"fluffy tail"}}}"#);
}

#[test]
fn with_several_files_each_packet_names_its_own() {
    let mut second = sample::leaking();
    let place = Place { packet: PacketId::new(1, 2), ..sample::place(2, 0, None) };
    second.response.as_mut().unwrap().first = place;
    second.findings[0].place = place;
    let line = written(&["a.pcap", "b.pcap"], &[exchange(second)]);
    for part in [r#"{"packet":4,"file":"a.pcap","time":"#, r#"{"packet":2,"file":"b.pcap","time":"#] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(line.contains(r#""packet":2,"file":"b.pcap","offset":0,"length":11,"via""#.trim_end_matches(",\"via\"")));
    assert!(!line.contains("packet_offset"), "{line}");
}

#[test]
fn a_finding_outside_an_exchange_has_its_own_line() {
    let mut datagram = sample::in_a_stream();
    datagram.stream = None;
    datagram.finding.secret = b"\xff\"".to_vec();
    let events = [Event::Finding(Box::new(sample::in_a_stream())), Event::Finding(Box::new(datagram))];
    insta::assert_snapshot!(written(&[], &events), @r#"
    {"type":"finding","stream":3,"client":"[::1]:50000","server":"[::1]:6379","rule":"canary","severity":"critical","title":"Canary","where":"stream","packet":6,"offset":300,"length":11,"packet_offset":221,"secret":"fluffy tail","fix":"Serve it over HTTPS only.","fingerprint":"0123456789abcdef"}
    {"type":"finding","client":"[::1]:50000","server":"[::1]:6379","rule":"canary","severity":"critical","title":"Canary","where":"stream","packet":6,"offset":300,"length":11,"packet_offset":221,"secret":"�\"","secret_base64":"/yI=","fix":"Serve it over HTTPS only.","fingerprint":"0123456789abcdef"}
    "#);
}

#[test]
fn a_tls_hello_has_no_line() {
    let hello = TlsHello {
        stream: 1,
        client: sample::endpoint("127.0.0.1:1"),
        server: sample::endpoint("127.0.0.1:443"),
        place: sample::place(1, 0, None),
        server_name: None,
    };
    assert_eq!(written(&[], &[Event::Tls(Box::new(hello))]), "");
}

#[test]
fn the_summary_is_the_last_line() {
    let mut protocols = Traffics::default();
    protocols.add(Protocol::Http1, Traffic { streams: 2, bytes: 1200 });
    protocols.add(Protocol::WebSocket, Traffic { streams: 1, bytes: 30 });
    let counters = Counters {
        packets: 14,
        bytes: 1500,
        streams: 2,
        protocols,
        exchanges: 1,
        findings: [0, 0, 0, 2, 1],
        allowed: 0,
        not_understood: [("link: type 147".to_owned(), 3), ("ip: cut".to_owned(), 1)].into(),
        let_go: [].into(),
        incomplete: Incomplete::default(),
    };
    let mut out = Vec::new();
    let dropped = Dropped { kernel: 5, interface: 6, queue: 7 };
    Json::new(&mut out, Vec::new()).finish(&Summary { counters, dropped, baseline_without_ids: 2 }).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"{"type":"summary","packets":14,"bytes":1500,"streams":2,"protocols":{"http1":{"streams":2,"bytes":1200},"websocket":{"streams":1,"bytes":30}},"exchanges":1,"findings":{"critical":1,"high":2,"medium":0,"low":0,"info":0},"dropped":{"kernel":5,"interface":6,"queue":7},"not_understood":{"ip: cut":1,"link: type 147":3},"let_go":{},"incomplete":{"packets dropped by the kernel":5,"packets dropped by the interface":6,"packets dropped by the queue":7},"baseline_without_ids":2}"#);
}

#[test]
fn a_long_run_is_written_before_its_end() {
    let mut out = Vec::new();
    let mut json = Json::new(&mut out, Vec::new());
    let event = exchange(sample::lesson());
    for _ in 0..1000 {
        json.event(&event).unwrap();
        assert!(json.buffer.bytes.len() < Outbox::<Vec<u8>>::FULL);
    }
    json.flush().unwrap();
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 1000);
}
