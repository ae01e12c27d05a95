//! What is written beside the results: evidence, bodies, reports; and what they pass over.

use crate::kit::capture::{packets as frames, pcap};
use crate::kit::program::plainsight;
use crate::kit::wire::{ACK, Connection, End, SYN, datagram as udp, on_ethernet};
use crate::tool::{
    CLIENT, LOOPBACK, SECRET, SERVER, code, elsewhere, holds, json, lesson, run, saved, stderr, stdout, text,
};
use std::fs::{self, File};

/// A UDP datagram between 127.0.0.1:40000 and 127.0.0.1:53 on Ethernet.
fn datagram(payload: &[u8]) -> Vec<u8> {
    on_ethernet(&udp(CLIENT, (LOOPBACK, 53), payload))
}

/// The lesson, another connection with nothing in it, and datagrams with and without the secret;
/// all mixed. Beside it the frames that leak.
fn mixed() -> (Vec<u8>, Vec<Vec<u8>>) {
    let leaking = frames(&lesson(2));
    let innocent: Vec<_> = frames(&elsewhere(2))
        .into_iter()
        .map(|frame| String::from_utf8_lossy(&frame).contains(SECRET).then(Vec::new).unwrap_or(frame))
        .filter(|frame| !frame.is_empty())
        .collect();
    let (mut all, mut evidence) = (Vec::new(), Vec::new());
    for (at, frame) in leaking.iter().enumerate() {
        all.extend(innocent.get(at).cloned());
        all.push(datagram(b"nothing of interest"));
        all.push(frame.clone());
        evidence.push(frame.clone());
    }
    let told = datagram(format!("here it is: {SECRET}").as_bytes());
    all.push(told.clone());
    evidence.push(told);
    all.extend(innocent.get(leaking.len()..).unwrap_or_default().iter().cloned());
    (pcap(&all), evidence)
}

#[test]
fn evidence_has_the_packets_of_what_leaks_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, want) = mixed();
    let capture = saved(&folder, "all.pcap", &capture);
    let twice = folder.path().join("twice.pcap");
    let kept = folder.path().join("kept.pcap");
    let arguments = ["replay", "-q", "--canary", SECRET, "--format", "json", "--evidence"];
    // A file is read twice; a pipe's packets are kept.
    let read_twice = run(&[&arguments[..], &[text(&twice), text(&capture)]].concat());
    let mut command = plainsight();
    command.args([&arguments[..], &[text(&kept), "-"]].concat()).stdin(File::open(&capture).unwrap());
    let piped = command.output().unwrap();
    assert_eq!(stdout(&read_twice), stdout(&piped));
    for (path, output) in [(&twice, &read_twice), (&kept, &piped)] {
        assert_eq!(code(output), 0, "{}", stderr(output));
        let mut got = frames(&fs::read(path).unwrap());
        let mut want = want.clone();
        got.sort();
        want.sort();
        assert_eq!(got.len(), want.len(), "{}", path.display());
        assert_eq!(got, want, "{}", path.display());
    }
    // What is evidence proves the same.
    let again = run(&["replay", "-q", "--canary", SECRET, "--format", "json", text(&twice)]);
    let findings = |output| json(output).iter().filter(|line| line.get("type").unwrap() != "summary").count();
    assert_eq!(findings(&again), 3);
}

#[test]
fn a_secret_of_the_environment_is_found_and_written_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (capture, want) = mixed();
    let capture = saved(&folder, "all.pcap", &capture);
    assert!(holds(&capture, SECRET));
    let env = folder.path().join("den.env");
    fs::write(&env, format!("# the den's\nDEN_SECRET={SECRET}\nDEBUG=true\n")).unwrap();
    let names = ["a.pcap", "a.json", "a.sarif", "a.har", "a.csv", "a.txt"].map(|name| folder.path().join(name));
    let [evidence, reports @ ..] = &names;
    let outputs: Vec<_> = ["json", "sarif", "har", "csv", "text"]
        .iter()
        .zip(reports)
        .flat_map(|(format, path)| ["--output".to_owned(), format!("{format}={}", path.display())])
        .collect();
    for canary in [["--canary-env", "DEN_*"], ["--canary-file", text(&env)]] {
        for piped in [false, true] {
            let mut command = plainsight();
            command.args(["replay", "--fail-on-leak", "--evidence", text(evidence)]).args(canary).args(&outputs);
            command.env("DEN_SECRET", SECRET);
            if piped {
                command.arg("-").stdin(File::open(&capture).unwrap());
            } else {
                command.arg(&capture);
            }
            let output = command.output().unwrap();
            assert_eq!(code(&output), 1, "{}", stderr(&output));
            assert!(!stdout(&output).contains(SECRET) && !stderr(&output).contains(SECRET));
            for name in &names {
                assert!(!holds(name, SECRET), "{}", name.display());
            }
            // The packets are all there, without it.
            let got = frames(&fs::read(evidence).unwrap());
            assert_eq!(got.len(), want.len());
        }
    }
}

