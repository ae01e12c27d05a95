//! Baselines: what they are made of, and which secrets they match.

use crate::kit::capture::pcap;
use crate::kit::program::plainsight;
use crate::kit::wire::{ACK, Connection, End, SYN};
use crate::tool::{CLIENT, SERVER, code, json, saved, stderr, text};
use std::path::Path;
use std::process::Output;

/// A capture of one exchange.
fn exchange(request: &str) -> Vec<u8> {
    let mut connection = Connection::between(CLIENT, SERVER, [99, 199]);
    let mut send = |end, flags, bytes| connection.send(end, flags, bytes).frame();
    pcap(&[
        send(End::Client, SYN, b""),
        send(End::Server, SYN | ACK, b""),
        send(End::Client, ACK, request.as_bytes()),
        send(End::Server, ACK, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ])
}

/// One with a password: `fox:red`, `fox:tod`.
fn login(credentials: &str) -> Vec<u8> {
    exchange(&format!("GET /den HTTP/1.1\r\nHost: fox.example\r\nAuthorization: Basic {credentials}\r\n\r\n"))
}

fn run_with(variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    plainsight().envs(variables.iter().copied()).arg("replay").args(arguments).output().unwrap()
}

#[test]
fn fingerprints_test_no_guess_of_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let fingerprint = |name: &str, request: &str, secret: &str, options: &[&str]| {
        let capture = saved(&folder, name, &exchange(request));
        let arguments = ["-q", "--format", "json", "--canary-env", "TOK", text(&capture)];
        let output = run_with(&[("TOK", secret)], &[options, &arguments].concat());
        json(&output)[0].pointer("/findings/0/fingerprint").and_then(|one| one.as_str()).unwrap().to_owned()
    };
    for (first, second) in [
        ("GET /reset/SECRET HTTP/1.1\r\nHost: h.test\r\n\r\n", "GET /reset/SECRET HTTP/1.1\r\nHost: h.test\r\n\r\n"),
        ("GET / HTTP/1.1\r\nHost: SECRET.test\r\n\r\n", "GET / HTTP/1.1\r\nHost: SECRET.test\r\n\r\n"),
        (
            "GET /x HTTP/1.1\r\nHost: h.test\r\nSECRET: 1\r\n\r\n",
            "GET /x HTTP/1.1\r\nHost: h.test\r\nSECRET: 1\r\n\r\n",
        ),
        ("SECRET /x HTTP/1.1\r\nHost: h.test\r\n\r\n", "SECRET /x HTTP/1.1\r\nHost: h.test\r\n\r\n"),
    ] {
        let [one, other] = ["correcthorse", "battery-and-staple"].map(|secret| {
            let request = if secret == "correcthorse" { first } else { second };
            fingerprint("a.pcap", &request.replace("SECRET", secret), secret, &[])
        });
        assert_eq!(one, other, "{first}");
    }
    // Where the host and the target hold no secret, the fingerprint is what it always was.
    let header = "GET /reset/ HTTP/1.1\r\nHost: h.test\r\nX-Reset: correcthorse\r\n\r\n";
    let want = plainsight::leak::fingerprint("canary", b"h.test", b"GET", b"/reset/", "request.header:x-reset");
    for options in [&[][..], &["--redact"], &["--redact=50"]] {
        assert_eq!(fingerprint("b.pcap", header, "correcthorse", options), want, "{options:?}");
    }
}

#[test]
fn a_baseline_with_secret_ids_matches_no_other_secret() {
    let folder = tempfile::tempdir().unwrap();
    let monday = saved(&folder, "monday.pcap", &login("Zm94OnJlZA=="));
    let tuesday = saved(&folder, "tuesday.pcap", &login("Zm94OnRvZA=="));
    let key = saved(&folder, "key", b"the den's key\n");
    let key_options = ["--secret-id-key-file", text(&key)];
    let file = |name: &str| folder.path().join(name);
    for format in ["json", "sarif"] {
        for (name, options) in [("with", &key_options[..]), ("without", &[])] {
            let report = format!("{format}={}", file(&format!("{name}.{format}")).display());
            let arguments = ["-q", "--redact", "--output", &report, text(&monday)];
            assert_eq!(code(&run_with(&[], &[options, &arguments].concat())), 0);
            let written = std::fs::read_to_string(file(&format!("{name}.{format}"))).unwrap();
            let id = if format == "json" { "\"secret_id\":\"" } else { "\"plainsight/secretId/v1\":\"" };
            assert_eq!(written.contains(id), name == "with", "{written}");
        }
    }
    let any = "1 baseline entry matches any secret at its place";
    let in_variable = ["--secret-id-key-env", "DEN_KEY"];
    for (baseline, options, capture, want, said) in [
        ("with", &key_options[..], &monday, 0, "; 1 in the baseline"),
        ("with", &in_variable, &monday, 0, "; 1 in the baseline"),
        ("with", &key_options, &tuesday, 1, "; 1 finding"),
        ("with", &["--secret-id-key-env", "OTHER_KEY"], &monday, 1, "; 1 finding"),
        ("with", &[], &monday, 2, "give the key that they were made with"),
        ("without", &[], &tuesday, 0, any),
        ("without", &key_options, &tuesday, 0, any),
    ] {
        for format in ["json", "sarif"] {
            let baseline = file(&format!("{baseline}.{format}"));
            let arguments = ["--fail-on-leak", "--format", "json", "--baseline", text(&baseline), text(capture)];
            let variables = [("DEN_KEY", "the den's key"), ("OTHER_KEY", "another")];
            let output = run_with(&variables, &[options, &arguments].concat());
            let case = format!("{} {options:?} {}: {}", baseline.display(), capture.display(), stderr(&output));
            assert_eq!(code(&output), want, "{case}");
            assert!(stderr(&output).contains(said), "{case}");
            assert_eq!(stderr(&output).contains("matches any secret"), said == any, "{case}");
            if want < 2 {
                let summary = json(&output).pop().unwrap();
                assert_eq!(summary.get("baseline_without_ids"), (said == any).then_some(&1.into()), "{case}");
            }
        }
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "login.pcap", &login("Zm94OnJlZA=="));
    let (empty, key) = (saved(&folder, "empty", b"\n"), saved(&folder, "key", b"key"));
    let run = |command: &[&str], options: &[&str], last: &[&str]| {
        let mut program = plainsight();
        program.args(command).args(options).args(last).env("EMPTY_KEY", "").env_remove("NO_KEY");
        program.output().unwrap()
    };
    for (options, said) in [
        (&["--secret-id-key-file", text(&empty)][..], "is empty"),
        (&["--secret-id-key-file", text(Path::new("/no/such/file"))], "cannot read the key in /no/such/file"),
        (&["--secret-id-key-env", "EMPTY_KEY"], "the key in the variable EMPTY_KEY is empty"),
        (&["--secret-id-key-env", "NO_KEY"], "the variable NO_KEY with the key is not set"),
        (&["--secret-id-key-env", "EMPTY_KEY", "--secret-id-key-file", text(&key)], "cannot be used with"),
    ] {
        let replay = run(&["replay"], options, &[text(&capture)]);
        assert_eq!(code(&replay), 2, "{options:?}: {}", stderr(&replay));
        assert!(stderr(&replay).contains(said), "{options:?}: {}", stderr(&replay));
    }
}
