use super::*;
use crate::http::Note;
use crate::leak::Severity;
use crate::report::sample;

fn written(layout: Layout, events: &[Event]) -> String {
    written_from(Severity::Medium, layout, events)
}

fn written_from(least: Severity, layout: Layout, events: &[Event]) -> String {
    let mut out = Vec::new();
    let mut text = Text::new(&mut out, layout, Vec::new()).least(least);
    for event in events {
        text.event(event).unwrap();
    }
    text.finish(&Summary::default()).unwrap();
    String::from_utf8(out).unwrap()
}

const NARROW: Layout = Layout { width: 80, color: false, verbose: false };

fn exchange(exchange: Exchange) -> Event {
    Event::Exchange(Box::new(exchange))
}

/// An exchange with a posted form and a long page.
fn login() -> Exchange {
    let mut login = sample::lesson();
    let lines = b"POST /login?next=%2Fden HTTP/1.1\nHost: fox.example\nContent-Type: application/x-www-form-urlencoded\nAuthorization: Basic Zm94OmZsdWZmeSB0YWls";
    login.request = Some(sample::message(
        sample::place(9, 0, None),
        sample::place(9, 0, None),
        lines,
        b"user=fox&password=fluffy+tail&remember=yes",
    ));
    let page = "<!doctype html>\n<html>\n\t<title>The den</title>\n".to_owned() + &"<p>fluffy ".repeat(30);
    let lines = b"HTTP/1.1 302 Found\nContent-Type: text/html\nLocation: /den";
    let mut response =
        sample::message(sample::place(11, 2_500_000, None), sample::place(12, 2_600_000, None), lines, page.as_bytes());
    response.body.wire_length = 90;
    response.body.encoding = "gzip".into();
    response.body.length = Some(70_000);
    response.body.truncated = true;
    login.response = Some(response);
    login
}