#[test]
fn what_is_redacted_is_in_no_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "all.pcap", &mixed().0);
    let evidence = folder.path().join("evidence.pcapng");
    let output = run(&["replay", "-q", "--redact", "--canary", SECRET, "--evidence", text(&evidence), text(&capture)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!holds(&evidence, SECRET) && !stdout(&output).contains(SECRET));
    let half = run(&["replay", "-q", "--redact=50", "--format", "json", "--canary", SECRET, text(&capture)]);
    let secrets: Vec<_> = json(&half)
        .iter()
        .flat_map(|line| line.get("findings").and_then(|all| all.as_array()).cloned().unwrap_or_default())
        .map(|finding| finding.get("secret").unwrap().as_str().unwrap().to_owned())
        .collect();
    let shown = SECRET.len() / 2;
    let marks = "*".repeat(SECRET.len() - shown);
    assert!(!secrets.is_empty());
    for secret in secrets {
        assert_eq!(secret, format!("{}{marks}", &SECRET[..shown]));
    }
}

#[test]
fn without_a_leak_the_evidence_is_an_empty_capture() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "all.pcap", &mixed().0);
    let evidence = folder.path().join("evidence.pcapng");
    let output = run(&["replay", "-q", "--canary", "wolf's ear", "--evidence", text(&evidence), text(&capture)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let again = run(&["replay", "--format", "json", text(&evidence)]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert_eq!(json(&again).last().unwrap().get("packets").unwrap(), 0);
}

#[test]
fn bodies_are_written_whole_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let long = "fluffy tail ".repeat(2000);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"../../../evil\0.sh\"\r\nContent-Length: {}\r\n\r\n",
        long.len()
    );
    let request = b"POST /../..%2f..%2fetc/passwd HTTP/1.1\r\nHost: fox\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";
    let mut connection = Connection::between(CLIENT, SERVER, [99, 199]);
    let mut send = |end, flags, bytes| connection.send(end, flags, bytes).frame();
    let mut stream =
        vec![send(End::Client, SYN, b""), send(End::Server, SYN | ACK, b""), send(End::Client, ACK, request)];
    let bytes = [answer.as_bytes(), long.as_bytes()].concat();
    stream.extend(bytes.chunks(1000).map(|part| send(End::Server, ACK, part)));
    let capture = saved(&folder, "bodies.pcap", &pcap(&stream));
    let bodies = folder.path().join("bodies");
    for (round, number) in [(1, ""), (2, "-2")] {
        let output = run(&[
            "replay",
            "-q",
            "--format",
            "json",
            "--max-body",
            "5",
            "--export-bodies",
            text(&bodies),
            text(&capture),
        ]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let response =
            json(&output)[0].pointer("/response/body").unwrap_or_else(|| panic!("{}", stdout(&output))).clone();
        assert_eq!((&response["text"], &response["truncated"]), (&"fluff".into(), &true.into()));
        assert_eq!(fs::read_to_string(bodies.join(format!("0-1-response{number}-evil_.sh"))).unwrap(), long);
        assert_eq!(fs::read_to_string(bodies.join(format!("0-1-request{number}-passwd.txt"))).unwrap(), "abc");
        assert_eq!(fs::read_dir(&bodies).unwrap().count(), round * 2);
    }
    let file = saved(&folder, "file", b"");
    for wrong in [text(&file), "/proc/fox", "/no/such/folder"] {
        let output = run(&["replay", "--export-bodies", wrong, text(&capture)]);
        assert_eq!(code(&output), 2, "{wrong}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("plainsight: cannot write bodies to"), "{}", stderr(&output));
    }
}

#[test]
fn several_reports_at_once_and_a_baseline_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(2));
    let file = |name: &str| folder.path().join(name);
    let output = |format: &str| format!("{format}={}", file(&format!("leaks.{format}")).display());
    let (json, sarif, csv, har) = (output("json"), output("sarif"), output("csv"), output("har"));
    let outputs = ["--output", &json, "--output", &sarif, "--output", &csv, "--output", &har];
    let all = run(&[&["replay", "-q", "--canary", SECRET, "--fail-on-leak", text(&capture)], &outputs[..]].concat());
    assert_eq!(code(&all), 1, "{}", stderr(&all));
    let read = |name: &str| fs::read_to_string(file(name)).unwrap();
    let value = |name: &str| serde_json::from_str::<serde_json::Value>(&read(name)).unwrap();
    assert_eq!(read("leaks.json").lines().count(), 3);
    assert_eq!(read("leaks.csv").lines().count(), 3);
    assert_eq!(value("leaks.sarif").pointer("/runs/0/results").unwrap().as_array().unwrap().len(), 1);
    assert_eq!(value("leaks.har").pointer("/log/entries").unwrap().as_array().unwrap().len(), 2);
    for (name, want) in [("leaks.json", 0), ("leaks.sarif", 0), ("leaks.csv", 2), ("leaks.har", 2), ("lesson.pcap", 2)]
    {
        let baseline = file(name);
        let arguments = ["replay", "--canary", SECRET, "--fail-on-leak", "--baseline", text(&baseline), text(&capture)];
        let known = run(&arguments);
        assert_eq!(code(&known), want, "{name}: {}", stderr(&known));
        assert!(!stdout(&known).contains("LEAK"), "{name}");
    }
    // As in gitleaks.
    let path = file("gitleaks.sarif");
    let arguments = ["replay", "-q", "--canary", SECRET, "--report-format", "sarif", "--report-path", text(&path)];
    let like = run(&[&arguments[..], &[text(&capture)]].concat());
    assert!(stdout(&like).contains("LEAK"), "{}", stdout(&like));
    assert_eq!(read("gitleaks.sarif"), read("leaks.sarif"));
    for wrong in [
        &["--output", "json=/no/such/folder/x"][..],
        &["--output", &format!("json={}", capture.display())],
        &["--output", &json, "--output", &json],
        &["--output", "json"],
        &["--min-severity", "bad"],
        &["--config", "/no/such/file"],
    ] {
        let output = run(&[&["replay", text(&capture)], wrong].concat());
        assert_eq!(code(&output), 2, "{wrong:?}: {}", stderr(&output));
    }
    assert_eq!(fs::read(&capture).unwrap(), lesson(2));
}

#[test]
fn what_the_project_allows_is_not_reported() {
    let folder = tempfile::tempdir().unwrap();
    let capture = saved(&folder, "lesson.pcap", &lesson(1));
    let run_there = |list: &str| {
        fs::write(folder.path().join(".plainsight.toml"), list).unwrap();
        let mut command = plainsight();
        command.current_dir(folder.path()).args(["replay", "--canary", SECRET, "--fail-on-leak", text(&capture)]);
        command.output().unwrap()
    };
    for (list, want, said) in [
        ("[[allow]]\nhosts = ['fox.example']\nregexes = ['tail$']", 0, "1 allowed by the project"),
        ("[[allow]]\nhosts = ['wolf.example']", 1, "1 finding"),
        ("[[allow]]\nhost = 'fox.example'", 2, ".plainsight.toml, line 2: unknown field `host`"),
        ("[[allow]]\nregexes = ['(']", 2, ".plainsight.toml, line 2: "),
    ] {
        let output = run_there(list);
        assert_eq!(code(&output), want, "{list}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{list}: {}", stderr(&output));
    }
}

#[test]
fn a_pattern_that_matches_no_rule_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    saved(&folder, "lesson.pcap", &lesson(1));
    let rules = "[[rules]]\nid = 'our-key'\nregex = 'our-[a-z]{8}'\nkeywords = ['our-']\n";
    fs::write(folder.path().join("gitleaks.toml"), rules).unwrap();
    for (patterns, options, missing) in [
        ("'http-*', 'canary', 'github-*', 'iban'", &[][..], &[][..]),
        ("'basic-*', 'http-basic', 'basic-*'", &[], &["basic-*"]),
        ("'basic-*'", &["--quiet"], &[]),
        ("'our-*', 'http-basic', 'canary'", &["--rules", "gitleaks.toml"], &[]),
        ("'our-*', 'github-*'", &["--rules", "gitleaks.toml"], &["github-*"]),
        (r#"'our-*', "\u001b[1m""#, &[], &["our-*", r"\x1b[1m"]),
    ] {
        let list = format!("[[allow]]\nrules = [{patterns}]\n");
        fs::write(folder.path().join(".plainsight.toml"), &list).unwrap();
        let mut command = plainsight();
        command.current_dir(folder.path()).args(["replay", "lesson.pcap"]).args(options);
        let output = command.output().unwrap();
        let said = stderr(&output);
        assert_eq!(code(&output), 0, "{list}: {said}");
        assert_eq!(said.matches("no rule matches").count(), missing.len(), "{list}: {said}");
        for pattern in missing {
            let warning = format!("plainsight: .plainsight.toml: no rule matches the pattern `{pattern}` (");
            assert!(said.contains(&warning), "{list}: {said}");
        }
    }
}