#[test]
fn an_exchange_is_readable_at_a_glance() {
    insta::assert_snapshot!(written(NARROW, &[exchange(sample::lesson()), exchange(login())]), @r#"
    2026-11-23 UTC
    20:49:53.000059  GET 127.0.0.1:5683/                                      200 OK
      127.0.0.1:44082 → 127.0.0.1:5683  11 B text/html in 1.2 ms
      < fluffy tail
    20:49:53.000000  POST fox.example/login?next=%2Fden                    302 Found
      127.0.0.1:44082 → 127.0.0.1:5683  42 B application/x-www-form-urlencoded sent,
      70.0 kB text/html (90 B as gzip) in 2.6 s
      > user=fox&password=fluffy+tail&remember=yes
      < <!doctype html> <html> <title>The den</title> <p>fluffy <p>fluffy <p>fluffy…
    "#);
}

#[test]
fn the_leak_stands_in_a_box() {
    insta::assert_snapshot!(written(NARROW, &[exchange(sample::leaking())]), @r#"
    2026-11-23 UTC
    20:49:53.000059  GET 127.0.0.1:5683/                                      200 OK
      127.0.0.1:44082 → 127.0.0.1:5683  11 B text/html in 1.2 ms
      < fluffy tail
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the response's body (rule canary)
      ┃ fluffy tail
      ┃ Packet 6, from its byte 221; bytes 0 to 10 of response.body
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

    Leaks by severity and host
      critical  127.0.0.1:5683
        Canary (canary), packet 6
          response.body of GET /; fingerprint 0123456789abcdef

                      critical
      127.0.0.1:5683         1
    "#);
}

#[test]
fn a_secret_is_shown_among_the_bytes_around_it() {
    let mut posted = login();
    let place = sample::place(9, 0, Some(321));
    let base = Finding { place, ..sample::canary() };
    posted.findings = vec![
        Finding {
            location: Where::RequestBody,
            offset: 18,
            length: 11,
            secret: b"fluffy tail".to_vec(),
            via: vec!["form password".to_owned()],
            ..base.clone()
        },
        Finding {
            location: Where::RequestHeader("authorization".to_owned()),
            offset: 6,
            length: 20,
            secret: b"fox:fluffy tail".to_vec(),
            via: vec!["base64".to_owned()],
            about: vec![("user".to_owned(), "fox".to_owned())],
            ..base.clone()
        },
        Finding {
            location: Where::RequestTarget,
            offset: 12,
            length: 6,
            secret: b"/den".to_vec(),
            severity: Severity::Low,
            title: "Somewhere else, with a title so long that it does not fit on one line of eighty".to_owned(),
            ..base.clone()
        },
        // Beyond what was kept: the secret alone.
        Finding { location: Where::ResponseBody, offset: 60_000, length: 11, ..base },
    ];
    for (number, finding) in posted.findings.iter_mut().enumerate() {
        finding.fingerprint = format!("000000000000000{number}");
    }
    insta::assert_snapshot!(written_from(Severity::Low, NARROW, &[exchange(posted)]), @r#"
    2026-11-23 UTC
    20:49:53.000000  POST fox.example/login?next=%2Fden                    302 Found
      127.0.0.1:44082 → 127.0.0.1:5683  42 B application/x-www-form-urlencoded sent,
      70.0 kB text/html (90 B as gzip) in 2.6 s
      > user=fox&password=fluffy+tail&remember=yes
      < <!doctype html> <html> <title>The den</title> <p>fluffy <p>fluffy <p>fluffy…
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the request's body (rule canary)
      ┃ user=fox&password=fluffy+tail&remember=yes
      ┃ which says: fluffy tail
      ┃ Packet 9, from its byte 321; bytes 18 to 28 of request.body; inside form
      ┃ password
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the request's header authorization (rule canary)
      ┃ Authorization: Basic Zm94OmZsdWZmeSB0YWls
      ┃ which says: fox:fluffy tail
      ┃ user: fox
      ┃ Packet 9, from its byte 321; bytes 6 to 25 of request.header:authorization;
      ┃ inside base64
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ low: Somewhere else, with a title so long that it does not fit on one line
      ┃ of eighty in the request's target (rule canary)
      ┃ /login?next=%2Fden
      ┃ which says: /den
      ┃ Packet 9, from its byte 321; bytes 12 to 17 of request.target
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the response's body (rule canary)
      ┃ fluffy tail
      ┃ Packet 9, from its byte 321; bytes 60000 to 60010 of response.body
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

    Leaks by severity and host
      critical  fox.example
        Canary (canary), packet 9
          request.body of POST /login; fingerprint 0000000000000000
        Canary (canary), packet 9
          request.header:authorization of POST /login; fingerprint 0000000000000001
        Canary (canary), packet 9
          response.body of POST /login; fingerprint 0000000000000003
      low  fox.example
        Somewhere else, with a title so long that it does not fit on one line of
        eighty (canary), packet 9
          request.target of POST /login; fingerprint 0000000000000002

                   critical       low
      fox.example         3         1
    "#);
}

#[test]
fn what_was_not_captured_is_said() {
    let (mut unanswered, mut unasked, mut lost) = (sample::lesson(), sample::lesson(), sample::lesson());
    unanswered.response = None;
    unasked.request = None;
    let body = &mut lost.response.as_mut().unwrap().body;
    (body.missing, body.complete) = (1460, false);
    let mut cut = sample::lesson();
    cut.response.as_mut().unwrap().body.complete = false;
    let mut old = sample::lesson();
    old.response.as_mut().unwrap().head = crate::http::Head::default();
    insta::assert_snapshot!(written(NARROW, &[unanswered, unasked, lost, cut, old].map(exchange)), @r#"
    2026-11-23 UTC
    20:49:53.000059  GET 127.0.0.1:5683/                                   no answer
      127.0.0.1:44082 → 127.0.0.1:5683
    20:49:53.001204  (request not captured)                                   200 OK
      127.0.0.1:44082 → 127.0.0.1:5683  11 B text/html
      < fluffy tail
    20:49:53.000059  GET 127.0.0.1:5683/                                      200 OK
      127.0.0.1:44082 → 127.0.0.1:5683  11 B text/html, 1.5 kB lost, in 1.2 ms
      < fluffy tail
    20:49:53.000059  GET 127.0.0.1:5683/                                      200 OK
      127.0.0.1:44082 → 127.0.0.1:5683  11 B text/html, cut off, in 1.2 ms
      < fluffy tail
    20:49:53.000059  GET 127.0.0.1:5683/                                    HTTP/0.9
      127.0.0.1:44082 → 127.0.0.1:5683  11 B in 1.2 ms
      < fluffy tail
    "#);
}

#[test]
fn verbose_writes_heads_bodies_and_notes() {
    let mut full = login();
    full.notes = vec![Note("obs-fold"), Note("lf-only")];
    let response = full.response.as_mut().unwrap();
    response.interim.push(sample::head(b"HTTP/1.1 103 Early Hints\nLink: </fox.css>"));
    response.trailers = sample::head(b"\nExpires: never");
    let mut binary = sample::lesson();
    binary.response.as_mut().unwrap().body = sample::body(b"\x89PNG\xff\0");
    let layout = Layout { verbose: true, ..NARROW };
    insta::assert_snapshot!(written(layout, &[exchange(full), exchange(binary)]), @r#"
    2026-11-23 UTC
    20:49:53.000000  POST fox.example/login?next=%2Fden                    302 Found
      127.0.0.1:44082 → 127.0.0.1:5683  42 B application/x-www-form-urlencoded sent,
      70.0 kB text/html (90 B as gzip) in 2.6 s
      > POST /login?next=%2Fden HTTP/1.1
      > Host: fox.example
      > Content-Type: application/x-www-form-urlencoded
      > Authorization: Basic Zm94OmZsdWZmeSB0YWls
      >
      > user=fox&password=fluffy+tail&remember=yes
      < HTTP/1.1 103 Early Hints
      < Link: </fox.css>
      <
      < HTTP/1.1 302 Found
      < Content-Type: text/html
      < Location: /den
      <
      < <!doctype html>
      < <html>
      <     <title>The den</title>
      < <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy
      < <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy
      < <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy
      < <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy <p>fluffy
      < <p>fluffy <p>fluffy
      < … (70.0 kB in all)
      < Expires: never
      notes: obs-fold, lf-only
    20:49:53.000059  GET 127.0.0.1:5683/                                      200 OK
      127.0.0.1:44082 → 127.0.0.1:5683  6 B text/html in 1.2 ms
      > GET / HTTP/1.1
      > Host: 127.0.0.1:5683
      < HTTP/1.1 200 OK
      < Content-Type: text/html; charset=utf-8
      <
      < (6 B that are not text)
    "#);
}

#[test]
fn streams_datagrams_and_tls_have_their_lines() {
    let mut datagram = sample::in_a_stream();
    (datagram.stream, datagram.finding.location) = (None, Where::Datagram);
    let hello = TlsHello {
        stream: 1,
        client: sample::endpoint("127.0.0.1:40000"),
        server: sample::endpoint("127.0.0.1:5683"),
        place: sample::place(86_400, 0, None),
        server_name: Some("localhost\x1b[2J".to_owned()),
    };
    let short = TlsHello {
        client: sample::endpoint("[::1]:9"),
        server: sample::endpoint("[::1]:443"),
        server_name: Some("fox.example".to_owned()),
        ..hello.clone()
    };
    let nameless = TlsHello { server_name: None, ..hello.clone() };
    let events = [
        Event::Finding(Box::new(sample::in_a_stream())),
        Event::Finding(Box::new(datagram)),
        Event::Tls(Box::new(hello)),
        Event::Tls(Box::new(nameless)),
        Event::Tls(Box::new(short)),
    ];
    insta::assert_snapshot!(written(NARROW, &events), @r#"
    2026-11-23 UTC
    20:49:53.001259  TCP stream 3, not HTTP
      [::1]:50000 → [::1]:6379
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the TCP stream's bytes (rule canary)
      ┃ fluffy tail
      ┃ Packet 6, from its byte 221; bytes 300 to 310 of stream
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    20:49:53.001259  UDP datagram
      [::1]:50000 → [::1]:6379
      ┃ again: Canary in the UDP datagram's bytes (seen 2 times, first in packet 6)
    20:49:53.000000  TLS to localhost\x1b[2J: nothing else readable
      127.0.0.1:40000 → 127.0.0.1:5683
    20:49:53.000000  TLS to 127.0.0.1:5683: nothing else readable
      127.0.0.1:40000 → 127.0.0.1:5683
    20:49:53.000000  TLS to fox.example: nothing else readable   [::1]:9 → [::1]:443

    Leaks by severity and host
      critical  [::1]:6379
        Canary (canary), 2 times, packet 6
          stream; fingerprint 0123456789abcdef

                  critical
      [::1]:6379         1
    "#);
}

#[test]
fn colours_change_nothing_else() {
    let events = [exchange(login()), exchange(sample::leaking())];
    let plain = written(NARROW, &events);
    let coloured = written(Layout { color: true, ..NARROW }, &events);
    assert!(coloured.contains("\x1b[1;37;41m LEAK \x1b[0m") && coloured.contains("\x1b[1;37;41mfluffy tail\x1b[0m"));
    let parts = coloured.split("\x1b[").enumerate();
    let stripped: String = parts.map(|(n, part)| if n == 0 { part } else { part.split_once('m').unwrap().1 }).collect();
    assert_eq!(stripped.replace(" \n", "\n"), plain);
}

#[test]
fn nothing_from_the_wire_drives_the_terminal() {
    let nasty = "\x1b]0;x\x07\r\u{9b}2J\u{202e}\u{200b}";
    let at = sample::place(1, 0, None);
    let lines = format!("GET /{nasty} HTTP/1.1\nHost: {nasty}\n{nasty}: {nasty}\nContent-Type: text/{nasty}");
    let mut evil = sample::leaking();
    evil.request = Some(sample::message(at, at, lines.as_bytes(), nasty.as_bytes()));
    let lines = format!("HTTP/1.1 200 {nasty}\nContent-Type: text/{nasty}");
    let mut response = sample::message(at, at, lines.as_bytes(), format!("\t{nasty}\n\u{85}x").as_bytes());
    response.body.encoding = nasty.to_owned().into();
    evil.response = Some(response);
    let finding = &mut evil.findings[0];
    for text in [&mut finding.title, &mut finding.rule, &mut finding.fix] {
        *text = nasty.to_owned();
    }
    finding.location = Where::RequestHeader(nasty.to_owned());
    finding.secret = nasty.as_bytes().to_vec();
    finding.via = vec![nasty.to_owned()];
    finding.about = vec![(nasty.to_owned(), nasty.to_owned())];
    for verbose in [false, true] {
        let text = written(Layout { verbose, ..NARROW }, &[exchange(evil.clone())]);
        for line in text.lines() {
            assert!(!line.chars().any(escape::is_unsafe), "{}", line.escape_debug());
            assert!(escape::width(line) <= 80, "{line}");
        }
    }
}

#[test]
fn every_line_fits_whatever_the_width() {
    for width in [0, 80, 81, 100, 200] {
        for verbose in [false, true] {
            let mut long = login();
            let host = "fox.".repeat(60);
            let head = format!("GET /{} HTTP/1.1\nHost: {host}", "狐".repeat(90));
            long.request =
                Some(sample::message(sample::place(1, 0, None), sample::place(1, 0, None), head.as_bytes(), b""));
            long.findings.push(Finding { secret: "狐".repeat(100).into_bytes(), ..sample::canary() });
            let text = written(Layout { width, verbose, color: false }, &[exchange(long)]);
            for line in text.lines() {
                assert!(escape::width(line) <= width.max(80), "{line}");
            }
        }
    }
}

#[test]
fn an_odd_version_cannot_command_the_terminal() {
    let mut odd = sample::lesson();
    let response = odd.response.as_mut().unwrap();
    response.head = crate::http::Head { bytes: b"HTTP/1.1\x1b[2J".to_vec(), version: 0..12, ..Default::default() };
    for layout in [NARROW, Layout { verbose: true, ..NARROW }] {
        let shown = written(layout, &[exchange(odd.clone())]);
        assert!(shown.contains("HTTP/1.1") && !shown.contains('\x1b'), "{shown:?}");
    }
}

#[test]
fn repeats_are_told_once_and_counted() {
    let shown = |id, host: &[u8], findings| {
        let mut exchange = login();
        exchange.id = id;
        let lines = [b"GET /den?x=1 HTTP/1.1\nHost: ", host].concat();
        exchange.request = Some(sample::message(sample::place(id, 0, None), sample::place(id, 0, None), &lines, b""));
        exchange.response = None;
        exchange.findings = findings;
        self::exchange(exchange)
    };
    let at = |packet, secret: &str, fingerprint: &str| Finding {
        place: sample::place(packet, 0, None),
        secret: secret.as_bytes().to_vec(),
        fingerprint: fingerprint.to_owned(),
        location: Where::RequestHeader("cookie".to_owned()),
        ..sample::canary()
    };
    let low = Finding { severity: Severity::Low, ..at(4, "weak", "c") };
    let events = [
        // Two secrets in one place of one exchange are two to look at, the same twice is not.
        shown(1, b"fox", vec![at(4, "one", "a"), at(4, "two", "a"), at(5, "one", "a"), low.clone()]),
        // Tokens change; the finding stays the same.
        shown(2, b"fox", vec![at(9, "three", "a")]),
        shown(3, b"den", vec![Finding { severity: Severity::High, ..at(12, "three", "b") }]),
        shown(4, b"fox", vec![low]),
    ];
    insta::assert_snapshot!(written(NARROW, &events), @r#"
    2026-11-23 UTC
    20:49:53.000000  GET fox/den?x=1                                       no answer
      127.0.0.1:44082 → 127.0.0.1:5683
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the request's header cookie (rule canary)
      ┃ one
      ┃ Packet 4; bytes 0 to 10 of request.header:cookie
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ critical: Canary in the request's header cookie (rule canary)
      ┃ two
      ┃ Packet 4; bytes 0 to 10 of request.header:cookie
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ again: Canary in the request's header cookie (seen 3 times, first in packet
      ┃ 4)
    20:49:53.000000  GET fox/den?x=1                                       no answer
      127.0.0.1:44082 → 127.0.0.1:5683
      ┃ again: Canary in the request's header cookie (seen 4 times, first in packet
      ┃ 4)
    20:49:53.000000  GET den/den?x=1                                       no answer
      127.0.0.1:44082 → 127.0.0.1:5683
      ┏━ LEAK ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
      ┃ high: Canary in the request's header cookie (rule canary)
      ┃ three
      ┃ Packet 12; bytes 0 to 10 of request.header:cookie
      ┃ Stop it: Serve it over HTTPS only.
      ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
    20:49:53.000000  GET fox/den?x=1                                       no answer
      127.0.0.1:44082 → 127.0.0.1:5683

    Leaks by severity and host
      critical  fox
        Canary (canary), 4 times, packets 4 to 9
          request.header:cookie of GET /den; fingerprint a
      high  den
        Canary (canary), packet 12
          request.header:cookie of GET /den; fingerprint b

                 critical      high
      fox               1         0
      den               0         1
      all hosts         1         1
    "#);
    let verbose = written(Layout { verbose: true, ..NARROW }, &events);
    assert_eq!(verbose.matches("WEAKNESS").count(), 2, "{verbose}");
}
